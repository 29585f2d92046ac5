"""Dividing: near duplicates to clusters, clusters to splits, and a second search for what the first one missed.

    first search → place newcomers → second search across splits → place again, until nothing is found

Laws: those of splits.placing; what the second search finds between two splits becomes a confirmed pair and all newcomers
are placed again; a correction that would bring a published record close to one of another split is not applied.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from imprint.building.candidates import Candidates
from imprint.building.comparing import Among, Confirmed
from imprint.building.previous import Previous
from imprint.building.searching import Searching
from imprint.building.texts import id_of
from imprint.errors import InternalError
from imprint.findings import Finding
from imprint.recipe import TRAIN, Recipe
from imprint.releases.ledger import codes, from_hex, sort_times
from imprint.splits.placing import Neighbours, Placed, Rules, Standing, place
from imprint.splits.strategies import by_hash, fill_empty

Array = npt.NDArray[Any]

ROUNDS = 100
"""Times that newcomers are placed at most; each but the last adds a pair, and one or two are the rule."""

NOT_HERE = -1
"""The split of a record that is not in the release."""


@dataclass(slots=True)
class Division:
    """Where each record stands."""

    split: Array
    """Index of the split of each record, by number; NOT_HERE for those that are not in the release."""
    cluster: Array
    """Cluster of each record, 16 bytes."""
    placed: Placed
    """What became of newcomers that have neighbours."""
    closed: tuple[int, ...] = ()
    """Newcomers whose own split takes none."""
    pairs: Confirmed = field(default_factory=Confirmed.none)
    """The confirmed pairs of both searches."""
    across: Confirmed | None = None
    """Pairs across splits that the last second search found; None where there was none."""
    rounds: int = 0
    """Second searches."""
    seen: int = 0
    """Pairs with a record of an evaluation split that the second search found first of all."""
    known: int = 0
    """Those of them that the first search had joined."""
    conflicts: tuple[tuple[int, int], ...] = ()
    """Correction and the record of another split that it would come close to."""
    findings: list[Finding] = field(default_factory=list)


def closed_splits(previous: Previous, recipe: Recipe) -> list[int]:
    """The splits that take no newcomers: after the first release all but train, unless the recipe says otherwise."""
    if not len(previous.ledger) or recipe.splits.grow != TRAIN:
        return []
    return [number for number, name in enumerate(recipe.splits.names) if name != TRAIN]


class Dividing:
    """Divides the records that are kept by text; `correction` gives the ledger row that each correction replaces."""

    def __init__(
        self,
        found: Candidates,
        previous: Previous,
        recipe: Recipe,
        new: Array,
        corrections: dict[int, int],
        stays: Array,
    ) -> None:
        """Prepare.

        Args:
            found: the candidates.
            previous: the release that stands.
            recipe: thresholds, strategy, growth.
            new: candidates that are new.
            corrections: candidate to the ledger row whose place it takes.
            stays: mask of the ledger rows that stay.
        """
        self.found = found
        self.previous = previous
        self.recipe = recipe
        self.names = list(recipe.splits.names)
        self.count = len(found)
        ledger = previous.ledger
        columns = ledger.columns("split", "dup_cluster", "added_in", "published_at")
        self.rows = np.concatenate(
            [np.flatnonzero(stays), np.fromiter(corrections.values(), np.int64, len(corrections))]
        )
        self.standing = np.concatenate(
            [np.flatnonzero(stays) + self.count, np.fromiter(corrections, np.int64, len(corrections))]
        )
        self.ledger_split = codes(columns.column("split"), self.names)
        self.ledger_cluster = from_hex(columns.column("dup_cluster"), 16)
        self.new = new[np.lexsort((found.ids[new], found.published_at[new]))]
        age = np.empty(len(ledger), np.int64)
        added, published = columns.column("added_in").to_numpy(), sort_times(columns.column("published_at"))
        age[np.lexsort((ledger.ids, published, added))] = np.arange(len(ledger))
        self.age = age
        self.closed = frozenset(closed_splits(previous, recipe))

    def run(self, searching: Searching) -> Division:
        """Divide, until a second search finds nothing new across splits.

        Raises:
            InternalError: it finds something again and again.
        """
        train = self.names.index(TRAIN)
        pairs = searching.first(self._first(self.new))
        crowded = searching.crowded
        recall: tuple[int, int] | None = None
        rounds = 0
        for _ in range(ROUNDS):
            result = self._place(pairs)
            if crowded and len(missed := self._among_kept(searching, result, pairs)):
                pairs = pairs.with_more(missed)
                continue
            if result.conflicts:
                return result
            second = searching.second(result.split, train)
            rounds += 1
            recall = recall or self._recall(pairs, second, result)
            apart = second.only(result.split[second.one] != result.split[second.other])
            missed = self._movable(apart)
            if not len(missed):
                result.across, result.rounds = apart, rounds
                result.seen, result.known = recall
                return result
            pairs = pairs.with_more(missed)
        raise InternalError(f"the searches found new pairs {ROUNDS} times")

    def _recall(self, first: Confirmed, second: Confirmed, result: Division) -> tuple[int, int]:
        """How many pairs the second search found, and how many of them the first one had joined."""
        count = len(result.split)
        joined = np.isin(second.coded(count), first.coded(count))
        joined |= result.cluster[second.one] == result.cluster[second.other]
        alike = second.similarity >= self.recipe.dedup.group_at
        return int(alike.sum()), int((alike & joined).sum())

    def _movable(self, apart: Confirmed) -> Confirmed:
        """Pairs of which one record can still move; of published ones neither can, which is told."""
        published = (apart.one >= self.count) & (apart.other >= self.count)
        return apart.only((apart.similarity >= self.recipe.dedup.group_at) & ~published)

    def _among_kept(self, searching: Searching, result: Division, pairs: Confirmed) -> Confirmed:
        """Pairs that are new when only what is kept is searched.

        In a crowd each record meets some leaders only: where those are left out, others must lead.
        """
        kept = self.new[result.split[self.new] != NOT_HERE]
        found = searching.first(self._first(kept))
        return found.only(~np.isin(found.coded(len(result.split)), pairs.coded(len(result.split))))

    def _first(self, new: Array) -> Among:
        """Newcomers and corrections with each other and with what is published."""
        moving = self.standing < self.count
        kinds = np.concatenate([np.where(moving, 1, 0), np.ones(len(new))])
        by_age = np.argsort(self.age[self.rows], kind="stable")
        kinds[: len(by_age)] = kinds[: len(by_age)][by_age]
        members = np.concatenate([self.standing[by_age], new])
        # Whoever is so near to a leader is dropped for it; where that is left out itself, what is kept is searched again.
        dedup = self.recipe.dedup
        enough = dedup.drop_at if dedup.keep == "first" else None
        return Among(members, kinds.astype(np.int8), np.array([[False, True], [True, True]]), enough)

    def _place(self, pairs: Confirmed) -> Division:
        found, dedup = self.found, self.recipe.dedup
        neighbours = Neighbours.among(pairs.one, pairs.other, pairs.similarity)
        linked = np.isin(self.new, np.fromiter(neighbours.of, np.int64, len(neighbours.of)))
        standing = self._standing_among(neighbours)
        own = found.own_splits
        rules = Rules(dedup.drop_at if dedup.keep == "first" else None, self.closed)
        near = self.new[linked].tolist()
        placed = place(near, {record: int(own[record]) for record in near}, neighbours, standing, rules)
        split = np.full(self.count + len(self.age), NOT_HERE, np.int8)
        cluster = np.concatenate([found.ids, self.ledger_cluster]).astype("S16")
        split[self.standing] = self.ledger_split[self.rows]
        cluster[self.standing] = self.ledger_cluster[self.rows]
        for record, first in placed.group.items():
            cluster[record] = cluster[placed.joined[record]] if record in placed.joined else found.ids[first]
        self._choose(split, placed, self.new[~linked])
        alone = self.new[~linked]
        shut = np.isin(own[alone], sorted(self.closed))
        split[alone[shut]] = NOT_HERE
        conflicts = tuple(
            (a, b) if a < self.count else (b, a) for a, b in placed.leaks if min(a, b) < self.count
        )
        result = Division(split, cluster, placed, tuple(alone[shut].tolist()), pairs, conflicts=conflicts)
        result.findings += self._fill_empty(result)
        return result

    def _standing_among(self, neighbours: Neighbours) -> Standing:
        near = np.isin(self.standing, np.fromiter(neighbours.of, np.int64, len(neighbours.of)))
        records, rows = self.standing[near], self.rows[near]
        names = self.ledger_cluster[rows]
        # The age of a cluster is that of its first member, near or not.
        wanted, inverse = np.unique(names, return_inverse=True)
        eldest = np.full(len(wanted), len(self.age))
        members = (
            np.flatnonzero(np.isin(self.ledger_cluster, wanted)) if len(wanted) else np.empty(0, np.int64)
        )
        np.minimum.at(eldest, np.searchsorted(wanted, self.ledger_cluster[members]), self.age[members])
        keys = records.tolist()
        return Standing(
            dict(zip(keys, self.ledger_split[rows].tolist(), strict=True)),
            dict(zip(keys, self.age[rows].tolist(), strict=True)),
            dict(zip(keys, eldest[inverse].tolist(), strict=True)),
        )

    def _choose(self, split: Array, placed: Placed, alone: Array) -> None:
        """Write the split of each newcomer that is kept: its own, its cluster's, or what the strategy says of the cluster."""
        groups = np.fromiter(placed.group, np.int64, len(placed.group))
        leads = np.array([placed.group[record] for record in groups.tolist()], np.int64)
        kept = np.concatenate([alone, groups])
        leads = np.concatenate([alone, leads])
        own = self.found.own_splits[leads]
        if self.closed:
            choices = np.full(len(leads), self.names.index(TRAIN), np.int8)
        else:
            choices = by_hash(self.found.split_hashes[leads], self.recipe.splits.ratios)
        decided = np.array([placed.split.get(lead, -1) for lead in leads.tolist()], np.int8)
        split[kept] = np.where(decided >= 0, decided, np.where(own >= 0, own, choices))

    def _fill_empty(self, result: Division) -> list[Finding]:
        """At the first release, give each empty split a cluster; a date or a source gives none away."""
        if len(self.previous.ledger):
            return []
        kept = self.new[result.split[self.new] != NOT_HERE]
        if self.recipe.splits.strategy != "hash":
            here = set(result.split[kept].tolist())
            return [
                Finding("split_left_out", f"the split {name} is left out: no article belongs to it")
                for number, name in enumerate(self.names)
                if number not in here
            ]
        leads = np.array([result.placed.group.get(record, record) for record in kept.tolist()], np.int64)
        clusters, inverse, sizes = np.unique(leads, return_inverse=True, return_counts=True)
        choices = result.split[clusters]
        findings = fill_empty(choices, self.found.split_hashes[clusters], sizes, self.names)
        result.split[kept] = choices[inverse]
        return findings

    def id_of(self, record: int) -> str:
        """Id of a record, by its number."""
        return id_of(record, self.found, self.previous)
