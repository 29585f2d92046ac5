"""What holds for every format: a record written in one and read back equals the same record from another."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from imprint.sources import BY_NAME, FORMATS, format_of
from imprint.sources.base import Draft, InputFile, RawRecord, Span
from imprint.sources.recognise import NOTHING, Recogniser

FIELDS = ("url", "source_id", "title", "text", "authors", "published_at", "keywords", "publisher", "language")

Article = dict[str, str]
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=30
)
LINES = WORDS.map(str.strip).filter(lambda text: text not in {*NOTHING, "~"} and text[0] != "/")
ARTICLES = st.fixed_dictionaries(
    {
        "title": LINES,
        "text": st.lists(LINES, min_size=1, max_size=4).map("\n\n".join),
        "url": LINES,
        "date": LINES,
    }
)


def as_csv(articles: list[Article], separator: str = ",") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(articles[0]), delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(articles)
    return out.getvalue().encode()


def as_markdown(articles: list[Article]) -> bytes:
    [one] = articles
    head = {key: value for key, value in one.items() if key != "text"}
    return f"---\n{yaml.safe_dump(head, allow_unicode=True, width=10**6)}---\n{one['text']}".encode()


WRITERS: dict[str, Callable[[list[Article]], bytes]] = {
    "a.jsonl": lambda articles: b"".join(orjson.dumps(one) + b"\n" for one in articles),
    "b.json": orjson.dumps,
    "c.csv": as_csv,
    "d.tsv": lambda articles: as_csv(articles, "\t"),
    "e.csv": lambda articles: as_csv(articles, ";"),
}
ONE_ARTICLE: dict[str, Callable[[list[Article]], bytes]] = {
    "f.json": lambda articles: orjson.dumps(articles[0]),
    "g.md": as_markdown,
    "h.txt": as_markdown,
}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": lambda data: pa.Codec("zstd").compress(data, asbytes=True),
}


def records(path: Path) -> list[RawRecord]:
    """Raw records of a file."""
    found = format_of(path.name)
    assert found is not None
    fmt, compression = found
    file = InputFile(str(path), path.name, path.stat().st_size, fmt.name, compression)
    return [record for batch in fmt.read(Span(file, 0, None, 1)) for record in batch]


def drafts(path: Path) -> list[Draft]:
    """Drafts of a file's records."""
    found = format_of(path.name)
    assert found is not None
    fmt, compression = found
    file = InputFile(str(path), path.name, path.stat().st_size, fmt.name, compression)
    recognise = Recogniser(FIELDS, {}).draft
    return [
        Draft({}, fault=record.fault) if record.fault else fmt.draft(record, file, recognise)
        for record in records(path)
    ]


def values(path: Path) -> list[dict[str, Any]]:
    """What the drafts of a file say, but for the id that a file's name gives."""
    found = drafts(path)
    assert [draft.fault for draft in found] == [None] * len(found)
    return [{key: value for key, value in draft.values.items() if key != "source_id"} for draft in found]


@given(st.lists(ARTICLES, min_size=1, max_size=4))
def test_the_same_articles_in_every_format_of_many_are_the_same_drafts(
    tmp_path_factory: pytest.TempPathFactory, articles: list[Article]
) -> None:
    folder = tmp_path_factory.mktemp("formats")
    wanted = [
        {"published_at" if key == "date" else key: value for key, value in one.items()} for one in articles
    ]
    for name, write in WRITERS.items():
        (folder / name).write_bytes(write(articles))
        assert values(folder / name) == wanted, name


@given(ARTICLES)
def test_the_same_article_in_every_format_of_one_is_the_same_draft(
    tmp_path_factory: pytest.TempPathFactory, article: Article
) -> None:
    folder = tmp_path_factory.mktemp("formats")
    wanted = [{"published_at" if key == "date" else key: value for key, value in article.items()}]
    for name, write in ONE_ARTICLE.items():
        (folder / name).write_bytes(write([article]))
        assert values(folder / name) == wanted, name


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("name", [*WRITERS, *ONE_ARTICLE])
def test_compression_changes_neither_records_nor_digests(tmp_path: Path, name: str, suffix: str) -> None:
    article = {
        "title": "The quay",
        "text": "It was repaired.\n\nAt last.",
        "url": "https://a.example/1",
        "date": "2024",
    }
    data = {**WRITERS, **ONE_ARTICLE}[name]([article])
    (tmp_path / name).write_bytes(data)
    packed = tmp_path / (name + suffix)
    packed.write_bytes(PACKERS[suffix](data))
    assert values(packed) == values(tmp_path / name)
    assert [r.raw_sha256 for r in records(packed)] == [r.raw_sha256 for r in records(tmp_path / name)]


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize(
    "content", ["missing", "folder", "empty", "noise", "zeros", "damaged.gz", "damaged.zst", "damaged.bz2"]
)
def test_nothing_that_a_file_holds_makes_a_reader_raise(tmp_path: Path, fmt: Any, content: str) -> None:
    suffix = content.partition(".")[1] + content.partition(".")[2]
    path = tmp_path / f"a{fmt.suffixes[0]}{suffix}"
    noise = bytes((i * 7919 + i // 251) % 256 for i in range(5000))
    if content == "folder":
        path.mkdir()
    elif content != "missing":
        packed = PACKERS[suffix](b'{"text": "x"}\n' * 2000)
        path.write_bytes(
            {"empty": b"", "noise": noise, "zeros": bytes(5000)}.get(content, packed[: len(packed) // 2])
        )
    file = InputFile(str(path), path.name, 0, fmt.name, suffix)
    found = [record for batch in BY_NAME[fmt.name].read(Span(file, 0, None, 1)) for record in batch]
    recognise = Recogniser(FIELDS, {}).draft
    for record in found:
        draft = Draft({}, fault=record.fault) if record.fault else fmt.draft(record, file, recognise)
        assert draft.fault or draft.values
    if content in {"missing", "folder"}:
        assert [record.fault.code for record in found if record.fault] == ["unreadable_file"]
    if content.startswith("damaged"):
        assert found[-1].fault is not None


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_name_tells_format_and_compression(suffix: str) -> None:
    for fmt in FORMATS:
        for ending in fmt.suffixes:
            assert format_of(f"a/b.c/d{ending.upper()}{suffix}") == (fmt, suffix)
    assert format_of(f"notes.docx{suffix}") is None
