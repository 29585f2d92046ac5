"""Mojibake: UTF-8 that was once read as a single-byte encoding, and characters that were lost for good.

Law: it is counted and told, never repaired: what a source wrote is the source's.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

_LATIN = r"[\u00c2\u00c3][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
_QUOTES = r"\u00e2\u20ac[\u0080-\u00bf\u0152\u0153\u0153\u02dc\u2018-\u203a\u2122\u00a6]|\u00ef\u00bb\u00bf|\u00e2\u0080[\u0080-\u00bf]"
_CYRILLIC = r"(?:[\u0420\u0421][\u0080-\u00bf\u0402-\u040f\u0452-\u045f\u0490\u0491\u2013-\u203a\u20ac\u2116\u2122]){3}"
_LOST = "\ufffd"

_MARKS = "|".join((_LATIN, _QUOTES, _CYRILLIC, _LOST))
"""Two bytes of UTF-8 read as Windows-1252 or Latin-1; its quotes and dashes; Cyrillic read as Windows-1251; U+FFFD."""


def _re2(pattern: str) -> str:
    import re  # noqa: PLC0415

    return re.sub(r"\\u([0-9a-f]{4})", lambda m: rf"\x{{{m[1]}}}", pattern)


_RE2 = _re2(_MARKS)


def broken(texts: Sequence[str]) -> list[int]:
    """Positions of the texts that hold mojibake, found in one pass over those that are not plain ASCII."""
    suspects = [index for index, text in enumerate(texts) if not text.isascii()]
    if not suspects:
        return []
    column = pa.array([texts[index] for index in suspects], pa.large_string())
    marked: list[bool] = pc.match_substring_regex(column, _RE2).to_pylist()
    return [index for index, mark in zip(suspects, marked, strict=True) if mark]
