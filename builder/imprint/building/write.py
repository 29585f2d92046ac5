"""Write: the rows of a release in their order, shard by shard; unchanged shards are taken as they are.

Laws: rows are sorted by (added_in, published_at, id) within a split; a shard whose rows are those of a published shard
is that shard, byte for byte; everything said about a shard (digests, rows of the ledger, statistics) comes from the
file that was written.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from imprint.article import RecordSchema
from imprint.building.parts import SpillWriter, WorkFolder, read_spill
from imprint.building.previous import Previous
from imprint.building.resolve import CORRECTION, NEW, Candidates, Resolution
from imprint.digests import sha256_file
from imprint.errors import InternalError, TransferError
from imprint.recipe import Recipe
from imprint.releases.layout import shard_path
from imprint.releases.ledger import SCHEMA as LEDGER_SCHEMA
from imprint.releases.ledger import ledger_rows, sort_times
from imprint.releases.manifest import ReleaseFile
from imprint.releases.shards import cut, read_shard, write_shard
from imprint.releases.statistics import Statistics, statistics_of
from imprint.targets.local import link_or_copy

Array = npt.NDArray[Any]
SORT_KEYS = [("added_in", "ascending"), ("published_at", "ascending"), ("id", "ascending")]


@dataclass(frozen=True, slots=True)
class Pick:
    """Rows of one file that go into a shard."""

    path: Path
    published: bool
    """Whether the file is a shard of the previous release rather than a part of this build."""
    rows: Array
    """Their positions in the file."""
    added_in: Array | None = None
    """For corrections: the ordinals that they keep."""
    clusters: tuple[str, ...] | None = None
    """For corrections: the clusters that they keep."""


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard to write, or to take over."""

    path: Path
    """File to create."""
    name: str
    """Its path below the release."""
    split: str
    rows: int
    """Number of its rows."""
    picks: tuple[Pick, ...]
    """Its rows; empty where a published shard is taken over."""
    reuse: Path | None
    """The published shard that has exactly these rows."""
    expected_sha256: str | None
    """Digest that the reused shard must have."""
    schema: Mapping[str, Any]
    ledger: Path
    """Where the ledger's rows for this shard go."""


@dataclass(frozen=True, slots=True)
class ShardResult:
    """A shard as it stands on disk."""

    file: ReleaseFile
    reused: bool
    statistics: Statistics


def plan_shards(
    release: Path, work: WorkFolder, found: Candidates, result: Resolution, previous: Previous, recipe: Recipe,
    schema: Mapping[str, Any], ordinal: int,
) -> list[ShardTask]:  # fmt: skip
    """Lay out the release: which rows stand in which shard."""
    rows = _Rows.of(found, result, previous, recipe, ordinal)
    same_columns = _same_columns(previous, schema)
    tasks: list[ShardTask] = []
    for index, split in enumerate(recipe.splits.ratios):
        here = rows.order[rows.split[rows.order] == index]
        ends = cut(rows.row_bytes[here], rows.hashes[here], rows.added_in[here], recipe.shard_bytes)
        for number, (start, end) in enumerate(itertools.pairwise([0, *ends])):
            chosen = here[start:end]
            shard = rows.published_shard(chosen, previous) if same_columns else None
            name = shard_path(split, number, len(ends))
            tasks.append(
                ShardTask(
                    path=release / name,
                    name=name,
                    split=split,
                    rows=len(chosen),
                    picks=() if shard is not None else tuple(rows.picks(chosen, work, previous)),
                    reuse=None if shard is None else previous.shard_file(shard),
                    expected_sha256=None if shard is None else previous.manifest.shards[shard].sha256,  # type: ignore[union-attr]
                    schema=schema,
                    ledger=work.ledger_part(split, number),
                )
            )
    return tasks


def write(task: ShardTask) -> ShardResult:
    """Write or take over one shard; return what was read back from it.

    Raises:
        TransferError: the disk failed, or the published shard is damaged.
    """
    schema = RecordSchema.parse(task.schema)
    task.path.parent.mkdir(parents=True, exist_ok=True)
    if task.reuse is not None:
        link_or_copy(task.reuse, task.path)
        digest = sha256_file(task.path)
        if digest != task.expected_sha256:
            raise TransferError(
                f"{task.reuse.name} of the previous release is not what its manifest says",
                hint="run imprint verify on it; restore it from another target",
            )
        table = read_shard(task.path, schema.arrow)
    else:
        table = write_shard(_gather(task, schema), task.path)
        digest = sha256_file(task.path)
    spill = SpillWriter(task.ledger, LEDGER_SCHEMA)
    spill.write(ledger_rows(table, task.split, schema))
    spill.close()
    file = ReleaseFile(task.name, task.path.stat().st_size, digest, task.split, len(table))
    return ShardResult(file, task.reuse is not None, statistics_of(table))


