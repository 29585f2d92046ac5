"""Index: a large set of hashes on disk that many workers look into.

A sorted file answers exactly; a bitmap before it spares most look-ups in it. Law: memory of the one who makes it holds a
range of the hashes, never all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imprint.dedup.exact import distinct

BITS = 32
"""Bits of the bitmap for each hash, at least: one look-up in 32 or fewer is in vain."""

RANGE = 1 << 19
"""Hashes that are sorted at a time."""

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class HashIndex:
    """A set of hashes."""

    folder: Path
    name: str
    shift: int
    """How far a hash is shifted to be a place in the bitmap; 64 for the empty set."""

    @classmethod
    def make(cls, folder: Path, name: str, pieces: Sequence[Path]) -> HashIndex:
        """Join sorted arrays of hashes to an index."""
        arrays = [np.load(piece, mmap_mode="r") for piece in pieces]
        total = sum(map(len, arrays))
        if not total:
            return cls(folder, name, 64)
        index = cls(folder, name, 64 - max(10, (total * BITS - 1).bit_length()))
        index._join(arrays, max(1, total // RANGE))
        return index

    def _join(self, arrays: Sequence[Hashes], ranges: int) -> None:
        bitmap = np.memmap(self._bitmap, np.uint8, "w+", shape=(1 << (64 - self.shift)) // 8)
        borders = np.array([(number << 64) // ranges for number in range(1, ranges)], np.uint64)
        cuts = [[0, *np.searchsorted(array, borders).tolist(), len(array)] for array in arrays]
        with self._sorted.open("wb") as out:
            for number in range(ranges):
                here = [
                    np.asarray(array[cut[number] : cut[number + 1]])
                    for array, cut in zip(arrays, cuts, strict=True)
                ]
                joined = distinct(np.concatenate(here))
                out.write(joined.tobytes())
                places = joined >> np.uint64(self.shift)
                at = places >> np.uint64(3)
                first = np.flatnonzero(np.concatenate([[True], at[1:] != at[:-1]])[: len(at)])
                bits = np.uint8(1) << (places & np.uint64(7)).astype(np.uint8)
                bitmap[at[first]] |= np.bitwise_or.reduceat(bits, first) if len(first) else bits
        bitmap.flush()

    def found(self, hashes: Hashes) -> npt.NDArray[np.int64]:
        """Positions of the hashes that are in the set."""
        if self.shift == 64 or not len(hashes):
            return np.empty(0, np.int64)
        bitmap = np.memmap(self._bitmap, np.uint8, "r")
        places = hashes >> np.uint64(self.shift)
        marked = (bitmap[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8)) & 1
        maybe = np.flatnonzero(marked)
        # Sorted look-ups walk through the file instead of jumping about in it.
        values = distinct(hashes[maybe])
        true = values[holds(np.memmap(self._sorted, np.uint64, "r"), values)]
        return maybe[holds(true, hashes[maybe])]

    @property
    def _bitmap(self) -> Path:
        return self.folder / f"{self.name}-bitmap.bin"

    @property
    def _sorted(self) -> Path:
        return self.folder / f"{self.name}-sorted.bin"


def holds(ranked: Hashes, values: Hashes) -> npt.NDArray[np.bool_]:
    """Which values a sorted array holds."""
    if not len(ranked):
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(ranked, values), len(ranked) - 1)
    found: npt.NDArray[np.bool_] = ranked[at] == values
    return found
