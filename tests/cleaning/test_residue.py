"""Page residue: off the ends, never out of the body."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.cleaning.residue import (
    DEPTH,
    FURNITURE,
    LINE_CHARS,
    SOURCE_LINES,
    STRIPPED,
    edge_lines,
    is_furniture,
    line_hash,
    strip_residue,
)

FURNITURE_LINES = [
    "Share this article",
    "Advertisement",
    "READ MORE",
    "* * *",
    "Sign up for our daily newsletter",
]
BODY_LINES = [
    "The ferry sailed at dawn.",
    "Nobody had expected that.",
    "",
    "The harbour board met on Monday.",
]
LINES = st.lists(st.sampled_from(FURNITURE_LINES + BODY_LINES), max_size=14)


@pytest.mark.parametrize(
    "line", [*FURNITURE_LINES, "Continue reading the main story", "---", "Print  this\tpage", "Share on X"]
)
def test_a_line_of_the_list_is_furniture_in_any_case_and_spacing(line):
    assert is_furniture(line)
    assert is_furniture(line.upper())


@pytest.mark.parametrize(
    "line",
    [
        "",
        "The stories we share",
        "An advertisement for soap hung on the wall.",
        "--",
        "Read more books, said Ada.",
    ],
)
def test_prose_is_no_furniture(line):
    assert not is_furniture(line)


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_what_stays_is_a_run_of_lines_and_what_goes_is_named(lines):
    text = "\n".join(lines)
    rest, steps = strip_residue(text, frozenset())
    assert rest in text
    removed = [step.removeprefix(f"{FURNITURE}: ") for step in steps]
    stayed = [line for line in rest.split("\n") if line]
    assert sorted(stayed + removed) == sorted(line for line in lines if line)


@settings(max_examples=100, deadline=None)
@given(LINES)
def test_furniture_between_paragraphs_stays(lines):
    middle = "\n".join(["The first paragraph.", *lines, "The last paragraph."])
    assert strip_residue(middle, frozenset()) == (middle, [])


@settings(max_examples=100, deadline=None)
@given(LINES)
def test_nothing_is_taken_where_both_kinds_are_off(lines):
    text = "\n".join(lines)
    assert strip_residue(text, frozenset(), furniture=False) == (text, [])


def test_both_ends_are_freed_and_the_steps_quote_the_lines():
    text = "Top stories\n\nThe ferry sailed.\n\nIt came back.\n\nShare this article\nAdvertisement"
    rest, steps = strip_residue(text, frozenset())
    assert rest == "The ferry sailed.\n\nIt came back."
    assert sorted(steps) == [
        f"{FURNITURE}: Advertisement",
        f"{FURNITURE}: Share this article",
        f"{FURNITURE}: Top stories",
    ]


def test_a_line_that_the_source_repeats_goes_from_the_ends_only():
    line = "The Courier, Rope Walk, Port Ellery"
    text = f"{line}\n\nThe ferry sailed.\n\n{line}\n\nIt came back.\n\n  {line}  "
    rest, steps = strip_residue(text, frozenset({line_hash(line)}))
    assert rest == f"The ferry sailed.\n\n{line}\n\nIt came back."
    assert steps == [f"{SOURCE_LINES}: {line}"] * 2


def test_at_most_so_many_lines_are_taken_off_an_end():
    rest, steps = strip_residue("Body.\n" + "Advertisement\n" * (STRIPPED + 3), frozenset())
    assert rest.count("Advertisement") == 3
    assert len(steps) == STRIPPED


def test_a_long_line_is_prose_even_where_it_repeats():
    line = "word " * (LINE_CHARS // 5) + "beyond"
    assert strip_residue(f"Body.\n{line}", frozenset({line_hash(line)}))[1] == []


def test_a_text_of_residue_only_is_empty_afterwards():
    assert strip_residue("Advertisement\n\nRead more", frozenset())[0] == ""


def test_edge_lines_are_the_short_ones_at_both_ends_once_each():
    lines = [f"line {number}" for number in range(3 * DEPTH)]
    assert sorted(edge_lines("\n\n".join(lines))) == sorted(lines[:DEPTH] + lines[-DEPTH:])
    assert list(edge_lines("one\n\none\nx" + "y" * LINE_CHARS)) == ["one"]
    assert list(edge_lines(" \n")) == []


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_spaces_around_a_line_make_no_other_hash(line):
    assert line_hash(f"  {line}\t") == line_hash(line)


def test_naughty_strings_are_freed_of_residue_without_complaint(suites):
    for text in orjson.loads((suites / "naughty-strings/blns.json").read_bytes()):
        rest, steps = strip_residue(text, frozenset())
        assert rest in text
        assert bool(steps) == (rest.strip() != text.strip())
        whole = f"Body begins.\n{text}\nBody ends."
        assert strip_residue(whole, frozenset()) == (whole, [])
