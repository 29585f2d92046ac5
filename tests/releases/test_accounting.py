"""The accounting: every record that was read has exactly one fate."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.errors import InternalError
from imprint.releases.accounting import FATE_MEANINGS, FATES, Accounting

LAW = settings(deadline=None)

COUNTS = st.dictionaries(st.sampled_from(FATES), st.integers(0, 50))
SOURCES = st.dictionaries(st.sampled_from(["a", "b", "c.jsonl"]), COUNTS)

SOUND = {"wire": {"new": 5, "known": 2, "quarantined": 1}, "blog": {"near_duplicates": 3, "new": 1}}
READ = {"wire": 8, "blog": 4}


def test_the_fates_are_the_eight_of_the_design_in_their_order() -> None:
    assert FATES == (
        "quarantined", "removed", "known", "exact_duplicates", "superseded", "near_duplicates", "withheld", "new",
    )  # fmt: skip
    assert set(FATE_MEANINGS) == set(FATES)


def test_a_sound_accounting_passes() -> None:
    accounting = Accounting(SOUND, carried=10, published=16)
    accounting.check(READ)
    assert accounting.read == 12
    assert accounting.total("new") == 6
    assert accounting.total("withheld") == 0


@pytest.mark.parametrize(
    ("sources", "carried", "published", "read", "named"),
    [
        pytest.param(SOUND, 10, 16, {**READ, "wire": 9}, "wire", id="a record without a fate"),
        pytest.param(SOUND, 10, 16, {**READ, "wire": 7}, "wire", id="a record with two fates"),
        pytest.param(SOUND, 10, 16, {**READ, "lost": 1}, "lost", id="a source without fates"),
        pytest.param(SOUND, 10, 16, {"wire": 8}, "blog", id="a source that was never read"),
        pytest.param(SOUND, 10, 16, {"wire": 7, "blog": 5}, "wire|blog", id="equal totals, unequal sources"),
        pytest.param({"wire": {"lost": 1}}, 0, 0, {"wire": 1}, "lost", id="an unknown fate"),
        pytest.param(SOUND, 10, 15, READ, "15", id="a new record that is not published"),
        pytest.param(SOUND, 9, 16, READ, "16", id="a published record from nowhere"),
    ],
)
def test_each_kind_of_break_is_an_internal_error(
    sources: Any, carried: int, published: int, read: dict[str, int], named: str
) -> None:
    with pytest.raises(InternalError, match=named) as broken:
        Accounting(sources, carried, published).check(read)
    assert broken.value.exit_code == 70


@LAW
@given(SOURCES, st.integers(0, 50))
def test_read_is_the_sum_of_the_fates_in_every_form(sources: dict[str, dict[str, int]], carried: int) -> None:
    new = sum(fates.get("new", 0) for fates in sources.values())
    accounting = Accounting(sources, carried, carried + new)
    accounting.check({source: sum(fates.values()) for source, fates in sources.items()})
    totals = accounting.as_dict()
    assert totals["read"] == sum(totals[fate] for fate in FATES)
    assert totals["published"] == totals["carried"] + totals["new"]
    by_source = accounting.by_source()
    assert set(by_source) == set(sources)
    for fate in ("read", *FATES):
        assert totals[fate] == sum(counts[fate] for counts in by_source.values())


@LAW
@given(SOURCES.filter(bool), st.sampled_from(FATES), st.sampled_from([-1, 1]))
def test_one_record_too_many_or_too_few_never_passes(
    sources: dict[str, dict[str, int]], fate: str, by: int
) -> None:
    read = {source: sum(fates.values()) for source, fates in sources.items()}
    first = min(sources)
    broken = {**sources, first: {**sources[first], fate: sources[first].get(fate, 0) + by}}
    new = sum(fates.get("new", 0) for fates in broken.values())
    with pytest.raises(InternalError):
        Accounting(broken, 0, new).check(read)
