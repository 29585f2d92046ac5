"""Reports: what a build leaves beside the release for the maintainer; none of it is published.

quarantine.jsonl  each rejected record with file, row, field, value and reason
residue.jsonl     each line that was taken off texts, with its source and count
fates.parquet     each record that was read, with its fate and why
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from imprint.building.finish import Finished
from imprint.building.parts import Part, WorkFolder, read_spill
from imprint.building.quarantine import read_quarantine
from imprint.building.resolve import FATE_OF, Resolution

QUARANTINE = "quarantine.jsonl"
RESIDUE = "residue.jsonl"
FATES = "fates.parquet"

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
            rows = [
                *_known(work, part),
                *_rejected_fates(_rejected(work, part)),
                *_resolved(keys, result, start, because),
            ]
            start += len(keys)
            if rows:
                fates.write_table(pa.Table.from_pylist(rows, schema=FATE_ROWS))
    _write_residue(folder / RESIDUE, finished)


def _rejected(work: WorkFolder, part: Part) -> list[dict[str, Any]]:
    """The part's quarantined records in the order of the input."""
    order = {span.file.name: index for index, span in enumerate(part.spans)}
    entries = [
        entry for step in ("ingest", "finish") for entry in read_quarantine(work.quarantine(step, part.index))
    ]
    return sorted(entries, key=lambda entry: (order[entry["file"]], entry["row"]))


def _known(work: WorkFolder, part: Part) -> list[dict[str, Any]]:
    known = read_spill(work.known(part.index)).to_pylist()
    return [
        {"input_file": part.spans[row["span"]].file.name, "input_row": row["row"], "raw_sha256": row["raw"].hex(),
         "fate": "known"}
        for row in known
    ]  # fmt: skip


def _rejected_fates(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"input_file": entry["file"], "input_row": entry["row"], "raw_sha256": entry["raw_sha256"],
         "id": entry.get("id"), "fate": "quarantined", "because": entry["code"]}
        for entry in entries
    ]  # fmt: skip


def _resolved(
    keys: pa.Table, result: Resolution, start: int, because: Callable[[int], str | None]
) -> list[dict[str, Any]]:
    columns = (keys.column(name).to_pylist() for name in ("input_file", "input_row", "raw", "id"))
    return [
        {"input_file": file, "input_row": row, "raw_sha256": raw.hex(), "id": identity.hex(),
         "fate": FATE_OF[int(result.outcome[index])], "because": because(index)}
        for index, (file, row, raw, identity) in enumerate(zip(*columns, strict=True), start)
    ]  # fmt: skip


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
