"""Comparing: the pairs of records that are alike, found by banding and confirmed by their exact Jaccard similarity.

Bands are mapped in ranges, candidate pairs in chunks; the driver holds pairs alone. Laws: a pair is confirmed by its
texts and by nothing else; which pairs are found depends on the records, never on the number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imprint.building.parts import WorkFolder
from imprint.building.signing import Signed
from imprint.building.text_sources import Chunk, Records, batches
from imprint.building.texts import CHUNK_BYTES, Texts
from imprint.dedup.banding import Banded, candidate_pairs
from imprint.dedup.crowds import LEADERS, crowd_pairs
from imprint.dedup.exact import distinct
from imprint.dedup.shingles import jaccard, shingles
from imprint.engine.base import Engine

BANDS = 4
"""Bands of a task."""

PAIRS = 1000
"""Pairs of a task at most."""

CROWD = 5_000
"""Records of a crowd that are compared in one task: some 15 MB of text, ten times that in shingles."""

COVERING = 8
"""Leaders of a crowd that are asked, before anything else, whether the rest is nearly theirs."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Pairs of records that are alike."""

    one: Records
    """The smaller number of each pair."""
    other: Records
    similarity: npt.NDArray[np.float64]
    """Exact Jaccard similarity of each pair."""

    @classmethod
    def none(cls) -> Confirmed:
        """No pairs."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    def __len__(self) -> int:
        return len(self.one)

    def coded(self, count: int) -> npt.NDArray[np.int64]:
        """Each pair as one number, among `count` records."""
        return self.one * count + self.other

    def only(self, mask: npt.NDArray[np.bool_]) -> Confirmed:
        """Some of them."""
        return Confirmed(self.one[mask], self.other[mask], self.similarity[mask])

    def with_more(self, more: Confirmed) -> Confirmed:
        """These and others, which must be different pairs."""
        return Confirmed(
            np.concatenate([self.one, more.one]),
            np.concatenate([self.other, more.other]),
            np.concatenate([self.similarity, more.similarity]),
        )


@dataclass(frozen=True, slots=True)
class Among:
    """Who is compared with whom."""

    members: Records
    """Numbers of the records, in the order in which they lead."""
    kinds: npt.NDArray[np.int8]
    """A kind for each of them."""
    allowed: npt.NDArray[np.bool_]
    """Kind by kind: whether such pairs are looked for."""
    enough: float | None = None
    """Likeness to a leader of a crowd from which a record needs no other; None where each is to meet all it can."""


@dataclass(frozen=True, slots=True)
class BandTask:
    """A range of bands to look for pairs in."""

    work: WorkFolder
    signed: Signed
    allowed: npt.NDArray[np.bool_]
    first: int
    last: int
    """Behind the last band."""

    def out(self, what: str) -> Path:
        """Where `pairs`, `crowds` and their `ends` go."""
        return self.work.array(f"{what}-{self.first}")


def band(task: BandTask) -> None:
    """Find the candidate pairs and the crowds of a range of bands, as numbers of records."""
    members = np.load(task.work.array("members"))
    kinds = np.load(task.work.array("kinds"))
    signed = task.signed
    banded = Banded(signed.map(), signed.rows_of(members), kinds, task.allowed, signed.search)
    pairs, crowds = candidate_pairs(banded, task.first, task.last)
    np.save(task.out("pairs"), np.sort(members[pairs], axis=1))
    np.save(task.out("crowds"), np.concatenate([np.empty(0, np.int64), *crowds]))
    np.save(task.out("ends"), np.cumsum([len(crowd) for crowd in crowds], dtype=np.int64))


@dataclass(frozen=True, slots=True)
class CompareTask:
    """Pairs to compare exactly."""

    one: npt.NDArray[np.int64]
    """Places among the texts of the chunk."""
    other: npt.NDArray[np.int64]
    chunk: Chunk


def compare(task: CompareTask) -> npt.NDArray[np.float64]:
    """The exact Jaccard similarity of each pair."""
    sets = _sets(task.chunk)
    pairs = zip(task.one.tolist(), task.other.tolist(), strict=True)
    return np.array([jaccard(sets[one], sets[other]) for one, other in pairs])


@dataclass(frozen=True, slots=True)
class CrowdTask:
    """A crowd to look for pairs in."""

    chunk: Chunk
    """Its records."""
    places: npt.NDArray[np.int64]
    """Place in the chunk of each of them, in the order of precedence."""
    kinds: npt.NDArray[np.int8]
    """Kind of each, in the same order."""
    allowed: npt.NDArray[np.bool_]
    at: float
    enough: float | None


def compare_crowd(task: CrowdTask) -> Confirmed:
    """The pairs of a crowd that are alike."""
    sets = _sets(task.chunk)
    ranked = [sets[place] for place in task.places.tolist()]
    covered, left = _covered(ranked, task.enough)
    rest = left[crowd_pairs([ranked[one] for one in left.tolist()], task.at)]
    pairs = np.concatenate([covered, rest])
    pairs = pairs[task.allowed[task.kinds[pairs[:, 0]], task.kinds[pairs[:, 1]]]]
    similarity = np.array([jaccard(ranked[one], ranked[other]) for one, other in pairs.tolist()])
    numbers = np.sort(task.chunk.records[task.places[pairs]], axis=1)
    return Confirmed(numbers[:, 0], numbers[:, 1], similarity).only(similarity >= task.at)


def _covered(sets: list[npt.NDArray[np.uint64]], enough: float | None) -> tuple[Records, Records]:
    """The pairs of the first leaders with all that need no other, and the records that are left, leaders among them."""
    left = np.arange(len(sets))
    pairs = [np.empty((0, 2), np.int64)]
    for turn in range(COVERING if enough is not None else 0):
        if turn >= len(left) - 1:
            break
        leader, others = int(left[turn]), left[turn + 1 :]
        likeness = np.array([jaccard(sets[leader], sets[other]) for other in others.tolist()])
        near = others[likeness >= enough]
        # A leader whom hardly anybody follows says that this is no crowd of copies.
        if len(near) < len(others) / 10:
            break
        pairs.append(np.stack([np.full(len(near), leader), near], axis=1))
        left = np.concatenate([left[: turn + 1], others[likeness < enough]])
    return np.concatenate(pairs), left


def _sets(chunk: Chunk) -> list[npt.NDArray[np.uint64]]:
    """The shingles of each text of a chunk."""
    sets = []
    for _, texts in batches(chunk):
        found = shingles(texts)
        sets += [found.set_of(index) for index in range(len(found))]
    return sets


def merged(crowds: Sequence[Records], members: int) -> list[Records]:
    """Crowds that share a record, joined: each in the order of precedence, cut where it is too large for one task."""
    label = np.arange(members)
    for crowd in crowds:
        found = distinct(label[crowd])
        if len(found) > 1:
            label[np.isin(label, found)] = found[0]
    inside = np.zeros(members, np.bool_)
    for crowd in crowds:
        inside[crowd] = True
    positions = np.flatnonzero(inside)
    labels = label[positions]
    return [piece for one in distinct(labels).tolist() for piece in _cut(positions[labels == one])]


def _cut(crowd: Records) -> list[Records]:
    """A crowd in pieces for a task each; the leaders of the first one stand in all, so that it stays whole."""
    first, *others = np.array_split(crowd, -(-len(crowd) // CROWD))
    return [first, *(np.concatenate([first[:LEADERS], piece]) for piece in others)]


@dataclass(frozen=True, slots=True)
class Comparing:
    """Looks for pairs among the records of a build."""

    texts: Texts
    """Where the texts lie."""
    engine: Engine
    """What maps."""

    def pairs(self, signed: Signed, among: Among) -> tuple[Confirmed, bool]:
        """The pairs that a search finds among some records, confirmed from the search's threshold on.

        Returns:
            The pairs, and whether there were crowds, in which not all pairs are looked for.
        """
        found, crowds = self._candidates(signed, among)
        self.texts.copy(self._read(found, crowds, among), self.engine)
        tasks = list(self._tasks(found))
        similarity = np.concatenate([np.empty(0), *self.engine.map(compare, tasks)])
        confirmed = Confirmed(found[:, 0], found[:, 1], similarity).only(similarity >= signed.search.at)
        tasks_of_crowds = [self._crowd_task(members, signed, among) for members in crowds]
        for more in self.engine.map(compare_crowd, tasks_of_crowds):
            fresh = ~np.isin(more.coded(len(self.texts)), confirmed.coded(len(self.texts)))
            confirmed = confirmed.with_more(more.only(fresh))
        return confirmed, bool(crowds)

    def _candidates(self, signed: Signed, among: Among) -> tuple[npt.NDArray[np.int64], list[Records]]:
        """Pairs worth an exact look, by the second record, so that each published shard is read in one go; and crowds.

        A crowd is given as positions in `among.members`.
        """
        work = self.texts.work
        np.save(work.array("members"), among.members.astype(np.int64))
        np.save(work.array("kinds"), among.kinds.astype(np.int8))
        bands = signed.search.bands
        tasks = [
            BandTask(work, signed, among.allowed, start, min(start + BANDS, bands))
            for start in range(0, bands, BANDS)
        ]
        for _ in self.engine.map(band, tasks):
            pass
        pieces = [np.load(task.out("pairs")) for task in tasks]
        coded = distinct(np.concatenate([pair[:, 1] * len(self.texts) + pair[:, 0] for pair in pieces]))
        other, one = np.divmod(coded, max(len(self.texts), 1))
        crowds = [
            crowd
            for task in tasks
            for crowd in np.split(np.load(task.out("crowds")), np.load(task.out("ends")))
        ]
        return np.stack([one, other], axis=1), merged(crowds, len(among.members))

    def _read(self, found: npt.NDArray[np.int64], crowds: list[Records], among: Among) -> Records:
        """The records whose texts are compared."""
        members = [among.members[crowd] for crowd in crowds]
        return distinct(np.concatenate([found.ravel(), *members]))

    def _crowd_task(self, crowd: Records, signed: Signed, among: Among) -> CrowdTask:
        numbers = among.members[crowd]
        order = np.argsort(numbers)
        return CrowdTask(
            self.texts.chunk(numbers[order]),
            np.argsort(order),
            among.kinds[crowd],
            among.allowed,
            signed.search.at,
            among.enough,
        )

    def _tasks(self, found: npt.NDArray[np.int64]) -> Iterator[CompareTask]:
        weights = np.cumsum(self.texts.sizes[found[:, 0]] + self.texts.sizes[found[:, 1]])
        start = 0
        while start < len(found):
            done = weights[start - 1] if start else 0
            end = int(np.searchsorted(weights, done + CHUNK_BYTES, side="right"))
            end = min(max(end, start + 1), start + PAIRS)
            records, places = np.unique(found[start:end], return_inverse=True)
            places = places.reshape(end - start, 2)
            yield CompareTask(places[:, 0], places[:, 1], self.texts.chunk(records))
            start = end
