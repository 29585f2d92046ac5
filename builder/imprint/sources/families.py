"""Families: records of one file group that have most of their keys in common, and are understood together.

Law: two scrapers' files in one folder do not dilute each other's evidence, nor look like an ambiguity: keys that never
stand in one record are no rivals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imprint.sources.evidence import Understanding, understand
from imprint.sources.recognise import Decided

ALIKE = 0.5
"""Share of keys that a record has in common with the first one of its family, as Jaccard similarity."""

MOST = 20
"""Families of a group; a group with more has records without any shape, which are understood together."""

SMALLEST = 0.02
"""Share of the records that a family has at least, to be heard on what names do not say."""


def understand_families(
    records: Sequence[Mapping[str, Any]], fields: Sequence[str], overrides: Mapping[str, str]
) -> Understanding:
    """Decide on a file group from a sample of its records, each family by itself; arguments as of `understand`."""
    families = _families(records)
    heard = [family for family in families if len(family) >= SMALLEST * len(records)]
    if len(heard) <= 1:
        return understand(records, fields, overrides)
    return _merged([understand(family, fields, overrides, len(records)) for family in heard])


def _families(records: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    families: list[tuple[frozenset[str], list[Mapping[str, Any]]]] = []
    known: dict[frozenset[str], int] = {}
    for record in records:
        keys = frozenset(record)
        place = known.get(keys)
        if place is None:
            alike = (len(keys & first) / max(1, len(keys | first)) for first, _ in families)
            place = next((index for index, share in enumerate(alike) if share >= ALIKE), len(families))
            if place == MOST:
                return [list(records)]
            known[keys] = place
            if place == len(families):
                families.append((keys, []))
        families[place][1].append(record)
    return [family for _, family in families]


def _merged(found: Sequence[Understanding]) -> Understanding:
    """What several families say; a name that one of them believes is believed."""
    keys: dict[str, tuple[str, ...]] = {}
    for one in found:
        for field, taken in one.decided.keys.items():
            keys[field] = tuple(dict.fromkeys((*keys.get(field, ()), *taken)))
    choices = {pair: choice for one in reversed(found) for pair, choice in one.choices.items()}
    refused: dict[str, frozenset[str]] = {}
    for one in found:
        for field, wrong in one.decided.refused.items():
            left = {key for key in wrong if (field, key) not in choices}
            if left:
                refused[field] = refused.get(field, frozenset()) | left
    doubted = {
        pair: sample for one in reversed(found) for pair, sample in one.doubted.items() if pair not in choices
    }
    ambiguities = tuple(dict.fromkeys(ambiguity for one in found for ambiguity in one.ambiguities))
    longer = tuple(dict.fromkeys(pair for one in found for pair in one.longer))
    return Understanding(Decided(keys, refused), choices, ambiguities, doubted, longer)
