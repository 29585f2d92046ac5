"""Languages: what sources call a language to a BCP 47 tag, and which language a text is in.

Laws: a tag is normalised, never guessed from a text unless the recipe asks for it; a name that no language has stays as it
is, so that validation rejects the record and can show it; a detected language names the model and its version.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

MODEL = "py3langid"
"""Package of the model, which is in its wheel: langid.py's, 97 languages."""

DETECTED_CHARS = 2000
"""Characters that a detection looks at: beyond that it does not become surer, only slower."""

SURE = 0.9
"""Probability below which a language is not recorded."""

_PLAIN = frozenset(
    [
        "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id",
        "it", "ja", "ko", "lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "th", "tr", "uk", "ur",
        "vi", "zh",
    ]
)  # fmt: skip
"""The tags of nearly all articles: they need no look into the tables."""

_NAME = re.compile(r"[^\W\d_]{4,}(?:[ ()]+[^\W\d_]+)*\)?")
_CHARSET = re.compile(r"\.(?:utf-?8|iso-?8859-?\d+|cp\d+)$", re.IGNORECASE)
"""What a system's locale has behind its language: `en_GB.UTF-8`."""


@lru_cache(maxsize=4096)
def language_tag(given: str) -> str:
    """The BCP 47 tag of a language: `English`, `eng`, `en_US` and `en-us` are `en`, `en`, `en-US` and `en-US`."""
    given = _CHARSET.sub("", given.strip())
    if given in _PLAIN:
        return given
    # Its tables are large, and hardly any value needs them.
    import langcodes  # noqa: PLC0415

    try:
        tag = langcodes.standardize_tag(given)
        if langcodes.Language.get(tag).is_valid():
            return tag
    except ValueError:  # LanguageTagError is one
        pass
    # A name has letters and spaces; `find` makes something of nearly everything else.
    if _NAME.fullmatch(given):
        try:
            return str(langcodes.find(given))
        except LookupError:
            return given
    return given


def model_version() -> str | None:
    """The version of the model; None where the extra `lang` is not installed."""
    try:
        return version(MODEL)
    except PackageNotFoundError:
        return None


def detect(text: str) -> tuple[str, float] | None:
    """The language of a text and its probability; None where the model is not sure.

    Source of the method: M. Lui and T. Baldwin, langid.py: An Off-the-shelf Language Identification Tool, ACL 2012.
    """
    language, probability = _identifier().classify(text[:DETECTED_CHARS])
    if not language or probability < SURE:
        return None
    return language_tag(language), round(float(probability), 2)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - an extra

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
