"""Recognition: which key of a raw record is which field of an article.

Laws: `[input.fields]` comes before what is recognised; a field's own name comes before other names for it; the first
key with a value serves; keys that no field took are listed, never silently lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from imprint.findings import Finding
from imprint.sources.base import Draft

KEYS: dict[str, tuple[str, ...]] = {
    "text": ("maintext", "body", "content_text", "article_text", "full_text", "plain_text", "content", "article", "articleBody"),
    "title": ("headline", "title_page", "title_rss"),
    "url": ("canonical_link", "canonical_url", "link", "permalink", "source_url", "page_url", "uri", "web_url", "responded_url", "requested_url"),
    "source_id": ("id", "article_id", "guid", "uuid", "doc_id", "slug"),
    "source_domain": ("domain", "hostname", "source-hostname", "host"),
    "publisher": ("sitename", "site_name", "outlet", "newspaper"),
    "authors": ("author", "byline"),
    "section": ("section_name", "articleSection", "category", "categories", "topic"),
    "keywords": ("tags", "topics"),
    "language": ("lang", "meta_lang"),
    "published_at": (
        "date_publish", "publish_date", "publishing_date", "publication_date", "pub_date", "pubDate",
        "datePublished", "published_date", "published", "date", "created",
    ),
    "modified_at": ("date_modify", "date_modified", "dateModified", "modified_date", "modified", "updated_at", "updated"),
    "retrieved_at": ("date_download", "download_date", "crawled_at", "fetched_at", "scraped_at", "filedate"),
    "license": ("licence",),
    "license_url": ("licence_url",),
}  # fmt: skip
"""Other names of each field, the most telling first: what trafilatura, news-please, newspaper4k, fundus, datatrove and
dolma write, and what people write by hand."""


def priority(name: str, key: str) -> tuple[int, str]:
    """Sort value of a key among those that serve a field: the field's own name, then KEYS, then any other."""
    known = tuple(other.casefold() for other in (name, *KEYS.get(name, ())))
    key = key.casefold()
    return (known.index(key) if key in known else len(known)), key


KNOWN_KEYS = frozenset(
    key.casefold() for name, others in KEYS.items() for key in (name, *others) if key != "content"
)
"""Keys that name a field at sight, casefolded."""

WRITTEN_BY_IMPRINT = frozenset(
    {"id", "input_file", "input_row", "raw_sha256", "text_sha256", "processing", "dup_cluster", "added_in",
     "date_precision"}
)  # fmt: skip
"""Fields that no key of the input may fill."""


@dataclass(slots=True)
class Recogniser:
    """Maps the keys of one file group to the fields of the schema."""

    fields: tuple[str, ...]
    """Names of the schema's fields."""
    overrides: Mapping[str, str]
    """`[input.fields]`: field to key; dots lead into nested objects."""
    remembered: Mapping[str, Iterable[str]] = field(default_factory=dict)
    """Keys that the previous release took for a field of this group: they come first."""
    used: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each key served each field."""
    _shapes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _plans: dict[tuple[str, ...], _Plan] = field(default_factory=dict)

    def draft(self, record: Mapping[str, Any]) -> Draft:
        """Make a draft of a raw record."""
        record = _with_metadata(record)
        keys = _keys(record)
        self._shapes[keys] += 1
        plan = self._plans.get(keys)
        if plan is None:
            plan = self._plans[keys] = self._plan(keys)
        values = {}
        for name, paths in plan.takes:
            for path in paths:
                value = _reach(record, path)
                if value is not None and not (isinstance(value, str) and (not value or value.isspace())):
                    values[name] = value
                    self.used[name, path] += 1
                    break
        if plan.has_text:
            return Draft(values)
        seen = ", ".join(keys[:12]) or "none"
        hint = 'name it in the recipe: [input.fields] text = "KEY"'
        fault = Finding("no_text_field", f"no key is recognised as text; keys: {seen}", hint=hint)
        return Draft(values, fault=fault)

    def ignored(self) -> Counter[str]:
        """Keys that served no field in any record, and how many records have them."""
        served = {key for _, path in self.used for key in (path, path.split(".")[0])}
        counts: Counter[str] = Counter()
        for keys, count in self._shapes.items():
            counts.update({key: count for key in keys if key not in served})
        return counts

    def _plan(self, keys: tuple[str, ...]) -> _Plan:
        """What serves each field of records with these keys."""
        takes: list[tuple[str, tuple[str, ...]]] = []
        present = set(keys)
        spelling = {key.casefold(): key for key in reversed(keys)}
        for name in self.fields:
            if name in WRITTEN_BY_IMPRINT:
                continue
            override = self.overrides.get(name, "")
            if override and (override in present or override.split(".")[0] in present):
                paths = [override]
            else:
                others = (name, *KEYS.get(name, ()))
                # What an override decided once is not remembered: it ends with the override.
                known = [key for key in self.remembered.get(name, ()) if key.rpartition(".")[2] in others]
                spelled = [spelling[key.casefold()] for key in others if key.casefold() in spelling]
                inner = [f"{METADATA}.{key}" for key in others if f"{METADATA}.{key}" in present]
                paths = [key for key in (*known, *others, *spelled, *inner) if key in present]
            if paths:
                takes.append((name, tuple(dict.fromkeys(paths))))
        return _Plan(takes, any(name == "text" for name, _ in takes))


@dataclass(frozen=True, slots=True)
class _Plan:
    takes: list[tuple[str, tuple[str, ...]]]
    has_text: bool


METADATA = "metadata"
"""Key below which datatrove and dolma keep what is not the text: an object, or an object written as JSON."""


def _with_metadata(record: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = record.get(METADATA)
    if isinstance(inner, str) and inner[:1] == "{":
        try:
            return {**record, METADATA: orjson.loads(inner)}
        except orjson.JSONDecodeError:
            return record
    return record


def _keys(record: Mapping[str, Any]) -> tuple[str, ...]:
    inner = record.get(METADATA)
    return (*record, *(f"{METADATA}.{key}" for key in inner)) if isinstance(inner, dict) else tuple(record)


def _reach(record: Mapping[str, Any], path: str) -> Any:
    if path in record:
        return record[path]
    value: Any = record
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
