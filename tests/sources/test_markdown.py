"""Markdown and headers: what a static site or an extractor writes before a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.test_formats import drafts


def draft(folder: Path, text: str, name: str = "2024/the-quay.md"):  # type: ignore[no-untyped-def]
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())
    [found] = drafts(path)
    return found


def test_a_header_gives_the_fields_and_the_rest_is_the_text(tmp_path: Path) -> None:
    found = draft(
        tmp_path,
        "---\n# a comment\nslug: the-quay\ntitle: 'No: 1'\ndate: 2024-02-07 17:20:20 -0500\ntags:\n  - harbour\n---\n\nIt was.\n",
    )
    assert found.values == {
        "source_id": "the-quay",
        "title": "No: 1",
        "published_at": "2024-02-07 17:20:20 -0500",
        "keywords": ["harbour"],
        "text": "\nIt was.\n",
    }


def test_scalars_of_a_header_stay_what_is_written(tmp_path: Path) -> None:
    assert draft(tmp_path, "---\ntitle: 2024-01-02\n---\nx").values["title"] == "2024-01-02"
    assert draft(tmp_path, "---\ntitle: no\n---\nx").values["title"] == "no"
    assert draft(tmp_path, "---\ntitle: 007\n---\nx").values["title"] == "007"


@pytest.mark.parametrize("heading", ["# The quay\n\n", "\n#  The quay #\n", "The quay\n========\n\n"])
def test_without_a_title_in_the_header_the_first_heading_is_it(tmp_path: Path, heading: str) -> None:
    found = draft(tmp_path, f"{heading}It was repaired.\n")
    assert found.values["title"] == "The quay"
    assert found.values["text"].strip() == "It was repaired."
    assert found.steps == ["heading_as_title@1"]


def test_a_rule_of_dashes_is_no_header(tmp_path: Path) -> None:
    assert draft(tmp_path, "---\n\nIt was repaired.\n").values["text"] == "---\n\nIt was repaired.\n"
    assert draft(tmp_path, "---\nIt was repaired.\n---\nAnd more.").values["text"].startswith("---")


@pytest.mark.parametrize(
    "header", ["title: [a, b", "title: a\n  b: c: d", "a: &x [y]\nb: *x", "\ttitle: x", "title: 'a"]
)
def test_a_broken_header_is_a_fault(tmp_path: Path, header: str) -> None:
    found = draft(tmp_path, f"---\n{header}\n---\nIt was repaired.\n")
    assert found.fault is not None
    assert found.fault.code == "broken_header"


def test_a_text_file_may_carry_a_header_too(tmp_path: Path) -> None:
    found = draft(tmp_path, "---\ntitle: The quay\nauthor: Ada Quill\n---\nIt was repaired.\n", "a/quay.txt")
    assert (found.values["title"], found.values["authors"]) == ("The quay", "Ada Quill")
    assert found.values["source_id"] == "quay"
