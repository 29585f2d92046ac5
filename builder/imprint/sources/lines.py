"""Lines of a byte stream, a block at a time, with memory bounded whatever a line's length."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from imprint.sources.base import SPAN_BYTES, InputFile, Span, undivided

BLOCK_BYTES = 4 << 20
"""Bytes read at a time: some 1,300 articles, a good batch for the columns behind."""

MAX_LINE_BYTES = 8 << 20
"""A longer line is no article; it is digested, not kept.

War and Peace has 3.2 MB. What a line may cost is some forty times its size: JSON of many small values, or characters that
take four bytes each and are copied by every step of cleaning.
"""

BATCH_LINES = 4096
"""Lines handed on at a time: a block of tiny ones holds millions, and each becomes a record."""

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class LongLine:
    """Stands for a line over the limit."""

    sha256: str
    """Digest of the line's bytes, without its end."""
    size: int
    """Its length in bytes, without its end."""


Line = bytes | LongLine


def lines(
    chunks: Iterable[bytes], *, limit: int = MAX_LINE_BYTES, at_start: bool = True
) -> Iterator[list[Line]]:
    """Split blocks into lines without their ends (LF or CRLF), one list for each block.

    The last line needs no end. Damage that `chunks` raises reaches the caller behind the lines that were whole.
    A list holds the lines of one block, or BATCH_LINES of them.

    Args:
        chunks: the bytes.
        limit: length of the longest line that is kept.
        at_start: whether the bytes are the beginning of a file: a byte order mark there is not part of its first line.
    """
    tail = _Tail(limit)
    for chunk in _without_mark(chunks) if at_start else chunks:
        head, newline, rest = chunk.partition(b"\n")
        tail.add(head)
        if not newline:
            continue
        found: list[Line] = [tail.line()]
        middle, newline, last = rest.rpartition(b"\n")
        if newline:
            found += _measured(middle.split(b"\n"), limit)
        tail = _Tail(limit)
        tail.add(last)
        for start in range(0, len(found), BATCH_LINES):
            yield found[start : start + BATCH_LINES]
    if tail.size:
        yield [tail.line()]


def _without_mark(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes without a byte order mark, however the blocks divide it."""
    held: bytes | None = b""
    for chunk in chunks:
        if held is None:
            yield chunk
            continue
        held += chunk
        if len(held) >= len(BOM) or not BOM.startswith(held):
            yield held.removeprefix(BOM)
            held = None
    if held:
        yield held


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
        # One byte more than the limit may be the CR of the line's end: the last byte always stays behind.
        if self.size > self._limit + 1:
            data = b"".join(self._pieces)
            self._digest.update(data[:-1])
            self._pieces = [data[-1:]]

    def line(self) -> Line:
        rest = b"".join(self._pieces)
        size = self.size - rest.endswith(b"\r")
        rest = rest.removesuffix(b"\r")
        if size <= self._limit and len(rest) == size:
            return rest
        self._digest.update(rest)
        return LongLine(self._digest.hexdigest(), size)


def _measured(found: list[bytes], limit: int) -> list[Line]:
    """Whole lines of one block: without CR, and none over the limit."""
    # Almost no file has CRLF, and no block a line over the limit: a look is cheaper than a copy of every line.
    if any(line[-1:] == b"\r" for line in found):
        found = [line.removesuffix(b"\r") for line in found]
    if max(map(len, found)) <= limit:
        return list(found)
    return [
        line if len(line) <= limit else LongLine(hashlib.sha256(line).hexdigest(), len(line))
        for line in found
    ]


SCAN_BLOCK = 1 << 20
"""Bytes read at a time to find where lines end."""


def divide_lines(file: InputFile) -> tuple[Span, ...]:
    """Cut a file of lines into spans of about SPAN_BYTES that end behind a line.

    A file that cannot be read is one span: reading it will say why.
    """
    if file.compression or file.size <= SPAN_BYTES:
        return undivided(file)
    ends: list[tuple[int, int]] = []
    position = row = 0
    try:
        with Path(file.path).open("rb", buffering=0) as stream:
            wanted = SPAN_BYTES
            while block := stream.read(SCAN_BLOCK):
                if (
                    position + len(block) >= wanted
                    and (at := block.find(b"\n", max(0, wanted - position))) >= 0
                ):
                    ends.append((position + at + 1, row + block.count(b"\n", 0, at + 1)))
                    wanted = position + at + 1 + SPAN_BYTES
                row += block.count(b"\n")
                position += len(block)
    except OSError:
        return undivided(file)
    if not ends or ends[-1][0] < position:
        ends.append((position, row))
    starts = [(0, 0), *ends[:-1]]
    return tuple(
        Span(file, start, end, rows + 1) for (start, rows), (end, _) in zip(starts, ends, strict=True)
    )
