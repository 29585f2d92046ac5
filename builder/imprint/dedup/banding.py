"""Banding: the records of which some pair may be alike.

Laws: whoever agrees in a band meets, whatever the order of the records; a pair whose signatures agree too little is left out
(minhash.Search.floor); a bucket that is too large to compare all of it is a crowd, whose pairs are found otherwise
(dedup.crowds).
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
    """Rows of the signatures of those that take part, in the order of their precedence."""
    kinds: npt.NDArray[np.int8]
    """Kind of each member."""
    allowed: npt.NDArray[np.bool_]
    """Kind by kind: whether such a pair is looked for."""
    search: Search


def candidate_pairs(banded: Banded, first: int, last: int) -> tuple[Pairs, list[Positions]]:
    """What meets in the bands from `first` to before `last`, as positions in `members`.

    Returns:
        The pairs that are worth an exact look, and the crowds, each in the order of precedence.
    """
    rows = banded.search.rows
    slab = np.array(banded.signatures[banded.members, first * rows : last * rows])
    found, crowds = [np.empty(0, np.int64)], []
    for band in range(last - first):
        keys = _keys(slab[:, band * rows : (band + 1) * rows])
        for bucket in _buckets(keys):
            if bucket.shape[1] > LARGEST:
                crowds += [row for row in bucket if _is_looked_for(row, banded)]
            else:
                found.append(_coded(_allowed(all_pairs(bucket), banded), len(banded.members)))
    coded = distinct(np.concatenate(found))
    pairs = np.stack(np.divmod(coded, max(len(banded.members), 1)), axis=1)
    return pairs[_agreement(pairs, banded) >= banded.search.floor], crowds


def _coded(pairs: Pairs, members: int) -> npt.NDArray[np.int64]:
    """Pairs as single numbers, which sort faster."""
    return distinct(pairs[:, 0] * members + pairs[:, 1])


def _keys(columns: Signatures) -> npt.NDArray[np.uint64]:
    """The rows of a band as one number; up to four fit without loss."""
    keys = np.zeros(len(columns), np.uint64)
    for column in columns.T:
        keys = keys * np.uint64(0x1_0000_000F if columns.shape[1] > 4 else 1 << 16) + column
    return keys


def _buckets(keys: npt.NDArray[np.uint64]) -> Iterator[npt.NDArray[np.int64]]:
    """The positions that share a key, by the number of those that do: a row for each bucket."""
    # Sorting in place is fastest where equals may come in any order; few share a key, and those are sorted then.
    order = np.argsort(keys)
    for bucket in groups_of_equals(keys[order], order):
        yield np.sort(bucket, axis=1)


def groups_of_equals(ranked: npt.NDArray[np.uint64], values: Positions) -> Iterator[npt.NDArray[np.int64]]:
    """The values that stand beside equal keys, by the number of those that do: a row for each key.

    Args:
        ranked: sorted keys.
        values: a value for each.
    """
    if not len(ranked):
        return
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    sizes = np.diff(np.append(starts, len(ranked)))
    for size in distinct(sizes[sizes > 1]).tolist():
        yield values[starts[sizes == size][:, None] + np.arange(size)]


def all_pairs(buckets: npt.NDArray[np.int64]) -> Pairs:
    """All pairs within each row."""
    one, other = np.triu_indices(buckets.shape[1], 1)
    return np.stack([buckets[:, one].ravel(), buckets[:, other].ravel()], axis=1)


def _allowed(pairs: Pairs, banded: Banded) -> Pairs:
    return pairs[banded.allowed[banded.kinds[pairs[:, 0]], banded.kinds[pairs[:, 1]]]]


def _is_looked_for(bucket: Positions, banded: Banded) -> bool:
    """Whether any pair of a bucket is allowed."""
    kinds, counts = np.unique(banded.kinds[bucket], return_counts=True)
    allowed = banded.allowed[np.ix_(kinds, kinds)]
    return bool((allowed & ~np.diag(counts < 2)).any())


def _agreement(pairs: Pairs, banded: Banded) -> npt.NDArray[np.float64]:
    """Share of the rows in which signatures agree: an estimate of the Jaccard similarity."""
    shares = [np.empty(0)]
    for start in range(0, len(pairs), AT_A_TIME):
        one, other = banded.members[pairs[start : start + AT_A_TIME]].T
        agree = banded.signatures[one] == banded.signatures[other]
        shares.append(np.count_nonzero(agree, axis=1) / banded.search.length)
    return np.concatenate(shares)
