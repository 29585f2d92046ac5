"""Corrections beside near duplicates: what a correction gives up is free again, and what lost stays a version that lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import imprint
from tests.conftest import MakeProject, article, released_rows, write_jsonl

Story = dict[str, Any]


def story(number: int, *, of: int | None = None, changed: int = 0, day: int = 1) -> Story:
    """An article with the text of a story of 60 words of its own, so many of them changed at the end."""
    told = number if of is None else of
    words = [f"w{told}x{place}" for place in range(60)]
    words[60 - changed :] = [f"c{number}x{place}" for place in range(changed)]
    return article(number, text=" ".join(words), retrieved_at=f"2024-05-{day:02d}T00:00:00Z")


def fate(root: Path, place: str) -> tuple[str, str | None]:
    [told] = imprint.explain(place, root).stories
    return told.fate, told.because


@pytest.mark.parametrize("changed", [0, 2], ids=["copy", "near copy"])
@pytest.mark.parametrize("whole", [True, False], ids=["whole corpus", "latest crawl"])
def test_a_copy_of_what_a_correction_gave_up_is_published(
    make_project: MakeProject, changed: int, *, whole: bool
) -> None:
    copy = story(50, of=0, changed=changed)
    root = make_project([*(story(n) for n in range(7)), copy], recipe={'"hold"': '"apply"'})
    imprint.release(root)
    assert len(released_rows(root, "1.0.0")) == 7
    if not whole:
        (root / "data/raw/articles.jsonl").unlink()
    write_jsonl(
        root / "data/raw/corrected.jsonl", [{**story(0, of=77), "retrieved_at": "2024-06-01T00:00:00Z"}]
    )
    imprint.release(root, bump="major")
    write_jsonl(root / "data/raw/more.jsonl", [story(99), copy])
    version = imprint.release(root).version
    texts = {row["text"] for row in released_rows(root, version).values()}
    assert copy["text"] in texts
    assert story(77)["text"] in texts


def test_a_held_correction_stays_superseded_whatever_becomes_of_its_text(make_project: MakeProject) -> None:
    root = make_project(story(n) for n in range(40))
    imprint.release(root)
    splits = {n: imprint.explain(f"articles.jsonl:{n + 1}", root).stories[0].published for n in range(40)}
    test = next(n for n, row in splits.items() if row and row["split"] == "test")
    train = next(n for n, row in splits.items() if row and row["split"] == "train")
    near_test = story(100, of=test, changed=10)
    held = {**story(train), "text": near_test["text"]}
    write_jsonl(root / "data/raw/more.jsonl", [near_test, held])
    imprint.build(root)
    assert fate(root, "more.jsonl:1")[0] == "withheld"
    published = splits[train]
    assert published is not None
    assert fate(root, "more.jsonl:2") == ("superseded", published["id"])
