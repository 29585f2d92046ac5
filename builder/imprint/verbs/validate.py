"""Validate: records or a release against the schema; raw articles as a build would take them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from imprint.article import RecordSchema
from imprint.building.intake import Intake
from imprint.building.parts import WorkFolder
from imprint.building.previous import NO_PREVIOUS
from imprint.building.quarantine import read_quarantine
from imprint.building.scan import scan
from imprint.engine.local import LocalEngine
from imprint.errors import Place, UsageError
from imprint.findings import Finding
from imprint.progress import Progress, Silent
from imprint.project import RECIPE, SCHEMA, read_json, read_recipe
from imprint.recipe import Dataset, Recipe
from imprint.releases.layout import MANIFEST
from imprint.releases.shards import read_shard
from imprint.sources import jsonl
from imprint.sources.base import InputFile, Span
from imprint.template import template
from imprint.validation import Validator

BATCH = 4096
"""Records of a shard that are checked at a time."""


@dataclass(frozen=True, slots=True)
class ValidateResult:
    """What validation saw."""

    ok: bool
    records: int
    """Records that were checked."""
    invalid: int
    """Records with a finding."""
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        return {
            "ok": self.ok,
            "records": self.records,
            "invalid": self.invalid,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def validate(
    paths: str | Path | Sequence[str | Path], *, project: str | Path = ".", progress: Progress | None = None
) -> ValidateResult:
    """Check records against the project's schema (the template's, outside a project).

    Args:
        paths: releases, shards (.parquet), JSON Lines of records in the JSON form, or raw articles, which are checked as
            a build would take them.
        project: the project's folder.
        progress: who is told how far it is.

    Raises:
        UsageError: a path does not exist, or the schema is broken.
    """
    root = Path(project)
    watch = progress or Silent()
    schema_path = root / SCHEMA if (root / SCHEMA).exists() else template(SCHEMA)
    document = read_json(schema_path, SCHEMA)
    recipe = read_recipe(root) if (root / RECIPE).exists() else Recipe(Dataset("local/records"))
    check = _Check(RecordSchema.parse(document), Validator(document), recipe)
    for path in map(Path, [paths] if isinstance(paths, (str, Path)) else paths):
        if not path.exists():
            raise UsageError("the path does not exist", place=Place(str(path)))
        watch.note(f"validating {path}")
        check.path(path)
    return ValidateResult(not check.findings, check.records, check.invalid, tuple(check.findings))


class _Check:
    def __init__(self, schema: RecordSchema, validator: Validator, recipe: Recipe) -> None:
        self.schema = schema
        self.validator = validator
        self.recipe = recipe
        self.records = 0
        self.invalid = 0
        self.findings: list[Finding] = []

    def path(self, path: Path) -> None:
        """Check what a path names."""
        if path.suffix == ".parquet":
            self._shard(path, path.name)
        elif (path / MANIFEST).exists():
            for shard in sorted((path / "data").glob("*.parquet")):
                self._shard(shard, f"data/{shard.name}")
        elif path.is_file() and _holds_records(path):
            self._lines(path)
        else:
            self._articles(path)

    def _shard(self, path: Path, name: str) -> None:
        try:
            table = read_shard(path)
        except OSError as error:
            self.findings.append(
                Finding("unreadable_shard", f"the shard cannot be read: {error}", Place(name))
            )
            return
        if table.schema.remove_metadata() != self.schema.arrow:
            message = "the columns are not those of the schema"
            self.findings.append(
                Finding("schema_differs", message, Place(name), "was the schema changed since?")
            )
            return
        for start in range(0, len(table), BATCH):
            rows = self.schema.json_rows(table.slice(start, BATCH))
            self._rows(name, enumerate(rows, start + 1))

    def _lines(self, path: Path) -> None:
        file = InputFile(str(path), path.name, path.stat().st_size, "jsonl", "")
        for batch in jsonl.JSON_LINES.read(Span(file, 0, None, 1)):
            for record in batch:
                value = record.fault or jsonl.parse(record)
                if isinstance(value, Finding):
                    self.records += 1
                    self._fault([value], path.name, record.row)
                else:
                    self._rows(path.name, [(record.row, value)])

    def _rows(self, name: str, rows: Any) -> None:
        for number, row in rows:
            self.records += 1
            if not self.validator.is_valid(row):
                self._fault(self.validator.explain(row), name, number)

    def _fault(self, faults: Sequence[Finding], name: str, row: int) -> None:
        self.invalid += 1
        for fault in faults:
            place = Place(name, row, fault.place.field, fault.place.value)
            self.findings.append(Finding(fault.code, fault.message, place, fault.hint))

    def _articles(self, path: Path) -> None:
        """Raw articles go through the first steps of a build, and what those reject is found."""
        with tempfile.TemporaryDirectory(prefix="imprint-validate-") as name:
            work = WorkFolder(Path(name))
            found = scan([path], work.unpacked, patterns=self.recipe.input.sidecars)
            self.findings += found.findings
            intake = Intake(self.recipe, self.schema.document, NO_PREVIOUS, work, LocalEngine(1), Silent())
            taken = intake.run(found)
            for part in found.parts:
                for entry in _rejected(work, part.index):
                    place = Place(entry["file"], entry["row"], entry["field"], entry["value"])
                    self.findings.append(Finding(entry["code"], entry["message"], place, entry["hint"] or ""))
                    self.invalid += 1
            self.records += sum(part.read.total() for part in taken.ingested)


def _rejected(work: WorkFolder, part: int) -> Iterator[dict[str, Any]]:
    for step in ("ingest", "finish"):
        yield from read_quarantine(work.quarantine(step, part))


def _holds_records(path: Path) -> bool:
    """Whether a file of JSON Lines holds records in the JSON form rather than raw articles."""
    if not path.name.endswith((".jsonl", ".ndjson")):
        return False
    with path.open("rb") as file:
        line = file.readline(1 << 20)
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(record, dict) and {"id", "raw_sha256", "text"} <= set(record)
