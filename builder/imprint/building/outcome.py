"""What a build did, as its report and the Python API tell it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from imprint.findings import Finding


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did."""

    status: str
    """`built`, or `unchanged` where there is nothing new to publish."""
    version: str
    """Version of the release that was built, or of the previous one."""
    previous: str | None
    """Version of the previous release."""
    splits: dict[str, int]
    """Records of each split."""
    accounting: dict[str, int]
    """Fates of the records read."""
    manifest_sha256: str
    """Digest of the manifest that was built, or of the previous one."""
    folder: str
    """The build folder: release/, quarantine.jsonl, residue.jsonl, fates.parquet."""
    findings: tuple[Finding, ...] = field(default=(), compare=False)
    """What is worth knowing."""

    def as_dict(self) -> dict[str, Any]:
        """The result for --json and build.json."""
        return {**asdict(self), "findings": [finding.as_dict() for finding in self.findings]}
