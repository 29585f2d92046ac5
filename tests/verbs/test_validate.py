"""Validate: records, releases and raw articles against the schema."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest

import imprint
from imprint.article import RecordSchema
from imprint.errors import UsageError
from tests.conftest import MakeProject, article, write_jsonl


@pytest.fixture
def released(make_project: MakeProject) -> Path:
    """A project with a release of ten articles."""
    root = make_project(article(i) for i in range(10))
    imprint.build(root)
    imprint.publish(root)
    return root


def test_a_release_and_its_shards_are_valid(released: Path) -> None:
    folder = released / "data/releases/acme/newswire/1.0.0"
    result = imprint.validate([folder, *folder.glob("data/train-*")], project=released)
    assert result.ok
    assert result.records > 10


def test_records_in_the_json_form_are_checked_line_by_line(released: Path, tmp_path: Path) -> None:
    folder = released / "data/releases/acme/newswire/1.0.0"
    schema = RecordSchema.parse(orjson.loads((folder / "schema.json").read_bytes()))
    rows = schema.json_rows(pq.read_table(next(folder.glob("data/train-*"))))
    rows[1]["published_at"] = "yesterday"
    rows[2]["id"] = "short"
    path = write_jsonl(tmp_path / "records.jsonl", rows)
    result = imprint.validate([path], project=released)
    assert (result.ok, result.records, result.invalid) == (False, len(rows), 2)
    assert [(f.code, f.place.row, f.place.field) for f in result.findings] == [
        ("schema.format", 2, "published_at"),
        ("schema.pattern", 3, "id"),
    ]


def test_raw_articles_are_checked_as_a_build_would_take_them(released: Path) -> None:
    write_jsonl(released / "data/raw/bad.jsonl", [article(20, text=""), article(21)])
    result = imprint.validate([released / "data/raw"], project=released)
    assert (result.records, result.invalid) == (12, 1)
    assert [(f.code, f.place.file, f.place.row) for f in result.findings] == [("empty_text", "bad.jsonl", 1)]


def test_a_shard_of_another_schema_is_a_finding(released: Path, tmp_path: Path) -> None:
    path = tmp_path / "foreign.parquet"
    pq.write_table(pq.read_table(next(released.rglob("train-*.parquet"))).select(["id", "text"]), path)
    assert [finding.code for finding in imprint.validate([path], project=released).findings] == [
        "schema_differs"
    ]


def test_outside_a_project_the_template_is_the_schema(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "articles.jsonl", [article(1)])
    assert imprint.validate([path], project=tmp_path).ok


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        imprint.validate([tmp_path / "nothing"], project=tmp_path)
