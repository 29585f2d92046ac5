"""What travels between the steps of a build: parts of the input, and where their records lie in the work folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.ipc

from imprint.sources.base import Span

BATCH_ROWS = 2048
"""Rows of a batch at most: many enough that columns pay, few enough to stay in the cache."""

BATCH_BYTES = 4 << 20
"""Bytes of text in a batch, about."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the input that one worker handles at a time."""

    index: int
    """Position in the input's order."""
    spans: tuple[Span, ...]
    """Its records, in order."""

    @property
    def size(self) -> int:
        """Bytes on disk, for progress."""
        return sum(span.size for span in self.spans)


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """The folder that a build works in; a part's files carry its number."""

    root: Path

    def drafts(self, part: int) -> Path:
        """Drafts that ingest made: raw values, not yet cleaned."""
        return self.root / f"drafts-{part:06d}.arrow"

    def records(self, part: int) -> Path:
        """Records that finish made: the columns of the schema."""
        return self.root / f"records-{part:06d}.arrow"

    def keys(self, part: int) -> Path:
        """What resolve needs of each record in `records`, in the same order."""
        return self.root / f"keys-{part:06d}.arrow"

    def signatures(self, part: int) -> Path:
        """MinHash signatures of each record in `records`; behind the parts, of each published row group."""
        return self.root / f"signatures-{part:06d}.bin"

    def anchors(self, part: int) -> Path:
        """Anchors of the same records, one behind the other."""
        return self.root / f"anchors-{part:06d}.bin"

    def anchor_counts(self, part: int) -> Path:
        """How many anchors each of them has."""
        return self.root / f"anchor-counts-{part:06d}.bin"

    def whole(self, what: str) -> Path:
        """The signatures, anchors or anchor counts of all records, one behind the other."""
        return self.root / f"all-{what}.bin"

    def array(self, what: str) -> Path:
        """An array that the driver hands to workers, or they to it."""
        return self.root / f"{what}.npy"

    def known(self, part: int) -> Path:
        """Records of the part that the previous release holds."""
        return self.root / f"known-{part:06d}.arrow"

    def quarantine(self, step: str, part: int) -> Path:
        """Records that a step rejected, as JSON Lines."""
        return self.root / f"quarantine-{step}-{part:06d}.jsonl"

    def published(self, what: str) -> Path:
        """What is published already, sorted: `raw` digests of 32 bytes, `ids` or `texts` (keys) of 16."""
        return self.root / f"published-{what}.bin"

    @property
    def unpacked(self) -> Path:
        """Folder for what archives hold."""
        return self.root / "unpacked"

    def ledger_part(self, split: str, shard: int) -> Path:
        """Ledger rows of a shard that was written."""
        return self.root / f"ledger-{split}-{shard:05d}.arrow"


class SpillWriter:
    """Writes record batches to an Arrow IPC file of the work folder."""

    def __init__(self, path: Path, schema: pa.Schema, *, compression: str | None = None) -> None:
        options = pa.ipc.IpcWriteOptions(compression=compression, use_threads=False)
        self._sink = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._sink, schema, options=options)
        self.rows = 0

    def write(self, table: pa.Table) -> None:
        """Append a table."""
        self._writer.write_table(table)
        self.rows += len(table)

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()
        self._sink.close()


class RowWriter:
    """Gathers rows to batches of a good size, whichever files they come from, and spills them."""

    def __init__(self, path: Path, schema: pa.Schema, *, compression: str | None = None) -> None:
        self._spill = SpillWriter(path, schema, compression=compression)
        self._schema = schema
        self._columns: dict[str, list[Any]] = {name: [] for name in schema.names}
        self._waiting = 0
        self._bytes = 0
        self.rows = 0

    def append(self, *values: Any, size: int = 0) -> None:
        """Add a row, its values in the schema's order; `size` tells its bytes where they are many."""
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(value)
        self.rows += 1
        self._waiting += 1
        self._bytes += size
        if self._waiting >= BATCH_ROWS or self._bytes >= BATCH_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._spill.write(pa.table(self._columns, schema=self._schema))
            self._columns = {name: [] for name in self._schema.names}
            self._waiting = self._bytes = 0

    def close(self) -> None:
        """Finish the file."""
        self._flush()
        self._spill.close()


def read_spill(path: Path) -> pa.Table:
    """A spill as a table; uncompressed columns stay in the file until they are touched."""
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


MAPPED_BATCHES = 4
"""Batches that are mapped at a time."""


def take_spill(path: Path, rows: npt.NDArray[Any], columns: list[str] | None = None) -> pa.Table:
    """Some rows of a spill (and some of its columns), by their ascending positions, a batch at a time.

    `Table.take` joins all batches before it takes from them; and pages of a map that were touched count as memory of this
    process until it is closed. A part is as large as the file that cannot be divided.
    """
    taken: list[pa.RecordBatch] = []
    first = start = 0
    while True:
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            for index in range(first, min(first + MAPPED_BATCHES, reader.num_record_batches)):
                batch = reader.get_batch(index)
                batch = batch if columns is None else batch.select(columns)
                low, high = np.searchsorted(rows, [start, start + len(batch)])
                if low < high:
                    taken.append(batch.take(pa.array(rows[low:high] - start)))
                start += len(batch)
            first += MAPPED_BATCHES
            if first >= reader.num_record_batches:
                schema = reader.schema
                chosen = schema if columns is None else pa.schema([schema.field(name) for name in columns])
                return pa.Table.from_batches(taken, chosen)
