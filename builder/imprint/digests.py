"""Digests and canonical JSON: the two things every other promise is measured with.

Laws: SHA-256 in every format that is published, written as lowercase hex; canonical JSON is UTF-8 with sorted keys
and no white space, so that equal values have equal bytes. No clock, path or locale enters a digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

CHUNK_BYTES = 1 << 20
"""Bytes that are read at a time when a file is digested."""


def sha256_hex(data: bytes) -> str:
    """SHA-256 of bytes, as 64 lowercase hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in chunks.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: Any) -> bytes:
    """The one serialisation of a JSON value: sorted keys, no white space, UTF-8, no newline at the end."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def pretty_json(value: Any, *, sort: bool = True) -> bytes:
    """JSON for files that people open: sorted keys unless their order means something, indented, one newline."""
    order = orjson.OPT_SORT_KEYS if sort else 0
    return orjson.dumps(value, option=order | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def row_digest(row: dict[str, Any]) -> str:
    """Digest of one record: SHA-256 over the canonical JSON of its JSON form without the null fields.

    Null fields are left out so that a new optional field leaves the digests of earlier records as they were.
    """
    return sha256_hex(canonical_json({key: value for key, value in row.items() if value is not None}))


class ContentDigest:
    """Digest of a split: SHA-256 over its rows' hex digests, in release order, each followed by a newline."""

    def __init__(self) -> None:
        self._whole = hashlib.sha256()

    def add(self, row_digests: Iterable[str]) -> None:
        """The next rows."""
        self._whole.update("".join(f"{digest}\n" for digest in row_digests).encode())

    def hexdigest(self) -> str:
        """The digest of all rows so far."""
        return self._whole.hexdigest()


def content_digest(row_digests: Iterable[str]) -> str:
    """Digest of a split whose row digests are all at hand."""
    digest = ContentDigest()
    digest.add(row_digests)
    return digest.hexdigest()


def id_of_url(url: str) -> str:
    """The id of an article with a canonical URL: the first 128 bits of its SHA-256, in hex."""
    return hashlib.sha256(url.encode()).hexdigest()[:32]


def id_of_source(source: str, source_id: str) -> str:
    """The id of an article whose source numbers its articles for good: over the source and its id."""
    return hashlib.sha256(f"{source}\n{source_id}".encode()).hexdigest()[:32]


def text_key(text: str) -> bytes:
    """Digest by which texts are exact duplicates: 16 bytes of SHA-256 over the normalised text.

    Normalised is: casefolded, all white space removed. The text itself is NFC already (cleaning).
    """
    # Two paths, one result: on ASCII bytes the removal of white space is some thirty times faster than str.split.
    if text.isascii():
        normal = text.encode().translate(_ASCII_LOWER, _ASCII_SPACE)
    else:
        normal = "".join(text.casefold().split()).encode()
    return hashlib.sha256(normal).digest()[:16]


_ASCII_LOWER = bytes(range(256)).lower()
_ASCII_SPACE = b"\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "
"""The ASCII characters that str.split removes."""
