"""Dates: from what sources write to RFC 3339 in UTC, with the precision that was there.

Laws: a part that is missing is never filled from today; a time without a zone is taken as UTC; what cannot be read is
None, and validation rejects the record with the value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from imprint.article import EPOCH, rfc3339

NO_DATE = frozenset({"", "none", "null", "nan", "n/a", "unknown"})
"""Words that extractors write where they found no date."""


@dataclass(frozen=True, slots=True)
class Date:
    """A moment as it was read."""

    text: str
    """RFC 3339 with Z."""
    micros: int
    """Microseconds since 1970."""
    precision: str
    """How much was given: year, month, day, minute, second or microsecond."""


DATE_CHARS = 200
"""A longer value is no date; the cache must not keep articles."""


def parse_date(value: str) -> Date | None:
    """Read a date; None where it cannot be read without guessing."""
    return _parsed(value) if len(value) <= DATE_CHARS else None


@lru_cache(maxsize=1 << 16)
def _parsed(value: str) -> Date | None:
    value = " ".join(value.split())
    if value[-1:] in _MERIDIEM_ENDS:
        value = _TWELVE_HOURS.sub(_twenty_four, value)
    parsed = _iso(value) or _written(value) or _mail(value) or _epoch(value)
    if parsed is None:
        return None
    moment, precision = parsed
    try:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (OverflowError, ValueError):  # a zone that leads out of the years 1 to 9999
        return None
    return Date(rfc3339(moment), (moment - EPOCH) // (EPOCH.resolution), precision)


_MERIDIEM_ENDS = frozenset("mM.")
_TWELVE_HOURS = re.compile(r"\b(1[0-2]|0?[1-9])(:\d{2}(?::\d{2})?) ?([ap])\.?m\.?$", re.ASCII | re.IGNORECASE)


def _twenty_four(match: re.Match[str]) -> str:
    hour = int(match[1]) % 12 + (12 if match[3] in "pP" else 0)
    return f"{hour:02d}{match[2]}"


_ISO = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:(?:[Tt ]| at )(?P<clock>\d{1,2}:\d{2})(?P<second>:\d{2})?(?P<fraction>[.,]\d+)?"
    r" ?(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?)?)?",
    re.ASCII,
)
_BASIC = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{4})?)?", re.ASCII)
"""ISO 8601 without separators, as file names and archives write it."""


_SLASHES = re.compile(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?!\d)", re.ASCII)
"""The year first leaves no doubt which number is the month."""


def _dashed(match: re.Match[str]) -> str:
    return f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}"


def _iso(value: str) -> tuple[datetime, str] | None:
    if basic := _BASIC.fullmatch(value):
        year, month, day, hour, minute, second, zone = basic.groups()
        value = f"{year}-{month}-{day}"
        value += f"T{hour}:{minute}{f':{second}' if second else ''}{zone or ''}" if hour else ""
    match = _ISO.fullmatch(_SLASHES.sub(_dashed, value))
    if match is None or (match["fraction"] and not match["second"]):
        return None
    year, month, day, clock, second, fraction, zone = match.group(
        "year", "month", "day", "clock", "second", "fraction", "zone"
    )
    zone = "+00:00" if zone in {"Z", "z", "UTC", "GMT"} else zone or ""
    text = f"{year}-{month or '01'}-{day or '01'}"
    if clock:
        # Digits beyond microseconds are cut: no column holds them.
        digits = "." + fraction[1:7].ljust(6, "0") if fraction else ""
        text += f"T{clock.rjust(5, '0')}{second or ''}{digits}{zone}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if clock is None:
        return moment, "day" if day else "month" if month else "year"
    return moment, "microsecond" if moment.microsecond else "second" if second else "minute"


_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH = "(?P<month>" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _MONTHS) + "|sept)"
_DAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_WRITTEN = (
    re.compile(
        _DAY + _MONTH + r"\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})",
        re.ASCII | re.IGNORECASE,
    ),
    re.compile(
        _DAY + r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\.?\s+" + _MONTH + r"\.?,?\s+(?P<year>\d{4})",
        re.ASCII | re.IGNORECASE,
    ),
)


_CLOCK = re.compile(r"\A(?:,|,? at|,? [-\u2013\u2014|])? (?=\d)", re.IGNORECASE)
"""What stands between a written date and its time."""

_ZONES = {"EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00",
          "PST": "-08:00", "PDT": "-07:00"}  # fmt: skip
"""The zones that RFC 2822 names; the letters of others mean different things in different places."""

_MONTH_ONLY = re.compile(_MONTH + r"\.?,? (?P<year>\d{4})", re.ASCII | re.IGNORECASE)


def _written(value: str) -> tuple[datetime, str] | None:
    """Dates with the month as an English word, which cannot be misread."""
    if match := _MONTH_ONLY.fullmatch(value):
        month = next(i for i, name in enumerate(_MONTHS, 1) if name[:3] == match["month"][:3].lower())
        return datetime(max(int(match["year"]), 1), month, 1), "month"
    for pattern in _WRITTEN:
        if match := pattern.match(value):
            month = next(i for i, name in enumerate(_MONTHS, 1) if name[:3] == match["month"][:3].lower())
            clock = _CLOCK.sub(" ", value[match.end() :], count=1)
            zone = _ZONES.get(clock[-3:].upper())
            clock = clock if zone is None else clock[:-3].rstrip() + zone
            return _iso(f"{match['year']}-{month:02d}-{int(match['day']):02d}{clock}")
    return None


_MAIL = re.compile(
    r"(?:[A-Za-z]{3},? )?\d{1,2} [A-Za-z]{3} (?P<year>\d{4}) \d{2}:\d{2}(?P<second>:\d{2})?"
    r"(?: (?:[+-]\d{4}|UT|UTC|GMT|Z|[ECMP][SD]T)(?: \([^()]*\))?)?",
    re.ASCII,
)
"""RFC 2822 with the zones that it names; the letters of other zones mean different things in different places."""


def _mail(value: str) -> tuple[datetime, str] | None:
    """RFC 2822, as feeds write it: `Wed, 07 Feb 2024 17:20:20 +0000`."""
    match = _MAIL.fullmatch(value)
    # The library reads years below 100 as of this century.
    if match is None or match["year"].startswith("00"):
        return None
    try:
        return parsedate_to_datetime(value), "second" if match["second"] else "minute"
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


_EPOCH_SECONDS = range(10**8, 10**10)
"""Seconds since 1970 from 1973 to 2286: numbers that no other date is written as; thousands of them are milliseconds."""


def _epoch(value: str) -> tuple[datetime, str] | None:
    """Seconds or milliseconds since 1970."""
    if not value.isascii() or not value.isdigit() or len(value) > 13:
        return None
    number = int(value)
    if number in _EPOCH_SECONDS:
        return datetime.fromtimestamp(number, UTC), "second"
    if number // 1000 in _EPOCH_SECONDS:
        return EPOCH + timedelta(milliseconds=number), "microsecond" if number % 1000 else "second"
    return None
