"""JSON Lines: one object a line. The raw record is the line's bytes, without the end of the line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from imprint.errors import Place, shorten
from imprint.findings import Finding
from imprint.sources.base import Draft, InputFile, RawRecord, Recognise, Span
from imprint.sources.compression import DamagedStreamError, blocks
from imprint.sources.lines import BLOCK_BYTES, MAX_LINE_BYTES, Line, LongLine, lines


@dataclass(frozen=True, slots=True)
class JsonLines:
    """The format of .jsonl and .ndjson files."""

    name: str = "jsonl"
    what: str = "one object a line"
    suffixes: tuple[str, ...] = (".jsonl", ".ndjson")
    one_per_file: bool = False
    splittable: bool = True

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """Read the lines of a span; blank lines are no records, but count as rows."""
        row = span.first_row
        limit = None if span.end is None else span.end - span.start
        decoded = blocks(span.file.path, span.file.compression, BLOCK_BYTES, start=span.start, limit=limit)
        try:
            for batch in lines(decoded, at_start=span.start == 0):
                yield [_record(row + i, line) for i, line in enumerate(batch) if not _blank(line)]
                row += len(batch)
        except DamagedStreamError as error:
            yield [_lost(row, "truncated_stream", f"the file is damaged behind row {row - 1}: {error}")]
        except OSError as error:
            yield [_lost(row, "unreadable_file", error.strerror or str(error))]

    def draft(self, record: RawRecord, file: InputFile, recognise: Recognise) -> Draft:
        """The draft of a line."""
        value = parse(record)
        return Draft({}, fault=value) if isinstance(value, Finding) else recognise(value)


WRITABLE_DEPTH = 200
"""Levels of nesting that no library here has trouble with; orjson writes 254."""

JSON_LINES = JsonLines()


def parse(record: RawRecord) -> dict[str, object] | Finding:
    """The object of a raw record, or why there is none."""
    line = record.payload
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return _fault(line, error)
    if not isinstance(value, dict):
        return Finding("not_an_object", "the line is JSON, but not an object", Place(value=shorten(line)))
    # Counting brackets is cheap; only a line with very many can be nested deeper than can be written again.
    if line.count(b"[") + line.count(b"{") >= WRITABLE_DEPTH and not _can_be_written(value):
        return Finding("nested_too_deep", f"the line nests deeper than {WRITABLE_DEPTH} levels")
    return value


def _can_be_written(value: object) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


def _fault(line: bytes, error: orjson.JSONDecodeError) -> Finding:
    try:
        line.decode()
    except UnicodeDecodeError as undecodable:
        start = undecodable.start
        seen = shorten(line[max(0, start - 20) : start + 20])
        return Finding("invalid_utf8", f"byte {start + 1} of the line is not UTF-8", Place(value=seen))
    seen = shorten(line[max(0, error.pos - 20) : error.pos + 20])
    return Finding("invalid_json", f"{error.msg.lower()} (column {error.pos + 1})", Place(value=seen))


def _blank(line: Line) -> bool:
    return isinstance(line, bytes) and not line.strip()


def _record(row: int, line: Line) -> RawRecord:
    if isinstance(line, LongLine):
        message = f"the line has {line.size:,} bytes; an article may have {MAX_LINE_BYTES:,}"
        return RawRecord(row, line.sha256, None, Finding("record_too_large", message))
    return RawRecord(row, hashlib.sha256(line).hexdigest(), line)


def _lost(row: int, code: str, message: str) -> RawRecord:
    # What cannot be read has no bytes: its digest is that of nothing.
    return RawRecord(row, hashlib.sha256().hexdigest(), None, Finding(code, message))
