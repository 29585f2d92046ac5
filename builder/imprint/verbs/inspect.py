"""Inspect: what lies in an input, and how imprint understands it, before anything is built.

A sample of each file group goes through the first steps of a build, so that what is shown is what a build would do.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from imprint.article import RecordSchema
from imprint.building.intake import Intake, TakenIn
from imprint.building.parts import Part, WorkFolder, read_spill
from imprint.building.previous import NO_PREVIOUS
from imprint.building.quarantine import read_quarantine
from imprint.building.scan import Scan, list_input
from imprint.building.survey import groups_of
from imprint.engine.local import LocalEngine
from imprint.errors import Place, shorten
from imprint.findings import Finding
from imprint.progress import Silent
from imprint.project import RECIPE, SCHEMA, read_json, read_recipe
from imprint.recipe import Dataset, Recipe
from imprint.sources import BY_NAME
from imprint.sources.base import InputFile, Span
from imprint.sources.names import WRITTEN_BY_IMPRINT, priority
from imprint.template import template

FILES = 200
"""One-article files of a group that are read."""

TABLES = 4
"""Files of many records of a group that are read."""

RECORDS = 1000
"""Records of a file that are read."""

SAMPLES = 3
SAMPLE_CHARS = 44


@dataclass(frozen=True, slots=True)
class FieldReport:
    """One field of the schema in one file group."""

    field: str
    keys: tuple[str, ...]
    """Keys of the input that served it; empty where it was read from the text or the file's name."""
    filled: int
    """Records in which it has a value."""
    failed: int
    """Records that were rejected for its value."""
    samples: tuple[str, ...]
    """Some of its values, shortened."""
    by_values: tuple[str, ...] = ()
    """Those of the keys that were taken for what their values look like."""


@dataclass(frozen=True, slots=True)
class GroupReport:
    """What one file group holds."""

    group: str
    format: str
    files: int
    bytes: int
    files_read: int
    records_read: int
    sampled: bool
    """Whether there is more than was read."""
    fields: tuple[FieldReport, ...]
    ignored: tuple[str, ...]
    """Keys that no field takes."""
    first: str | None
    """Earliest date of publication."""
    last: str | None
    duplicates: int
    """Records whose text another one has, too."""
    with_sidecar: int
    """Files whose metadata stands beside them."""
    orders: dict[str, str] = field(default_factory=dict)
    """Source to the order in which it writes day and month."""
    doubts: tuple[Finding, ...] = ()
    """What is odd, or cannot be decided, in records that stay in."""
    residue: dict[str, int] = field(default_factory=dict)
    """Lines that cleaning takes off, the most frequent first, to texts."""
    problems: dict[str, int] = field(default_factory=dict)
    """Reasons of rejection to records."""
    examples: tuple[Finding, ...] = ()
    """The first record of each reason."""


