"""Splits: stable, salted, and as large as their ratios say."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.recipe import Splits
from imprint.splits.strategies import by_hash, fill_empty, own_splits, split_hash

RATIOS = {"train": 0.9, "validation": 0.05, "test": 0.05}
HASHES = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=30, unique=True)


def clusters(count: int) -> list[bytes]:
    return [hashlib.sha256(str(number).encode()).digest()[:16] for number in range(count)]


def hashes(count: int, salt: str = "imprint") -> np.ndarray:
    return np.array([split_hash(cluster, salt) for cluster in clusters(count)], np.uint64)


def test_the_split_hash_is_sha_256_over_salt_and_id():
    cluster = bytes(range(16))
    expected = hashlib.sha256(b"pepper\x00" + cluster).hexdigest()[:16]
    assert f"{split_hash(cluster, 'pepper'):016x}" == expected


def test_another_salt_gives_another_division():
    one, other = by_hash(hashes(500), RATIOS), by_hash(hashes(500, "pepper"), RATIOS)
    assert (one != other).any()


def test_the_shares_come_near_the_ratios():
    shares = np.bincount(by_hash(hashes(20_000), RATIOS), minlength=3) / 20_000
    assert np.allclose(shares, list(RATIOS.values()), atol=0.01)


@settings(max_examples=50, deadline=None)
@given(values=HASHES, seed=st.randoms(use_true_random=False))
def test_a_cluster_falls_the_same_whatever_stands_beside_it(values, seed):
    whole = dict(zip(values, by_hash(np.array(values, np.uint64), RATIOS).tolist(), strict=True))
    part = values[:]
    seed.shuffle(part)
    part = part[: len(part) // 2 + 1]
    assert by_hash(np.array(part, np.uint64), RATIOS).tolist() == [whole[value] for value in part]


@pytest.mark.parametrize(
    "ratios", [RATIOS, {"train": 1.0}, {"train": 1 / 3, "a": 1 / 3, "b": 1 / 3}, {"a": 0.1, "train": 0.9}]
)
def test_both_ends_of_the_interval_have_a_split(ratios):
    first, last = by_hash(np.array([0, 2**64 - 1], np.uint64), ratios)
    assert (first, last) == (0, len(ratios) - 1)


def test_no_clusters_have_no_choices():
    assert len(by_hash(np.array([], np.uint64), RATIOS)) == 0


@settings(max_examples=100, deadline=None)
@given(values=HASHES, data=st.data())
def test_every_split_gets_a_cluster_where_there_are_enough(values, data):
    found = np.array(values, np.uint64)
    choices = np.array(
        data.draw(st.lists(st.integers(0, 2), min_size=len(values), max_size=len(values))), np.int8
    )
    sizes = np.array(data.draw(st.lists(st.integers(1, 9), min_size=len(values), max_size=len(values))))
    before = choices.copy()
    findings = fill_empty(choices, found, sizes, list(RATIOS))
    filled = Counter(choices.tolist())
    assert len(filled) == min(3, len(values))
    assert len(findings) == 3 - len(filled)
    # Only what had to move has moved, and no split that was served has lost its last cluster but to train.
    lonely = 0 not in before and max(Counter(before.tolist()).values()) == 1
    assert int((choices != before).sum()) == len(filled) - len(set(before.tolist())) + lonely
    assert 0 in filled


@settings(max_examples=50, deadline=None)
@given(values=HASHES, data=st.data())
def test_filling_does_not_depend_on_the_order_of_clusters(values, data):
    order = data.draw(st.permutations(range(len(values))))
    found = np.array(values, np.uint64)
    one, other = by_hash(found, RATIOS), by_hash(found[order], RATIOS)
    fill_empty(one, found, np.ones(len(values)), list(RATIOS))
    fill_empty(other, found[order], np.ones(len(values)), list(RATIOS))
    assert one[order].tolist() == other.tolist()


def test_the_lowest_hashed_cluster_of_the_largest_split_moves():
    choices = np.array([0, 0, 1, 1], np.int8)
    fill_empty(
        choices, np.array([9, 5, 1, 2], np.uint64), np.array([4, 4, 1, 1]), ["train", "validation", "test"]
    )
    assert choices.tolist() == [0, 2, 1, 1]


def test_a_split_that_is_left_out_is_named():
    choices = np.zeros(1, np.int8)
    findings = fill_empty(choices, np.array([7], np.uint64), np.ones(1), list(RATIOS))
    assert [finding.code for finding in findings] == ["split_left_out"] * 2
    assert "validation" in findings[0].message
    assert "test" in findings[1].message


def times(*moments: str | None) -> np.ndarray:
    unknown = np.iinfo(np.int64).max
    return np.array([unknown if m is None else int(np.datetime64(m, "us").astype(np.int64)) for m in moments])


def test_a_date_puts_a_record_into_its_split_and_an_undated_one_into_train():
    settings = Splits("time", time={"validation_from": "2024-07-01", "test_from": "2025-01-01"})
    moments = times("2024-06-30T23:59:59.999999", "2024-07-01", "2024-12-31T23:00", "2025-01-01", None)
    assert own_splits(settings, moments, iter([])).tolist() == [0, 1, 1, 2, 0]
    assert own_splits(Splits("time", time={"test_from": "2025-01-01"}), moments, iter([])).tolist() == [
        0,
        0,
        0,
        1,
        0,
    ]


def test_a_source_is_known_by_any_of_its_names():
    settings = Splits("source", source={"test": ("a.org", "The Paper"), "dev": ("b.org",)})
    sources = [("The Paper", "c.org"), (None, "a.org"), ("Other", "b.org"), ("Other", None), ()]
    assert own_splits(settings, times(*[None] * 5), sources).tolist() == [1, 1, 2, 0, 0]


def test_with_the_strategy_hash_no_record_has_a_split_of_its_own():
    assert own_splits(Splits(), times(None, "2024-01-01"), iter([])).tolist() == [-1, -1]
