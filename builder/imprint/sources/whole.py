"""One-article files: read whole, up to the size that an article may have."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from imprint.findings import Finding
from imprint.sources.base import RawRecord, Span
from imprint.sources.compression import DamagedStreamError, blocks, split_suffix
from imprint.sources.lines import BLOCK_BYTES, MAX_LINE_BYTES


def read_whole(span: Span) -> Iterator[list[RawRecord]]:
    """The one record of a file: its bytes, and their digest as `raw_sha256`."""
    digest = hashlib.sha256()
    pieces: list[bytes] = []
    size = 0
    fault = None
    try:
        for block in blocks(span.file.path, span.file.compression, BLOCK_BYTES):
            digest.update(block)
            size += len(block)
            # Beyond the limit the file is digested to its end, but not kept.
            pieces = [*pieces, block] if size <= MAX_LINE_BYTES else []
    except DamagedStreamError as error:
        fault = Finding("truncated_stream", f"the file is damaged: {error}")
    except OSError as error:
        fault = Finding("unreadable_file", error.strerror or str(error))
    if size > MAX_LINE_BYTES:
        message = f"the file has {size:,} bytes; an article may have {MAX_LINE_BYTES:,}"
        fault = Finding("record_too_large", message)
    yield [RawRecord(1, digest.hexdigest(), b"".join(pieces) if fault is None else None, fault)]


def stem_of(name: str) -> str:
    """The stem of a one-article file, which is the id that its source gave it."""
    return PurePosixPath(split_suffix(name)[0]).stem
