"""Write: the rows of a release in their order, shard by shard; unchanged shards are taken as they are.

Laws: rows are sorted by (added_in, published_at, id) within a split; memory holds a row group or two, never a shard; a shard whose rows are those of a published shard
is that shard, byte for byte; everything said about a shard (digests, rows of the ledger, statistics) comes from the
file that was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imprint.article import RecordSchema
from imprint.building.parts import SpillWriter, take_spill
from imprint.building.plan import FreshRows, PublishedRows, RowGroup, ShardTask
from imprint.building.previous import check_file
from imprint.digests import sha256_file
from imprint.errors import InternalError
from imprint.placing import link_or_copy
from imprint.releases.ledger import REMEMBERED, Ledger, ledger_rows
from imprint.releases.ledger import SCHEMA as LEDGER_SCHEMA
from imprint.releases.manifest import ReleaseFile
from imprint.releases.shards import CheckedFile, open_parquet, write_groups
from imprint.releases.statistics import Statistics, merge, statistics_of

SORT_KEYS = [("added_in", "ascending"), ("published_at", "ascending"), ("id", "ascending")]


@dataclass(frozen=True, slots=True)
class ShardResult:
    """A shard as it stands on disk."""

    file: ReleaseFile
    statistics: Statistics


def write(task: ShardTask) -> ShardResult:
    """Write or take over one shard; return what was read back from it, one row group at a time.

    Raises:
        TransferError: the disk failed, or a published shard is altered.
        InternalError: a published record would change.
    """
    schema = RecordSchema.parse(task.schema)
    task.path.parent.mkdir(parents=True, exist_ok=True)
    groups = _take_over(task, schema) if task.reuse else _write(task, schema)
    statistics: list[Statistics] = []
    spill = SpillWriter(task.ledger, LEDGER_SCHEMA)
    for table, ledger in groups:
        statistics.append(statistics_of(table))
        spill.write(ledger)
        # What a row group took goes back to the system; else each of the next would take more.
        pa.default_memory_pool().release_unused()
    spill.close()
    whole = merge(statistics)
    file = ReleaseFile(task.name, task.path.stat().st_size, sha256_file(task.path), task.split, whole.rows)
    return ShardResult(file, whole)


def _write(task: ShardTask, schema: RecordSchema) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The rows of a shard as they stand in its file, with their rows of the ledger."""
    gathering = _Gathering(schema)
    counts = [group.rows for group in task.groups]
    written = write_groups(
        task.path, schema.arrow, counts, lambda number: gathering.gather(task.groups[number])
    )
    for group, table in zip(task.groups, written, strict=True):
        yield table, _ledger_rows(table, group, task, schema)


