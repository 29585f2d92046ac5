"""Tables as text: CSV and TSV in any dialect, with and without a header.

Laws: separator and header are decided from the file's beginning alone; a row whose number of cells differs from the
header's is a fault, not a guess; a quoted cell may hold line ends; row numbers count the rows of data from 1.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from imprint.cleaning.dates import parse_date
from imprint.digests import canonical_json, sha256_hex
from imprint.errors import Place, shorten
from imprint.findings import Finding
from imprint.sources.base import SPAN_BYTES, Draft, InputFile, RawRecord, Recognise, Span, undivided
from imprint.sources.compression import DamagedStreamError, blocks
from imprint.sources.encodings import ESCAPED, Encoding, detect
from imprint.sources.lines import MAX_LINE_BYTES
from imprint.sources.names import KNOWN_KEYS, form
from imprint.sources.quotes import divide_rows

SEPARATORS = ",;\t|"
SAMPLE_CHARS = 64 << 10
"""Characters from which separator and header are decided."""

CHUNK_BYTES = 256 << 10
"""Bytes that are decoded at a time: what is made of them stays in the processor's cache."""

SAMPLE_ROWS = 50
BATCH_ROWS = 1024

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


@dataclass(frozen=True, slots=True)
class Style:
    """How cells are told apart."""

    separator: str
    quote: str = '"'
    escape: str | None = None
    """What stands before a quote inside a quoted cell, beside the quote itself."""

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """The rows of some lines."""
        return csv.reader(lines, delimiter=self.separator, quotechar=self.quote, escapechar=self.escape)


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


@dataclass(frozen=True, slots=True)
class Table:
    """The format of .csv and .tsv files."""

    name: str = "csv"
    what: str = "a table in any dialect, with or without a header, also trafilatura's"
    suffixes: tuple[str, ...] = (".csv", ".tsv", ".tab")
    one_per_file: bool = False

    def divide(self, file: InputFile) -> tuple[Span, ...]:
        """Cut a file behind rows."""
        if file.compression or file.size <= SPAN_BYTES:
            return undivided(file)
        try:
            encoding, dialect = _begin(file)
        except (OSError, DamagedStreamError, csv.Error):
            return undivided(file)
        if encoding.name != "utf-8" or dialect.style != Style(dialect.style.separator):
            return undivided(file)
        return divide_rows(file, dialect.style.separator, dialect.header_rows)

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """Read the rows of a file, a batch at a time."""
        csv.field_size_limit(MAX_LINE_BYTES)
        row = span.first_row
        try:
            for batch in _batches(_rows(span), row):
                row += len(batch)
                yield batch
        except DamagedStreamError as error:
            yield [_lost(row, "truncated_stream", f"the file is damaged behind row {row - 1}: {error}")]
        except csv.Error as error:
            message = f"behind row {row - 1} the table cannot be read on: {error}"
            yield [_lost(row, "broken_table", message)]
        except OSError as error:
            yield [_lost(row, "unreadable_file", error.strerror or str(error))]

    def draft(self, record: RawRecord, file: InputFile, recognise: Recognise) -> Draft:
        """The draft of a row."""
        values, encoding = record.payload
        draft = recognise(values)
        draft.steps = [*encoding.step, *draft.steps]
        return draft


TABLE = Table()


def decide(sample: str, *, ended: bool = True) -> Dialect:
    """How a table is written, from its beginning."""
    tabbed = next(iter(_sample_rows(sample, Style("\t"), ended=ended)), [])
    if len(tabbed) == len(TRAFILATURA) and "://" in tabbed[0]:
        return Dialect(Style("\t"), TRAFILATURA, 0, "null")
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
    yield from (
        Style(mark, quote="'") for mark in SEPARATORS if f"{mark}'" in sample and f"'{mark}" in sample
    )


def _regularity(sample: str, style: Style, *, ended: bool) -> tuple[float, int]:
    """How well a style explains a sample: share of rows as wide as most, then their width."""
    rows = _sample_rows(sample, style, ended=ended)
    widths = [len(row) for row in rows]
    if not widths or max(widths) < 2:
        return 0.0, 0
    usual = max(set(widths), key=widths.count)
    return (widths.count(usual) / len(widths), usual) if usual > 1 else (0.0, 0)


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


@dataclass(slots=True)
class _Progress:
    """How far the rows of a table have come: a quote that stays open takes everything behind it for its cell."""

    rows: int = 0
    """Rows that are whole."""
    ended: bool = False
    """Whether more was asked for than there is: only an open quote asks behind the last line of a row."""


