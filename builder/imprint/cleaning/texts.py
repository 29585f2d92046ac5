"""Texts: the steps of cleaning in their order, over a column of texts.

Laws: the steps that changed a text are named in its record; a text that needs nothing is the same object afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from imprint.cleaning.characters import WHITESPACE, clean_text, untidy
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
    # The ends are where most files are untidy, and cheap to tidy.
    cleaned = [text.strip() for text in texts] if clean.whitespace else list(texts)
    steps = [
        [WHITESPACE] if len(tidy) != len(text) else [] for tidy, text in zip(cleaned, texts, strict=True)
    ]
    # Characters first: what follows looks at whole lines, and a line must end where it seems to.
    for index, needs in enumerate(untidy(cleaned)):
        if needs:
            text, done = clean_text(cleaned[index], unicode=clean.unicode, whitespace=clean.whitespace)
            cleaned[index] = text
            steps[index] = done + [step for step in steps[index] if step not in done]
    for index, (title, source) in enumerate(zip(titles, sources, strict=True)):
        text = cleaned[index]
        if clean.repeated_title and title and (rest := strip_title(text, title)) is not None:
            text = rest
            steps[index].append(REPEATED_TITLE)
        if clean.furniture or clean.source_lines:
            text, removed = strip_residue(text, repeated.get(source, frozenset()), furniture=clean.furniture)
            steps[index] += removed
        cleaned[index] = text
    return cleaned, steps
