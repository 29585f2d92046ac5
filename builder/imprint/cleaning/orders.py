"""Orders: whether a source writes the day or the month first, from its own dates.

Laws: `27/02/2024` can be read one way only and needs no decision; `04/03/2024` is read only where its source has shown its
order, by dates that fit one way and none that fits the other, or where the recipe says it; else it is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

NUMERIC_DATE = re.compile(
    r"(?P<first>\d{1,2})(?P<mark>[/.-])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4})(?P<clock>,?[ T]\d{1,2}:\d{2}.*)?",
    re.ASCII,
)
"""A date of three numbers with the year last, perhaps with a time behind it."""

MONTHS = 12

AGREEMENT = 0.95
"""Share of a source's telling dates that must show one order: a slip of the pen is no second order."""

ORDER_STEP = "date_order@1"
"""Step name: the day or the month of a date was told by its source's other dates."""


class Order(StrEnum):
    """Which number of a date comes first."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


ANY_SOURCE = "*"
"""Key of the recipe's [input.date_order] that stands for every source without one of its own."""


def shown(value: str) -> Order | None:
    """The order that a date itself shows; None where it is none of this kind, or both fit."""
    match = NUMERIC_DATE.fullmatch(value)
    if match is None:
        return None
    first, second = int(match["first"]), int(match["second"])
    if first > MONTHS >= second:
        return Order.DAY_FIRST
    if second > MONTHS >= first:
        return Order.MONTH_FIRST
    return None


def is_open(value: str) -> bool:
    """Whether both orders fit a date and lead to different days."""
    match = NUMERIC_DATE.fullmatch(value)
    if match is None or match["first"] == match["second"]:
        return False
    return max(int(match["first"]), int(match["second"])) <= MONTHS


def year_first(value: str, order: Order | None) -> str | None:
    """A date with the year first, as `parse_date` reads it; None where its order is not known.

    Args:
        value: a date of the form of NUMERIC_DATE, with single spaces.
        order: that of its source, or None.
    """
    match = NUMERIC_DATE.fullmatch(value)
    if match is None:
        return None
    order = shown(value) or order
    first, second = match["first"], match["second"]
    if order is None and int(first) != int(second):
        return None
    day, month = (second, first) if order is Order.MONTH_FIRST else (first, second)
    return f"{match['year']}-{month:0>2}-{day:0>2}{(match['clock'] or '').removeprefix(',')}"


def ordered(
    values: Sequence[Any], sources: Sequence[str], orders: Mapping[str, Order]
) -> tuple[list[Any], list[str]]:
    """A column of dates with the year first wherever the source's order is known.

    Returns:
        The values, and for each the step that told day from month, or an empty string.
    """
    found = list(values)
    steps = [""] * len(found)
    for index, given in enumerate(values):
        if not isinstance(given, str) or given[:3].isdigit():
            continue
        value = " ".join(given.split())
        order = orders.get(sources[index], orders.get(ANY_SOURCE))
        if (turned := year_first(value, order)) is not None:
            found[index] = turned
            if order is not None and is_open(value):
                steps[index] = f"{ORDER_STEP}: {order}"
    return found, steps


def decide_orders(
    evidence: Mapping[str, Counter[Order]], before: Mapping[str, Order], told: Mapping[str, str]
) -> dict[str, Order]:
    """The order of each source that has one; ANY_SOURCE is that of all others, where the recipe says it.

    Args:
        evidence: source to how many of its dates show each order.
        before: what earlier releases decided; it stays.
        told: the recipe's [input.date_order]; it comes before everything.
    """
    found = {}
    for source, shown_by in evidence.items():
        [(order, count), *_] = shown_by.most_common(1)
        if count >= AGREEMENT * shown_by.total():
            found[source] = order
    return {**found, **before, **{source: Order(order) for source, order in told.items()}}
