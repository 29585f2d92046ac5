"""The ledger: every id ever published, with its split, cluster and digests.

It is what makes growth possible without reading texts again: known raw records, exact duplicates, the order and the
shard borders of all published rows follow from it. Rows stand in release order (split, added_in, published_at, id), one
row group for each shard.

Law: all columns but those of REMEMBERED can be recomputed from the shards (imprint.digests). These list raw digests of
records that were dropped in favour of this one: what was decided stays decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
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
        pa.field("dropped_raw", pa.list_(pa.string())),
        pa.field("versions_raw", pa.list_(pa.string())),
    ]
)

COPIES, VERSIONS = "dropped_raw", "versions_raw"
"""Columns of raw digests: of other articles whose text is that of the record, or nearly; of other versions of it."""

REMEMBERED = (COPIES, VERSIONS)
"""Columns that no shard tells."""

Remembered = Mapping[str, Mapping[str, Sequence[str]]]
"""Column of REMEMBERED to id to raw digests."""

UNDATED = np.iinfo(np.int64).max
"""Sort value of a record without published_at: it stands behind the dated ones."""

SLICE_ROWS = 2048
"""Records that are held as Python objects at a time."""

Binary = npt.NDArray[np.bytes_]


def ledger_rows(
    table: pa.Table, split: str, schema: RecordSchema, remembered: Remembered | None = None
) -> pa.Table:
    """The ledger's rows for the records of one shard.

    Args:
        table: the records.
        split: their split.
        schema: their schema.
        remembered: what was dropped in the records' favour; all other columns come from the records alone.
    """
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
    ids = table.column("id").to_pylist() if remembered else []
    for name in REMEMBERED:
        lists = (remembered or {}).get(name)
        values = [lists.get(identity) for identity in ids] if lists else [None] * len(table)
        columns[name] = pa.array(values, pa.list_(pa.string()))
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

    def shard(self, index: int) -> pa.Table:
        """The rows of one shard.

        Raises:
            OSError: the file is damaged.
        """
        assert self.path is not None
        return open_parquet(self.path).group(index)

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

    def dropped(self, name: str) -> tuple[Binary, npt.NDArray[np.int64]]:
        """Digests of a column of REMEMBERED, sorted, and the row of the record that each was dropped for."""
        column = self.columns(name).column(0).combine_chunks()
        column = column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)
        raw = from_hex(pc.list_flatten(column), 32)
        rows = pc.list_parent_indices(column).to_numpy()
        order = np.argsort(raw, kind="stable")
        return raw[order], rows[order]

    def known(self) -> Binary:
        """Digests of the raw records that were published, 32 bytes each, sorted."""
        return np.sort(from_hex(self.columns("raw_sha256").column(0), 32))


def from_hex(column: pa.ChunkedArray | pa.Array, width: int) -> Binary:
    """A column of hex digests as `width` bytes each; NumPy compares them as it would the digits.

    Raises:
        ValueError: a value is null, of another length, or not hexadecimal.
    """
    whole = bytearray()
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        if chunk.null_count:
            raise ValueError("a digest is missing")
        # All at once from the buffer: a Python string for each digest would cost ten times its bytes.
        offsets = np.frombuffer(chunk.buffers()[1], np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        if (np.diff(offsets) != 2 * width).any():
            raise ValueError(f"a digest does not have {2 * width} digits")
        data = memoryview(chunk.buffers()[2] or b"")[int(offsets[0]) : int(offsets[-1])]
        whole += bytes.fromhex(str(data, "ascii"))
    return np.frombuffer(bytes(whole), dtype=f"S{width}")


def from_binary(column: pa.ChunkedArray, width: int) -> Binary:
    """A column of fixed-size binary values as an array."""
    pieces = [
        np.frombuffer(chunk.buffers()[1], f"S{width}")[chunk.offset : chunk.offset + len(chunk)]
        for chunk in column.chunks
        if len(chunk)
    ]
    return np.concatenate(pieces) if pieces else np.empty(0, f"S{width}")


def sorted_bytes(values: Binary) -> bytes:
    """Values one behind the other in their order, for a file that is searched."""
    return np.sort(values).tobytes()


def hex_id(value: bytes) -> str:
    """An id of 16 bytes as records write it; NumPy takes zero bytes at the end for padding."""
    return value.ljust(16, b"\0").hex()


def codes(splits: pa.ChunkedArray, names: Sequence[str]) -> npt.NDArray[np.int8]:
    """Splits as their places among the names."""
    encoded = splits.combine_chunks().dictionary_encode()
    known = np.array([names.index(split) for split in encoded.dictionary.to_pylist()], np.int8)
    return known[encoded.indices.to_numpy()] if len(encoded) else np.empty(0, np.int8)


def sort_times(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.int64]:
    """Timestamps as sortable integers, UNDATED for null."""
    times: npt.NDArray[np.int64] = column.cast(pa.int64()).fill_null(UNDATED).to_numpy()
    return times
