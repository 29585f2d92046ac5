"""Plain text: title, date line, title again, paragraphs; what is not there is not invented."""

from __future__ import annotations

import gzip
import hashlib

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.sources.base import InputFile, RawRecord, Span
from imprint.sources.recognise import Recogniser
from imprint.sources.text import TEXT, TITLE_CHARS, split_head

BODY = "The ferry left at dawn. Nobody had expected that.\n\nIt came back at noon."


def draft(data: bytes, name: str = "courier/0001_ferry.txt"):
    record = RawRecord(1, hashlib.sha256(data).hexdigest(), data)
    file = InputFile(name, name, len(data), "txt", "")
    return TEXT.draft(record, file, Recogniser(("title", "text", "published_at"), {}).draft)


def read(path, compression=""):
    (batch,) = TEXT.read(Span(InputFile(str(path), "a.txt", 0, "txt", compression), 0, None, 1))
    (record,) = batch
    return record


@pytest.mark.parametrize(
    ("head", "title", "date"),
    [
        ("The ferry sails\n\n", "The ferry sails", None),
        ("The ferry sails\n\n2025-03-14 08:15:00\n\n", "The ferry sails", "2025-03-14 08:15:00"),
        (
            "The ferry sails\n\n2025-03-14 08:15:00\nThe ferry sails\n\n",
            "The ferry sails",
            "2025-03-14 08:15:00",
        ),
        ("The ferry sails\nThe Ferry Sails\n\nMarch 14, 2025\n\n", "The ferry sails", "March 14, 2025"),
        ("The ferry sails\nMarch 14, 2025\n", "The ferry sails", "March 14, 2025"),
        ("\n\nThe ferry sails\n\n", "The ferry sails", None),
        ("", None, None),
        ("It was dawn.\n\n", None, None),
        ("x" * (TITLE_CHARS + 1) + "\n\n", None, None),
    ],
)
def test_the_head_of_a_file_is_read_as_title_and_date(head, title, date):
    found_title, found_date, body, _ = split_head(head + BODY)
    assert (found_title, found_date) == (title, date)
    assert body.strip() == (BODY if title else (head + BODY).strip())


def test_what_was_taken_off_the_head_is_named():
    *_, steps = split_head(f"The ferry sails\n\n2025-03-14\nThe ferry sails\n\n{BODY}")
    assert steps == ["date_line@1: 2025-03-14", "repeated_title@1"]


def test_a_file_of_one_line_has_a_text_and_no_title():
    assert split_head("Only one line") == (None, None, "Only one line", [])


def test_a_date_further_down_belongs_to_the_body():
    text = f"The ferry sails\n\nIt left at dawn.\n2025-03-14\n{BODY}"
    title, date, body, _ = split_head(text)
    assert (title, date) == ("The ferry sails", None)
    assert "2025-03-14" in body


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("aB.\n 2025-03-14"), max_size=60) | st.text(max_size=60))
def test_no_word_is_lost_between_title_date_and_body(text):
    title, date, body, steps = split_head(text)
    if title is None:
        assert (date, body, steps) == (None, text, [])
    else:
        assert text.endswith(body)
        taken = text[: len(text) - len(body)]
        lines = [line.strip() for line in taken.strip().split("\n") if line.strip()]
        assert lines[0] == title
        assert len(lines) == 1 + len(steps)
        assert date is None or date in lines


def test_the_draft_has_the_stem_of_the_file_as_its_source_id():
    values = draft(f"The ferry sails\n\n{BODY}".encode()).values
    assert values["source_id"] == "0001_ferry"
    assert values["title"] == "The ferry sails"
    assert values["text"].strip() == BODY


def test_the_stem_knows_no_compression():
    assert draft(BODY.encode(), "courier/a.b.txt.gz").values["source_id"] == "a.b"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_mark_and_ends_of_lines_make_no_other_head(mark, end):
    text = f"{mark}The ferry sails\n\n2025-03-14\n\n{BODY}".replace("\n", end)
    values = draft(text.encode()).values
    assert (values["title"], values["published_at"]) == ("The ferry sails", "2025-03-14")
    assert values["text"].split() == BODY.split()