@dataclass(frozen=True, slots=True)
class _Rows:
    """All rows of the release: first those carried over, by ledger row, then those of this build."""

    split: Array
    added_in: Array
    published_at: Array
    ids: Array
    hashes: Array
    row_bytes: Array
    origin: Array
    """Ledger row, or candidate plus the ledger's length."""
    ledger: int
    """Rows of the ledger."""
    order: Array
    """Release order."""
    found: Candidates
    result: Resolution

    @classmethod
    def of(
        cls, found: Candidates, result: Resolution, previous: Previous, recipe: Recipe, ordinal: int
    ) -> _Rows:
        ledger = previous.ledger
        columns = ledger.columns("split", "added_in", "published_at", "row_bytes")
        names = {name: index for index, name in enumerate(recipe.splits.ratios)}
        old_split = np.array([names[split] for split in columns.column("split").to_pylist()], np.int8)
        old_added = columns.column("added_in").to_numpy()
        carried = np.flatnonzero(~result.replaced)
        fresh = np.flatnonzero((result.outcome == NEW) | (result.outcome == CORRECTION))
        added = np.full(len(fresh), ordinal, np.int32)
        for position in np.flatnonzero(result.outcome[fresh] == CORRECTION).tolist():
            added[position] = old_added[result.replaces[int(fresh[position])]]
        split = np.concatenate([old_split[carried], result.split[fresh]])
        added_in = np.concatenate([old_added[carried], added]).astype(np.int32)
        published = np.concatenate(
            [sort_times(columns.column("published_at"))[carried], found.published_at[fresh]]
        )
        ids = np.concatenate([ledger.ids[carried], found.ids[fresh]]).astype("S16")
        return cls(
            split, added_in, published, ids, _hashes(ids),
            np.concatenate([columns.column("row_bytes").to_numpy()[carried], found.row_bytes[fresh]]),
            np.concatenate([carried, fresh + len(ledger)]), len(ledger),
            np.lexsort((ids, published, added_in, split)), found, result,
        )  # fmt: skip

    def published_shard(self, chosen: Array, previous: Previous) -> int | None:
        """The published shard that has exactly these rows in this order."""
        origin = self.origin[chosen]
        first = int(origin[0])
        if first >= self.ledger or not np.array_equal(origin, np.arange(first, first + len(origin))):
            return None
        shard, at = previous.shard_of(first)
        return shard if at == 0 and previous.shard_starts[shard + 1] == first + len(origin) else None

    def picks(self, chosen: Array, work: WorkFolder, previous: Previous) -> Iterator[Pick]:
        """Where these rows are now, file by file."""
        origin = np.sort(self.origin[chosen])
        carried = origin[origin < self.ledger]
        shards = np.searchsorted(previous.shard_starts, carried, side="right") - 1
        for shard in np.unique(shards).tolist():
            rows = carried[shards == shard] - previous.shard_starts[shard]
            yield Pick(previous.shard_file(shard), published=True, rows=rows)
        fresh = origin[origin >= self.ledger] - self.ledger
        corrected = self.result.outcome[fresh] == CORRECTION
        for part in np.unique(self.found.part[fresh]).tolist():
            here = self.found.part[fresh] == part
            path = work.records(part)
            if (plain := fresh[here & ~corrected]).size:
                yield Pick(path, published=False, rows=self.found.row[plain])
            if (applied := fresh[here & corrected]).size:
                rows = [self.result.replaces[index] for index in applied.tolist()]
                kept = previous.ledger.columns("added_in", "dup_cluster").take(pa.array(rows))
                yield Pick(path, published=False, rows=self.found.row[applied],
                           added_in=kept.column("added_in").to_numpy(),
                           clusters=tuple(kept.column("dup_cluster").to_pylist()))  # fmt: skip


def _gather(task: ShardTask, schema: RecordSchema) -> pa.Table:
    pieces = [_picked(pick, schema) for pick in task.picks]
    table = pa.concat_tables(pieces)
    if len(pieces) > 1 or not task.picks[0].published:
        table = table.sort_by(SORT_KEYS)
    return table.combine_chunks()


def _picked(pick: Pick, schema: RecordSchema) -> pa.Table:
    rows = pa.array(pick.rows)
    if pick.published:
        table = read_shard(pick.path)
        for field in schema.arrow:
            if field.name not in table.schema.names:
                table = table.append_column(field, pa.nulls(len(table), field.type))
        return table.select(schema.arrow.names).cast(schema.arrow).take(rows)
    table = read_spill(pick.path).take(rows)
    if pick.clusters is None:
        return table
    columns = {name: table.column(name) for name in table.schema.names}
    columns |= {
        "added_in": pa.array(pick.added_in, pa.int32()),
        "dup_cluster": pa.array(pick.clusters, pa.string()),
    }
    return pa.table(columns, schema=schema.arrow)


def _hashes(ids: Array) -> npt.NDArray[np.uint64]:
    return ids.view(">u8").reshape(-1, 2)[:, 1].astype(np.uint64) if len(ids) else np.empty(0, np.uint64)


def _same_columns(previous: Previous, schema: Mapping[str, Any]) -> bool:
    return (
        bool(previous.schema)
        and RecordSchema.parse(previous.schema).arrow == RecordSchema.parse(schema).arrow
    )


def check_rows(results: Sequence[ShardResult], published: int) -> None:
    """Hold the rows that stand in the shards against the accounting.

    Raises:
        InternalError: they differ.
    """
    rows = sum(result.file.rows or 0 for result in results)
    if rows != published:
        raise InternalError(f"the shards hold {rows} records, the accounting says {published}")
