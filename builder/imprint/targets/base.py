"""What a target is: one dataset in one registry, as a list of immutable versions.

Laws: a version appears whole or not at all, by one ref that is created atomically where there is none; publishing the
same release again is a no-op; publishing another one under a version that exists is refused; an interrupted publish is
finished by the next one. Data is written first, then the manifest, then the ref; readers go in reverse.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from imprint.progress import Progress
from imprint.releases.layout import Version
from imprint.releases.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Published:
    """One version that a target holds."""

    version: Version
    manifest_sha256: str
    """Digest of its manifest, which names the release."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What publishing did."""

    status: str
    """`published`, or `unchanged` where the target held the release already."""
    location: str
    """Where it can be loaded from."""
    bytes_new: int
    """Bytes that the target did not hold."""
    bytes_reused: int
    """Bytes that it held already."""


class Target(Protocol):
    """One dataset in one registry."""

    @property
    def location(self) -> str:
        """The dataset, as a TARGET of the command line names it."""
        ...

    def versions(self) -> list[Published]:
        """The versions that exist, the lowest first.

        Raises:
            TransferError: the registry cannot be read.
        """
        ...

    def manifest(self, version: Version) -> Manifest:
        """The manifest of a version.

        Raises:
            UsageError: there is no such version.
            TransferError: it cannot be read, or is not the one that the ref names.
        """
        ...

    def fetch(self, version: Version) -> Path:
        """A folder on this machine that holds a version's files; not checked beyond the manifest."""
        ...

    def publish(self, release: Path, manifest: Manifest, progress: Progress) -> Receipt:
        """Publish a release.

        Raises:
            ConflictError: the version exists with other content.
            TransferError: the registry cannot be written, or a file of the release is not what the manifest says.
        """
        ...
