"""Evidence: what the values of a key look like, and which field they therefore are.

Laws: a name settles a field unless its values are something else; without a name, a field is taken from values only where
exactly one key looks like it, and two that look alike are an ambiguity, not a guess. Scores are shares of the values
that fit, between 0 and 1.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from imprint.cleaning.dates import NO_DATE, parse_date
from imprint.cleaning.orders import NUMERIC_DATE
from imprint.errors import shorten
from imprint.findings import Finding
from imprint.sources.bodies import body_text
from imprint.sources.names import SOFT_KEYS, WRITTEN_BY_IMPRINT, form
from imprint.sources.recognise import Decided, keys_of, named, plain, reach, with_metadata

FITS = 0.9
"""Share of a key's values that must look like a field for it to be taken without a name."""

MISFITS = 0.1
"""Share below which a name is not believed."""

FEW = 3
"""Values below which a name is believed whatever they are."""

FILLED = 0.5
"""Share of the records that must have a key for it to be taken without a name."""

PROSE_CHARS = 200
"""A text by its looks has at least so many characters and a sentence's end."""

SHOWN = 4
"""Keys of an ambiguity that are named."""

DOMINANCE = 2.0
"""How many times longer a text must be than the next candidate, which is then its summary."""

_URL = re.compile(r"(?:https?://|//|www\.)[^\s/]+\.?[^\s]*")
_FILE_URL = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|ico|mp[34]|pdf|css|js)(?:[?#]|$)", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+\.)+[^\W\d]{2,}", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f\u06d4\u061f\u0964]")
_MARKUP = re.compile(r"</?(?:p|div|span|br|html|body|a)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Choice:
    """Why a key serves a field."""

    by: str
    """`recipe`, `name` or `values`."""
    score: float | None
    """Share of the sampled values that look like the field; None where none was sampled."""


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A field that several keys of a group could be."""

    field: str
    keys: tuple[str, ...]
    samples: tuple[str, ...]
    """A value of each key."""

    def finding(self) -> Finding:
        """What cannot be decided, and the line of the recipe that would."""
        seen = " or ".join(
            f"{key} ({sample})" for key, sample in zip(self.keys[:SHOWN], self.samples, strict=False)
        )
        seen += f" or {len(self.keys) - SHOWN} more" if len(self.keys) > SHOWN else ""
        none = "" if self.field == "text" else f', or {self.field} = "" for none of them'
        hint = f'say it in the recipe: [input.fields] {self.field} = "{self.keys[0]}"{none}'
        return Finding("ambiguous_field", f"{self.field} could be {seen}", hint=hint)


@dataclass(frozen=True, slots=True)
class Understanding:
    """How the keys of one file group are understood."""

    decided: Decided = field(default_factory=Decided)
    choices: Mapping[tuple[str, str], Choice] = field(default_factory=dict)
    """(field, key) to why."""
    ambiguities: tuple[Ambiguity, ...] = ()
    doubted: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(field, key) of names that are not believed to one of their values."""


def understand(
    records: Sequence[Mapping[str, Any]], fields: Sequence[str], overrides: Mapping[str, str]
) -> Understanding:
    """Decide on a file group from a sample of its records.

    Args:
        records: raw records.
        fields: names of the schema's fields.
        overrides: `[input.fields]`.
    """
    return _Weighing(records, fields, overrides).result()


class _Weighing:
    def __init__(
        self, records: Sequence[Mapping[str, Any]], fields: Sequence[str], overrides: Mapping[str, str]
    ) -> None:
        self.fields = [name for name in fields if name not in WRITTEN_BY_IMPRINT]
        self.overrides = overrides
        self.size = len(records)
        self.values: dict[str, list[Any]] = {}
        for record in map(with_metadata, records):
            for key in keys_of(record):
                value = plain(record[key] if key in record else reach(record, key))
                self.values.setdefault(key, [])
                if not _is_missing(value):
                    self.values[key].append(value)
        self.keys = tuple(self.values)
        self.choices: dict[tuple[str, str], Choice] = {}
        self.decided: dict[str, tuple[str, ...]] = {}
        self.refused: dict[str, frozenset[str]] = {}
        self.ambiguities: list[Ambiguity] = []
        self.doubted: dict[tuple[str, str], str] = {}

    def result(self) -> Understanding:
        open_fields = [name for name in self.fields if not self._by_name(name)]
        for name in open_fields:
            self._by_soft_name(name)
        for name in _BY_VALUES:
            if name in open_fields and name not in self.decided:
                self._by_values(name)
        return Understanding(
            Decided(self.decided, self.refused), self.choices, tuple(self.ambiguities), self.doubted
        )

    def _by_name(self, name: str) -> bool:
        """Settle a field by the recipe or by names; whether it is settled."""
        override = self.overrides.get(name)
        if override is not None:
            if override in self.values:
                self.choices[name, override] = Choice("recipe", self._score(name, override))
            # An override that no record has leaves the field to what is recognised.
            if override == "" or override in self.values or override.split(".")[0] in self.values:
                return True
        wrong = set()
        for key in named(name, self.keys):
            score = self._score(name, key)
            if score is not None and score < MISFITS and len(self.values[key]) >= FEW:
                wrong.add(key)
                self.doubted[name, key] = shorten(self.values[key][0], 60)
            else:
                self.choices[name, key] = Choice("name", score)
        if wrong:
            self.refused[name] = frozenset(wrong)
        return any(self.values[key] for field_name, key in self.choices if field_name == name)

    def _by_soft_name(self, name: str) -> None:
        for soft in SOFT_KEYS.get(name, ()):
            key = next((key for key in self._free() if form(key) == form(soft)), None)
            if key is not None and self._fits(name, key):
                self._take(name, key)
                return

    def _by_values(self, name: str) -> None:
        found = [key for key in self._free() if self._fits(name, key)]
        if name == "text" and len(found) > 1:
            lengths = {key: statistics.median(map(len, self._strings(key))) for key in found}
            found.sort(key=lambda key: -lengths[key])
            if lengths[found[0]] >= DOMINANCE * lengths[found[1]]:
                found = found[:1]
        if len(found) == 1:
            self._take(name, found[0])
        elif found:
            found.sort(key=self.keys.index)
            samples = tuple(shorten(self.values[key][0], 40) for key in found)
            self.ambiguities.append(Ambiguity(name, tuple(found), samples))

    def _take(self, name: str, key: str) -> None:
        self.decided[name] = (key,)
        self.choices[name, key] = Choice("values", self._score(name, key))

    def _free(self) -> list[str]:
        """Keys that no field has taken, whether or not they hold something."""
        taken = {key for _, key in self.choices} | set(self.overrides.values())
        return [key for key in self.keys if key not in taken]

    def _fits(self, name: str, key: str) -> bool:
        """Whether a key without a telling name can be a field."""
        values = self.values[key]
        if len(values) < FILLED * self.size:
            return False
        looks = _BY_VALUES.get(name, _SOFTLY.get(name))
        if looks is None or sum(map(looks, values)) < FITS * len(values):
            return False
        if name in _DISTINCT:
            distinct = len({str(value) for value in values})
            return distinct >= FITS * len(values) and not (name == "title" and _mostly_sentences(values))
        return True

    def _score(self, name: str, key: str) -> float | None:
        """Share of a key's values that look like a field; None for fields that look like nothing in particular."""
        looks = _LOOKS.get(name)
        values = self.values[key]
        return round(sum(map(looks, values)) / len(values), 3) if looks and values else None

    def _strings(self, key: str) -> list[str]:
        return [value if isinstance(value, str) else body_text(value) for value in self.values[key]]


def _is_missing(value: Any) -> bool:
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


def _mostly_sentences(values: Sequence[Any]) -> bool:
    return sum(str(value).rstrip().endswith((".", ":", ";", ",")) for value in values) > len(values) / 2


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 100 and "://" not in value and "\n" not in value.strip()


def _is_proper_name(value: Any) -> bool:
    """A name by its looks: `The Daily Post`, not the slug of a collection."""
    return _is_name(value) and "_" not in value and value != value.lower()


def _is_host(value: Any) -> bool:
    return isinstance(value, str) and _HOST.fullmatch(value.strip()) is not None


_LOOKS: dict[str, Callable[[Any], bool]] = {
    "text": _is_text,
    "title": _is_title,
    "url": _is_url,
    "published_at": is_date,
    "modified_at": is_date,
    "retrieved_at": is_date,
    "publisher": _is_name,
    "source_domain": _is_host,
}
"""What the values of a field look like, where a name says that they are it."""

_SOFTLY: dict[str, Callable[[Any], bool]] = {"publisher": _is_proper_name, "source_domain": _is_host}
"""What the values of a field look like, where its name may mean something else."""

_BY_VALUES: dict[str, Callable[[Any], bool]] = {
    "text": _is_prose,
    "url": _is_page,
    "published_at": _is_full_date,
    "title": _is_headline,
}
"""What the values of a field look like, where only they say so; in the order of decision."""

_DISTINCT = frozenset({"url", "title"})
"""Fields that hardly ever repeat: a value for many articles is a section's or a site's."""
