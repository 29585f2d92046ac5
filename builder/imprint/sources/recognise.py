"""Recognition: which key of a raw record is which field of an article.

Laws: `[input.fields]` comes before what is recognised, what was decided for the file group before what a name suggests;
the first key with a value serves; keys that no field took are listed, never silently lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from imprint.findings import Finding
from imprint.sources.base import Draft
from imprint.sources.bodies import JOINED, body_text
from imprint.sources.names import WRITTEN_BY_IMPRINT, form, names_of

METADATA = ("metadata", "meta")
"""Keys below which datatrove, dolma and others keep what is not the text: an object, or an object written as JSON."""

ENVELOPES = (
    "article",
    "data",
    "_source",
    "doc",
    "document",
    "post",
    "item",
    "fields",
    "attributes",
    "node",
    "record",
)
"""Keys below which a service puts the whole article."""

SOURCE = "source"
"""Key below which some services keep the name of the outlet."""

NOTHING = frozenset(
    {"", "None", "none", "null", "NULL", "NaN", "nan", "NaT", "N/A", "n/a", "unknown", "Unknown", "-", "\\N"}
)
"""What tools write where they found nothing; a title or a text may be one of these words."""

LONGEST_NOTHING = max(map(len, NOTHING))

WORDS_COUNT = frozenset({"text", "title"})
"""Fields whose value may be one of the words in NOTHING."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided for one file group, by its values or in an earlier release."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Field to the keys that come before its names."""
    refused: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Field to the keys whose name it has, but whose values are something else."""


UNDECIDED = Decided()


SHAPES = 1000
"""Sets of keys that are remembered at a time."""


@dataclass(slots=True)
class Recogniser:
    """Maps the keys of one file group to the fields of the schema."""

    fields: tuple[str, ...]
    """Names of the schema's fields."""
    overrides: Mapping[str, str]
    """`[input.fields]`: field to key; dots lead into nested objects; an empty key leaves the field empty."""
    decided: Decided = UNDECIDED
    _shapes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _used: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each key served each field, in the shapes that were forgotten."""
    _keys: Counter[str] = field(default_factory=Counter)
    """How many records have each key, of the shapes that were forgotten."""
    _plans: dict[tuple[str, ...], _Plan] = field(default_factory=dict)

    def draft(self, record: Mapping[str, Any]) -> Draft:
        """Make a draft of a raw record."""
        if not _NESTING.isdisjoint(record):
            record = with_metadata(record)
            keys = keys_of(record)
        else:
            keys = tuple(record)
        plan = self._plans.get(keys)
        if plan is None:
            if len(self._plans) >= SHAPES:
                self._forget()
            plan = self._plans[keys] = self._plan(keys)
        self._shapes[keys] += 1
        values: dict[str, Any] = {}
        for take in plan.takes:
            for place, path in enumerate(take.paths):
                value = record[path] if path in record else reach(record, path)
                if type(value) is dict or (type(value) is list and take.name not in MANY):
                    value = plain(value)
                # Nearly every value is a string that begins like one: no more is asked of it.
                if (type(value) is str and len(value) > LONGEST_NOTHING and value[0].isalnum()) or (
                    value is not None and not is_nothing(take.name, value)
                ):
                    values[take.name] = value
                    take.hits[place] += 1
                    break
        if not plan.has_text:
            return Draft(values, fault=_no_text(keys))
        body = values.get("text")
        if body is not None and type(body) is not str and (joined := body_text(body)):
            values["text"] = joined
            return Draft(values, [JOINED])
        return Draft(values)

    @property
    def used(self) -> Counter[tuple[str, str]]:
        """How often each key served each field."""
        counts = Counter(self._used)
        for plan in self._plans.values():
            for take in plan.takes:
                served = zip(take.paths, take.hits, strict=True)
                counts.update({(take.name, path): hits for path, hits in served if hits})
        return counts

    def ignored(self) -> Counter[str]:
        """Keys that served no field in any record, and how many records have them."""
        self._forget()
        served = {key for _, path in self._used for key in (path, path.split(".")[0])}
        return Counter({key: count for key, count in self._keys.items() if key not in served})

    def _forget(self) -> None:
        """Keep the counts alone: where every record has keys of its own, shapes are as many as records."""
        self._used = self.used
        for keys, count in self._shapes.items():
            self._keys.update(dict.fromkeys(keys, count))
        self._shapes.clear()
        self._plans.clear()

    def _plan(self, keys: tuple[str, ...]) -> _Plan:
        """What serves each field of records with these keys."""
        takes: list[_Take] = []
        present = set(keys)
        for name in self.fields:
            if name in WRITTEN_BY_IMPRINT or self.overrides.get(name) == "":
                continue
            override = self.overrides.get(name, "")
            if override and (override in present or override.split(".")[0] in present):
                paths = [override]
            else:
                refused = self.decided.refused.get(name, frozenset())
                decided = [key for key in self.decided.keys.get(name, ()) if key in present]
                paths = [*decided, *(key for key in named(name, keys) if key not in refused)]
            if paths:
                distinct = tuple(dict.fromkeys(paths))
                takes.append(_Take(name, distinct, [0] * len(distinct)))
        return _Plan(takes, any(take.name == "text" for take in takes))


@dataclass(frozen=True, slots=True)
class _Take:
    name: str
    """Field."""
    paths: tuple[str, ...]
    """Keys that serve it, in this order."""
    hits: list[int]
    """How often each did."""


@dataclass(frozen=True, slots=True)
class _Plan:
    takes: list[_Take]
    has_text: bool


def named(name: str, keys: tuple[str, ...]) -> list[str]:
    """The keys whose name says that they are a field, the most telling first; those at the top before inner ones."""
    spelled: dict[str, str] = {}
    for key in reversed(keys):
        top, _, inner = key.partition(".")
        spelled[form(key)] = key
        if inner and top in METADATA:
            spelled.setdefault(f"{METADATA[0]}.{form(inner)}", key)
    # A key spelled as we would is preferred to one that only sounds the same.
    exact = set(keys)
    found = [key if key in exact else spelled.get(form(key)) for key in names_of(name)]
    inside = [spelled.get(f"{METADATA[0]}.{form(key)}") for key in names_of(name)]
    return [key for key in (*found, *inside) if key is not None]


def with_metadata(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record out of its envelope, whose metadata is an object where it is one written as JSON."""
    for key in ENVELOPES:
        inner = record.get(key)
        if isinstance(inner, dict) and _is_record(inner):
            record = {**{name: value for name, value in record.items() if name != key}, **inner}
            break
    for key in METADATA:
        inner = record.get(key)
        if isinstance(inner, str) and inner[:1] == "{":
            try:
                record = {**record, key: orjson.loads(inner)}
            except orjson.JSONDecodeError:
                continue
    return record


