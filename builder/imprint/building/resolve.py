"""Resolve: what becomes of each new record, and in which split it stands.

Only keys are held here, some sixty bytes a record; texts stay in the work folder. Laws: first one version of each article
is chosen, then one article of each text among those that were chosen, so that no text is dropped for one that is not
kept, then near duplicates are dropped and what is left is divided (imprint.building.dividing); a record that is both
another version and an equal text counts as the latter (precedence of fates); published records keep their split and
their place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from imprint.building.candidates import Candidates, Contested
from imprint.building.dividing import Dividing, Division, closed_splits
from imprint.building.neighbours import told
from imprint.building.parts import WorkFolder
from imprint.building.previous import Previous
from imprint.building.resolution import (
    CORRECTION,
    EXACT_DUPLICATE,
    NEAR_DUPLICATE,
    NEW,
    SUPERSEDED,
    WITHHELD,
    Resolution,
)
from imprint.building.searching import Searching
from imprint.building.versions import choose_versions
from imprint.dedup.exact import first_of_equals, positions, shared
from imprint.errors import InternalError
from imprint.recipe import Recipe
from imprint.releases.ledger import COPIES, VERSIONS, from_binary

Array = npt.NDArray[Any]
Search = Callable[[], Searching]


def resolve(
    work: WorkFolder, found: Candidates, previous: Previous, recipe: Recipe, search: Search
) -> Resolution:
    """Decide on each candidate.

    Args:
        work: where the candidates' keys and records lie.
        found: the candidates.
        previous: the release that stands.
        recipe: the recipe.
        search: makes what looks for near duplicates, once it is known that any record is new.

    Raises:
        InternalError: a record would be dropped for a text that is not kept.
    """
    contested = Contested(work, found)
    barred: dict[int, int] = {}
    searching: Searching | None = None
    while True:
        result, settled = _choose(found, previous, recipe, contested, barred)
        new = np.flatnonzero(result.outcome == NEW)
        corrections = result.versions.corrections
        if not len(new) and not corrections:
            break
        searching = searching or search()
        dividing = Dividing(found, previous, recipe, new, corrections, ~result.versions.replaced)
        result.division = dividing.run(searching)
        if result.division.conflicts:
            # A correction that would come close to a record of another split is not applied; all is judged again.
            barred |= dict(result.division.conflicts)
            continue
        stepping_back = _withheld_before_others(found, result)
        if not len(stepping_back):
            _take_over(result, result.division)
            result.findings += told(result.division, dividing, contested, recipe, barred)
            break
        barred |= stepping_back
    _remember(found, previous, contested, result, settled)
    return result


def _withheld_before_others(found: Candidates, result: Resolution) -> dict[int, int]:
    """Records that are withheld, while another with the same text belongs to another split and might stand there.

    Returns:
        Each with the record that keeps it out, or -1.
    """
    assert result.division is not None
    blocking = {
        record: others[-1] if others else -1 for record, others in result.division.placed.withheld.items()
    }
    blocking |= dict.fromkeys(result.division.closed, -1)
    copies = np.flatnonzero((result.outcome == EXACT_DUPLICATE) & (result.keeper < len(found)))
    keepers = result.keeper[copies]
    elsewhere = set(keepers[found.own_splits[copies] != found.own_splits[keepers]].tolist())
    return {record: blocking[record] for record in sorted(elsewhere & blocking.keys())}


def _choose(
    found: Candidates, previous: Previous, recipe: Recipe, contested: Contested, barred: dict[int, int]
) -> tuple[Resolution, Array]:
    """One version of each article and one article of each text; also which copies were dropped before."""
    settled = _dropped_before(found, previous, contested)
    mode = recipe.input.corrections
    versions = choose_versions(found, previous, mode, contested, settled, barred)
    # Where a correction takes the text away for which a copy was dropped, the copy is judged afresh.
    while (afresh := (settled >= 0) & np.append(versions.replaced, False)[settled]).any():
        settled[afresh] = -1
        versions = choose_versions(found, previous, mode, contested, settled, barred)
    outcome = np.full(len(found), NEW, np.int8)
    outcome[list(versions.corrections)] = CORRECTION
    outcome[versions.lost] = SUPERSEDED
    copies = np.flatnonzero(settled >= 0)
    same = found.text_keys[copies] == previous.ledger.text_keys[settled[copies]]
    outcome[copies] = np.where(same, EXACT_DUPLICATE, NEAR_DUPLICATE)
    versions.keeper[copies] = len(found) + settled[copies]
    outcome[list(barred)] = WITHHELD
    versions.keeper[list(barred)] = list(barred.values())
    nowhere = np.full(len(found), -1, np.int8)
    shut = np.isin(found.own_splits, closed_splits(previous, recipe))
    lost_to = versions.keeper.copy()
    result = Resolution(outcome, versions.keeper, nowhere, found.ids.copy(), versions, shut, lost_to)
    _drop_equal_texts(found, previous, contested, result)
    _label_losers(found, previous, result)
    _check(found, previous, result, settled)
    return result, settled


def _take_over(result: Resolution, division: Division) -> None:
    """What became of the candidates among their near duplicates."""
    placed = division.placed
    count = len(result.outcome)
    for record, keeper in placed.dropped.items():
        result.outcome[record], result.keeper[record] = NEAR_DUPLICATE, keeper
        result.open[record] = record in placed.open
    for record, blocking in placed.withheld.items():
        result.outcome[record] = WITHHELD
        result.keeper[record] = blocking[-1] if blocking else -1
    result.outcome[list(division.closed)] = WITHHELD
    # What has the same text as a near duplicate, or as what is withheld, is so itself, for the same reason.
    copies = np.flatnonzero((result.outcome == EXACT_DUPLICATE) & (result.keeper < count))
    keepers = result.keeper[copies]
    versions = np.isin(copies, result.versions.lost)
    for outcome in (NEAR_DUPLICATE, WITHHELD):
        left_out = result.outcome[keepers] == outcome
        # A version that lost is no copy of what is left out: it stays a version that lost.
        result.outcome[copies[left_out & versions]] = SUPERSEDED
        result.keeper[copies[left_out & versions]] = result.lost_to[copies[left_out & versions]]
        same = left_out & ~versions
        result.outcome[copies[same]] = outcome
        result.open[copies[same]] = result.open[keepers[same]]
        result.keeper[copies[same]] = result.keeper[keepers[same]]
    kept = np.isin(result.outcome, (NEW, CORRECTION))
    result.split[kept] = division.split[:count][kept]
    result.cluster[kept] = division.cluster[:count][kept]


def _dropped_before(found: Candidates, previous: Previous, contested: Contested) -> Array:
    """Ledger row of the record for which a candidate was dropped in an earlier release, -1 for all others.

    A copy stays a copy, even if what was learned since would clean it otherwise. Versions of one article are judged anew.
    """
    settled = np.full(len(found), -1, np.int64)
    raw, rows = previous.ledger.dropped(COPIES)
    if not len(raw) or not len(found):
        return settled
    mine = from_binary(contested.keys(np.arange(len(found)), "raw").column("raw"), 32)
    at = np.minimum(np.searchsorted(raw, mine), len(raw) - 1)
    same = (raw[at] == mine) & (previous.ledger.ids[rows[at]] != found.ids)
    settled[same] = rows[at][same]
    return settled


def _remember(
    found: Candidates, previous: Previous, contested: Contested, result: Resolution, settled: Array
) -> None:
    """Note what was dropped for each record that is kept: all duplicates, and versions that lost to new ones."""
    lost = np.flatnonzero((result.outcome == SUPERSEDED) & (result.keeper < len(found)))
    lost_to_new = np.zeros(len(found), np.bool_)
    lost_to_new[lost] = found.ids[result.keeper[lost]] == found.ids[lost]
    copies = np.isin(result.outcome, (EXACT_DUPLICATE, NEAR_DUPLICATE)) & (settled < 0) & ~result.open
    # What was dropped for a record that was then left out itself has no row of the ledger to stand in.
    new = np.flatnonzero((copies | lost_to_new) & (result.keeper < len(found)))
    copies[new] = lost_to_new[new] = False
    stays = np.isin(result.outcome[result.keeper[new]], (NEW, CORRECTION))
    copies[new[stays]] = True
    dropped = np.flatnonzero(copies | lost_to_new)
    raw = contested.keys(dropped, "raw").column("raw").to_pylist()
    ids = np.concatenate([found.ids, previous.ledger.ids])
    for record, digest in zip(dropped.tolist(), raw, strict=True):
        keeper = int(result.keeper[record])
        column = VERSIONS if ids[keeper] == found.ids[record] else COPIES
        result.dropped[column].setdefault(keeper, []).append(digest.hex())
    for index, digests in result.versions.earlier.items():
        result.dropped[VERSIONS].setdefault(index, []).extend(digests)


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
