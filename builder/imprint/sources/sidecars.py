"""Sidecars: the metadata of one-article files that stands outside them.

Three ways to write it: a file of its own (`x.json`, `x.meta.json`, `x.yaml` beside `x.txt`), a table that names files
(`metadata.csv`, `metadata.jsonl`), and parallel files that the recipe pairs by a pattern (`full_texts/{stem}.txt` with
`{stem}-meta.txt`). Laws: a sidecar is no article and its digest goes into the raw digest of the one it describes; what a
header inside the article says comes before it; a sidecar that cannot be read is a fault of its article.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import orjson

from imprint.errors import Place
from imprint.findings import Finding
from imprint.sources.base import Sidecar
from imprint.sources.compression import SUFFIXES, DamagedStreamError, blocks, split_suffix
from imprint.sources.encodings import decode
from imprint.sources.header import read_yaml
from imprint.sources.lines import BLOCK_BYTES

SIDECAR_BYTES = 1 << 20
"""A larger file is no metadata of one article."""

BESIDE = (".meta.json", ".metadata.json", ".info.json", ".json", ".yaml", ".yml")
"""Endings of sidecars in place of an article's own, the most telling first; also behind the article's whole name."""

TABLES = ("metadata", "meta", "index")
"""Stems of tables that name files."""

STEM = "{stem}"
"""Stands in the recipe's patterns for what an article and its sidecar have in common."""

_LINE = re.compile(r"(?P<key>[^\W\d_][\w .-]{0,60}?)\s*(?::|=|\t)\s*(?P<value>.*)")


def names_beside(name: str) -> list[str]:
    """The names that the sidecar of a file may have, the most telling first."""
    bare = split_suffix(name)[0]
    stem = str(PurePosixPath(bare).with_suffix(""))
    return [
        base + ending + packed for ending in BESIDE for base in (stem, bare) for packed in ("", *SUFFIXES)
    ]


def paired(name: str, pattern: str, sidecar: str) -> str | None:
    """The name of a file's sidecar by a pattern of the recipe; None where the pattern does not fit the file.

    Patterns are of the ends of paths: `full_texts/{stem}.txt` also fits `2024/full_texts/a.txt`, whose sidecar then lies
    below `2024/`.
    """
    before, _, behind = (re.escape(piece) for piece in pattern.partition(STEM))
    match = re.fullmatch(rf"(?P<base>(?:.*/)?){before}(?P<stem>[^/]+){behind}", name)
    return None if match is None else match["base"] + sidecar.replace(STEM, match["stem"])


def read_sidecar(sidecar: Sidecar) -> tuple[Mapping[str, Any], bytes] | Finding:
    """The keys and values of a sidecar, and its digest; or why it cannot be read."""
    try:
        data = _bytes(sidecar)
    except (DamagedStreamError, OSError) as error:
        return _broken(sidecar, f"cannot be read: {error}")
    if len(data) > SIDECAR_BYTES:
        return _broken(sidecar, f"is larger than {SIDECAR_BYTES:,} bytes")
    values = _parse(data, sidecar.kind)
    if isinstance(values, Finding):
        return _broken(sidecar, values.message)
    return values, hashlib.sha256(data).digest()


def _bytes(sidecar: Sidecar) -> bytes:
    data = b""
    limit = sidecar.length
    for block in blocks(sidecar.path, sidecar.compression, BLOCK_BYTES, start=sidecar.start, limit=limit):
        data += block
        if len(data) > SIDECAR_BYTES:
            break
    return data


def _parse(data: bytes, kind: str) -> Mapping[str, Any] | Finding:
    decoded = decode(data)
    if isinstance(decoded, Finding):
        return decoded
    text = decoded[0].strip()
    if text.startswith("{"):
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return Finding("invalid_json", f"is not JSON: {error}")
        return value if isinstance(value, dict) else Finding("not_an_object", "is JSON, but not an object")
    if kind == ".json":
        return Finding("not_an_object", "is not a JSON object")
    if kind in {".yaml", ".yml"}:
        values = read_yaml(text)
        return values if values is not None else Finding("broken_header", "is YAML, but not a mapping")
    return _lines(text)


def _lines(text: str) -> dict[str, Any] | Finding:
    """`key: value` lines, as people write them; an indented line goes on with the value before it."""
    values: dict[str, str] = {}
    last = ""
    for line in filter(str.strip, text.splitlines()):
        match = _LINE.fullmatch(line.rstrip())
        if line[0].isspace() and last:
            values[last] += f" {line.strip()}"
        elif match is None:
            return Finding("broken_header", f"has a line that is no `key: value`: {line[:60]!r}")
        else:
            last = match["key"].strip()
            if values.setdefault(last, match["value"]) != match["value"]:
                return Finding("duplicate_key", f"has the key {last!r} twice")
    return {key: value for key, value in values.items() if value}


def _broken(sidecar: Sidecar, why: str) -> Finding:
    return Finding("broken_sidecar", f"its metadata in {sidecar.name} {why}", Place())
