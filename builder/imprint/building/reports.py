"""Reports: what a build leaves beside the release for the maintainer; none of it is published.

quarantine.jsonl  each rejected record with file, row, field, value and reason
residue.jsonl     each line that was taken off texts, with its source and count
fates.parquet     each record that was read, with its fate and why
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from imprint.building.finish import Finished
from imprint.building.parts import Part, WorkFolder, read_spill
from imprint.building.quarantine import read_quarantine
from imprint.building.resolution import FATE_OF, Resolution

QUARANTINE = "quarantine.jsonl"
RESIDUE = "residue.jsonl"
FATES = "fates.parquet"

FATES_AT_A_TIME = 1 << 16
"""Rows of a batch: a part of tiny records holds millions."""

FATE_ROWS = pa.schema(
    [
        pa.field("input_file", pa.string()),
        pa.field("input_row", pa.int64()),
        pa.field("raw_sha256", pa.string()),
        pa.field("id", pa.string()),
        pa.field("fate", pa.string()),
        pa.field("because", pa.string()),
    ]
)
"""One record that was read; `because` is the id that is kept instead, or the code of the reason."""


def write_quarantine(folder: Path, work: WorkFolder, parts: Sequence[Part]) -> None:
    """Write the rejected records, in the order of the input."""
    with (folder / QUARANTINE).open("wb") as out:
        for part in parts:
            entries = (
                orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE) for entry in _rejected(work, part)
            )
            out.writelines(entries)


def write_reports(
    folder: Path,
    work: WorkFolder,
    parts: Sequence[Part],
    finished: Sequence[Finished],
    result: Resolution,
    because: Callable[[int], str | None],
) -> None:
    """Write the residue and the fates; `because` names the id that is kept instead of a candidate."""
    start = 0
    with pq.ParquetWriter(folder / FATES, FATE_ROWS, compression="zstd") as fates:
        for part in parts:
            keys = read_spill(work.keys(part.index))
            rows = chain(
                _known(work, part),
                _rejected_fates(_rejected(work, part)),
                _resolved(keys, result, start, because),
            )
            start += len(keys)
            while batch := list(islice(rows, FATES_AT_A_TIME)):
                fates.write_table(pa.Table.from_pylist(batch, schema=FATE_ROWS))
    _write_residue(folder / RESIDUE, finished)


def _rejected(work: WorkFolder, part: Part) -> Iterator[dict[str, Any]]:
    """The part's quarantined records in the order of the input, in which each step wrote its own."""
    order = {span.file.name: index for index, span in enumerate(part.spans)}
    steps = (read_quarantine(work.quarantine(step, part.index)) for step in ("ingest", "finish"))
    return heapq.merge(*steps, key=lambda entry: (order[entry["file"]], entry["row"]))


def _known(work: WorkFolder, part: Part) -> Iterator[dict[str, Any]]:
    for batch in read_spill(work.known(part.index)).to_batches():
        for row in batch.to_pylist():
            yield {
                "input_file": part.spans[row["span"]].file.name,
                "input_row": row["row"],
                "raw_sha256": row["raw"].hex(),
                "fate": "known",
            }


def _rejected_fates(entries: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        yield {
            "input_file": entry["file"],
            "input_row": entry["row"],
            "raw_sha256": entry["raw_sha256"],
            "id": entry.get("id"),
            "fate": "quarantined",
            "because": entry["code"],
        }


def _resolved(
    keys: pa.Table, result: Resolution, start: int, because: Callable[[int], str | None]
) -> Iterator[dict[str, Any]]:
    index = start
    for batch in keys.select(["input_file", "input_row", "raw", "id"]).to_batches():
        for row in batch.to_pylist():
            yield {
                "input_file": row["input_file"],
                "input_row": row["input_row"],
                "raw_sha256": row["raw"].hex(),
                "id": row["id"].hex(),
                "fate": FATE_OF[int(result.outcome[index])],
                "because": because(index),
            }
            index += 1


def _write_residue(path: Path, finished: Sequence[Finished]) -> None:
    removed: Counter[tuple[str, str]] = Counter()
    for part in finished:
        removed.update(part.removed)
    with path.open("wb") as file:
        for (source, step), count in sorted(
            removed.items(), key=lambda item: (item[0][0], -item[1], item[0][1])
        ):
            name, _, line = step.partition(": ")
            entry = {"source": source, "step": name, "line": line, "count": count}
            file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
