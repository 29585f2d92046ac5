"""JSON files: one article, or an array of articles.

Laws: an array is read an element at a time, with memory for one element and a block; an object is one article and its
raw digest is the file's; elements of an array are digested as canonical JSON; NaN and Infinity are not JSON.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from imprint.digests import canonical_json, sha256_hex
from imprint.errors import Place, shorten
from imprint.findings import Finding
from imprint.sources.base import Draft, InputFile, RawRecord, Recognise, Span, undivided
from imprint.sources.compression import DamagedStreamError, blocks
from imprint.sources.encodings import ESCAPED, detect
from imprint.sources.lines import BATCH_LINES, BLOCK_BYTES, MAX_LINE_BYTES
from imprint.sources.recognise import named
from imprint.sources.whole import stem_of

_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class JsonFile:
    """The format of .json files."""

    name: str = "json"
    what: str = "one article, an array of articles, a feed of them, or one object behind the other"
    suffixes: tuple[str, ...] = (".json",)
    one_per_file: bool = False

    def divide(self, file: InputFile) -> tuple[Span, ...]:
        """One span: the file is read from its beginning."""
        return undivided(file)

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """Read the elements of an array, or the one object."""
        reader = _Reader(span)
        try:
            yield from reader.records()
        except DamagedStreamError as error:
            yield [reader.lost("truncated_stream", f"the file is damaged: {error}")]
        except OSError as error:
            yield [reader.lost("unreadable_file", error.strerror or str(error))]

    def draft(self, record: RawRecord, file: InputFile, recognise: Recognise) -> Draft:
        """The draft of an element; an object's file gives the id where no key does."""
        value, is_whole_file = record.payload
        draft = recognise(value)
        if is_whole_file:
            draft.values.setdefault("source_id", stem_of(file.name))
        return draft


JSON_FILE = JsonFile()


