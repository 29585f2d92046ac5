"""Looks: what the values of a field look like, where a name says that they are it, and where only they do.

Law: a look asks for less where there is a name, and never for what a careful reader would not see in the values alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from imprint.cleaning.dates import NO_DATE, parse_date
from imprint.cleaning.orders import NUMERIC_DATE
from imprint.sources.bodies import body_text

PROSE_CHARS = 200
"""A text by its looks has at least so many characters and a sentence's end."""

_URL = re.compile(r"(?:https?://|//|www\.)[^\s/]+\.?[^\s]*")
_FILE_URL = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|ico|mp[34]|pdf|css|js)(?:[?#]|$)", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+\.)+[^\W\d]{2,}", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f\u06d4\u061f\u0964]")
_MARKUP = re.compile(r"</?(?:p|div|span|br|html|body|a)\b", re.IGNORECASE)


def is_missing(value: Any) -> bool:
    """Whether a value says that there is none."""
    return value in (None, [], {}) or (isinstance(value, str) and value.strip().casefold() in NO_DATE)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or bool(body_text(value))


def _is_prose(value: Any) -> bool:
    text = value if isinstance(value, str) else body_text(value)
    return len(text) >= PROSE_CHARS and bool(_SENTENCE_END.search(text)) and not _MARKUP.search(text)


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and _URL.fullmatch(value.strip()) is not None


def _is_page(value: Any) -> bool:
    return _is_url(value) and not _FILE_URL.search(value)


def is_date(value: Any) -> bool:
    """Whether a value is a date, if perhaps one whose day and month are not yet told apart."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1:
        return parse_date(str(int(value))) is not None
    return isinstance(value, str) and (
        parse_date(value) is not None or NUMERIC_DATE.fullmatch(" ".join(value.split())) is not None
    )


def _is_full_date(value: Any) -> bool:
    """A date by its looks alone: a year, or digits only, could be any number."""
    return isinstance(value, str) and not value.strip().isdigit() and is_date(value)


def _is_title(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 300 and "\n" not in value.strip()


def _is_headline(value: Any) -> bool:
    """A title by its looks: some words on one line."""
    if not _is_title(value) or _is_url(value) or is_date(value):
        return False
    return len(value.split()) >= 3 or (not value.isascii() and len(value) >= 8)


def mostly_sentences(values: Sequence[Any]) -> bool:
    """Whether more than half of some values end like sentences, as summaries do and titles do not."""
    return sum(str(value).rstrip().endswith((".", ":", ";", ",")) for value in values) > len(values) / 2


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 100 and "://" not in value and "\n" not in value.strip()


def _are_words(value: Any) -> bool:
    """Names or tags, in whatever form; numbers are the ids of some table."""
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, (str, dict)) for item in items)


def _is_proper_name(value: Any) -> bool:
    """A name by its looks: `The Daily Post`, not the slug of a collection."""
    return _is_name(value) and "_" not in value and value != value.lower()


def _is_host(value: Any) -> bool:
    return isinstance(value, str) and _HOST.fullmatch(value.strip()) is not None


LOOKS: dict[str, Callable[[Any], bool]] = {
    "text": _is_text,
    "title": _is_title,
    "url": _is_url,
    "published_at": is_date,
    "modified_at": is_date,
    "retrieved_at": is_date,
    "publisher": _is_name,
    "source_domain": _is_host,
    "authors": _are_words,
    "keywords": _are_words,
    "section": _are_words,
}
"""What the values of a field look like, where a name says that they are it."""

SOFTLY: dict[str, Callable[[Any], bool]] = {"publisher": _is_proper_name, "source_domain": _is_host}
"""What the values of a field look like, where its name may mean something else."""

BY_VALUES: dict[str, Callable[[Any], bool]] = {
    "text": _is_prose,
    "url": _is_page,
    "published_at": _is_full_date,
    "title": _is_headline,
}
"""What the values of a field look like, where only they say so; in the order of decision."""

DISTINCT = frozenset({"url", "title"})
"""Fields that hardly ever repeat: a value for many articles is a section's or a site's."""
