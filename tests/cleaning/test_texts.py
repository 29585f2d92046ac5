"""The steps of cleaning together, over a column."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.cleaning.residue import line_hash
from imprint.cleaning.texts import clean_texts
from imprint.recipe import Clean

OFF = Clean(unicode=False, whitespace=False, repeated_title=False, furniture=False, source_lines=None)
TEXT = st.text(st.sampled_from("ab \n\r\t\u200b\xa0é\u0301"), max_size=20) | st.sampled_from(
    ["Title\nBody.", "Body.\nAdvertisement", "Top stories\n\nBody.\n\nShare this article"]
)
NOTHING: dict[str, frozenset[int]] = {}


def clean_one(text, title=None, source="s", repeated=NOTHING, clean=None):
    texts, steps = clean_texts([text], [title], [source], repeated, clean or Clean())
    return texts[0], steps[0]


def test_every_step_that_changed_a_text_is_named():
    text = "The Ferry\nThe cafe\u0301  opened.\n\nAdvertisement"
    cleaned, steps = clean_one(text, "The ferry")
    assert cleaned == "The café opened."
    assert sorted(step.partition("@")[0] for step in steps) == [
        "furniture",
        "repeated_title",
        "unicode",
        "whitespace",
    ]


@settings(max_examples=150, deadline=None)
@given(TEXT, st.sampled_from([None, "Title"]))
def test_a_step_is_named_exactly_where_a_text_changed(text, title):
    cleaned, steps = clean_one(text, title)
    assert (cleaned != text) == bool(steps)


def test_a_text_that_needs_nothing_is_the_same_object():
    text = "The ferry sailed.\n\nIt came back."
    assert clean_one(text, "Another title")[0] is text


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, max_size=4))
def test_with_every_step_off_nothing_changes(texts):
    cleaned, steps = clean_texts(texts, [None] * len(texts), ["s"] * len(texts), NOTHING, OFF)
    assert cleaned == texts
    assert not any(steps)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, max_size=4))
def test_a_text_is_cleaned_the_same_whatever_stands_beside_it(texts):
    together, _ = clean_texts(texts, ["Title"] * len(texts), ["s"] * len(texts), NOTHING, Clean())
    assert together == [clean_one(text, "Title")[0] for text in texts]


def test_a_repeated_line_is_residue_for_its_own_source_only():
    text = "The ferry sailed.\n\nThe Courier, Rope Walk"
    repeated = {"courier": frozenset({line_hash("The Courier, Rope Walk")})}
    assert clean_one(text, source="courier", repeated=repeated)[0] == "The ferry sailed."
    assert clean_one(text, source="gazette", repeated=repeated)[0] == text


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_ends_of_lines_make_no_difference(end):
    text = end.join(["The ferry", "", "It sailed.", "", "It came back.", "", "Advertisement"])
    assert clean_one(text, "The ferry")[0] == "It sailed.\n\nIt came back."


@pytest.mark.parametrize(
    ("switch", "text", "title"),
    [
        ("repeated_title", "Title\nBody.", "Title"),
        ("furniture", "Body.\n\nAdvertisement", None),
        ("unicode", "cafe\u0301", None),
        ("whitespace", "a  b", None),
    ],
)
def test_each_step_can_be_switched_off_alone(switch, text, title):
    assert clean_one(text, title)[0] != text
    assert clean_one(text, title, clean=Clean(**{switch: False})) == (text, [])
