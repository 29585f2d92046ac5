"""What a format is: it turns a file, or a span of one, into raw records and those into drafts.

Laws: a reader never raises on content: what it cannot read is a raw record with a fault, so that the accounting closes;
it holds one block of a file in memory, never the whole; the digest of a raw record does not depend on the format's
settings, on the span it was read with, or on the compression.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from imprint.findings import Finding

_NUMBERS = re.compile("[0-9]+")


SPAN_BYTES = 16 << 20
"""Raw bytes of a span: large enough to batch well, small enough that the last one does not wait alone."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """Where the metadata of a one-article file is written down: a file beside it, or a row of a table."""

    path: str
    """The file that holds it, on this machine."""
    name: str
    """That file's name as provenance knows it."""
    start: int = 0
    """Its first byte there."""
    length: int | None = None
    """Its bytes; None is the whole file."""
    kind: str = ".json"
    """Ending that says how it is written."""
    compression: str = ""


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of the input."""

    path: str
    """Where it is on this machine; never written anywhere."""
    name: str
    """POSIX path relative to the input: what provenance and accounting know."""
    size: int
    """Bytes on disk."""
    format: str
    """Name of its format in `sources.BY_NAME`."""
    compression: str
    """Suffix of the compression, such as `.gz`; empty for none."""
    is_one_article: bool = False
    """Whether it holds one article rather than many."""
    fault: Finding | None = None
    """Why it cannot be read, where the scan has found that out."""
    sidecar: Sidecar | None = None
    """Its metadata, where that stands outside it."""

    @property
    def source(self) -> str:
        """The source of the accounting: the first component of the name; articles that lie flat are one source."""
        first, slash, _ = self.name.partition("/")
        return first if slash or not self.is_one_article else self.group

    @property
    def group(self) -> str:
        """The file group that shares one field mapping: folder and suffix, whatever numbers the folders carry."""
        folder, _, base = self.name.rpartition("/")
        _, dot, ending = base.removesuffix(self.compression).rpartition(".")
        suffix = f".{ending}" if dot else ""
        return f"{_numberless(folder)}/*{suffix}" if folder else f"*{suffix}"


@lru_cache(maxsize=4096)
def _numberless(folder: str) -> str:
    return _NUMBERS.sub("#", folder)


@dataclass(frozen=True, slots=True)
class Span:
    """A run of whole records of one file."""

    file: InputFile
    """The file."""
    start: int
    """First byte, in the file as it is decoded; for Parquet, the first row group."""
    end: int | None
    """Byte (or row group) behind the last one; None reads to the end."""
    first_row: int
    """Row number of the first record, counted from 1."""
    weight: int | None = None
    """Bytes on disk, where start and end do not tell."""

    @property
    def size(self) -> int:
        """Bytes on disk, for progress and for parts of a size."""
        if self.weight is not None:
            return self.weight
        return self.file.size if self.end is None else self.end - self.start


def undivided(file: InputFile) -> tuple[Span, ...]:
    """A file as one span."""
    return (Span(file, 0, None, 1),)


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as it stands in the input."""

    row: int
    """Line or row in the file, counted from 1."""
    raw_sha256: str
    """Digest of its bytes."""
    payload: Any
    """What the format parses: bytes or a dict; None with a fault."""
    fault: Finding | None = None
    """Why it cannot be read."""
    beside: Mapping[str, Any] = field(default_factory=dict)
    """What the file's sidecar says: keys and values."""


@dataclass(slots=True)
class Draft:
    """An article before cleaning: values as the source gave them, by the record's field names."""

    values: dict[str, Any]
    """Field name to value: JSON scalars or lists."""
    steps: list[str] = field(default_factory=list)
    """Steps of reading that removed something from the text, for `processing`."""
    fault: Finding | None = None
    """Why no article could be made of it."""


Recognise = Callable[[Mapping[str, Any]], Draft]
"""Makes a draft of an object with the keys of its source."""


class Format(Protocol):
    """One file format."""

    @property
    def name(self) -> str:
        """Stable name, such as `jsonl`."""
        ...

    @property
    def what(self) -> str:
        """What it holds, in a phrase of Markdown, for the documentation."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File name endings, lower case, without compression."""
        ...

    @property
    def one_per_file(self) -> bool:
        """Whether a file is one article: then its digest is the record's."""
        ...

    def divide(self, file: InputFile) -> tuple[Span, ...]:
        """Cut a file on record boundaries into spans of about SPAN_BYTES, so that several workers can read it.

        It depends on the file's bytes alone. A file that cannot be cut, or cannot be read, is one span.
        """
        ...

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """Read a span, a block of records at a time; a file that fails ends with a faulty record."""
        ...

    def draft(self, record: RawRecord, file: InputFile, recognise: Recognise) -> Draft:
        """Make a draft of a record without a fault; `recognise` maps the keys of an object to fields."""
        ...
