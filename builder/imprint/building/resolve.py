"""Resolve: what becomes of each new record, and in which split it stands.

Only keys are held here, some sixty bytes a record; texts stay in the work folder. Laws: exact duplicates and versions
are decided before splits; published records keep their split and their place.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from imprint.building.finish import KEYS
from imprint.building.parts import WorkFolder, read_spill
from imprint.building.previous import Previous
from imprint.dedup.exact import first_of_equals, positions
from imprint.findings import Finding
from imprint.recipe import Recipe
from imprint.releases.ledger import sort_times
from imprint.splits import by_hash, fill_empty

Array = npt.NDArray[Any]

NEW, CORRECTION, EXACT_DUPLICATE, SUPERSEDED = range(4)
"""What becomes of a record that finish wrote. A correction takes the place of a published row."""

NONE_LATER = np.iinfo(np.int64).min
"""Sort value of an unknown time where the latest counts."""


@dataclass(slots=True)
class Candidates:
    """The records that finish wrote, in the order of the input, as arrays."""

    ids: Array
    text_keys: Array
    published_at: Array
    split_hashes: Array
    row_bytes: Array
    part: Array
    """Part of each record."""
    row: Array
    """Position in the part's records file."""

    def __len__(self) -> int:
        return len(self.ids)

    def hex_id(self, index: int) -> str:
        """Id of a candidate as records write it."""
        return _hex(self.ids[index])


@dataclass(slots=True)
class Resolution:
    """What becomes of the candidates."""

    outcome: Array
    """NEW, CORRECTION, EXACT_DUPLICATE or SUPERSEDED, for each candidate."""
    because: dict[int, str]
    """Candidate that is not new to the id of the record that is kept instead."""
    split: Array
    """Index of the split of each new candidate and correction; -1 for the others."""
    replaced: Array
    """Mask over the ledger: rows that a correction takes the place of."""
    replaces: dict[int, int]
    """Correction to its ledger row."""
    findings: list[Finding] = field(default_factory=list)


def load_candidates(work: WorkFolder, parts: int) -> Candidates:
    """Read the keys of all parts."""
    names = ("id", "text_key", "published_at", "split_hash", "row_bytes")
    tables = [
        KEYS.empty_table().select(names),
        *(read_spill(work.keys(part)).select(names) for part in range(parts)),
    ]
    whole = pa.concat_tables(tables)
    counts = [len(table) for table in tables[1:]]
    return Candidates(
        ids=_binary(whole.column("id"), 16),
        text_keys=_binary(whole.column("text_key"), 16),
        published_at=sort_times(whole.column("published_at")),
        split_hashes=whole.column("split_hash").to_numpy(),
        row_bytes=whole.column("row_bytes").to_numpy(),
        part=np.repeat(np.arange(len(counts), dtype=np.int32), counts),
        row=np.concatenate([np.arange(count, dtype=np.int32) for count in counts] or [np.empty(0, np.int32)]),
    )


def resolve(work: WorkFolder, found: Candidates, previous: Previous, recipe: Recipe) -> Resolution:
    """Decide on each candidate.

    Precedence: an exact duplicate is one even if it is also another version of an article.
    """
    outcome = np.full(len(found), NEW, np.int8)
    replaced = np.zeros(len(previous.ledger), np.bool_)
    result = Resolution(outcome, {}, np.full(len(found), -1, np.int8), replaced, {})
    apply = recipe.input.corrections == "apply"
    _drop_published_texts(found, previous, result, keep_own=apply)
    _drop_equal_texts(work, found, result)
    if not apply:
        _hold_corrections(found, previous, result)
    _keep_latest_versions(work, found, result)
    if apply:
        _apply_corrections(work, found, previous, result)
    _assign(found, previous, recipe, result)
    return result


def _drop_published_texts(
    found: Candidates, previous: Previous, result: Resolution, *, keep_own: bool
) -> None:
    """Texts that are published already; with `keep_own`, those of another article only."""
    ids = previous.ledger.ids
    at = positions(found.text_keys, previous.ledger.text_keys)
    published = at >= 0
    if keep_own and len(ids):
        published &= ids[at] != found.ids
    _drop(result, np.flatnonzero(published), EXACT_DUPLICATE, lambda i: ids[at[i]])


def _drop_equal_texts(work: WorkFolder, found: Candidates, result: Resolution) -> None:
    """Of equal texts among the new records, all but the earliest."""
    left = np.flatnonzero(result.outcome == NEW)
    left = left[_shared(found.text_keys[left])]
    more = _more(work, found, left)
    order = (found.published_at[left], found.ids[left], more["raw"], more["input_file"], more["input_row"])
    _drop_all_but_first(found, left, found.text_keys[left], order, EXACT_DUPLICATE, result)


def _hold_corrections(found: Candidates, previous: Previous, result: Resolution) -> None:
    """New versions of published articles: the published row stays."""
    left = np.flatnonzero(result.outcome == NEW)
    held = left[positions(found.ids[left], previous.ledger.ids) >= 0]
    _drop(result, held, SUPERSEDED, lambda i: found.ids[i])


