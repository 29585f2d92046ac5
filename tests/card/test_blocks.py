"""Managed blocks: imprint writes into them, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imprint.card.blocks import fill_blocks, prose, split_blocks
from imprint.errors import UsageError

CARD = "# Ours\n\n<!-- imprint:begin splits -->\nold\n<!-- imprint:end -->\n\nProse.\n"
LINES = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=20
)
PROSE = st.lists(LINES.filter(lambda line: "imprint:" not in line), max_size=4).map(
    lambda lines: "".join(f"{x}\n" for x in lines)
)


@given(PROSE, PROSE, st.sampled_from(["new", "two\n\nparagraphs", "| a |\n| --- |"]))
def test_text_outside_the_blocks_is_never_changed(before: str, after: str, content: str) -> None:
    card = f"{before}<!-- imprint:begin splits -->\nold\n<!-- imprint:end -->\n{after}"
    filled = fill_blocks(card, {"splits": content})
    assert filled == f"{before}<!-- imprint:begin splits -->\n{content}\n<!-- imprint:end -->\n{after}"
    assert fill_blocks(filled, {"splits": content}) == filled
    assert prose(filled) == prose(card)


def test_a_card_without_blocks_stays_as_it_is() -> None:
    assert fill_blocks("# Ours\n", {"splits": "new"}) == "# Ours\n"


def test_other_prose_is_another_digest_and_another_block_is_not() -> None:
    assert prose(CARD) == prose(CARD.replace("old", "new"))
    assert prose(CARD) != prose(CARD.replace("Prose.", "Other prose."))


@pytest.mark.parametrize(
    ("card", "message", "row"),
    [
        ("\n<!-- imprint:begin a -->\n", "a is not closed", 2),
        ("<!-- imprint:begin a -->\n<!-- imprint:begin b -->\n", "a of line 1 is not closed", 2),
        ("x\n\n<!-- imprint:end -->\n", "closes no block", 3),
        (
            "<!-- imprint:begin a -->\n<!-- imprint:end -->\n<!-- imprint:begin a -->\n<!-- imprint:end -->",
            "stands twice",
            3,
        ),
    ],
)
def test_a_broken_block_is_named_with_its_line(card: str, message: str, row: int) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        split_blocks(card)
    assert refused.value.place.row == row
    with pytest.raises(UsageError) as refused:
        split_blocks(card, first_line=11)
    assert refused.value.place.row == row + 10


def test_an_unknown_block_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="unknown block splits") as refused:
        fill_blocks(CARD, {"fields": ""})
    assert "fields" in refused.value.hint
