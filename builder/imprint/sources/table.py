"""Tables as text: CSV and TSV in any dialect, with and without a header.

Laws: separator and header are decided from the file's beginning alone; a row whose number of cells differs from the
header's is a fault, not a guess; a quoted cell may hold line ends; row numbers count the rows of data from 1.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from imprint.digests import canonical_json, sha256_hex
from imprint.errors import Place, shorten
from imprint.findings import Finding
from imprint.sources.base import SPAN_BYTES, Draft, InputFile, RawRecord, Recognise, Span, undivided
from imprint.sources.compression import DamagedStreamError, blocks
from imprint.sources.dialects import SAMPLE_CHARS, Dialect, Style, decide
from imprint.sources.encodings import ESCAPED, Encoding, detect
from imprint.sources.lines import MAX_LINE_BYTES
from imprint.sources.quotes import divide_rows

CHUNK_BYTES = 256 << 10
"""Bytes that are decoded at a time: what is made of them stays in the processor's cache."""

BATCH_ROWS = 1024

HINT = "put cells that hold the separator into quotes, or save the table anew"


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
        fault = Finding(
            "wrong_columns", message, Place(value=shorten(dialect.style.separator.join(row))), HINT
        )
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