@pytest.mark.parametrize(
    "data", ["Brücken, überall".encode() + b"\xff", b"\xff\xfea", b"ok \xed\xa0\x80", b"cut \xe2\x82"]
)
def test_bytes_that_are_not_utf_8_are_a_finding_with_their_place(data):
    fault = draft(data).fault
    assert fault is not None
    assert fault.code == "invalid_utf8"
    assert "byte" in fault.message


@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".gz", gzip.compress)])
def test_the_digest_is_that_of_the_file_before_compression(tmp_path, suffix, pack):
    data = b"\xef\xbb\xbfThe ferry sails\r\n\r\n" + BODY.encode()
    path = tmp_path / "a.txt"
    path.write_bytes(pack(data))
    record = read(path, suffix)
    assert (record.row, record.payload, record.fault) == (1, data, None)
    assert record.raw_sha256 == hashlib.sha256(data).hexdigest()


def test_an_empty_file_is_one_record():
    assert draft(b"").values["text"] == ""


@pytest.mark.parametrize(
    ("suffix", "data", "code"),
    [
        ("", None, "unreadable_file"),
        (".gz", b"never packed", "truncated_stream"),
        (".gz", gzip.compress(b"x" * 99)[:-9], "truncated_stream"),
    ],
)
def test_a_file_that_fails_is_one_record_with_a_fault(tmp_path, suffix, data, code):
    path = tmp_path / "a.txt"
    if data is not None:
        path.write_bytes(data)
    record = read(path, suffix)
    assert record.fault is not None
    assert record.fault.code == code
    assert record.payload is None
    assert str(tmp_path) not in str(record.fault)


def test_a_file_over_the_limit_is_digested_and_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("imprint.sources.whole.MAX_LINE_BYTES", 1000)
    monkeypatch.setattr("imprint.sources.whole.BLOCK_BYTES", 300)
    path = tmp_path / "a.txt"
    path.write_bytes(b"word " * 1000)
    record = read(path)
    assert record.fault is not None
    assert record.fault.code == "record_too_large"
    assert record.raw_sha256 == hashlib.sha256(b"word " * 1000).hexdigest()
    assert not record.payload


def test_naughty_strings_are_articles_like_any_other(suites):
    for text in orjson.loads((suites / "naughty-strings/blns.json").read_bytes()):
        values = draft(f"{text}\n\n{BODY}".encode()).values
        assert values["text"].strip().endswith("It came back at noon.")


@pytest.mark.parametrize(
    ("text", "title", "date"),
    [
        (
            "Title: The storm: a tale\nDate: Feb. 7, 2024 at 5:20 p.m.\nAuthor: Ada\n\nIt came at night.",
            "The storm: a tale",
            "Feb. 7, 2024 at 5:20 p.m.",
        ),
        ("Headline: The storm\r\nPublished: 2024-02-07\r\n\r\nIt came at night.", "The storm", "2024-02-07"),
        ("The storm\n=========\n\nIt came at night.", "The storm", None),
        ("The storm\nPublished on: February 7, 2024\n\nIt came at night.", "The storm", "February 7, 2024"),
        ("The storm\n\nPosted: 2024-02-07 17:20\n\nIt came at night.", "The storm", "2024-02-07 17:20"),
        ("THE STORM OF FEBRUARY\n  It came at night.", "THE STORM OF FEBRUARY", None),
        ("The storm of the year\n" + "It came at night. " * 20, "The storm of the year", None),
    ],
)
def test_a_head_is_understood_however_it_is_written(text, title, date):
    found = draft(text.encode())
    assert (found.values["title"], found.values.get("published_at")) == (title, date)
    assert found.values["text"].lstrip().startswith("It came at night.")


@pytest.mark.parametrize(
    "text",
    [
        "Q: What happened?\nA: A storm.\n\nIt came at night.",
        "Date: yesterday\nPlace: here\n\nIt came at night.",
        "Note: this is prose that goes on and on.\nIt came at night.",
    ],
)
def test_lines_with_colons_are_not_always_a_head(text):
    assert draft(text.encode()).values["text"].startswith(text[:8])
