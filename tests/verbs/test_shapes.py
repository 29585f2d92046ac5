"""Shapes in the wild: what other tools write is understood without configuration, in every field of every record."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import imprint
from imprint.errors import RejectedError

SITE = "https://www.quay.example/2024/"
FETCHED = datetime(2024, 5, 2)


@dataclass(frozen=True, slots=True)
class News:
    """What is true of an article, whoever writes it down."""

    slug: str
    title: str
    paragraphs: tuple[str, ...]
    at: datetime | None = None
    authors: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str = "en"

    @property
    def url(self) -> str:
        return SITE + self.slug

    @property
    def day(self) -> str:
        return f"{self.at:%Y-%m-%d}" if self.at else ""

    @property
    def local(self) -> str | None:
        return str(self.at.astimezone(timezone(timedelta(hours=1)))) if self.at else None

    def text(self, between: str = "\n\n", second: str = "") -> str:
        first, *rest = self.paragraphs
        return between.join([first, *([second] if second else []), *rest])


NEWS = (
    News("wall", "Old quay wall to be numbered, lifted and relaid", (
        "Masons will take down forty metres of the quay wall from Monday, after divers saw it had washed out.",
        "“Every stone gets a number and goes back where it lay,” said the engineer, Maud Ferrick.",
        "The town has set aside 310,000 crowns; a second stretch will be looked at in autumn.",
    ), datetime(2024, 2, 7, 17, 20, 20, tzinfo=UTC), ("Ada Quill", "Tom Reyes"), ("Harbour",), ("quay", "masonry")),
    News("ferry", 'Winter timetable: "last Sunday boat" goes', (
        "Nine people, on average, took the late Sunday ferry last winter. From this month it stays moored.",
        "Its crew will sail earlier on weekdays, as the hospital's night shift had asked since 2021.",
    ), datetime(2024, 3, 1, 6, 5, 9, tzinfo=UTC), ("Marguerite Osk",), ("Travel", "Islands"), ("ferries", "night work")),
    News("oven", "Bakers share the one oven that survived the flood", (
        "Three bakeries, one oven: since the river came, all loaves are baked in a cellar behind the chapel.",
        "They take turns by the hour, and the rye goes last because it can wait.",
    ), datetime(2024, 4, 19, 11, 45, 30, tzinfo=UTC), ("Jonas Feld", "Ada Quill"), ("Food",), ("bread",)),
    News("bruecke", "Fußgängerbrücke am Hafen bleibt länger gesperrt", (
        "Die Brücke über das Hafenbecken öffnet frühestens im Juni, teilte das Bauamt mit.",
        "Ein Prüfer hatte Risse in zwei Trägern gefunden; die Fähre fährt so lange umsonst.",
    ), language="de"),
)  # fmt: skip
"""Four articles; the last has neither date nor byline nor subject, as many on the web."""

FIELDS = (
    "text", "title", "url", "published_at", "date_precision", "authors", "keywords", "section", "language",
    "source_domain", "publisher", "retrieved_at",
)  # fmt: skip
Facts = dict[str, Any]
Told = list[Facts]
Shape = tuple[dict[str, bytes], Told]
"""Files by name, and what the record of each article must say."""

EXTRACTED = "title url day authors keywords section domain publisher"
tight = partial(News.text, between="\n")


def told(names: str, text: Callable[[News], str] = News.text, fetched: datetime | None = None) -> Told:
    """What the records must say: the named facts of each article, and nothing else."""
    wanted = []
    for one in NEWS:
        at = one.at and one.at.replace(tzinfo=None)
        true: Facts = {
            "title": one.title, "url": one.url, "domain": "quay.example", "publisher": "The Quay Post", "language": one.language,
            "authors": list(one.authors), "keywords": list(one.tags), "section": "; ".join(one.sections), "time": at,
            "day": at and datetime(at.year, at.month, at.day),
        }  # fmt: skip
        facts = {name: true[name] or None for name in names.split()}
        facts |= {"text": text(one), "retrieved_at": fetched, "source_domain": facts.get("domain")}
        facts["published_at"] = facts.get("time") or facts.get("day")
        facts["date_precision"] = at and ("second" if "time" in facts else "day" if "day" in facts else None)
        wanted.append({name: facts.get(name) for name in FIELDS})
    return wanted


def lines(records: Iterable[object]) -> bytes:
    return b"".join(orjson.dumps(record) + b"\n" for record in records)


def zipped(records: Iterable[object]) -> bytes:
    return gzip.compress(lines(records))


def parquet(records: list[Facts]) -> bytes:
    out = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(records), out)
    return bytes(out.getvalue().to_pybytes())


def table(rows: Iterable[Iterable[object]], separator: str = ",", head: tuple[str, ...] = ()) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows([head, *rows] if head else rows)
    return out.getvalue().encode()


def many(name: str, write: Callable[[Any], bytes], record: Callable[[News], object], wanted: Told) -> Shape:
    """All articles in one file."""
    return {name: write([record(one) for one in NEWS])}, wanted


def each(name: str, write: Callable[[News], bytes], wanted: Told) -> Shape:
    """One file an article."""
    return {name.format(number): write(one) for number, one in enumerate(NEWS, 1)}, wanted


def trafilatura(one: News) -> Facts:
    """What `bare_extraction` gives as a dict."""
    return {
        "title": one.title, "author": "; ".join(one.authors) or None, "url": one.url, "hostname": "quay.example",
        "description": "In short", "sitename": "The Quay Post", "date": one.day or None, "categories": list(one.sections),
        "tags": list(one.tags), "fingerprint": "a1b2c3d4e5f60718", "id": None, "license": None, "body": None, "comments": "",
        "commentsbody": None, "raw_text": one.text(" "), "text": tight(one), "language": one.language, "image": None,
        "pagetype": "article", "filedate": "2024-05-02",
    }  # fmt: skip


def trafilatura_joined(one: News) -> Facts:
    return {**trafilatura(one), "categories": ";".join(one.sections), "tags": ";".join(one.tags)}


def trafilatura_json(one: News) -> bytes:
    """Three keys have other names than in Python, and `source-hostname` is the name of the site."""
    names = {"url": "source", "sitename": "source-hostname", "description": "excerpt"}
    given = trafilatura_joined(one)
    return orjson.dumps({names.get(key, key): given[key] for key in given if "body" not in key})


def trafilatura_row(one: News) -> list[str]:
    keys = ("url", "id", "fingerprint", "hostname", "title", "image", "date", "text", "comments", "license", "pagetype")  # fmt: skip
    return [trafilatura(one)[key] or "null" for key in keys]


def trafilatura_xml(one: News) -> bytes:
    keys = ("sitename", "title", "author", "date", "url", "hostname", "description", "categories", "tags", "language")  # fmt: skip
    head = " ".join(f"{key}={quoteattr(value)}" for key in keys if (value := trafilatura_joined(one)[key]))
    paragraphs = [f"<p>{escape(text).replace(' the ', ' <hi>the</hi> ')}</p>" for text in one.paragraphs]
    body = "\n    ".join([paragraphs[0], '<head rend="h2">More</head>', *paragraphs[1:]])
    return f"<doc {head}>\n  <main>\n    {body}\n  </main>\n  <comments/>\n</doc>".encode()


def trafilatura_headed(one: News, body: Callable[[News], str]) -> bytes:
    """The header that versions up to 2.0 write: nothing in it is quoted, and lists are Python's."""
    keys = ("title", "author", "url", "hostname", "description", "sitename", "date", "categories", "tags", "fingerprint")  # fmt: skip
    head = "".join(f"{key}: {value}\n" for key in keys if (value := trafilatura(one)[key]))
    return f"---\n{head}---\n{body(one)}".encode()


