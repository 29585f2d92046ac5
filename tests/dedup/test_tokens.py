"""Tokens: found in bulk as the definition finds them, in every script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imprint.dedup.tokens import token_hashes, tokens

ODD = st.text("aB1_ .,\n\0’–é×ßİıſǅﬁΣςю́字かナ한글ไทยမြန်བོད‍𝒜😀ªº²½٣\U00020000", max_size=40)
ANY = st.text(max_size=40)


def by_definition(text: str) -> list[int]:
    return [int(token_hashes([word.encode()]).hashes[0]) for word in tokens(text)]


@given(st.lists(ODD | ANY, max_size=6))
def test_a_batch_has_the_tokens_that_the_definition_finds(texts: list[str]) -> None:
    found = token_hashes([text.encode() for text in texts])
    assert len(found.offsets) == len(texts) + 1
    for index, text in enumerate(texts):
        mine = found.hashes[found.offsets[index] : found.offsets[index + 1]]
        assert mine.tolist() == by_definition(text), (text, tokens(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It’s ‘so’—and SO on…", ["it", "s", "so", "and", "so", "on"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("snake_case 3.14", ["snake_case", "3", "14"]),
        ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
        ("in 東京 today", ["in", "東", "京", "today"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("ไทย", ["ไ", "ท", "ย"]),
        ("ΟΔΥΣΣΕΥΣ οδυσσευς", ["οδυσσευσ", "οδυσσευσ"]),
        ("", []),
        ("…!?", []),
    ],
)
def test_words_of_scripts_with_and_without_spaces(text: str, words: list[str]) -> None:
    assert tokens(text) == words
    assert token_hashes([text.encode()]).hashes.tolist() == by_definition(text)


def test_long_words_and_short_ones_have_hashes_of_their_own() -> None:
    words = [letter * count for letter in "ab" for count in range(1, 70)]
    assert len(set(token_hashes([" ".join(words).encode()]).hashes.tolist())) == len(words)
