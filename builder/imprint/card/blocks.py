"""Managed blocks: the parts of dataset_card.md that imprint writes; everything else is the maintainer's prose.

    <!-- imprint:begin splits -->
    …
    <!-- imprint:end -->

Laws: text outside the blocks is never changed; filling a card twice gives the same card; an unclosed, nested, repeated
or unknown block is an error that names its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from imprint.errors import Place, UsageError

_MARK = re.compile(r"^<!-- imprint:(?:begin (?P<name>[\w-]+)|(?P<end>end)) -->[ \t]*$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the card's lines."""

    text: str
    """The lines, without the markers."""
    block: str | None = None
    """Name of the managed block; None for prose."""


def split_blocks(card: str, *, file: str = "dataset_card.md", first_line: int = 1) -> list[Piece]:
    """Cut a card into prose and managed blocks.

    Raises:
        UsageError: a block is not closed, closed twice, nested or repeated.
    """
    return list(_pieces(card, file, first_line))


def _pieces(card: str, file: str, first_line: int) -> Iterator[Piece]:
    lines: list[str] = []
    block: tuple[str, int] | None = None
    seen: set[str] = set()
    for number, line in enumerate(card.splitlines(keepends=True), first_line):
        match = _MARK.match(line.rstrip("\r\n"))
        if match is None:
            lines.append(line)
            continue
        if match["end"]:
            if block is None:
                raise UsageError("this closes no block", place=Place(file, number))
            yield Piece("".join(lines), block[0])
            block = None
        else:
            if block is not None:
                raise UsageError(
                    f"the block {block[0]} of line {block[1]} is not closed", place=Place(file, number)
                )
            if match["name"] in seen:
                raise UsageError(f"the block {match['name']} stands twice", place=Place(file, number))
            seen.add(match["name"])
            yield Piece("".join(lines))
            block = match["name"], number
        lines = []
    if block is not None:
        raise UsageError(
            f"the block {block[0]} is not closed",
            place=Place(file, block[1]),
            hint="put <!-- imprint:end --> on a line behind it",
        )
    yield Piece("".join(lines))


def fill_blocks(
    card: str, contents: Mapping[str, str], *, file: str = "dataset_card.md", first_line: int = 1
) -> str:
    """Write the contents into the managed blocks of a card.

    Raises:
        UsageError: a block has a name that nothing fills.
    """
    filled = []
    for piece in split_blocks(card, file=file, first_line=first_line):
        if piece.block is None:
            filled.append(piece.text)
            continue
        if piece.block not in contents:
            raise UsageError(
                f"unknown block {piece.block}",
                place=Place(file),
                hint=f"known are {', '.join(sorted(contents))}",
            )
        filled.append(
            f"<!-- imprint:begin {piece.block} -->\n{contents[piece.block].strip()}\n<!-- imprint:end -->\n"
        )
    return "".join(filled)


def prose(card: str) -> str:
    """The card without the content of its managed blocks: what the maintainer wrote."""
    return "".join(f"<{piece.block}>\n" if piece.block else piece.text for piece in split_blocks(card))
