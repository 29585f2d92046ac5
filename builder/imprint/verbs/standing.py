"""Standing: whom a published record is near to, and why it stands in its split.

Law: similarities are computed from the texts as they are published; the reason follows from the lineage of the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from imprint.building.neighbours import NEIGHBOURS, PAIR_ROWS
from imprint.building.previous import Previous
from imprint.dedup.shingles import similarity
from imprint.errors import Place, TransferError
from imprint.recipe import TRAIN
from imprint.splits.strategies import UNIT, split_hash

MEMBERS = 50
"""Members of a cluster that a record is compared with."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A record that is like the one that was asked for."""

    id: str
    similarity: float
    """Exact Jaccard similarity."""
    split: str | None
    """Where it stands in the newest release; None where it is not in it."""

    def as_dict(self) -> dict[str, Any]:
        """The neighbour for --json."""
        return asdict(self)


def neighbours(identity: str, released: Previous, build: Path) -> tuple[Neighbour, ...]:
    """The members of a record's cluster and those that the last build found it to be like, the closest first.

    Raises:
        TransferError: the release or the report of the build is damaged.
    """
    ledger = released.ledger.columns("id", "dup_cluster", "split")
    ids = ledger.column("id")
    alike = _found_last(identity, build)
    at = pc.index(ids, identity).as_py()
    if at >= 0:
        members = pc.indices_nonzero(pc.equal(ledger.column("dup_cluster"), ledger.column("dup_cluster")[at]))
        rows = [row for row in members.to_pylist() if row != at][:MEMBERS]
        if rows:
            own, *texts = released.rows(np.array([at, *rows]), ["text"]).column("text").to_pylist()
            alike |= {ids[row].as_py(): similarity(own, text) for row, text in zip(rows, texts, strict=True)}
    places = pc.index_in(pa.array(list(alike), pa.string()), ids).to_pylist()
    splits = [None if place is None else ledger.column("split")[place].as_py() for place in places]
    found = [Neighbour(other, alike[other], split) for other, split in zip(alike, splits, strict=True)]
    return tuple(sorted(found, key=lambda one: (-one.similarity, one.id)))


def _found_last(identity: str, build: Path) -> dict[str, float]:
    """The pairs of the last build that a record belongs to."""
    path = build / NEIGHBOURS
    if not path.exists():
        return {}
    mine = (pc.field("id") == identity) | (pc.field("other") == identity)
    try:
        rows = pq.read_table(path, schema=PAIR_ROWS, filters=mine).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise TransferError(
            f"the report is damaged: {error}", place=Place(str(path)), hint="build again"
        ) from error
    return {row["other"] if row["id"] == identity else row["id"]: row["similarity"] for row in rows}


def why(record: Mapping[str, Any], released: Previous) -> str:
    """Why a published record stands in its split, in one sentence.

    Args:
        record: its id, split, dup_cluster, added_in and published_at.
        released: the release that holds it.
    """
    assert released.manifest is not None
    lineage = released.manifest.document["lineage"]["splits"]
    cluster, split = record["dup_cluster"], record["split"]
    joined = (
        f"it belongs to the cluster of {cluster}, which stands in {split}; "
        if cluster != record["id"]
        else ""
    )
    if lineage["strategy"] == "time":
        borders = ", ".join(f"{key.removesuffix('_from')} from {day}" for key, day in lineage["time"])
        dated = record["published_at"] or "undated, and so in train"
        return f"{joined}articles stand where their date puts them ({borders}): this one is {dated}"
    if lineage["strategy"] == "source":
        listed = ", ".join(f"{name}: {', '.join(sources)}" for name, sources in lineage["source"])
        return f"{joined}articles stand where their source puts them ({listed}; all others in train)"
    grown = released.manifest.document["recipe"]["splits"]["grow"] == TRAIN
    if split == TRAIN and grown and _came_with(cluster, released) > 1:
        return f"{joined}the cluster came after the first release, and new clusters go to train"
    return joined + _by_hash(cluster, split, lineage)


def _came_with(cluster: str, released: Previous) -> int:
    """Ordinal of the release in which a cluster's first member appeared."""
    ledger = released.ledger.columns("dup_cluster", "added_in")
    members = ledger.column("added_in").filter(pc.equal(ledger.column("dup_cluster"), cluster))
    return int(pc.min(members).as_py())


def _by_hash(cluster: str, split: str, lineage: Mapping[str, Any]) -> str:
    position = split_hash(bytes.fromhex(cluster), lineage["salt"]) / UNIT
    start = 0.0
    for name, ratio in lineage["ratios"]:
        if name == split and start <= position < start + ratio:
            return f"the salted hash of the cluster is {position:.4f}, and {split} has {start:g} to {start + ratio:g}"
        start += ratio
    return f"{split} would have been empty, and took this cluster from the largest split"
