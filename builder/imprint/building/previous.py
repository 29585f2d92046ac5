"""The previous release, as a build sees it: its ledger, its decisions and, where they are asked for, its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from imprint.building.decisions import NO_DECISIONS, Decisions
from imprint.digests import sha256_file, sha256_hex
from imprint.errors import Place, TransferError
from imprint.releases.layout import DECISIONS, LEDGER, SCHEMA
from imprint.releases.ledger import Ledger
from imprint.releases.manifest import Manifest
from imprint.releases.shards import read_shard


@dataclass(frozen=True)
class Previous:
    """The release that a build grows from; `NO_PREVIOUS` for the first one."""

    root: Path | None
    """Folder of the release."""
    manifest: Manifest | None
    """Its manifest; None where nothing is taken from it."""
    before: Manifest | None
    """Manifest of the version that the next one follows; in a new lineage nothing but the version is taken from it."""
    decisions: Decisions
    schema: Mapping[str, Any]
    """Its JSON Schema; empty where there is none."""
    ledger: Ledger

    @classmethod
    def open(cls, root: Path, manifest: Manifest) -> Previous:
        """Read what a build needs of a release, each file checked against the manifest.

        Raises:
            TransferError: a file is missing or altered.
        """
        listed = {file.path: file.sha256 for file in manifest.files}
        content = {}
        for name in (DECISIONS, SCHEMA, LEDGER):
            try:
                content[name] = (root / name).read_bytes()
            except OSError as error:
                raise TransferError(f"the previous release lacks {name}", place=Place(str(root))) from error
            if sha256_hex(content[name]) != listed.get(name):
                raise TransferError(
                    f"{name} of the previous release is not what its manifest says",
                    place=Place(str(root)),
                    hint="run imprint verify on it; restore it from another target",
                )
        decisions = Decisions.parse(orjson.loads(content[DECISIONS]), file=DECISIONS)
        return cls(root, manifest, manifest, decisions, orjson.loads(content[SCHEMA]), Ledger(root / LEDGER))

    @classmethod
    def before_new_lineage(cls, manifest: Manifest) -> Previous:
        """What a new lineage takes from the release before it: its version alone."""
        return replace(NO_PREVIOUS, before=manifest)

    @property
    def ordinal(self) -> int:
        """Its ordinal; 0 where there is none."""
        return 0 if self.manifest is None else self.manifest.ordinal

    @cached_property
    def shard_starts(self) -> npt.NDArray[np.int64]:
        """Ledger row at which each shard begins, and the number of all rows behind them."""
        rows = [] if self.manifest is None else [int(shard.rows or 0) for shard in self.manifest.shards]
        return np.concatenate([[0], np.cumsum(rows, dtype=np.int64)]).astype(np.int64)

    def shard_of(self, row: int) -> tuple[int, int]:
        """Shard of a ledger row, and the row's position in it."""
        shard = int(np.searchsorted(self.shard_starts, row, side="right")) - 1
        return shard, row - int(self.shard_starts[shard])

    def shard_file(self, shard: int) -> Path:
        """File of a shard."""
        assert self.root is not None
        assert self.manifest is not None
        return self.root / self.manifest.shards[shard].path

    def rows(self, rows: npt.NDArray[np.int64], columns: list[str]) -> pa.Table:
        """Columns of some published rows, in the order asked for; each shard is read once and held to its digest.

        Raises:
            TransferError: a shard is altered.
        """
        order = np.argsort(rows, kind="stable")
        shards = np.searchsorted(self.shard_starts, rows[order], side="right") - 1
        pieces = []
        for shard in np.unique(shards).tolist():
            here = rows[order][shards == shard] - self.shard_starts[shard]
            pieces.append(self.shard(shard, columns).take(pa.array(here)))
        return pa.concat_tables(pieces).take(pa.array(np.argsort(order)))

    def shard(self, shard: int, columns: list[str] | None = None) -> pa.Table:
        """Rows of a shard, held to the manifest.

        Raises:
            TransferError: it is altered.
        """
        assert self.manifest is not None
        return read_checked(self.shard_file(shard), self.manifest.shards[shard].sha256, columns)


def check_file(path: Path, sha256: str) -> None:
    """Hold a shard of the previous release to its manifest.

    Raises:
        TransferError: its bytes are not what the manifest says.
    """
    try:
        same = sha256_file(path) == sha256
    except OSError as error:
        raise TransferError(f"{path.name} of the previous release cannot be read: {error}") from error
    if not same:
        raise TransferError(
            f"{path.name} of the previous release is not what its manifest says",
            hint="run imprint verify on it; restore it from another target",
        )


def read_checked(path: Path, sha256: str, columns: list[str] | None = None) -> pa.Table:
    """A shard of the previous release, whose bytes are what its manifest says.

    Raises:
        TransferError: they are not.
    """
    check_file(path, sha256)
    try:
        return read_shard(path, columns=columns)
    except OSError as error:
        raise TransferError(f"{path.name} of the previous release cannot be read: {error}") from error


NO_PREVIOUS = Previous(None, None, None, NO_DECISIONS, {}, Ledger(None))
