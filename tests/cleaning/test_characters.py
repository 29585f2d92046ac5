"""Characters and white space."""

from __future__ import annotations

import unicodedata

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.cleaning.characters import UNICODE, WHITESPACE, clean_line, clean_text, untidy

ODD = "aé\u0301e \n\r\t\x00\x08\x0b\x0c\x1c\x1f\x7f\x85\xa0\xad\u1680\u180e\u2003\u200b\u200c\u200d\u2028\u2029\u202f\u2060\u3000\ufeff\u2000\u212bﬁ中"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(
    st.sampled_from(ODD), max_size=40
)
JOINERS = "\u200c\u200d"


def visible(text: str) -> str:
    """What a reader sees and a shaper needs: NFC without controls, zero-width characters and white space."""
    hidden = {"\xad", "\u200b", "\u2060", "\ufeff"}
    kept = (c for c in text if not (c.isspace() or c in hidden or unicodedata.category(c) == "Cc"))
    return unicodedata.normalize("NFC", "".join(kept))


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_cleaning_a_text_is_idempotent(text):
    once, _ = clean_text(text)
    assert clean_text(once) == (once, [])


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_cleaning_a_line_is_idempotent_and_leaves_one_line(line):
    once = clean_line(line)
    assert clean_line(once) == once
    assert len(once.splitlines()) <= 1
    assert once == once.strip()


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("abcé中\u200c\u200d \n\r\t\xa0\u200b\ufeff\x00\u2028.ﬁ"), max_size=40))
def test_only_what_is_invisible_is_removed(text):
    assert visible(clean_text(text)[0]) == visible(text)
    assert visible(clean_line(text)) == visible(text)


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_a_clean_text_has_single_spaces_and_single_blank_lines(text):
    cleaned, _ = clean_text(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    for untidy_run in ("  ", "\n\n\n", " \n", "\n ", "\r", "\t", "\xa0", "\u2028", "\x00"):
        assert untidy_run not in cleaned
    assert cleaned == cleaned.strip()


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXT, max_size=5))
def test_what_the_pass_over_the_column_leaves_out_needs_no_cleaning(texts):
    for text, marked in zip(texts, untidy(texts), strict=True):
        assert marked or clean_text(text) == (text, [])


def test_a_tidy_text_is_not_marked():
    assert untidy(["One line.\n\nAnother, with é.", ""]) == [False, False]


@pytest.mark.parametrize("text", ["\u0645\u06cc\u200c\u062e", "क्\u200dष", "👩\u200d🚀"])
def test_joiners_stay_because_scripts_need_them(text):
    assert clean_text(text) == (text, [])
    assert clean_line(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned", "steps"),
    [
        ("cafe\u0301", "café", [UNICODE]),
        ("a\u200bb\ufeff", "ab", [UNICODE]),
        ("so\xadft", "soft", [UNICODE]),
        ("a\r\nb\rc", "a\nb\nc", [WHITESPACE]),
        ("a\u2028b", "a\nb", [WHITESPACE]),
        ("a\xa0\u3000b", "a b", [WHITESPACE]),
        ("a\n \n\n\nb", "a\n\nb", [WHITESPACE]),
        ("\ta ", "a", [WHITESPACE]),
        ("a\u200b  b", "a b", [UNICODE, WHITESPACE]),
        ("ﬁ ½ ™", "ﬁ ½ ™", []),
    ],
)
def test_the_steps_that_changed_a_text_are_named(text, cleaned, steps):
    assert clean_text(text) == (cleaned, steps)


@settings(max_examples=60, deadline=None)
@given(TEXT)
def test_a_step_that_is_off_does_nothing(text):
    assert clean_text(text, unicode=False, whitespace=False) == (text, [])
    assert clean_text(text, unicode=False)[1] in ([], [WHITESPACE])
    assert clean_text(text, whitespace=False)[1] in ([], [UNICODE])


def test_naughty_strings_are_cleaned_without_complaint(suites):
    strings = orjson.loads((suites / "naughty-strings/blns.json").read_bytes())
    assert len(strings) == 515
    for text in strings:
        once, _ = clean_text(text)
        assert clean_text(once) == (once, [])
        assert clean_line(clean_line(text)) == clean_line(text)
