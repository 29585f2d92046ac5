"""Targets: where releases are kept. Bytes and versions; no articles."""

from __future__ import annotations

from pathlib import Path

from imprint.errors import Place, UsageError
from imprint.targets.base import Target
from imprint.targets.local import LocalTarget


def open_target(registry: str, name: str, *, base: Path) -> Target:
    """The dataset `name` in a registry.

    Args:
        registry: a folder, relative to `base`.
        name: namespace/name.
        base: the project's folder.

    Raises:
        UsageError: this version has no such kind of registry.
    """
    if "://" in registry:
        raise UsageError(
            "this version publishes to local folders only",
            place=Place(field="release.targets", value=registry),
            hint="name a folder, such as data/releases",
        )
    return LocalTarget(base / registry, name)
