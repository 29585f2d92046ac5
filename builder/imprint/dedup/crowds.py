"""Crowds: pairs among many records that meet all at once, as a thousand pages of one template do.

What they have in common tells nothing there, so pairs are found by what is rare: if two sets of a and b shingles share
o of them, and each is sorted by how rare its shingles are, they share one among the first a - o + 1 and b - o + 1 (prefix
filtering; Chaudhuri, Ganti and Kaushik, 2006; the shorter prefix of the smaller set after Xiao et al., PPJoin, 2008).

Laws: of shingles that few have, all pairs are found; of shingles that many have, and only those stand in a prefix whose
records are all alike, each record meets LEADERS others; the number of pairs grows with that of the records.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from imprint.dedup.banding import LARGEST, Pairs, all_pairs, groups_of_equals
from imprint.dedup.exact import distinct
from imprint.dedup.tokens import Hashes

LEADERS = 64
"""Records, the first in precedence, that all others with a common shingle meet."""

PAIRS = 512
"""Pairs for each record of a crowd at most, those by the rarest shingles first."""


def crowd_pairs(sets: list[Hashes], at: float) -> Pairs:
    """The pairs of a crowd that may be alike by `at`, as positions.

    Args:
        sets: the distinct shingles of each record, in the order of precedence.
        at: the similarity from which on pairs are looked for, above 0.
    """
    sizes = np.array([len(one) for one in sets], np.int64)
    records = np.repeat(np.arange(len(sets)), sizes)
    hashes = np.concatenate([np.empty(0, np.uint64), *sets])
    place = _places(hashes, records, sizes)
    # The longer prefix is that of the larger set of a pair, the shorter one that of the smaller.
    long = sizes - np.ceil(at * sizes - 1e-9).astype(np.int64) + 1
    short = sizes - np.ceil(2 * at / (1 + at) * sizes - 1e-9).astype(np.int64) + 1
    here = place < long[records]
    hashes, records, place = hashes[here], records[here], place[here]
    order = np.lexsort((records, hashes))
    hashes, records, is_short = hashes[order], records[order], (place < short[records])[order]
    found = np.empty(0, np.int64)
    pieces: Iterable[Pairs]
    for rows in groups_of_equals(hashes, np.arange(len(hashes))):
        if rows.shape[1] > LARGEST:
            # What many have, all of them have: one set of records, whichever of its shingles is looked at.
            pieces = map(_led, np.unique(records[rows[is_short[rows].any(axis=1)]], axis=0))
        else:
            pairs = all_pairs(rows)
            one, other = records[pairs[:, 0]], records[pairs[:, 1]]
            kept = is_short[np.where(sizes[one] <= sizes[other], pairs[:, 0], pairs[:, 1])]
            pieces = [np.stack([one[kept], other[kept]], axis=1)]
        for pairs in pieces:
            if len(found) <= PAIRS * len(sets) * (2 if rows.shape[1] > LARGEST else 1):
                found = distinct(np.concatenate([found, pairs[:, 0] * len(sets) + pairs[:, 1]]))
    return np.stack(np.divmod(found, max(len(sets), 1)), axis=1)


def _places(
    hashes: Hashes, records: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The place of each shingle in its record, the rarest first."""
    order = np.argsort(hashes, kind="stable")
    ranked = hashes[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])[: len(ranked)])
    counts = np.diff(np.append(starts, len(ranked)))
    rarity = np.empty(len(hashes), np.int64)
    rarity[order] = np.repeat(counts, counts)
    order = np.lexsort((hashes, rarity, records))
    place = np.empty(len(hashes), np.int64)
    place[order] = np.arange(len(hashes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return place


def _led(crowd: npt.NDArray[np.int64]) -> Pairs:
    """The pairs of the first LEADERS with all that stand behind them."""
    one = np.repeat(crowd[:LEADERS], len(crowd) - 1 - np.arange(LEADERS))
    other = np.concatenate([crowd[leader + 1 :] for leader in range(LEADERS)])
    return np.stack([one, other], axis=1)
