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
from imprint.cleaning.written import in_numbers, tidied

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
    parsed = _iso(value) or _written(value) or _mail(value) or _epoch(value)
    if parsed is None:
        return None
    moment, precision = parsed
    try:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (OverflowError, ValueError):  # a zone that leads out of the years 1 to 9999
        return None
    return Date(rfc3339(moment), (moment - EPOCH) // (EPOCH.resolution), precision)


_ISO = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:(?:[Tt ]| at )(?P<clock>\d{1,2}:\d{2})(?P<second>:\d{2})?(?P<fraction>[.,]\d+)?"
    r" ?(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?)?)?",
    re.ASCII,
)
_BASIC = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{4})?)?", re.ASCII)
"""ISO 8601 without separators, as file names and archives write it; those also without the T."""


_SLASHES = re.compile(r"^(\d{4})([/.-])(\d{1,2})\2(\d{1,2})(?!\d)", re.ASCII)
"""The year first leaves no doubt which number is the month."""


def _dashed(match: re.Match[str]) -> str:
    return f"{match[1]}-{match[3]:0>2}-{match[4]:0>2}"


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


def _written(value: str) -> tuple[datetime, str] | None:
    """Dates with the month as a word, with twelve hours, or with a named zone."""
    value = tidied(value)
    numbers = in_numbers(value)
    return _iso(value if numbers is None else numbers)


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
    whole, dot, digits = value.partition(".")
    if not value.isascii() or not whole.isdigit() or len(whole) > 13 or (dot and not digits.isdigit()):
        return None
    number = int(whole)
    if digits.strip("0"):
        # Python's time.time() and the like: a fraction of a second.
        if number not in _EPOCH_SECONDS:
            return None
        return EPOCH + timedelta(seconds=number, microseconds=int(digits[:6].ljust(6, "0"))), "microsecond"
    if number in _EPOCH_SECONDS:
        return datetime.fromtimestamp(number, UTC), "second"
    if number // 1000 in _EPOCH_SECONDS:
        return EPOCH + timedelta(milliseconds=number), "microsecond" if number % 1000 else "second"
    return None
