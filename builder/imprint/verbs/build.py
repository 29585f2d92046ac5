"""Build: articles to a release in data/build, ready to publish.

    scan → survey → ingest → decide → finish → resolve → write → close

The version is fixed here, from what differs from the previous release; `publish` only moves what was built. Laws: same
input, same bytes, whatever the machine and the number of workers; every record that was read has one fate; a build that
fails or finds nothing new leaves no release behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from imprint.article import RecordSchema
from imprint.building.account import account, limit_rejected
from imprint.building.candidates import Candidates, Contested, load_candidates
from imprint.building.certificate import certificate
from imprint.building.close import Closing, close, digest_of_inputs, prose_digest
from imprint.building.intake import Intake
from imprint.building.neighbours import write_neighbours
from imprint.building.outcome import BuildResult
from imprint.building.parts import WorkFolder
from imprint.building.plan import plan_shards
from imprint.building.previous import Previous
from imprint.building.reports import QUARANTINE, write_quarantine, write_reports
from imprint.building.resolution import NEW, Resolution
from imprint.building.resolve import resolve
from imprint.building.scan import Scan, scan
from imprint.building.searching import Searching
from imprint.building.shared_urls import shared_urls
from imprint.building.signing import sign_all
from imprint.building.texts import Texts
from imprint.building.workspace import RELEASE, REPORT, build_lock, empty, work_folder
from imprint.building.write import check_rows, write
from imprint.dedup.minhash import searches_for
from imprint.digests import pretty_json
from imprint.engine.base import Engine
from imprint.engine.local import LocalEngine
from imprint.errors import Place, RejectedError, UsageError
from imprint.findings import Finding
from imprint.progress import Progress, Silent
from imprint.project import Project, open_project
from imprint.releases.accounting import Accounting
from imprint.releases.ledger import hex_id
from imprint.releases.versions import Change, next_version, schema_change
from imprint.validation import Validator
from imprint.verbs.lineage import check_call, find_previous

INLINE_BYTES = 8 << 20
"""Below this much input no workers are started: they would take longer than the work."""

PRELOAD = ("imprint.building.finish", "imprint.building.ingest", "imprint.building.write")
"""Modules that the workers' server process imports once."""


def build(
    project: str | Path = ".",
    *,
    workers: int | None = None,
    bump: str = "auto",
    previous: str | None = None,
    to: str | None = None,
    date: str | None = None,
    new_lineage: bool = False,
    progress: Progress | None = None,
) -> BuildResult:
    """Build the project's next release into its data/build.

    Args:
        project: the project's folder.
        workers: number of processes; None takes the processors available, or none for a small input.
        bump: `auto`, `patch`, `minor` or `major`.
        previous: the release to grow from, as TARGET@VERSION, or `none`; by default the newest in the targets.
        to: a further registry to look for the previous release in.
        date: the release's date, as YYYY-MM-DD; by default the newest date in the data.
        new_lineage: start over as the next major version: nothing counts as published, splits are drawn anew.
        progress: who is told how far it is.

    Raises:
        UsageError: recipe, schema, card or input are wrong.
        RejectedError: more records were rejected than the recipe allows.
        ConflictError: the change needs a higher version than was asked for, or another lineage.
        TransferError: input or output failed.
    """
    opened = open_project(Path(project))
    Validator(opened.schema)
    check_call(opened, bump, workers, date)
    with build_lock(opened.build), work_folder(opened.build) as work:
        before = find_previous(opened, previous=previous, to=to, new_lineage=new_lineage)
        return _Build(opened, before, work, progress or Silent(), bump, date).run(workers)


