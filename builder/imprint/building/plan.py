"""Plan: which rows stand in which shard of the release, and where those rows are now.

Laws: rows are sorted by (added_in, published_at, id) within a split; a shard whose rows are those of a published shard is
that shard.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imprint.article import RecordSchema
from imprint.building.candidates import Candidates
from imprint.building.parts import WorkFolder
from imprint.building.previous import Previous
from imprint.building.resolution import CORRECTION, NEW, Resolution
from imprint.building.texts import id_of
from imprint.recipe import Recipe
from imprint.releases.layout import shard_path
from imprint.releases.ledger import Remembered, codes, hex_id, sort_times
from imprint.releases.shards import ROW_GROUP_BYTES, cut
from imprint.releases.versions import schema_change

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class PublishedRows:
    """Rows of a shard of the previous release."""

    path: Path
    sha256: str
    """Digest that the shard must have."""
    ledger: Path
    """The previous release's ledger."""
    shard: int
    """Number of the shard in it."""
    rows: Array
    """Their positions in the shard."""


@dataclass(frozen=True, slots=True)
class FreshRows:
    """Records of this build."""

    path: Path
    """The part that holds them."""
    rows: Array
    """Their positions in it."""
    added_in: Array | None = None
    """Their ordinals, where `clusters` are given."""
    clusters: tuple[str, ...] | None = None
    """Their clusters, where these are not named after the records themselves."""


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A run of rows that is gathered, written and read back at a time."""

    rows: int
    """Number of its rows."""
    published: tuple[PublishedRows, ...]
    fresh: tuple[FreshRows, ...]


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
    groups: tuple[RowGroup, ...]
    """Its row groups, in order."""
    reuse: bool
    """Whether it is the one published shard, whole."""
    other_schema: bool
    """Whether the schema was broken on purpose: then published rows change, which is a major version."""
    dropped: Remembered
    """What this build dropped in favour of its rows."""
    schema: Mapping[str, Any]
    ledger: Path
    """Where the ledger's rows for this shard go."""


def plan_shards(
    release: Path,
    work: WorkFolder,
    found: Candidates,
    result: Resolution,
    previous: Previous,
    recipe: Recipe,
    schema: Mapping[str, Any],
    ordinal: int,
) -> list[ShardTask]:
    """Lay out the release: which rows stand in which shard."""
    rows = _Rows.of(found, result, previous, recipe, ordinal)
    same_columns = _same_columns(previous, schema)
    tasks: list[ShardTask] = []
    for index, split in enumerate(recipe.splits.names):
        here = rows.order[rows.split[rows.order] == index]
        ends = cut(rows.row_bytes[here], rows.hashes[here], rows.added_in[here], recipe.shard_bytes)
        for number, (start, end) in enumerate(itertools.pairwise([0, *ends])):
            origin = rows.origin[here[start:end]]
            name = shard_path(split, number, len(ends))
            tasks.append(
                ShardTask(
                    path=release / name,
                    name=name,
                    split=split,
                    rows=len(origin),
                    groups=tuple(_groups(rows, here[start:end], found, result, work, previous, ordinal)),
                    reuse=same_columns and _is_one_shard(origin, rows.ledger, previous),
                    other_schema=schema_change(previous.schema, schema) == "major",
                    dropped=_dropped(origin, rows.ledger, found, result, previous),
                    schema=schema,
                    ledger=work.ledger_part(split, number),
                )
            )
    return tasks


def _groups(
    rows: _Rows,
    here: Array,
    found: Candidates,
    result: Resolution,
    work: WorkFolder,
    previous: Previous,
    ordinal: int,
) -> Iterator[RowGroup]:
    """The row groups of a shard whose rows stand `here`; a shard that is taken over needs only to know its rows."""
    ends = cut(rows.row_bytes[here], rows.hashes[here], rows.added_in[here], ROW_GROUP_BYTES)
    for start, end in itertools.pairwise([0, *ends]):
        origin = rows.origin[here[start:end]]
        carried = np.sort(origin[origin < rows.ledger])
        fresh = np.sort(origin[origin >= rows.ledger] - rows.ledger)
        published = tuple(_published(carried, previous))
        yield RowGroup(end - start, published, tuple(_fresh(fresh, found, result, work, previous, ordinal)))


