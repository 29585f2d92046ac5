"""Digests: recomputed here with the standard library, as a reader of docs/format.md would."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.digests import (
    CHUNK_BYTES,
    canonical_json,
    content_digest,
    pretty_json,
    row_digest,
    sha256_file,
    sha256_hex,
    text_key,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SPACED = st.text(
    st.sampled_from("aA zZ\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u2003\u2028\u3000\x00\x7fßİ\u017féÉ"),
    max_size=30,
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


def plain(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def key_by_definition(text: str) -> bytes:
    folded = "".join(character for character in text.casefold() if not character.isspace())
    return hashlib.sha256(folded.encode("utf-8")).digest()[:16]


@settings(max_examples=150, deadline=None)
@given(VALUE)
def test_canonical_json_is_that_of_the_standard_library_with_sorted_keys(value):
    assert canonical_json(value) == plain(value)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(TEXT, VALUE, max_size=5))
def test_canonical_json_does_not_depend_on_the_order_of_keys(value):
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(TEXT, VALUE, max_size=5))
def test_the_row_digest_can_be_recomputed_without_imprint(row):
    known = {key: value for key, value in row.items() if value is not None}
    assert row_digest(row) == hashlib.sha256(plain(known)).hexdigest()


def test_a_new_field_that_is_null_leaves_the_row_digest_as_it_was():
    assert row_digest({"id": "a", "later": None}) == row_digest({"id": "a"})


@pytest.mark.parametrize("value", ["", 0, False, []])
def test_a_value_that_is_only_empty_counts_in_the_row_digest(value):
    assert row_digest({"id": "a", "later": value}) != row_digest({"id": "a"})


def test_the_content_digest_is_that_of_the_lines_of_row_digests():
    rows = [row_digest({"id": str(number)}) for number in range(3)]
    assert content_digest(rows) == hashlib.sha256("".join(f"{row}\n" for row in rows).encode()).hexdigest()


def test_the_content_digest_sees_the_order_of_the_rows():
    rows = [row_digest({"id": str(number)}) for number in range(3)]
    assert content_digest(rows) != content_digest(rows[::-1])


def test_the_content_digest_of_nothing_is_that_of_no_bytes():
    assert content_digest([]) == hashlib.sha256().hexdigest()


@settings(max_examples=200, deadline=None)
@given(TEXT | SPACED)
def test_the_text_key_follows_its_definition(text):
    assert text_key(text) == key_by_definition(text)


@pytest.mark.parametrize("code", range(128))
def test_every_ascii_character_has_the_same_place_in_both_paths(code):
    text = f"A{chr(code)}b"
    # One character beyond ASCII takes the general path, and the rest must not notice.
    assert text_key(text) == key_by_definition(text)
    assert text_key(text + "é") == key_by_definition(text + "é")


@pytest.mark.parametrize(
    ("one", "other"),
    [("Straße", "STRASSE"), ("a b", "ab"), ("a\u3000b\u2028", "A B"), ("ΣΑΣ", "σας"), ("İ", "i\u0307")],
)
def test_texts_that_differ_in_case_and_space_only_are_equal(one, other):
    assert text_key(one) == text_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("a", "b"), ("a.", "a"), ("e", "é"), ("a\u200cb", "ab"), ("", "\x00")]
)
def test_texts_that_differ_in_a_visible_or_joining_character_are_not(one, other):
    assert text_key(one) != text_key(other)


def test_a_text_key_has_sixteen_bytes():
    assert len(text_key("")) == len(text_key("é" * 10_000)) == 16


def test_a_file_is_digested_whole(tmp_path):
    data = bytes(range(256)) * (2 * CHUNK_BYTES // 256) + b"the tail"
    (tmp_path / "large").write_bytes(data)
    assert sha256_file(tmp_path / "large") == hashlib.sha256(data).hexdigest() == sha256_hex(data)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        sha256_file(tmp_path / "missing")


def test_pretty_json_reads_back_and_ends_with_one_newline():
    value = {"b": [1, None], "a": "é"}
    assert json.loads(pretty_json(value)) == value
    assert list(json.loads(pretty_json(value))) == ["a", "b"]
    assert list(json.loads(pretty_json(value, sort=False))) == ["b", "a"]
    assert pretty_json(value).endswith(b"}\n")
