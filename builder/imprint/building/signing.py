"""Signing: the MinHash signatures of all records that may be compared, in one file that workers map into memory.

Law: the rows of the file are the records' numbers: first the candidates in the order of the input, then the rows of the
previous release's ledger. A record's row depends on its text alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from imprint.building.parts import WorkFolder
from imprint.building.previous import Previous, check_file
from imprint.dedup.minhash import Search, Signatures, signatures
from imprint.dedup.shingles import shingles
from imprint.engine.base import Engine
from imprint.errors import TransferError
from imprint.releases.shards import open_parquet

BATCH_BYTES = 4 << 20
"""UTF-8 bytes of text that are signed at a time: their shingles take six times as much."""

Searches = tuple[Search, ...]


class SignatureWriter:
    """Writes the signatures of texts, those for each search side by side."""

    def __init__(self, path: Path, searches: Searches) -> None:
        self._file = path.open("wb")
        self._searches = searches

    def add(self, texts: pa.Array | pa.ChunkedArray) -> None:
        """Sign texts and append."""
        batch: list[bytes] = []
        waiting = 0
        for text in texts.cast(pa.binary()).to_pylist():
            batch.append(text)
            waiting += len(text)
            if waiting >= BATCH_BYTES:
                self._sign(batch)
                batch, waiting = [], 0
        if batch:
            self._sign(batch)

    def _sign(self, texts: Sequence[bytes]) -> None:
        found = shingles(texts)
        rows = np.concatenate([signatures(found, search) for search in self._searches], axis=1)
        self._file.write(np.ascontiguousarray(rows).tobytes())

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class SignTask:
    """A row group of the previous release to sign."""

    shard: Path
    group: int
    out: Path
    searches: Searches


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
    try:
        texts = open_parquet(task.shard).group(task.group, ["text"]).column("text")
    except OSError as error:
        raise TransferError(f"{task.shard.name} of the previous release cannot be read: {error}") from error
    writer = SignatureWriter(task.out, task.searches)
    writer.add(texts)
    writer.close()


def all_signatures(
    work: WorkFolder, parts: int, previous: Previous, searches: Searches, engine: Engine
) -> Signatures:
    """Sign what is published, and join that to what finish signed: a row for each record, in a mapped file."""
    whole_shards = (
        []
        if previous.manifest is None
        else [
            (previous.shard_file(number), shard.sha256)
            for number, shard in enumerate(previous.manifest.shards)
        ]
    )
    for _ in engine.map(check_shard, whole_shards):
        pass
    tasks: list[SignTask] = []
    for shard in range(len(previous.shard_starts) - 1):
        path = previous.shard_file(shard)
        for group in range(open_parquet(path).groups):
            tasks.append(SignTask(path, group, work.signatures(parts + len(tasks)), searches))
    for _ in engine.map(sign, tasks):
        pass
    with work.all_signatures.open("wb") as whole:
        for number in range(parts + len(tasks)):
            path = work.signatures(number)
            with path.open("rb") as piece:
                shutil.copyfileobj(piece, whole, 1 << 20)
            path.unlink()
    return map_signatures(work, searches)


def map_signatures(work: WorkFolder, searches: Searches) -> Signatures:
    """The signatures that `all_signatures` wrote."""
    width = sum(search.length for search in searches)
    path = work.all_signatures
    if path.stat().st_size == 0:
        return np.empty((0, width), np.uint16)
    return np.memmap(path, np.uint16, "r").reshape(-1, width)
