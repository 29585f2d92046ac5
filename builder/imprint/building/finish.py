"""Finish: drafts become records: cleaned, identified, validated, digested; or they go to quarantine with reasons.

Law: every draft leaves this step once, as a record or quarantined; a record's JSON form was valid against the schema.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from imprint.article import RecordSchema
from imprint.building.columns import Columns, Rules
from imprint.building.doubts import Doubts
from imprint.building.parts import Part, SpillWriter, WorkFolder
from imprint.building.quarantine import QuarantineWriter
from imprint.building.signing import SignatureWriter
from imprint.cleaning.orders import is_open
from imprint.dedup.minhash import Search
from imprint.errors import Place, shorten
from imprint.findings import Finding
from imprint.recipe import Splits
from imprint.releases.ledger import sort_times
from imprint.releases.shards import row_sizes
from imprint.splits.strategies import own_splits, split_hash
from imprint.validation import Validator

KEYS = pa.schema(
    [
        pa.field("id", pa.binary(16)),
        pa.field("text_key", pa.binary(16)),
        pa.field("raw", pa.binary(32)),
        pa.field("published_at", pa.int64()),
        pa.field("modified_at", pa.int64()),
        pa.field("retrieved_at", pa.int64()),
        pa.field("split_hash", pa.uint64()),
        pa.field("own_split", pa.int8()),
        pa.field("row_bytes", pa.int64()),
        pa.field("source", pa.string()),
        pa.field("residue", pa.string()),
        pa.field("input_file", pa.string()),
        pa.field("input_row", pa.int64()),
    ]
)
"""What resolve needs of a record, without its text."""


@dataclass(frozen=True, slots=True)
class FinishTask:
    """One part to finish."""

    part: Part
    work: WorkFolder
    schema: Mapping[str, Any]
    """The JSON Schema of a record."""
    rules: Rules
    splits: Splits
    """How records are divided: the split hash takes its salt, a split of their own its dates or sources."""
    search: Search | None
    """For what search each text is signed; None where records are only looked at."""


@dataclass(slots=True)
class Finished:
    """What the driver learns of a part."""

    part: int
    records: int = 0
    """Records written."""
    quarantined: Counter[str] = field(default_factory=Counter)
    """Source to records rejected."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Code to records rejected."""
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(residue source, step and line) to texts from which the line was taken."""
    doubts: Doubts = field(default_factory=Doubts)
    """What is odd about records that stay in."""


def finish(task: FinishTask) -> Finished:
    """Finish one part."""
    return _Finish(task).run()


class _Finish:
    def __init__(self, task: FinishTask) -> None:
        self.task = task
        self.schema = RecordSchema.parse(task.schema)
        self.validator = Validator(task.schema)
        self.result = Finished(task.part.index)
        self.records = SpillWriter(task.work.records(task.part.index), self.schema.arrow)
        self.keys = SpillWriter(task.work.keys(task.part.index), KEYS)
        self.signatures = SignatureWriter(task.work, task.part.index, task.search) if task.search else None
        self.quarantine = QuarantineWriter(task.work.quarantine("finish", task.part.index))

    def run(self) -> Finished:
        for drafts in _batches(self.task):
            self._batch(drafts)
        for writer in (self.records, self.keys, self.signatures, self.quarantine):
            if writer is not None:
                writer.close()
        self.result.records = self.records.rows
        self.result.reasons = self.quarantine.reasons
        return self.result

    def _batch(self, drafts: pa.RecordBatch) -> None:
        files = [self.task.part.spans[index].file for index in drafts.column("span").to_pylist()]
        batch = Columns(drafts, files, self.schema, self.task.rules)
        columns, keys = batch.compute()
        self.result.removed.update(batch.removed)
        self.result.doubts.update(batch.doubts)
        names = list(columns)
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        verdicts = self.validator.verdicts(rows)
        rejected = {
            i: self._faults(rows[i], batch.sources[i]) for i, valid in enumerate(verdicts) if not valid
        }
        try:
            table = self._table(columns, verdicts)
        except (ValueError, OverflowError):
            # Valid, but no column can hold it: rare enough to look for it only now.
            for index, name in self.schema.misfits(rows).items():
                if verdicts[index]:
                    verdicts[index] = False
                    place = Place(field=name, value=shorten(rows[index][name]))
                    rejected[index] = [Finding("out_of_range", "the column cannot hold this value", place)]
            table = self._table(columns, verdicts)
        for index, faults in sorted(rejected.items()):
            self._reject(drafts, index, rows[index], faults)
        if len(table):
            self.records.write(table)
            kept = {name: _keep(column, verdicts) for name, column in keys.items()}
            self.keys.write(_keys(table, kept, self.task.splits))
            if self.signatures is not None:
                self.signatures.add(table.column("text"))

    def _table(self, columns: dict[str, list[Any]], verdicts: list[bool]) -> pa.Table:
        if not all(verdicts):
            columns = {name: _keep(column, verdicts) for name, column in columns.items()}
        return pa.table(self.schema.columns(columns, sum(verdicts)), schema=self.schema.arrow)

    def _faults(self, row: dict[str, Any], source: str) -> list[Finding]:
        """Why a record is not valid, the gravest first."""
        text = row["text"]
        if text is not None and (not isinstance(text, str) or text.strip()):
            return [_open_date(fault, source) or fault for fault in self.validator.explain(row)]
        removed = [step for step in row["processing"] if ": " in step]
        message = "nothing is left of the text after cleaning" if removed else "the article has no text"
        return [Finding("empty_text", message, Place(field="text", value=shorten(text)))]

    def _reject(self, drafts: pa.RecordBatch, index: int, row: dict[str, Any], faults: list[Finding]) -> None:
        file = self.task.part.spans[drafts.column("span")[index].as_py()].file
        self.result.quarantined[file.source] += 1
        self.quarantine.add(
            faults[0],
            file,
            row["input_row"],
            row["raw_sha256"],
            id=row["id"],
            url=row["url"] if isinstance(row["url"], str) else None,
            further=[fault.as_dict() for fault in faults[1:]] or None,
        )


def _open_date(fault: Finding, source: str) -> Finding | None:
    """Why a date was refused whose day and month cannot be told apart; None for other faults."""
    value = str(fault.place.value or "").strip("'\"")
    if fault.code != "schema.format" or not is_open(" ".join(value.split())):
        return None
    message = f"day and month cannot be told apart, and no other date of {source} shows its order"
    hint = f'say it in the recipe: [input.date_order] "{source}" = "day-first", or "month-first"'
    return Finding("ambiguous_date", message, fault.place, hint)


def _batches(task: FinishTask) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(task.work.drafts(task.part.index)), "rb") as source:
        reader = pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(use_threads=False))
        for index in range(reader.num_record_batches):
            yield reader.get_batch(index)


def _keep(column: list[Any], verdicts: list[bool]) -> list[Any]:
    return [value for value, valid in zip(column, verdicts, strict=True) if valid]


def _keys(table: pa.Table, keys: dict[str, list[Any]], splits: Splits) -> pa.Table:
    ids = [bytes.fromhex(value) for value in table.column("id").to_pylist()]
    times = {
        name: table.column(name).cast(pa.int64()) for name in ("published_at", "modified_at", "retrieved_at")
    }
    columns = {
        "id": ids,
        "text_key": keys["text_key"],
        "raw": [bytes.fromhex(value) for value in table.column("raw_sha256").to_pylist()],
        **times,
        "split_hash": pa.array([split_hash(value, splits.salt) for value in ids], pa.uint64()),
        "own_split": own_splits(splits, sort_times(times["published_at"]), _sources(table, keys)),
        "row_bytes": row_sizes(table),
        "source": keys["source"],
        "residue": keys["residue"],
        "input_file": table.column("input_file"),
        "input_row": table.column("input_row"),
    }
    return pa.table(columns, schema=KEYS)


def _sources(table: pa.Table, keys: dict[str, list[Any]]) -> Iterator[tuple[str | None, ...]]:
    """What the source of each record may be called; only made where splits are divided by source."""
    named = [name for name in ("publisher", "source_domain") if name in table.schema.names]
    columns = [keys["residue"], *(table.column(name).to_pylist() for name in named), keys["source"]]
    yield from zip(*columns, strict=True)
