"""The recipe: imprint.toml as frozen values, every default visible here.

Laws: an unknown key is an error that names the nearest known one; all faults are reported together; the digest covers
what a release's content depends on, and neither where the input lies nor where the release goes.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import jsonschema_rs

from imprint.digests import canonical_json, sha256_hex
from imprint.errors import Place, UsageError

SMALLEST_SHARD = 1_000
"""Bytes below which a shard size is a slip."""

RATIO_TOLERANCE = 1e-6
"""How far the ratios' sum may be from 1."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is published."""

    name: str
    """namespace/name, the Hub's id."""
    title: str = ""
    description: str = ""
    license: str = ""
    """SPDX expression or the Hub's id."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags."""
    homepage: str = ""
    contact: str = ""
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """Where the articles are and how they are read."""

    paths: tuple[str, ...] = ("data/raw",)
    """Folders or files, relative to the project."""
    corrections: str = "hold"
    """`hold` keeps the published row of an id, `apply` replaces its content."""
    detect_language: bool = False
    """Whether a model names the language of texts whose source does not."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Field to key of the input; an empty key leaves the field empty."""
    date_order: Mapping[str, str] = field(default_factory=dict)
    """Source, or `*` for all others, to the order of day and month in its dates: `day-first` or `month-first`."""
    identity: Mapping[str, str] = field(default_factory=dict)
    """Source to what identifies its articles instead of the URL: `source_id` or `text`."""
    sidecars: Mapping[str, str] = field(default_factory=dict)
    """Pattern of an article's file to that of the file with its metadata; `{stem}` stands in both."""


@dataclass(frozen=True, slots=True)
class SourceLines:
    """When a line that a source repeats is residue."""

    min_articles: int = 5
    """Articles that must share it."""
    min_share: float = 0.2
    """Share of the source's articles that must share it."""


@dataclass(frozen=True, slots=True)
class Clean:
    """The steps of cleaning that are switched on."""

    unicode: bool = True
    whitespace: bool = True
    repeated_title: bool = True
    furniture: bool = True
    date_line: bool = True
    source_lines: SourceLines | None = field(default_factory=SourceLines)
    """None where the step is off."""


@dataclass(frozen=True, slots=True)
class Dedup:
    """When articles are near duplicates."""

    drop_at: float = 0.8
    group_at: float = 0.5
    keep: str = "first"


@dataclass(frozen=True, slots=True)
class Splits:
    """How clusters are divided."""

    strategy: str = "hash"
    ratios: Mapping[str, float] = field(
        default_factory=lambda: {"train": 0.9, "validation": 0.05, "test": 0.05}
    )
    salt: str = "imprint"
    grow: str = "train"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A project's settings."""

    dataset: Dataset
    input: Input = field(default_factory=Input)
    clean: Clean = field(default_factory=Clean)
    dedup: Dedup = field(default_factory=Dedup)
    splits: Splits = field(default_factory=Splits)
    shard_bytes: int = 300_000_000
    """Largest shard, as the sum of its values' UTF-8 bytes."""
    max_rejected: float = 0.05
    """Share of the records read that may be quarantined."""
    targets: tuple[str, ...] = ("data/releases",)
    """Registries."""

    @property
    def digest(self) -> str:
        """SHA-256 over the settings that a release's content depends on."""
        return sha256_hex(canonical_json(self.content()))

    def content(self) -> dict[str, Any]:
        """The settings that a release's content depends on, as JSON."""
        settings = asdict(self)
        for place in ("max_rejected", "targets"):
            del settings[place]
        del settings["input"]["paths"]
        # The order of the splits is the order of the unit interval: it must survive canonical JSON's sorting.
        settings["splits"]["ratios"] = [list(item) for item in self.splits.ratios.items()]
        return settings

    def lineage(self) -> dict[str, Any]:
        """The settings that every release of one lineage shares."""
        content = self.content()
        thresholds = {key: content["dedup"][key] for key in ("drop_at", "group_at")}
        return {"dedup": thresholds, "splits": {k: v for k, v in content["splits"].items() if k != "grow"}}


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
    if "train" not in ratios:
        yield "splits.ratios: a split named train is needed; new articles go there"


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
        splits=Splits(**table("splits")),
        **options,
    )


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
