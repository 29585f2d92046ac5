"""Doubts: what is odd about records that stay in, counted for each source, with the first place of each.

Law: the first place is the first in the order of the input, whoever counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imprint.article import EPOCH, rfc3339
from imprint.building.parts import WorkFolder, read_spill
from imprint.errors import Place
from imprint.findings import Finding

MESSAGES = {
    "mojibake": (
        "{count} with characters of a wrong decoding, such as \u00e2\u20ac\u2122 for an apostrophe",
        "decode the pages anew and release again; imprint does not repair texts",
    ),
    "markup_in_text": (
        "{count} with HTML in the text",
        "imprint takes cleaned articles: run an extractor first, or name the key of the plain text in [input.fields]",
    ),
    "truncated_text": (
        "{count} whose text breaks off, as a service's preview does",
        "fetch the whole articles, or name the key that has them in [input.fields]",
    ),
    "date_before_1500": (
        "{count} published before 1500",
        "is it a placeholder? leave the date out of the input",
    ),
    "date_after_retrieval": (
        "{count} published after they were retrieved",
        "is it a date of an event, or in another order? [input.date_order] can say",
    ),
}
"""Code to message and next step."""


@dataclass(slots=True)
class Doubts:
    """Odd records by code and source."""

    found: dict[tuple[str, str], tuple[int, Place]] = field(default_factory=dict)
    """(code, source) to how many, and where the first one is."""

    def add(self, code: str, source: str, file: str, row: int, value: str) -> None:
        """Count one record."""
        count, first = self.found.get((code, source), (0, Place(file, row, value=value or None)))
        self.found[code, source] = (count + 1, first)

    def update(self, other: Doubts) -> None:
        """Add what stands behind in the input."""
        for key, (count, place) in other.found.items():
            before, first = self.found.get(key, (0, place))
            self.found[key] = (before + count, first)

    def findings(self) -> Iterable[Finding]:
        """A finding for each code and source."""
        for (code, source), (count, place) in sorted(self.found.items(), key=lambda item: item[0]):
            message, hint = MESSAGES[code]
            articles = f"{source}: {count:,} article{'s' if count != 1 else ''}"
            yield Finding(code, message.format(count=articles), place, hint)


EARLIEST = (datetime(1500, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
"""Nothing that is published as an article is older."""

TOLERANCE = timedelta(days=1) // timedelta(microseconds=1)
"""A local time without its zone may be hours ahead of UTC."""

NEVER = np.iinfo(np.int64).max


def doubtful_dates(work: WorkFolder, parts: int) -> Doubts:
    """Articles dated before 1500, or after they were retrieved.

    Those that do not say when they were retrieved are held to the newest retrieval of the input; to nothing where no
    article says it. The clock is never asked.
    """
    newest = max(
        (latest for part in range(parts) if (latest := _latest(work, part)) is not None), default=NEVER
    )
    doubts = Doubts()
    for part in range(parts):
        keys = read_spill(work.keys(part))
        published = keys.column("published_at")
        when = published.fill_null(EARLIEST).to_numpy()
        retrieved = keys.column("retrieved_at").fill_null(newest).to_numpy()
        late = when > np.minimum(retrieved, NEVER - TOLERANCE) + TOLERANCE
        for code, mask in (("date_before_1500", when < EARLIEST), ("date_after_retrieval", late)):
            rows = keys.take(pa.array(np.flatnonzero(mask)))
            for row in rows.select(["residue", "input_file", "input_row", "published_at"]).to_pylist():
                value = rfc3339(EPOCH + timedelta(microseconds=row["published_at"]))
                doubts.add(code, row["residue"], row["input_file"], row["input_row"], value)
    return doubts


def _latest(work: WorkFolder, part: int) -> int | None:
    latest: int | None = pc.max(read_spill(work.keys(part)).column("retrieved_at")).as_py()
    return latest
