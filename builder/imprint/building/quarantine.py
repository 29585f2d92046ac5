"""Quarantine: the records that were taken out, with file, row, field, value and reason, as JSON Lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from imprint.findings import Finding
from imprint.sources.base import InputFile


class QuarantineWriter:
    """Writes quarantined records of one part."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.reasons: Counter[str] = Counter()
        """Code to records."""

    def add(self, finding: Finding, file: InputFile, row: int, raw_sha256: str, **more: Any) -> None:
        """Write one record; `more` are further facts, such as its id or further faults."""
        self.reasons[finding.code] += 1
        entry = {
            "code": finding.code,
            "message": finding.message,
            "file": file.name,
            "row": row,
            "field": finding.place.field,
            "value": finding.place.value,
            "hint": finding.hint or None,
            "source": file.source,
            "raw_sha256": raw_sha256,
            **more,
        }
        self._file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def read_quarantine(path: Path) -> Iterator[dict[str, Any]]:
    """The entries of a quarantine file, one at a time: a part may hold millions."""
    with path.open("rb") as file:
        yield from map(orjson.loads, file)
