"""Date lines: a date on the first line of a text, as wikis and agencies write it.

Law: a line goes only if the whole of it is a date, and that date is the article's or the article has none.
"""

from __future__ import annotations

import re

from imprint.cleaning.dates import Date, parse_date

DATE_LINE = "date_line@1"
"""Step name: the date on the first line."""

LINE_CHARS = 60
"""Longer lines are no dates."""


_LABEL = re.compile(
    r"(?:(?:first )?(?:published|posted|released|issued|date|dated|written|created)(?: on| at)?)\s*:?\s+",
    re.IGNORECASE,
)
"""What may stand before the date on its line."""


def date_of_line(line: str) -> str | None:
    """The date that a line consists of, as it is written there; None where it is anything else."""
    if not 8 <= len(line) <= LINE_CHARS or not any(map(str.isdigit, line)):
        return None
    date = _LABEL.sub("", line, count=1) if _LABEL.match(line) else line
    return date if parse_date(date) is not None else None


def take_date_line(text: str, published: str | None) -> tuple[str, Date] | None:
    """The text without its date line, and the date; None where there is no such line.

    Args:
        text: a cleaned text.
        published: the article's time of publication, as RFC 3339, or None.
    """
    end = text.find("\n", 0, LINE_CHARS)
    line = text[:end]
    # Nearly every text is done here: its first line is a paragraph.
    if end < 0 or (written := date_of_line(line)) is None or not text[end:].strip():
        return None
    date = parse_date(written)
    if date is None or (published is not None and published[:10] != date.text[:10]):
        return None
    return text[end:].lstrip(), date
