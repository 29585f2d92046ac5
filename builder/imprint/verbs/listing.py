"""List: the versions of a dataset in a registry."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from imprint.verbs.lineage import open_dataset


@dataclass(frozen=True, slots=True)
class Listed:
    """One version."""

    version: str
    date: str | None
    records: int
    splits: dict[str, int]
    manifest_sha256: str
    latest: bool


@dataclass(frozen=True, slots=True)
class ListResult:
    """The versions of a dataset, the newest first."""

    target: str
    versions: tuple[Listed, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        return {"target": self.target, "versions": [asdict(version) for version in self.versions]}


def list_versions(target: str | Path) -> ListResult:
    """The versions of a dataset.

    Raises:
        UsageError: there is no such dataset.
        TransferError: the registry cannot be read.
    """
    dataset = open_dataset(str(target), base=Path())
    held = dataset.versions()
    listed = []
    for published in reversed(held):
        manifest = dataset.manifest(published.version)
        listed.append(
            Listed(
                str(published.version),
                manifest.document.get("date"),
                sum(manifest.splits.values()),
                manifest.splits,
                published.manifest_sha256,
                latest=published == held[-1],
            )
        )
    return ListResult(dataset.location, tuple(listed))