class _Reader:
    """Decodes one file, keeping no more than an element of it."""

    def __init__(self, span: Span) -> None:
        self.row = span.first_row
        self.digest = hashlib.sha256()
        self.chunks = blocks(span.file.path, span.file.compression, BLOCK_BYTES)
        self.decoder: codecs.IncrementalDecoder | None = None
        self.buffer = ""
        self.ended = False
        self.broken: Exception | None = None
        """Why the file could not be read on, behind a value that was whole."""
        self.taken = 0
        """Characters of the values since the last batch."""
        self.constant: str | None = None
        self.key_twice: str | None = None
        self.json = json.JSONDecoder(
            parse_constant=self._note_constant, parse_float=self._float, object_pairs_hook=self._object
        )

    def records(self) -> Iterator[list[RawRecord]]:
        at = self._skip_space(0)
        if at < len(self.buffer) and self.buffer[at] == "[":
            yield from self._batched(self._elements(at + 1))
            return
        value = self._value(at)
        if isinstance(value, Finding):
            yield [self.lost(value.code, value.message, value.place)]
            return
        found, end = value
        at = self._skip_space(end)
        if at < len(self.buffer):
            first = self._record(found, whole=False)
            yield from self._batched(chain([first], self._sequence(at)))
        elif (articles := _wrapped(found)) is not None:
            yield [self._record(article, whole=False) for article in articles]
        else:
            yield [self._record(found, whole=True)]

    def _batched(self, records: Iterator[RawRecord]) -> Iterator[list[RawRecord]]:
        """Batches of about a block; what was read before a stream breaks comes before the break."""
        batch: list[RawRecord] = []
        try:
            for record in records:
                batch.append(record)
                if self.taken >= BLOCK_BYTES or len(batch) >= BATCH_LINES:
                    yield batch
                    batch, self.taken = [], 0
        except (DamagedStreamError, OSError):
            yield batch
            raise
        yield batch
        if self.broken is not None:
            raise self.broken

    def _sequence(self, at: int) -> Iterator[RawRecord]:
        """Values one behind the other: JSON Lines under another name."""
        while 0 <= at < len(self.buffer):
            record, at = self._next(at)
            yield record

    def _elements(self, at: int) -> Iterator[RawRecord]:
        """The elements of an array, and of those that stand behind it, a line each."""
        while True:
            at = self._skip_space(at)
            while at < len(self.buffer) and self.buffer[at] != "]":
                record, at = self._next(at)
                yield record
                if at < 0:
                    return
                if at < len(self.buffer) and self.buffer[at] == ",":
                    at = self._skip_space(at + 1)
                elif at >= len(self.buffer) or self.buffer[at] != "]":
                    yield self.lost("invalid_json", f"a comma or ] is missing behind element {self.row - 1}")
                    return
            if at >= len(self.buffer):
                yield self.lost("invalid_json", f"the array is not closed behind element {self.row - 1}")
                return
            at = self._skip_space(at + 1)
            if at >= len(self.buffer):
                return
            if self.buffer[at] != "[":
                yield self.lost("invalid_json", "something stands behind the array")
                return
            at += 1

    def _next(self, at: int) -> tuple[RawRecord, int]:
        """The record of the next value, and where the one behind it begins; -1 where nothing can be read any more."""
        value = self._value(at)
        if isinstance(value, Finding):
            return self.lost(value.code, value.message, value.place), -1
        found, end = value
        record = self._record(found, whole=False)
        self.taken += end - at
        try:
            at = self._skip_space(end)
        except (DamagedStreamError, OSError) as error:
            # The value was whole: it comes before the break.
            self.broken = error
            return record, -1
        if at >= BLOCK_BYTES:
            self.buffer, at = self.buffer[at:], 0
        return record, at

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            # Readers would disagree on it; the same value twice is only clumsy.
            self.key_twice = next((key for key, value in pairs if found[key] != value), self.key_twice)
        return found

    def _value(self, at: int) -> tuple[Any, int] | Finding:
        """The value that begins at a position and where it ends; more is read until it is whole."""
        while True:
            self.constant = self.key_twice = None
            fault = None
            try:
                found, end = self.json.raw_decode(self.buffer, at)
                # A number at the end of what was read may go on.
                if end < len(self.buffer) or self.ended:
                    return found, end
            except json.JSONDecodeError as error:
                if self.buffer and error.pos < len(self.buffer) - 16 and "Unterminated" not in error.msg:
                    return self._fault(error.msg, error.pos)
                fault = error
            except (RecursionError, ValueError) as error:
                code = "nested_too_deep" if isinstance(error, RecursionError) else "invalid_json"
                return Finding(code, str(error))
            # A number without end is no fault to the parser: its length counts like that of all else.
            if len(self.buffer) - at > MAX_LINE_BYTES:
                return Finding("record_too_large", f"an element has more than {MAX_LINE_BYTES:,} characters")
            if not self._more() and fault is not None:
                return self._fault(fault.msg, fault.pos)

    def _fault(self, message: str, at: int) -> Finding:
        seen = shorten(self.buffer[max(0, at - 20) : at + 20])
        return Finding("invalid_json", f"{message.lower()}", Place(value=seen))

    def _skip_space(self, at: int) -> int:
        while True:
            match = _SPACE.match(self.buffer, at)
            at = match.end() if match else at
            if at < len(self.buffer):
                return at
            # What was passed over goes: a file of nothing but space would be kept whole.
            self.buffer, at = "", 0
            if not self._more():
                return at

    def _more(self) -> bool:
        if self.ended:
            return False
        chunk = next(self.chunks, None)
        if self.decoder is None:
            name = detect(chunk or b"").name
            self.decoder = codecs.getincrementaldecoder("utf-8-sig" if name == "utf-8" else name)(ESCAPED)
        if chunk is None:
            self.ended = True
            self.buffer += self.decoder.decode(b"", final=True)
        else:
            self.digest.update(chunk)
            self.buffer += self.decoder.decode(chunk)
        return True

    def _record(self, value: Any, *, whole: bool) -> RawRecord:
        row, self.row = self.row, self.row + 1
        if self.constant is not None:
            digest = sha256_hex(repr(value).encode("utf-8", "surrogatepass"))
            return RawRecord(row, digest, None, Finding("invalid_json", f"{self.constant} is not JSON"))
        if not isinstance(value, dict):
            digest = sha256_hex(repr(value).encode("utf-8", "surrogatepass"))
            return RawRecord(
                row, digest, None, Finding("not_an_object", "the element is JSON, but not an object")
            )
        if self.key_twice is not None:
            message = f"the key {self.key_twice!r} stands twice, with different values"
            fault = Finding("duplicate_key", message, Place(field=self.key_twice))
            digest = sha256_hex(repr(value).encode("utf-8", "surrogatepass"))
            return RawRecord(row, digest, None, fault)
        try:
            digest = self.digest.hexdigest() if whole else sha256_hex(canonical_json(value))
            canonical_json(value)
        except TypeError as error:
            code = "nested_too_deep" if "ecursion" in str(error) else "invalid_utf8"
            return RawRecord(
                row, sha256_hex(b""), None, Finding(code, f"the article cannot be written again: {error}")
            )
        return RawRecord(row, digest, (value, whole))

    def _float(self, digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            # It would be written as null.
            self.constant = digits
        return value

    def _note_constant(self, name: str) -> str:
        # One bad number must not cost the elements behind it: the record is refused, not the file.
        self.constant = name
        return name

    def lost(self, code: str, message: str, place: Place | None = None) -> RawRecord:
        """The rest of the file, as one record."""
        return RawRecord(self.row, self.digest.hexdigest(), None, Finding(code, message, place or Place()))


def _wrapped(value: Any) -> list[Any] | None:
    """The articles of a feed or of an answer of a service; None where the object is an article itself."""
    if not isinstance(value, dict) or named("text", tuple(value)):
        return None
    found = list(_lists_of_articles(value, WRAPPED_DEPTH))
    return found[0] if len(found) == 1 else None


def _lists_of_articles(value: dict[str, Any], depth: int) -> Iterator[list[Any]]:
    """The lists of objects with a text or a title inside an object, and objects that hold such objects under their ids."""
    inner = list(value.values())
    if len(inner) > 1 and all(isinstance(one, dict) and named("text", tuple(one)) for one in inner):
        yield [{"id": key, **one} for key, one in value.items()]
        return
    for one in inner:
        if isinstance(one, list) and one and all(isinstance(item, dict) for item in one):
            keys = tuple(one[0])
            if named("text", keys) or named("title", keys):
                yield one
        elif depth and isinstance(one, dict):
            yield from _lists_of_articles(one, depth - 1)


WRAPPED_DEPTH = 3
"""Levels of an answer below which its articles are looked for."""
