"""Shared URLs: articles that have one address and hardly any text in common, as live blogs and section pages do.

Law: what becomes of them is not changed here; each source is told once, with the line of the recipe that keeps them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from imprint.building.candidates import Candidates, Contested
from imprint.building.previous import Previous
from imprint.building.resolution import SUPERSEDED, Resolution
from imprint.dedup.shingles import similarity
from imprint.errors import Place
from imprint.findings import Finding

PAIRS = 2000
"""Pairs that are compared at most, the first in the order of the input: some two seconds."""

Array = npt.NDArray[Any]


def shared_urls(
    found: Candidates, result: Resolution, contested: Contested, previous: Previous, group_at: float
) -> Iterator[Finding]:
    """A finding for each source whose articles share addresses, but less than `group_at` of their text."""
    lost = np.flatnonzero(result.outcome == SUPERSEDED)
    if not len(lost):
        return
    looked_at = lost[:PAIRS]
    texts, kept = _texts(looked_at, result.keeper[looked_at], found, contested, previous)
    keys = contested.keys(looked_at, "residue", "input_file", "input_row").to_pylist()
    unlike: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for key, one, other in zip(keys, texts, kept, strict=True):
        if similarity(one["text"], other["text"]) < group_at:
            unlike.setdefault(key["residue"], []).append((key, one))
    for source, articles in sorted(unlike.items()):
        key, first = articles[0]
        count = len(articles)
        more = f" (of the first {PAIRS:,} looked at)" if len(lost) > PAIRS else ""
        message = (
            f"{source}: {count:,} article{'s' if count > 1 else ''}{more} left out, each for another of the same URL"
            " with hardly any of its text"
        )
        numbers = {one["source_id"] for _, one in articles}
        rule = "source_id" if None not in numbers and len(numbers) == count else "text"
        hint = f'if they are articles of their own, keep them all: [input.identity] "{source}" = "{rule}"'
        yield Finding(
            "shared_url", message, Place(key["input_file"], key["input_row"], "url", first["url"]), hint
        )


def _texts(
    lost: Array, keepers: Array, found: Candidates, contested: Contested, previous: Previous
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Text, URL and id of the articles that lost, and of those they lost to."""
    names = ["text", "url", "source_id"]
    empty = pa.schema([pa.field(name, pa.string()) for name in names]).empty_table()
    new = np.unique(np.concatenate([lost, keepers[keepers < len(found)]]))
    rows = contested.records(new, empty).to_pylist()
    by_index = dict(zip(new.tolist(), rows, strict=True))
    published = np.unique(keepers[keepers >= len(found)])
    if len(published):
        old = previous.rows(published - len(found), names).to_pylist()
        by_index |= dict(zip(published.tolist(), old, strict=True))
    return [by_index[i] for i in lost.tolist()], [by_index[i] for i in keepers.tolist()]
