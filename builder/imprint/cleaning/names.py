"""Names in a byline: from one string to a list of people."""

from __future__ import annotations

import re
from functools import lru_cache

_BY = re.compile(r"\Aby:?\s+", re.IGNORECASE)
# White space before a mark would be tried again from each of its characters: the pieces are stripped instead.
_HARD = re.compile(r"[;|\n]|\s(?:and|&)(?=\s)", re.IGNORECASE)


_ROLES = frozenset(
    {"staff", "staff writer", "staff writers", "staff reporter", "correspondent", "editor", "by"}
)
_ADDRESS = re.compile(r"\s*<[^<>]*@[^<>]*>")


CACHED_CHARS = 200
"""Longer bylines are not remembered: the cache must not keep articles."""


def split_byline(byline: str) -> list[str]:
    """The names of a byline, in its order.

    Semicolons, bars and "and" divide names. A comma divides them only where every piece has two words: in "Quill, Ada"
    it stands inside a name.
    """
    return list(_cached(byline) if len(byline) <= CACHED_CHARS else _split(byline))


@lru_cache(maxsize=1 << 14)
def _cached(byline: str) -> tuple[str, ...]:
    # The same people write again and again.
    return tuple(_split(byline))


def _split(byline: str) -> list[str]:
    pieces = [
        piece
        for piece in map(
            str.strip,
            _HARD.split(
                _BY.sub("", (_ADDRESS.sub("", byline) if "<" in byline else byline).strip(), count=1)
            ),
        )
        if piece
    ]
    names: list[str] = []
    for piece in pieces:
        parts = [part.strip() for part in piece.split(",")]
        if parts[1:] and parts[-1].casefold() in _ROLES:
            parts.pop()
        names += parts if all(" " in part for part in parts) else [", ".join(parts).strip(" ,")]
    return [name for name in names if name and name.casefold() not in _ROLES]
