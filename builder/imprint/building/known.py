"""Known: what the previous release holds, as sorted digests that workers map into memory and share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imprint.building.parts import WorkFolder
from imprint.releases.ledger import REMEMBERED, Ledger, sorted_bytes
from imprint.sources.base import RawRecord

Digests = npt.NDArray[np.bytes_]


@dataclass(frozen=True, slots=True)
class Known:
    """Sorted digests of what is published, or was and was dropped."""

    raw: Digests
    """Raw digests, 32 bytes."""
    ids: Digests
    """Ids, 16 bytes."""
    texts: Digests
    """Keys of texts, 16 bytes."""
    dropped: Digests
    """Raw digests of copies and versions that were dropped, 32 bytes."""

    @classmethod
    def open(cls, work: WorkFolder) -> Known | None:
        """What `write_known` wrote; None where there is nothing."""
        if not work.published("raw").exists():
            return None
        return cls(*(_mapped(work, what, width) for what, width in _WIDTHS.items()))

    def are_known(self, records: Sequence[RawRecord]) -> list[bool]:
        """Which raw records are published already."""
        if not len(self.raw) or not records:
            return [False] * len(records)
        raw = np.frombuffer(bytes.fromhex("".join(record.raw_sha256 for record in records)), dtype="S32")
        at = np.minimum(np.searchsorted(self.raw, raw), len(self.raw) - 1)
        found: list[bool] = (self.raw[at] == raw).tolist()
        return found


_WIDTHS = {"raw": 32, "ids": 16, "texts": 16, "dropped": 32}


def write_known(work: WorkFolder, ledger: Ledger) -> bool:
    """Write what a ledger knows; whether there is anything."""
    raw = ledger.known()
    if not len(raw):
        return False
    work.published("raw").write_bytes(raw.tobytes())
    work.published("ids").write_bytes(sorted_bytes(ledger.ids))
    work.published("texts").write_bytes(sorted_bytes(ledger.text_keys))
    dropped = np.concatenate([ledger.dropped(name)[0] for name in REMEMBERED])
    work.published("dropped").write_bytes(np.sort(dropped).tobytes())
    return True


def holds(published: Digests, value: bytes) -> bool:
    """Whether a sorted array holds a digest."""
    at = int(np.searchsorted(published, np.bytes_(value)))
    return at < len(published) and bool(published[at] == np.bytes_(value))


def _mapped(work: WorkFolder, what: str, width: int) -> Digests:
    path = work.published(what)
    # An empty file cannot be mapped.
    return np.memmap(path, dtype=f"S{width}", mode="r") if path.stat().st_size else np.empty(0, f"S{width}")
