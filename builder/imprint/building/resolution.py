"""Resolution: what became of the records that finish wrote, as the later steps of a build ask for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from imprint.building.candidates import Candidates
from imprint.building.dividing import Division
from imprint.building.previous import Previous
from imprint.building.texts import id_of
from imprint.building.versions import Versions
from imprint.findings import Finding
from imprint.releases.ledger import REMEMBERED

Array = npt.NDArray[Any]

NEW, CORRECTION, EXACT_DUPLICATE, SUPERSEDED, NEAR_DUPLICATE, WITHHELD = range(6)
"""What becomes of a record that finish wrote. A correction takes the place of a published row."""

FATE_OF = {NEW: "new", CORRECTION: "new", EXACT_DUPLICATE: "exact_duplicates", SUPERSEDED: "superseded",
           NEAR_DUPLICATE: "near_duplicates", WITHHELD: "withheld"}  # fmt: skip
"""The fate in the accounting of each outcome."""


@dataclass(slots=True)
class Resolution:
    """What becomes of the candidates."""

    outcome: Array
    """One of the six, for each candidate."""
    keeper: Array
    """For what is left out, the record that is kept instead, or that keeps it out: a candidate, or behind them all a
    ledger row; -1 where there is none."""
    split: Array
    """Index of the split of each new candidate and correction; -1 for the others."""
    cluster: Array
    """Cluster of each candidate, 16 bytes."""
    versions: Versions
    """Which versions lost, and which published rows are replaced."""
    open: Array
    """Mask of duplicates that are judged anew each time: an earlier build may have withheld them, which no ledger tells."""
    lost_to: Array
    """For each version that lost, the one that it lost to."""
    division: Division | None = None
    """How near duplicates were found and divided; None where no record is new."""
    dropped: dict[str, dict[int, list[str]]] = field(
        default_factory=lambda: {name: {} for name in REMEMBERED}
    )
    """Column of the ledger to a record that is kept to the raw digests of those dropped for it in this build."""
    findings: list[Finding] = field(default_factory=list)

    def because(self, index: int, found: Candidates, previous: Previous) -> str | None:
        """Id of the record that is kept instead of a candidate."""
        keeper = int(self.keeper[index])
        return None if keeper < 0 else id_of(keeper, found, previous)
