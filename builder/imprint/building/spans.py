"""Spans: which texts share a run of 13 words with others, the usual measure of contamination (Brown et al., 2020).

The spans of the texts in question (an evaluation split, a benchmark) become one sorted file and a bitmap of it; every
other text looks its own spans up. Law: the answer is exact up to 64-bit hashes, in time linear in both; the bitmap only
spares look-ups.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from imprint.dedup.exact import distinct
from imprint.dedup.shingles import Shingles, spans
from imprint.dedup.tokens import token_hashes
from imprint.engine.base import Engine
from imprint.releases.shards import open_parquet

SPAN = 13
"""Tokens of a span."""

BATCH_BYTES = 4 << 20
"""UTF-8 bytes of text that are cut into spans at a time."""

BITS = 32
"""Bits of the bitmap for each span in question, at least: one look-up in 32 or fewer is in vain."""

RANGE = 1 << 22
"""Spans in question that are sorted at a time."""

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Group:
    """A row group of a Parquet file, by its column `text`."""

    path: Path
    number: int

    def batches(self) -> Iterator[tuple[int, Shingles]]:
        """The spans of its texts, a batch at a time, with the row at which each batch begins.

        Raises:
            OSError: the file is damaged.
        """
        texts = open_parquet(self.path).group(self.number, ["text"]).column("text").cast(pa.binary())
        batch: list[bytes] = []
        start = waiting = 0
        for text in texts.to_pylist():
            batch.append(text)
            waiting += len(text)
            if waiting >= BATCH_BYTES:
                yield start, spans(token_hashes(batch), SPAN)
                start, batch, waiting = start + len(batch), [], 0
        if batch:
            yield start, spans(token_hashes(batch), SPAN)


def groups_of(path: Path) -> list[Group]:
    """The row groups of a Parquet file.

    Raises:
        OSError: it is damaged.
    """
    return [Group(path, number) for number in range(open_parquet(path).groups)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a row group in question."""

    rows: int
    short: int
    """Texts of fewer words than a span has."""
    spans: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a row group in question shares with the others."""

    asked: Asked
    rows: npt.NDArray[np.int64]
    """Its rows that share a span."""
    spans: Hashes
    """A span that each of them shares."""


@dataclass(frozen=True, slots=True)
class _Task:
    group: Group
    folder: Path
    name: str
    shift: int = 0
    """How far a hash is shifted to be an index of the bitmap."""

    def file(self, what: str) -> Path:
        return self.folder / f"{self.name}-{what}.npy"


class SpanSearch:
    """Looks for shared spans; its files go to a folder of the caller."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        """Prepare a search that writes into `folder`."""
        self.folder = folder
        self.engine = engine

    def run(self, asked: Sequence[Group], others: Sequence[Group]) -> list[Found]:
        """What each row group in question shares with any of the others."""
        tasks = [_Task(group, self.folder, f"asked-{number}") for number, group in enumerate(asked)]
        known = list(self.engine.map(_ask, tasks))
        total = sum(one.spans for one in known)
        # As many bits as one index can have without leaving a byte of the bitmap empty.
        shift = 64 - max(10, (total * BITS - 1).bit_length()) if total else 64
        self._join(tasks, total, shift)
        seekers = [
            _Task(group, self.folder, f"other-{number}", shift)
            for number, group in enumerate(others)
            if total
        ]
        for _ in self.engine.map(_seek, seekers):
            pass
        shared = np.unique(
            np.concatenate([np.empty(0, np.uint64), *(np.load(s.file("hits")) for s in seekers)])
        )
        np.save(self.folder / "shared.npy", shared)
        answers = self.engine.map(_answer, tasks)
        return [Found(one, rows, of) for one, (rows, of) in zip(known, answers, strict=True)]

    def holders(self, seekers: int) -> Iterator[tuple[int, Hashes, npt.NDArray[np.int64]]]:
        """For each of the other row groups: the shared spans that it holds, and a row that holds each."""
        for number in range(seekers):
            path = self.folder / f"other-{number}-hits.npy"
            if path.exists():
                yield number, np.load(path), np.load(self.folder / f"other-{number}-rows.npy")

    def _join(self, tasks: Sequence[_Task], total: int, shift: int) -> None:
        """Join the sorted spans in question to one sorted file, a range of hashes at a time, and mark them in the bitmap."""
        if not total:
            return
        bitmap = np.memmap(self.folder / "bitmap.bin", np.uint8, "w+", shape=(1 << (64 - shift)) // 8)
        pieces = [np.load(task.file("spans"), mmap_mode="r") for task in tasks]
        ranges = max(1, total // RANGE)
        borders = [np.uint64((number << 64) // ranges) for number in range(1, ranges)]
        cuts = [
            [0, *np.searchsorted(piece, np.array(borders, np.uint64)).tolist(), len(piece)]
            for piece in pieces
        ]
        with (self.folder / "asked.bin").open("wb") as out:
            for number in range(ranges):
                here = [piece[cut[number] : cut[number + 1]] for piece, cut in zip(pieces, cuts, strict=True)]
                joined = distinct(np.concatenate(here))
                out.write(joined.tobytes())
                index = joined >> np.uint64(shift)
                where = index >> np.uint64(3)
                first = np.flatnonzero(np.diff(where, prepend=~where[:1]))
                bits = np.uint8(1) << (index & np.uint64(7)).astype(np.uint8)
                bitmap[where[first]] |= np.bitwise_or.reduceat(bits, first) if len(first) else bits
        bitmap.flush()


def _ask(task: _Task) -> Asked:
    """Write the spans of a row group in question: sorted, and by row."""
    hashes, rows, short, total = [np.empty(0, np.uint64)], [np.empty(0, np.int64)], 0, 0
    for start, found in task.group.batches():
        counts = np.diff(found.offsets)
        hashes.append(found.hashes)
        rows.append(np.repeat(np.arange(start, start + len(counts)), counts))
        short += int((counts == 0).sum())
        total += len(counts)
    whole = np.concatenate(hashes)
    np.save(task.file("spans"), np.sort(whole))
    np.save(task.file("by-row"), whole)
    np.save(task.file("rows"), np.concatenate(rows))
    return Asked(total, short, len(whole))


def _seek(task: _Task) -> None:
    """Write which spans in question a row group holds, and the first row of each."""
    bitmap = np.memmap(task.folder / "bitmap.bin", np.uint8, "r")
    asked = np.memmap(task.folder / "asked.bin", np.uint64, "r")
    hits, rows = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for start, found in task.group.batches():
        index = found.hashes >> np.uint64(task.shift)
        marked = (bitmap[index >> np.uint64(3)] >> (index & np.uint64(7)).astype(np.uint8)) & 1
        # Sorted look-ups walk through the file instead of jumping about in it.
        maybe = np.flatnonzero(marked)
        values = distinct(found.hashes[maybe])
        values = values[_holds(asked, values)]
        if len(values):
            true = maybe[_holds(values, found.hashes[maybe])]
            hits.append(found.hashes[true])
            rows.append(start + np.searchsorted(found.offsets, true, side="right") - 1)
    once, first = np.unique(np.concatenate(hits), return_index=True)
    np.save(task.file("hits"), once)
    np.save(task.file("rows"), np.concatenate(rows)[first])


def _answer(task: _Task) -> tuple[npt.NDArray[np.int64], Hashes]:
    """The rows in question that share a span, with one each."""
    shared = np.load(task.folder / "shared.npy", mmap_mode="r")
    hashes = np.load(task.file("by-row"))
    mine = _holds(shared, hashes)
    rows, first = np.unique(np.load(task.file("rows"))[mine], return_index=True)
    return rows, hashes[mine][first]


def _holds(ranked: Hashes, values: Hashes) -> npt.NDArray[np.bool_]:
    """Which values a sorted array holds."""
    if not len(ranked):
        return np.zeros(len(values), np.bool_)
    found: npt.NDArray[np.bool_] = (
        ranked[np.minimum(np.searchsorted(ranked, values), len(ranked) - 1)] == values
    )
    return found
