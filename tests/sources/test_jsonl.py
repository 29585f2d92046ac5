"""JSON Lines: every line is a record or a finding, and nothing crashes."""

from __future__ import annotations

import gzip
import hashlib

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.digests import canonical_json
from imprint.findings import QUARANTINE_REASONS, Finding
from imprint.sources import lines as lines_module
from imprint.sources.base import InputFile, RawRecord, Span
from imprint.sources.jsonl import JSON_LINES, parse

LINES = [b'{"n":1}', b"", b'{"n":2}\r', b"  ", b'{"n":"\xc3\xa9"}', b"broken", b'{"n":3}']


def input_file(path, compression=""):
    size = path.stat().st_size if path.exists() else 0
    return InputFile(str(path), "feed/a.jsonl", size, "jsonl", compression)


def read(path, compression="", start=0, end=None, first_row=1):
    span = Span(input_file(path, compression), start, end, first_row)
    return [record for batch in JSON_LINES.read(span) for record in batch]


def line(payload: bytes) -> RawRecord:
    return RawRecord(1, hashlib.sha256(payload).hexdigest(), payload)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(LINES) + b"\n")
    return path


def test_blank_lines_are_no_records_but_count_as_rows(file):
    assert [record.row for record in read(file)] == [1, 3, 5, 6, 7]


def test_the_digest_is_that_of_the_bytes_of_the_line(file):
    for record in read(file):
        expected = LINES[record.row - 1].removesuffix(b"\r")
        assert record.payload == expected
        assert record.raw_sha256 == hashlib.sha256(expected).hexdigest()


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [(".gz", gzip.compress), (".zst", lambda data: pa.compress(data, codec="zstd", asbytes=True))],
)
def test_compression_changes_no_record(file, tmp_path, suffix, pack):
    packed = tmp_path / f"a.jsonl{suffix}"
    packed.write_bytes(pack(file.read_bytes()))
    assert read(packed, suffix) == read(file)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_file_read_in_spans_gives_the_records_of_the_whole(tmp_path_factory, data):
    bom = b"\xef\xbb\xbf"
    pieces = st.sampled_from([b'{"n":1}', b"", b'{"n":2}\r', bom + b'{"n":3}', b"broken", bom])
    found = data.draw(st.lists(pieces, min_size=1, max_size=8))
    path = tmp_path_factory.mktemp("spans") / "a.jsonl"
    path.write_bytes(b"".join(piece + b"\n" for piece in found))
    at = data.draw(st.integers(0, len(found)))
    border = sum(len(piece) + 1 for piece in found[:at])
    parts = read(path, end=border) + read(path, start=border, first_row=at + 1)
    assert parts == read(path)


def test_a_file_that_is_not_there_is_one_unreadable_record(tmp_path):
    (record,) = read(tmp_path / "missing.jsonl")
    assert record.payload is None
    assert record.fault is not None
    assert record.fault.code == "unreadable_file"


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_finding_never_says_where_the_input_lies_on_this_machine(tmp_path, suffix):
    (record,) = read(tmp_path / "missing.jsonl", suffix)
    assert str(tmp_path) not in str(record.fault)


def test_a_broken_archive_keeps_what_stood_before_and_ends_with_one_fault(tmp_path):
    rows = [
        orjson.dumps({"n": number, "key": f"{number * 2654435761 % 2**32:08x}"}) for number in range(20_000)
    ]
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(rows) + b"\n")[:-8])
    *whole, last = read(path, ".gz")
    assert [record.payload for record in whole] == rows
    assert (last.row, last.fault and last.fault.code) == (len(rows) + 1, "truncated_stream")


