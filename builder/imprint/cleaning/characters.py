"""Characters and white space: one spelling for what looks the same.

Laws: cleaning is idempotent; it removes only what is invisible and normalises only white space; ZWNJ and ZWJ stay,
because some scripts need them. Most texts need nothing, and one pass of RE2 over a column finds those that do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

UNICODE = "unicode@1"
"""Step name: NFC, control and zero-width characters."""

WHITESPACE = "whitespace@1"
"""Step name: line ends, spaces and blank lines."""

_INVISIBLE = r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff"
_LINE_ENDS = r"\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
_SPACES = r"\t\x1f\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"

_INVISIBLE_RUN = re.compile(f"[{_INVISIBLE}]+")
_LINE_END = re.compile(f"\r\n|[{_LINE_ENDS}]")
_SPACE_RUN = re.compile(f"[ {_SPACES}]+")
_SPACE_AT_LINE = re.compile(" ?\n ?")
_BLANK_LINES = re.compile("\n{3,}")


def _re2(ranges: str) -> str:
    """A Python character class in RE2's spelling."""
    return re.sub(r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})", lambda m: rf"\x{{{m[1] or m[2]}}}", ranges)


_MARKS_SORTED = 1000
"""Texts up to this length are normalised without a look; sorting so many marks takes a millisecond."""


def normal(form: Literal["NFC", "NFKC"], text: str) -> str:
    """The normal form of a text, or the text as it is where no script writes what it holds.

    More than 30 combining marks in a row are outside UAX #15's stream-safe text format; they are sorted by insertion, so
    that a megabyte of them takes hours.
    """
    if len(text) > _MARKS_SORTED and not text.isascii() and _many_marks(text):
        return text
    return unicodedata.normalize(form, text)


def _many_marks(text: str) -> bool:
    return _run_of_marks().search(text) is not None


@lru_cache(maxsize=1)
def _run_of_marks() -> re.Pattern[str]:
    """More marks in a row than UAX #15 allows in a stream; marks are the characters with a combining class."""
    marks = [code for code in range(*_MARKS) if unicodedata.combining(chr(code))]
    ends = [a for a, b in zip(marks, [*marks[1:], 0], strict=True) if b != a + 1]
    starts = [b for a, b in zip([0, *marks], marks, strict=False) if b != a + 1]
    ranges = "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))
    return re.compile(f"[{ranges}]{{31}}")


_MARKS = (0x300, 0x1E950)
"""Code points between which all marks lie, as of Unicode 16."""


_UNTIDY = _re2(f"[{_INVISIBLE}{_LINE_ENDS}{_SPACES}]") + r"|  | \n|\n |\n\n\n|^\s|\s\z"


def untidy(texts: Sequence[str]) -> list[bool]:
    """Which texts `clean_text` may change, found in one pass over the column."""
    marked: list[bool] = pc.match_substring_regex(pa.array(texts, pa.large_string()), _UNTIDY).to_pylist()
    return [
        mark or not (text.isascii() or unicodedata.is_normalized("NFC", text))
        for mark, text in zip(marked, texts, strict=True)
    ]


def clean_text(text: str, *, unicode: bool = True, whitespace: bool = True) -> tuple[str, list[str]]:
    """Clean a text of several lines.

    Returns:
        The text and the names of the steps that changed it.
    """
    steps = []
    if unicode and (cleaned := normal("NFC", _INVISIBLE_RUN.sub("", text))) != text:
        text = cleaned
        steps.append(UNICODE)
    if whitespace and (cleaned := _tidy(text)) != text:
        text = cleaned
        steps.append(WHITESPACE)
    return text, steps


def clean_line(line: str) -> str:
    """A value of one line, such as a title: NFC, nothing invisible, single spaces."""
    if line.isascii() and line.isprintable() and "  " not in line:
        return line.strip(" ")
    return " ".join(normal("NFC", _INVISIBLE_RUN.sub("", line)).split())


def _tidy(text: str) -> str:
    lines = _SPACE_RUN.sub(" ", _LINE_END.sub("\n", text))
    return _BLANK_LINES.sub("\n\n", _SPACE_AT_LINE.sub("\n", lines)).strip()
