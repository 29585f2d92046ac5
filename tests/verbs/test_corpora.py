"""Real articles: what the project was asked to start from."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import orjson
import pytest

import imprint
from imprint.digests import sha256_file
from tests.conftest import MakeProject, released_rows


@pytest.fixture
def build_corpus(make_project: MakeProject, corpora: Path) -> object:
    """A function that builds and publishes one of the real corpora without any configuration."""

    def build(name: str) -> tuple[Path, imprint.BuildResult]:
        root = make_project(recipe={'["data/raw"]': f'["{corpora / name}"]'}, folder=name)
        result = imprint.build(root)
        imprint.publish(root)
        assert imprint.verify(root / "data/releases/acme/newswire", load=False).ok
        return root, result

    return build


def test_the_seeds_are_two_records_without_repeated_titles_and_residue(build_corpus, corpora: Path) -> None:  # type: ignore[no-untyped-def]
    root, result = build_corpus("seeds")
    assert result.accounting["published"] == 2
    rows = {row["source_id"]: row for row in released_rows(root, "1.0.0").values()}
    assert set(rows) == {path.stem for path in (corpora / "seeds").iterdir()}
    for row in rows.values():
        assert row["title"] not in row["text"]
        for residue in ("Error! Error occured!", "Top Politics stories", "Top Stories"):
            assert residue not in row["text"]
        assert row["raw_sha256"] == sha256_file(corpora / "seeds" / row["input_file"])


def test_the_first_seed_has_its_date_to_the_second(build_corpus) -> None:  # type: ignore[no-untyped-def]
    root, _ = build_corpus("seeds")
    rows = {row["source_id"]: row for row in released_rows(root, "1.0.0").values()}
    first = rows["000_7743d5883f8a5881"]
    assert first["published_at"] == datetime(2024, 2, 7, 17, 20, 20)
    assert first["date_precision"] == "second"
    assert rows["002_d5d984a0df82a228"]["published_at"] is None


def test_processing_names_what_was_removed_from_the_seeds(build_corpus) -> None:  # type: ignore[no-untyped-def]
    root, _ = build_corpus("seeds")
    rows = {row["source_id"]: row["processing"] for row in released_rows(root, "1.0.0").values()}
    assert "furniture@1: Error! Error occured!" in rows["000_7743d5883f8a5881"]
    assert {"furniture@1: Top Politics stories", "furniture@1: Top Stories"} <= set(
        rows["002_d5d984a0df82a228"]
    )
    assert all("repeated_title@1" in steps for steps in rows.values())


def test_every_row_of_congress_press_is_accounted_for(build_corpus, corpora: Path) -> None:  # type: ignore[no-untyped-def]
    root, result = build_corpus("congress-press")
    raw = {
        path.name: [orjson.loads(line) for line in path.read_bytes().splitlines()]
        for path in (corpora / "congress-press").iterdir()
    }
    assert result.accounting["read"] == sum(map(len, raw.values())) == 1711
    empty = {
        (name, number)
        for name, articles in raw.items()
        for number, one in enumerate(articles, 1)
        if not (one["text"] or "").strip()
    }
    entries = [
        orjson.loads(line) for line in (root / "data/build/quarantine.jsonl").read_bytes().splitlines()
    ]
    assert {(entry["file"], entry["row"]) for entry in entries} == empty
    assert {entry["code"] for entry in entries} == {"empty_text"}


def test_congress_press_is_recognised_without_configuration(build_corpus, corpora: Path) -> None:  # type: ignore[no-untyped-def]
    root, _ = build_corpus("congress-press")
    raw = {
        (path.name, number): orjson.loads(line)
        for path in (corpora / "congress-press").iterdir()
        for number, line in enumerate(path.read_bytes().splitlines(), 1)
    }
    rows = released_rows(root, "1.0.0")
    assert len(rows) > 1600
    for row in rows.values():
        given = raw[row["input_file"], row["input_row"]]
        assert row["title"] == " ".join(given["title"].replace("\u200b", "").replace("\u00ad", "").split())
        assert row["source_domain"] == given["domain"].removeprefix("www.")
        assert row["published_at"].strftime("%Y-%m-%d") == given["date"][:10]
        assert row["url"].split("://")[1].split("/")[0] == given["url"].split("://")[1].split("/")[0]
        # Cleaning takes lines off the ends and tidies white space; what is left stood in the source.
        letters = "".join(given["text"].split())
        assert "".join(row["text"].split())[:60] in letters or row["processing"]


HAS = {
    "congress-press": {"title", "published_at", "url"},
    "digitalgov": {"title", "published_at"},
    "seeds": {"title"},
    "senate/Collins": {"published_at"},
    "senate/Whitehouse": {"title", "published_at"},
    "wikinews": {"title", "published_at", "url"},
}
"""What the articles of each corpus have in their source; the senators' dates stand in the files' names."""


def corpus_of(file: str) -> str:
    return next(name for name in HAS if file.startswith(f"{name}/"))


def test_all_corpora_as_one_input_are_recognised_without_configuration(
    make_project: MakeProject, corpora: Path
) -> None:
    root = make_project(recipe={'["data/raw"]': f'["{corpora}"]'})
    result = imprint.build(root)
    imprint.publish(root)
    entries = [
        orjson.loads(line) for line in (root / "data/build/quarantine.jsonl").read_bytes().splitlines()
    ]
    # Null texts in the one, posts that only link elsewhere in the other.
    assert Counter((corpus_of(entry["file"]), entry["code"]) for entry in entries) == {
        ("congress-press", "empty_text"): 6,
        ("digitalgov", "empty_text"): 38,
    }
    rows = list(released_rows(root, "1.0.0").values())
    assert result.accounting["published"] == len(rows) > 2200
    seen = Counter(
        (corpus_of(row["input_file"]), name) for row in rows for name in row if row[name] is not None
    )
    for name, fields in HAS.items():
        count = seen[name, "text"]
        assert count > 1
        for field in fields:
            assert seen[name, field] >= 0.99 * count, (name, field)


def test_inspect_shows_the_mapping_that_one_would_write_by_hand(corpora: Path, tmp_path: Path) -> None:
    groups = {group.group: group for group in imprint.inspect(corpora, project=tmp_path).groups}
    mapping = {
        name: {one.field: one.keys for one in group.fields if one.keys} for name, group in groups.items()
    }
    assert mapping == {
        "congress-press/*.jsonl": {
            "url": ("url",), "source_domain": ("domain",), "title": ("title",), "text": ("text",), "published_at": ("date",),
            "modified_at": ("updated_at",), "retrieved_at": ("collected_at",),
        },
        "digitalgov/#/#/*.md": {
            "source_id": ("slug",), "title": ("title",), "text": ("text",), "authors": ("authors",), "keywords": ("topics",),
            "published_at": ("date",),
        },
        "seeds/*.txt": {}, "senate/Collins/*.txt": {}, "senate/Whitehouse/*.txt": {},
        "wikinews/*.csv": {"url": ("url",), "title": ("title",), "text": ("text",), "published_at": ("date",)},
    }  # fmt: skip
    filled = {one.field for one in groups["senate/Whitehouse/*.txt"].fields if one.filled == 150}
    assert {"title", "text", "published_at", "source_id"} <= filled


def test_the_date_of_a_senator_s_release_is_that_of_its_file(build_corpus) -> None:  # type: ignore[no-untyped-def]
    root, _ = build_corpus("senate")
    rows = {row["source_id"]: row for row in released_rows(root, "1.0.0").values()}
    row = rows["10Apr2007Whitehouse123"]
    assert row["published_at"] == datetime(2007, 4, 10)
    assert "file_date@1: 10Apr2007" in row["processing"]
    assert row["title"].startswith("SEN. WHITEHOUSE SHARES WESTERLY GIRL'S STORY")
    assert row["text"].startswith("Sharing the story of Lila Barber")
