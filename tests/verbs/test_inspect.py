"""Inspect: what a build would make of an input, before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

import imprint
from imprint.errors import UsageError
from tests.conftest import MakeProject, article, tree, write_jsonl
from tests.sources.test_formats import as_csv


def fields_of(group):  # type: ignore[no-untyped-def]
    return {one.field: one for one in group.fields}


def test_each_file_group_shows_its_mapping_with_shares_and_samples(tmp_path: Path) -> None:
    write_jsonl(
        tmp_path / "wire/a.jsonl",
        [article(i, byline="Ada Quill", ads=1) for i in range(9)] + [article(9, date=None)],
    )
    (tmp_path / "table.csv").write_bytes(as_csv([{"headline": "A", "content": "Text of A"}]))
    result = imprint.inspect([tmp_path])
    table, wire = result.groups
    assert (wire.group, wire.format, wire.files, wire.records_read, wire.sampled) == (
        "wire/*.jsonl",
        "jsonl",
        1,
        10,
        False,
    )
    fields = fields_of(wire)
    assert (fields["published_at"].keys, fields["published_at"].filled) == (("date",), 9)
    assert (fields["authors"].keys, fields["authors"].samples[0]) == (("byline",), "['Ada Quill']")
    assert wire.ignored == ("ads",)
    assert (wire.first, wire.last) == ("2024-01-01", "2024-09-09")
    assert fields_of(table)["title"].keys == ("headline",)
    assert fields_of(table)["text"].keys == ("content",)


def test_problems_come_with_their_first_place_and_field(tmp_path: Path) -> None:
    bad = [article(1), article(2, date="someday"), article(3, text=""), article(4, date="soon")]
    write_jsonl(tmp_path / "a.jsonl", bad)
    [group] = imprint.inspect([tmp_path]).groups
    assert group.problems == {"schema.format": 2, "empty_text": 1}
    assert [(f.code, f.place.row, f.place.field) for f in group.examples] == [
        ("schema.format", 2, "published_at"),
        ("empty_text", 3, "text"),
    ]
    assert fields_of(group)["published_at"].failed == 2


def test_duplicates_and_residue_are_counted(tmp_path: Path) -> None:
    same = article(1)["text"]
    write_jsonl(tmp_path / "a.jsonl", [article(i, text=same + "\n\nTop Stories") for i in range(4)])
    [group] = imprint.inspect([tmp_path]).groups
    assert group.duplicates == 3
    assert group.residue == {"Top Stories": 4}


def test_a_large_input_is_sampled_and_says_so(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", (article(i) for i in range(1500)))
    [group] = imprint.inspect([tmp_path]).groups
    assert (group.sampled, group.records_read) == (True, 1000)


def test_inspecting_writes_nothing(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(5))
    before = tree(root)
    imprint.inspect([root / "data/raw"], project=root)
    assert tree(root) == before


def test_the_project_s_recipe_applies(make_project: MakeProject) -> None:
    root = make_project(
        [{"inhalt": "Ein Text."}], recipe={"[input.fields]": '[input.fields]\ntext = "inhalt"'}
    )
    [group] = imprint.inspect([root / "data/raw"], project=root).groups
    assert fields_of(group)["text"].keys == ("inhalt",)


def test_an_input_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        imprint.inspect([tmp_path / "nothing"])


def test_every_real_corpus_shows_the_mapping_that_a_person_would_write(corpora: Path) -> None:
    groups = {group.group: group for group in imprint.inspect([corpora]).groups}
    press = fields_of(groups["congress-press/*.jsonl"])
    assert {name: press[name].keys for name in ("url", "source_domain", "title", "text", "published_at")} == {
        "url": ("url",),
        "source_domain": ("domain",),
        "title": ("title",),
        "text": ("text",),
        "published_at": ("date",),
    }
    wiki = fields_of(groups["wikinews/*.csv"])
    assert {name: wiki[name].keys for name in ("url", "title", "text", "published_at")} == {
        "url": ("url",),
        "title": ("title",),
        "text": ("text",),
        "published_at": ("date",),
    }
    posts = fields_of(groups["digitalgov/#/#/*.md"])
    assert (posts["title"].keys, posts["keywords"].keys, posts["authors"].keys) == (
        ("title",),
        ("topics",),
        ("authors",),
    )
    assert all(not group.problems or set(group.problems) == {"empty_text"} for group in groups.values())
