"""Names in a byline."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.cleaning.names import split_byline


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("Ada Quill", ["Ada Quill"]),
        ("By Ada Quill", ["Ada Quill"]),
        ("BY: Ada Quill", ["Ada Quill"]),
        ("by Ada Quill and Ben Stone", ["Ada Quill", "Ben Stone"]),
        ("Ada Quill & Ben Stone", ["Ada Quill", "Ben Stone"]),
        ("Ada Quill; Ben Stone | Cy Moor", ["Ada Quill", "Ben Stone", "Cy Moor"]),
        ("Ada Quill, Ben Stone and Cy Moor", ["Ada Quill", "Ben Stone", "Cy Moor"]),
        ("Quill, Ada", ["Quill, Ada"]),
        ("Quill, Ada; Stone, Ben", ["Quill, Ada", "Stone, Ben"]),
        ("Ada Quill, Jr.", ["Ada Quill, Jr."]),
        ("Ada Quill,", ["Ada Quill"]),
        ("Reuters", ["Reuters"]),
        ("Andrea Sandler", ["Andrea Sandler"]),
        ("", []),
        (" ; , ", []),
    ],
)
def test_a_byline_becomes_its_names(byline, names):
    assert split_byline(byline) == names


@pytest.mark.parametrize(
    "name", ["Ruby Smith", "Bobby Brown", "Ada Formby Quill", "Digby Stone", "Abby: Moor"]
)
def test_a_name_that_ends_in_by_stays_whole(name):
    assert split_byline(name) == [name]
    assert split_byline(f"By {name}") == [name]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.from_regex(r"[A-Z][a-z]{1,8} [A-Z][a-z]{1,8}", fullmatch=True), min_size=1, max_size=4))
def test_names_that_were_joined_come_apart_again(names):
    assert split_byline("; ".join(names)) == names


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_no_name_is_empty(byline):
    assert all(name.strip() for name in split_byline(byline))
