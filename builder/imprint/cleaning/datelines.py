"""Date lines: a date on the first line of a text, as wikis and agencies write it.

Law: a line goes only if the whole of it is a date, and that date is the article's or the article has none.
"""

from __future__ import annotations

from imprint.cleaning.dates import Date, parse_date

DATE_LINE = "date_line@1"
"""Step name: the date on the first line."""

LINE_CHARS = 40
"""Longer lines are no dates."""


def take_date_line(text: str, published: str | None) -> tuple[str, Date] | None:
    """The text without its date line, and the date; None where there is no such line.

    Args:
        text: a cleaned text.
        published: the article's time of publication, as RFC 3339, or None.
    """
    end = text.find("\n", 0, LINE_CHARS)
    line = text[:end]
    # Nearly every text is done here: its first line is a paragraph.
    if end < 8 or not any(map(str.isdigit, line)) or not text[end:].strip():
        return None
    date = parse_date(line)
    if date is None or (published is not None and published[:10] != date.text[:10]):
        return None
    return text[end:].lstrip(), date
