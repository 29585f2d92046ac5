"""Decide: what is inferred from many records at once, for the new records only.

Laws: a decision depends on the set of new records and on the previous release's decisions, neither on their order nor
on how they are divided into files; what was decided stays decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from imprint.building.finish import Finished
from imprint.building.ingest import LINE_USE, Ingested
from imprint.cleaning.residue import SOURCE_LINES, line_hash
from imprint.errors import Place, TransferError
from imprint.recipe import SourceLines
from imprint.sources.recognise import priority

FORMAT = "imprint-decisions/1"


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a release decided, as decisions.json holds it."""

    mappings: Mapping[str, Mapping[str, tuple[str, ...]]]
    """File group to field to the keys that served it."""
    ignored: Mapping[str, tuple[str, ...]]
    """File group to the keys that no field took."""
    source_lines: Mapping[str, tuple[str, ...]]
    """Residue source to the lines that it repeats."""

    @classmethod
    def parse(cls, document: Mapping[str, Any], *, file: str) -> Decisions:
        """Read decisions.json.

        Raises:
            TransferError: it is of another format.
        """
        if document.get("format") != FORMAT:
            raise TransferError(f"this is not {FORMAT}", place=Place(file))
        return cls(
            {
                group: {name: tuple(keys) for name, keys in fields.items()}
                for group, fields in document["mappings"].items()
            },
            {group: tuple(keys) for group, keys in document["ignored"].items()},
            {source: tuple(lines) for source, lines in document["source_lines"].items()},
        )

    def as_dict(self) -> dict[str, Any]:
        """The content of decisions.json."""
        return {
            "format": FORMAT,
            "mappings": {group: dict(fields) for group, fields in self.mappings.items()},
            "ignored": dict(self.ignored),
            "source_lines": dict(self.source_lines),
        }


def removed_lines(finished: Sequence[Finished]) -> dict[str, set[str]]:
    """Residue source to the repeated lines that were taken off its texts."""
    lines: dict[str, set[str]] = {}
    for part in finished:
        for source, step in part.removed:
            name, _, line = step.partition(": ")
            if name == SOURCE_LINES:
                lines.setdefault(source, set()).add(line)
    return lines


NO_DECISIONS = Decisions({}, {}, {})


def repeated_lines(
    parts: Sequence[Ingested], settings: SourceLines | None, before: Decisions
) -> dict[str, frozenset[int]]:
    """Hashes of the lines that each source repeats at the edges of its texts.

    A line counts once for each distinct text. Lines that the previous release decided on are kept.
    """
    if settings is None:
        return {}
    repeated = {source: set(map(line_hash, lines)) for source, lines in before.source_lines.items()}
    uses = np.unique(np.concatenate([part.line_uses for part in parts] or [np.empty(0, LINE_USE)]))
    articles: Counter[str] = sum((part.articles for part in parts), Counter())
    names = {line_hash(source): source for source in articles}
    found, counts = np.unique(uses[["source", "line"]], return_counts=True)
    often = counts >= settings.min_articles
    for (source_hash, hashed), count in zip(found[often].tolist(), counts[often].tolist(), strict=True):
        source = names[source_hash]
        if count >= settings.min_share * articles[source]:
            repeated.setdefault(source, set()).add(hashed)
    return {source: frozenset(hashes) for source, hashes in repeated.items()}


def decisions_of(parts: Sequence[Ingested], removed: Mapping[str, set[str]], before: Decisions) -> Decisions:
    """The decisions of this release: those of the previous one and what its new records added.

    Args:
        parts: what was ingested.
        removed: residue source to the lines that were taken off as repeated.
        before: the previous release's decisions.
    """
    mappings = {
        group: {name: list(keys) for name, keys in fields.items()}
        for group, fields in before.mappings.items()
    }
    ignored = {group: set(keys) for group, keys in before.ignored.items()}
    for part in parts:
        for group, used in part.used.items():
            for name, key in used:
                keys = mappings.setdefault(group, {}).setdefault(name, [])
                if key not in keys:
                    keys.append(key)
        for group, unused in part.ignored.items():
            ignored.setdefault(group, set()).update(unused)
    for group, fields in mappings.items():
        for name, keys in fields.items():
            # What was decided before stays first; new keys stand in the order of recognition.
            decided = len(before.mappings.get(group, {}).get(name, ()))
            keys[decided:] = sorted(keys[decided:], key=partial(priority, name))
    lines = {source: set(found) for source, found in before.source_lines.items()}
    for source, found in removed.items():
        lines.setdefault(source, set()).update(found)
    return Decisions(
        {
            group: {name: tuple(keys) for name, keys in sorted(fields.items())}
            for group, fields in mappings.items()
        },
        {group: tuple(sorted(keys)) for group, keys in ignored.items() if keys},
        {source: tuple(sorted(found)) for source, found in lines.items() if found},
    )
