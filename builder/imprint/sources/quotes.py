"""Quotes: where the rows of a table end, though cells hold line ends, so that several workers can read one file.

Law: a table is cut only if every quote in it stands where RFC 4180 has quotes: then a line end outside of quotes is the end
of a row for every reader. One quote elsewhere, an encoding of more than one byte for a line end, or line ends of an old
Mac, and the file is read in one piece.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imprint.sources.base import SPAN_BYTES, InputFile, Span, undivided
from imprint.sources.lines import BOM

BLOCK = 256 << 10
"""Bytes looked at together: what is made of them stays in the processor's cache."""

QUOTE, LF, CR = 34, 10, 13

Positions = npt.NDArray[Any]


def divide_rows(file: InputFile, separator: str, header_rows: int) -> tuple[Span, ...]:
    """Cut a table in UTF-8 behind rows into spans of about SPAN_BYTES.

    Args:
        file: the table, not compressed.
        separator: what stands between its cells.
        header_rows: rows at its head that hold no data.
    """
    try:
        ends = _Rows(separator).ends(file.path)
    except OSError:
        ends = None
    if not ends:
        return undivided(file)
    starts = [(0, header_rows), *ends]
    ends.append((file.size, 0))
    return tuple(
        Span(file, start, end, rows - header_rows + 1)
        for (start, rows), (end, _) in zip(starts, ends, strict=True)
        if start < end
    )


class _Rows:
    """Looks for the ends of rows, a block at a time."""

    def __init__(self, separator: str) -> None:
        self.outer = np.zeros(256, np.bool_)
        """Bytes that a quoted cell may stand next to."""
        self.outer[[ord(separator), QUOTE, LF, CR]] = True
        self.parity = 0
        """1 inside quotes."""
        self.rows = 0
        self.last_end = 0
        """Position of the last end of a row."""

    def ends(self, path: str) -> list[tuple[int, int]] | None:
        """Where to cut: byte behind a row's end, and rows before it; None where the file must not be cut."""
        found: list[tuple[int, int]] = []
        wanted = SPAN_BYTES
        before = bytes([LF])
        with Path(path).open("rb", buffering=0) as stream:
            block = stream.read(BLOCK)
            block = block.removeprefix(BOM)
            position = stream.tell() - len(block)
            self.last_end = position - 1
            while block:
                behind = stream.read(BLOCK)
                ends = self._block(before, block, behind[:1] or bytes([LF]), position)
                if ends is None:
                    return None
                counts = self.rows - len(ends) + 1 + np.arange(len(ends))
                while len(ends) and position + len(block) > wanted and ends[-1] + 1 >= wanted:
                    at = int(np.searchsorted(ends, wanted - 1))
                    found.append((int(ends[at]) + 1, int(counts[at])))
                    wanted = int(ends[at]) + 1 + SPAN_BYTES
                before, position, block = block[-1:], position + len(block), behind
        return found

    def _block(self, before: bytes, block: bytes, behind: bytes, position: int) -> Positions | None:
        """Positions of the ends of rows that are not blank, or None for a quote where none should be."""
        around = np.frombuffer(before + block + behind, np.uint8)
        data = around[1:-1]
        quotes = np.flatnonzero(data == QUOTE)
        opening = (np.arange(len(quotes)) + self.parity) % 2 == 0
        # A quote opens behind what ends a cell and closes before what ends one; two in a row do both.
        if not (self.outer[around[quotes[opening]]].all() and self.outer[around[quotes[~opening] + 2]].all()):
            return None
        if b"\r" in block and not (around[np.flatnonzero(data == CR) + 2] == LF).all():
            return None
        lines = np.flatnonzero(data == LF)
        ends = lines[(np.searchsorted(quotes, lines) + self.parity) % 2 == 0]
        self.parity = (self.parity + len(quotes)) % 2
        length = np.diff(ends + position, prepend=self.last_end)
        # A blank line is no row, with or without a CR.
        blank = (length == 1) | ((length == 2) & (around[ends] == CR))
        if len(ends):
            self.last_end = int(ends[-1]) + position
        found: Positions = ends[~blank] + position
        self.rows += len(found)
        return found