def static_site(one: News, address: str) -> bytes:
    lists = f"authors: {list(one.authors)}\ntags:\n" + "".join(f'  - "{tag}"\n' for tag in one.tags)
    head = f"# a post\nlayout: post\ntitle: '{one.title}'\ndate: {one.local or ''}\n{lists}draft: false\n"
    return f"---\n{head}{address}{one.slug}\n---\n\n{site_text(one)}\n".encode()


def site_text(one: News) -> str:
    return f"{one.text(second='## Where?')}\n\n* [Map](/map)"


def metadata(one: News) -> Facts:
    return {"url": one.url, "title": one.title, "author": "; ".join(one.authors), "date": one.day, "language": one.language}  # fmt: skip


def dolma(one: News) -> Facts:
    return {
        "id": one.slug, "text": one.text(), "source": "quay-news", "added": "2024-05-02T00:00:00.000Z", "version": "v0",
        "created": one.at and f"{one.at:%Y-%m-%dT%H:%M:%S}.000Z", "metadata": {"url": one.url, "title": one.title},
    }  # fmt: skip


def wikinews(one: News) -> tuple[str, ...]:
    date_line = f"{one.at:%A, %B} {one.at.day}, {one.at.year} \n\n\n" if one.at else ""
    return one.url, one.day, one.title, date_line + one.text(" \n\n\n") + "\n"