def _take_over(task: ShardTask, schema: RecordSchema) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The published shard under its new name, and its rows of the ledger as they were."""
    published = task.groups[0].published[0]
    check_file(published.path, published.sha256)
    link_or_copy(published.path, task.path)
    rows = Ledger(published.ledger).shard(published.shard)
    for name, lists in _with_dropped(rows, task).items() if task.dropped else ():
        column = pa.array([lists.get(identity) for identity in rows["id"].to_pylist()], pa.list_(pa.string()))
        rows = rows.set_column(rows.schema.get_field_index(name), name, column)
    file = open_parquet(task.path)
    start = 0
    for number in range(file.groups):
        table = file.group(number).cast(schema.arrow)
        yield table, rows.slice(start, len(table))
        start += len(table)


def _with_dropped(rows: pa.Table, task: ShardTask) -> dict[str, dict[str, list[str]]]:
    """What was dropped for rows of the previous ledger, then and in this build."""
    ids = rows["id"].to_pylist()
    remembered: dict[str, dict[str, list[str]]] = {}
    for name in REMEMBERED:
        before = zip(ids, rows[name].to_pylist(), strict=True)
        remembered[name] = {identity: lost for identity, lost in before if lost}
        now = task.dropped.get(name, {})
        for identity in set(ids) & set(now):
            remembered[name][identity] = sorted({*remembered[name].get(identity, ()), *now[identity]})
    return remembered


class _Gathering:
    """Gathers the rows of row groups from where they are now."""

    def __init__(self, schema: RecordSchema) -> None:
        self.schema = schema
        self.published: dict[Path, CheckedFile] = {}
        self.last: tuple[Path, int, pa.Table] | None = None
        """The row group of a published shard that was read last: the next rows are likely to be in it, too."""

    def gather(self, group: RowGroup) -> pa.Table:
        """The rows of a group, in release order."""
        pieces = [self._published_rows(rows) for rows in group.published]
        pieces += [_fresh_rows(rows, self.schema) for rows in group.fresh]
        gathered = pa.concat_tables(pieces)
        del pieces
        order = pc.sort_indices(gathered.select([name for name, _ in SORT_KEYS]), sort_keys=SORT_KEYS)
        # A column at a time, and what was taken from is let go: texts are nearly all of a group.
        columns: dict[str, pa.Array] = {}
        for name in self.schema.arrow.names:
            joined = pa.concat_arrays(gathered.column(name).chunks)
            gathered = gathered.drop_columns([name])
            columns[name] = joined.take(order)
            del joined
        pa.default_memory_pool().release_unused()
        return pa.table(columns, schema=self.schema.arrow)

    def _published_rows(self, published: PublishedRows) -> pa.Table:
        path = published.path
        if path not in self.published:
            check_file(path, published.sha256)
            self.published[path] = open_parquet(path)
        file = self.published[path]
        pieces = []
        start = 0
        for number, count in enumerate(file.group_rows):
            low, high = np.searchsorted(published.rows, [start, start + count])
            if low < high:
                rows = pa.array(published.rows[low:high] - start)
                pieces.append(self._group(path, number, file).take(rows))
            start += count
        return pa.concat_tables(pieces)

    def _group(self, path: Path, number: int, file: CheckedFile) -> pa.Table:
        if self.last is None or self.last[:2] != (path, number):
            table = file.group(number)
            for field in self.schema.arrow:
                if field.name not in table.schema.names:
                    table = table.append_column(field, pa.nulls(len(table), field.type))
            table = table.select(self.schema.arrow.names).cast(self.schema.arrow)
            self.last = (path, number, table)
        return self.last[2]


def _fresh_rows(fresh: FreshRows, schema: RecordSchema) -> pa.Table:
    table = take_spill(fresh.path, fresh.rows)
    if fresh.clusters is None:
        return table
    columns: dict[str, Any] = {name: table.column(name) for name in table.schema.names}
    columns |= {
        "added_in": pa.array(fresh.added_in, pa.int32()),
        "dup_cluster": pa.array(fresh.clusters, pa.string()),
    }
    return pa.table(columns, schema=schema.arrow)


def _ledger_rows(table: pa.Table, group: RowGroup, task: ShardTask, schema: RecordSchema) -> pa.Table:
    """The ledger's rows of a row group that was written; published records are held against their old ones."""
    remembered = {name: dict(task.dropped.get(name, {})) for name in REMEMBERED}
    before: dict[str, str] = {}
    for rows in _carried_ledger(group):
        before |= dict(zip(rows["id"].to_pylist(), rows["row_sha256"].to_pylist(), strict=True))
        for name, lists in _with_dropped(rows, task).items():
            remembered[name] |= lists
    after = ledger_rows(table, task.split, schema, remembered)
    digests = dict(zip(after["id"].to_pylist(), after["row_sha256"].to_pylist(), strict=True))
    changed = [identity for identity, digest in before.items() if digests.get(identity) != digest]
    if changed and not task.other_schema:
        raise InternalError(f"{len(changed)} published records would change, {changed[0]} among them")
    return after


def _carried_ledger(group: RowGroup) -> Iterator[pa.Table]:
    for published in group.published:
        yield Ledger(published.ledger).shard(published.shard).take(pa.array(published.rows))


def check_rows(results: Sequence[ShardResult], published: int) -> None:
    """Hold the rows that stand in the shards against the accounting.

    Raises:
        InternalError: they differ.
    """
    rows = sum(result.file.rows or 0 for result in results)
    if rows != published:
        raise InternalError(f"the shards hold {rows} records, the accounting says {published}")
