"""Real articles: what the project was asked to start from."""

from __future__ import annotations

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
