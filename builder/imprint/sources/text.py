"""Plain text: one article a file, as scrapers lay it out.

The layout: a title line, a blank line, perhaps a date line, perhaps the title again, then paragraphs. What is not there
is not invented: a file without a title line has no title.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from imprint.cleaning.dates import parse_date
from imprint.cleaning.titles import same_title
from imprint.errors import Place, shorten
from imprint.findings import Finding
from imprint.sources.base import Draft, RawRecord, Span
from imprint.sources.compression import DamagedStreamError, blocks, split_suffix
from imprint.sources.lines import BLOCK_BYTES, MAX_LINE_BYTES

TITLE_CHARS = 300
"""A longer first line is a paragraph, not a title."""

HEAD_LINES = 4
"""Lines below the title among which a date line or the title again may stand."""


@dataclass(frozen=True, slots=True)
class Text:
    """The format of .txt files."""

    name: str = "txt"
    suffixes: tuple[str, ...] = (".txt",)
    one_per_file: bool = True

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """Read the file of a span: one record."""
        digest = hashlib.sha256()
        pieces: list[bytes] = []
        size = 0
        fault = None
        try:
            for block in blocks(span.file.path, span.file.compression, BLOCK_BYTES):
                digest.update(block)
                size += len(block)
                # Beyond the limit the file is digested to its end, but not kept.
                pieces = [*pieces, block] if size <= MAX_LINE_BYTES else []
        except DamagedStreamError as error:
            fault = Finding("truncated_stream", f"the file is damaged: {error}")
        except OSError as error:
            fault = Finding("unreadable_file", error.strerror or str(error))
        if size > MAX_LINE_BYTES:
            message = f"the file has {size:,} bytes; an article may have {MAX_LINE_BYTES:,}"
            fault = Finding("record_too_large", message)
        yield [RawRecord(1, digest.hexdigest(), b"".join(pieces) if fault is None else None, fault)]


TEXT = Text()


def parse(record: RawRecord, name: str) -> Draft:
    """The draft of a text file; `name` is its path, whose stem is the source's id."""
    data: bytes = record.payload
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        seen = shorten(data[max(0, error.start - 20) : error.start + 20])
        message = f"byte {error.start + 1} of the file is not UTF-8"
        return Draft({}, fault=Finding("invalid_utf8", message, Place(value=seen)))
    stem = PurePosixPath(split_suffix(name)[0]).stem
    title, date, body, steps = split_head(text)
    return Draft({"title": title, "text": body, "published_at": date, "source_id": stem}, steps)


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
    body = rest
    for _ in range(HEAD_LINES):
        line, behind = _next_line(body)
        if same_title(line, first):
            steps.append("repeated_title@1")
        elif date is None and _is_date_line(line):
            date = line
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
    if same_title(second, first) or same_title(_next_line(behind)[0], first) or _is_date_line(second):
        return True
    set_off = not rest.partition("\n")[0].strip()
    # A sentence of its own is a short first paragraph.
    return set_off and not first.endswith((".", ":", ";", ","))


def _is_date_line(line: str) -> bool:
    return 8 <= len(line) <= 40 and any(map(str.isdigit, line)) and parse_date(line) is not None
