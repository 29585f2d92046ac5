"""Text sources: texts that lie in files, in an order, so that a worker is handed a place and no text.

Law: a source gives the same texts each time, as UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from imprint.building.parts import SpillWriter, take_spill
from imprint.errors import TransferError
from imprint.releases.shards import open_parquet

BATCH_BYTES = 1 << 20
"""UTF-8 bytes of texts that are looked at together: with four times as many, caches cost half as much time again."""

Records = npt.NDArray[np.int64]
"""Numbers of records (imprint.building.texts)."""


class TextSource(Protocol):
    """Texts in an order."""

    def texts(self) -> list[bytes]:
        """All of them, as UTF-8."""
        ...


def batches(source: TextSource) -> Iterator[tuple[int, list[bytes]]]:
    """The texts of a source, some of them at a time, each time with the place of the first."""
    batch: list[bytes] = []
    start = waiting = 0
    for text in source.texts():
        batch.append(text)
        waiting += len(text)
        if waiting >= BATCH_BYTES:
            yield start, batch
            start, batch, waiting = start + len(batch), [], 0
    if batch:
        yield start, batch


@dataclass(frozen=True, slots=True)
class Group:
    """A row group of a Parquet file with a column `text`."""

    path: Path
    number: int

    def texts(self) -> list[bytes]:
        """Its texts.

        Raises:
            OSError: the file is damaged.
        """
        column = open_parquet(self.path).group(self.number, ["text"]).column("text")
        return list(column.cast(pa.binary()).to_pylist())


def groups_of(path: Path) -> list[Group]:
    """The row groups of a Parquet file.

    Raises:
        OSError: it is damaged.
    """
    return [Group(path, number) for number in range(open_parquet(path).groups)]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of one file."""

    path: Path
    rows: npt.NDArray[Any]
    """Their positions in the file, ascending."""
    published: bool = False
    """Whether it is a shard of the previous release, and not a spill."""

    def texts(self) -> list[bytes]:
        """Their texts.

        Raises:
            TransferError: a shard cannot be read.
        """
        if not self.published:
            column = take_spill(self.path, self.rows, ["text"]).column("text")
            return list(column.cast(pa.binary()).to_pylist())
        with _as_transfer_error(self.path):
            return [text for group in self.groups() for text in group]

    def groups(self) -> Iterator[list[bytes]]:
        """The texts of rows of a shard, a row group at a time.

        Raises:
            OSError: the shard cannot be read.
        """
        file = open_parquet(self.path)
        start = 0
        for number, count in enumerate(file.group_rows):
            low, high = np.searchsorted(self.rows, [start, start + count])
            if low < high:
                column = file.group(number, ["text"]).column("text")
                yield column.take(pa.array(self.rows[low:high] - start)).cast(pa.binary()).to_pylist()
            start += count


@contextmanager
def _as_transfer_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TransferError(f"{path.name} of the previous release cannot be read: {error}") from error


TEXT = pa.schema([pa.field("text", pa.binary())])
"""A spill of texts alone."""


@dataclass(frozen=True, slots=True)
class CopyTask:
    """Texts of one file to copy into a spill."""

    piece: Piece
    out: Path


def copy_texts(task: CopyTask) -> None:
    """Copy texts into a spill, where any of them is found at once.

    Raises:
        TransferError: a shard cannot be read.
    """
    spill = SpillWriter(task.out, TEXT)
    with _as_transfer_error(task.piece.path):
        for texts in task.piece.groups():
            spill.write(pa.table({"text": texts}, schema=TEXT))
    spill.close()


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some records, as a worker reads them."""

    records: Records
    """Their numbers, ascending."""
    pieces: tuple[Piece, ...]

    def texts(self) -> list[bytes]:
        """Their texts, in the order of the numbers.

        Raises:
            TransferError: a shard cannot be read.
        """
        return [text for piece in self.pieces for text in piece.texts()]
