"""Written dates: with the month as a word, with twelve hours, with a zone by its letters: to the form of ISO 8601.

Law: what is turned can be read one way only: a month that is a word is no day, and only the zones that RFC 2822 names
mean the same everywhere.
"""

from __future__ import annotations

import re

from imprint.cleaning.months import MONTHS, WEEKDAYS

_TWELVE_HOURS = re.compile(
    r"\b(1[0-2]|0?[1-9])(:\d{2}(?::\d{2})?) ?([ap])\.?m\b\.?", re.ASCII | re.IGNORECASE
)
_ZONES = {"EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00",
          "PST": "-08:00", "PDT": "-07:00", "UT": "+00:00"}  # fmt: skip
_NAMED_ZONE = re.compile(r"(?<=\d) ?\(?(" + "|".join(_ZONES) + r")\)?$")
_PLACE = re.compile(r"\[[\w/+-]{1,40}\]$")
"""What RFC 9557 puts behind an offset: `+01:00[Europe/Paris]`."""

_WORD = r"(?P<month>[^\W\d_]{3,12})"
_SHAPES = (
    re.compile(_WORD + r"\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})(?P<rest>\D.*)?"),
    re.compile(
        r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º|°)?(?: of(?= )| de(?= )|-)? ?"
        + _WORD
        + r"\.?,?(?: del?| |-) ?(?P<year>\d{4})(?P<rest>\D.*)?"
    ),
    re.compile(
        r"(?P<year>\d{4})\s?[年년] ?(?P<number>\d{1,2})\s?[月월] ?(?P<day>\d{1,2})\s?[日일](?P<rest>.*)"
    ),
    # Unix' ctime, as services write it: `Wed Feb 07 17:20:20 +0000 2018`.
    re.compile(
        _WORD + r" (?P<day>\d{1,2})(?P<rest> \d{2}:\d{2}:\d{2}(?: (?:[+-]\d{4}|UTC|GMT))?) (?P<year>\d{4})"
    ),
)
_MONTH_AND_YEAR = re.compile(_WORD + r"\.?,?(?: de| del)? (?P<year>\d{4})")
_BEFORE = re.compile(r"(?P<word>[^\W\d_][\w-]*)\.?,? (?=\S)")
_BEFORE_CLOCK = re.compile(r"\A ?(?:,|at|um|à|a las|às|ore|kl\.?|[-\u2013\u2014|/])? ?(?=\d)", re.IGNORECASE)
"""What stands between a written date and its time."""

_BETWEEN = re.compile(r"\A,? ?")


def tidied(value: str) -> str:
    """A date with 24 hours and its zone as an offset, where it has either otherwise; single spaces are expected."""
    value = _PLACE.sub("", value)
    if "m" in value[-8:].lower():
        value = _TWELVE_HOURS.sub(_twenty_four, value)
    return _NAMED_ZONE.sub(lambda match: _ZONES[match[1]], value)


def in_numbers(value: str) -> str | None:
    """A date whose month is a word, as ISO 8601 has it; None where it is anything else."""
    value = _without_weekday(value.casefold())
    if (match := _MONTH_AND_YEAR.fullmatch(value)) and (month := MONTHS.get(match["month"])):
        return f"{match['year']}-{month:02d}"
    for shape in _SHAPES:
        if match := shape.fullmatch(value):
            groups = match.groupdict()
            number = groups.get("number") or MONTHS.get(groups.get("month") or "")
            if number:
                return f"{groups['year']}-{int(number):02d}-{int(groups['day']):02d}{_clock(groups['rest'] or '')}"
    return None


def _without_weekday(value: str) -> str:
    for _ in range(2):  # an article, and the day of the week
        if (match := _BEFORE.match(value)) and match["word"] in WEEKDAYS:
            value = value[match.end() :]
    return value


def _clock(rest: str) -> str:
    rest = _BETWEEN.sub("", rest.upper(), count=1)
    return f" {_BEFORE_CLOCK.sub('', rest, count=1)}" if rest else ""


def _twenty_four(match: re.Match[str]) -> str:
    hour = int(match[1]) % 12 + (12 if match[3] in "pP" else 0)
    return f"{hour:02d}{match[2]}"
