"""Alphabets: which code page a text in the Latin script is written in, by the letters that its language can have.

Detectors take one Central European page for the Western one: each of their bytes is a letter in both, but no language
writes those of the wrong page together. Law: the page whose best language covers most letters is taken, at a tie the
more widespread one.
"""

from __future__ import annotations

PAGES: dict[str, dict[str, str]] = {
    "cp1252": {
        "en": "éèêëàâäáçñöôóüïîí",
        "de": "äöüßéè",
        "fr": "àâæçéèêëîïôœùûüÿ",
        "es": "áéíñóúü",
        "pt": "áâãàçéêíóôõúü",
        "it": "àèéìíîòóùú",
        "nl": "áéëïíóöüèê",
        "sv": "åäöéüà",
        "da": "æøåéäöüóò",
        "is": "áðéíóúýþæö",
        "ca": "àçèéíïòóúü",
    },
    "cp1250": {
        "pl": "ąćęłńóśźż",
        "cs": "áčďéěíňóřšťúůýž",
        "sk": "áäčďéíĺľňóôŕšťúýž",
        "hu": "áéíóöőúüű",
        "ro": "ăâîşţ",
        "hr": "čćđšž",
    },
    "cp1254": {"tr": "çğ\u0131iöşüâîû"},
    "cp1257": {"lt": "ąčęėįšųūž", "lv": "āčēģīķļņšūž", "et": "äöüõšž"},
}
"""Windows' pages of the Latin script, the most widespread first: language to its letters beyond ASCII."""

_MARKS = frozenset(
    "\u2018\u2019\u201c\u201d\u201e\u201a\u2013\u2014\u2026\u2022\u20ac\xa0«»\u2039\u203a§°©®™£¥¿¡ªº·\u00b4\xad"
)
"""Signs that any language may have."""

ENOUGH = 0.9
"""Share of the letters that a language must cover."""


def latin_page(data: bytes) -> tuple[str, float] | None:
    """The page of a text in the Latin script and the share of its letters that fit; None where no language does.

    Args:
        data: the text, in some encoding of one byte a character.
    """
    best: tuple[str, float] | None = None
    for page, languages in PAGES.items():
        letters = [char for char in data.decode(page, "replace") if char > "\x7f" and char not in _MARKS]
        if not letters:
            return page, ENOUGH
        for alphabet in languages.values():
            known = frozenset(alphabet + alphabet.upper())
            share = sum(char in known for char in letters) / len(letters)
            if share >= ENOUGH and (best is None or share > best[1]):
                best = page, share
    return best


CYRILLIC_PAGES = ("cp1251", "koi8-r", "koi8-u", "cp866", "iso8859-5")
"""Pages of the Cyrillic script, the most widespread first."""

_ASCII_LETTERS = tuple(bytes([code]) for code in (*range(65, 91), *range(97, 123)))

_VOWELS = frozenset("\u0430\u0435\u0438\u043e\u0443\u044b\u044d\u044e\u044f\u0451\u0456\u0457\u0454\u044a")
_USUAL_VOWELS = (0.3, 0.6)
"""Share of the letters that are vowels in any text of a Slavic language."""


def cyrillic_page(data: bytes) -> tuple[str, float] | None:
    """The page of a text in the Cyrillic script and the share of its signs that fit; None where none makes words of it.

    Each page reads the bytes of another as letters, too; but not as small ones with vowels among them.
    """
    latin = sum(map(data.count, _ASCII_LETTERS))
    for page in CYRILLIC_PAGES:
        signs = [char for char in data.decode(page, "replace") if char > "\x7f" and char not in _MARKS]
        letters = [char for char in signs if "\u0400" <= char < "\u0530"]
        # A word in the Latin script here and there, or a letter beyond ASCII here and there: the two are far apart.
        if not letters or len(letters) < max(latin, ENOUGH * len(signs)):
            continue
        small = sum(char.islower() for char in letters) / len(letters)
        vowels = sum(char in _VOWELS for char in map(str.lower, letters)) / len(letters)
        if small >= 0.7 and _USUAL_VOWELS[0] <= vowels <= _USUAL_VOWELS[1]:
            return page, len(letters) / len(signs)
    return None
