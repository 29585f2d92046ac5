"""Spans: which texts share a run of 13 words with others, the usual measure of contamination (Brown et al., 2020).

The spans of the texts in question (evaluation splits, a benchmark) become an index; every other text looks its own spans
up. Law: the answer is exact up to 64-bit hashes, in time linear in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imprint.building.index import HashIndex, holds
from imprint.building.text_sources import TextSource, batches
from imprint.dedup.exact import distinct
from imprint.dedup.shingles import Shingles, spans
from imprint.dedup.tokens import token_hashes
from imprint.engine.base import Engine

SPAN = 13
"""Tokens of a span."""

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a source in question."""

    texts: int
    short: int
    """Texts of fewer words than a span has."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a source in question shares with the others."""

    asked: Asked
    rows: npt.NDArray[np.int64]
    """Places of its texts that share a span."""
    spans: Hashes
    """A span that each of them shares."""


@dataclass(frozen=True, slots=True)
class _Task:
    source: TextSource
    folder: Path
    name: str
    index: HashIndex | None = None

    def file(self, what: str) -> Path:
        return self.folder / f"{self.name}-{what}.npy"

    def spans(self) -> Iterator[tuple[int, Shingles]]:
        """The spans of the source, a batch of texts at a time."""
        for start, texts in batches(self.source):
            yield start, spans(token_hashes(texts), SPAN)


class SpanSearch:
    """Looks for shared spans; its files go to a folder of the caller."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        """Prepare a search that writes into `folder`."""
        self.folder = folder
        self.engine = engine

    def run(self, asked: Sequence[TextSource], others: Sequence[TextSource]) -> list[Found]:
        """What each source in question shares with any of the others."""
        tasks = [_Task(source, self.folder, f"asked-{number}") for number, source in enumerate(asked)]
        known = list(self.engine.map(_ask, tasks))
        index = HashIndex.make(self.folder, "asked", [task.file("sorted") for task in tasks])
        seekers = [
            _Task(source, self.folder, f"other-{number}", index) for number, source in enumerate(others)
        ]
        for _ in self.engine.map(_seek, seekers):
            pass
        hits = [np.load(seeker.file("hits")) for seeker in seekers]
        np.save(self.folder / "shared.npy", distinct(np.concatenate([np.empty(0, np.uint64), *hits])))
        answers = self.engine.map(_answer, tasks)
        return [Found(one, rows, of) for one, (rows, of) in zip(known, answers, strict=True)]

    def holders(self, others: int) -> Iterator[tuple[int, Hashes, npt.NDArray[np.int64]]]:
        """For each of the other sources: the shared spans that it holds, and the place of a text that holds each."""
        for number in range(others):
            files = (self.folder / f"other-{number}-{what}.npy" for what in ("hits", "rows"))
            hits, rows = map(np.load, files)
            yield number, hits, rows


def _ask(task: _Task) -> Asked:
    """Write the spans of a source in question: sorted, and by text."""
    hashes, rows, short, total = [np.empty(0, np.uint64)], [np.empty(0, np.int64)], 0, 0
    for start, found in task.spans():
        counts = np.diff(found.offsets)
        hashes.append(found.hashes)
        rows.append(np.repeat(np.arange(start, start + len(counts)), counts))
        short += int((counts == 0).sum())
        total += len(counts)
    whole = np.concatenate(hashes)
    np.save(task.file("sorted"), np.sort(whole))
    np.save(task.file("spans"), whole)
    np.save(task.file("rows"), np.concatenate(rows))
    return Asked(total, short)


def _seek(task: _Task) -> None:
    """Write which spans in question a source holds, and the first text with each."""
    assert task.index is not None
    hits, rows = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for start, found in task.spans():
        at = task.index.found(found.hashes)
        hits.append(found.hashes[at])
        rows.append(start + np.searchsorted(found.offsets, at, side="right") - 1)
    once, first = np.unique(np.concatenate(hits), return_index=True)
    np.save(task.file("hits"), once)
    np.save(task.file("rows"), np.concatenate(rows)[first])


def _answer(task: _Task) -> tuple[npt.NDArray[np.int64], Hashes]:
    """The texts in question that share a span, with one each."""
    hashes = np.load(task.file("spans"))
    mine = holds(np.load(task.folder / "shared.npy", mmap_mode="r"), hashes)
    rows, first = np.unique(np.load(task.file("rows"))[mine], return_index=True)
    return rows, hashes[mine][first]
