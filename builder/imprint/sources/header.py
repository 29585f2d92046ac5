"""The `---` header (front matter) that static sites and extractors put before a text.

Laws: every scalar is text, as it stands there, because YAML would make dates, numbers and booleans of titles; aliases
are refused, because a few lines of them stand for gigabytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from imprint.findings import Finding
from imprint.sources.encodings import Encoding, decode

HEADER_CHARS = 64 << 10
"""A longer header is none."""

_HEADER = re.compile(
    r"\s*---[ \t]*\r?\n(?P<yaml>.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Header:
    """A header and what stands behind it."""

    values: dict[str, Any]
    """Key to text, list or mapping."""
    body: str


def decode_headed(data: bytes) -> tuple[str, Header | None, Encoding] | Finding:
    """The text of a file, its header where it has one, and its encoding; or why they cannot be read."""
    decoded = decode(data)
    if isinstance(decoded, Finding):
        return decoded
    text, encoding = decoded
    header = read_header(text)
    return header if isinstance(header, Finding) else (text, header, encoding)


def read_header(text: str) -> Header | Finding | None:
    """The header of a text, None where it has none, or why it cannot be read."""
    if not text[:8].lstrip().startswith("---"):
        return None
    match = _HEADER.match(text[:HEADER_CHARS])
    if match is None:
        return None
    import yaml  # noqa: PLC0415 - only where a file has a header

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    source = match["yaml"]
    try:
        if "*" in source and any(
            isinstance(event, yaml.AliasEvent) for event in yaml.parse(source, Loader=loader)
        ):
            return Finding("broken_header", "the header uses YAML aliases", hint="write the values out")
        values = yaml.load(source, Loader=loader)  # noqa: S506 - the base loader makes nothing but text
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f" (line {mark.line + 2})"
        return Finding("broken_header", f"the header is not YAML: {getattr(error, 'problem', error)}{line}")
    if values is None or values == "":
        values = {}
    if not isinstance(values, dict):
        # A rule of dashes above a text, no header.
        return None
    known = {str(key): value for key, value in values.items() if value not in ("", "null", "~")}
    return Header(known, text[match.end() :])
