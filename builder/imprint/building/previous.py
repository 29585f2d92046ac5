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

from imprint.article import RecordSchema
from imprint.building.decide import NO_DECISIONS, Decisions
from imprint.digests import sha256_hex
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

    def same_content(self, row: int, record: pa.Table) -> bool:
        """Whether a published row and a new record agree in every content field."""
        schema = RecordSchema.parse(self.schema)
        shard, at = self.shard_of(row)
        names = [field.name for field in schema.fields if field.role == "content"]
        published = schema.json_rows(read_shard(self.shard_file(shard), columns=names).slice(at, 1))
        new = schema.json_rows(record.select([name for name in names if name in record.schema.names]))
        return published == new


NO_PREVIOUS = Previous(None, None, None, NO_DECISIONS, {}, Ledger(None))
