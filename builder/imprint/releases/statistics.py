"""Statistics of a release, taken from shards as they were read back, so that no number is about something else.

Law: statistics of parts add up: `merge(of(a), of(b)) == of(a + b)`, whatever the borders of the shards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from imprint.releases.shards import row_sizes

COUNTED = ("source_domain", "publisher", "language", "license", "section", "date_precision")
"""Columns whose values are counted."""

TOP = 20
"""Values of a counted column that a manifest lists; the rest is summed up."""


@dataclass(slots=True)
class Statistics:
    """What the card says about a set of records."""

    rows: int = 0
    characters: int = 0
    """Code points of text."""
    text_bytes: int = 0
    """UTF-8 bytes of text."""
    words: int = 0
    """Tokens of text between ASCII white space."""
    row_bytes: int = 0
    """UTF-8 bytes of all strings."""
    first: str | None = None
    """Earliest published_at, as a date."""
    last: str | None = None
    """Latest published_at, as a date."""
    newest: str | None = None
    """Latest date in any time field."""
    nulls: Counter[str] = field(default_factory=Counter)
    """Field to number of records in which it is null."""
    values: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in COUNTED})
    """Counted column to value to records."""
    months: Counter[str] = field(default_factory=Counter)
    """Month of publication, as YYYY-MM, to records."""
    lengths: Counter[int] = field(default_factory=Counter)
    """Words of the text, rounded down to a power of two, to records."""

    def as_dict(self) -> dict[str, Any]:
        """The statistics for a manifest; counted columns by their top values."""
        return {
            "rows": self.rows,
            "characters": self.characters,
            "text_bytes": self.text_bytes,
            "words": self.words,
            "row_bytes": self.row_bytes,
            "first": self.first,
            "last": self.last,
            "newest": self.newest,
            "nulls": dict(self.nulls),
            "values": {name: _top(counter) for name, counter in self.values.items()},
            "months": dict(self.months),
            "lengths": {str(low): count for low, count in self.lengths.items()},
        }


def statistics_of(table: pa.Table) -> Statistics:
    """Statistics of the records in a table."""
    text = table.column("text")
    words = word_counts(text)
    published = table.column("published_at")
    first, last = _days(published)
    newest = [_days(column)[1] for column in table.columns if pa.types.is_timestamp(column.type)]
    months = pc.strftime(published, "%Y-%m").drop_null()
    powers = np.left_shift(1, np.floor(np.log2(np.maximum(words, 1))).astype(np.int64))
    return Statistics(
        rows=len(table),
        characters=pc.sum(pc.utf8_length(text)).as_py() or 0,
        text_bytes=pc.sum(pc.binary_length(text)).as_py() or 0,
        words=int(words.sum()),
        row_bytes=int(row_sizes(table).sum()),
        first=first,
        last=last,
        newest=max(filter(None, newest), default=None),
        nulls=Counter({name: table.column(name).null_count for name in table.schema.names}),
        values={
            name: _counts(table.column(name)) if name in table.schema.names else Counter() for name in COUNTED
        },
        months=_counts(months),
        lengths=Counter(powers.tolist()),
    )


def merge(parts: Iterable[Statistics]) -> Statistics:
    """Statistics of several sets of records together."""
    whole = Statistics()
    for part in parts:
        whole.rows += part.rows
        whole.characters += part.characters
        whole.text_bytes += part.text_bytes
        whole.words += part.words
        whole.row_bytes += part.row_bytes
        whole.newest = max(filter(None, (whole.newest, part.newest)), default=None)
        whole.first = min(filter(None, (whole.first, part.first)), default=None)
        whole.last = max(filter(None, (whole.last, part.last)), default=None)
        whole.nulls += part.nulls
        whole.months += part.months
        whole.lengths += part.lengths
        for name, counter in part.values.items():
            whole.values[name] += counter
    return whole


def word_counts(text: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Words of each text: runs of bytes other than ASCII white space."""
    counts = [
        _slice_words(chunk.slice(start, SLICE_ROWS))
        for chunk in text.chunks
        for start in range(0, len(chunk), SLICE_ROWS)
    ]
    return np.concatenate(counts) if counts else np.empty(0, np.int64)


SLICE_ROWS = 1024
"""Texts that are counted at a time: their masks stay in the processor's cache."""

_IS_SPACE = np.zeros(256, np.bool_)
_IS_SPACE[list(b"\t\n\x0b\x0c\r ")] = True


def _slice_words(texts: pa.StringArray) -> npt.NDArray[np.int64]:
    texts = texts.cast(pa.large_string())
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    starts = offsets[:-1] - offsets[0]
    filled = offsets[:-1] < offsets[1:]
    space = _IS_SPACE[data]
    # A word begins at a byte that is no space behind one that is, or at the first byte of a text.
    begins = ~space
    begins[1:] &= space[:-1]
    begins[starts[filled]] = ~space[starts[filled]]
    words = np.zeros(len(texts), np.int64)
    if filled.any():
        words[filled] = np.add.reduceat(begins, starts[filled], dtype=np.int64)
    return words


def _days(times: pa.ChunkedArray) -> tuple[str | None, str | None]:
    """The earliest and the latest day of a column."""
    span = pc.min_max(times)
    ends = pa.array([span["min"].as_py(), span["max"].as_py()], times.type)
    first, last = pc.strftime(ends, "%Y-%m-%d").to_pylist()
    return first, last


def _counts(column: pa.ChunkedArray) -> Counter[str]:
    counted = pc.value_counts(column.drop_null())
    return Counter(
        dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))
    )


def _top(counter: Counter[str]) -> dict[str, Any]:
    # Ties are broken by name: the order of counting must not show.
    ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return {
        "distinct": len(ranked),
        "top": [[value, count] for value, count in ranked[:TOP]],
        "rest": sum(count for _, count in ranked[TOP:]),
    }
