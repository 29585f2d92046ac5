"""Ingest: read raw records, set known ones aside, make drafts of the others, count the lines that sources repeat.

Law: every raw record leaves this step once: known, quarantined, or as a draft.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import xxhash

from imprint.building.parts import Part, RowWriter, WorkFolder
from imprint.building.quarantine import QuarantineWriter
from imprint.cleaning.characters import clean_text
from imprint.cleaning.residue import edge_lines, line_hash
from imprint.cleaning.urls import canonical_url, domain_of
from imprint.digests import id_of_url, text_key
from imprint.sources import BY_NAME
from imprint.sources.base import Draft, InputFile, RawRecord
from imprint.sources.recognise import Recogniser

DRAFTS = pa.schema(
    [
        pa.field("text", pa.large_string()),
        pa.field("values", pa.binary()),
        pa.field("residue_source", pa.string()),
        pa.field("span", pa.int32()),
        pa.field("row", pa.int64()),
        pa.field("raw", pa.binary(32)),
    ]
)
"""A draft on disk: the text, the other values as JSON, and where it came from."""

KNOWN = pa.schema([pa.field("span", pa.int32()), pa.field("row", pa.int64()), pa.field("raw", pa.binary(32))])
"""A record that is published already."""

LINE_USE = np.dtype([("source", "<u8"), ("line", "<u8"), ("text", "<u8")])
"""One short line at the edge of one text, as hashes."""


@dataclass(frozen=True, slots=True)
class IngestTask:
    """One part to ingest."""

    part: Part
    work: WorkFolder
    fields: tuple[str, ...]
    """Fields of the schema."""
    overrides: Mapping[str, str]
    """`[input.fields]`."""
    remembered: Mapping[str, Mapping[str, Sequence[str]]]
    """File group to field to keys, from the previous release's decisions."""
    known: bool
    """Whether there are known digests in the work folder."""
    limit: int | None = None
    """Records that are read of each file at most; None reads all."""


@dataclass(slots=True)
class Ingested:
    """What the driver learns of a part."""

    part: int
    read: Counter[str] = field(default_factory=Counter)
    """Source to records read."""
    quarantined: Counter[str] = field(default_factory=Counter)
    """Source to records that could not be read."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Code to records that could not be read."""
    known: Counter[str] = field(default_factory=Counter)
    """Source to records that are published already."""
    drafts: int = 0
    """Drafts written."""
    used: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    """File group to (field, key) to records."""
    ignored: dict[str, Counter[str]] = field(default_factory=dict)
    """File group to key to records in which no field took it."""
    articles: Counter[str] = field(default_factory=Counter)
    """Residue source to distinct texts."""
    line_uses: npt.NDArray[Any] = field(default_factory=lambda: np.empty(0, LINE_USE))
    """Distinct uses of short lines at the edges of texts."""
    limited: bool = False
    """Whether a file holds more than was read of it."""
    digest: str = ""
    """SHA-256 over the raw digests of all records, in order."""


def ingest(task: IngestTask) -> Ingested:
    """Ingest one part."""
    return _Ingest(task).run()


