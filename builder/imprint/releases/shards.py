"""Shards: where one ends, how it is written, and what is read back from it.

Laws: borders are content-defined, so that growth leaves earlier shards as they are and a removal rewrites one or two;
the same rows give the same bytes; every shard has the pinned schema and no `huggingface` key in its footer; pages carry
checksums, and a shard counts as written only after it was read back equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from imprint.errors import InternalError, TransferError

FRACTION = 8
"""A shard has at least an eighth of its largest size; the mean gap behind that is another eighth."""

ROW_GROUP_BYTES = 100_000_000
"""Largest row group, uncompressed: a reader decodes one at a time."""

ZSTD_LEVEL = 3

CHUNKING = {"min_chunk_size": 32 << 10, "max_chunk_size": 128 << 10}
"""Pages end where the content says so: a chunk store then keeps what a release did not change."""

_REPEATING = frozenset(
    {"source_domain", "publisher", "section", "language", "date_precision", "license", "license_url",
     "tdm_reservation", "tdm_policy", "input_file", "extractor", "processing", "authors", "keywords", "added_in"}
)  # fmt: skip
"""Columns whose values repeat: dictionary encoding pays there, and only costs on digests and texts."""

Sizes = npt.NDArray[np.int64]


def cut(
    sizes: Sizes, hashes: npt.NDArray[np.uint64], added_in: npt.NDArray[np.int32], largest: int
) -> list[int]:
    """Where shards (or row groups) end, for rows in release order.

    A border falls once the smallest size is reached: behind a row whose hash is below its own share of the mean gap, or
    before the first row of a later release; and always before the largest size is passed. Each condition depends on
    the rows since the last border alone, so that rows added at the end move no earlier border.

    Args:
        sizes: UTF-8 bytes of each row.
        hashes: a uniform hash of each row's id.
        added_in: release ordinal of each row.
        largest: largest size in bytes.

    Returns:
        The ends, as row numbers; the last one is the number of rows.
    """
    count = len(sizes)
    smallest = gap = max(1, largest // FRACTION)
    # In floating point, a row of a whole gap or more always ends a shard.
    candidate = hashes.astype(np.float64) < sizes / gap * 2.0**64
    candidate[:-1] |= added_in[1:] != added_in[:-1]
    ends_here = np.flatnonzero(candidate) + 1
    total = np.concatenate([[0], np.cumsum(sizes)])
    ends: list[int] = []
    start = 0
    while start < count:
        full = int(np.searchsorted(total, total[start] + smallest, side="left"))
        limit = int(np.searchsorted(total, total[start] + largest, side="right")) - 1
        at = int(np.searchsorted(ends_here, full, side="left"))
        end = int(ends_here[at]) if at < len(ends_here) else count
        # One row may be larger than a shard: it stands alone.
        start = max(min(end, limit, count), start + 1)
        ends.append(start)
    return ends


def id_hashes(ids: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.uint64]:
    """A uniform 64-bit hash of each id: ids are digests, so their last 16 digits serve."""
    if len(ids) == 0:
        return np.empty(0, np.uint64)
    tails = pc.utf8_slice_codeunits(ids, 16, 32).to_pylist()
    return np.frombuffer(bytes.fromhex("".join(tails)), dtype=">u8").astype(np.uint64)


def row_sizes(table: pa.Table) -> Sizes:
    """UTF-8 bytes of the strings in each row."""
    sizes = np.zeros(len(table), np.int64)
    for column in table.columns:
        if pa.types.is_string(column.type):
            sizes += pc.fill_null(pc.binary_length(column), 0).to_numpy().astype(np.int64)
        elif pa.types.is_list(column.type) and pa.types.is_string(column.type.value_type):
            sizes += _list_sizes(column.combine_chunks())
    return sizes


def _list_sizes(column: Any) -> Sizes:
    array = column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)
    parents = pc.list_parent_indices(array).to_numpy()
    lengths = pc.fill_null(pc.binary_length(pc.list_flatten(array)), 0).to_numpy()
    return np.bincount(parents, weights=lengths, minlength=len(array)).astype(np.int64)


def write_shard(table: pa.Table, path: Path) -> pa.Table:
    """Write one shard and read it back.

    Args:
        table: its rows, in release order.
        path: the file to create.

    Returns:
        The rows as they stand in the file.

    Raises:
        TransferError: the disk failed.
        InternalError: what was read back is not what was written.
    """
    ends = cut(
        row_sizes(table), id_hashes(table.column("id")), table.column("added_in").to_numpy(), ROW_GROUP_BYTES
    )
    starts = [0, *ends[:-1]]
    counts = np.diff([0, *ends]).tolist()
    groups = write_groups(
        path, table.schema, counts, lambda number: table.slice(starts[number], counts[number])
    )
    return pa.concat_tables([table.schema.empty_table(), *groups])


def write_groups(
    path: Path, schema: pa.Schema, counts: Sequence[int], group: Callable[[int], pa.Table]
) -> Iterator[pa.Table]:
    """Write one shard and read it back, a row group at a time.

    Args:
        path: the file to create.
        schema: its columns.
        counts: rows of each row group.
        group: gives the rows of a row group, in release order.

    Yields:
        The rows of each row group as they stand in the file.

    Raises:
        TransferError: the disk failed.
        InternalError: what was read back is not what was written.
    """
    try:
        with pq.ParquetWriter(path, schema, **_options(schema, max(counts, default=1))) as writer:
            written = [_write_group(writer, group(number), count) for number, count in enumerate(counts)]
        file = open_parquet(path)
        if file.group_rows != list(counts):
            raise InternalError(f"{path.name} does not hold what was written to it")
        for number, print_ in enumerate(written):
            back = file.group(number).cast(schema)
            if fingerprint(back) != print_:
                raise InternalError(f"{path.name} does not hold what was written to it")
            yield back
    except OSError as error:
        raise TransferError(f"writing {path.name} failed: {error}", hint="is the disk full?") from error


def _write_group(writer: pq.ParquetWriter, table: pa.Table, rows: int) -> str:
    """Write a row group and forget it; only its fingerprint stays to hold against what is read back."""
    writer.write_table(table, row_group_size=rows)
    return fingerprint(table)


def fingerprint(table: pa.Table) -> str:
    """A hash of a table's values (xxh3), the same however they lie in memory; only ever compared within one build."""
    whole = xxhash.xxh3_128()
    for name, column in zip(table.schema.names, table.columns, strict=True):
        whole.update(f"{name}\n{column.type}\n{len(column)}\n".encode())
        for part in _values(column):
            whole.update(part)
    return whole.hexdigest()


