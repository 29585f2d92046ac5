"""Exact duplicates: against a dictionary, the plainest way to say the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.dedup.exact import first_of_equals, positions

RECORDS = st.lists(
    st.tuples(st.binary(min_size=2, max_size=2), st.integers(0, 3), st.integers(0, 3)), max_size=25
)


def kept_by_dictionary(rows: list[tuple[bytes, int, int, int]]) -> dict[bytes, int]:
    """Key to the unique last number of its first record."""
    best: dict[bytes, tuple[int, int, int]] = {}
    for key, *order in rows:
        best[key] = min(best.get(key, tuple(order)), tuple(order))
    return {key: order[-1] for key, order in best.items()}


@settings(max_examples=150, deadline=None)
@given(RECORDS)
def test_the_first_of_each_key_is_kept_and_named_by_all_the_others(records):
    rows = [(key, a, b, number) for number, (key, a, b) in enumerate(records)]
    keys = np.array([row[0] for row in rows], "S2")
    order = [np.array([row[column] for row in rows], np.int64) for column in (1, 2, 3)]
    kept, keeper = first_of_equals(keys, *order)
    first = kept_by_dictionary([(bytes(key), *row[1:]) for key, row in zip(keys, rows, strict=True)])
    assert kept.tolist() == [first[bytes(key)] == number for number, key in enumerate(keys)]
    assert keeper.tolist() == [first[bytes(key)] for key in keys]


@settings(max_examples=50, deadline=None)
@given(RECORDS, st.data())
def test_what_is_kept_does_not_depend_on_the_order_of_the_records(records, data):
    rows = list(enumerate(records))
    shuffled = data.draw(st.permutations(rows))

    def kept(items):
        keys = np.array([record[0] for _, record in items], "S2")
        order = [np.array([record[1] for _, record in items]), np.array([number for number, _ in items])]
        mask, _ = first_of_equals(keys, *order)
        return {number for (number, _), keep in zip(items, mask, strict=True) if keep}

    assert kept(shuffled) == kept(rows)


def test_keys_may_end_in_zero_bytes():
    keys = np.array([bytes(16), b"a" + bytes(15), bytes(16)], "S16")
    kept, keeper = first_of_equals(keys, np.array([1, 2, 0]))
    assert kept.tolist() == [False, True, True]
    assert keeper.tolist() == [2, 1, 2]


def test_nothing_has_no_duplicates():
    kept, keeper = first_of_equals(np.array([], "S16"), np.array([], np.int64))
    assert len(kept) == len(keeper) == 0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-5, 20)), st.lists(st.integers(-5, 20), unique=True))
def test_positions_are_those_of_a_plain_search(needles, haystack):
    expected = [haystack.index(needle) if needle in haystack else -1 for needle in needles]
    assert positions(np.array(needles, np.int64), np.array(haystack, np.int64)).tolist() == expected
