"""Explain: for each record that is not published the reason can be asked, by id, URL or place."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

import imprint
from imprint.errors import UsageError
from tests.conftest import MakeProject, article, released_rows


@pytest.fixture
def told(make_project: MakeProject) -> Path:
    """A released project with one record of each fate."""
    same = article(1)["text"]
    root = make_project(
        [
            *(article(i) for i in range(5)),
            article(5, text=same, date="2025-01-01"),
            article(2, text="An older version of article two.", date="1990-01-01"),
            article(6, text=""),
        ],
        recipe={"max_rejected = 0.05": "max_rejected = 0.5"},
    )
    imprint.build(root)
    imprint.publish(root)
    return root


def test_a_published_record_tells_where_it_stands(told: Path) -> None:
    [story] = imprint.explain("articles.jsonl:1", told).stories
    assert story.fate == "new"
    assert story.published is not None
    row = released_rows(told, "1.0.0")[str(story.id)]
    assert (story.published["split"], story.published["title"]) == (row["split"], "Headline number 0")


def test_an_exact_duplicate_names_the_record_that_is_kept(told: Path) -> None:
    [story] = imprint.explain("articles.jsonl:6", told).stories
    [kept] = imprint.explain("articles.jsonl:2", told).stories
    assert (story.fate, story.because) == ("exact_duplicates", kept.id)
    assert "the same text" in story.message


def test_a_superseded_version_names_the_one_that_counts(told: Path) -> None:
    stories = imprint.explain(article(2)["url"], told).stories
    assert sorted(story.fate for story in stories) == ["new", "superseded"]


def test_a_rejected_record_tells_its_reason_by_place_and_by_url(told: Path) -> None:
    for query in ("articles.jsonl:8", article(6)["url"] + "?utm_source=feed"):
        [story] = imprint.explain(query, told).stories
        assert (story.fate, story.because) == ("quarantined", "empty_text")
        assert story.rejected is not None
        assert story.rejected["field"] == "text"


def test_a_known_record_tells_where_it_was_published(told: Path) -> None:
    imprint.build(told)
    [story] = imprint.explain("articles.jsonl:1", told).stories
    assert story.fate == "known"
    assert story.published is not None
    assert story.published["version"] == "1.0.0"


def test_a_record_whose_raw_file_is_gone_is_found_in_the_release(told: Path) -> None:
    (told / "data/raw/articles.jsonl").unlink()
    imprint.build(told)
    for query in ("articles.jsonl:1", article(0)["url"]):
        [story] = imprint.explain(query, told).stories
        assert story.fate == "published"


def test_a_whole_file_and_a_path_on_disk_may_be_asked_for(told: Path) -> None:
    assert len(imprint.explain("articles.jsonl", told).stories) == 8
    assert len(imprint.explain(f"{told}/data/raw/articles.jsonl:3", told).stories) == 1


def test_a_question_that_no_record_answers_says_how_to_ask(told: Path) -> None:
    with pytest.raises(UsageError, match="no record answers") as refused:
        imprint.explain("articles.jsonl:999", told)
    assert "FILE:ROW" in refused.value.hint


def test_a_near_duplicate_and_a_member_of_a_cluster_tell_how_alike_they_are(
    make_project: MakeProject,
) -> None:
    words = [f"word{n}" for n in range(60)]
    texts = [
        " ".join(words),
        " ".join([*words[:-3], "a", "b", "c"]),
        " ".join([*words[:-15], *"abcdefghijklmno"]),
    ]
    root = make_project([{**article(n), "text": text} for n, text in enumerate(texts)])
    imprint.release(root)
    first, near, member = (imprint.explain(f"articles.jsonl:{n}", root).stories[0] for n in (1, 2, 3))
    assert (near.fate, near.because) == ("near_duplicates", first.id)
    assert "similarity 0.90" in near.message
    assert {one.id: round(one.similarity, 3) for one in member.neighbours} == {
        first.id: 0.577,
        near.id: 0.577,
    }
    assert member.published is not None
    assert member.published["dup_cluster"] == first.id
    assert member.why is not None
    assert f"the cluster of {first.id}" in member.why
    (root / "data/raw/articles.jsonl").unlink()
    imprint.build(root)
    [story] = imprint.explain(str(member.id), root).stories
    assert [(one.id, one.split) for one in story.neighbours] == [(first.id, member.published["split"])]


def test_a_newcomer_tells_that_new_clusters_go_to_train(told: Path) -> None:
    (told / "data/raw/more.jsonl").write_bytes(orjson.dumps(article(50)))
    imprint.release(told)
    [story] = imprint.explain("more.jsonl:1", told).stories
    assert story.why == "the cluster came after the first release, and new clusters go to train"


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('strategy = "time"\ntime = { test_from = 2024-06-01 }', "test from 2024-06-01"),
        ('strategy = "source"\nsource = { test = ["b.example"] }', "test: b.example"),
    ],
)
def test_the_reason_follows_the_strategy(make_project: MakeProject, settings: str, why: str) -> None:
    articles = [article(1, date="2024-02-03"), article(2, date="2024-08-03", url="https://b.example/2")]
    root = make_project(articles, recipe={'strategy = "hash"': settings})
    imprint.release(root)
    for row, split in ((1, "train"), (2, "test")):
        [story] = imprint.explain(f"articles.jsonl:{row}", root).stories
        assert story.published is not None
        assert story.published["split"] == split
        assert story.why is not None
        assert why in story.why
