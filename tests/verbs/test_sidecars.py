"""Metadata beside the article: files of their own, tables that name files, parallel files by a pattern."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest

import imprint
from tests.conftest import MakeProject, released_rows

BODY = "The ferry left at seven.\n\nNobody saw it come back before the storm was over."
FACTS = {
    "title": "The ferry",
    "url": "https://quay.example/ferry",
    "date": "2024-02-07",
    "authors": ["Ada Quill"],
}

Files = dict[str, str | bytes]


def build(
    make_project: MakeProject, files: Files, more: str = ""
) -> tuple[list[dict[str, Any]], imprint.BuildResult]:
    """Rows of a project with these files, and the build's result."""
    root = make_project()
    for name, content in files.items():
        path = root / "data/raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with (root / "imprint.toml").open("a") as recipe:
        recipe.write(more)
    result = imprint.build(root)
    imprint.publish(root)
    rows = sorted(released_rows(root, "1.0.0").values(), key=lambda row: row["input_file"])
    return rows, result


def codes(result: imprint.BuildResult) -> set[str]:
    return {finding.code for finding in result.findings}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", orjson.dumps(FACTS)),
        ("a.meta.json", orjson.dumps(FACTS)),
        ("a.txt.json", orjson.dumps(FACTS)),
        ("a.json.gz", gzip.compress(orjson.dumps(FACTS))),
        ("a.yaml", "title: The ferry\nurl: https://quay.example/ferry\ndate: 2024-02-07\nauthors: [Ada Quill]\n"),
        ("metadata.csv", "file_name,title,url,date,authors\na.txt,The ferry,https://quay.example/ferry,2024-02-07,Ada Quill\n"),
        ("metadata.tsv", "which\ttitle\turl\tdate\tauthors\na\tThe ferry\thttps://quay.example/ferry\t2024-02-07\tAda Quill\n"),
        ("metadata.jsonl", orjson.dumps({"path": "./a.txt", **FACTS})),
    ],
)  # fmt: skip
def test_what_stands_beside_an_article_is_its_metadata(
    make_project: MakeProject, name: str, content: str | bytes
) -> None:
    [row], result = build(make_project, {"a.txt": BODY, name: content})
    assert (row["title"], row["text"], row["url"]) == ("The ferry", BODY, FACTS["url"])
    assert (row["published_at"].isoformat(), row["authors"]) == ("2024-02-07T00:00:00", ["Ada Quill"])
    assert (row["input_file"], row["source_id"]) == ("a.txt", "a")
    assert result.accounting["read"] == 1
    assert codes(result) <= {"keys_ignored", "split_left_out"}


def test_the_digest_of_the_metadata_goes_into_the_raw_digest(make_project: MakeProject) -> None:
    metadata = orjson.dumps(FACTS)
    [row], _ = build(make_project, {"a.txt": BODY, "a.json": metadata})
    both = hashlib.sha256(BODY.encode()).digest() + hashlib.sha256(metadata).digest()
    assert row["raw_sha256"] == hashlib.sha256(both).hexdigest()


def test_a_header_inside_the_article_comes_before_what_stands_beside_it(make_project: MakeProject) -> None:
    [row], _ = build(
        make_project, {"a.md": f"---\ntitle: Inside\n---\n{BODY}", "a.json": orjson.dumps(FACTS)}
    )
    assert (row["title"], row["url"]) == ("Inside", FACTS["url"])


def test_a_text_in_the_metadata_does_not_take_the_article_s_place(make_project: MakeProject) -> None:
    [row], _ = build(make_project, {"a.txt": BODY, "a.json": orjson.dumps({**FACTS, "maintext": "another"})})
    assert row["text"] == BODY


def test_a_title_that_only_the_text_has_is_read_from_it(make_project: MakeProject) -> None:
    files: Files = {"a.txt": f"The ferry\n\n{BODY}", "a.json": orjson.dumps({"url": FACTS["url"]})}
    [row], _ = build(make_project, files)
    assert (row["title"], row["text"]) == ("The ferry", BODY)


