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
from imprint.building.signing import Searches, map_signatures
from imprint.building.texts import Piece, Records, Texts
from imprint.dedup.banding import Banded, candidate_pairs
from imprint.dedup.exact import distinct
from imprint.dedup.minhash import Search
from imprint.dedup.shingles import jaccard, shingles
from imprint.engine.base import Engine

BANDS = 4
"""Bands of a task."""

PAIRS = 1000
"""Pairs of a task at most."""

BYTES = 32 << 20
"""UTF-8 bytes of the texts of a task, about: their shingles take six times as much."""


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
    searches: Searches
    which: int
    """Index of the search."""
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
    before = sum(search.length for search in task.searches[: task.which])
    search = task.searches[task.which]
    columns = map_signatures(task.work, task.searches)[:, before : before + search.length]
    members = np.load(task.work.array("members"), mmap_mode="r")
    kinds = np.load(task.work.array("kinds"))
    banded = Banded(columns, members, kinds, task.allowed, search, task.covered)
    pairs = members[candidate_pairs(banded, task.first, task.last)]
    np.save(task.out, np.sort(pairs, axis=1))


@dataclass(frozen=True, slots=True)
class CompareTask:
    """Pairs to compare exactly."""

    one: npt.NDArray[np.int64]
    """Positions among the texts of the pieces."""
    other: npt.NDArray[np.int64]
    pieces: tuple[Piece, ...]


def compare(task: CompareTask) -> npt.NDArray[np.float64]:
    """The exact Jaccard similarity of each pair."""
    texts = [text for piece in task.pieces for text in piece.texts()]
    found = shingles(texts)
    sets = [found.set_of(index) for index in range(len(found))]
    pairs = zip(task.one.tolist(), task.other.tolist(), strict=True)
    return np.array([jaccard(sets[one], sets[other]) for one, other in pairs])


class Comparing:
    """Looks for pairs among the records of a build."""

    def __init__(self, texts: Texts, searches: Searches, engine: Engine) -> None:
        """Prepare; the signatures of all records lie in the work folder.

        Args:
            texts: where the texts lie.
            searches: the searches that texts were signed for.
            engine: what maps.
        """
        self.texts = texts
        self.searches = searches
        self.engine = engine
        self._sizes = texts.sizes()

    def pairs(self, which: int, among: Among) -> Confirmed:
        """The pairs that a search finds among some records, confirmed from the search's threshold on."""
        search = self.searches[which]
        found = self._candidates(which, search, among)
        tasks = list(self._tasks(found))
        similarity = np.concatenate([np.empty(0), *self.engine.map(compare, tasks)])
        confirmed = Confirmed(found[:, 0], found[:, 1], similarity)
        return confirmed.only(similarity >= search.at)

    def _candidates(self, which: int, search: Search, among: Among) -> npt.NDArray[np.int64]:
        """Pairs worth an exact look: by the second record, so that each published shard is read in one go."""
        work = self.texts.work
        np.save(work.array("members"), among.members.astype(np.int64))
        np.save(work.array("kinds"), among.kinds.astype(np.int8))
        tasks = [
            BandTask(work, self.searches, which, among.allowed, start, min(start + BANDS, search.bands), among.covered)
            for start in range(0, search.bands, BANDS)
        ]  # fmt: skip
        for _ in self.engine.map(band, tasks):
            pass
        pieces = [np.load(task.out) for task in tasks]
        coded = distinct(np.concatenate([pair[:, 1] * len(self.texts) + pair[:, 0] for pair in pieces]))
        other, one = np.divmod(coded, max(len(self.texts), 1))
        return np.stack([one, other], axis=1)

    def _tasks(self, found: npt.NDArray[np.int64]) -> Iterator[CompareTask]:
        weights = np.cumsum(self._sizes[found[:, 0]] + self._sizes[found[:, 1]])
        start = 0
        while start < len(found):
            done = weights[start - 1] if start else 0
            end = int(np.searchsorted(weights, done + BYTES, side="right"))
            end = min(max(end, start + 1), start + PAIRS)
            chunk = found[start:end]
            records, positions = np.unique(chunk, return_inverse=True)
            positions = positions.reshape(chunk.shape)
            yield CompareTask(positions[:, 0], positions[:, 1], tuple(self.texts.pieces(records)))
            start = end
