"""Nearby: the records that share a run of words with an evaluation split, the only ones that could leak into it.

What an evaluation record shares 13 words with, or is like by 0.5 or more, holds an anchor that stands in it (dedup.shingles).
So only the anchors of all records are looked up, and their texts are not read again. Law: no record is left out
that could be a neighbour; texts too short for an anchor are always among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imprint.building.index import HashIndex
from imprint.building.parts import WorkFolder
from imprint.building.text_sources import Chunk, Records, batches
from imprint.building.texts import Texts
from imprint.dedup.shingles import ANCHOR, spans
from imprint.dedup.tokens import token_hashes
from imprint.engine.base import Engine

RECORDS = 50_000
"""Records whose anchors are looked up at a time: some 30 MB."""


@dataclass(frozen=True, slots=True)
class _Ask:
    chunk: Chunk
    out: Path


@dataclass(frozen=True, slots=True)
class _Look:
    work: WorkFolder
    index: HashIndex
    first: int
    """First record."""
    last: int
    """Behind the last one."""
    start: int
    """Where its anchors begin."""
    end: int


def nearby(texts: Texts, evaluation: Records, others: Records, engine: Engine) -> Records:
    """Those of the other records that share a run of words with any record of evaluation, or are too short to tell.

    Args:
        texts: where the texts lie; the anchors of all records lie in the work folder.
        evaluation: numbers of records, ascending.
        others: numbers of records, ascending.
        engine: what maps.
    """
    work = texts.work
    tasks = [
        _Ask(chunk, work.array(f"runs-{number}")) for number, chunk in enumerate(texts.chunks(evaluation))
    ]
    for _ in engine.map(_ask, tasks):
        pass
    index = HashIndex.make(work.root, "runs", [task.out for task in tasks])
    marks = np.concatenate(
        [np.empty(0, np.bool_), *engine.map(_look, list(_ranges(work, index, len(texts))))]
    )
    kept: Records = others[marks[others]]
    return kept


def _ranges(work: WorkFolder, index: HashIndex, count: int) -> Iterator[_Look]:
    counts = np.fromfile(work.whole("anchor-counts"), np.uint32)
    offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    for first in range(0, count, RECORDS):
        last = min(first + RECORDS, count)
        yield _Look(work, index, first, last, int(offsets[first]), int(offsets[last]))


def _ask(task: _Ask) -> None:
    """Write every run of ANCHOR words of evaluation records, sorted."""
    found = [np.empty(0, np.uint64)]
    found += [spans(token_hashes(batch), ANCHOR).hashes for _, batch in batches(task.chunk)]
    np.save(task.out, np.sort(np.concatenate(found)))


def _look(task: _Look) -> npt.NDArray[np.bool_]:
    """Which records hold an anchor that stands in evaluation, or have none."""
    counts = np.fromfile(
        task.work.whole("anchor-counts"), np.uint32, task.last - task.first, offset=4 * task.first
    )
    held = np.fromfile(task.work.whole("anchors"), np.uint64, task.end - task.start, offset=8 * task.start)
    ends = np.cumsum(counts, dtype=np.int64)
    marks: npt.NDArray[np.bool_] = counts == 0
    marks[np.searchsorted(ends, task.index.found(held), side="right")] = True
    return marks
