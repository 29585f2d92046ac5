"""Lines of a byte stream, a block at a time, with memory bounded whatever a line's length."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BLOCK_BYTES = 4 << 20
"""Bytes read at a time: some 1,300 articles, a good batch for the columns behind."""

MAX_LINE_BYTES = 64 << 20
"""A longer line is no article; it is digested, not kept."""

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class LongLine:
    """Stands for a line over the limit."""

    sha256: str
    """Digest of the line's bytes."""
    size: int
    """Its length in bytes."""


Line = bytes | LongLine


def lines(chunks: Iterable[bytes], *, limit: int = MAX_LINE_BYTES) -> Iterator[list[Line]]:
    """Split blocks into lines without their ends (LF or CRLF), one list for each block.

    The last line needs no end. A byte order mark before the first line is not part of it. Damage that `chunks` raises
    reaches the caller behind the lines that were whole.
    """
    tail = _Tail(limit)
    first = True
    for chunk in chunks:
        head, newline, rest = (chunk.removeprefix(BOM) if first else chunk).partition(b"\n")
        first = False
        tail.add(head)
        if not newline:
            continue
        found: list[Line] = [tail.line()]
        middle, newline, last = rest.rpartition(b"\n")
        if newline:
            found += _without_cr(middle.split(b"\n"))
        tail = _Tail(limit)
        tail.add(last)
        yield found
    if tail.size:
        yield [tail.line()]


class _Tail:
    """The unfinished line at the end of a block; over the limit only its digest is kept."""

    def __init__(self, limit: int) -> None:
        self.size = 0
        self._limit = limit
        self._pieces: list[bytes] = []
        self._digest = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self._pieces.append(piece)
        if self.size > self._limit:
            # The last byte stays behind: it may be the CR of the line's end.
            data = b"".join(self._pieces)
            self._digest.update(data[:-1])
            self._pieces = [data[-1:]]

    def line(self) -> Line:
        rest = b"".join(self._pieces).removesuffix(b"\r")
        if self.size <= self._limit:
            return rest
        self._digest.update(rest)
        return LongLine(self._digest.hexdigest(), self.size)


def _without_cr(found: list[bytes]) -> list[bytes]:
    # Almost no file has CRLF: a look at the ends is cheaper than a copy of every line.
    return (
        [line.removesuffix(b"\r") for line in found] if any(line[-1:] == b"\r" for line in found) else found
    )
