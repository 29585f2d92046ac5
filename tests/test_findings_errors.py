"""Errors and findings: what they carry, and how a person reads it."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint import errors
from imprint.errors import ImprintError, Place, shorten
from imprint.findings import Finding


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("UsageError", 2),
        ("RejectedError", 1),
        ("TransferError", 3),
        ("ConflictError", 4),
        ("InternalError", 70),
    ],
)
def test_each_kind_of_error_has_the_exit_code_of_the_design(name, code):
    kind = getattr(errors, name)
    assert issubclass(kind, ImprintError)
    assert kind.exit_code == code


def test_an_error_says_file_row_field_value_and_the_next_step():
    place = Place("raw/a.jsonl", 7, "url", "'ftp://x'")
    error = errors.UsageError("not an address", place=place, hint="correct the line")
    for part in ("raw/a.jsonl:7", "url", "'ftp://x'", "not an address", "correct the line"):
        assert part in str(error)


def test_an_error_is_data_as_well_as_text():
    error = errors.ConflictError("refused", place=Place("a", 1), hint="do")
    data = orjson.loads(orjson.dumps(error.as_dict()))
    assert data == {"error": "ConflictError", "message": "refused", "hint": "do", "file": "a", "row": 1}


def test_an_error_without_a_place_begins_with_its_message():
    assert str(errors.TransferError("the disk is full")) == "the disk is full"


@settings(max_examples=60, deadline=None)
@given(st.text() | st.binary() | st.integers() | st.lists(st.text(max_size=50)), st.integers(5, 120))
def test_a_shortened_value_is_one_line_within_its_limit(value, limit):
    shown = shorten(value, limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_a_value_that_fits_is_shown_whole(value):
    if len(repr(value)) <= 80:
        assert shorten(value) == repr(value)


def test_a_finding_is_data_with_its_place_beside_it():
    finding = Finding("invalid_json", "broken", Place("a.jsonl", 3, value="'{'"), hint="mend it")
    assert orjson.loads(orjson.dumps(finding.as_dict())) == {
        "code": "invalid_json",
        "message": "broken",
        "path": "a.jsonl",
        "row": 3,
        "value": "'{'",
        "hint": "mend it",
    }


def test_a_finding_reads_as_one_sentence_with_code_and_place():
    assert str(Finding("invalid_json", "broken", Place("a.jsonl", 3))) == "[invalid_json] a.jsonl:3: broken"
