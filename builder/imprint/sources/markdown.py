"""Markdown: one article a file, with or without a header; the body stays Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imprint.findings import Finding
from imprint.sources.base import Draft, InputFile, RawRecord, Recognise, Span, undivided
from imprint.sources.header import Header, decode_headed
from imprint.sources.whole import read_whole, recognise_whole

_HEADING = re.compile(
    r"\s*#[ \t]+(?P<atx>[^\n]+?)[ \t#]*(?:\n|\Z)|\s*(?P<setext>[^\n#>*-][^\n]*)\n=+[ \t]*(?:\n|\Z)"
)


@dataclass(frozen=True, slots=True)
class Markdown:
    """The format of .md and .markdown files."""

    name: str = "md"
    what: str = "one article a file, with a `---` header (YAML) or a heading as its title"
    suffixes: tuple[str, ...] = (".md", ".markdown")
    one_per_file: bool = True

    def divide(self, file: InputFile) -> tuple[Span, ...]:
        """One span: the file is read from its beginning."""
        return undivided(file)

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """Read the file of a span: one record."""
        return read_whole(span)

    def draft(self, record: RawRecord, file: InputFile, recognise: Recognise) -> Draft:
        """The draft of a Markdown file; without a title in the header, the first heading is it."""
        decoded = decode_headed(record.payload)
        if isinstance(decoded, Finding):
            return Draft({}, fault=decoded)
        text, header, encoding = decoded
        header = header or Header({}, text)
        draft = recognise_whole(record, file, header.values, header.body, recognise)
        heading = _HEADING.match(header.body)
        if heading is not None and "title" not in draft.values:
            draft.values["title"] = heading["atx"] or heading["setext"]
            draft.values["text"] = header.body[heading.end() :]
            draft.steps.append("heading_as_title@1")
        draft.steps = [*encoding.step, *draft.steps]
        return draft


MARKDOWN = Markdown()
