"""Release: build, publish, verify; the main job in one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imprint.findings import Finding
from imprint.progress import Progress, Silent
from imprint.project import BUILD
from imprint.verbs.build import build
from imprint.verbs.publish import PublishResult, TargetResult, publish
from imprint.verbs.verify import verify

VERIFIED = ".verified"
"""File of the build folder: what was read back without a finding, as manifest digest and location."""


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """What a release did."""

    status: str
    """`published`, `unchanged`, `planned` (dry run) or `failed`."""
    version: str
    previous: str | None
    splits: Mapping[str, int]
    accounting: Mapping[str, int]
    targets: tuple[TargetResult, ...]
    findings: tuple[Finding, ...]
    """What the build and the verification saw."""
    verified: bool
    """Whether every published location was read back without a finding."""

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        return {
            "status": self.status,
            "version": self.version,
            "previous": self.previous,
            "splits": dict(self.splits),
            "accounting": dict(self.accounting),
            "targets": [target.as_dict() for target in self.targets],
            "verified": self.verified,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def release(
    project: str | Path = ".",
    *,
    to: str | None = None,
    workers: int | None = None,
    bump: str = "auto",
    date: str | None = None,
    dry_run: bool = False,
    new_lineage: bool = False,
    progress: Progress | None = None,
) -> ReleaseResult:
    """Build the next release of a project, publish it to its targets, and verify what stands there.

    Args:
        project: the project's folder.
        to: the registry to publish to, instead of the recipe's targets.
        workers: number of processes; None takes the processors available.
        bump: `auto`, `patch`, `minor` or `major`.
        date: the release's date, as YYYY-MM-DD.
        dry_run: build only, and say what would be published.
        new_lineage: start over as the next major version.
        progress: who is told how far it is.

    Raises:
        ImprintError: as `build` and `publish` do; a target that fails is a result, not an error.
    """
    watch = progress or Silent()
    built = build(
        project, workers=workers, bump=bump, to=to, date=date, new_lineage=new_lineage, progress=watch
    )
    if dry_run:
        status = "planned" if built.status == "built" else "unchanged"
        return ReleaseResult(
            status,
            built.version,
            built.previous,
            built.splits,
            built.accounting,
            (),
            built.findings,
            verified=False,
        )
    published = publish(project, to=to, progress=watch)
    findings = list(built.findings)
    verified = _verify(Path(project) / BUILD, published, built.manifest_sha256, findings, watch)
    status = published.status if verified or published.status == "failed" else "failed"
    return ReleaseResult(
        status,
        built.version,
        built.previous,
        built.splits,
        built.accounting,
        published.targets,
        tuple(findings),
        verified=verified and published.status != "failed",
    )


def _verify(
    build_folder: Path, published: PublishResult, digest: str, findings: list[Finding], watch: Progress
) -> bool:
    """Read back what was published, and what nobody has read back since it was published here."""
    marker = build_folder / VERIFIED
    known = marker.read_text().split() if marker.exists() else []
    seen = [f"{digest}@{target.location}" for target in published.targets if target.location is not None]
    ok = True
    for target, name in zip([t for t in published.targets if t.location is not None], seen, strict=True):
        if target.status == "published" or name not in known:
            checked = verify(str(target.location), progress=watch)
            findings += checked.findings
            ok &= checked.ok
    if ok:
        marker.write_text("".join(f"{name}\n" for name in seen))
    return ok
