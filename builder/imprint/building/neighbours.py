"""Neighbours: what is told of near duplicates: which records are withheld, and which published pairs leak.

neighbours.parquet in the build folder lists each pair that was confirmed, for `imprint explain`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from imprint.building.candidates import Candidates, Contested
from imprint.building.comparing import Confirmed
from imprint.building.dividing import Dividing, Division
from imprint.building.previous import Previous
from imprint.building.texts import id_of
from imprint.errors import Place
from imprint.findings import Finding
from imprint.recipe import Recipe

NEIGHBOURS = "neighbours.parquet"

PAIR_ROWS = pa.schema(
    [pa.field("id", pa.string()), pa.field("other", pa.string()), pa.field("similarity", pa.float64())]
)
"""One confirmed pair: two ids and their exact Jaccard similarity."""

NAMED = 10
"""Records of a kind that are named; behind them it is said how many more there are."""


def told(
    division: Division, dividing: Dividing, contested: Contested, recipe: Recipe, barred: Mapping[int, int]
) -> Iterator[Finding]:
    """What a maintainer should know of a division.

    Args:
        division: how the records were divided.
        dividing: what divided them.
        contested: tells where a record stands in the input.
        recipe: the names of the splits.
        barred: records that were left out of the division, with the one that keeps each out, or -1.
    """
    yield from division.findings
    blocked = {record: (other,) if other >= 0 else () for record, other in barred.items()}
    withheld = blocked | division.placed.withheld
    yield from _named(withheld, division, dividing, contested, recipe)
    if division.closed:
        message = (
            f"{len(division.closed):,} new articles belong to a split that takes none within a major version"
        )
        hint = 'they stay out until splits.grow = "all" and --bump major'
        yield Finding("withheld", message, Place("imprint.toml", field="splits.grow"), hint)
    yield from leaks(division, dividing, recipe)


def _named(
    blocked: Mapping[int, tuple[int, ...]],
    division: Division,
    dividing: Dividing,
    contested: Contested,
    recipe: Recipe,
) -> Iterator[Finding]:
    """The records that are withheld, each with its neighbours."""
    withheld = sorted(blocked)
    named = np.array(withheld[:NAMED], np.int64)
    places = contested.keys(named, "input_file", "input_row").to_pylist()
    for record, place in zip(named.tolist(), places, strict=True):
        where = " and ".join(
            f"{dividing.id_of(other)} in {_split(division, other, recipe)}" for other in blocked[record]
        )
        message = f"{dividing.id_of(record)} is withheld: "
        message += f"it is near {where}" if where else "it belongs to a split that takes no new articles"
        message += _why(len(blocked[record]), record, dividing, recipe)
        hint = "ask `imprint explain` for its neighbours and their similarity"
        yield Finding("withheld", message, Place(place["input_file"], place["input_row"]), hint)
    if len(withheld) > NAMED:
        message = f"{len(withheld) - NAMED:,} further records are withheld for the same reasons"
        yield Finding("withheld", message, hint="fates.parquet in the build folder lists them all")


def _split(division: Division, record: int, recipe: Recipe) -> str:
    return recipe.splits.names[int(division.split[record])]


def _why(neighbours: int, record: int, dividing: Dividing, recipe: Recipe) -> str:
    """Why one neighbour alone keeps a record out."""
    if neighbours != 1:
        return ", and would leak from one to the other" if neighbours else ""
    own = int(dividing.found.own_splits[record])
    if own >= 0 and own not in dividing.closed:
        return f", and belongs to {recipe.splits.names[own]} itself"
    return ", and evaluation splits take no new articles within a major version"


def leaks(division: Division, dividing: Dividing, recipe: Recipe) -> Iterator[Finding]:
    """Published pairs across splits: neither can move within this major version."""
    pairs = division.across
    if pairs is None:
        return
    alike = pairs.only(pairs.similarity >= recipe.dedup.group_at)
    rows = list(zip(alike.one.tolist(), alike.other.tolist(), alike.similarity.tolist(), strict=True))
    for one, other, similarity in rows[:NAMED]:
        message = (
            f"{dividing.id_of(one)} in {_split(division, one, recipe)} and {dividing.id_of(other)} in"
            f" {_split(division, other, recipe)} are published and alike ({similarity:.2f})"
        )
        yield Finding("leak", message, hint="take the one in train out in a major version")
    if len(rows) > NAMED:
        yield Finding("leak", f"{len(rows) - NAMED:,} further published pairs stand across splits")


def write_neighbours(folder: Path, division: Division | None, found: Candidates, previous: Previous) -> None:
    """Write the confirmed pairs of a build; none where no record was new."""
    pairs = Confirmed.none() if division is None else division.pairs
    columns = {
        "id": [id_of(record, found, previous) for record in pairs.one.tolist()],
        "other": [id_of(record, found, previous) for record in pairs.other.tolist()],
        "similarity": pairs.similarity,
    }
    pq.write_table(pa.table(columns, schema=PAIR_ROWS), folder / NEIGHBOURS, compression="zstd")
