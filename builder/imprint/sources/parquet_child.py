"""The child that decodes foreign Parquet: rows as canonical JSON lines, in a process with little address space.

    python -m imprint.sources.parquet_child BYTES

It reads requests from standard input, a JSON object a line, and answers each with frames on standard output: four bytes
of length and the data; a length of zero ends an answer, FAULT and a message end one that failed.
"""

from __future__ import annotations

import resource
import struct
import sys
from collections.abc import Iterator
from typing import Any

import orjson

BUFFER_BYTES = 1 << 20
"""Bytes of a column that are read at a time; without it a column's whole row group is."""

FRAME_BYTES = 1 << 20
"""Bytes of a frame, about."""

BATCH_ROWS = 128
LARGE_BATCH = 8 << 20
"""Bytes of a batch whose rows are made into objects one by one."""

FAULT = 0xFFFFFFFF
"""Length that stands before a message."""

LENGTH = struct.Struct(">I")


def main() -> None:
    """Answer requests until there are no more."""
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        try:
            for frame in _answer(orjson.loads(line)):
                out.write(LENGTH.pack(len(frame)))
                out.write(frame)
            out.write(LENGTH.pack(0))
        except Exception as failure:  # noqa: BLE001 - whatever it was, the parent is told in one line
            first = str(failure).splitlines()[0] if str(failure) else ""
            message = f"{type(failure).__name__}: {first}".encode()
            out.write(LENGTH.pack(FAULT) + LENGTH.pack(len(message)) + message)
        out.flush()


def _answer(request: dict[str, Any]) -> Iterator[bytes]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - behind the limit

    file = pq.ParquetFile(
        request["path"], page_checksum_verification=True, pre_buffer=False, buffer_size=BUFFER_BYTES
    )
    groups = file.metadata.num_row_groups
    if request["what"] == "groups":
        parts = (file.metadata.row_group(index) for index in range(groups))
        yield orjson.dumps([[part.num_rows, part.total_byte_size] for part in parts])
        return
    first, last = request["start"], groups if request["end"] is None else min(request["end"], groups)
    lines: list[bytes] = []
    size = 0
    for line in _lines(file, range(first, last)):
        lines.append(line)
        size += len(line)
        if size >= FRAME_BYTES:
            yield b"".join(lines)
            lines, size = [], 0
    if lines:
        yield b"".join(lines)


def _lines(file: Any, groups: range) -> Iterator[bytes]:
    if not groups:
        return
    for batch in file.iter_batches(batch_size=BATCH_ROWS, row_groups=list(groups), use_threads=False):
        names = batch.schema.names
        if len(set(names)) < len(names):
            # A row as an object has room for one column of a name: the others go by their number, as in tables.
            names = [n if names.index(n) == i else f"column_{i + 1}" for i, n in enumerate(names)]
            batch = batch.rename_columns(names)  # noqa: PLW2901
        at_a_time = BATCH_ROWS if batch.nbytes <= LARGE_BATCH else 1
        for at in range(0, len(batch), at_a_time):
            for row in batch.slice(at, at_a_time).to_pylist():
                option = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
                yield orjson.dumps(row, default=_plain, option=option)


def _plain(value: Any) -> Any:
    """Values that JSON does not have, as text."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


if __name__ == "__main__":
    main()
