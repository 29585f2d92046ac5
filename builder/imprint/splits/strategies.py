"""Strategies: which cluster stands in train, validation or test.

Laws: a cluster stands in one split; a published cluster never moves. With the strategy `hash` the choice depends on the
salt and the cluster's id alone, so neither order nor number of records matters; with `time` and `source` each record has
a split of its own, from its date or its source, and a cluster follows its earliest member. With `grow = "train"` new
clusters of a later release go to train, so that evaluation splits stay comparable within a major version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from imprint.findings import Finding
from imprint.recipe import TIMED, Splits

UNIT = 2.0**64
"""Split hashes are integers below this."""

Hashes = npt.NDArray[np.uint64]
Choices = npt.NDArray[np.int8]
Times = npt.NDArray[np.int64]
"""Microseconds since 1970, in UTC; the largest number where the time is unknown."""


def split_hash(cluster: bytes, salt: str) -> int:
    """Where a cluster falls: the first 8 bytes of SHA-256 over salt, a zero byte and the 16 bytes of its id."""
    return int.from_bytes(hashlib.sha256(salt.encode() + b"\0" + cluster).digest()[:8])


def by_hash(hashes: Hashes, ratios: Mapping[str, float]) -> Choices:
    """The split of each cluster, as an index into `ratios`, whose order is the order of the unit interval."""
    borders = np.cumsum(np.array(list(ratios.values()), dtype=np.float64))
    # The last border is open: rounding in the sum must not leave a cluster without a split.
    return np.searchsorted(borders[:-1], hashes / UNIT, side="right").astype(np.int8)


def own_splits(settings: Splits, published_at: Times, sources: Iterable[Sequence[str | None]]) -> Choices:
    """The split that each record belongs to by itself, as an index into the splits' names; -1 with the strategy `hash`.

    Args:
        settings: the strategy and what it needs.
        published_at: when each record was published.
        sources: what the source of each record may be called: its publisher, domain and folder, the first that is named
            by the recipe counts.
    """
    if settings.strategy == "time":
        return _by_time(published_at, settings)
    if settings.strategy == "source":
        index = {split: number for number, split in enumerate(settings.names)}
        named = {source: index[split] for split, listed in settings.source.items() for source in listed}
        return np.array(
            [next((named[name] for name in names if name in named), 0) for names in sources], np.int8
        )
    return np.full(len(published_at), -1, np.int8)


def _by_time(published_at: Times, settings: Splits) -> Choices:
    borders = [
        int(datetime.fromisoformat(settings.time[f"{split}_from"]).replace(tzinfo=UTC).timestamp())
        * 1_000_000
        for split in TIMED
        if f"{split}_from" in settings.time
    ]
    choices = np.searchsorted(np.array(borders, np.int64), published_at, side="right")
    return np.where(published_at == np.iinfo(np.int64).max, 0, choices).astype(np.int8)


def fill_empty(
    choices: Choices, hashes: Hashes, sizes: npt.NDArray[Any], names: Sequence[str]
) -> list[Finding]:
    """At the first release, give each empty split the lowest-hashed cluster of the largest one, in place.

    Args:
        choices: the split of each cluster.
        hashes: the split hash of each cluster.
        sizes: records in each cluster.
        names: the splits.

    Returns:
        A finding for each split that stays empty because there are fewer clusters than splits.
    """
    findings = []
    for index, name in enumerate(names):
        if (choices == index).any():
            continue
        records = np.bincount(choices, weights=sizes, minlength=len(names))
        clusters = np.bincount(choices, minlength=len(names))
        # A split that holds a single cluster has none to give.
        records[clusters < 2] = -1
        largest = int(np.argmax(records))
        if name == "train" and records[largest] < 0 and len(choices):
            # Later releases add to train: if one split stands, it is that one.
            largest = int(np.argmax(clusters))
        elif records[largest] < 0:
            findings.append(
                Finding(
                    "split_left_out",
                    f"the split {name} is left out: there are fewer clusters than splits",
                    hint="add articles; the split appears at the next major release",
                )
            )
            continue
        members = np.flatnonzero(choices == largest)
        choices[members[np.argmin(hashes[members])]] = index
    return findings
