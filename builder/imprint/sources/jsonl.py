"""JSON Lines: one object a line. The raw record is the line's bytes, without the end of the line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from imprint.errors import Place, shorten
from imprint.findings import Finding
from imprint.sources.base import Draft, InputFile, RawRecord, Recognise, Span, undivided
from imprint.sources.compression import DamagedStreamError, blocks
from imprint.sources.json_file import JSON_FILE
from imprint.sources.lines import BLOCK_BYTES, BOM, MAX_LINE_BYTES, Line, LongLine, divide_lines, lines


@dataclass(frozen=True, slots=True)
class JsonLines:
    """The format of .jsonl and .ndjson files."""

    name: str = "jsonl"
    what: str = "one object a line"
    suffixes: tuple[str, ...] = (".jsonl", ".ndjson", ".jl")
    one_per_file: bool = False

    def divide(self, file: InputFile) -> tuple[Span, ...]:
        """Cut a file behind lines."""
        return undivided(file) if _is_no_lines(file) else divide_lines(file)

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """Read the lines of a span; blank lines are no records, but count as rows."""
        if span.start == 0 and _is_no_lines(span.file):
            # An array, or objects over several lines, under this name.
            yield from JSON_FILE.read(span)
            return
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
        if not isinstance(record.payload, bytes):
            return JSON_FILE.draft(record, file, recognise)
        value = parse(record)
        if not isinstance(value, Finding):
            value = key_twice(record.payload, value) or value
        return Draft({}, fault=value) if isinstance(value, Finding) else recognise(value)


_NESTED = frozenset({dict, list})


def _is_no_lines(file: InputFile) -> bool:
    """Whether a file begins like an array, or like an object that goes on in the next line."""
    try:
        head = next(
            blocks(file.path, file.compression, HEAD_BYTES, limit=None if file.compression else HEAD_BYTES),
            b"",
        )
    except (DamagedStreamError, OSError):
        return False
    first, second, third = (
        *filter(None, map(bytes.strip, head.removeprefix(BOM).split(b"\n", 8))),
        b"",
        b"",
        b"",
    )[:3]
    if first not in (b"{", b"[") and not first.startswith(b"[{"):
        return False
    # Where the next line is an object of its own, the first one is a broken line; but an array may have one element.
    return not _is_object(second) or (first == b"[" and third == b"]")


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


HEAD_BYTES = 64 << 10

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
    if _is_flat(value):
        return value
    # Counting brackets is cheap; only a line with very many can be nested deeper than can be written again.
    if line.count(b"[") + line.count(b"{") >= WRITABLE_DEPTH and not _can_be_written(value):
        return Finding("nested_too_deep", f"the line nests deeper than {WRITABLE_DEPTH} levels")
    return value


def _is_flat(value: dict[str, object]) -> bool:
    """Whether nothing is nested in an object, as in nearly every article."""
    return not any(map(_NESTED.__contains__, map(type, value.values())))


def _count_keys(value: object) -> int:
    """Keys of an object and all that is in it; as many colons behind quotes stand in its line, if no key comes twice."""
    if isinstance(value, dict):
        return len(value) + sum(
            _count_keys(inner) for inner in value.values() if isinstance(inner, (dict, list))
        )
    return sum(_count_keys(item) for item in value) if isinstance(value, list) else 0


def key_twice(line: bytes, value: dict[str, object]) -> Finding | None:
    """A fault where an object of a line has a key twice with different values: JSON allows it, and readers disagree.

    Args:
        line: the line.
        value: what the line holds, one value for each key.
    """
    # As many colons stand behind quotes as there are keys, unless a text quotes something before a colon.
    colons = line.count(b'":')
    if colons == len(value) or colons - line.count(b'\\":') == _count_keys(value):
        return None

    def keep(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        for key, given in pairs:
            if found[key] != given:
                raise _KeyTwiceError(key)
        return found

    try:
        json.loads(line, object_pairs_hook=keep)
    except _KeyTwiceError as error:
        return Finding(
            "duplicate_key",
            f"the key {str(error)!r} stands twice, with different values",
            Place(field=str(error)),
        )
    except (ValueError, RecursionError):
        return None
    return None


class _KeyTwiceError(Exception):
    """An object has a key twice."""


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
        return Finding(
            "invalid_utf8",
            f"byte {start + 1} of the line is not UTF-8",
            Place(value=seen),
            "save the file as UTF-8",
        )
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