class _Build:
    """One build: the story, with what its chapters share."""

    def __init__(
        self,
        project: Project,
        previous: Previous,
        work: WorkFolder,
        watch: Progress,
        bump: str,
        date: str | None,
    ) -> None:
        self.project = project
        self.recipe = project.recipe
        self.schema = RecordSchema.parse(project.schema)
        self.previous = previous
        self.work = work
        self.watch = watch
        self.bump = bump
        self.date = date
        self.ordinal = previous.ordinal + 1
        self.findings: list[Finding] = []
        self.searching: Searching | None = None

    def run(self, workers: int | None) -> BuildResult:
        """Build, and put the result into the build folder."""
        empty(self.project.build)
        found = scan(
            self.project.inputs, self.work.unpacked, self.project.outputs, self.recipe.input.sidecars
        )
        self._require_input(found)
        small = workers is None and found.size <= INLINE_BYTES
        engine = LocalEngine(1 if small else workers, preload=PRELOAD)
        try:
            result = self._run(found, engine)
        finally:
            engine.close()
        (self.project.build / REPORT).write_bytes(pretty_json(result.as_dict()))
        return result

    def _run(self, found: Scan, engine: Engine) -> BuildResult:
        first, second = searches_for(self.recipe.dedup.group_at)
        intake = Intake(
            self.recipe,
            self.project.schema,
            self.previous,
            self.work,
            engine,
            self.watch,
            search=first,
        )
        taken = intake.run(found)
        ingested, finished = taken.ingested, taken.finished
        write_quarantine(self.project.build, self.work, found.parts)
        limit_rejected(ingested, finished, self.recipe.max_rejected, f"{self.project.build}/{QUARANTINE}")
        candidates = load_candidates(self.work, len(found.parts))

        def search() -> Searching:
            """What looks for near duplicates, once everything that is published is signed, too."""
            self.watch.stage("compare", 0)
            signed = sign_all(self.work, len(found.parts), self.previous, first, engine)
            self.searching = Searching(Texts(self.work, candidates, self.previous), signed, second, engine)
            return self.searching

        result = resolve(self.work, candidates, self.previous, self.recipe, search)
        self._tell_shared_urls(candidates, result)
        because = partial(result.because, found=candidates, previous=self.previous)
        write_reports(self.project.build, self.work, found.parts, finished, result, because)
        write_neighbours(self.project.build, result.division, candidates, self.previous)
        accounting = account(self.work, ingested, finished, result, self.previous)
        self.findings += [*found.findings, *taken.findings, *result.findings]
        change = self._change(candidates, result)
        if self._is_unchanged(change):
            return self._unchanged(accounting)
        if accounting.published == 0:
            raise RejectedError("no record is left to publish", hint=f"see {self.project.build}/{QUARANTINE}")
        decisions = taken.decisions(self.recipe, self.previous.decisions)
        inputs = {
            "files": len(found.files),
            "bytes": found.size,
            "records": accounting.read,
            "sha256": digest_of_inputs([part.digest for part in ingested]),
        }
        previous = self.previous.before
        change = replace(change, new_lineage=previous is not None and self.previous.manifest is None)
        closing = Closing(
            release=self.work.root / RELEASE,
            work=self.work,
            recipe=self.recipe,
            schema=self.project.schema,
            card=self.project.card,
            previous=self.previous,
            version=next_version(previous.version if previous else None, change, self.bump),
            ordinal=self.ordinal,
            date=self.date,
            accounting=accounting,
            decisions=decisions,
            inputs=inputs,
        )
        return self._write(closing, candidates, result, engine)

    def _certificate(self, result: Resolution) -> Mapping[str, Any]:
        """The leak certificate; the previous one where no record is new."""
        if result.division is None or self.searching is None:
            assert self.previous.manifest is not None
            return dict(self.previous.manifest.document["leaks"])
        self.watch.stage("certify", 0)
        here = set(result.division.split.tolist())
        splits = [name for number, name in enumerate(self.recipe.splits.names) if number in here]
        return certificate(result.division, self.searching, self.recipe, splits)

    def _tell_shared_urls(self, found: Candidates, result: Resolution) -> None:
        contested = Contested(self.work, found)
        self.findings += shared_urls(found, result, contested, self.previous, self.recipe.dedup.group_at)

    def _require_input(self, found: Scan) -> None:
        if found.files:
            return
        named = ", ".join(self.recipe.input.paths)
        if self.previous.manifest is None:
            raise UsageError(
                f"the input holds no articles: {named}",
                place=Place("imprint.toml", field="input.paths"),
                hint="put articles there: .txt, .md, .jsonl, .json, .csv, .parquet, .xml, .wet, also packed",
            )
        self.findings.append(Finding("empty_input", f"the input holds no articles: {named}"))

    def _change(self, found: Candidates, result: Resolution) -> Change:
        new = result.split[result.outcome == NEW]
        return Change(
            added={split: int((new == index).sum()) for index, split in enumerate(self.recipe.splits.names)},
            changed=tuple(sorted(hex_id(found.ids[index]) for index in result.versions.corrections)),
            schema=schema_change(self.previous.schema, self.project.schema) if self.previous.schema else None,
        )

    def _is_unchanged(self, change: Change) -> bool:
        manifest = self.previous.manifest
        if manifest is None:
            return False
        same_prose = manifest.document.get("prose_sha256") == prose_digest(self.project.card, self.recipe)
        return not any(change.added.values()) and not change.changed and not change.schema and same_prose

    def _unchanged(self, accounting: Accounting) -> BuildResult:
        manifest = self.previous.manifest
        assert manifest is not None
        version = str(manifest.version)
        return BuildResult(
            "unchanged",
            version,
            version,
            manifest.splits,
            accounting.as_dict(),
            manifest.digest,
            str(self.project.build),
            tuple(self.findings),
        )

    def _write(self, closing: Closing, found: Candidates, result: Resolution, engine: Engine) -> BuildResult:
        tasks = plan_shards(
            closing.release,
            self.work,
            found,
            result,
            self.previous,
            self.recipe,
            self.project.schema,
            self.ordinal,
        )
        self.watch.stage("write", len(tasks))
        shards = []
        # The largest first: the last one to finish should not be one that has just begun.
        for shard in engine.map(write, sorted(tasks, key=lambda task: -task.rows)):
            self.watch.advance(1)
            shards.append(shard)
        check_rows(shards, closing.accounting.published)
        manifest = close(closing, tasks, shards, self._certificate(result))
        closing.release.rename(self.project.build / RELEASE)
        previous = self.previous.before
        return BuildResult(
            "built",
            str(closing.version),
            str(previous.version) if previous else None,
            manifest.splits,
            closing.accounting.as_dict(),
            manifest.digest,
            str(self.project.build),
            tuple(self.findings),
        )
