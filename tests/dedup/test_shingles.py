"""Shingles: sets of five words, and the Jaccard similarity of two of them."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imprint.dedup.shingles import SIZE, jaccard, shingles, similarity, spans
from imprint.dedup.tokens import token_hashes, tokens

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h"]), max_size=16).map(" ".join)


def sets(text: str) -> set[tuple[str, ...]]:
    """The definition: runs of five tokens; a shorter text is one shingle, a text without any word is itself its one."""
    words = tokens(text)
    if not words:
        return {(text,)}
    return {tuple(words[start : start + SIZE]) for start in range(max(1, len(words) - SIZE + 1))}


@given(WORDS, WORDS)
def test_the_similarity_is_that_of_the_sets(one: str, other: str) -> None:
    first, second = sets(one), sets(other)
    assert similarity(one, other) == float(Fraction(len(first & second), len(first | second)))


@given(st.lists(WORDS | st.sampled_from(["", "!", "한 字", "x"]), min_size=1, max_size=8))
def test_a_batch_gives_each_text_the_shingles_that_it_has_alone(texts: list[str]) -> None:
    batch = shingles([text.encode() for text in texts])
    for index, text in enumerate(texts):
        assert batch.set_of(index).tolist() == shingles([text.encode()]).set_of(0).tolist()
        assert len(batch.set_of(index)) == len(sets(text))


@given(st.lists(WORDS, max_size=5), st.integers(1, 14))
def test_spans_are_all_runs_of_so_many_words(texts: list[str], size: int) -> None:
    found = spans(token_hashes([text.encode() for text in texts]), size)
    counts = [max(0, len(tokens(text)) - size + 1) for text in texts]
    assert np.diff(found.offsets).tolist() == counts
    runs = [tuple(words[s : s + size]) for words in map(tokens, texts) for s in range(len(words) - size + 1)]
    for (one, first), (other, second) in itertools.combinations(
        zip(runs, found.hashes.tolist(), strict=True), 2
    ):
        assert (one == other) == (first == second)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("one two", "ONE, two!", 1.0),
        ("one two", "one three", 0.0),
        ("", "", 1.0),
        ("…", "!", 0.0),
        ("a b c d e f", "a b c d e", 0.5),
        ("in 2024 it was 5 of 9", "in 2025 it was 6 of 9", 0.0),
    ],
)
def test_short_texts_and_texts_that_differ_in_digits(one: str, other: str, alike: float) -> None:
    assert similarity(one, other) == alike


def test_thresholds_are_met_exactly() -> None:
    # Four of five, as the literal 0.8 has it.
    assert jaccard(np.arange(5, dtype=np.uint64), np.arange(4, dtype=np.uint64)) == 0.8
