"""Names: what sources call the fields of an article.

Law: a key is known whatever its case and punctuation (`publishedAt`, `Published at`, `published_at`), and the first name
of a field that a record has a value for is the one that serves.
"""

from __future__ import annotations

import re

KEYS: dict[str, tuple[str, ...]] = {
    "text": (
        "maintext", "text", "body", "content_text", "article_text", "full_text", "plain_text", "body_text", "content", "article",
        "articleBody", "paragraphs", "content:encoded",
    ),
    "title": ("title", "headline", "title_page", "title_rss", "web_title"),
    "url": (
        "url", "canonical_link", "canonical_url", "link", "permalink", "page_url", "uri", "web_url",
        "article_url", "responded_url", "requested_url",
    ),
    "source_id": ("source_id", "id", "article_id", "guid", "uuid", "doc_id", "slug"),
    "source_domain": ("source_domain", "domain", "hostname", "host"),
    "publisher": ("publisher", "sitename", "site_name", "meta_site_name", "source-hostname", "outlet", "newspaper", "source.name"),
    "authors": ("authors", "author", "byline", "creator", "dc:creator"),
    "section": ("section", "section_name", "articleSection", "category", "categories", "topic"),
    "keywords": ("keywords", "tags", "topics"),
    "language": ("language", "lang", "meta_lang", "inLanguage"),
    "published_at": (
        "published_at", "date_publish", "publish_date", "publishing_date", "publication_date", "pub_date", "date_published",
        "published_date", "published_on", "published_time", "web_publication_date", "published", "date", "datetime", "created",
    ),
    "modified_at": (
        "modified_at", "date_modify", "date_modified", "modified_date", "modified", "last_modified", "updated_at", "updated",
    ),
    "retrieved_at": (
        "retrieved_at", "date_download", "download_date", "downloaded_at", "crawled_at", "crawl_date", "fetched_at",
        "scraped_at", "collected_at", "filedate", "added",
    ),
    "license": ("license", "licence"),
    "license_url": ("license_url", "licence_url"),
}  # fmt: skip
"""Names of each field, the most telling first: what trafilatura, news-please (whose `maintext` is better than its `text`),
newspaper4k, fundus, datatrove, dolma and schema.org write, and what people write by hand."""

SOFT_KEYS: dict[str, tuple[str, ...]] = {
    "url": ("source", "source_url", "original_url", "src"),
    "publisher": ("source", "provider", "site"),
    "source_domain": ("site", "website"),
}
"""Names that mean a field only where their values look like it: `source` is an address for one tool, a name for another."""

WRITTEN_BY_IMPRINT = frozenset(
    {"id", "input_file", "input_row", "raw_sha256", "text_sha256", "processing", "dup_cluster", "added_in",
     "date_precision"}
)  # fmt: skip
"""Fields that no key of the input may fill."""

_PUNCTUATION = re.compile(r"[\W_]+")


def form(key: str) -> str:
    """The form in which keys are compared: casefolded, without punctuation; dots, which lead inside, stay."""
    return ".".join(_PUNCTUATION.sub("", part) for part in key.casefold().split("."))


def names_of(field: str) -> tuple[str, ...]:
    """What a field is called, the most telling first; a field that a schema adds is called by its own name."""
    return KEYS.get(field, (field,))


_FORMS = {field: tuple(map(form, names)) for field, names in KEYS.items()}

KNOWN_KEYS = frozenset(name for field, names in _FORMS.items() for name in names) - {"content"}
"""Forms of the keys that name a field at sight."""


def priority(field: str, key: str) -> tuple[int, str]:
    """Sort value of a key among those that serve a field: the names of the field in their order, then any other."""
    known = _FORMS.get(field, (form(field),))
    given = form(key.removeprefix("metadata."))
    return (known.index(given) if given in known else len(known)), key
