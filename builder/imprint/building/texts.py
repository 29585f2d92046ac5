"""Texts: where the texts of records lie, by the records' numbers.

Law: the numbers count the candidates in the order of the input, then the rows of the previous release's ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imprint.building.candidates import Candidates
from imprint.building.parts import WorkFolder
from imprint.building.previous import Previous
from imprint.building.text_sources import Chunk, CopyTask, Piece, Records, copy_texts
from imprint.engine.base import Engine
from imprint.releases.ledger import hex_id

CHUNK_BYTES = 32 << 20
"""UTF-8 bytes of the records of a chunk."""


def id_of(record: int, found: Candidates, previous: Previous) -> str:
    """Id of a record, by its number."""
    count = len(found)
    return hex_id(found.ids[record] if record < count else previous.ledger.ids[record - count])


@dataclass
class Texts:
    """Knows where each text lies."""

    work: WorkFolder
    found: Candidates
    previous: Previous
    _copied: Records = field(default_factory=lambda: np.empty(0, np.int64))
    """Numbers of the published records whose texts lie in spills, ascending."""

    def __len__(self) -> int:
        return len(self.found) + len(self.previous.ledger)

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """UTF-8 bytes of each record, its text among them."""
        published = self.previous.ledger.columns("row_bytes").column(0).to_numpy()
        return np.concatenate([self.found.row_bytes, published])

    def copy(self, records: Records, engine: Engine) -> None:
        """Copy the texts of the published ones among some records out of their shards, each of which is read once.

        A shard gives its texts a row group at a time, however few are asked for.
        """
        published = records[records >= len(self.found)]
        if np.isin(published, self._copied).all():
            return
        tasks = [
            CopyTask(piece, self._copy_of(shard))
            for shard, piece in self._in_shards(published - len(self.found))
        ]
        for _ in engine.map(copy_texts, tasks):
            pass
        self._copied = published

    def _copy_of(self, shard: int) -> Path:
        return self.work.root / f"copied-{shard:05d}.arrow"

    def _in_shards(self, rows: Records) -> Iterator[tuple[int, Piece]]:
        """Where rows of the ledger stand: shard by shard."""
        starts = self.previous.shard_starts
        shards = np.searchsorted(starts, rows, side="right") - 1
        for shard in np.unique(shards).tolist():
            here = rows[shards == shard] - starts[shard]
            yield shard, Piece(self.previous.shard_file(shard), here, published=True)

    def _copies(self, rows: Records) -> Iterator[Piece]:
        """Where rows of the ledger lie that were copied: in the spills of their shards."""
        starts = self.previous.shard_starts
        copied = self._copied - len(self.found)
        for shard, piece in self._in_shards(rows):
            among = copied[(copied >= starts[shard]) & (copied < starts[shard + 1])] - starts[shard]
            yield Piece(self._copy_of(shard), np.searchsorted(among, piece.rows))

    def chunk(self, records: Records) -> Chunk:
        """Some records, whose numbers ascend."""
        count = len(self.found)
        fresh, published = records[records < count], records[records >= count] - count
        parts = self.found.part[fresh]
        pieces = [
            Piece(self.work.records(part), self.found.row[fresh[parts == part]])
            for part in np.unique(parts).tolist()
        ]
        if np.isin(published + count, self._copied).all():
            pieces += self._copies(published)
        else:
            pieces += (piece for _, piece in self._in_shards(published))
        return Chunk(records, tuple(pieces))

    def chunks(self, records: Records) -> list[Chunk]:
        """Records whose numbers ascend, cut into chunks of about CHUNK_BYTES."""
        sizes = np.cumsum(self.sizes[records])
        borders = np.searchsorted(sizes, np.arange(CHUNK_BYTES, sizes[-1] if len(sizes) else 0, CHUNK_BYTES))
        return [self.chunk(part) for part in np.split(records, borders) if len(part)]
