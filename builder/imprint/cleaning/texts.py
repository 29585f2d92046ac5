"""Texts: the steps of cleaning in their order, over a column of texts.

Laws: the steps that changed a text are named in its record; a text that needs nothing is the same object afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from imprint.cleaning.characters import clean_text, untidy
from imprint.cleaning.residue import strip_residue
from imprint.cleaning.titles import strip_title
from imprint.recipe import Clean

REPEATED_TITLE = "repeated_title@1"
"""Step name: the title stood again on the first line."""


def clean_texts(
    texts: Sequence[str],
    titles: Sequence[str | None],
    sources: Sequence[str],
    repeated: Mapping[str, frozenset[int]],
    clean: Clean,
) -> tuple[list[str], list[list[str]]]:
    """Clean a column.

    Args:
        texts: the texts.
        titles: the title of each, cleaned, or None.
        sources: the residue source of each.
        repeated: hashes of the lines that each source repeats.
        clean: which steps are on.

    Returns:
        The cleaned texts, and for each the steps that changed it.
    """
    cleaned: list[str] = []
    steps: list[list[str]] = []
    for text, title, source in zip(texts, titles, sources, strict=True):
        done: list[str] = []
        body = text
        if clean.repeated_title and title and (rest := strip_title(text, title)) is not None:
            body = rest
            done.append(REPEATED_TITLE)
        if clean.furniture or clean.source_lines:
            body, removed = strip_residue(body, repeated.get(source, frozenset()), furniture=clean.furniture)
            done += removed
        cleaned.append(body)
        steps.append(done)
    for index, needs in enumerate(untidy(cleaned)):
        if needs:
            cleaned[index], done = clean_text(
                cleaned[index], unicode=clean.unicode, whitespace=clean.whitespace
            )
            steps[index] += done
    return cleaned, steps
