"""Banding: the pairs of records that are worth an exact look.

Laws: whoever agrees in a band meets, whatever the order of the records; a bucket of m records gives a number of pairs
that grows with m and not with its square, and links all of them that are alike; a pair whose signatures agree too
little is left out (minhash.Search.floor).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imprint.dedup.exact import distinct
from imprint.dedup.minhash import Search, Signatures

LARGEST = 64
"""Records of a bucket that are all compared with each other: 2,016 pairs."""

LEADERS = 64
"""Records of a larger bucket with which all others are compared."""

AT_A_TIME = 1 << 15
"""Pairs whose signatures are held at a time: some 20 MB."""

Positions = npt.NDArray[np.int64]
Pairs = npt.NDArray[np.int64]
"""Two columns of positions, the smaller first; each pair once, in order."""


@dataclass(frozen=True, slots=True)
class Banded:
    """Records among which pairs are looked for."""

    signatures: Signatures
    """Of all records, perhaps in a mapped file."""
    members: Positions
    """Rows of the signatures of those that take part, in the order in which they lead."""
    kinds: npt.NDArray[np.int8]
    """Kind of each member."""
    allowed: npt.NDArray[np.bool_]
    """Kind by kind: whether such a pair is looked for."""
    search: Search
    covered: float | None = None
    """Agreement with a leader from which a record of a large bucket needs no other leader. With None each leader meets
    all, and the rarest kind leads: so few records of one split meet all those of another."""


def candidate_pairs(banded: Banded, first: int, last: int) -> Pairs:
    """The pairs that meet in the bands from `first` to before `last`, as positions in `members`."""
    rows = banded.search.rows
    slab = np.array(banded.signatures[banded.members, first * rows : last * rows])
    found = [np.empty(0, np.int64)]
    for band in range(last - first):
        keys = _keys(slab[:, band * rows : (band + 1) * rows])
        found.append(distinct(_coded(_meetings(keys, banded), len(banded.members))))
    coded = distinct(np.concatenate(found))
    pairs = np.stack(np.divmod(coded, max(len(banded.members), 1)), axis=1)
    return pairs[_plausible(pairs, banded)]


def _coded(pieces: Iterator[Pairs], members: int) -> npt.NDArray[np.int64]:
    """Pairs as single numbers, which sort faster; the smaller position of each comes first."""
    coded = (pair.min(axis=1) * members + pair.max(axis=1) for pair in pieces if len(pair))
    return np.concatenate([np.empty(0, np.int64), *coded])


def _keys(columns: Signatures) -> npt.NDArray[np.uint64]:
    """The rows of a band as one number; up to four fit without loss."""
    keys = np.zeros(len(columns), np.uint64)
    for column in columns.T:
        keys = keys * np.uint64(0x1_0000_000F if columns.shape[1] > 4 else 1 << 16) + column
    return keys


def _meetings(keys: npt.NDArray[np.uint64], banded: Banded) -> Iterator[Pairs]:
    """The allowed pairs of each bucket of one band."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])) if len(keys) else order
    sizes = np.diff(np.append(starts, len(keys)))
    for size in np.unique(sizes[(sizes > 1) & (sizes <= LARGEST)]).tolist():
        buckets = order[starts[sizes == size][:, None] + np.arange(size)]
        one, other = np.triu_indices(size, 1)
        yield _allowed(np.stack([buckets[:, one].ravel(), buckets[:, other].ravel()], axis=1), banded)
    for index in np.flatnonzero(sizes > LARGEST).tolist():
        bucket = order[starts[index] : starts[index] + sizes[index]]
        for pairs in _led(bucket, banded):
            yield _allowed(pairs, banded)


def _allowed(pairs: Pairs, banded: Banded) -> Pairs:
    return pairs[banded.allowed[banded.kinds[pairs[:, 0]], banded.kinds[pairs[:, 1]]]]


def _led(bucket: Positions, banded: Banded) -> Iterator[Pairs]:
    """Pairs of a large bucket: each leader with the rest, which then loses those that are nearly the leader's equal.

    What is left behind the last leader is linked in a chain, so that it stays whole.
    """
    left = bucket
    if banded.covered is None:
        kinds = banded.kinds[bucket]
        left = bucket[np.argsort(np.bincount(kinds)[kinds], kind="stable")]
    for _ in range(LEADERS):
        if len(left) < 2:
            return
        leader, left = left[0], left[1:]
        agreement = _agreement(np.full(len(left), leader), left, banded)
        yield np.stack([np.full(len(left), leader), left], axis=1)[agreement >= banded.search.floor]
        left = left if banded.covered is None else left[agreement < banded.covered]
    yield np.stack([left[:-1], left[1:]], axis=1)


def _plausible(pairs: Pairs, banded: Banded) -> npt.NDArray[np.bool_]:
    """Which pairs' signatures agree enough."""
    return _agreement(pairs[:, 0], pairs[:, 1], banded) >= banded.search.floor


def _agreement(one: Positions, other: Positions, banded: Banded) -> npt.NDArray[np.float64]:
    """Share of the rows in which signatures agree: an estimate of the Jaccard similarity."""
    shares = [np.empty(0)]
    for start in range(0, len(one), AT_A_TIME):
        end = start + AT_A_TIME
        first = banded.signatures[banded.members[one[start:end]]]
        second = banded.signatures[banded.members[other[start:end]]]
        shares.append(np.count_nonzero(first == second, axis=1) / banded.search.length)
    return np.concatenate(shares)
