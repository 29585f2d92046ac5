"""Shingles: sets of five words, and the Jaccard similarity of two of them."""

from __future__ import annotations

import itertools
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imprint.dedup.shingles import ANCHOR, BRIEF, SIZE, anchors, jaccard, shingles, similarity, spans
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


def held(text: str, other: str) -> bool:
    """Whether an anchor of a text stands in another one."""
    runs = spans(token_hashes([other.encode()]), ANCHOR).hashes
    return bool(np.isin(anchors(token_hashes([text.encode()])).hashes, runs).any())


@given(
    st.integers(BRIEF, 400),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 2)), max_size=60),
    st.randoms(),
)
def test_texts_that_are_alike_by_a_half_share_an_anchor(
    size: int, edits: list[tuple[float, int]], rest: Random
) -> None:
    words = [f"w{number}" for number in range(size)]
    other = list(words)
    for place, kind in edits:
        at = int(place * len(other))
        if kind == 0:
            other[at : at + 1] = [f"x{rest.random()}"]
        elif kind == 1:
            other.insert(at, f"y{rest.random()}")
        else:
            other = other[at:] + other[:at]
    one, two = " ".join(words), " ".join(other)
    if similarity(one, two) >= 0.5:
        assert held(one, two)
        assert held(two, one) or len(other) < BRIEF


def test_runs_in_another_order_are_the_hardest_case() -> None:
    runs = [" ".join(f"r{run}w{word}" for word in range(11)) for run in range(9)]
    assert similarity(" ".join(runs), " ".join(reversed(runs))) < 0.5
    runs = [" ".join(f"r{run}w{word}" for word in range(12)) for run in range(9)]
    assert similarity(" ".join(runs), " ".join(reversed(runs))) > 0.5
    assert held(" ".join(runs), " ".join(reversed(runs)))


def test_any_run_of_twelve_words_holds_an_anchor() -> None:
    words = [f"w{number}" for number in range(BRIEF + 30)]
    for start in range(len(words) - 11):
        assert held(" ".join(words), " ".join(words[start : start + 12]))


def test_texts_too_short_to_tell_have_no_anchor() -> None:
    texts = [" ".join(f"w{n}" for n in range(size)).encode() for size in (0, 5, BRIEF - 1, BRIEF, BRIEF + 5)]
    assert np.diff(anchors(token_hashes(texts)).offsets).tolist() == [0, 0, 0, 17, 18]
