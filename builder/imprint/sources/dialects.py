"""Dialects: how a table is written as text: what stands between cells and around them, and which columns it has.

Law: all is decided from the table's beginning alone; of styles that explain it equally well the likelier one counts.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from imprint.cleaning.dates import parse_date
from imprint.sources.names import KNOWN_KEYS, form

SEPARATORS = ",;\t|"
SAMPLE_CHARS = 64 << 10
"""Characters from which separator and header are decided."""

SAMPLE_ROWS = 50

TRAFILATURA = (
    "url",
    "id",
    "fingerprint",
    "hostname",
    "title",
    "image",
    "date",
    "text",
    "comments",
    "license",
    "pagetype",
)
"""Columns of trafilatura's tables, which have no header and write `null` for nothing."""


_ESCAPED_QUOTE = re.compile(r'\\"(?![,;\t|\r\n]|\Z)')


_TOLD = re.compile(r"sep=(?P<mark>[,;\t|])\r?\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Style:
    """How cells are told apart."""

    separator: str
    quote: str | None = '"'
    """None where a quote is a character as any other."""
    escape: str | None = None
    """What stands before a quote inside a quoted cell, beside the quote itself."""

    def reader(self, lines: Iterable[str], *, strict: bool = False) -> Iterator[list[str]]:
        """The rows of some lines; if strict, a quote where none should be is an error."""
        if self.quote is None:
            return csv.reader(lines, delimiter=self.separator, quoting=csv.QUOTE_NONE, strict=strict)
        return csv.reader(
            lines, delimiter=self.separator, quotechar=self.quote, escapechar=self.escape, strict=strict
        )


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written."""

    style: Style
    names: tuple[str, ...]
    """Names of the columns."""
    header_rows: int
    """1 where the first row names the columns, else 0."""
    null: str | None = None
    """The word that stands for nothing."""


def decide(sample: str, *, ended: bool = True) -> Dialect:
    """How a table is written, from its beginning."""
    tabbed = next(iter(_sample_rows(sample, Style("\t"), ended=ended)), [])
    if len(tabbed) == len(TRAFILATURA) and "://" in tabbed[0]:
        return Dialect(Style("\t"), TRAFILATURA, 0, "null")
    if told := _TOLD.match(sample):
        # Excel's own line, which says the separator.
        dialect = decide(sample[told.end() :], ended=ended)
        style = Style(told["mark"])
        rows = _sample_rows(sample[told.end() :], style, ended=ended)
        header_rows = int(bool(rows) and _is_header(rows[0]))
        names = tuple(_distinct(rows[0])) if header_rows else dialect.names
        return Dialect(style, names, header_rows + 1)
    # Of styles that explain the sample equally well, the first one counts.
    style = max(_styles(sample), key=lambda one: _regularity(sample, one, ended=ended))
    rows = _sample_rows(sample, style, ended=ended)
    first = rows[0] if rows else []
    if _is_header(first):
        return Dialect(style, tuple(_distinct(first)), 1)
    return Dialect(style, tuple(f"column_{number}" for number in range(1, len(first) + 1)), 0)


def _styles(sample: str) -> Iterator[Style]:
    """The styles that a table may have, the likelier first."""
    # A backslash before a quote that does not end its cell can only be there for the quote.
    if _ESCAPED_QUOTE.search(sample):
        yield from (Style(mark, escape="\\") for mark in SEPARATORS)
    yield from map(Style, SEPARATORS)
    # Databases write tabs between cells and think of no quotes.
    yield Style("\t", quote=None)
    yield from (
        Style(mark, quote="'") for mark in SEPARATORS if f"{mark}'" in sample and f"'{mark}" in sample
    )


def _regularity(sample: str, style: Style, *, ended: bool) -> tuple[float, bool, int]:
    """How well a style explains a sample: share of rows as wide as most, then whether quotes are in place, then width."""
    rows = _sample_rows(sample, style, ended=ended)
    widths = [len(row) for row in rows]
    if not widths or max(widths) < 2:
        return 0.0, False, 0
    usual = max(set(widths), key=widths.count)
    in_place = _is_strict(sample, style, ended=ended)
    return (widths.count(usual) / len(widths), in_place, usual) if usual > 1 else (0.0, False, 0)


def _is_strict(sample: str, style: Style, *, ended: bool) -> bool:
    try:
        for _ in islice(style.reader(sample.splitlines(keepends=True), strict=True), SAMPLE_ROWS):
            pass
    except csv.Error as error:
        # A sample that was cut ends anywhere.
        return not ended and "end of data" in str(error)
    return True


def _sample_rows(sample: str, style: Style, *, ended: bool) -> list[list[str]]:
    try:
        rows = [row for row in islice(style.reader(sample.splitlines(keepends=True)), SAMPLE_ROWS) if row]
    except csv.Error:
        return []
    # The last row of a cut sample is cut, too.
    return rows if ended or len(rows) == SAMPLE_ROWS or len(rows) < 2 else rows[:-1]


def _is_header(row: Sequence[str]) -> bool:
    """Whether a row names columns: known names, or short distinct words that are neither numbers, dates nor URLs."""
    names = [cell.strip() for cell in row]
    if any(len(name) > 64 or _is_value(name) for name in names):
        return False
    if any(form(name) in KNOWN_KEYS for name in names):
        return True
    return all(names) and len(set(names)) == len(names) > 1


def _is_value(cell: str) -> bool:
    return (
        "://" in cell
        or cell.replace(".", "", 1).replace("-", "", 1).isdigit()
        or parse_date(cell) is not None
    )


def _distinct(names: Sequence[str]) -> Iterator[str]:
    """Column names, stripped; empty and repeated ones by their number."""
    seen: set[str] = set()
    for number, given in enumerate(names, 1):
        name = given.strip().removeprefix("\ufeff")
        if not name or name in seen:
            name = f"column_{number}"
        seen.add(name)
        yield name
