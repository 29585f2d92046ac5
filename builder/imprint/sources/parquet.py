"""Foreign Parquet: rows of any schema, decoded in a child process with bounded memory.

Law: whatever a Parquet file does to the library that decodes it, it does to the child; this process reads lines. A row's
raw digest is that of its canonical JSON.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from imprint.findings import Finding
from imprint.sources import parquet_child
from imprint.sources.base import SPAN_BYTES, Draft, InputFile, RawRecord, Recognise, Span, undivided
from imprint.sources.lines import MAX_LINE_BYTES, Line, LongLine, lines
from imprint.sources.parquet_child import FAULT, LENGTH

MEMORY_BYTES = 704 << 20
"""Address space of the child, of which 330 MB are libraries that are mapped but hardly touched."""

STOPPED = "the decoder was stopped; it may have run out of memory"

EXPANSION = 1000
"""How many times its size a file may hold in JSON: beyond it the file is a bomb."""

EXPANSION_FLOOR = 256 << 20


@dataclass(frozen=True, slots=True)
class Parquet:
    """The format of .parquet files."""

    name: str = "parquet"
    what: str = "rows of any schema, decoded in a child process"
    suffixes: tuple[str, ...] = (".parquet", ".pq")
    one_per_file: bool = False

    def divide(self, file: InputFile) -> tuple[Span, ...]:
        """Cut a file behind row groups, by what its footer says of them; what they hold is not trusted here."""
        if file.compression or file.size <= SPAN_BYTES:
            return undivided(file)
        try:
            groups = orjson.loads(b"".join(_ask({"what": "groups", "path": file.path})))
        except (ValueError, OSError):
            return undivided(file)
        spans: list[Span] = []
        start = size = rows = 0
        first_row = 1
        for index, (count, group_bytes) in enumerate(groups, 1):
            size += max(group_bytes, 0)
            rows += max(count, 0)
            if size >= SPAN_BYTES or index == len(groups):
                spans.append(Span(file, start, index, first_row, size))
                start, size, first_row, rows = index, 0, first_row + rows, 0
        return tuple(spans) or undivided(file)

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """Read the rows of a file."""
        row = span.first_row
        try:
            if not Path(span.file.path).is_file():
                raise FileNotFoundError(2, "No such file")
            for batch in lines(_decoded(span), at_start=False):
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


def _decoded(span: Span) -> Iterator[bytes]:
    """Rows as JSON lines from a child.

    Raises:
        ValueError: the child failed, or the file expands beyond all measure.
    """
    path = span.file.path
    limit = max(EXPANSION_FLOOR, EXPANSION * Path(path).stat().st_size)
    size = 0
    for block in _ask({"what": "rows", "path": path, "start": span.start, "end": span.end}):
        size += len(block)
        if size > limit:
            raise ValueError(f"it holds more than {EXPANSION} times its size")
        yield block


def _ask(request: dict[str, Any]) -> Iterator[bytes]:
    """The answer of a child; one that has answered is asked again, since to start one takes longer than most files.

    Raises:
        ValueError: it failed.
    """
    child = _IDLE.pop() if _IDLE else _Child()
    try:
        yield from child.answer(request)
    except BaseException:
        # Also when the reader stops in the middle: what the child still says would be taken for its next answer.
        child.end()
        raise
    _IDLE.append(child)


class _Child:
    """A process that decodes."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", parquet_child.__name__, str(MEMORY_BYTES)]
        # The other allocators reserve address space by the gigabyte, which is what is limited.
        env = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"}
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, env=env)  # noqa: S603 - ourselves
        atexit.register(self.end)

    def answer(self, request: dict[str, Any]) -> Iterator[bytes]:
        """Frames of an answer.

        Raises:
            ValueError: it failed, or the process died.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(orjson.dumps(request) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise ValueError(STOPPED) from None
        while (length := LENGTH.unpack(self._take(LENGTH.size))[0]) != 0:
            if length == FAULT:
                message = self._take(LENGTH.unpack(self._take(LENGTH.size))[0])
                raise ValueError(message.decode(errors="replace"))
            yield self._take(length)

    def _take(self, count: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(count)
        if len(data) < count:
            raise ValueError(STOPPED)
        return data

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        atexit.unregister(self.end)


_IDLE: list[_Child] = []
"""Children that wait for a request."""


def end_children() -> None:
    """End the children that wait."""
    while _IDLE:
        _IDLE.pop().end()


def _record(row: int, line: Line) -> RawRecord:
    if isinstance(line, LongLine):
        message = f"the row has {line.size:,} bytes; an article may have {MAX_LINE_BYTES:,}"
        return RawRecord(row, line.sha256, None, Finding("record_too_large", message))
    return RawRecord(row, hashlib.sha256(line).hexdigest(), line)


def _lost(row: int, code: str, message: str) -> RawRecord:
    return RawRecord(row, hashlib.sha256().hexdigest(), None, Finding(code, message))
