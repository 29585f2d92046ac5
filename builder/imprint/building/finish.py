"""Finish: drafts become records: cleaned, identified, validated, digested; or they go to quarantine with reasons.

Law: every draft leaves this step once, as a record or quarantined; a record's JSON form was valid against the schema.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.ipc

from imprint.article import RecordSchema
from imprint.building.parts import Part, SpillWriter, WorkFolder
from imprint.building.quarantine import QuarantineWriter
from imprint.cleaning.conform import conform, precisions
from imprint.cleaning.datelines import DATE_LINE, take_date_line
from imprint.cleaning.texts import clean_texts
from imprint.cleaning.urls import domain_of
from imprint.digests import id_of_url, sha256_hex, text_key
from imprint.errors import Place, shorten
from imprint.findings import Finding
from imprint.recipe import Clean, Recipe
from imprint.releases.shards import row_sizes
from imprint.splits import split_hash
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
        pa.field("row_bytes", pa.int64()),
        pa.field("source", pa.string()),
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
    clean: Clean
    repeated: Mapping[str, frozenset[int]]
    """Residue source to hashes of its repeated lines."""
    salt: str
    """Salt of the split hash."""
    ordinal: int
    """`added_in` of new records."""

    @classmethod
    def maker(
        cls,
        work: WorkFolder,
        schema: Mapping[str, Any],
        recipe: Recipe,
        repeated: Mapping[str, frozenset[int]],
        ordinal: int,
    ) -> Callable[[Part], FinishTask]:
        """A function from a part to its task, with what all parts share."""
        return lambda part: cls(part, work, schema, recipe.clean, repeated, recipe.splits.salt, ordinal)


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
        self.quarantine = QuarantineWriter(task.work.quarantine("finish", task.part.index))

    def run(self) -> Finished:
        for drafts in _batches(self.task):
            self._batch(drafts)
        for writer in (self.records, self.keys, self.quarantine):
            writer.close()
        self.result.records = self.records.rows
        self.result.reasons = self.quarantine.reasons
        return self.result

    def _batch(self, drafts: pa.RecordBatch) -> None:
        columns, keys = self._columns(drafts)
        names = list(columns)
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        verdicts = self.validator.verdicts(rows)
        for index in (i for i, valid in enumerate(verdicts) if not valid):
            self._reject(drafts, index, rows[index], self._faults(rows[index]))
        try:
            table = self._table(columns, verdicts)
        except (ValueError, OverflowError):
            # Valid, but no column can hold it: rare enough to look for it only now.
            for index, name in self.schema.misfits(rows).items():
                if verdicts[index]:
                    verdicts[index] = False
                    place = Place(field=name, value=shorten(rows[index][name]))
                    fault = Finding("out_of_range", "the column cannot hold this value", place)
                    self._reject(drafts, index, rows[index], [fault])
            table = self._table(columns, verdicts)
        if len(table):
            self.records.write(table)
            self.keys.write(
                _keys(table, {name: _keep(c, verdicts) for name, c in keys.items()}, self.task.salt)
            )

    def _table(self, columns: dict[str, list[Any]], verdicts: list[bool]) -> pa.Table:
        if not all(verdicts):
            columns = {name: _keep(column, verdicts) for name, column in columns.items()}
        return pa.table(self.schema.columns(columns, sum(verdicts)), schema=self.schema.arrow)

    def _columns(self, drafts: pa.RecordBatch) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
        """The JSON form of a batch, and the columns beside it that resolve needs."""
        given = orjson.loads(b"[" + b",".join(drafts.column("values").to_pylist()) + b"]")
        columns = {
            spec.name: conform(spec, [values.get(spec.name) for values in given])
            for spec in self.schema.fields
            if spec.name != "text"
        }
        columns["date_precision"] = precisions([values.get("published_at") for values in given])
        texts, steps = self._texts(drafts, given, columns["title"])
        _take_date_lines(texts, steps, columns)
        spans = [self.task.part.spans[index].file for index in drafts.column("span").to_pylist()]
        # A text of another type is rejected for what it is, not for the digests that it has none of.
        known_texts = [text if isinstance(text, str) else "" for text in texts]
        keys = {
            "text_key": [text_key(text) for text in known_texts],
            "source": [file.source for file in spans],
        }
        raw = drafts.column("raw").to_pylist()
        ids = [
            id_of_url(url) if isinstance(url, str) else key.hex()
            for url, key in zip(columns["url"], keys["text_key"], strict=True)
        ]
        columns |= {
            "id": ids,
            "source_domain": [
                domain or (domain_of(url) if isinstance(url, str) else None)
                for domain, url in zip(columns["source_domain"], columns["url"], strict=True)
            ],
            "text": texts,
            "input_file": [file.name for file in spans],
            "input_row": drafts.column("row").to_pylist(),
            "raw_sha256": [digest.hex() for digest in raw],
            "text_sha256": [sha256_hex(text.encode()) for text in known_texts],
            "processing": [
                values.get("processing", []) + done for values, done in zip(given, steps, strict=True)
            ],
            # A cluster of its own until resolve knows better.
            "dup_cluster": ids,
            "added_in": [self.task.ordinal] * len(ids),
        }
        return {spec.name: columns[spec.name] for spec in self.schema.fields}, keys

    def _texts(
        self, drafts: pa.RecordBatch, given: list[dict[str, Any]], titles: list[Any]
    ) -> tuple[list[Any], list[list[str]]]:
        raw = drafts.column("text").to_pylist()
        sources = drafts.column("residue_source").to_pylist()
        known_titles = [title if isinstance(title, str) else None for title in titles]
        cleaned, steps = clean_texts(
            [text or "" for text in raw], known_titles, sources, self.task.repeated, self.task.clean
        )
        texts: list[Any] = list(cleaned)
        for source, done in zip(sources, steps, strict=True):
            self.result.removed.update((source, step) for step in done if ": " in step)
        for index, text in enumerate(raw):
            if text is None:
                texts[index] = given[index].get("text")
        return texts, steps

    def _faults(self, row: dict[str, Any]) -> list[Finding]:
        """Why a record is not valid, the gravest first."""
        text = row["text"]
        if text is not None and (not isinstance(text, str) or text.strip()):
            return self.validator.explain(row)
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


def _take_date_lines(texts: list[Any], steps: list[list[str]], columns: dict[str, list[Any]]) -> None:
    """Take dates off the first lines, in place; an article without a date gets that one."""
    for index, (text, published) in enumerate(zip(texts, columns["published_at"], strict=True)):
        if not isinstance(text, str) or (taken := take_date_line(text, published)) is None:
            continue
        steps[index].append(f"{DATE_LINE}: {text.partition(chr(10))[0]}")
        texts[index], date = taken
        if published is None:
            columns["published_at"][index] = date.text
            columns["date_precision"][index] = date.precision


def _batches(task: FinishTask) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(task.work.drafts(task.part.index)), "rb") as source:
        reader = pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(use_threads=False))
        for index in range(reader.num_record_batches):
            yield reader.get_batch(index)


def _keep(column: list[Any], verdicts: list[bool]) -> list[Any]:
    return [value for value, valid in zip(column, verdicts, strict=True) if valid]


def _keys(table: pa.Table, keys: dict[str, list[Any]], salt: str) -> pa.Table:
    ids = [bytes.fromhex(value) for value in table.column("id").to_pylist()]
    times = {
        name: table.column(name).cast(pa.int64()) for name in ("published_at", "modified_at", "retrieved_at")
    }
    columns = {
        "id": ids,
        "text_key": keys["text_key"],
        "raw": [bytes.fromhex(value) for value in table.column("raw_sha256").to_pylist()],
        **times,
        "split_hash": pa.array([split_hash(value, salt) for value in ids], pa.uint64()),
        "row_bytes": row_sizes(table),
        "source": keys["source"],
        "input_file": table.column("input_file"),
        "input_row": table.column("input_row"),
    }
    return pa.table(columns, schema=KEYS)
