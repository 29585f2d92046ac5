"""Decide: what is inferred from many records at once, for the new records only.

Laws: a decision depends on the set of new records and on the previous release's decisions, neither on their order nor
on how they are divided into files; what was decided stays decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from imprint.building.decisions import Decisions
from imprint.building.finish import Finished
from imprint.building.habits import LINE_USE, distinct, mixed
from imprint.building.ingest import Ingested
from imprint.cleaning.orders import Order, decide_orders
from imprint.cleaning.residue import SOURCE_LINES, line_hash
from imprint.recipe import Recipe, SourceLines
from imprint.sources.evidence import Choice, Understanding
from imprint.sources.names import priority


def removed_lines(finished: Sequence[Finished]) -> dict[str, set[str]]:
    """Residue source to the repeated lines that were taken off its texts."""
    lines: dict[str, set[str]] = {}
    for part in finished:
        for source, step in part.removed:
            name, _, line = step.partition(": ")
            if name == SOURCE_LINES:
                lines.setdefault(source, set()).add(line)
    return lines


def repeated_lines(
    parts: Sequence[Ingested], settings: SourceLines | None, before: Decisions
) -> dict[str, frozenset[int]]:
    """Hashes of the lines that each source repeats at the edges of its texts.

    A line counts once for each distinct text. Lines that the previous release decided on are kept.
    """
    if settings is None:
        return {}
    repeated = {source: set(map(line_hash, lines)) for source, lines in before.source_lines.items()}
    uses = distinct(np.concatenate([part.line_uses for part in parts] or [np.empty(0, LINE_USE)]))
    articles: Counter[str] = sum((part.articles for part in parts), Counter())
    names = {line_hash(source): source for source in articles}
    _, first, counts = np.unique(mixed(uses, "source", "line"), return_index=True, return_counts=True)
    often = counts >= settings.min_articles
    found = uses[["source", "line"]][first[often]]
    for (source_hash, hashed), count in zip(found.tolist(), counts[often].tolist(), strict=True):
        source = names[source_hash]
        if count >= settings.min_share * articles[source]:
            repeated.setdefault(source, set()).add(hashed)
    return {source: frozenset(hashes) for source, hashes in repeated.items()}


def date_orders(parts: Sequence[Ingested], before: Decisions, told: Mapping[str, str]) -> Mapping[str, Order]:
    """The order in which each source writes day and month; `told` is the recipe's [input.date_order]."""
    evidence: dict[str, Counter[Order]] = {}
    for part in parts:
        for source, shown in part.date_orders.items():
            evidence.setdefault(source, Counter()).update(shown)
    return decide_orders(evidence, before.date_orders, told)


@dataclass(frozen=True, slots=True)
class Seen:
    """What decisions are made of."""

    parts: Sequence[Ingested]
    understood: Mapping[str, Understanding]
    """File group to how its keys are understood, for groups that are new."""
    removed: Mapping[str, set[str]]
    """Residue source to the lines that were taken off as repeated."""
    orders: Mapping[str, Order]
    """Residue source to its order of day and month."""
    recipe: Recipe


def decisions_of(seen: Seen, before: Decisions) -> Decisions:
    """The decisions of this release: those of the previous one and what its new records added."""
    mappings, ignored = _mappings(seen.parts, before)
    refused = {
        group: {name: tuple(sorted(keys)) for name, keys in sorted(found.decided.refused.items())}
        for group, found in seen.understood.items()
        if found.decided.refused
    }
    lines = {source: set(found) for source, found in before.source_lines.items()}
    for source, found in seen.removed.items():
        lines.setdefault(source, set()).update(found)
    told = seen.recipe.input.date_order
    return Decisions(
        mappings,
        {group: tuple(sorted(keys)) for group, keys in ignored.items() if keys},
        {source: tuple(sorted(found)) for source, found in lines.items() if found},
        {group: _evidence(group, fields, seen, before) for group, fields in mappings.items()},
        {**before.refused, **refused},
        # What the recipe says ends with the recipe.
        {
            source: order
            for source, order in seen.orders.items()
            if source not in told or source in before.date_orders
        },
    )


def _mappings(
    parts: Sequence[Ingested], before: Decisions
) -> tuple[dict[str, dict[str, tuple[str, ...]]], dict[str, set[str]]]:
    """File group to field to the keys that served it, and file group to the keys that no field took."""
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
    ordered = {
        group: {name: tuple(keys) for name, keys in sorted(fields.items())}
        for group, fields in mappings.items()
    }
    return ordered, ignored


def _evidence(
    group: str, fields: Mapping[str, Sequence[str]], seen: Seen, before: Decisions
) -> dict[str, dict[str, Choice]]:
    """Why each key of a group serves its field."""
    understood = seen.understood.get(group, Understanding())
    known = before.evidence.get(group, {})

    def why(name: str, key: str) -> Choice:
        found = known.get(name, {}).get(key) or understood.choices.get((name, key))
        by = "recipe" if seen.recipe.input.fields.get(name) == key else "name"
        return found or Choice(by, None)

    return {name: {key: why(name, key) for key in keys} for name, keys in fields.items()}
