"""Placing: what becomes of newcomers among their near duplicates, one after the other in the order that was fixed.

Laws: a published record never moves; two records that are kept and alike stand in one split; a newcomer whose neighbours
stand in two splits, or in one that takes none, is withheld; published clusters never merge; newcomers that touch only
each other are one cluster, whose split is chosen last, when all of it is known. The result depends on the set of
records, their order of placing and the confirmed pairs alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Records = npt.NDArray[np.int64]
"""Numbers of records."""

UNDECIDED = -1
"""The split of a newcomer that goes where its cluster goes."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The confirmed pairs, as each record sees them."""

    of: Mapping[int, Sequence[tuple[int, float]]]
    """Record to its neighbours with their similarity; records without any are absent."""

    @classmethod
    def among(cls, one: Records, other: Records, similarity: npt.NDArray[np.float64]) -> Neighbours:
        """The neighbours of all records in some pairs."""
        of: dict[int, list[tuple[int, float]]] = {}
        for first, second, alike in zip(one.tolist(), other.tolist(), similarity.tolist(), strict=True):
            of.setdefault(first, []).append((second, alike))
            of.setdefault(second, []).append((first, alike))
        return cls(of)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands already: published records, and corrections in the place of one."""

    split: Mapping[int, int]
    """Record with neighbours to its split."""
    age: Mapping[int, int]
    """Record to its place in the order of age: the lower, the earlier it was published."""
    cluster_age: Mapping[int, int]
    """Record to the age of the first member of its cluster."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How newcomers are placed."""

    drop_at: float | None
    """Similarity from which a newcomer is dropped for a record that is kept; None drops none."""
    closed: frozenset[int]
    """Splits that take no newcomers."""


@dataclass(slots=True)
class Placed:
    """What became of the newcomers."""

    dropped: dict[int, int] = field(default_factory=dict)
    """Near duplicate to the record that is kept."""
    open: set[int] = field(default_factory=set)
    """Near duplicates that an earlier build may have withheld, since they are near another split, too."""
    withheld: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Withheld newcomer to the neighbours that keep it out; none where its own split takes no newcomers."""
    joined: dict[int, int] = field(default_factory=dict)
    """Newcomer to a standing record whose cluster it joins."""
    group: dict[int, int] = field(default_factory=dict)
    """Newcomer with kept newcomers as neighbours to the first of their group."""
    split: dict[int, int] = field(default_factory=dict)
    """First newcomer of a group to the split that is decided for it; absent where none is."""
    leaks: list[tuple[int, int]] = field(default_factory=list)
    """Pairs of standing records in two splits, the later one first."""


def place(
    newcomers: Sequence[int],
    own: Mapping[int, int],
    neighbours: Neighbours,
    standing: Standing,
    rules: Rules,
) -> Placed:
    """Place newcomers.

    Args:
        newcomers: all of them that have neighbours or a split of their own, in the order of placing.
        own: newcomer to the split that it belongs to by itself; absent or UNDECIDED where its cluster decides.
        neighbours: the confirmed pairs.
        standing: what stands already.
        rules: how they are placed.
    """
    return _Placing(own, neighbours, standing, rules).run(newcomers)


class _Placing:
    def __init__(
        self, own: Mapping[int, int], neighbours: Neighbours, standing: Standing, rules: Rules
    ) -> None:
        self.own = own
        self.neighbours = neighbours
        self.standing = standing
        self.rules = rules
        self.result = Placed()
        self.rank: dict[int, int] = {}
        """Kept newcomer to its place in the order."""
        self.parent: dict[int, int] = {}
        """Union-find over kept newcomers; the root is the first of its group."""
        self.decided: dict[int, int] = {}
        """Root to the split that is decided."""

    def run(self, newcomers: Sequence[int]) -> Placed:
        for rank, record in enumerate(newcomers):
            self._place(record, rank)
        self._join_groups()
        self.result.leaks = sorted(self._leaks())
        return self.result

    def _place(self, record: int, rank: int) -> None:
        near = [
            (other, alike)
            for other, alike in self.neighbours.of.get(record, ())
            if other in self.standing.split or other in self.rank
        ]
        if self.rules.drop_at is not None:
            twins = [other for other, alike in near if alike >= self.rules.drop_at]
            if twins:
                self._drop(record, min(twins, key=self._age), near)
                return
        own = self.own.get(record, UNDECIDED)
        touched: dict[int, int] = {} if own == UNDECIDED else {own: -1}
        for other, _ in sorted(near, key=lambda pair: self._age(pair[0])):
            split = self._split_of(other)
            if split != UNDECIDED:
                touched.setdefault(split, other)
        if len(touched) > 1 or touched.keys() & self.rules.closed:
            self.result.withheld[record] = tuple(other for other in touched.values() if other >= 0)
            return
        self._keep(
            record, rank, [other for other, _ in near if other in self.rank], next(iter(touched), None)
        )

    def _drop(self, record: int, keeper: int, near: Sequence[tuple[int, float]]) -> None:
        self.result.dropped[record] = keeper
        touched = {self.standing.split[other] for other, _ in near if other in self.standing.split}
        own, here = self.own.get(record, UNDECIDED), self._split_of(keeper)
        elsewhere = {*touched, own} - {here, UNDECIDED}
        if (
            own in self.rules.closed
            or elsewhere & self.rules.closed
            or len({*touched, own, here} - {UNDECIDED}) > 1
        ):
            self.result.open.add(record)

    def _age(self, record: int) -> tuple[int, int]:
        """Published records before newcomers, the earlier ones first."""
        return (1, self.rank[record]) if record in self.rank else (0, self.standing.age[record])

    def _split_of(self, record: int) -> int:
        if record in self.rank:
            return self.decided.get(self._root(record), UNDECIDED)
        return self.standing.split[record]

    def _keep(self, record: int, rank: int, others: Sequence[int], split: int | None) -> None:
        self.rank[record] = rank
        self.parent[record] = record
        roots = {record, *(self._root(other) for other in others)}
        first = min(roots, key=lambda root: self.rank[root])
        for root in roots:
            self.parent[root] = first
            self.decided.pop(root, None)
        # Whatever was undecided in the group goes where this record must go.
        if split is not None:
            self.decided[first] = split

    def _root(self, record: int) -> int:
        while self.parent[record] != record:
            self.parent[record] = self.parent[self.parent[record]]
            record = self.parent[record]
        return record

    def _join_groups(self) -> None:
        """Each newcomer joins the oldest published cluster that it touches itself, or else that its group touches."""
        reached: dict[int, int] = {}
        for record in self.rank:
            standing = [
                other for other, _ in self.neighbours.of.get(record, ()) if other in self.standing.split
            ]
            root = self._root(record)
            self.result.group[record] = root
            if standing:
                oldest = min(standing, key=self._cluster_age)
                self.result.joined[record] = oldest
                reached[root] = min(reached.get(root, oldest), oldest, key=self._cluster_age)
        for record in self.rank:
            root = self._root(record)
            if record not in self.result.joined and root in reached:
                self.result.joined[record] = reached[root]
        self.result.split = dict(self.decided)

    def _cluster_age(self, record: int) -> tuple[int, int]:
        return self.standing.cluster_age[record], self.standing.age[record]

    def _leaks(self) -> set[tuple[int, int]]:
        """Standing neighbours in two splits: a search of this build found what an earlier one did not, or a correction."""
        age = self.standing.age
        return {
            (max(record, other, key=age.__getitem__), min(record, other, key=age.__getitem__))
            for record, split in self.standing.split.items()
            for other, _ in self.neighbours.of.get(record, ())
            if self.standing.split.get(other, split) != split
        }
