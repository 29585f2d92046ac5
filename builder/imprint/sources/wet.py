"""Common Crawl's WET: the plain text of web pages, as `conversion` records of a WARC file (ISO 28500).

Law: one record is in memory at a time; a record whose length does not hold is a fault, and reading goes on at the next
one where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from imprint.digests import canonical_json, sha256_hex
from imprint.findings import Finding
from imprint.sources.base import Draft, InputFile, RawRecord, Recognise, Span, undivided
from imprint.sources.compression import DamagedStreamError, blocks
from imprint.sources.lines import BLOCK_BYTES, MAX_LINE_BYTES

HEADER_BYTES = 64 << 10
"""A longer header is damage."""

_LENGTH = re.compile("[0-9]{1,15}")

_BLANK = re.compile(rb"[\r\n]*")

_FIELDS = {
    "WARC-Target-URI": "url",
    "WARC-Date": "retrieved_at",
    "WARC-Record-ID": "source_id",
}


@dataclass(frozen=True, slots=True)
class Wet:
    """The format of .wet files."""

    name: str = "wet"
    what: str = "Common Crawl's text records"
    suffixes: tuple[str, ...] = (".wet",)
    one_per_file: bool = False

    def divide(self, file: InputFile) -> tuple[Span, ...]:
        """One span: the file is read from its beginning."""
        return undivided(file)

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """Read the conversion records of a file."""
        row = span.first_row
        try:
            for record in _records(blocks(span.file.path, span.file.compression, BLOCK_BYTES)):
                yield [_raw(row, record)]
                row += 1
        except DamagedStreamError as error:
            yield [_lost(row, "truncated_stream", f"the file is damaged behind record {row - 1}: {error}")]
        except OSError as error:
            yield [_lost(row, "unreadable_file", error.strerror or str(error))]

    def draft(self, record: RawRecord, file: InputFile, recognise: Recognise) -> Draft:
        """The draft of a page."""
        return recognise(record.payload)


WET = Wet()


def _records(chunks: Iterable[bytes]) -> Iterator[dict[str, Any] | Finding]:
    """Headers and content of the conversion records."""
    source = _Buffer(chunks)
    while source.skip_blank():
        head = source.until(b"\r\n\r\n", HEADER_BYTES)
        if head is None or not head.startswith(b"WARC/"):
            yield Finding("invalid_warc", "no WARC record begins here; the rest of the file is not read")
            return
        header = dict(_pairs(head.decode("utf-8", "replace")))
        length = header.get("Content-Length", "")
        # Not isdigit(): it takes digits that int() does not, and int() refuses thousands of digits.
        if not _LENGTH.fullmatch(length):
            yield Finding(
                "invalid_warc", f"the record's length is {length[:20]!r}; the rest of the file is not read"
            )
            return
        if int(length) > MAX_LINE_BYTES:
            skipped = source.skip(int(length))
            if skipped < int(length):
                yield Finding("invalid_warc", f"the record ends after {skipped} of {length} bytes")
                return
            yield Finding(
                "record_too_large",
                f"the record has {int(length):,} bytes; an article may have {MAX_LINE_BYTES:,}",
            )
            continue
        content = source.take(int(length))
        if len(content) < int(length):
            yield Finding("truncated_stream", f"the record ends after {len(content)} of {length} bytes")
            return
        if header.get("WARC-Type") == "conversion":
            yield _page(header, content)


def _page(header: dict[str, str], content: bytes) -> dict[str, Any] | Finding:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return Finding("invalid_utf8", f"byte {error.start + 1} of the page is not UTF-8")
    page: dict[str, Any] = {key: header[name] for name, key in _FIELDS.items() if name in header}
    languages = header.get("WARC-Identified-Content-Language", "")
    if languages:
        page["language"] = languages.split(",")[0].strip()
    return {**page, "text": text}


def _pairs(head: str) -> Iterator[tuple[str, str]]:
    for line in head.split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(), value.strip()


class _Buffer:
    """Bytes of a stream, taken from the front."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._data = b""
        self._at = 0

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._data, self._at = self._data[self._at :] + chunk, 0
        return True

    def skip_blank(self) -> bool:
        """Pass over line ends; whether anything is left."""
        while True:
            blank = _BLANK.match(self._data, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._data):
                return True
            if not self._more():
                return False

    def until(self, mark: bytes, limit: int) -> bytes | None:
        """The bytes before a mark, which is passed over; None where it does not come in time."""
        while (end := self._data.find(mark, self._at)) < 0:
            if len(self._data) - self._at > limit or not self._more():
                return None
        found = self._data[self._at : end]
        self._at = end + len(mark)
        return found

    def skip(self, count: int) -> int:
        """Pass over bytes without keeping them; how many there were."""
        left = count
        while left > (here := len(self._data) - self._at):
            left -= here
            self._at = len(self._data)
            if not self._more():
                return count - left
        self._at += left
        return count

    def take(self, count: int) -> bytes:
        """The next bytes, fewer at the end."""
        while len(self._data) - self._at < count and self._more():
            pass
        found = self._data[self._at : self._at + count]
        self._at += len(found)
        return found


def _raw(row: int, page: dict[str, Any] | Finding) -> RawRecord:
    if isinstance(page, Finding):
        return RawRecord(row, sha256_hex(b""), None, page)
    return RawRecord(row, sha256_hex(canonical_json(page)), page)


def _lost(row: int, code: str, message: str) -> RawRecord:
    return RawRecord(row, sha256_hex(b""), None, Finding(code, message))
