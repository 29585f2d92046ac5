"""Publish: move what was built to the targets.

Laws: what is published is what was built, byte for byte; every target is tried, and one that fails does no harm to the
others; running it again finishes what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from imprint.building.workspace import RELEASE, REPORT
from imprint.errors import ConflictError, ImprintError, Place, TransferError, UsageError
from imprint.progress import Progress, Silent
from imprint.project import Project, open_project
from imprint.releases.layout import MANIFEST, Version
from imprint.releases.manifest import Manifest
from imprint.targets.base import Receipt, Target
from imprint.verbs.lineage import project_targets


@dataclass(frozen=True, slots=True)
class TargetResult:
    """What happened at one target."""

    target: str
    """The dataset in its registry."""
    location: str | None
    """Where the version can be loaded from."""
    status: str
    """`published`, `unchanged` or `failed`."""
    bytes_new: int = 0
    bytes_reused: int = 0
    error: ImprintError | None = None

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        return {
            "target": self.target,
            "location": self.location,
            "status": self.status,
            "bytes_new": self.bytes_new,
            "bytes_reused": self.bytes_reused,
            **({} if self.error is None else {"error": self.error.as_dict()}),
        }


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What publishing did."""

    status: str
    """`published`, `unchanged`, or `failed` where a target failed."""
    version: str
    targets: tuple[TargetResult, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        return {
            "status": self.status,
            "version": self.version,
            "targets": [target.as_dict() for target in self.targets],
        }

    def failure(self) -> ImprintError | None:
        """The gravest error of a target."""
        return max(
            (t.error for t in self.targets if t.error), key=lambda error: error.exit_code, default=None
        )


def publish(
    project: str | Path = ".", *, to: str | None = None, progress: Progress | None = None
) -> PublishResult:
    """Publish what was built.

    Args:
        project: the project's folder.
        to: the registry to publish to, instead of the recipe's targets.
        progress: who is told how far it is.

    Raises:
        UsageError: nothing was built.
    """
    opened = open_project(Path(project))
    report = built_report(opened)
    targets = project_targets(opened, to)
    watch = progress or Silent()
    if report["status"] == "unchanged":
        version = Version.parse(report["version"])
        results = _complete(opened, targets, version, report["manifest_sha256"], watch)
    else:
        folder = opened.build / RELEASE
        try:
            manifest = Manifest.parse((folder / MANIFEST).read_bytes())
        except OSError as error:
            raise UsageError(
                "nothing is built", place=Place(str(folder)), hint="run imprint build"
            ) from error
        if manifest.digest != report["manifest_sha256"]:
            raise UsageError("the build was altered", place=Place(str(folder / MANIFEST)), hint="build again")
        for target in targets:
            # One that cannot be read fails below, without harm to the others.
            with suppress(TransferError):
                _refuse_stale(target, manifest)
        results = [_publish(target, folder, manifest, watch) for target in targets]
    statuses = {result.status for result in results}
    status = "failed" if "failed" in statuses else "published" if "published" in statuses else "unchanged"
    return PublishResult(status, report["version"], tuple(results))


def built_report(project: Project) -> dict[str, Any]:
    """The report of the last build.

    Raises:
        UsageError: nothing was built.
    """
    try:
        report: dict[str, Any] = orjson.loads((project.build / REPORT).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise UsageError(
            "nothing is built", place=Place(str(project.build)), hint="run imprint build"
        ) from error
    return report


def _complete(
    project: Project, targets: Sequence[Target], version: Version, digest: str, watch: Progress
) -> list[TargetResult]:
    """Nothing is new: bring the targets that lack the version up to it, from one that holds it."""
    holders = {target.location: target for target in [*project_targets(project), *targets]}
    for holder in holders.values():
        if any(held.version == version and held.manifest_sha256 == digest for held in holder.versions()):
            manifest = holder.manifest(version)
            folder = holder.fetch(version)
            return [_publish(target, folder, manifest, watch) for target in targets]
    raise UsageError(
        f"no target holds version {version} any more",
        place=Place(str(project.build)),
        hint="run imprint build again",
    )


def _refuse_stale(target: Target, manifest: Manifest) -> None:
    """Refuse to publish what does not follow the newest version that a target holds.

    Raises:
        ConflictError: somebody has published since this was built.
    """
    before = manifest.document["previous"]
    held = [version for version in target.versions() if version.version != manifest.version]
    if held and (before is None or Version.parse(before["version"]) < held[-1].version):
        raise ConflictError(
            f"version {held[-1].version} was published since {manifest.version} was built",
            place=Place(target.location),
            hint="build again: the next release follows it",
        )


def _publish(target: Target, folder: Path, manifest: Manifest, watch: Progress) -> TargetResult:
    try:
        receipt: Receipt = target.publish(folder, manifest, watch)
    except ImprintError as error:
        return TargetResult(target.location, None, "failed", error=error)
    return TargetResult(
        target.location, receipt.location, receipt.status, receipt.bytes_new, receipt.bytes_reused
    )
