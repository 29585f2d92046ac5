"""Versions: which of several versions of one article counts.

Laws: among new records it is the one retrieved last, then modified, published, with the largest raw digest; with
`corrections = "hold"` a published row always counts; with `"apply"` a newcomer takes its place unless it is older, was
judged before, or says the same. What was judged is remembered in the ledger, so that reading it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from imprint.article import RecordSchema
from imprint.building.candidates import Candidates, Contested
from imprint.building.previous import Previous
from imprint.dedup.exact import first_of_equals, positions, shared
from imprint.releases.ledger import VERSIONS, from_binary

Array = npt.NDArray[Any]

TIMES = ("retrieved_at", "modified_at", "published_at")
"""What tells the later of two versions, the most telling first."""

UNKNOWN = np.iinfo(np.int64).min
"""Sort value of an unknown time: any known one is later."""


@dataclass(slots=True)
class Versions:
    """The choice."""

    lost: Array
    """Candidates that lost to another version."""
    keeper: Array
    """For each candidate that lost, the one it lost to: a candidate, or behind them all a ledger row; else -1."""
    replaced: Array
    """Mask over the ledger: rows whose place a correction takes."""
    corrections: dict[int, int] = field(default_factory=dict)
    """Candidate to the ledger row whose place it takes."""
    earlier: dict[int, list[str]] = field(default_factory=dict)
    """Correction to the raw digests of the row it takes the place of and of all versions that were dropped for that row."""


def choose_versions(
    found: Candidates,
    previous: Previous,
    corrections: str,
    contested: Contested,
    settled: Array,
    barred: Collection[int] = (),
) -> Versions:
    """Choose one version of each article.

    Args:
        found: the candidates.
        previous: the release that stands.
        corrections: `hold` or `apply`.
        contested: reads what is needed of the records in question.
        settled: ledger row of the record for which a candidate was dropped before, else -1.
        barred: corrections that must not be applied.
    """
    ledger = previous.ledger
    published = positions(found.ids, ledger.ids)
    # A copy that was dropped before still counts as a version of its article, but never takes a published place.
    keeper = np.where((settled >= 0) & (published >= 0), len(found) + settled, -1)
    choice = Versions(np.empty(0, np.int64), keeper, np.zeros(len(ledger), np.bool_))
    newcomers = np.flatnonzero((published >= 0) & (settled < 0))
    if corrections == "hold":
        keeper[newcomers] = len(found) + published[newcomers]
    else:
        known = _judged_before(newcomers, published, previous, contested)
        keeper[newcomers[known]] = len(found) + published[newcomers[known]]
    _choose_among_new(found, contested, choice)
    if corrections == "apply":
        held = [record for record in barred if published[record] >= 0]
        keeper[held] = len(found) + published[held]
        _replace(newcomers[keeper[newcomers] < 0], published, previous, contested, choice)
    choice.lost = np.flatnonzero(keeper >= 0)
    return choice


def _choose_among_new(found: Candidates, contested: Contested, choice: Versions) -> None:
    left = np.flatnonzero(choice.keeper < 0)
    left = left[shared(found.ids[left])]
    more = contested.keys(left, "raw", *TIMES)
    raw = from_binary(more.column("raw"), 32)
    # The complement of an integer sorts it backwards, the smallest one included.
    latest = tuple(~more.column(name).fill_null(UNKNOWN).to_numpy() for name in TIMES)
    kept, keeper = first_of_equals(found.ids[left], *latest, _complement(raw))
    choice.keeper[left[~kept]] = left[keeper[~kept]]


def _judged_before(newcomers: Array, published: Array, previous: Previous, contested: Contested) -> Array:
    """Mask of the newcomers whose raw record lost to the published row in an earlier release."""
    if not len(newcomers):
        return np.zeros(0, np.bool_)
    remembered = previous.ledger.columns(VERSIONS).column(0).take(pa.array(published[newcomers])).to_pylist()
    raw = [digest.hex() for digest in contested.keys(newcomers, "raw").column("raw").to_pylist()]
    return np.array([digest in (lost or ()) for digest, lost in zip(raw, remembered, strict=True)], np.bool_)


def _replace(
    left: Array, published: Array, previous: Previous, contested: Contested, choice: Versions
) -> None:
    """Put the newcomers that are left into the place of the published rows, where they are not older and differ."""
    if not len(left):
        return
    rows = published[left]
    schema = RecordSchema.parse(previous.schema)
    content = [one.name for one in schema.fields if one.role == "content"]
    names = list(dict.fromkeys([*content, *TIMES, "raw_sha256"]))
    old = previous.rows(rows, names)
    new = contested.records(left, old.slice(0, 0))
    old_content, new_content = (schema.json_rows(table.select(content)) for table in (old, new))
    old_times, new_times = (_moments(table) for table in (old, new))
    raw = old.column("raw_sha256").to_pylist()
    earlier = previous.ledger.columns(VERSIONS).column(0).take(pa.array(rows)).to_pylist()
    for position, (index, row) in enumerate(zip(left.tolist(), rows.tolist(), strict=True)):
        if new_times[position] < old_times[position] or old_content[position] == new_content[position]:
            choice.keeper[index] = len(choice.keeper) + row
            continue
        choice.corrections[index] = row
        choice.replaced[row] = True
        choice.earlier[index] = [raw[position], *(earlier[position] or ())]


def _moments(table: pa.Table) -> list[tuple[int, ...]]:
    columns = (table.column(name).cast(pa.int64()).fill_null(UNKNOWN).to_pylist() for name in TIMES)
    return list(zip(*columns, strict=True))


def _complement(raw: Array) -> Array:
    """Digests whose order is the reverse of the given ones'."""
    return np.frombuffer((~np.frombuffer(raw.tobytes(), np.uint8)).tobytes(), raw.dtype)