_NESTING = frozenset({*METADATA, *ENVELOPES, SOURCE})


def _is_record(value: Mapping[str, Any]) -> bool:
    """Whether an object is an article of its own, rather than the body of one."""
    keys = tuple(value)
    return bool(named("text", keys)) and any(named(name, keys) for name in ("title", "url", "published_at"))


def plain(value: Any) -> Any:
    """A value out of the wrapping that databases and services put around one: a list of it, `{"$date": …}`, `{"rendered": …}`."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        for key in WRAPPINGS:
            if key in value and not isinstance(value[key], (dict, list)):
                return value[key]
    return value


WRAPPINGS = ("$date", "$oid", "$numberLong", "rendered", "main", "#text", "$t", "@value")

MANY = frozenset({"text", "authors", "keywords"})
"""Fields that may hold a list; of a text, one that is structured."""


def keys_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of a record, and with a dot those inside its metadata and its `source`."""
    nested = [key for key in (*METADATA, SOURCE) if isinstance(record.get(key), dict)]
    return (
        tuple(record) if not nested else (*record, *(f"{k}.{inner}" for k in nested for inner in record[k]))
    )


def reach(record: Mapping[str, Any], path: str) -> Any:
    """The value at a path of keys with dots between them, or None."""
    value: Any = record
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def is_nothing(name: str, value: Any) -> bool:
    """Whether a value says that there is none: an empty one, a word for it, an address without a host."""
    if isinstance(value, str):
        if not value or value.isspace() or (value in NOTHING and name not in WORDS_COUNT):
            return True
        return name == "url" and value[0] == "/" and value[:2] != "//"
    return isinstance(value, (list, dict)) and not value


def _no_text(keys: tuple[str, ...]) -> Finding:
    seen = ", ".join(keys[:12]) or "none"
    hint = 'name it in the recipe: [input.fields] text = "KEY"'
    return Finding("no_text_field", f"no key is recognised as text; keys: {seen}", hint=hint)
