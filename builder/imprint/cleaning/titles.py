"""Titles: one line each, and not repeated at the head of the text."""

from __future__ import annotations

from imprint.cleaning.characters import normal


def title_form(line: str) -> str:
    """The form in which titles are compared: NFKC, casefolded, single spaces."""
    return " ".join(normal("NFKC", line).casefold().split())


def same_title(line: str, title: str) -> bool:
    """Whether a line is the title again."""
    if line == title:
        return bool(line)
    # Length rules out a paragraph before anything is normalised: it may be the whole of a large text.
    if not line or not title or len(line) > 2 * len(title) + 16:
        return False
    # The first characters rule out nearly every other line.
    if line.isascii() and title.isascii() and line[0].lower() != title[0].lower():
        return False
    return title_form(line) == title_form(title)


def strip_title(text: str, title: str) -> str | None:
    """The text without the title on its first line; None where the title does not stand there alone."""
    line, newline, rest = text.lstrip().partition("\n")
    # In Markdown the title is a heading.
    line = line.lstrip("#") if line.startswith(("# ", "## ")) else line
    if (
        not newline
        or not rest.strip()
        or len(line) > 2 * len(title) + 16  # with the space around it
        or not same_title(line.strip(), title)
    ):
        return None
    return rest.lstrip()