def _keep_latest_versions(work: WorkFolder, found: Candidates, result: Resolution) -> None:
    """Of several versions of one article, all but the one retrieved last, then modified, published, raw digest."""
    left = np.flatnonzero(result.outcome == NEW)
    left = left[_shared(found.ids[left])]
    more = _more(work, found, left)
    # The complement of an integer sorts it backwards, the smallest one included.
    latest = tuple(~more[name] for name in ("retrieved_at", "modified_at", "published_at"))
    inverted = np.array(
        [bytes(255 - byte for byte in raw.ljust(32, b"\0")) for raw in more["raw"].tolist()], "S32"
    )
    _drop_all_but_first(found, left, found.ids[left], (*latest, inverted), SUPERSEDED, result)


def _apply_corrections(work: WorkFolder, found: Candidates, previous: Previous, result: Resolution) -> None:
    """New versions of published articles take their place, where their content differs."""
    left = np.flatnonzero(result.outcome == NEW)
    at = positions(found.ids[left], previous.ledger.ids)
    corrections, rows = left[at >= 0], at[at >= 0]
    new = [read_spill(work.records(found.part[i])).slice(found.row[i], 1) for i in corrections]
    for index, row, table in zip(corrections.tolist(), rows.tolist(), new, strict=True):
        if previous.same_content(row, table):
            _drop(result, np.array([index]), EXACT_DUPLICATE, lambda i: found.ids[i])
            continue
        result.outcome[index] = CORRECTION
        result.replaces[index] = row
        result.replaced[row] = True


def _drop_all_but_first(
    found: Candidates, indices: Array, keys: Array, order: tuple[Array, ...], outcome: int, result: Resolution
) -> None:
    kept, keeper = first_of_equals(keys, *order)
    keepers = dict(zip(indices[~kept].tolist(), indices[keeper[~kept]].tolist(), strict=True))
    _drop(result, indices[~kept], outcome, lambda i: found.ids[keepers[i]])


def _assign(found: Candidates, previous: Previous, recipe: Recipe, result: Resolution) -> None:
    """The split of each new record; a correction stays where the published row stands."""
    names = list(recipe.splits.ratios)
    new = np.flatnonzero(result.outcome == NEW)
    if len(previous.ledger) and recipe.splits.grow == "train":
        result.split[new] = names.index("train")
    else:
        choices = by_hash(found.split_hashes[new], recipe.splits.ratios)
        if not len(previous.ledger):
            ones = np.ones(len(new))
            result.findings += fill_empty(choices, found.split_hashes[new], ones, names)
        result.split[new] = choices
    if result.replaces:
        splits = previous.ledger.columns("split").column(0).to_pylist()
        for index, row in result.replaces.items():
            result.split[index] = names.index(splits[row])


def fates_of(work: WorkFolder, result: Resolution, parts: int) -> dict[str, Counter[str]]:
    """Fates of the candidates, per source."""
    names = {NEW: "new", CORRECTION: "new", EXACT_DUPLICATE: "exact_duplicates", SUPERSEDED: "superseded"}
    fates: dict[str, Counter[str]] = {}
    start = 0
    for part in range(parts):
        sources = read_spill(work.keys(part)).column("source").to_pylist()
        outcomes = result.outcome[start : start + len(sources)].tolist()
        for (source, outcome), count in Counter(zip(sources, outcomes, strict=True)).items():
            fates.setdefault(source, Counter())[names[outcome]] += count
        start += len(sources)
    return fates


def _drop(result: Resolution, indices: Array, outcome: int, kept: Any) -> None:
    result.outcome[indices] = outcome
    for index in indices.tolist():
        result.because[index] = _hex(kept(index))


def _hex(value: bytes) -> str:
    # NumPy takes zero bytes at the end for padding.
    return value.ljust(16, b"\0").hex()


def _shared(keys: Array) -> Array:
    """Mask of the records whose key another record has, too."""
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    mask: Array = counts[inverse] > 1
    return mask


def _more(work: WorkFolder, found: Candidates, indices: Array) -> dict[str, Array]:
    """Columns that only contested records need, read from the parts where these are; `indices` ascend."""
    names = ("raw", "retrieved_at", "modified_at", "published_at", "input_file", "input_row")
    pieces = [KEYS.empty_table().select(names)]
    for part in np.unique(found.part[indices]).tolist():
        rows = found.row[indices[found.part[indices] == part]]
        pieces.append(read_spill(work.keys(part)).select(names).take(pa.array(rows)))
    table = pa.concat_tables(pieces)
    times = {name: table.column(name).fill_null(NONE_LATER).to_numpy() for name in names[1:4]}
    _, file_ranks = np.unique(
        np.array(table.column("input_file").to_pylist(), dtype=np.str_), return_inverse=True
    )
    raw = _binary(table.column("raw"), 32)
    return {"raw": raw, "input_file": file_ranks, "input_row": table.column("input_row").to_numpy(), **times}


def _binary(column: pa.ChunkedArray, width: int) -> Array:
    return np.frombuffer(b"".join(column.to_pylist()), dtype=f"S{width}")
