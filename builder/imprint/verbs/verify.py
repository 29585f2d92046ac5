"""Verify: read a release back and hold it against what it says of itself.

manifest → files → accounting → records → card → loading
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imprint.article import RecordSchema
from imprint.building.recheck import recheck
from imprint.card.check import check_card
from imprint.errors import ImprintError, Place, UsageError
from imprint.findings import Finding
from imprint.progress import Progress, Silent
from imprint.project import read_json
from imprint.releases.audit import RecordAudit, audit_accounting, audit_files, audit_leaks, guarded
from imprint.releases.layout import CARD, LEAKS, MANIFEST, SCHEMA
from imprint.releases.loading import compare, load_in_child
from imprint.releases.manifest import Manifest
from imprint.verbs.lineage import parse_target


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What verification saw."""

    ok: bool
    """Whether nothing was found."""
    target: str
    """The folder that was verified."""
    version: str | None
    """Version of the release; None where the manifest cannot be read."""
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        return {
            "ok": self.ok,
            "target": self.target,
            "version": self.version,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def verify(
    target: str | Path, *, load: bool = True, leaks: bool = False, progress: Progress | None = None
) -> VerifyResult:
    """Verify a release.

    Args:
        target: a dataset in a registry with `@VERSION` or without (then its latest), or a release's folder.
        load: whether to load it with datasets, too.
        leaks: whether to search it again for near duplicates and shared spans across splits.
        progress: who is told how far it is.

    Raises:
        UsageError: there is no such release.
        TransferError: the registry cannot be read.
    """
    watch = progress or Silent()
    folder, expected = _locate(target)
    try:
        manifest = Manifest.parse((folder / MANIFEST).read_bytes())
    except (OSError, ImprintError) as error:
        finding = Finding("manifest_unreadable", f"the manifest cannot be read: {error}", Place(MANIFEST))
        return VerifyResult(ok=False, target=str(folder), version=None, findings=(finding,))
    findings = tuple(_findings(folder, manifest, expected, load=load, watch=watch))
    if leaks:
        watch.stage("leaks", 0)
        findings += tuple(guarded(recheck(folder, manifest), "leaks_differ", LEAKS))
    return VerifyResult(not findings, str(folder), str(manifest.version), findings)


def _locate(target: str | Path) -> tuple[Path, str | None]:
    """The folder of a release, and the manifest digest that its ref names where there is one."""
    folder = Path(target)
    if not (folder / MANIFEST).exists():
        found, version = parse_target(str(target), base=Path())
        digest = next((held.manifest_sha256 for held in found.versions() if held.version == version), None)
        if digest is None:
            known = ", ".join(str(held.version) for held in found.versions())
            raise UsageError(f"there is no version {version}; there are {known}", place=Place(str(target)))
        return found.fetch(version), digest
    ref = folder.parent / "refs" / f"{folder.name}.json"
    return folder, str(read_json(ref, str(ref)).get("manifest_sha256")) if ref.exists() else None


def _findings(
    folder: Path, manifest: Manifest, expected: str | None, *, load: bool, watch: Progress
) -> Iterator[Finding]:
    if (folder / MANIFEST).read_bytes() != manifest.serialise():
        yield Finding("manifest_not_canonical", "the manifest is not canonical JSON", Place(MANIFEST))
    if expected is not None and manifest.digest != expected:
        yield Finding(
            "manifest_differs", "the manifest is not the one that the version's ref names", Place(MANIFEST)
        )
    if folder.parent.joinpath("refs").is_dir() and folder.name != str(manifest.version):
        yield Finding("wrong_version", f"this is the manifest of version {manifest.version}", Place(MANIFEST))
    yield from guarded(audit_files(folder, manifest), "unreadable_file", ".")
    yield from guarded(audit_accounting(manifest), "accounting_broken", MANIFEST)
    yield from guarded(audit_leaks(folder, manifest), "leaks_differ", LEAKS)
    try:
        audit = RecordAudit.open(folder, manifest)
    except (ImprintError, OSError, ValueError) as error:
        # Without a schema there is nothing to hold records and card against.
        yield Finding("schema_differs", f"schema.json cannot be used: {error}", Place(SCHEMA))
        return
    yield from guarded(_audit_records(audit, manifest, watch), "unreadable_file", SCHEMA)
    yield from guarded(check_card(folder, manifest, audit.schema), "card_differs", CARD)
    if load and (wrong := _audit_loading(folder, manifest, audit.schema)):
        yield Finding("not_loadable", wrong, Place(CARD))


def _audit_records(audit: RecordAudit, manifest: Manifest, watch: Progress) -> Iterator[Finding]:
    if audit.schema.digest != manifest.document["schema_sha256"]:
        yield Finding(
            "schema_differs", "schema.json is not the schema that the manifest names", Place(SCHEMA)
        )
    watch.stage("verify", sum(manifest.splits.values()))
    for shard in manifest.shards:
        yield from audit.shard(shard)
        watch.advance(shard.rows or 0)
    yield from audit.whole()


def _audit_loading(folder: Path, manifest: Manifest, schema: RecordSchema) -> str | None:
    return compare(load_in_child(folder), manifest.splits, [field.name for field in schema.fields])
