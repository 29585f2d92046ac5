"""MinHash and banding: what meets, and how much it costs where everything meets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from imprint.dedup.banding import Banded, Pairs, candidate_pairs
from imprint.dedup.minhash import Search, searches_for, signatures
from imprint.dedup.shingles import Shingles

BOTH = np.array([[True]])


def sets_of(*pieces: np.ndarray) -> Shingles:
    """Sets of shingle hashes as a batch."""
    offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
    return Shingles(np.concatenate(pieces).astype(np.uint64), offsets)


def alike(generator: np.random.Generator, size: int, shared: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of a size that share so many hashes."""
    values = generator.integers(0, 2**63, 2 * size - shared, dtype=np.uint64)
    return values[:size], values[size - shared :]


def banded(found: Shingles, search: Search) -> Banded:
    count = len(found)
    return Banded(signatures(found, search), np.arange(count), np.zeros(count, np.int8), BOTH, search)


def all_pairs(found: Banded) -> Pairs:
    return candidate_pairs(found, 0, found.search.bands)[0]


def test_the_agreement_of_signatures_is_the_similarity() -> None:
    generator = np.random.default_rng(1)
    search = searches_for(0.5)[0]
    pairs = [alike(generator, 300, 200) for _ in range(300)]
    rows = signatures(sets_of(*itertools.chain(*pairs)), search)
    assert abs((rows[0::2] == rows[1::2]).mean() - 0.5) < 0.01


@pytest.mark.parametrize("which", [0, 1])
def test_pairs_at_the_threshold_meet_as_the_curve_says(which: int) -> None:
    generator = np.random.default_rng(2)
    search = searches_for(0.5)[which]
    pairs = [alike(generator, 150, 100) for _ in range(1000)]
    found = all_pairs(banded(sets_of(*itertools.chain(*pairs)), search))
    met = sum(other == one + 1 and one % 2 == 0 for one, other in found.tolist())
    assert met / 1000 >= 0.99
    assert search.expected(0.5) > 0.996


@pytest.mark.parametrize("group_at", [0.1, 0.3, 0.5, 0.65, 0.8, 0.95, 1.0])
def test_the_numbers_of_a_search_follow_from_the_threshold(group_at: float) -> None:
    first, second = searches_for(group_at)
    assert first.expected(group_at) >= 0.996
    assert second.expected(min(group_at, 0.5)) >= 0.998
    assert second.seed != first.seed
    assert second.bands > first.bands
    assert first.length <= 130
    assert 0 <= first.floor <= first.at


def test_kinds_that_are_not_looked_for_do_not_meet() -> None:
    same = np.arange(50, dtype=np.uint64)
    found = sets_of(same, same, same)
    search = searches_for(0.5)[0]
    between = Banded(
        signatures(found, search),
        np.arange(3),
        np.array([0, 0, 1], np.int8),
        np.array([[False, True], [True, False]]),
        search,
    )
    assert all_pairs(between).tolist() == [[0, 2], [1, 2]]


def test_what_meets_in_large_numbers_is_a_crowd() -> None:
    generator = np.random.default_rng(3)
    page = generator.integers(0, 2**63, 400, dtype=np.uint64)
    copies = [np.concatenate([page, generator.integers(0, 2**63, 40, dtype=np.uint64)]) for _ in range(1500)]
    search = searches_for(0.5)[0]
    found = banded(sets_of(*copies), search)
    pairs, crowds = candidate_pairs(found, 0, search.bands)
    assert set(np.concatenate(crowds).tolist()) == set(range(1500))
    assert len(pairs) < 1500 * 64
    nothing = Banded(found.signatures, found.members, found.kinds, ~BOTH, search)
    assert candidate_pairs(nothing, 0, search.bands)[1] == []


def test_no_records_and_one_record_have_no_pairs() -> None:
    search = searches_for(0.5)[0]
    one = banded(sets_of(np.arange(9)), search)
    assert len(all_pairs(one)) == 0
    none = Banded(one.signatures[:0], np.arange(0), one.kinds[:0], BOTH, search)
    assert len(all_pairs(none)) == 0
