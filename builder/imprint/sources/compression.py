"""Compressed files: decoded block by block, whatever packed them.

Laws: a damaged stream raises `DamagedStreamError` behind every byte that could be decoded; nothing is decoded ahead of
what is asked for, so that a small file which claims to be huge costs no memory.
"""

from __future__ import annotations

import bz2
import errno
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

SUFFIXES = (".gz", ".zst", ".bz2")
"""Endings of compressed files."""

PIECE = 128 << 10
"""Bytes decoded at a time: what is lost at most where a stream breaks."""


EXPANSION = 200
"""How many times its size a file may decode to; prose packs to a third or a tenth."""

EXPANSION_FLOOR = 64 << 20
"""Bytes that any file may decode to."""


class DamagedStreamError(Exception):
    """The compressed data is damaged or ends too early."""


def split_suffix(name: str) -> tuple[str, str]:
    """A file name without the ending of its compression, and that ending (empty for none)."""
    ending = name[-4:].lower()
    for suffix in SUFFIXES:
        if ending.endswith(suffix):
            return name[: -len(suffix)], suffix
    return name, ""


def blocks(
    path: str, compression: str, size: int, *, start: int = 0, limit: int | None = None
) -> Iterator[bytes]:
    """The decoded bytes of a file, in blocks of about `size` bytes.

    Args:
        path: the file.
        compression: its suffix; empty for none.
        size: bytes of a block; the last one is smaller.
        start: first byte; 0 for compressed files.
        limit: bytes in total; None reads to the end.

    Raises:
        DamagedStreamError: the compression is broken; all bytes before the break were yielded.
        OSError: the file cannot be opened, or the device failed.
    """
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)
    with Path(path).open("rb", buffering=0) as raw:
        if not compression:
            raw.seek(start)
            yield from _plain(raw, size, limit)
        else:
            pieces = (
                {".gz": _gunzip, ".bz2": _bunzip2}[compression](raw)
                if compression != ".zst"
                else _unzstd(path)
            )
            yield from _gathered(_bounded(pieces, Path(path).stat().st_size), size)


SMALL_BYTES = 64 << 10
"""Nearly every file of one article is smaller."""


def read_small(path: str, compression: str) -> bytes | None:
    """The bytes of a small file that is not compressed, with four system calls; None for any other, and where one fails."""
    if compression:
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        data = os.read(handle, SMALL_BYTES)
        return data if len(data) < SMALL_BYTES and not os.read(handle, 1) else None
    except OSError:
        return None
    finally:
        os.close(handle)


def _plain(raw: BinaryIO, size: int, limit: int | None) -> Iterator[bytes]:
    left = limit
    while left is None or left > 0:
        block = raw.read(size if left is None else min(size, left))
        if not block:
            return
        left = None if left is None else left - len(block)
        yield block


def _bounded(pieces: Iterator[bytes], packed: int) -> Iterator[bytes]:
    """Pieces up to what an honest file of this size can hold."""
    limit = max(EXPANSION_FLOOR, EXPANSION * packed)
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > limit:
            raise DamagedStreamError(
                f"it expands to more than {EXPANSION} times its size; unpack it if it is honest"
            )
        yield piece


def _gathered(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Pieces joined to blocks; what was gathered comes before the error that ends it."""
    gathered: list[bytes] = []
    length = 0
    damage: DamagedStreamError | None = None
    try:
        for piece in pieces:
            gathered.append(piece)
            length += len(piece)
            if length >= size:
                yield b"".join(gathered)
                gathered, length = [], 0
    except DamagedStreamError as error:
        damage = error
    if gathered:
        yield b"".join(gathered)
    if damage is not None:
        raise damage


def _gunzip(raw: BinaryIO) -> Iterator[bytes]:
    """RFC 1952: one or more members, each with its checksum; zeros behind the last one are padding."""
    packed = raw.read(PIECE)
    while packed:
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            try:
                piece = member.decompress(packed, PIECE)
            except zlib.error as error:
                raise DamagedStreamError(str(error)) from error
            packed = member.unconsumed_tail
            if piece:
                yield piece
            if not packed and not member.eof:
                packed = raw.read(PIECE)
                if not packed:
                    raise DamagedStreamError("the gzip stream ends too early")
        packed = member.unused_data.lstrip(b"\0") or raw.read(PIECE).lstrip(b"\0")


def _bunzip2(raw: BinaryIO) -> Iterator[bytes]:
    """One or more bzip2 streams, each block with its checksum."""
    packed = raw.read(PIECE)
    while packed:
        stream = bz2.BZ2Decompressor()
        while not stream.eof:
            try:
                piece = stream.decompress(packed, PIECE)
            except (OSError, ValueError) as error:
                raise DamagedStreamError(str(error)) from error
            packed = b""
            if piece:
                yield piece
            if stream.needs_input and not stream.eof:
                packed = raw.read(PIECE)
                if not packed:
                    raise DamagedStreamError("the bzip2 stream ends too early")
        packed = stream.unused_data or raw.read(PIECE)


def _unzstd(path: str) -> Iterator[bytes]:
    done = 0
    try:
        for piece in _arrow_unzstd(path, PIECE):
            done += len(piece)
            yield piece
    except DamagedStreamError:
        # Arrow gives nothing of a piece that it cannot fill: the last one is decoded again, byte by byte.
        yield from _arrow_unzstd(path, 1, skip=done)


def _arrow_unzstd(path: str, size: int, *, skip: int = 0) -> Iterator[bytes]:
    import pyarrow as pa  # noqa: PLC0415 - only where such a file is read

    with closing(pa.CompressedInputStream(pa.OSFile(path), "zstd")) as stream:
        while True:
            try:
                piece = stream.read(min(skip, PIECE) if skip else size)
            except OSError as error:
                # Arrow reports damage as OSError without an errno; the system's own errors have one.
                if error.errno is None:
                    raise DamagedStreamError(str(error)) from error
                raise
            if not piece:
                return
            if skip:
                skip -= len(piece)
            else:
                yield piece