def conversion(one: News) -> bytes:
    head = (
        "WARC/1.0", "WARC-Type: conversion", f"WARC-Target-URI: {one.url}", "WARC-Date: 2024-05-02T00:00:00Z",
        f"WARC-Record-ID: <urn:uuid:{one.slug}>", f"WARC-Identified-Content-Language: {'eng' if one.language == 'en' else 'deu,eng'}",
        f"Content-Length: {len(tight(one).encode())}", "", tight(one), "", "",
    )  # fmt: skip
    return gzip.compress("\r\n".join(head).encode())


SHAPES: dict[str, Shape] = {
    "trafilatura-python": many("a.jsonl", lines, trafilatura, told(f"{EXTRACTED} language", tight, FETCHED)),
    "trafilatura-json": each("{}.json", trafilatura_json, told(f"{EXTRACTED} language", tight, FETCHED)),
    "trafilatura-table": many("a.csv", partial(table, separator="\t"), trafilatura_row, told("title url day domain", tight)),
    "trafilatura-row": each("{}.csv", lambda one: table([trafilatura_row(one)], "\t"), told("title url day domain", tight)),
    "trafilatura-xml": each("{}.xml", trafilatura_xml, told(f"{EXTRACTED} language", partial(News.text, second="More"))),
    "trafilatura-txt": each("{}.txt", partial(trafilatura_headed, body=tight), told(EXTRACTED, tight)),
    "trafilatura-md": each("{}.md", partial(trafilatura_headed, body=News.text), told(EXTRACTED)),
    # Where the page's h1 was extracted, too, it is the headline again.
    "trafilatura-md-h1": each("{}.md", partial(trafilatura_headed, body=lambda one: f"# {one.title}\n\n{one.text()}"), told(EXTRACTED)),
    "news-please": each("quay.example/{}_1707.json", lambda one: orjson.dumps({
        "authors": list(one.authors), "date_download": "2024-05-02 00:00:00", "date_modify": "None",
        "date_publish": str(one.at and one.at.replace(tzinfo=None)), "description": None, "filename": f"{one.slug}.json",
        "image_url": None, "language": one.language, "localpath": None, "maintext": tight(one),
        "source_domain": "www.quay.example", "text": f"Menu\n{one.title}\n{one.text(' ')}\nImprint", "title": one.title,
        "title_page": None, "title_rss": None, "url": one.url,
    }), told("title url time authors language domain", tight, FETCHED)),
    # Without nlp() it has no keywords, and for a page that was not downloaded no URL but the canonical one.
    "newspaper4k": many("articles.json", orjson.dumps, lambda one: {
        "url": "" if one.slug == "oven" else one.url, "read_more_link": "", "language": one.language, "title": one.title,
        "images": [], "movies": [], "keywords": [], "meta_keywords": [], "tags": list(one.tags), "authors": list(one.authors),
        "publish_date": one.at and one.at.isoformat(), "summary": "", "meta_description": "", "meta_lang": one.language,
        "meta_site_name": "The Quay Post", "canonical_link": one.url, "text": one.text(), "text_cleaned": one.text(" "),
    }, told("title url time authors keywords language domain publisher")),
    "fundus": many("fundus.json", orjson.dumps, lambda one: {
        "title": one.title, "authors": list(one.authors), "publishing_date": one.local, "topics": list(one.tags),
        "free_access": True, "body": {"summary": ["In short."], "sections": [
            {"headline": [], "paragraphs": [one.paragraphs[0]]}, {"headline": ["Next"], "paragraphs": one.paragraphs[1:]},
        ]},
    }, told("title time authors keywords", lambda one: f"In short.\n\n{one.text(second='Next')}")),
    "fundus-plaintext": many("fundus.jsonl", lines, lambda one: {
        "title": one.title, "plaintext": one.text(), "publishing_date": one.local, "publisher": "The Quay Post",
        "authors": list(one.authors), "lang": one.language,
    }, told("title time authors language publisher")),
    "datatrove": many("data/00000.jsonl.gz", zipped, lambda one: {
        "text": one.text(), "id": f"quay/{one.slug}", "media": [], "metadata": metadata(one),
    }, told("title url day authors language domain")),
    "datatrove-string": many("00000.jsonl", lines, lambda one: {
        "text": one.text(), "id": f"quay/{one.slug}", "media": [], "metadata": orjson.dumps(metadata(one)).decode(),
    }, told("title url day authors language domain")),
    "dolma-jsonl": many("v0/documents/0000.jsonl.gz", zipped, dolma, told("title url time domain", fetched=FETCHED)),
    "dolma-json": many("v0/documents/0000.json.gz", zipped, dolma, told("title url time domain", fetched=FETCHED)),
    "fineweb": many("data/CC-MAIN-2024-18/000_00000.parquet", parquet, lambda one: {
        "text": one.text(), "id": f"<urn:uuid:{one.slug}>", "dump": "CC-MAIN-2024-18", "url": one.url,
        "file_path": "s3://commoncrawl/a.warc.gz", "language": one.language, "language_score": 0.97, "token_count": 70,
    }, told("url language domain")),
    # Here `source` is the page that lists the articles: it is the address of none.
    "congress-press": many("2024-02.jsonl", lines, lambda one: {
        "url": one.url, "title": one.title, "date": one.day or None, "date_source": "scraper", "scraper": "quay",
        "source": "https://www.quay.example/press", "domain": "www.quay.example", "member": {"name": "Al Tarn", "state": "TX"},
        "text": one.text(), "collected_at": "2024-05-02T00:00:00Z", "updated_at": "2024-05-02T00:00:00Z",
    }, told("title url day domain", fetched=FETCHED)),
    "static-site": each("{}.md", partial(static_site, address=f"url: {SITE}"), told("title time authors keywords url domain", site_text)),
    "jekyll": each("_posts/{}.md", partial(static_site, address="permalink: /2024/"), told("title time authors keywords", site_text)),
    "wikinews": many("wikinews.csv", partial(table, head=("url", "date", "title", "text")), wikinews, told("title url day domain")),
    "common-crawl": many("CC-MAIN-20240502.warc.wet.gz", b"".join, conversion, told("url language domain", tight, FETCHED)),
    "feed": many("feed.json", orjson.dumps, lambda one: {
        "title": one.title, "link": one.url, "guid": one.url, "author": " and ".join(one.authors), "content": one.text(),
        "category": list(one.sections), "pubDate": format_datetime(one.at) if one.at else None,
    }, told("title url time authors section domain")),
}  # fmt: skip


