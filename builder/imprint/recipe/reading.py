"""Reading a recipe: the TOML of imprint.toml, held against its schema.

Laws: an unknown key is an error that names the nearest known one; all faults are reported together.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

import jsonschema_rs

from imprint.errors import Place, UsageError
from imprint.recipe import TIMED, TRAIN, Clean, Dataset, Dedup, Input, Recipe, SourceLines, Splits

SMALLEST_SHARD = 1_000
"""Bytes below which a shard size is a slip."""

RATIO_TOLERANCE = 1e-6
"""How far the ratios' sum may be from 1."""


def parse_recipe(text: str, schema: Mapping[str, Any], *, file: str = "imprint.toml") -> Recipe:
    """Read a recipe.

    Args:
        text: the TOML.
        schema: schema/recipe.schema.json.
        file: the name to use in errors.

    Raises:
        UsageError: it is not TOML, or keys or values are wrong; all faults in one message.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"this is not TOML: {error}", place=Place(file)) from error
    document = _with_dates(document)
    faults = list(_faults(document, schema))
    if faults:
        raise UsageError(
            faults[0] if len(faults) == 1 else "\n  - ".join([f"{len(faults)} faults:", *faults]),
            place=Place(file),
            hint="see docs/recipe.md for every key and its default",
        )
    return _recipe(document)


def _faults(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    found = list(_schema_faults(document, schema, ()))
    yield from found
    tables = {name: table for name, table in document.items() if isinstance(table, dict)}
    yield from _ratio_faults(tables.get("splits", {}).get("ratios"))
    if not found:
        yield from _strategy_faults(tables.get("splits", {}))
        dedup = {**asdict(Dedup()), **tables.get("dedup", {})}
        if dedup["drop_at"] < dedup["group_at"]:
            yield f"dedup: drop_at ({dedup['drop_at']}) must not be below group_at ({dedup['group_at']})"
        if parse_size(tables.get("parquet", {}).get("shard_bytes", "1MB")) < SMALLEST_SHARD:
            yield f"parquet.shard_bytes: a shard has at least {SMALLEST_SHARD} bytes"


def _schema_faults(value: Any, schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """What the schema says against a value, in words; unknown keys with the nearest known one."""
    validator = jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=True, offline=True)
    for error in validator.iter_errors(_plain(value)):
        here = (*path, *map(str, error.instance_path))
        if error.kind.name == "additionalProperties":
            known = list(_subschema(schema, error.instance_path).get("properties", {}))
            given = error.instance if isinstance(error.instance, dict) else {}
            for key in sorted(set(given) - set(known)):
                near = difflib.get_close_matches(key, known, 1)
                told = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                yield f"unknown key {'.'.join([*here, key])}: {told}"
        elif error.kind.name == "anyOf" and isinstance(error.instance, dict):
            choices = _subschema(schema, error.instance_path)["anyOf"]
            table = next(choice for choice in choices if choice["type"] == "object")
            yield from _schema_faults(error.instance, table, here)
        else:
            yield f"{'.'.join(here) or 'the recipe'}: {error.message}"


def _ratio_faults(ratios: Any) -> Iterator[str]:
    if not isinstance(ratios, dict) or not all(isinstance(ratio, (int, float)) for ratio in ratios.values()):
        return
    if abs(sum(ratios.values()) - 1) > RATIO_TOLERANCE:
        yield f"splits.ratios: they sum to {sum(ratios.values()):.6g}, not to 1"
    if TRAIN not in ratios:
        yield "splits.ratios: a split named train is needed; new articles go there"


def _strategy_faults(splits: Mapping[str, Any]) -> Iterator[str]:
    """What a strategy needs and does not have, or has and does not use."""
    strategy = splits.get("strategy", "hash")
    for table in ("time", "source"):
        if table in splits and strategy != table:
            yield f'splits.{table} is used with strategy = "{table}" only, the strategy is "{strategy}"'
        if strategy == table and not splits.get(table):
            example = 'test_from = "2024-07-01"' if table == "time" else 'test = ["example.org"]'
            yield f'splits: the strategy "{table}" needs [splits.{table}], such as {example}'
    borders = [str(splits.get("time", {}).get(f"{split}_from", "")) for split in TIMED]
    if all(borders) and borders[0] >= borders[1]:
        yield f"splits.time: validation_from ({borders[0]}) must be before test_from ({borders[1]})"
    seen: dict[str, str] = {}
    for split, sources in splits.get("source", {}).items():
        for source in sources:
            if source in seen:
                yield f"splits.source: {source!r} stands in {seen[source]} and in {split}"
            seen.setdefault(source, split)


def _with_dates(document: dict[str, Any]) -> dict[str, Any]:
    """A recipe whose cut-off dates, which need no quotes in TOML, are text."""
    splits = document.get("splits")
    if isinstance(splits, dict) and isinstance(splits.get("time"), dict):
        time = {
            key: value.isoformat() if type(value) is date else value for key, value in splits["time"].items()
        }
        return {**document, "splits": {**splits, "time": time}}
    return document


def _plain(value: Any) -> Any:
    """A TOML value as JSON; dates and times, which no key takes, as lists that no schema accepts."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool)) else [str(value)]


def _subschema(schema: Mapping[str, Any], path: Iterable[Any]) -> Mapping[str, Any]:
    for key in path:
        schema = schema.get("properties", {}).get(key, {})
    return schema


def _recipe(document: Mapping[str, Any]) -> Recipe:
    def table(name: str) -> dict[str, Any]:
        return {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in document.get(name, {}).items()
        }

    clean = table("clean")
    if "source_lines" in clean:
        given = clean["source_lines"]
        clean["source_lines"] = (
            SourceLines(**given) if isinstance(given, dict) else SourceLines() if given else None
        )
    options: dict[str, Any] = {}
    if "shard_bytes" in table("parquet"):
        options["shard_bytes"] = parse_size(document["parquet"]["shard_bytes"])
    options |= {**table("limits"), **table("release")}
    return Recipe(
        dataset=Dataset(**table("dataset")),
        input=Input(**table("input")),
        clean=Clean(**clean),
        dedup=Dedup(**table("dedup")),
        splits=_splits(table("splits")),
        **options,
    )


def _splits(given: dict[str, Any]) -> Splits:
    sources = {split: tuple(sources) for split, sources in given.get("source", {}).items()}
    return Splits(**{**given, "source": sources})


_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "ki": 2**10, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30,
          "Ti": 2**40}  # fmt: skip


def parse_size(text: str) -> int:
    """Bytes of a size such as `300MB`, `1.5 GB` or `64KiB`.

    Raises:
        ValueError: it is not a size.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kKMGT]i?|)B", text)
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"{text!r} is not a size, such as 300MB or 2GB")
    return round(float(match[1]) * _UNITS[match[2]])
