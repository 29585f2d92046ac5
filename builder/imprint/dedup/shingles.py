"""Shingles: how alike two texts are, as sets of short runs of their words.

Laws: a token is a casefolded run of word characters, in scripts that write no spaces each character; a shingle is five
tokens in a row, a shorter text is one shingle; likeness is the Jaccard similarity of the sets (Broder, 1997).
"""

from __future__ import annotations

import re

SIZE = 5
"""Tokens of a shingle."""

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Tibetan, Myanmar, Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""Characters of scripts that write no spaces between words."""

_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order."""
    return _TOKEN.findall(text.casefold())


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """The set of a text's shingles."""
    words = tokens(text)
    return frozenset(tuple(words[start : start + SIZE]) for start in range(max(1, len(words) - SIZE + 1)))


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of two texts, between 0 and 1."""
    first, second = shingles(one), shingles(other)
    return len(first & second) / len(first | second)