def _published(carried: Array, previous: Previous) -> Iterator[PublishedRows]:
    if previous.manifest is None or previous.ledger.path is None:
        return
    shards = np.searchsorted(previous.shard_starts, carried, side="right") - 1
    for shard in np.unique(shards).tolist():
        rows = carried[shards == shard] - previous.shard_starts[shard]
        sha256 = previous.manifest.shards[shard].sha256
        yield PublishedRows(previous.shard_file(shard), sha256, previous.ledger.path, shard, rows)


def _fresh(
    fresh: Array, found: Candidates, result: Resolution, work: WorkFolder, previous: Previous, ordinal: int
) -> Iterator[FreshRows]:
    own = (result.outcome[fresh] == NEW) & (result.cluster[fresh] == found.ids[fresh])
    for part in np.unique(found.part[fresh]).tolist():
        here = found.part[fresh] == part
        path = work.records(part)
        if (plain := fresh[here & own]).size:
            yield FreshRows(path, found.row[plain])
        if (other := fresh[here & ~own]).size:
            clusters = tuple(map(hex_id, result.cluster[other].tolist()))
            yield FreshRows(path, found.row[other], _added_in(other, result, previous, ordinal), clusters)


def _added_in(fresh: Array, result: Resolution, previous: Previous, ordinal: int) -> Array:
    """The ordinals of records of this build: corrections keep those of the rows whose place they take."""
    added = np.full(len(fresh), ordinal, np.int32)
    corrected = np.flatnonzero(result.outcome[fresh] == CORRECTION)
    if len(corrected):
        before = previous.ledger.columns("added_in").column(0).to_numpy()
        added[corrected] = [
            before[result.versions.corrections[int(record)]] for record in fresh[corrected].tolist()
        ]
    return added


def _dropped(
    origin: Array, ledger: int, found: Candidates, result: Resolution, previous: Previous
) -> Remembered:
    """What was dropped for the rows of a shard, by their ids."""
    # Origins count ledger rows first, keepers candidates first.
    keepers = np.where(origin < ledger, len(found) + origin, origin - ledger)
    remembered: dict[str, dict[str, list[str]]] = {}
    for name, dropped in result.dropped.items():
        here = np.intersect1d(keepers, np.fromiter(dropped, np.int64, len(dropped))).tolist()
        lists = {id_of(keeper, found, previous): sorted(dropped[keeper]) for keeper in here}
        if lists:
            remembered[name] = lists
    return remembered


def _is_one_shard(origin: Array, ledger: int, previous: Previous) -> bool:
    """Whether rows are exactly those of one published shard, in its order."""
    first = int(origin[0])
    if first >= ledger or not np.array_equal(origin, np.arange(first, first + len(origin))):
        return False
    shard, at = previous.shard_of(first)
    return at == 0 and int(previous.shard_starts[shard + 1]) == first + len(origin)


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

    @classmethod
    def of(
        cls, found: Candidates, result: Resolution, previous: Previous, recipe: Recipe, ordinal: int
    ) -> _Rows:
        ledger = previous.ledger
        columns = ledger.columns("split", "added_in", "published_at", "row_bytes")
        old_split = codes(columns.column("split"), recipe.splits.names)
        old_added = columns.column("added_in").to_numpy()
        carried = np.flatnonzero(~result.versions.replaced)
        fresh = np.flatnonzero((result.outcome == NEW) | (result.outcome == CORRECTION))
        added = _added_in(fresh, result, previous, ordinal)
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
            np.lexsort((ids, published, added_in, split)),
        )  # fmt: skip


def _hashes(ids: Array) -> npt.NDArray[np.uint64]:
    return ids.view(">u8").reshape(-1, 2)[:, 1].astype(np.uint64) if len(ids) else np.empty(0, np.uint64)


def _same_columns(previous: Previous, schema: Mapping[str, Any]) -> bool:
    return (
        bool(previous.schema)
        and RecordSchema.parse(previous.schema).arrow == RecordSchema.parse(schema).arrow
    )
