"""Bodies that are not one string: lists of paragraphs, and sections with headlines, to a text.

Law: every string of the body is in the text, in its order, as a paragraph of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

JOINED = "joined_body@1"
"""Step name: the paragraphs of a structured body were joined."""

ORDER = (
    "intro", "lead", "summary", "sections", "headline", "headlines", "paragraphs", "text", "value", "quote", "content", "body",
    "blocks", "items", "children",
)  # fmt: skip
"""Keys of a structured body, in the order of reading: fundus' first. Others, such as a type or a level, are no text."""

MAX_DEPTH = 32


def body_text(body: Any) -> str:
    """The text of a structured body, paragraphs set off by blank lines; empty where there is none."""
    return "\n\n".join(_paragraphs(body, MAX_DEPTH))


def _paragraphs(body: Any, depth: int) -> Iterator[str]:
    if isinstance(body, str):
        if text := body.strip():
            yield text
    elif depth and isinstance(body, list):
        # Lists in a list are the rows of a table, no paragraphs.
        for item in (item for item in body if not isinstance(item, list)):
            yield from _paragraphs(item, depth - 1)
    elif depth and isinstance(body, Mapping):
        for key in ORDER:
            yield from _paragraphs(body.get(key), depth - 1)
