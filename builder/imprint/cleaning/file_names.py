"""File names: the date in the name of a one-article file, as static sites and archives write it.

Law: only a whole date that can be read one way counts, and only where nothing else dates the article.
"""

from __future__ import annotations

import re

from imprint.cleaning.dates import Date, parse_date

FILE_DATE = "file_date@1"
"""Step name: the date of publication was read from the file's name."""

_PATTERNS = (
    re.compile(r"(?<!\d)(?P<iso>(?:1[5-9]|20)\d{2}([-_.])\d{2}\2\d{2})(?!\d)"),
    re.compile(r"^(?P<basic>(?:1[5-9]|20)\d{6})(?=[-_T])"),
    re.compile(r"^(?P<day>\d{1,2})[-_ ]?(?P<month>[A-Za-z]{3,9})[-_ ]?(?P<year>(?:1[5-9]|20)\d{2})(?!\d)"),
)


def date_in_name(stem: str) -> tuple[Date, str] | None:
    """The date in a file's stem and the characters that it was read from; None where there is none."""
    for pattern in _PATTERNS:
        for match in pattern.finditer(stem):
            parts = match.groupdict()
            if "iso" in parts:
                spelled = re.sub("[_.]", "-", parts["iso"])
            else:
                spelled = parts.get("basic") or f"{parts['day']} {parts['month']} {parts['year']}"
            if (date := parse_date(spelled)) is not None:
                return date, match[0]
    return None
