"""Crowds: what many records share hides no pair, and costs no square."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.dedup.crowds import LEADERS, PAIRS, crowd_pairs
from imprint.dedup.shingles import jaccard

SETS = st.lists(st.frozensets(st.integers(0, 12), min_size=1), min_size=1, max_size=12)


def arrays(sets: list[frozenset[int]]) -> list[np.ndarray]:
    return [np.array(sorted(one), np.uint64) for one in sets]


@given(SETS, st.sampled_from([0.3, 0.5, 0.6, 0.8, 1.0]))
@settings(max_examples=300)
def test_a_crowd_that_is_small_loses_no_pair(sets: list[frozenset[int]], at: float) -> None:
    found = {tuple(pair) for pair in crowd_pairs(arrays(sets), at).tolist()}
    for (one, first), (other, second) in itertools.combinations(enumerate(arrays(sets)), 2):
        if jaccard(first, second) >= at:
            assert (one, other) in found
    assert all(one < other for one, other in found)


def random_sets(generator: np.random.Generator, shared: int, own: int, count: int) -> list[np.ndarray]:
    """Sets that have so many shingles in common, and so many of their own."""
    page = generator.integers(0, 2**63, shared, dtype=np.uint64)
    return [
        np.sort(np.concatenate([page, generator.integers(0, 2**63, own, dtype=np.uint64)]))
        for _ in range(count)
    ]


def test_pages_of_a_template_that_are_not_alike_give_hardly_a_pair() -> None:
    # 130 of 196 shingles in common: a similarity of 0.496.
    sets = random_sets(np.random.default_rng(1), 130, 66, 800)
    assert len(crowd_pairs(sets, 0.5)) == 0
    twins = [np.sort(np.concatenate([one[:190], np.arange(6, dtype=np.uint64)])) for one in sets[:2]]
    assert [800, 801] in crowd_pairs([*sets, *twins], 0.5).tolist()


@pytest.mark.parametrize("own", [0, 1, 40])
def test_near_copies_are_linked_and_their_pairs_grow_with_their_number(own: int) -> None:
    sets = random_sets(np.random.default_rng(2), 400, own, 3000)
    found = crowd_pairs(sets, 0.5)
    assert len(found) <= 3000 * (2 * PAIRS + LEADERS)
    linked = {0}
    for one, other in found.tolist():
        if one in linked:
            linked.add(other)
    assert linked == set(range(3000))


def test_a_crowd_of_one_and_of_none_has_no_pairs() -> None:
    assert crowd_pairs([], 0.5).shape == (0, 2)
    assert crowd_pairs([np.arange(5, dtype=np.uint64)], 0.5).shape == (0, 2)
