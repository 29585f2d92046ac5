"""Texts: where the texts of records lie, by the records' numbers, so that workers read those that they compare.

Law: the numbers count the candidates in the order of the input, then the rows of the previous release's ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from imprint.building.candidates import Candidates
from imprint.building.parts import WorkFolder, take_spill
from imprint.building.previous import Previous
from imprint.errors import TransferError
from imprint.releases.ledger import hex_id
from imprint.releases.shards import open_parquet

Records = npt.NDArray[np.int64]


def id_of(record: int, found: Candidates, previous: Previous) -> str:
    """Id of a record, by its number."""
    count = len(found)
    return hex_id(found.ids[record] if record < count else previous.ledger.ids[record - count])


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of one file."""

    path: Path
    rows: npt.NDArray[Any]
    """Their positions in the file, ascending."""
    published: bool = False
    """Whether it is a shard of the previous release, and not a spill."""

    def texts(self) -> list[bytes]:
        """Their texts as UTF-8.

        Raises:
            TransferError: a shard cannot be read.
        """
        if not self.published:
            column = take_spill(self.path, self.rows, ["text"]).column("text")
            return list(column.cast(pa.binary()).to_pylist())
        try:
            return [text for group in self._groups() for text in group]
        except OSError as error:
            raise TransferError(
                f"{self.path.name} of the previous release cannot be read: {error}"
            ) from error

    def _groups(self) -> Iterator[list[bytes]]:
        file = open_parquet(self.path)
        start = 0
        for number, count in enumerate(file.group_rows):
            low, high = np.searchsorted(self.rows, [start, start + count])
            if low < high:
                column = file.group(number, ["text"]).column("text")
                yield column.take(pa.array(self.rows[low:high] - start)).cast(pa.binary()).to_pylist()
            start += count


@dataclass(frozen=True)
class Texts:
    """Knows where each text lies."""

    work: WorkFolder
    found: Candidates
    previous: Previous

    def __len__(self) -> int:
        return len(self.found) + len(self.previous.ledger)

    def sizes(self) -> npt.NDArray[np.int64]:
        """UTF-8 bytes of each record, its text among them."""
        published = self.previous.ledger.columns("row_bytes").column(0).to_numpy()
        return np.concatenate([self.found.row_bytes, published])

    def pieces(self, records: Records) -> list[Piece]:
        """Where the texts of some records lie, whose numbers ascend; together the pieces have their order."""
        count = len(self.found)
        fresh, published = records[records < count], records[records >= count] - count
        parts = self.found.part[fresh]
        pieces = [
            Piece(self.work.records(part), self.found.row[fresh[parts == part]])
            for part in np.unique(parts).tolist()
        ]
        starts = self.previous.shard_starts
        shards = np.searchsorted(starts, published, side="right") - 1
        return pieces + [
            Piece(self.previous.shard_file(shard), published[shards == shard] - starts[shard], published=True)
            for shard in np.unique(shards).tolist()
        ]
