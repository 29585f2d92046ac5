"""Ingest: read raw records, set known ones aside, make drafts of the others, count the lines that sources repeat.

Law: every raw record leaves this step once: known, quarantined, or as a draft.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from imprint.building.habits import LINE_USE, Habits
from imprint.building.known import Known, holds
from imprint.building.parts import Part, RowWriter, WorkFolder
from imprint.building.quarantine import QuarantineWriter
from imprint.cleaning.conform import conform_value
from imprint.cleaning.orders import Order
from imprint.cleaning.publishers import PUBLISHER, agency_in, site_of
from imprint.cleaning.urls import canonical_url, domain_of
from imprint.digests import id_of_source, id_of_url, text_key
from imprint.findings import Finding
from imprint.sources import BY_NAME
from imprint.sources.base import Draft, InputFile, RawRecord
from imprint.sources.recognise import UNDECIDED, Decided, Recogniser

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


USES_AT_A_TIME = 1 << 16
"""Uses that are gathered before they are packed."""


@dataclass(frozen=True, slots=True)
class IngestTask:
    """One part to ingest."""

    part: Part
    work: WorkFolder
    fields: tuple[str, ...]
    """Fields of the schema."""
    times: tuple[str, ...]
    """Those that are times."""
    overrides: Mapping[str, str]
    """`[input.fields]`."""
    decided: Mapping[str, Decided]
    """File group to what was decided on its keys."""
    identity: Mapping[str, str]
    """`[input.identity]`."""
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
    date_orders: dict[str, Counter[Order]] = field(default_factory=dict)
    """Residue source to the orders of day and month that its dates show."""
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
        self.published = Known.open(task.work)
        self.recognisers: dict[str, Recogniser] = {}
        self.drafts = RowWriter(task.work.drafts(task.part.index), DRAFTS, compression="lz4")
        self.known = RowWriter(task.work.known(task.part.index), KNOWN)
        self.quarantine = QuarantineWriter(task.work.quarantine("ingest", task.part.index))
        self.habits = Habits(task.times)

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
        self.result.articles = self.habits.articles()
        self.result.line_uses = self.habits.line_uses()
        self.result.date_orders = self.habits.date_orders
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
            source = _residue_source(draft, body, file)
            try:
                values = orjson.dumps({**draft.values, "processing": draft.steps})
            except TypeError as error:
                # A header of YAML or a `metadata` string holds what its format could not look into.
                self.result.quarantined[file.source] += 1
                code = "nested_too_deep" if "ecursion" in str(error) else "invalid_utf8"
                fault = Finding(code, f"the article cannot be written again: {error}")
                self.quarantine.add(fault, file, record.row, record.raw_sha256)
                continue
            raw = bytes.fromhex(record.raw_sha256)
            self.drafts.append(body, values, source, index, record.row, raw, size=len(body or ""))
            if body and not self._is_decided(source, draft.values, body, raw):
                self.habits.add(source, draft.values, body)

    def _set_known_aside(self, index: int, file: InputFile, records: list[RawRecord]) -> list[RawRecord]:
        if self.published is None or not records:
            return records
        published = self.published.are_known(records)
        for record in itertools.compress(records, published):
            self.result.known[file.source] += 1
            self.known.append(index, record.row, bytes.fromhex(record.raw_sha256))
        return [record for record, is_known in zip(records, published, strict=True) if not is_known]

    def _drafts(self, file: InputFile, records: list[RawRecord]) -> Iterator[Draft]:
        recogniser = self.recognisers.get(file.group)
        if recogniser is None:
            decided = self.task.decided.get(file.group, UNDECIDED)
            recogniser = Recogniser(self.task.fields, self.task.overrides, decided)
            self.recognisers[file.group] = recogniser
        fmt = BY_NAME[file.format]
        for record in records:
            if record.fault is not None:
                yield Draft({}, fault=record.fault)
            else:
                yield fmt.draft(record, file, recogniser.draft)

    def _is_decided(self, source: str, values: Mapping[str, Any], body: str, raw: bytes) -> bool:
        """Whether an article is another version or a copy of a published one: what it repeats decides nothing new.

        So the whole corpus and the latest crawl alone lead to the same decisions.
        """
        if self.published is None:
            return False
        if holds(self.published.dropped, raw):
            return True
        identity = self._identity(source, values)
        return holds(self.published.texts, text_key(body)) or (
            bool(identity) and holds(self.published.ids, bytes.fromhex(identity))
        )

    def _identity(self, source: str, values: Mapping[str, Any]) -> str:
        """The id that an article will have where it does not depend on its text, else nothing."""
        rule = self.task.identity.get(source, "url")
        url, given = values.get("url"), values.get("source_id")
        if rule == "source_id" and isinstance(given := conform_value("source_id", given), str):
            return id_of_source(source, given)
        return id_of_url(canonical_url(url)) if rule == "url" and isinstance(url, str) else ""


def _residue_source(draft: Draft, body: str | None, file: InputFile) -> str:
    """Whose habits an article has: its publisher's, else its domain's, else its folder's.

    An agency that a dateline names becomes the publisher of a draft that has none, with the dateline as evidence.
    """
    values = draft.values
    for key in ("publisher", "source_domain"):
        if key in values and isinstance(value := conform_value(key, values[key]), str):
            return value
    url = values.get("url")
    if isinstance(url, str) and (host := domain_of(canonical_url(url))) is not None:
        return site_of(host)
    if body and (agency := agency_in(body)) is not None:
        values["publisher"], dateline = agency
        draft.steps.append(f"{PUBLISHER}: {dateline}")
        return agency[0]
    return file.source
