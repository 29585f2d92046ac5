"""The ledger: every id ever published, with its split, cluster and digests.

It is what makes growth possible without reading texts again: known raw records, exact duplicates, the order and the
shard borders of all published rows follow from it. Rows stand in release order (split, added_in, published_at, id), one
row group for each shard.

Law: `text_key` and `row_sha256` can be recomputed from the shards (imprint.digests); the ledger adds no secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from imprint.article import RecordSchema
from imprint.digests import row_digest, text_key
from imprint.releases.shards import open_parquet, row_sizes

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("split", pa.string()),
        pa.field("dup_cluster", pa.string()),
        pa.field("added_in", pa.int32()),
        pa.field("published_at", pa.timestamp("us")),
        pa.field("row_bytes", pa.int64()),
        pa.field("raw_sha256", pa.string()),
        pa.field("text_sha256", pa.string()),
        pa.field("text_key", pa.string()),
        pa.field("row_sha256", pa.string()),
    ]
)

UNDATED = np.iinfo(np.int64).max
"""Sort value of a record without published_at: it stands behind the dated ones."""

SLICE_ROWS = 2048
"""Records that are held as Python objects at a time."""

Binary = npt.NDArray[np.bytes_]


def ledger_rows(table: pa.Table, split: str, schema: RecordSchema) -> pa.Table:
    """The ledger's rows for the records of one shard, computed from the records alone."""
    keys: list[str] = []
    digests: list[str] = []
    # Digests leave nulls out: columns without any value need not be looked at row by row.
    known = table.select([name for name in table.schema.names if table.column(name).null_count < len(table)])
    for start in range(0, len(table), SLICE_ROWS):
        rows = schema.json_rows(known.slice(start, SLICE_ROWS))
        keys += [text_key(row["text"]).hex() for row in rows]
        digests += map(row_digest, rows)
    columns: dict[str, Any] = {
        "split": pa.array([split] * len(table), pa.string()),
        "row_bytes": pa.array(row_sizes(table), pa.int64()),
        "text_key": pa.array(keys, pa.string()),
        "row_sha256": pa.array(digests, pa.string()),
    }
    same = {name: table.column(name) for name in SCHEMA.names if name not in columns}
    return pa.table({name: {**columns, **same}[name] for name in SCHEMA.names}, schema=SCHEMA)


class LedgerWriter:
    """Writes a ledger, one shard's rows at a time."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(
            path,
            SCHEMA,
            compression="zstd",
            use_dictionary=["split", "added_in"],
            write_page_checksum=True,
            write_statistics=["id", "split", "added_in", "published_at"],
        )

    def add(self, rows: pa.Table) -> None:
        """Append the rows of the next shard as a row group of their own."""
        self._writer.write_table(rows, row_group_size=max(len(rows), 1))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


@dataclass(frozen=True)
class Ledger:
    """A ledger as the driver of a build holds it: columns as arrays, digests as bytes."""

    path: Path | None
    """The file; None for the ledger of a first release, which is empty."""

    def columns(self, *names: str) -> pa.Table:
        """Some of its columns."""
        if self.path is None:
            return SCHEMA.empty_table().select(names)
        return open_parquet(self.path).read(list(names))

    def __len__(self) -> int:
        return 0 if self.path is None else open_parquet(self.path).rows

    def shards(self) -> Iterator[pa.Table]:
        """The rows of each shard in turn.

        Raises:
            OSError: the file is damaged.
        """
        if self.path is not None:
            file = open_parquet(self.path)
            yield from map(file.group, range(file.groups))

    @cached_property
    def ids(self) -> Binary:
        """Ids as 16 bytes each."""
        return from_hex(self.columns("id").column(0), 16)

    @cached_property
    def text_keys(self) -> Binary:
        """Digests of the normalised texts, 16 bytes each."""
        return from_hex(self.columns("text_key").column(0), 16)

    def known(self) -> Binary:
        """Digests of the raw records that were published, 32 bytes each, sorted."""
        return np.sort(from_hex(self.columns("raw_sha256").column(0), 32))


def from_hex(column: pa.ChunkedArray | pa.Array, width: int) -> Binary:
    """A column of hex digests as `width` bytes each; NumPy compares them as it would the digits."""
    joined = "".join(column.to_pylist())
    return np.frombuffer(bytes.fromhex(joined), dtype=f"S{width}")


def sort_times(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.int64]:
    """Timestamps as sortable integers, UNDATED for null."""
    times: npt.NDArray[np.int64] = column.cast(pa.int64()).fill_null(UNDATED).to_numpy()
    return times
