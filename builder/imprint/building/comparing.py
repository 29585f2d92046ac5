"""Comparing: the pairs of records that are alike, found by banding and confirmed by their exact Jaccard similarity.

Bands are mapped in ranges, candidate pairs in chunks; the driver holds pairs alone. Laws: a pair is confirmed by its
texts and by nothing else; which pairs are found depends on the records, never on the number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imprint.building.parts import WorkFolder
from imprint.building.signing import Signed
from imprint.building.text_sources import Chunk, Records, batches
from imprint.building.texts import CHUNK_BYTES, Texts
from imprint.dedup.banding import Banded, candidate_pairs
from imprint.dedup.exact import distinct
from imprint.dedup.shingles import jaccard, shingles
from imprint.engine.base import Engine

BANDS = 4
"""Bands of a task."""

PAIRS = 1000
"""Pairs of a task at most."""


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
    covered: float | None = None
    """Agreement with the leader of a large bucket from which a record needs no other leader (Banded.covered)."""


@dataclass(frozen=True, slots=True)
class BandTask:
    """A range of bands to look for pairs in."""

    work: WorkFolder
    signed: Signed
    allowed: npt.NDArray[np.bool_]
    first: int
    last: int
    """Behind the last band."""
    covered: float | None

    @property
    def out(self) -> Path:
        """Where the pairs go."""
        return self.work.array(f"pairs-{self.first}")


def band(task: BandTask) -> None:
    """Find the candidate pairs of a range of bands, as numbers of records."""
    members = np.load(task.work.array("members"))
    kinds = np.load(task.work.array("kinds"))
    signed = task.signed
    banded = Banded(signed.map(), signed.rows_of(members), kinds, task.allowed, signed.search, task.covered)
    pairs = members[candidate_pairs(banded, task.first, task.last)]
    np.save(task.out, np.sort(pairs, axis=1))


@dataclass(frozen=True, slots=True)
class CompareTask:
    """Pairs to compare exactly."""

    one: npt.NDArray[np.int64]
    """Places among the texts of the chunk."""
    other: npt.NDArray[np.int64]
    chunk: Chunk


def compare(task: CompareTask) -> npt.NDArray[np.float64]:
    """The exact Jaccard similarity of each pair."""
    sets = []
    for _, texts in batches(task.chunk):
        found = shingles(texts)
        sets += [found.set_of(index) for index in range(len(found))]
    pairs = zip(task.one.tolist(), task.other.tolist(), strict=True)
    return np.array([jaccard(sets[one], sets[other]) for one, other in pairs])


@dataclass(frozen=True, slots=True)
class Comparing:
    """Looks for pairs among the records of a build."""

    texts: Texts
    """Where the texts lie."""
    engine: Engine
    """What maps."""

    def pairs(self, signed: Signed, among: Among) -> Confirmed:
        """The pairs that a search finds among some records, confirmed from the search's threshold on."""
        found = self._candidates(signed, among)
        tasks = list(self._tasks(found))
        similarity = np.concatenate([np.empty(0), *self.engine.map(compare, tasks)])
        confirmed = Confirmed(found[:, 0], found[:, 1], similarity)
        return confirmed.only(similarity >= signed.search.at)

    def _candidates(self, signed: Signed, among: Among) -> npt.NDArray[np.int64]:
        """Pairs worth an exact look: by the second record, so that each published shard is read in one go."""
        work = self.texts.work
        np.save(work.array("members"), among.members.astype(np.int64))
        np.save(work.array("kinds"), among.kinds.astype(np.int8))
        bands = signed.search.bands
        tasks = [
            BandTask(work, signed, among.allowed, start, min(start + BANDS, bands), among.covered)
            for start in range(0, bands, BANDS)
        ]
        for _ in self.engine.map(band, tasks):
            pass
        pieces = [np.load(task.out) for task in tasks]
        coded = distinct(np.concatenate([pair[:, 1] * len(self.texts) + pair[:, 0] for pair in pieces]))
        other, one = np.divmod(coded, max(len(self.texts), 1))
        return np.stack([one, other], axis=1)

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