class _Ingest:
    def __init__(self, task: IngestTask) -> None:
        self.task = task
        self.result = Ingested(task.part.index)
        self.published = _published(task, "raw", 32)
        self.published_ids = _published(task, "ids", 16)
        self.published_texts = _published(task, "texts", 16)
        self.dropped = _published(task, "dropped", 32)
        self.recognisers: dict[str, Recogniser] = {}
        self.drafts = RowWriter(task.work.drafts(task.part.index), DRAFTS, compression="lz4")
        self.known = RowWriter(task.work.known(task.part.index), KNOWN)
        self.quarantine = QuarantineWriter(task.work.quarantine("ingest", task.part.index))
        self.uses: list[tuple[int, int, int]] = []
        self.texts: dict[str, set[int]] = {}

    def run(self) -> Ingested:
        digest = hashlib.sha256()
        for index, span in enumerate(self.task.part.spans):
            for records in self._limited(BY_NAME[span.file.format].read(span)):
                digest.update("".join(record.raw_sha256 for record in records).encode())
                self.result.read[span.file.source] += len(records)
                self._batch(index, span.file, records)
        for writer in (self.drafts, self.known, self.quarantine):
            writer.close()
        self.result.drafts = self.drafts.rows
        self.result.reasons = self.quarantine.reasons
        self.result.digest = digest.hexdigest()
        for group, recogniser in self.recognisers.items():
            self.result.used[group] = recogniser.used
            self.result.ignored[group] = recogniser.ignored()
        self.result.articles.update({source: len(texts) for source, texts in self.texts.items()})
        # One use for each text: an article that was crawled ten times says its last line once.
        self.result.line_uses = np.unique(np.array(self.uses, LINE_USE))
        return self.result

    def _limited(self, batches: Iterator[list[RawRecord]]) -> Iterator[list[RawRecord]]:
        """The batches up to the limit of records."""
        left = self.task.limit
        for batch in batches:
            if left is None:
                yield batch
                continue
            yield batch[:left]
            left -= len(batch)
            if left <= 0:
                self.result.limited = True
                return

    def _batch(self, index: int, file: InputFile, records: list[RawRecord]) -> None:
        fresh = self._set_known_aside(index, file, records)
        for record, draft in zip(fresh, self._drafts(file, fresh), strict=True):
            if draft.fault is not None:
                self.result.quarantined[file.source] += 1
                self.quarantine.add(draft.fault, file, record.row, record.raw_sha256)
                continue
            body = draft.values.pop("text", None)
            if not isinstance(body, str):
                # A text of another type goes on as a value, for validation to reject with its reason.
                draft.values["text"] = body
                body = None
            source = _residue_source(draft.values, file)
            values = orjson.dumps({**draft.values, "processing": draft.steps})
            raw = bytes.fromhex(record.raw_sha256)
            self.drafts.append(body, values, source, index, record.row, raw, size=len(body or ""))
            if body and not self._is_decided(draft.values, body, raw):
                self._count_lines(source, body)

    def _set_known_aside(self, index: int, file: InputFile, records: list[RawRecord]) -> list[RawRecord]:
        if self.published is None or not records:
            return records
        raw = np.frombuffer(bytes.fromhex("".join(r.raw_sha256 for r in records)), dtype="S32")
        at = np.minimum(np.searchsorted(self.published, raw), len(self.published) - 1)
        published = (self.published[at] == raw).tolist()
        for record in itertools.compress(records, published):
            self.result.known[file.source] += 1
            self.known.append(index, record.row, bytes.fromhex(record.raw_sha256))
        return [record for record, is_known in zip(records, published, strict=True) if not is_known]

    def _drafts(self, file: InputFile, records: list[RawRecord]) -> Iterator[Draft]:
        recogniser = self.recognisers.get(file.group)
        if recogniser is None:
            remembered = self.task.remembered.get(file.group, {})
            recogniser = Recogniser(self.task.fields, self.task.overrides, remembered)
            self.recognisers[file.group] = recogniser
        fmt = BY_NAME[file.format]
        for record in records:
            if record.fault is not None:
                yield Draft({}, fault=record.fault)
            else:
                yield fmt.draft(record, file, recogniser.draft)

    def _is_decided(self, values: Mapping[str, Any], body: str, raw: bytes) -> bool:
        """Whether an article is another version or a copy of a published one: what it repeats decides nothing new.

        So the whole corpus and the latest crawl alone lead to the same decisions.
        """
        if self.published_ids is None or self.published_texts is None or self.dropped is None:
            return False
        if _holds(self.dropped, raw):
            return True
        url = values.get("url")
        identity = id_of_url(canonical_url(url)) if isinstance(url, str) else ""
        return _holds(self.published_texts, text_key(body)) or (
            bool(identity) and _holds(self.published_ids, bytes.fromhex(identity))
        )

    def _count_lines(self, source: str, body: str) -> None:
        # Lines must be those that cleaning will see; ASCII with LF is clean enough to be looked at as it is.
        if not body.isascii() or "\r" in body:
            body, _ = clean_text(body)
        text = xxhash.xxh3_64_intdigest(body.encode())
        hashed = line_hash(source)
        self.texts.setdefault(source, set()).add(text)
        self.uses.extend((hashed, line_hash(line), text) for line in edge_lines(body))


def _published(task: IngestTask, what: str, width: int) -> npt.NDArray[np.bytes_] | None:
    """What is published, sorted, mapped into memory so that workers share the pages."""
    if not task.known:
        return None
    path = task.work.published(what)
    # An empty file cannot be mapped.
    return np.memmap(path, dtype=f"S{width}", mode="r") if path.stat().st_size else np.empty(0, f"S{width}")


def _holds(published: npt.NDArray[np.bytes_], value: bytes) -> bool:
    at = int(np.searchsorted(published, np.bytes_(value)))
    return at < len(published) and bool(published[at] == np.bytes_(value))


def _residue_source(values: Mapping[str, Any], file: InputFile) -> str:
    """Whose furniture an article carries: its publisher's, else its domain's, else its folder's."""
    for key in ("publisher", "source_domain"):
        value = values.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    url = values.get("url")
    return (domain_of(canonical_url(url)) if isinstance(url, str) else None) or file.source
