"""Conform: to the schema's types, and nothing dropped or guessed in silence."""

from __future__ import annotations

import copy

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.article import RecordSchema
from imprint.cleaning.conform import conform, precisions
from imprint.validation import Validator

SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
VALUE = SCALAR | st.lists(SCALAR, max_size=3) | st.dictionaries(st.text(max_size=2), SCALAR, max_size=2)
EXTRA = {
    "marks": {"type": ["array", "null"], "items": {"type": "integer"}},
    "flags": {"type": ["array", "null"], "items": {"type": "boolean"}},
    "views": {"type": ["integer", "null"]},
    "small": {"type": ["integer", "null"], "x-arrow": "int32"},
    "score": {"type": ["number", "null"]},
    "place": {"type": ["object", "null"]},
    "seen_at": {"type": ["string", "null"], "format": "date-time"},
}


@pytest.fixture(scope="module")
def document(record_schema):
    document = copy.deepcopy(record_schema)
    document["properties"].update(EXTRA)
    return document


@pytest.fixture(scope="module")
def schema(document):
    return RecordSchema.parse(document)


@pytest.fixture
def one(schema):
    return lambda field, value: conform(schema.by_name[field], [value])[0]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("title", "  A \u200b title\n", "A title"),
        ("title", "", None),
        ("title", " \u200b", None),
        ("section", ["News", "Local"], "News; Local"),
        ("url", "HTTPS://Example.org/a b#x", "https://example.org/a%20b"),
        ("url", "", None),
        ("license_url", "https://example.org", "https://example.org/"),
        ("source_id", 17, "17"),
        ("source_id", " a-1 ", "a-1"),
        ("source_domain", "WWW.Example.org", "example.org"),
        ("source_domain", "https://www.example.org/a", "example.org"),
        ("source_domain", "https://Example.org?id=1", "example.org"),
        ("authors", "By Ada Quill and Ben Stone", ["Ada Quill", "Ben Stone"]),
        ("authors", ["Ada Quill; Ben Stone", "Cy Moor"], ["Ada Quill", "Ben Stone", "Cy Moor"]),
        ("authors", [], None),
        ("authors", "", None),
        ("keywords", "ferry, harbour;tide", ["ferry", "harbour", "tide"]),
        ("keywords", ["ferry, small", " "], ["ferry, small"]),
        ("language", "EN_us", "en-US"),
        ("language", "zh-hans-cn", "zh-Hans-CN"),
        ("published_at", "Wed, 07 Feb 2024 17:20:20 +0100", "2024-02-07T16:20:20Z"),
        ("published_at", "2025", "2025-01-01T00:00:00Z"),
        ("seen_at", "2024-02-07", "2024-02-07T00:00:00Z"),
        ("place", {"b": [1]}, {"b": [1]}),
    ],
)
def test_a_value_takes_the_form_of_its_field(one, field, value, expected):
    assert one(field, value) == expected


@pytest.mark.parametrize("word", ["None", "none", "NULL", "NaN", "n/a", "unknown", "", "  "])
def test_a_word_for_no_date_is_null(one, word):
    assert one("published_at", word) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", 5), ("title", True), ("title", {"rendered": "x"}), ("url", 5), ("url", "ftp://example.org/"),
        ("source_id", True), ("source_id", 1.5), ("authors", [{"names": "Ada"}]), ("authors", 5), ("keywords", 7),
        ("published_at", "yesterday"), ("language", 5), ("tdm_reservation", "1"),
        ("views", "12"), ("score", "high"), ("source_domain", 5),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_conformed_stays_for_validation_to_show(one, field, value):
    assert one(field, value) == value


@pytest.mark.parametrize(("field", "value"), [("marks", [0, 1, 0]), ("flags", [False, True]), ("marks", [0])])
def test_a_zero_or_false_in_a_list_is_not_dropped(one, field, value):
    assert one(field, value) == value


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_value_raises_and_null_stays_null(schema, data):
    field = data.draw(st.sampled_from(schema.fields))
    values = data.draw(st.lists(VALUE, max_size=3))
    conformed = conform(field, values)
    assert len(conformed) == len(values)
    assert all(after is None for before, after in zip(values, conformed, strict=True) if before is None)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_conforming_twice_is_conforming_once(schema, data):
    field = data.draw(st.sampled_from([f for f in schema.fields if f.name != "authors"]))
    once = conform(field, [data.draw(VALUE)])
    assert conform(field, once) == once


def test_naughty_strings_are_conformed_as_titles_authors_and_addresses(suites, one):
    for text in orjson.loads((suites / "naughty-strings/blns.json").read_bytes()):
        for field in ("title", "authors", "url", "keywords", "source_domain", "published_at", "language"):
            again = one(field, one(field, text))
            assert field == "authors" or again == one(field, text)


BASE = {
    "id": "0" * 32, "text": "x", "input_file": "a", "input_row": 1, "raw_sha256": "0" * 64, "text_sha256": "0" * 64,
    "processing": [], "dup_cluster": "0" * 32, "added_in": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("published_at", "1998-12-31T23:59:60Z"),
        ("published_at", "0000-01-01T00:00:00Z"),
        ("published_at", "2024-02-07t17:20:20z"),
        ("published_at", "0001-01-01T00:00:00+01:00"),
        ("published_at", "2024-02-07T17:20:20.1234567891Z"),
        ("views", 10**19),
        ("views", 2**63),
        ("small", 3_000_000_000),
        ("views", 1e19),
        ("views", 5.0),
        ("score", 2**60 + 1),
    ],
)
def test_what_conforms_and_is_valid_fits_its_column_and_comes_back(document, schema, one, field, value):
    row = {**BASE, field: one(field, value)}
    if Validator(document).is_valid(row) and not schema.misfits([row]):
        assert schema.json_rows(schema.arrow_table([row]))[0][field] == row[field]


@pytest.mark.parametrize(
    ("given", "precision"),
    [("2025", "year"), ("2025-01", "month"), ("2025-01-02", "day"), ("None", None), (None, None), (5, None)],
)
def test_the_precision_is_that_of_what_was_given(given, precision):
    assert precisions([given]) == [precision]
