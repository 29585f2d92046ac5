"""Account: the fates of all records that were read, and whether too many of them were rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from imprint.building.finish import Finished
from imprint.building.ingest import Ingested
from imprint.building.parts import WorkFolder, read_spill
from imprint.building.previous import Previous
from imprint.building.resolution import CORRECTION, FATE_OF, NEW, Resolution
from imprint.errors import Place, RejectedError
from imprint.findings import QUARANTINE_REASONS
from imprint.releases.accounting import Accounting

LEADING = 3
"""Reasons that a refusal names."""


def limit_rejected(
    ingested: Sequence[Ingested], finished: Sequence[Finished], limit: float, where: str
) -> None:
    """Stop a build that rejects more than its share.

    Args:
        ingested: what was ingested.
        finished: what was finished.
        limit: the share of the records read that may be rejected.
        where: the file that lists the rejected records.

    Raises:
        RejectedError: more were rejected; the message says which reasons led.
    """
    read = sum(part.read.total() for part in ingested)
    reasons: Counter[str] = Counter()
    for counted in [*(part.reasons for part in ingested), *(part.reasons for part in finished)]:
        reasons += counted
    rejected = reasons.total()
    if rejected <= limit * read:
        return
    led = "; ".join(f"{count} {code} ({_meaning(code)})" for code, count in reasons.most_common(LEADING))
    raise RejectedError(
        f"{rejected} of {read} records ({rejected / read:.1%}) were rejected, more than the limit of {limit:.1%}: {led}",
        place=Place("imprint.toml", field="limits.max_rejected"),
        hint=f"see {where}; mend the input, or raise the limit if they may stay out",
    )


def account(
    work: WorkFolder,
    ingested: Sequence[Ingested],
    finished: Sequence[Finished],
    result: Resolution,
    previous: Previous,
) -> Accounting:
    """The accounting of a build, checked against what the readers counted.

    Raises:
        InternalError: a record has no fate, or two.
    """
    fates = _fates_of(work, result, len(ingested))
    read: Counter[str] = Counter()
    for part in ingested:
        read += part.read
        _add(fates, "known", part.known)
        _add(fates, "quarantined", part.quarantined)
    for done in finished:
        _add(fates, "quarantined", done.quarantined)
    carried = len(previous.ledger) - int(result.versions.replaced.sum())
    published = carried + int(np.isin(result.outcome, (NEW, CORRECTION)).sum())
    accounting = Accounting(fates, carried, published)
    accounting.check(read)
    return accounting


def _fates_of(work: WorkFolder, result: Resolution, parts: int) -> dict[str, Counter[str]]:
    """Fates of the candidates, per source."""
    fates: dict[str, Counter[str]] = {}
    start = 0
    for part in range(parts):
        sources = read_spill(work.keys(part)).column("source").to_pylist()
        outcomes = result.outcome[start : start + len(sources)].tolist()
        for (source, outcome), count in Counter(zip(sources, outcomes, strict=True)).items():
            fates.setdefault(source, Counter())[FATE_OF[outcome]] += count
        start += len(sources)
    return fates


def _add(fates: dict[str, Counter[str]], fate: str, counts: Counter[str]) -> None:
    for source, count in counts.items():
        fates.setdefault(source, Counter())[fate] += count


def _meaning(code: str) -> str:
    return QUARANTINE_REASONS.get(code) or f"against the schema's {code.partition('.')[2]}"
