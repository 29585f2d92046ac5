"""The header (front matter) that static sites, extractors and people put before a text.

YAML between `---`, TOML between `+++`, or lines of `Title: …` and the like, set off by a blank line.

Laws: every scalar is text, as it stands there, because YAML would make dates, numbers and booleans of titles; aliases
are refused, because a few lines of them stand for gigabytes; so is deep nesting, because libyaml's composer recurses
until the process dies.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from imprint.findings import Finding
from imprint.sources.encodings import Encoding, decode
from imprint.sources.names import KNOWN_KEYS, form

HEADER_CHARS = 64 << 10
"""A longer header is none."""

HEADER_DEPTH = 32
"""Levels of nesting that a header may have."""

_NESTING = re.compile(r"[\[{?*]|-\s")
"""What begins a level that takes less than a line of its own, or an alias."""


def _fenced(opening: str, closing: str) -> re.Pattern[str]:
    return re.compile(
        rf"\s*{opening}[ \t]*\r?\n(?P<inside>.*?)^{closing}[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
    )


_PLAIN_LINE = re.compile(r"(?P<key>[A-Za-z][\w -]*): +(?P<value>[^\s\"'\[\]{}&*!|>%@`#].*)")
"""A line that an extractor wrote without thinking of YAML: `title: Storm: the day after`."""


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
    mark = text[:8].lstrip()[:3]
    if mark not in _HEADERS:
        return _keyed_head(text)
    pattern, parse = _HEADERS[mark]
    match = pattern.match(text[:HEADER_CHARS])
    if match is None:
        return None
    values = parse(match["inside"])
    if isinstance(values, Finding):
        return values
    if values is None:
        # A rule of dashes above a text, no header.
        return None
    known = {str(key): value for key, value in values.items() if value not in ("", "null", "~")}
    return Header(known, text[match.end() :])


KEYED_LINES = 20
"""Lines that a head of `key: value` has at most."""

KNOWN_LINES = 2
"""Lines of it that must begin with the name of a field: two are no accident."""

_KEYED = re.compile(r"(?P<key>[^\W\d_][\w -]{0,30}?)[ \t]*:[ \t]+(?P<value>\S.*)")


def _keyed_head(text: str) -> Header | None:
    """A head of `Title: …`, `Date: …` lines, set off by a blank line, as people write it without any fence."""
    start = text[:HEADER_CHARS].lstrip("\ufeff\r\n\t ")
    if not _KEYED.match(start):
        return None
    head, blank, body = start.replace("\r\n", "\n").partition("\n\n")
    lines = head.split("\n")
    pairs = [match for line in lines if (match := _KEYED.fullmatch(line.rstrip()))]
    known = sum(form(pair["key"]) in KNOWN_KEYS for pair in pairs)
    if (
        not blank
        or not body.strip()
        or len(pairs) < len(lines)
        or len(lines) > KEYED_LINES
        or known < KNOWN_LINES
    ):
        return None
    values: dict[str, Any] = {pair["key"]: pair["value"].strip() for pair in pairs}
    return Header(values, body + text[HEADER_CHARS:]) if len(values) == len(pairs) else None


def read_yaml(source: str) -> dict[str, Any] | Finding | None:
    """A mapping written as YAML, its scalars as text; None where it is not a mapping."""
    import yaml  # noqa: PLC0415 - only where a file has a header

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        if (bomb := _bomb(source, loader)) is not None:
            return bomb
        if (twice := _key_twice(yaml.compose(source, Loader=loader))) is not None:
            return Finding("duplicate_key", f"the header has the key {twice!r} twice")
        values = yaml.load(source, Loader=loader)  # noqa: S506 - the base loader makes nothing but text
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if (plain := _line_by_line(source, loader)) is not None:
            return plain
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f" (line {mark.line + 2})"
        return Finding("broken_header", f"the header is not YAML: {getattr(error, 'problem', error)}{line}")
    if values is None or values == "":
        return {}
    return values if isinstance(values, dict) else None


def _bomb(source: str, loader: Any) -> Finding | None:
    """Why a header must not be made into values, or None.

    Raises:
        YAMLError: it is not YAML.
    """
    if "*" not in source and len(_NESTING.findall(source)) <= HEADER_DEPTH:
        return None
    import yaml  # noqa: PLC0415 - see above

    # Events are read one at a time; only the tree that is made of them is recursive.
    depth = 0
    for event in yaml.parse(source, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            return Finding("broken_header", "the header uses YAML aliases", hint="write the values out")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > HEADER_DEPTH:
            return Finding("nested_too_deep", f"the header nests deeper than {HEADER_DEPTH} levels")
    return None


def _key_twice(node: Any) -> str | None:
    """A key that a mapping has twice, if it has one."""
    pairs = node.value if node is not None and node.id == "mapping" else []
    keys = Counter(key.value for key, _ in pairs if isinstance(key.value, str))
    return next((key for key, count in keys.items() if count > 1), None)


def _line_by_line(source: str, loader: Any) -> dict[str, Any] | None:
    """A mapping of one line a key, where some values are not YAML but plainly text; None for anything else."""
    import yaml  # noqa: PLC0415 - see above

    values: dict[str, Any] = {}
    for line in filter(str.strip, source.splitlines()):
        if "*" in line or len(_NESTING.findall(line)) > HEADER_DEPTH:
            return None
        try:
            found = yaml.load(line, Loader=loader)  # noqa: S506 - see above
        except (yaml.YAMLError, RecursionError, ValueError):
            match = _PLAIN_LINE.fullmatch(line.rstrip())
            found = {match["key"]: match["value"]} if match else None
        if (
            not isinstance(found, dict)
            or len(found) != 1
            or line[0].isspace()
            or found.keys() & values.keys()
        ):
            return None
        values |= found
    return values


def _read_toml(source: str) -> dict[str, Any] | Finding:
    import tomllib  # noqa: PLC0415 - only where a file has such a header

    try:
        values = tomllib.loads(source)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return Finding("broken_header", f"the header is not TOML: {error}")
    return {key: _as_text(value) for key, value in values.items()}


_HEADERS: dict[str, tuple[re.Pattern[str], Callable[[str], dict[str, Any] | Finding | None]]] = {
    "---": (_fenced(r"---", r"(?:---|\.\.\.)"), read_yaml),
    "+++": (_fenced(r"\+\+\+", r"\+\+\+"), _read_toml),
}
"""How a header begins, what it looks like whole, and what reads it."""


def _as_text(value: Any) -> Any:
    """A TOML value as the header's: scalars as text, as they stand there."""
    if isinstance(value, dict):
        return {key: _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
