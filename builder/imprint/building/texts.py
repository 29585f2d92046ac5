"""Texts: where the texts of records lie, by the records' numbers.

Law: the numbers count the candidates in the order of the input, then the rows of the previous release's ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from imprint.building.candidates import Candidates
from imprint.building.parts import WorkFolder
from imprint.building.previous import Previous
from imprint.building.text_sources import Chunk, Piece, Records
from imprint.releases.ledger import hex_id

CHUNK_BYTES = 32 << 20
"""UTF-8 bytes of the records of a chunk."""


def id_of(record: int, found: Candidates, previous: Previous) -> str:
    """Id of a record, by its number."""
    count = len(found)
    return hex_id(found.ids[record] if record < count else previous.ledger.ids[record - count])


@dataclass(frozen=True)
class Texts:
    """Knows where each text lies."""

    work: WorkFolder
    found: Candidates
    previous: Previous

    def __len__(self) -> int:
        return len(self.found) + len(self.previous.ledger)

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """UTF-8 bytes of each record, its text among them."""
        published = self.previous.ledger.columns("row_bytes").column(0).to_numpy()
        return np.concatenate([self.found.row_bytes, published])

    def chunk(self, records: Records) -> Chunk:
        """Some records, whose numbers ascend."""
        count = len(self.found)
        fresh, published = records[records < count], records[records >= count] - count
        parts = self.found.part[fresh]
        pieces = [
            Piece(self.work.records(part), self.found.row[fresh[parts == part]])
            for part in np.unique(parts).tolist()
        ]
        starts = self.previous.shard_starts
        shards = np.searchsorted(starts, published, side="right") - 1
        pieces += [
            Piece(self.previous.shard_file(shard), published[shards == shard] - starts[shard], published=True)
            for shard in np.unique(shards).tolist()
        ]
        return Chunk(records, tuple(pieces))

    def chunks(self, records: Records) -> list[Chunk]:
        """Records whose numbers ascend, cut into chunks of about CHUNK_BYTES."""
        sizes = np.cumsum(self.sizes[records])
        borders = np.searchsorted(sizes, np.arange(CHUNK_BYTES, sizes[-1] if len(sizes) else 0, CHUNK_BYTES))
        return [self.chunk(part) for part in np.split(records, borders) if len(part)]
