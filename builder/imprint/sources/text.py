"""Plain text: one article a file, as scrapers lay it out.

The layout: a title line, a blank line, perhaps a date line, perhaps the title again, then paragraphs. What is not there
is not invented: a file without a title line has no title. A `---` header, as extractors write it, is read as in Markdown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from imprint.cleaning.datelines import date_of_line
from imprint.cleaning.titles import same_title
from imprint.findings import Finding
from imprint.sources.base import Draft, InputFile, RawRecord, Recognise, Span, undivided
from imprint.sources.header import Header, decode_headed
from imprint.sources.whole import read_whole, recognise_whole, stem_of

TITLE_CHARS = 300
"""A longer first line is a paragraph, not a title."""

HEADLINE_CHARS = 150
PARAGRAPH_CHARS = 200
"""Lengths of a line that is a headline above one that is a whole paragraph, with no blank line between."""

CAPITAL_WORDS = 3

HEAD_LINES = 4
"""Lines below the title among which a date line or the title again may stand."""


@dataclass(frozen=True, slots=True)
class Text:
    """The format of .txt files."""

    name: str = "txt"
    what: str = "one article a file: title line, date line, paragraphs; or a `---` header"
    suffixes: tuple[str, ...] = (".txt",)
    one_per_file: bool = True

    def divide(self, file: InputFile) -> tuple[Span, ...]:
        """One span: the file is read from its beginning."""
        return undivided(file)

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """Read the file of a span: one record."""
        return read_whole(span)

    def draft(self, record: RawRecord, file: InputFile, recognise: Recognise) -> Draft:
        """The draft of a text file, whose stem is the source's id."""
        decoded = decode_headed(record.payload)
        if isinstance(decoded, Finding):
            return Draft({}, fault=decoded)
        text, header, encoding = decoded
        if header is not None or record.beside:
            header = header or Header({}, text)
            draft = recognise_whole(record, file, header.values, header.body, recognise)
            draft.steps = [*encoding.step, *draft.steps]
            return _with_head(draft)
        title, date, body, steps = split_head(text)
        values = {"title": title, "text": body, "published_at": date, "source_id": stem_of(file.name)}
        return Draft(values, [*encoding.step, *steps])


TEXT = Text()


def _with_head(draft: Draft) -> Draft:
    """A draft whose title, where no metadata gives it, is read from the head of its text."""
    if "title" not in draft.values:
        title, date, draft.values["text"], steps = split_head(draft.values["text"])
        if title is not None:
            draft.values["title"] = title
            draft.steps += steps
        if date is not None:
            draft.values.setdefault("published_at", date)
    return draft


def split_head(text: str) -> tuple[str | None, str | None, str, list[str]]:
    """Take title and date line off the head of a text.

    Returns:
        Title or None, the date line or None, the rest, and the steps that removed something.
    """
    first, rest = _next_line(text)
    if not _is_title(first, rest):
        return None, None, text, []
    date = None
    steps = []
    line, behind = _next_line(rest)
    body = behind if _is_underline(line) else rest
    for _ in range(HEAD_LINES):
        line, behind = _next_line(body)
        if same_title(line, first):
            steps.append("repeated_title@1")
        elif date is None and (dated := date_of_line(line)) is not None:
            date = dated
            steps.append(f"date_line@1: {line}")
        else:
            break
        body = behind
    return first, date, body, steps


def _next_line(text: str) -> tuple[str, str]:
    """The first line that is not blank, stripped, and what follows it."""
    line, _, rest = text.lstrip().partition("\n")
    return line.strip(), rest


def _is_title(first: str, rest: str) -> bool:
    """Whether the first line is a headline: short, and set off by a blank line, a date or itself again."""
    if not first or len(first) > TITLE_CHARS or not rest.strip():
        return False
    second, behind = _next_line(rest)
    if same_title(second, first) or same_title(_next_line(behind)[0], first):
        return True
    if date_of_line(second) is not None or _is_underline(second):
        return True
    if first.endswith((".", ":", ";", ",")):
        # A sentence of its own is a short first paragraph.
        return False
    set_off = not rest.partition("\n")[0].strip()
    return set_off or _is_headline_above(first, second)


def _is_headline_above(first: str, second: str) -> bool:
    """Whether a line is a headline although no blank line sets it off: written in capitals, or short above a long paragraph.

    In text that was wrapped at a width, lines are of one length; a paragraph on one line is not wrapped.
    """
    if len(first.split()) >= CAPITAL_WORDS and first.isupper() and not second.isupper():
        return True
    return len(first) <= HEADLINE_CHARS and len(second) >= PARAGRAPH_CHARS


def _is_underline(line: str) -> bool:
    return len(line) >= 3 and line in (len(line) * "=", len(line) * "-")