def _begin(file: InputFile) -> tuple[Encoding, Dialect]:
    """How a table is written, from its beginning."""
    head = next(blocks(file.path, file.compression, CHUNK_BYTES), b"")
    encoding = detect(head)
    beginning: list[str] = []
    size = 0
    for line in chain.from_iterable(_decoded_lines([head], encoding, _Progress())):
        beginning.append(line)
        size += len(line)
        if size > SAMPLE_CHARS:
            break
    return encoding, decide("".join(beginning), ended=size <= SAMPLE_CHARS)


def _rows(span: Span) -> Iterator[tuple[Encoding, Dialect, list[str]]]:
    encoding, dialect = _begin(span.file)
    limit = None if span.end is None else span.end - span.start
    chunks = blocks(span.file.path, span.file.compression, CHUNK_BYTES, start=span.start, limit=limit)
    progress = _Progress()
    header_rows = dialect.header_rows if span.start == 0 else 0
    # Lines go from the chunks to the reader without passing through Python one by one.
    lines = chain.from_iterable(_decoded_lines(chunks, encoding, progress))
    for row in dialect.style.reader(lines):
        if progress.ended:
            raise csv.Error("a quote is never closed")
        # A blank line is no row, and no header either.
        if row:
            progress.rows += 1
            if progress.rows > header_rows:
                yield encoding, dialect, row


def _decoded_lines(
    chunks: Iterable[bytes], encoding: Encoding, progress: _Progress
) -> Iterator[Iterable[str]]:
    """Lines with their ends, a chunk of them at a time; bytes that cannot be decoded become lone surrogates, which the rows are checked for.

    Raises:
        Error: a row does not end within the size that an article may have.
    """
    name = "utf-8-sig" if encoding.name == "utf-8" else encoding.name
    decoder = codecs.getincrementaldecoder(name)(ESCAPED)
    rest = ""
    rows = consumed = stuck = 0
    for chunk in chunks:
        # All of the last chunk went into a row that has not ended yet.
        stuck = stuck + consumed if progress.rows == rows else 0
        rows, consumed = progress.rows, len(chunk)
        if stuck >= MAX_LINE_BYTES:
            raise csv.Error(f"a row is longer than {MAX_LINE_BYTES:,} bytes")
        # Lines end at LF alone, whatever else str.splitlines would take for an end.
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        yield [f"{line}\n" for line in lines]
        if len(rest) > MAX_LINE_BYTES:
            raise csv.Error(f"a line is longer than {MAX_LINE_BYTES:,} characters")
    rest += decoder.decode(b"", final=True)
    if rest:
        yield [rest]
    progress.ended = True


def _batches(rows: Iterator[tuple[Encoding, Dialect, list[str]]], first: int) -> Iterator[list[RawRecord]]:
    number = first
    while True:
        batch: list[RawRecord] = []
        try:
            for encoding, dialect, row in islice(rows, BATCH_ROWS):
                batch.append(_record(number + len(batch), encoding, dialect, row))
        except (csv.Error, DamagedStreamError, OSError):
            # What was read before the fault is whole.
            if batch:
                yield batch
            raise
        if not batch:
            return
        number += len(batch)
        yield batch


def _record(number: int, encoding: Encoding, dialect: Dialect, row: list[str]) -> RawRecord:
    if len(row) != len(dialect.names):
        digest = sha256_hex("\x1f".join(row).encode("utf-8", "surrogateescape"))
        message = f"the row has {len(row)} cells, the table has {len(dialect.names)} columns"
        fault = Finding("wrong_columns", message, Place(value=shorten(dialect.style.separator.join(row))))
        return RawRecord(number, digest, None, fault)
    values: dict[str, Any] = dict(zip(dialect.names, row, strict=True))
    if dialect.null is not None:
        values = {name: None if cell == dialect.null else cell for name, cell in values.items()}
    try:
        digest = sha256_hex(canonical_json(values))
    except TypeError:
        digest = sha256_hex("\x1f".join(row).encode("utf-8", "surrogateescape"))
        fault = Finding(
            "invalid_utf8", f"the row is not {encoding.name.upper()}", hint="save the table as UTF-8"
        )
        return RawRecord(number, digest, None, fault)
    return RawRecord(number, digest, (values, encoding))


def _lost(row: int, code: str, message: str) -> RawRecord:
    return RawRecord(row, sha256_hex(b""), None, Finding(code, message))
