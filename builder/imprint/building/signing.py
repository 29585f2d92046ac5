"""Signing: a MinHash signature and the anchors of every record, in files that workers map into memory.

Law: the rows of the files are the records' numbers: first the candidates in the order of the input, then the rows of the
previous release's ledger. What stands in a record's row depends on its text alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from imprint.building.parts import WorkFolder
from imprint.building.previous import Previous, check_file
from imprint.building.text_sources import BATCH_BYTES, Chunk, Group, batches, groups_of
from imprint.dedup.minhash import Search, Signatures, signatures
from imprint.dedup.shingles import anchors, shingles, shingles_of
from imprint.dedup.tokens import token_hashes
from imprint.engine.base import Engine
from imprint.errors import TransferError

WHAT = ("signatures", "anchors", "anchor-counts")
"""The files, as WorkFolder.whole names them."""


class SignatureWriter:
    """Writes the signatures and anchors of texts."""

    def __init__(self, work: WorkFolder, part: int, search: Search) -> None:
        paths = (work.signatures(part), work.anchors(part), work.anchor_counts(part))
        self._files = [path.open("wb") for path in paths]
        self._search = search

    def add(self, texts: pa.Array | pa.ChunkedArray) -> None:
        """Sign texts and append."""
        batch: list[bytes] = []
        waiting = 0
        for text in texts.cast(pa.binary()).to_pylist():
            batch.append(text)
            waiting += len(text)
            if waiting >= BATCH_BYTES:
                self.sign(batch)
                batch, waiting = [], 0
        if batch:
            self.sign(batch)

    def sign(self, texts: Sequence[bytes]) -> None:
        """Sign a batch of texts and append."""
        found = token_hashes(texts)
        rows = signatures(shingles_of(found, texts), self._search)
        held = anchors(found)
        columns = (rows, held.hashes, np.diff(held.offsets).astype(np.uint32))
        for file, column in zip(self._files, columns, strict=True):
            file.write(np.ascontiguousarray(column).tobytes())

    def close(self) -> None:
        """Finish the files."""
        for file in self._files:
            file.close()


@dataclass(frozen=True, slots=True)
class SignTask:
    """A row group of the previous release to sign."""

    group: Group
    work: WorkFolder
    part: int
    search: Search


def check_shard(shard: tuple[Path, str]) -> None:
    """Hold a published shard to its digest.

    Raises:
        TransferError: it is altered.
    """
    check_file(*shard)


def sign(task: SignTask) -> None:
    """Sign one row group.

    Raises:
        TransferError: it cannot be read.
    """
    writer = SignatureWriter(task.work, task.part, task.search)
    try:
        for _, texts in batches(task.group):
            writer.sign(texts)
    except OSError as error:
        name = task.group.path.name
        raise TransferError(f"{name} of the previous release cannot be read: {error}") from error
    writer.close()


def sign_all(work: WorkFolder, parts: int, previous: Previous, search: Search, engine: Engine) -> Signed:
    """Sign what is published, and join that to what finish signed."""
    shards = () if previous.manifest is None else previous.manifest.shards
    digests = [(previous.shard_file(number), shard.sha256) for number, shard in enumerate(shards)]
    for _ in engine.map(check_shard, digests):
        pass
    groups = [group for path, _ in digests for group in groups_of(path)]
    tasks = [SignTask(group, work, number, search) for number, group in enumerate(groups, parts)]
    for _ in engine.map(sign, tasks):
        pass
    for what, file_of in zip(WHAT, (work.signatures, work.anchors, work.anchor_counts), strict=True):
        _join(work.whole(what), map(file_of, range(parts + len(tasks))))
    return Signed(work.whole("signatures"), search)


def _join(whole: Path, pieces: Iterator[Path]) -> None:
    with whole.open("wb") as out:
        for path in pieces:
            with path.open("rb") as piece:
                shutil.copyfileobj(piece, out, 1 << 20)
            path.unlink()


@dataclass(frozen=True, slots=True)
class Signed:
    """Signatures of all records, or of some of them, in a file."""

    path: Path
    search: Search
    records: npt.NDArray[np.int64] | None = None
    """Numbers of the records, ascending, whose signatures are the file's rows; None where rows are numbers."""

    def rows_of(self, records: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The rows of some records."""
        return records if self.records is None else np.searchsorted(self.records, records)

    def map(self) -> Signatures:
        """The signatures, mapped into memory."""
        return map_signatures(self.path, self.search)


def map_signatures(path: Path, search: Search) -> Signatures:
    """The signatures in a file."""
    if path.stat().st_size == 0:
        return np.empty((0, search.length), np.uint16)
    return np.memmap(path, np.uint16, "r").reshape(-1, search.length)


@dataclass(frozen=True, slots=True)
class SignAgainTask:
    """Records to sign for another search."""

    chunk: Chunk
    out: Path
    search: Search


def sign_chunk(task: SignAgainTask) -> None:
    """Sign some records."""
    with task.out.open("wb") as out:
        for _, texts in batches(task.chunk):
            out.write(signatures(shingles(texts), task.search).tobytes())


def sign_again(work: WorkFolder, chunks: Sequence[Chunk], search: Search, engine: Engine) -> Signed:
    """Sign some records for another search; the numbers of the chunks ascend."""
    tasks = [SignAgainTask(chunk, work.signatures(number), search) for number, chunk in enumerate(chunks)]
    for _ in engine.map(sign_chunk, tasks):
        pass
    whole = work.whole("again")
    _join(whole, (task.out for task in tasks))
    records = np.concatenate([np.empty(0, np.int64), *(chunk.records for chunk in chunks)])
    return Signed(whole, search, records)
