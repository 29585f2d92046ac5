"""Shingles: how alike two texts are, as sets of short runs of their words (Broder, 1997).

Laws: a shingle is five tokens in a row; a text of fewer is one shingle, a text without any word is itself its only one;
likeness is the Jaccard similarity of the sets. Sets are compared by 64-bit hashes of their shingles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xxhash

from imprint.dedup.exact import distinct
from imprint.dedup.tokens import Hashes, Offsets, Tokens, token_hashes

SIZE = 5
"""Tokens of a shingle."""

ANCHOR, STRIDE = 8, 5
"""Tokens of an anchor, and from one anchor to the next: any run of 12 tokens holds one."""

BRIEF = 90
"""Tokens of a text below which it may be alike by 0.5 to another without a run of 12 tokens in common."""

_FACTOR = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Shingles:
    """The shingles of a batch of texts, in order and with repetitions."""

    hashes: Hashes
    """One behind the other."""
    offsets: Offsets
    """Where the shingles of each text begin, and the end of the last one."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def set_of(self, index: int) -> Hashes:
        """The distinct shingles of a text, sorted."""
        found: Hashes = distinct(self.hashes[self.offsets[index] : self.offsets[index + 1]])
        return found


def shingles(texts: Sequence[bytes]) -> Shingles:
    """The shingles of a batch of texts, each of which has at least one.

    Args:
        texts: the texts as UTF-8.
    """
    return shingles_of(token_hashes(texts), texts)


def shingles_of(found: Tokens, texts: Sequence[bytes]) -> Shingles:
    """The shingles of texts whose tokens were found."""
    whole = spans(found, SIZE)
    short = np.flatnonzero(np.diff(found.offsets) < SIZE)
    if not len(short):
        return whole
    values = [_of_short(found, index, texts[index]) for index in short.tolist()]
    hashes = np.insert(whole.hashes, whole.offsets[short], np.array(values, np.uint64))
    ones = np.zeros(len(texts) + 1, np.int64)
    ones[short + 1] = 1
    return Shingles(hashes, whole.offsets + np.cumsum(ones))


def spans(found: Tokens, size: int) -> Shingles:
    """The runs of `size` tokens of each text; a text of fewer tokens has none."""
    counts = np.maximum(np.diff(found.offsets) - size + 1, 0)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    windows = len(found.hashes) - size + 1
    if windows <= 0:
        return Shingles(np.empty(0, np.uint64), offsets)
    rolled = _rolled(found.hashes, size)
    inside = np.ones(windows, np.bool_)
    borders = found.offsets[1:-1]
    for step in range(1, size):
        crossing = borders - step
        inside[crossing[(crossing >= 0) & (crossing < windows)]] = False
    hashes = rolled[inside] if len(borders) else rolled
    hashes ^= hashes >> np.uint64(32)
    hashes *= np.uint64(0xD6E8FEB86659FD93)
    hashes ^= hashes >> np.uint64(29)
    return Shingles(hashes, offsets)


def anchors(found: Tokens) -> Shingles:
    """The runs of ANCHOR tokens that begin at every STRIDE-th token of each text; none of a text shorter than BRIEF.

    Two texts that share k runs of at most 11 tokens share at most 7k shingles, and have 11k - 4 each or more: the same runs
    in another order, with nothing between them, are as alike as that goes, 7k / (15k - 8). Beyond 8 runs that is less
    than 0.5. So of texts of BRIEF tokens, those that are alike by 0.5 share a run of 12, and an anchor of the one
    stands in the other; only texts that repeat themselves again and again could escape that.
    """
    whole = spans(found, ANCHOR)
    sizes = np.diff(found.offsets)
    counts = np.where(sizes < BRIEF, 0, (np.diff(whole.offsets) + STRIDE - 1) // STRIDE)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    steps = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    return Shingles(whole.hashes[np.repeat(whole.offsets[:-1], counts) + STRIDE * steps], offsets)


def _rolled(values: Hashes, size: int) -> Hashes:
    """A polynomial over each window of `size` values, by doubling: log2(size) passes instead of size."""
    rolled, length, power = values.copy(), 1, _FACTOR
    for bit in bin(size)[3:]:
        rolled = rolled[: len(rolled) - length] * np.uint64(power) + rolled[length:]
        length, power = 2 * length, power * power & _MASK
        if bit == "1":
            rolled = rolled[: len(rolled) - 1] * np.uint64(_FACTOR) + values[length:]
            length, power = length + 1, power * _FACTOR & _MASK
    return rolled


def _of_short(found: Tokens, index: int, text: bytes) -> int:
    """The one shingle of a text of fewer than five tokens."""
    words = found.hashes[found.offsets[index] : found.offsets[index + 1]]
    return xxhash.xxh3_64_intdigest(words.tobytes() if len(words) else text)


def jaccard(one: npt.NDArray[np.uint64], other: npt.NDArray[np.uint64]) -> float:
    """Jaccard similarity of two sets of shingles, each sorted and without repetitions."""
    joined = np.sort(np.concatenate([one, other]))
    both = int(np.count_nonzero(joined[1:] == joined[:-1]))
    return both / (len(joined) - both)


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of two texts, between 0 and 1."""
    found = shingles([one.encode(), other.encode()])
    return jaccard(found.set_of(0), found.set_of(1))