def test_a_broken_sidecar_is_a_fault_of_its_article(make_project: MakeProject) -> None:
    root = make_project(recipe={"max_rejected = 0.05": "max_rejected = 1"})
    for name, content in {"a.txt": BODY, "a.json": "{broken", "b.txt": BODY}.items():
        (root / "data/raw" / name).write_text(content)
    assert imprint.build(root).accounting["quarantined"] == 1
    [entry] = map(orjson.loads, (root / "data/build/quarantine.jsonl").read_bytes().splitlines())
    assert (entry["code"], entry["file"]) == ("broken_sidecar", "a.txt")
    assert "a.json" in entry["message"]


def test_parallel_files_are_paired_by_the_recipe_s_pattern(make_project: MakeProject) -> None:
    files: Files = {
        "2024/full_texts/a.txt": BODY,
        "2024/a-meta.txt": "Title: The ferry:\n  a tale\nURL: https://quay.example/ferry\nDate: March 4, 2024\n",
        "2024/full_texts/b.txt": "Another body that has no metadata at all.",
    }
    rows, result = build(
        make_project, files, '\n[input.sidecars]\n"full_texts/{stem}.txt" = "{stem}-meta.txt"\n'
    )
    assert [row["input_file"] for row in rows] == ["2024/full_texts/a.txt", "2024/full_texts/b.txt"]
    assert (rows[0]["title"], rows[0]["url"]) == ("The ferry: a tale", FACTS["url"])
    [told] = [finding for finding in result.findings if finding.code == "without_sidecar"]
    assert told.place.file == "2024/full_texts/b.txt"


def test_a_pattern_that_pairs_nothing_is_told(make_project: MakeProject) -> None:
    _, result = build(
        make_project, {"a.txt": BODY}, '\n[input.sidecars]\n"full/{stem}.txt" = "{stem}.json"\n'
    )
    assert "pattern_unused" in codes(result)


def test_a_table_tells_what_it_names_in_vain_and_whom_it_does_not_name(make_project: MakeProject) -> None:
    table = "file,title\na.txt,The ferry\nb.txt,The bridge\nlost.txt,Nobody\n"
    files: Files = {
        "a.txt": BODY,
        "b.txt": "A bridge was closed on Monday, and nobody in the town could say for how long.",
        "c.txt": "The school has a new roof at last, which lets in no more rain than the old one.",
        "metadata.csv": table,
    }
    rows, result = build(make_project, files)
    assert [row["title"] for row in rows] == ["The ferry", "The bridge", None]
    places = {finding.code: finding.place for finding in result.findings}
    assert (places["sidecar_without_article"].file, places["sidecar_without_article"].value) == (
        "metadata.csv",
        "lost.txt",
    )
    assert places["without_sidecar"].file == "c.txt"


def test_a_table_called_metadata_that_names_no_files_holds_articles(make_project: MakeProject) -> None:
    rows, _ = build(
        make_project, {"metadata.csv": f'title,text\nThe ferry,"{BODY}"\n', "a.txt": "Another one."}
    )
    assert [row["title"] for row in rows] == [None, "The ferry"]


def test_sidecars_are_found_inside_archives(make_project: MakeProject, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("in/a.txt", BODY)
        archive.writestr("in/a.meta.json", orjson.dumps(FACTS))
    [row], _ = build(make_project, {"a.zip": (tmp_path / "a.zip").read_bytes()})
    assert (row["title"], row["input_file"]) == ("The ferry", "a.zip/in/a.txt")


def test_an_article_whose_metadata_changed_is_a_correction(make_project: MakeProject) -> None:
    root = make_project()
    (root / "data/raw/a.txt").write_text(BODY)
    (root / "data/raw/a.json").write_bytes(orjson.dumps(FACTS))
    imprint.release(root)
    assert imprint.build(root).accounting["known"] == 1
    (root / "data/raw/a.json").write_bytes(orjson.dumps({**FACTS, "title": "The old ferry"}))
    result = imprint.build(root).accounting
    assert (result["known"], result["new"]) == (0, 0)
    assert result["exact_duplicates"] + result["superseded"] == 1