class TestShapesInTheWild:
    @pytest.mark.parametrize("shape", SHAPES)
    def test_every_record_says_what_its_source_says(self, tmp_path: Path, shape: str) -> None:
        files, wanted = SHAPES[shape]
        imprint.init(tmp_path)
        for name, data in files.items():
            (tmp_path / "data/raw" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "data/raw" / name).write_bytes(data)
        try:
            fates = imprint.build(tmp_path).accounting
        except RejectedError:
            pytest.fail((tmp_path / "data/build/quarantine.jsonl").read_text())
        assert (fates["quarantined"], fates["published"]) == (0, len(NEWS))
        shards = tmp_path.glob("data/build/release/data/*.parquet")
        rows = pa.concat_tables(map(pq.read_table, shards)).to_pylist()
        rows.sort(key=lambda row: (row["input_file"], row["input_row"]))
        # Without a publisher's name, the domain is it.
        wanted = [{**one, "publisher": one["publisher"] or one["source_domain"]} for one in wanted]
        pairs = [(row.get(name), one[name]) for row, one in zip(rows, wanted, strict=True) for name in FIELDS]
        names = [f"{one.slug}.{name}" for one in NEWS for name in FIELDS]
        assert [(name, *pair) for name, pair in zip(names, pairs, strict=True) if pair[0] != pair[1]] == []