def _values(column: pa.ChunkedArray | pa.Array) -> Iterator[Any]:
    """The values of a column as buffers: which are null, then lengths and contents, or numbers."""
    yield np.packbits(column.is_null().to_numpy(zero_copy_only=False))
    if pa.types.is_string(column.type):
        yield pc.fill_null(pc.binary_length(column), 0).to_numpy()
        for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
            _, offsets, data = chunk.buffers()
            if len(chunk) and data is not None:
                ends = np.frombuffer(offsets, np.int32)[[chunk.offset, chunk.offset + len(chunk)]]
                yield memoryview(data)[int(ends[0]) : int(ends[1])]
    elif pa.types.is_list(column.type):
        yield pc.fill_null(pc.list_value_length(column), 0).to_numpy()
        yield from _values(pc.list_flatten(column))
    else:
        zero = pa.scalar(0, pa.int64()).cast(column.type) if not pa.types.is_boolean(column.type) else False
        yield np.ascontiguousarray(pc.fill_null(column, zero).to_numpy(zero_copy_only=False))


def _options(schema: pa.Schema, rows: int) -> dict[str, Any]:
    return {
        "compression": "zstd",
        "compression_level": ZSTD_LEVEL,
        "use_dictionary": [_leaf(field) for field in schema if field.name in _REPEATING],
        # A text as minimum or maximum of its page would stand in the file twice more.
        "write_statistics": [_leaf(field) for field in schema if field.name != "text"],
        "use_content_defined_chunking": CHUNKING,
        "write_page_index": True,
        "write_page_checksum": True,
        "bloom_filter_options": {"id": {"ndv": max(rows, 1), "fpp": 0.01}},
    }


def _leaf(field: pa.Field) -> str:
    return f"{field.name}.list.element" if pa.types.is_list(field.type) else str(field.name)


def read_shard(path: Path, schema: pa.Schema | None = None, columns: list[str] | None = None) -> pa.Table:
    """Read a shard with its page checksums verified.

    Raises:
        OSError: the file is damaged or is no Parquet.
    """
    table = open_parquet(path).read(columns=columns)
    return table if schema is None else table.cast(schema)


def open_parquet(path: Path) -> CheckedFile:
    """Open a Parquet file for reading with its page checksums verified.

    Raises:
        OSError: the file is damaged or is no Parquet.
    """
    with _as_os_error(path):
        return CheckedFile(path, pq.ParquetFile(path, page_checksum_verification=True))


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A Parquet file whose damage is an OSError, whatever Arrow makes of it."""

    path: Path
    file: pq.ParquetFile

    @property
    def groups(self) -> int:
        """Number of row groups."""
        return int(self.file.metadata.num_row_groups)

    @property
    def group_rows(self) -> list[int]:
        """Rows of each row group."""
        metadata = self.file.metadata
        return [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.file.metadata.num_rows)

    def read(self, columns: list[str] | None = None) -> pa.Table:
        """All rows."""
        with _as_os_error(self.path):
            return self.file.read(columns=columns)

    def group(self, index: int, columns: list[str] | None = None) -> pa.Table:
        """The rows of one row group."""
        with _as_os_error(self.path):
            return self.file.read_row_group(index, columns=columns)


@contextmanager
def _as_os_error(path: Path) -> Iterator[None]:
    # Damage in a footer shows as bad text, impossible numbers or types that do not exist.
    try:
        yield
    except (pa.ArrowException, ValueError, OverflowError, MemoryError) as error:
        raise OSError(f"{path.name} is damaged or is no Parquet: {error}") from error
