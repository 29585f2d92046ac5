"""Write: the rows of a release in their order, shard by shard; unchanged shards are taken as they are.

Laws: rows are sorted by (added_in, published_at, id) within a split; a shard whose rows are those of a published shard
is that shard, byte for byte; everything said about a shard (digests, rows of the ledger, statistics) comes from the
file that was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from imprint.article import RecordSchema
from imprint.building.parts import SpillWriter, take_spill
from imprint.building.plan import FreshRows, PublishedRows, ShardTask
from imprint.building.previous import read_checked
from imprint.digests import sha256_file
from imprint.errors import InternalError
from imprint.placing import link_or_copy
from imprint.releases.ledger import SCHEMA as LEDGER_SCHEMA
from imprint.releases.ledger import Ledger, ledger_rows
from imprint.releases.manifest import ReleaseFile
from imprint.releases.shards import read_shard, write_shard
from imprint.releases.statistics import Statistics, statistics_of

SORT_KEYS = [("added_in", "ascending"), ("published_at", "ascending"), ("id", "ascending")]


@dataclass(frozen=True, slots=True)
class ShardResult:
    """A shard as it stands on disk."""

    file: ReleaseFile
    statistics: Statistics


def write(task: ShardTask) -> ShardResult:
    """Write or take over one shard; return what was read back from it.

    Raises:
        TransferError: the disk failed, or a published shard is altered.
        InternalError: a published record would change.
    """
    schema = RecordSchema.parse(task.schema)
    task.path.parent.mkdir(parents=True, exist_ok=True)
    if task.reuse:
        table, rows = _take_over(task, schema)
    else:
        table = write_shard(_gather(task, schema), task.path)
        rows = _ledger_rows(table, task, schema)
    spill = SpillWriter(task.ledger, LEDGER_SCHEMA)
    spill.write(rows)
    spill.close()
    file = ReleaseFile(task.name, task.path.stat().st_size, sha256_file(task.path), task.split, len(table))
    return ShardResult(file, statistics_of(table))


def _take_over(task: ShardTask, schema: RecordSchema) -> tuple[pa.Table, pa.Table]:
    """The published shard under its new name, and its rows of the ledger as they were."""
    [published] = task.published
    read_checked(published.path, published.sha256, ["id"])
    link_or_copy(published.path, task.path)
    rows = Ledger(published.ledger).shard(published.shard)
    if task.dropped:
        lists = _with_dropped(rows, task)
        column = pa.array([lists.get(identity) for identity in rows["id"].to_pylist()], pa.list_(pa.string()))
        rows = rows.set_column(rows.schema.get_field_index("dropped_raw"), "dropped_raw", column)
    return read_shard(task.path, schema.arrow), rows


def _with_dropped(rows: pa.Table, task: ShardTask) -> dict[str, list[str]]:
    """What was dropped for rows of the previous ledger, then and in this build."""
    before = zip(rows["id"].to_pylist(), rows["dropped_raw"].to_pylist(), strict=True)
    lists = {identity: lost for identity, lost in before if lost}
    for identity in set(rows["id"].to_pylist()) & set(task.dropped):
        lists[identity] = sorted({*lists.get(identity, ()), *task.dropped[identity]})
    return lists


def _gather(task: ShardTask, schema: RecordSchema) -> pa.Table:
    pieces = [_published_rows(rows, schema) for rows in task.published]
    pieces += [_fresh_rows(rows, schema) for rows in task.fresh]
    return pa.concat_tables(pieces).sort_by(SORT_KEYS).combine_chunks()


def _published_rows(published: PublishedRows, schema: RecordSchema) -> pa.Table:
    table = read_checked(published.path, published.sha256)
    for field in schema.arrow:
        if field.name not in table.schema.names:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    return table.select(schema.arrow.names).cast(schema.arrow).take(pa.array(published.rows))


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


def _ledger_rows(table: pa.Table, task: ShardTask, schema: RecordSchema) -> pa.Table:
    """The ledger's rows of a shard that was written; published records are held against their old ones."""
    dropped = {identity: list(digests) for identity, digests in task.dropped.items()}
    before: dict[str, str] = {}
    for rows in _carried_ledger(task):
        before |= dict(zip(rows["id"].to_pylist(), rows["row_sha256"].to_pylist(), strict=True))
        dropped |= _with_dropped(rows, task)
    after = ledger_rows(table, task.split, schema, dropped)
    digests = dict(zip(after["id"].to_pylist(), after["row_sha256"].to_pylist(), strict=True))
    changed = [identity for identity, digest in before.items() if digests.get(identity) != digest]
    if changed and not task.other_schema:
        raise InternalError(f"{len(changed)} published records would change, {changed[0]} among them")
    return after


def _carried_ledger(task: ShardTask) -> Iterator[pa.Table]:
    for published in task.published:
        yield Ledger(published.ledger).shard(published.shard).take(pa.array(published.rows))


def check_rows(results: Sequence[ShardResult], published: int) -> None:
    """Hold the rows that stand in the shards against the accounting.

    Raises:
        InternalError: they differ.
    """
    rows = sum(result.file.rows or 0 for result in results)
    if rows != published:
        raise InternalError(f"the shards hold {rows} records, the accounting says {published}")