def test_a_line_that_is_too_long_is_one_fault_with_the_digest_of_its_bytes(tmp_path, monkeypatch):
    # The real limit is 64 MiB; the default is an argument, bound when the function was made.
    monkeypatch.setitem(lines_module.lines.__kwdefaults__, "limit", 1000)
    monkeypatch.setattr("imprint.sources.jsonl.BLOCK_BYTES", 100)
    long = b'{"text":"' + b"x" * 5000 + b'"}'
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"n":1}\n' + long + b'\n{"n":2}\n')
    first, middle, last = read(path)
    assert (first.row, middle.row, last.row) == (1, 2, 3)
    assert middle.payload is None
    assert middle.raw_sha256 == hashlib.sha256(long).hexdigest()
    assert middle.fault is not None
    assert middle.fault.code == "record_too_large"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"[1]", "not_an_object"), (b'"text"', "not_an_object"), (b"null", "not_an_object"), (b"1", "not_an_object"),
        (b'{"a":1', "invalid_json"), (b"{'a':1}", "invalid_json"), (b'{"a":NaN}', "invalid_json"), (b'{"a":1}{"a":2}', "invalid_json"),
        (b'{"a":"\xff"}', "invalid_utf8"), (b'{"a":"\xed\xa0\x80"}', "invalid_utf8"), (b'{"a":"\xc0\xaf"}', "invalid_utf8"),
        (b'{"a":"\xf4\x90\x80\x80"}', "invalid_utf8"), (b'{"a":"\xe2\x82', "invalid_utf8"), (b'{"a":"\\ud800"}', "invalid_json"),
    ],
)  # fmt: skip
def test_a_line_without_an_object_is_a_finding_with_its_reason(payload, code):
    found = parse(line(payload))
    assert isinstance(found, Finding)
    assert found.code == code
    assert found.code in QUARANTINE_REASONS
    assert found.place.value


@pytest.mark.parametrize(
    "text", ["\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"]
)
def test_characters_at_the_edges_of_utf_8_are_read(text):
    assert parse(line(f'{{"text":"{text}"}}'.encode())) == {"text": text}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40))
def test_no_bytes_crash_the_parser(payload):
    found = parse(line(payload))
    assert isinstance(found, dict) or found.code in QUARANTINE_REASONS


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=3), st.text(max_size=8) | st.integers(-(2**63), 2**64 - 1) | st.none(), max_size=4
    )
)
def test_an_object_is_read_as_it_was_written(value):
    assert parse(line(orjson.dumps(value))) == value


@pytest.mark.parametrize("depth", [100, 254, 300, 1000, 100_000])
def test_what_is_read_can_be_written_again_however_deep_it_is(depth):
    found = parse(line(b'{"text":' + b"[" * depth + b"]" * depth + b"}"))
    if isinstance(found, dict):
        assert orjson.loads(canonical_json(found)) == found
    else:
        assert found.code in QUARANTINE_REASONS


def test_the_json_test_suite_is_accepted_and_rejected_as_it_asks(suites, tmp_path):
    wrong = []
    seen = {"y": 0, "n": 0, "i": 0}
    for file in sorted((suites / "json/test_parsing").glob("*.json")):
        kind = file.name[0]
        seen[kind] += 1
        found = parse(line(file.read_bytes()))
        accepted = isinstance(found, dict) or found.code == "not_an_object"
        if kind != "i" and accepted != (kind == "y"):
            wrong.append((file.name, found))
        first = file.read_bytes().removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0].strip()
        if first in (b"[", b"{") or first.startswith(b"[{"):
            continue  # an array or an object over several lines is read as such
        records = read(file)
        assert all(record.fault is None for record in records)
        assert len(records) == sum(
            1 for one in file.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n") if one.strip()
        )
        for record in records:
            assert isinstance(parse(record), (dict, Finding))
    assert wrong == []
    assert seen == {"y": 95, "n": 188, "i": 35}


@pytest.mark.parametrize("first", [b"{", b"[", b'[{"text": "in a list"}]', b'[{"text": '])
def test_a_first_line_that_is_broken_costs_no_line_behind_it(tmp_path, first):
    path = tmp_path / "a.jsonl"
    path.write_bytes(first + b'\n{"text": "one"}\n{"text": "two"}\n')
    assert [isinstance(parse(record), Finding) for record in read(path)] == [True, False, False]
