"""A file that cannot be read at all, such as a broken archive: one record that carries the fault."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from imprint.sources.base import Draft, InputFile, RawRecord, Recognise, Span, undivided


@dataclass(frozen=True, slots=True)
class Fault:
    """The format of what has none."""

    name: str = "fault"
    what: str = "a file that cannot be read"
    suffixes: tuple[str, ...] = ()
    one_per_file: bool = False

    def divide(self, file: InputFile) -> tuple[Span, ...]:
        """One span: the file is read from its beginning."""
        return undivided(file)

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """The one record, whose fault the scan found."""
        yield [RawRecord(span.first_row, hashlib.sha256().hexdigest(), None, span.file.fault)]

    def draft(self, record: RawRecord, file: InputFile, recognise: Recognise) -> Draft:
        """Never asked for: the record has a fault."""
        return Draft({}, fault=record.fault)


FAULT = Fault()
