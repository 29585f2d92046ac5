"""Candidates: the records that finish wrote, as the arrays that the driver decides on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from imprint.building.finish import KEYS
from imprint.building.parts import WorkFolder, read_spill
from imprint.releases.ledger import from_binary, sort_times

Array = npt.NDArray[Any]


@dataclass(slots=True)
class Candidates:
    """The records that finish wrote, in the order of the input, as arrays."""

    ids: Array
    text_keys: Array
    published_at: Array
    split_hashes: Array
    own_splits: Array
    row_bytes: Array
    part: Array
    """Part of each record."""
    row: Array
    """Position in the part's records file."""

    def __len__(self) -> int:
        return len(self.ids)


def load_candidates(work: WorkFolder, parts: int) -> Candidates:
    """Read the keys of all parts."""
    names = ("id", "text_key", "published_at", "split_hash", "own_split", "row_bytes")
    tables = [
        KEYS.empty_table().select(names),
        *(read_spill(work.keys(part)).select(names) for part in range(parts)),
    ]
    whole = pa.concat_tables(tables)
    counts = [len(table) for table in tables[1:]]
    return Candidates(
        ids=from_binary(whole.column("id"), 16),
        text_keys=from_binary(whole.column("text_key"), 16),
        published_at=sort_times(whole.column("published_at")),
        split_hashes=whole.column("split_hash").to_numpy(),
        own_splits=whole.column("own_split").to_numpy(),
        row_bytes=whole.column("row_bytes").to_numpy(),
        part=np.repeat(np.arange(len(counts), dtype=np.int32), counts),
        row=np.concatenate([np.arange(count, dtype=np.int32) for count in counts] or [np.empty(0, np.int32)]),
    )


class Contested:
    """Columns that only contested records need, read from the parts where these are."""

    def __init__(self, work: WorkFolder, found: Candidates) -> None:
        self._work = work
        self._found = found

    def keys(self, indices: Array, *names: str) -> pa.Table:
        """Key columns of some candidates, whose indices ascend."""
        return self._take(self._work.keys, indices, KEYS.empty_table().select(names), list(names))

    def records(self, indices: Array, empty: pa.Table) -> pa.Table:
        """Records of some candidates, whose indices ascend."""
        return self._take(self._work.records, indices, empty, empty.schema.names)

    def _take(self, file_of: Any, indices: Array, empty: pa.Table, names: list[str]) -> pa.Table:
        pieces = [empty]
        for part in np.unique(self._found.part[indices]).tolist():
            rows = self._found.row[indices[self._found.part[indices] == part]]
            pieces.append(read_spill(file_of(part)).select(names).take(pa.array(rows)))
        return pa.concat_tables(pieces)
