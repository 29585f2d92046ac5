"""One-article files: read whole, up to the size that an article may have."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from imprint.findings import Finding
from imprint.sources.base import Draft, InputFile, RawRecord, Recognise, Span
from imprint.sources.compression import DamagedStreamError, blocks, read_small, split_suffix
from imprint.sources.lines import BLOCK_BYTES, MAX_LINE_BYTES
from imprint.sources.recognise import named
from imprint.sources.sidecars import read_sidecar


def read_whole(span: Span) -> Iterator[list[RawRecord]]:
    """The one record of a file: its bytes, and their digest as `raw_sha256`."""
    sidecar = span.file.sidecar
    data = None if sidecar else read_small(span.file.path, span.file.compression)
    if data is not None and len(data) <= MAX_LINE_BYTES:
        yield [RawRecord(1, hashlib.sha256(data).hexdigest(), data)]
        return
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
    raw = digest.hexdigest()
    beside: Mapping[str, Any] = {}
    if sidecar is not None:
        read = read_sidecar(sidecar)
        if isinstance(read, Finding):
            fault = fault or read
        else:
            beside, sidecar_digest = read
            # An article whose metadata changed is another raw record.
            raw = hashlib.sha256(digest.digest() + sidecar_digest).hexdigest()
    yield [RawRecord(1, raw, b"".join(pieces) if fault is None else None, fault, beside)]


def recognise_whole(
    record: RawRecord, file: InputFile, values: Mapping[str, Any], body: str, recognise: Recognise
) -> Draft:
    """The draft of a one-article file: its own values before its sidecar's, its body before any text among them."""
    known = {**record.beside, **values}
    for key in named("text", tuple(known)):
        del known[key]
    draft = recognise({**known, "text": body})
    draft.values["text"] = body
    draft.values.setdefault("source_id", stem_of(file.name))
    return draft


def stem_of(name: str) -> str:
    """The stem of a one-article file, which is the id that its source gave it."""
    base = split_suffix(name)[0].rpartition("/")[2]
    stem, dot, _ = base.rpartition(".")
    return stem if dot and stem else base
