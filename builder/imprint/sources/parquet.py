"""Foreign Parquet: rows of any schema, decoded in a child process with bounded memory.

Law: whatever a Parquet file does to the library that decodes it, it does to the child; this process reads lines. A row's
raw digest is that of its canonical JSON.
"""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from imprint.findings import Finding
from imprint.sources.base import Draft, InputFile, RawRecord, Recognise, Span, undivided
from imprint.sources.lines import BLOCK_BYTES, MAX_LINE_BYTES, Line, LongLine, lines

MEMORY_BYTES = 704 << 20
"""Address space of the child, of which 330 MB are libraries that are mapped but hardly touched."""

BUFFER_BYTES = 1 << 20
"""Bytes of a column that are read at a time; without it a column's whole row group is."""

EXPANSION = 1000
"""How many times its size a file may hold in JSON: beyond it the file is a bomb."""

EXPANSION_FLOOR = 256 << 20
BATCH_ROWS = 128


@dataclass(frozen=True, slots=True)
class Parquet:
    """The format of .parquet files."""

    name: str = "parquet"
    what: str = "rows of any schema, decoded in a child process"
    suffixes: tuple[str, ...] = (".parquet", ".pq")
    one_per_file: bool = False

    def divide(self, file: InputFile) -> tuple[Span, ...]:
        """One span: the file is read from its beginning."""
        return undivided(file)

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """Read the rows of a file."""
        row = span.first_row
        try:
            if not Path(span.file.path).is_file():
                raise FileNotFoundError(2, "No such file")
            for batch in lines(_decoded(span.file.path), at_start=False):
                yield [_record(row + index, line) for index, line in enumerate(batch)]
                row += len(batch)
        except ValueError as error:
            yield [_lost(row, "damaged_parquet", f"the file cannot be read behind row {row - 1}: {error}")]
        except OSError as error:
            yield [_lost(row, "unreadable_file", error.strerror or str(error))]

    def draft(self, record: RawRecord, file: InputFile, recognise: Recognise) -> Draft:
        """The draft of a row."""
        return recognise(orjson.loads(record.payload))


PARQUET = Parquet()


def _decoded(path: str) -> Iterator[bytes]:
    """Rows as JSON lines from the child.

    Raises:
        ValueError: the child failed, or the file expands beyond all measure.
    """
    limit = max(EXPANSION_FLOOR, EXPANSION * Path(path).stat().st_size)
    command = [sys.executable, "-m", "imprint.sources.parquet", path]
    # The other allocators reserve address space by the gigabyte, which is what is limited.
    env = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=env) as child:  # noqa: S603 - ourselves
        assert child.stdout is not None
        assert child.stderr is not None
        try:
            size = 0
            while block := child.stdout.read(BLOCK_BYTES):
                size += len(block)
                if size > limit:
                    raise ValueError(f"it holds more than {EXPANSION} times its size")
                yield block
            message = child.stderr.read(4096).decode(errors="replace").strip().splitlines()
            if child.wait():
                raise ValueError(
                    message[-1] if message else "the decoder was stopped; it may have run out of memory"
                )
        finally:
            # Also when the reader stops in the middle: a child that nobody reads from would wait for ever.
            child.kill()


def _record(row: int, line: Line) -> RawRecord:
    if isinstance(line, LongLine):
        message = f"the row has {line.size:,} bytes; an article may have {MAX_LINE_BYTES:,}"
        return RawRecord(row, line.sha256, None, Finding("record_too_large", message))
    return RawRecord(row, hashlib.sha256(line).hexdigest(), line)


def _lost(row: int, code: str, message: str) -> RawRecord:
    return RawRecord(row, hashlib.sha256().hexdigest(), None, Finding(code, message))


def _child(path: str) -> None:
    """Write the rows of a file as canonical JSON lines."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    import pyarrow.parquet as pq  # noqa: PLC0415 - behind the limit

    file = pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False, buffer_size=BUFFER_BYTES)
    for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
        names = batch.schema.names
        if len(set(names)) < len(names):
            # A row as an object has room for one column of a name: the others go by their number, as in tables.
            names = [n if names.index(n) == i else f"column_{i + 1}" for i, n in enumerate(names)]
            batch = batch.rename_columns(names)  # noqa: PLW2901
        # Rows of many megabytes are made into objects one by one.
        at_a_time = BATCH_ROWS if batch.nbytes <= MAX_LINE_BYTES else 1
        for row in (
            row for at in range(0, len(batch), at_a_time) for row in batch.slice(at, at_a_time).to_pylist()
        ):
            line = orjson.dumps(row, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
            sys.stdout.buffer.write(line)


def _plain(value: Any) -> Any:
    """Values that JSON does not have, as text."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


if __name__ == "__main__":
    try:
        _child(sys.argv[1])
    except Exception as failure:  # noqa: BLE001 - whatever it was, the parent is told in one line
        sys.stdout.flush()
        sys.stderr.write(
            f"{type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else ''}\n"
        )
        sys.exit(1)
