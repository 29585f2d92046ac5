"""JSON files: one article, or an array read an element at a time."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import orjson
import pytest

from imprint.sources import json_file
from tests.sources.test_formats import drafts, records


def write(folder: Path, data: bytes, name: str = "a.json") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_an_object_is_one_article_with_the_digest_of_its_file(tmp_path: Path) -> None:
    data = b' {"title": "The quay", "text": "It was repaired."}\n'
    path = write(tmp_path, data, "0017_quay.json")
    [record] = records(path)
    assert (record.row, record.raw_sha256) == (1, hashlib.sha256(data).hexdigest())
    assert drafts(path)[0].values["source_id"] == "0017_quay"


def test_an_array_s_elements_are_records_with_digests_of_their_own(tmp_path: Path) -> None:
    articles = [{"text": f"Text {i}", "n": i} for i in range(3)]
    found = records(write(tmp_path, orjson.dumps(articles, option=orjson.OPT_INDENT_2)))
    assert [record.row for record in found] == [1, 2, 3]
    assert [record.raw_sha256 for record in found] == [
        hashlib.sha256(orjson.dumps(one, option=orjson.OPT_SORT_KEYS)).hexdigest() for one in articles
    ]


def test_a_large_array_is_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    articles = [{"text": f'Text {i} ["' + "x" * (i % 700)} for i in range(3000)]
    monkeypatch.setattr(json_file, "BLOCK_BYTES", 10_000)
    batches = [drafts(write(tmp_path, orjson.dumps(articles)))]
    assert [draft.values["text"] for batch in batches for draft in batch] == [one["text"] for one in articles]


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b'[{"text": "a"}, {"text": "b"', [None, "invalid_json"]),
        (b'[{"text": "a"}', [None, "invalid_json"]),
        (b'[{"text": "a"}, {"text": tru}, {"text": "c"}]', [None, "invalid_json"]),
        (b'[{"text": "a"} {"text": "b"}]', [None, "invalid_json"]),
        (b'[{"text": "a"}, 17, null, ["b"]]', [None, "not_an_object", "not_an_object", "not_an_object"]),
        (b'{"text": "a"}\n{"text": "b"}\n', [None, None]),
        (b'{"text": "a"}\n{"text": "b"', [None, "invalid_json"]),
        (b'{"text": "a"} and more', [None, "invalid_json"]),
        (b'[{"text": "a", "text": "b"}, {"text": "a", "text": "a"}]', ["duplicate_key", None]),
        (b'{"status": "ok", "articles": [{"content": "a"}, {"content": "b"}]}', [None, None]),
        (b'[{"text": NaN}]', ["invalid_json"]),
        (b'[{"text": "a", "n": 1e999}, {"text": "b", "n": 1.5}]', ["invalid_json", None]),
        (b'{"text": -Infinity}', ["invalid_json"]),
        (b'[{"text": "\\ud800"}]', ["invalid_utf8"]),
        (b'[{"text": "caf\xe9 au lait"}, {"text": "b"}]', [None, None]),
        (b"", ["invalid_json"]),
        (b"null", ["not_an_object"]),
        (b"[]", []),
        (b"[" * 100_000, ["nested_too_deep"]),
        (b'[{"text": "a", "n": 123456789012345678901234567890}]', ["invalid_utf8"]),
    ],
)
def test_a_fault_is_one_record_and_what_stood_before_it_is_kept(
    tmp_path: Path, data: bytes, codes: list[str | None]
) -> None:
    found = drafts(write(tmp_path, data))
    assert [draft.fault.code if draft.fault else None for draft in found] == codes


def test_what_stands_before_the_break_of_a_packed_array_is_kept(tmp_path):
    whole = gzip.compress(
        orjson.dumps([{"text": f"article {number} " + "word " * 200} for number in range(900)]), 1
    )
    path = tmp_path / "a.json.gz"
    path.write_bytes(whole[: len(whole) // 2])
    found = records(path)
    assert len(found) > 100
    assert [record.fault is None for record in found] == [True] * (len(found) - 1) + [False]
    assert found[-1].fault.code == "truncated_stream"


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b'[{"text": "a"}]\n[{"text": "b"}, {"text": "c"}]\n', [None, None, None]),
        (b'[{"text": "a"}] and more', [None, "invalid_json"]),
        (b'[{"text": "a"}]\n\n', [None]),
    ],
)
def test_what_stands_behind_an_array_is_not_lost(tmp_path, data, codes):
    (tmp_path / "a.json").write_bytes(data)
    assert [record.fault and record.fault.code for record in records(tmp_path / "a.json")] == codes
