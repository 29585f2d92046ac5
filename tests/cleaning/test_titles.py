"""Titles: compared by what they look like, and taken off the head only."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.cleaning.titles import same_title, strip_title, title_form

LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=30).filter(
    str.strip
)


@pytest.mark.parametrize(
    "line",
    ["The Ferry Sails", "THE FERRY SAILS", "the  ferry\tsails ", "\uff34he ferry sails"],
)
def test_case_space_and_width_make_no_other_title(line):
    assert same_title(line, "The ferry sails")


@pytest.mark.parametrize("line", ["", "The ferry", "The ferry sails.", "The ferry sails: a story"])
def test_a_line_that_says_less_or_more_is_not_the_title(line):
    assert not same_title(line, "The ferry sails")


def test_a_title_on_its_own_line_is_taken_off():
    assert strip_title("\n The ferry SAILS \nIt left.", "The ferry sails") == "It left."


@pytest.mark.parametrize(
    "text", ["The ferry sails again.\nIt left.", "It left.\nThe ferry sails\n", "The ferry sails", ""]
)
def test_a_text_that_does_not_begin_with_the_title_line_stays(text):
    assert strip_title(text, "The ferry sails") is None


@settings(max_examples=60, deadline=None)
@given(LINE, LINE)
def test_taking_a_title_off_leaves_the_body_as_it_was(title, body):
    rest = strip_title(f"{title}\n{body}", title)
    assert rest is not None
    assert rest.strip() == body.strip()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_the_form_of_a_form_is_itself(line):
    once = title_form(line)
    assert same_title(line, line) == bool(line)
    assert once == " ".join(once.split())
