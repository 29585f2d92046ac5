"""Bad input: each fault is named with its place and next step; nothing is lost; nothing ends in a traceback."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest

import imprint
from imprint.errors import ConflictError, UsageError
from tests.conftest import MakeProject, article, write_jsonl

PATIENT = {"max_rejected = 0.05": "max_rejected = 1.0"}


def quarantine(root: Path) -> list[dict[str, Any]]:
    """The rejected records of the last build."""
    return [orjson.loads(line) for line in (root / "data/build/quarantine.jsonl").read_bytes().splitlines()]


def build_with(make_project: MakeProject, files: dict[str, bytes]) -> tuple[Path, imprint.BuildResult]:
    """Build ten sound articles beside some files."""
    root = make_project((article(i) for i in range(10)), recipe=PATIENT)
    for name, data in files.items():
        path = root / "data/raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    result = imprint.build(root)
    assert result.accounting["new"] >= 10
    return root, result


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        (b'{"text": "cut off', "invalid_json", None),
        (b'{"text": "caf\xe9 in Latin-1"}', "invalid_utf8", None),
        (b'["text", "a list"]', "not_an_object", None),
        (b"null", "not_an_object", None),
        (b'{"headline": "no text here", "n": 1}', "no_text_field", None),
        (b'{"text": null, "title": "a"}', "empty_text", "text"),
        (b'{"text": " \\u00a0\\n ", "title": "a"}', "empty_text", "text"),
        (b'{"text": 17}', "schema.type", "text"),
        (b'{"text": [17]}', "schema.type", "text"),
        (b'{"text": "Sound.", "title": 5}', "schema.type", "title"),
        (b'{"text": "Sound.", "url": "no address at all"}', "schema.format", "url"),
        (b'{"text": "Sound.", "date": "next Tuesday or so"}', "schema.format", "published_at"),
        (b'{"text": "Sound.", "authors": {"names": "Ada"}}', "schema.type", "authors"),
        (b'{"text": "Sound.", "language": "a language"}', "schema.pattern", "language"),
        (b'{"text": NaN}', "invalid_json", None),
        (b'{"text": ' + b"[" * 300 + b"]" * 300 + b"}", "nested_too_deep", None),
        (b'{"text": ' + b"[" * 100_000, "invalid_json", None),
        (b'{"text": "Sound.", "date": "1998-12-31T23:59:60Z"}', "out_of_range", "published_at"),
        (b'{"text": "Sound.", "date": "0001-01-01T00:00:00+01:00"}', "out_of_range", "published_at"),
        (b'{"text": "\\ud800"}', "invalid_json", None),
    ],
)
def test_a_bad_line_is_quarantined_with_its_place_and_reason(
    make_project: MakeProject, line: bytes, code: str, field: str | None
) -> None:
    sound = orjson.dumps(article(99))
    root, result = build_with(make_project, {"bad.jsonl": sound + b"\n\n" + line + b"\n"})
    assert result.accounting["quarantined"] == 1
    [entry] = quarantine(root)
    assert (entry["file"], entry["row"], entry["code"], entry["field"]) == ("bad.jsonl", 3, code, field)
    assert entry["message"]


def test_a_text_file_that_is_not_utf8_names_the_byte(make_project: MakeProject) -> None:
    root, _ = build_with(make_project, {"old.txt": "Ein Titel\n\nÜber schöne Brücken.".encode() + b"\xff"})
    [entry] = quarantine(root)
    assert (entry["file"], entry["code"]) == ("old.txt", "invalid_utf8")
    assert "byte 35" in entry["message"]


def test_an_empty_file_is_one_rejected_record(make_project: MakeProject) -> None:
    root, _ = build_with(make_project, {"nothing.txt": b"", "blank.txt": b" \n\n"})
    assert [(entry["file"], entry["code"]) for entry in quarantine(root)] == [
        ("blank.txt", "empty_text"),
        ("nothing.txt", "empty_text"),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_permission_is_one_rejected_record(make_project: MakeProject) -> None:
    root = make_project((article(i) for i in range(10)), recipe=PATIENT)
    secret = root / "data/raw/secret.txt"
    secret.write_text("Closed\n\nNobody may read this.")
    secret.chmod(0)
    imprint.build(root)
    assert [(entry["file"], entry["code"]) for entry in quarantine(root)] == [
        ("secret.txt", "unreadable_file")
    ]


def test_a_link_that_leads_nowhere_is_one_rejected_record(make_project: MakeProject) -> None:
    root = make_project((article(i) for i in range(10)), recipe=PATIENT)
    for name in ("gone.txt", "gone.jsonl", "gone.jsonl.gz"):
        (root / "data/raw" / name).symlink_to(root / "nowhere")
    result = imprint.build(root)
    assert result.accounting["quarantined"] == 3
    assert {entry["code"] for entry in quarantine(root)} == {"unreadable_file"}


def test_a_pipe_is_not_waited_for(make_project: MakeProject) -> None:
    root = make_project((article(i) for i in range(10)), recipe=PATIENT)
    os.mkfifo(root / "data/raw/pipe.txt")
    imprint.build(root)
    assert [(entry["file"], entry["code"]) for entry in quarantine(root)] == [("pipe.txt", "unreadable_file")]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_the_tail_of_a_truncated_archive_is_one_record_and_the_rest_is_kept(
    make_project: MakeProject, suffix: str
) -> None:
    lines = b"".join(orjson.dumps(article(i, noise=os.urandom(400).hex())) + b"\n" for i in range(100, 400))
    packed = gzip.compress(lines) if suffix == ".gz" else pa.Codec("zstd").compress(lines, asbytes=True)
    root, result = build_with(make_project, {f"cut.jsonl{suffix}": packed[: len(packed) * 3 // 4]})
    assert [entry["code"] for entry in quarantine(root)] == ["truncated_stream"]
    assert result.accounting["quarantined"] == 1
    assert result.accounting["new"] > 100


def test_a_file_of_an_unknown_format_is_named(make_project: MakeProject) -> None:
    _, result = build_with(make_project, {"notes.docx": b"PK"})
    assert [(finding.code, finding.place.file) for finding in result.findings] == [
        ("not_an_article_format", "notes.docx")
    ]


def test_an_unknown_recipe_key_names_the_nearest_one(make_project: MakeProject) -> None:
    root = make_project([article(1)], recipe={"salt =": "slat ="})
    with pytest.raises(UsageError, match=r"unknown key splits.slat: did you mean salt\?") as refused:
        imprint.build(root)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"acme/newswire"', '"no-namespace"', "dataset.name"),
        ("drop_at = 0.8", 'drop_at = "much"', "dedup.drop_at"),
        ("train = 0.9", "train = 0.5", "sum to 0.6"),
        ("train = 0.9", "training = 0.9", "a split named train is needed"),
        ('"300MB"', '"big"', "parquet.shard_bytes"),
        ("drop_at = 0.8", "drop_at = 0.3", "drop_at .* must not be below group_at"),
        ("max_rejected = 0.05", "max_rejected = 5", "limits.max_rejected"),
        ("[clean]", "[clean]\nfurnitur = true", "clean.furnitur: did you mean furniture"),
        ("[splits]", "[splits", "not TOML"),
    ],
)
def test_a_wrong_recipe_value_is_named(make_project: MakeProject, old: str, new: str, message: str) -> None:
    root = make_project([article(1)], recipe={old: new})
    with pytest.raises(UsageError, match=message):
        imprint.build(root)


def test_all_faults_of_a_recipe_are_told_together(make_project: MakeProject) -> None:
    root = make_project([article(1)], recipe={"salt =": "slat =", "drop_at = 0.8": "drop_at = 2"})
    with pytest.raises(UsageError, match="2 faults") as refused:
        imprint.build(root)
    assert "slat" in str(refused.value)
    assert "drop_at" in str(refused.value)


def test_an_empty_input_folder_says_what_to_put_there(make_project: MakeProject) -> None:
    with pytest.raises(UsageError, match="holds no articles") as refused:
        imprint.build(make_project())
    assert ".jsonl" in refused.value.hint


def test_an_input_that_does_not_exist_is_named(make_project: MakeProject) -> None:
    root = make_project(recipe={"data/raw": "data/row"})
    with pytest.raises(UsageError, match=r"data/row.*does not exist"):
        imprint.build(root)


def test_an_input_without_anything_new_after_a_release_changes_nothing(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(5))
    imprint.build(root)
    imprint.publish(root)
    (root / "data/raw/articles.jsonl").unlink()
    result = imprint.build(root)
    assert result.status == "unchanged"
    assert [finding.code for finding in result.findings] == ["empty_input"]


@pytest.mark.parametrize("name", ["imprint.toml", "schema/article.schema.json", "dataset_card.md"])
def test_a_missing_project_file_is_named(make_project: MakeProject, name: str) -> None:
    root = make_project([article(1)])
    (root / name).unlink()
    with pytest.raises(UsageError, match=f"{name} is missing"):
        imprint.build(root)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"type": "object"}', "no properties"),
        ('{"$ref": "file:///etc/passwd", "properties": {}}', "cannot be used"),
        ('{"properties": {"id": {"type": "string"}}}', "lacks fields"),
    ],
)
def test_a_broken_schema_is_named(make_project: MakeProject, text: str, message: str) -> None:
    root = make_project([article(1)])
    (root / "schema/article.schema.json").write_text(text)
    with pytest.raises(UsageError, match=message):
        imprint.build(root)


@pytest.mark.parametrize("reference", ["file:///etc/passwd", "http://127.0.0.1:9/schema.json", "other.json"])
def test_a_schema_that_refers_outside_itself_is_refused(make_project: MakeProject, reference: str) -> None:
    root = make_project([article(1)])
    path = root / "schema/article.schema.json"
    schema = orjson.loads(path.read_bytes())
    schema["properties"]["section"] = {"$ref": reference}
    path.write_bytes(orjson.dumps(schema))
    with pytest.raises(UsageError, match="cannot be used"):
        imprint.build(root)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<!-- imprint:end -->", "", "is not closed|holds no"),
        ("begin splits", "begin splitz", "unknown block splitz"),
        ("annotations_creators:", "annotations_creators: [", "front matter is not YAML"),
    ],
)
def test_a_broken_card_is_named(make_project: MakeProject, old: str, new: str, message: str) -> None:
    root = make_project(article(i) for i in range(5))
    card = (root / "dataset_card.md").read_text()
    (root / "dataset_card.md").write_text(card.replace(old, new))
    with pytest.raises(UsageError, match=message):
        imprint.build(root)


def test_an_override_that_no_record_has_is_a_finding(make_project: MakeProject) -> None:
    root = make_project(
        (article(i) for i in range(5)), recipe={"[input.fields]": '[input.fields]\ntitle = "hedline"'}
    )
    assert [finding.code for finding in imprint.build(root).findings] == ["override_unused"]


def test_an_override_leads_to_another_key(make_project: MakeProject) -> None:
    articles = [{"content": {"raw": f"Text of article {i}."}, "text": "not this"} for i in range(5)]
    root = make_project(articles, recipe={"[input.fields]": '[input.fields]\ntext = "content.raw"'})
    imprint.build(root)
    imprint.publish(root)
    from tests.conftest import released_rows

    assert {row["text"] for row in released_rows(root, "1.0.0").values()} == {
        f"Text of article {i}." for i in range(5)
    }


def test_two_builds_of_one_project_do_not_run_at_once(make_project: MakeProject) -> None:
    from imprint.building.workspace import build_lock

    root = make_project([article(1)])
    with (
        build_lock(root / "data/build"),
        pytest.raises(ConflictError, match=f"process {os.getpid()} is building"),
    ):
        imprint.build(root)
    assert imprint.build(root).status == "built"


def test_what_a_killed_build_left_is_taken_away(make_project: MakeProject) -> None:
    root = make_project([article(1)])
    left = root / "data/build/.work-killed"
    left.mkdir(parents=True)
    write_jsonl(left / "x.jsonl", [])
    imprint.build(root)
    assert not left.exists()


def test_inputs_that_overlap_are_read_once(make_project: MakeProject) -> None:
    root = make_project(
        (article(i) for i in range(10)), recipe={'["data/raw"]': '["data/raw", "data/raw/articles.jsonl"]'}
    )
    assert imprint.build(root).accounting["read"] == 10


def test_two_inputs_with_one_name_are_a_finding(make_project: MakeProject) -> None:
    root = make_project((article(i) for i in range(10)), recipe={'["data/raw"]': '["data/raw", "more"]'})
    write_jsonl(root / "more/articles.jsonl", [article(20)])
    result = imprint.build(root)
    assert result.accounting["read"] == 11
    assert [finding.code for finding in result.findings] == ["same_name"]


@pytest.mark.parametrize(
    ("line", "message"),
    [('txet = "text"', "no such field"), ('id = "url"', "imprint writes this field itself")],
)
def test_an_override_of_no_field_is_refused(make_project: MakeProject, line: str, message: str) -> None:
    root = make_project([article(1)], recipe={"[input.fields]": f"[input.fields]\n{line}"})
    with pytest.raises(UsageError, match=message):
        imprint.build(root)


@pytest.mark.parametrize("options", [{"bump": "huge"}, {"workers": 0}, {"date": "tomorrow"}])
def test_a_wrong_option_is_refused_before_anything_is_read(
    make_project: MakeProject, options: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        imprint.build(make_project([article(1)]), **options)


def test_a_card_that_is_not_utf8_is_named(make_project: MakeProject) -> None:
    root = make_project([article(1)])
    (root / "dataset_card.md").write_bytes(b"caf\xe9")
    with pytest.raises(UsageError, match="byte 4 of the file is not UTF-8"):
        imprint.build(root)
