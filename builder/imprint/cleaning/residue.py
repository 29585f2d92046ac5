"""Page residue: furniture of the page that an extractor left at the head or the tail of a text.

Laws: a removed line lies in the head or the tail, never between paragraphs of the body; each removal is named in
`processing` with the line. Two kinds: lines of a curated list (`furniture`), and lines that repeat across a source's
articles (`source_lines`), which are inferred from many records and written to decisions.json.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Container, Iterator

import xxhash

FURNITURE = "furniture@1"
"""Step name: a line of the curated list."""

SOURCE_LINES = "source_lines@1"
"""Step name: a line that the source repeats."""

LINE_CHARS = 120
"""Longer lines are prose."""

DEPTH = 4
"""Lines at the head and at the tail that are looked at when a source's repetitions are counted."""

STRIPPED = 8
"""Lines that are taken off one end at most."""

_FURNITURE: dict[str, tuple[str, ...]] = {
    "en": (
        r"error! error occured!",
        r"error! error occurred!",
        r"top (?:\w+ )?stories",
        r"(?:share|print|email|save) this (?:article|story|page|post)",
        r"share (?:on|via) (?:facebook|twitter|x|whatsapp|linkedin|email|telegram)",
        r"continue reading(?: the main story)?",
        r"advertisement|sponsored content|story continues below(?: advertisement)?",
        r"read (?:more|next|also)|related (?:articles|stories|news)|most (?:read|popular)|more from .{1,60}",
        r"(?:sign up|subscribe) (?:for|to) (?:our|the) .{0,60}newsletter",
        r"follow us on .{1,60}|leave a comment|(?:no )?comments?|back to top|skip to (?:main )?content",
        r"for immediate release|end of article",
    ),
    "de": (
        r"anzeige|werbung|lesen sie auch.{0,80}|mehr zum thema|weiterlesen|diesen artikel (?:teilen|drucken)",
        r"artikel (?:teilen|drucken|merken)|zur startseite|kommentare?|newsletter abonnieren",
    ),
    "fr": (
        r"publicité|(?:à )?lire aussi.{0,80}|lire la suite|partager cet article|imprimer cet article",
        r"s['\u2019]abonner à la newsletter|commentaires?|retour en haut",
    ),
    "es": (
        r"publicidad|lea también.{0,80}|leer más|seguir leyendo|(?:comparta|compartir) (?:esta|este) (?:noticia|artículo)",
        r"comentarios?|volver arriba|suscríbase a(?:l| nuestro) boletín",
    ),
    "pt": (
        r"publicidade|leia (?:também|mais).{0,80}|continua após a publicidade|compartilhe esta notícia|comentários?",
    ),
    "it": (r"pubblicità|leggi anche.{0,80}|continua a leggere|condividi (?:questo )?articolo|commenti",),
    "zxx": (r"[#*_=~\-\u2013\u2014\u2022.\s]{3,}",),  # dashes and bullets, too
}
"""Furniture lines as patterns over the casefolded line, by language; zxx is no language at all."""

_ANY_FURNITURE = re.compile("|".join(f"(?:{pattern})" for group in _FURNITURE.values() for pattern in group))


def is_furniture(line: str) -> bool:
    """Whether a line is on the curated list."""
    return _ANY_FURNITURE.fullmatch(" ".join(line.casefold().split())) is not None


def line_hash(line: str) -> int:
    """64-bit hash of a line with single spaces (xxh3); only ever compared within one build."""
    return xxhash.xxh3_64_intdigest(" ".join(line.split()).encode())


def edge_lines(text: str) -> Iterator[str]:
    """The short lines at both ends of a text, up to the first line of prose: candidates for repetition."""
    seen: set[str] = set()
    for lines in (_from_head(text), _from_tail(text)):
        for line, _ in itertools.islice(lines, DEPTH):
            if len(line) > LINE_CHARS:
                break
            # A line that ends in a comma or colon leads on to the next: "Sincerely," belongs to a letter.
            if line not in seen and not line.endswith((",", ":")):
                seen.add(line)
                yield line


def strip_residue(text: str, repeated: Container[int], *, furniture: bool = True) -> tuple[str, list[str]]:
    """Take residue off both ends of a text.

    Args:
        text: the text.
        repeated: hashes of the lines that its source repeats.
        furniture: whether the curated list applies.

    Returns:
        The text and a step `name@version: line` for each removed line.
    """
    steps: list[str] = []
    text = text[: _strip_end(_from_tail(text), repeated, steps, furniture=furniture)]
    text = text[_strip_end(_from_head(text), repeated, steps, furniture=furniture) :]
    return text, steps


def _strip_end(
    lines: Iterator[tuple[str, int]], repeated: Container[int], steps: list[str], *, furniture: bool
) -> int | None:
    """Where the residue of one end has its border with the body, None where there is none; its lines go to `steps`."""
    end = None
    for line, border in itertools.islice(lines, STRIPPED):
        name = _kind(line, repeated, furniture=furniture)
        if name is None:
            break
        steps.append(f"{name}: {line}")
        end = border
    return end


def _kind(line: str, repeated: Container[int], *, furniture: bool) -> str | None:
    if len(line) > LINE_CHARS:
        return None
    if furniture and is_furniture(line):
        return FURNITURE
    return SOURCE_LINES if repeated and line_hash(line) in repeated else None


def _from_tail(text: str) -> Iterator[tuple[str, int]]:
    """The last line that is not blank and where the text before it ends, then the line before, and so on."""
    end = len(text.rstrip())
    while end:
        start = text.rfind("\n", 0, end) + 1
        line = text[start:end].strip()
        end = start
        while end and text[end - 1].isspace():
            end -= 1
        yield line, end


def _from_head(text: str) -> Iterator[tuple[str, int]]:
    """The first line that is not blank and where the text behind it begins, then the next, and so on."""
    size = len(text)
    start = size - len(text.lstrip())
    while start < size:
        end = text.find("\n", start)
        end = size if end < 0 else end
        line = text[start:end].strip()
        start = end
        while start < size and text[start].isspace():
            start += 1
        yield line, start