@dataclass(frozen=True, slots=True)
class InspectResult:
    """What an input holds."""

    files: int
    bytes: int
    groups: tuple[GroupReport, ...]
    findings: tuple[Finding, ...]
    """Files that are not read."""

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        groups = [
            {
                **asdict(group),
                "examples": [example.as_dict() for example in group.examples],
                "doubts": [doubt.as_dict() for doubt in group.doubts],
            }
            for group in self.groups
        ]
        return {
            "files": self.files,
            "bytes": self.bytes,
            "groups": groups,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def inspect(paths: str | Path | Sequence[str | Path], *, project: str | Path = ".") -> InspectResult:
    """Look at an input.

    Args:
        paths: folders or files.
        project: the project whose recipe and schema apply; outside a project, the template's do.

    Raises:
        UsageError: a path does not exist, or recipe or schema are broken.
    """
    root = Path(project)
    schema_path = root / SCHEMA if (root / SCHEMA).exists() else template(SCHEMA)
    schema = RecordSchema.parse(read_json(schema_path, SCHEMA))
    recipe = read_recipe(root) if (root / RECIPE).exists() else Recipe(Dataset("local/inspected"))
    given = [paths] if isinstance(paths, (str, Path)) else paths
    with tempfile.TemporaryDirectory(prefix="imprint-inspect-") as unpacked:
        files, findings = list_input(
            [Path(path) for path in given], Path(unpacked), patterns=recipe.input.sidecars
        )
        groups = groups_of(files)
        reports = tuple(
            _inspect_group(name, members, schema, recipe) for name, members in sorted(groups.items())
        )
    return InspectResult(len(files), sum(file.size for file in files), reports, tuple(findings))


def _inspect_group(name: str, files: list[InputFile], schema: RecordSchema, recipe: Recipe) -> GroupReport:
    fmt = BY_NAME[files[0].format]
    chosen = _spread(files, FILES if fmt.one_per_file else TABLES)
    part = Part(0, tuple(Span(file, 0, None, 1) for file in chosen))
    with tempfile.TemporaryDirectory(prefix="imprint-inspect-") as folder:
        work = WorkFolder(Path(folder))
        intake = Intake(recipe, schema.document, NO_PREVIOUS, work, LocalEngine(1), Silent(), limit=RECORDS)
        taken = intake.run(Scan(tuple(chosen), (part,), ()))
        records = read_spill(work.records(0))
        rejected = [
            entry for step in ("ingest", "finish") for entry in read_quarantine(work.quarantine(step, 0))
        ]
        return _report(name, files, chosen, taken, records, rejected)


def _report(
    name: str,
    files: list[InputFile],
    chosen: list[InputFile],
    taken: TakenIn,
    records: pa.Table,
    rejected: list[dict[str, Any]],
) -> GroupReport:
    [ingested], [finished] = taken.ingested, taken.finished
    span = pc.min_max(pc.strftime(records.column("published_at"), "%Y-%m-%d"))
    read = ingested.read.total()
    full = not BY_NAME[files[0].format].one_per_file and ingested.limited
    residue: Counter[str] = Counter()
    for (_source, step), count in finished.removed.items():
        residue[step.partition(": ")[2]] += count
    reasons = Counter(entry["code"] for entry in rejected)
    return GroupReport(
        group=name,
        format=files[0].format,
        files=len(files),
        bytes=sum(file.size for file in files),
        files_read=len(chosen),
        records_read=read,
        sampled=len(chosen) < len(files) or full,
        fields=tuple(_fields(name, taken, records, rejected)),
        ignored=tuple(sorted(ingested.ignored.get(name, ()))),
        first=span["min"].as_py(),
        last=span["max"].as_py(),
        duplicates=len(records) - pc.count_distinct(records.column("text_sha256")).as_py(),
        with_sidecar=sum(file.sidecar is not None for file in files),
        orders={source: str(order) for source, order in sorted(taken.orders.items())},
        doubts=tuple(_doubts(name, taken)),
        residue=dict(residue.most_common(10)),
        problems=dict(reasons.most_common()),
        examples=tuple(_first_of(code, rejected) for code, _ in reasons.most_common()),
    )


def _doubts(group: str, taken: TakenIn) -> Iterable[Finding]:
    """Ambiguities, and what the intake found that the report does not show elsewhere."""
    yield from (ambiguity.finding() for ambiguity in taken.understood[group].ambiguities)
    shown_elsewhere = {"keys_ignored", "inferred_field", "override_unused"}
    yield from (finding for finding in taken.findings if finding.code not in shown_elsewhere)


def _fields(
    group: str, taken: TakenIn, records: pa.Table, rejected: list[dict[str, Any]]
) -> Iterable[FieldReport]:
    keys: dict[str, list[str]] = {}
    [ingested] = taken.ingested
    inferred = {pair for pair, why in taken.understood[group].choices.items() if why.by == "values"}
    for name, key in ingested.used.get(group, ()):
        keys.setdefault(name, []).append(key)
    failed = Counter(entry["field"] for entry in rejected if entry["field"])
    for name in records.schema.names:
        column = records.column(name)
        filled = len(column) - column.null_count
        if name in WRITTEN_BY_IMPRINT or not (filled or name in keys):
            continue
        known = column.drop_null()
        values = (known if pa.types.is_list(known.type) else pc.unique(known)).slice(0, SAMPLES).to_pylist()
        served = tuple(sorted(keys.get(name, ()), key=partial(priority, name)))
        samples = tuple(
            shorten(value if isinstance(value, (str, list)) else str(value), SAMPLE_CHARS)
            for value in values[:SAMPLES]
        )
        by_values = tuple(key for key in served if (name, key) in inferred)
        yield FieldReport(name, served, filled, failed[name], samples, by_values)


def _first_of(code: str, rejected: list[dict[str, Any]]) -> Finding:
    entry = next(entry for entry in rejected if entry["code"] == code)
    return Finding(
        code,
        entry["message"],
        Place(entry["file"], entry["row"], entry["field"], entry["value"]),
        entry["hint"] or "",
    )


def _spread(files: list[InputFile], count: int) -> list[InputFile]:
    """At most `count` files, evenly spread over all, the first among them."""
    if len(files) <= count:
        return files
    return [files[index * len(files) // count] for index in range(count)]
