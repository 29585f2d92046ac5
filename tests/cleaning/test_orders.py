"""Day and month: told apart by a source's own dates, or refused."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imprint.cleaning.dates import parse_date
from imprint.cleaning.orders import Order, decide_orders, is_open, ordered, shown, year_first

DAY, MONTH = Order.DAY_FIRST, Order.MONTH_FIRST


@pytest.mark.parametrize(
    ("value", "order"),
    [("27/02/2024", DAY), ("02/27/2024", MONTH), ("27.2.2024", DAY), ("2-27-2024 17:20", MONTH), ("04/03/2024", None),
     ("2024/02/27", None), ("27/13/2024", None), ("27/02-2024", None), ("tomorrow", None)],
)  # fmt: skip
def test_a_date_shows_its_order_where_only_one_fits(value: str, order: Order | None) -> None:
    assert shown(value) == order


@pytest.mark.parametrize(
    ("value", "order", "read"),
    [
        ("04/03/2024", DAY, "2024-03-04"),
        ("04/03/2024", MONTH, "2024-04-03"),
        ("04/03/2024", None, None),
        ("04/04/2024", None, "2024-04-04"),
        ("27/02/2024", MONTH, "2024-02-27"),
        ("4.3.2024 17:20", DAY, "2024-03-04 17:20"),
        ("4/3/2024, 5:20 PM", MONTH, "2024-04-03 5:20 PM"),
        ("February 3", DAY, None),
    ],
)
def test_a_date_is_turned_by_the_order_of_its_source(
    value: str, order: Order | None, read: str | None
) -> None:
    assert year_first(value, order) == read
    assert read is None or parse_date(read) is not None


@given(st.dates(), st.sampled_from(Order), st.sampled_from("/.-"))
def test_a_date_written_in_an_order_is_read_in_it(date, order: Order, mark: str) -> None:  # type: ignore[no-untyped-def]
    numbers = (date.day, date.month) if order is DAY else (date.month, date.day)
    written = f"{numbers[0]}{mark}{numbers[1]}{mark}{date.year:04d}"
    assert year_first(written, order) == date.isoformat()
    assert is_open(written) == (date.day <= 12 and date.day != date.month)


def test_a_source_is_decided_by_agreement_the_past_and_the_recipe_in_that_order() -> None:
    evidence = {
        "clear": Counter({DAY: 1}),
        "slip": Counter({DAY: 99, MONTH: 1}),
        "mixed": Counter({DAY: 5, MONTH: 5}),
        "before": Counter({MONTH: 5}),
        "told": Counter({MONTH: 5}),
    }
    assert decide_orders(evidence, {"before": DAY}, {"told": "day-first", "*": "month-first"}) == {
        "clear": DAY, "slip": DAY, "before": DAY, "told": DAY, "*": MONTH,
    }  # fmt: skip


def test_a_column_is_turned_source_by_source_and_says_where_it_decided() -> None:
    values = ["04/03/2024", "04/03/2024", "04/03/2024", "27/02/2024", "2024-01-02", None, 7]
    sources = ["day", "month", "none", "none", "day", "day", "day"]
    found, steps = ordered(values, sources, {"day": DAY, "month": MONTH})
    assert found == ["2024-03-04", "2024-04-03", "04/03/2024", "2024-02-27", "2024-01-02", None, 7]
    assert steps == ["date_order@1: day-first", "date_order@1: month-first", "", "", "", "", ""]
