"""Resolve: what becomes of each new record, and in which split it stands.

Only keys are held here, some sixty bytes a record; texts stay in the work folder. Laws: first one version of each article
is chosen, then one article of each text among those that were chosen, so that no text is dropped for one that is not
kept; a record that is both another version and an equal text counts as the latter (precedence of fates); published
records keep their split and their place.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from imprint.building.candidates import Candidates, Contested
from imprint.building.parts import WorkFolder, read_spill
from imprint.building.previous import Previous
from imprint.building.versions import Versions, choose_versions
from imprint.dedup.exact import first_of_equals, positions, shared
from imprint.errors import InternalError
from imprint.findings import Finding
from imprint.recipe import Recipe
from imprint.releases.ledger import from_binary, hex_id
from imprint.splits import by_hash, fill_empty

Array = npt.NDArray[Any]

NEW, CORRECTION, EXACT_DUPLICATE, SUPERSEDED = range(4)
"""What becomes of a record that finish wrote. A correction takes the place of a published row."""

FATE_OF = {NEW: "new", CORRECTION: "new", EXACT_DUPLICATE: "exact_duplicates", SUPERSEDED: "superseded"}
"""The fate in the accounting of each outcome."""


@dataclass(slots=True)
class Resolution:
    """What becomes of the candidates."""

    outcome: Array
    """NEW, CORRECTION, EXACT_DUPLICATE or SUPERSEDED, for each candidate."""
    keeper: Array
    """For what is dropped, the record that is kept instead: a candidate, or behind them all a ledger row."""
    split: Array
    """Index of the split of each new candidate and correction; -1 for the others."""
    versions: Versions
    """Which versions lost, and which published rows are replaced."""
    dropped: dict[int, list[str]] = field(default_factory=dict)
    """A record that is kept, as `keeper` counts them, to the raw digests of those dropped for it in this build."""
    findings: list[Finding] = field(default_factory=list)

    def because(self, index: int, found: Candidates, previous: Previous) -> str | None:
        """Id of the record that is kept instead of a candidate."""
        keeper = int(self.keeper[index])
        if keeper < 0:
            return None
        count = len(found)
        return hex_id(found.ids[keeper] if keeper < count else previous.ledger.ids[keeper - count])


def resolve(work: WorkFolder, found: Candidates, previous: Previous, recipe: Recipe) -> Resolution:
    """Decide on each candidate.

    Raises:
        InternalError: a record would be dropped for a text that is not kept.
    """
    contested = Contested(work, found)
    settled = _dropped_before(found, previous, contested)
    versions = choose_versions(found, previous, recipe.input.corrections, contested, settled)
    # Where a correction takes the text away for which a copy was dropped, the copy is judged afresh.
    while (afresh := (settled >= 0) & np.append(versions.replaced, False)[settled]).any():
        settled[afresh] = -1
        versions = choose_versions(found, previous, recipe.input.corrections, contested, settled)
    outcome = np.full(len(found), NEW, np.int8)
    outcome[list(versions.corrections)] = CORRECTION
    outcome[versions.lost] = SUPERSEDED
    outcome[settled >= 0] = EXACT_DUPLICATE
    versions.keeper[settled >= 0] = len(found) + settled[settled >= 0]
    result = Resolution(outcome, versions.keeper, np.full(len(found), -1, np.int8), versions)
    _drop_equal_texts(found, previous, contested, result)
    _label_losers(found, previous, result)
    _check(found, previous, result, settled)
    _remember(found, contested, result, settled)
    _assign(found, previous, recipe, result)
    return result


def _dropped_before(found: Candidates, previous: Previous, contested: Contested) -> Array:
    """Ledger row of the record for which a candidate was dropped in an earlier release, -1 for all others.

    A copy stays a copy, even if what was learned since would clean it otherwise. Versions of one article are judged anew.
    """
    settled = np.full(len(found), -1, np.int64)
    raw, rows = previous.ledger.dropped()
    if not len(raw) or not len(found):
        return settled
    mine = from_binary(contested.keys(np.arange(len(found)), "raw").column("raw"), 32)
    at = np.minimum(np.searchsorted(raw, mine), len(raw) - 1)
    same = (raw[at] == mine) & (previous.ledger.ids[rows[at]] != found.ids)
    settled[same] = rows[at][same]
    return settled


def _remember(found: Candidates, contested: Contested, result: Resolution, settled: Array) -> None:
    """Note what was dropped for each record that is kept: all exact duplicates, and versions that lost to new ones."""
    lost = np.flatnonzero((result.outcome == SUPERSEDED) & (result.keeper < len(found)))
    lost_to_new = np.zeros(len(found), np.bool_)
    lost_to_new[lost] = found.ids[result.keeper[lost]] == found.ids[lost]
    dropped = np.flatnonzero(((result.outcome == EXACT_DUPLICATE) & (settled < 0)) | lost_to_new)
    raw = contested.keys(dropped, "raw").column("raw").to_pylist()
    for keeper, digest in zip(result.keeper[dropped].tolist(), raw, strict=True):
        result.dropped.setdefault(keeper, []).append(digest.hex())
    for index, digests in result.versions.earlier.items():
        result.dropped.setdefault(index, []).extend(digests)


def _drop_equal_texts(
    found: Candidates, previous: Previous, contested: Contested, result: Resolution
) -> None:
    """Of equal texts that are left, the published one is kept, or else a correction, or else the earliest."""
    at = _kept_published(found.text_keys, previous, result)
    published = (result.outcome == NEW) & (at >= 0)
    result.outcome[published] = EXACT_DUPLICATE
    result.keeper[published] = len(found) + at[published]
    left = np.flatnonzero(np.isin(result.outcome, (NEW, CORRECTION)))
    left = left[shared(found.text_keys[left])]
    more = contested.keys(left, "raw", "input_file", "input_row")
    _, files = np.unique(np.array(more.column("input_file").to_pylist(), dtype=np.str_), return_inverse=True)
    order = (
        result.outcome[left] != CORRECTION,
        found.published_at[left],
        found.ids[left],
        from_binary(more.column("raw"), 32),
        files,
        more.column("input_row").to_numpy(),
    )
    kept, keeper = first_of_equals(found.text_keys[left], *order)
    dropped = ~kept & (result.outcome[left] == NEW)
    result.outcome[left[dropped]] = EXACT_DUPLICATE
    result.keeper[left[dropped]] = left[keeper[dropped]]


def _label_losers(found: Candidates, previous: Previous, result: Resolution) -> None:
    """A version that lost is an exact duplicate where its text is kept; else it names the article that is kept."""
    lost = np.flatnonzero(result.outcome == SUPERSEDED)
    kept = np.flatnonzero(np.isin(result.outcome, (NEW, CORRECTION)))
    published = _kept_published(found.text_keys[lost], previous, result)
    distinct, first = np.unique(found.text_keys[kept], return_index=True)
    new = positions(found.text_keys[lost], distinct)
    same = np.where(
        published >= 0, len(found) + published, np.where(new >= 0, kept[first][new] if len(kept) else -1, -1)
    )
    result.outcome[lost[same >= 0]] = EXACT_DUPLICATE
    result.keeper[lost[same >= 0]] = same[same >= 0]
    # The version that won may itself be an equal text of another article: then that one is kept.
    others = lost[same < 0]
    winners = result.keeper[others]
    among = winners < len(found)
    dropped = np.zeros(len(others), np.bool_)
    dropped[among] = result.outcome[winners[among]] == EXACT_DUPLICATE
    result.keeper[others[dropped]] = result.keeper[winners[dropped]]


def _kept_published(keys: Array, previous: Previous, result: Resolution) -> Array:
    """Ledger row of the published record that stays and has a text, -1 where there is none."""
    rows = np.flatnonzero(~result.versions.replaced)
    if not len(rows):
        return np.full(len(keys), -1, np.int64)
    # Published texts are distinct but for corrections, which may have brought an equal one.
    distinct, first = np.unique(previous.ledger.text_keys[rows], return_index=True)
    at = positions(keys, distinct)
    return np.where(at >= 0, rows[first][at], -1)


def _check(found: Candidates, previous: Previous, result: Resolution, settled: Array) -> None:
    """Every new exact duplicate has the text of a record that is published when this build is."""
    dropped = np.flatnonzero((result.outcome == EXACT_DUPLICATE) & (settled < 0))
    keeper = result.keeper[dropped]
    new = keeper < len(found)
    stays = np.isin(result.outcome[keeper[new]], (NEW, CORRECTION))
    rows = keeper[~new] - len(found)
    same_new = found.text_keys[dropped[new]] == found.text_keys[keeper[new]]
    same_old = found.text_keys[dropped[~new]] == previous.ledger.text_keys[rows]
    if not (stays.all() and same_new.all() and same_old.all() and not result.versions.replaced[rows].any()):
        raise InternalError("a record would be dropped as a duplicate of one that is not kept")


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
    if result.versions.corrections:
        splits = previous.ledger.columns("split").column(0).to_pylist()
        for index, row in result.versions.corrections.items():
            result.split[index] = names.index(splits[row])


def fates_of(work: WorkFolder, result: Resolution, parts: int) -> dict[str, Counter[str]]:
    """Fates of the candidates, per source."""
    fates: dict[str, Counter[str]] = {}
    start = 0
    for part in range(parts):
        sources = read_spill(work.keys(part)).column("source").to_pylist()
        outcomes = result.outcome[start : start + len(sources)].tolist()
        for (source, outcome), count in Counter(zip(sources, outcomes, strict=True)).items():
            fates.setdefault(source, Counter())[FATE_OF[outcome]] += count
        start += len(sources)
    return fates
