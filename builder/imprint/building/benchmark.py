"""Benchmark: somebody else's items as texts to search for, from any format that is read.

Law: every string of an item is a text of its own, so that no span runs from a question into its answers; what cannot be
read is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from imprint.building.scan import scan
from imprint.errors import Place, UsageError
from imprint.sources import BY_NAME
from imprint.sources.base import Draft, RawRecord, Span

ROWS = pa.schema([pa.field("item", pa.int64()), pa.field("file", pa.string()), pa.field("row", pa.int64()),
                  pa.field("text", pa.string())])  # fmt: skip
"""One string of an item, with the place of the item."""

AT_A_TIME = 20_000
"""Strings of a row group."""

DEEPEST = 20
"""Levels of an item that are looked into."""


@dataclass(slots=True)
class Items:
    """What was read."""

    items: int = 0
    unread: int = 0
    """Items that could not be read."""


def write_items(path: Path, out: Path, unpacked: Path) -> Items:
    """Write the strings of a benchmark to a Parquet file.

    Args:
        path: its file or folder.
        out: the file to write.
        unpacked: a folder for what archives hold.

    Raises:
        UsageError: there is nothing that can be read.
    """
    found = scan([path], unpacked)
    result = Items()
    rows: list[dict[str, Any]] = []
    with pq.ParquetWriter(out, ROWS) as writer:
        for span in (span for part in found.parts for span in part.spans):
            for record, draft in _drafts(span):
                result.items += 1
                if record.fault is not None or draft is None or draft.fault is not None:
                    result.unread += 1
                    continue
                place = {"item": result.items, "file": span.file.name, "row": record.row}
                rows += ({**place, "text": text} for text in strings(draft.values))
                if len(rows) >= AT_A_TIME:
                    writer.write_table(pa.Table.from_pylist(rows, ROWS))
                    rows = []
        writer.write_table(pa.Table.from_pylist(rows, ROWS))
    if result.items == result.unread:
        raise UsageError(
            "no item of the benchmark can be read",
            place=Place(str(path)),
            hint="read are JSON Lines, JSON, CSV, TSV, Parquet, text and Markdown, also packed",
        )
    return result


def _drafts(span: Span) -> Iterator[tuple[RawRecord, Draft | None]]:
    form = BY_NAME[span.file.format]
    for batch in form.read(span):
        for record in batch:
            yield record, None if record.fault is not None else form.draft(record, span.file, _as_it_is)


def _as_it_is(record: Mapping[str, Any]) -> Draft:
    """A draft that holds whatever the item does."""
    return Draft(dict(record))


def strings(value: Any, depth: int = 0) -> Iterator[str]:
    """The strings in a value, however deep they are."""
    if isinstance(value, str):
        yield value
    elif depth < DEEPEST and isinstance(value, Mapping):
        for item in value.values():
            yield from strings(item, depth + 1)
    elif depth < DEEPEST and isinstance(value, (list, tuple)):
        for item in value:
            yield from strings(item, depth + 1)
