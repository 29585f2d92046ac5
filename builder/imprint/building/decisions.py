"""Decisions: what was inferred from many records at once, as decisions.json of a release holds it.

Law: a decision applies to records that are new; what was decided stays decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from imprint.cleaning.orders import Order
from imprint.errors import Place, TransferError
from imprint.sources.evidence import Choice
from imprint.sources.recognise import Decided

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
    evidence: Mapping[str, Mapping[str, Mapping[str, Choice]]] = field(default_factory=dict)
    """File group to field to key to why it serves the field."""
    refused: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """File group to field to the keys that have its name, but hold something else."""
    date_orders: Mapping[str, Order] = field(default_factory=dict)
    """Residue source to the order in which it writes day and month."""

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
            {
                group: {
                    name: {key: Choice(**choice) for key, choice in keys.items()}
                    for name, keys in fields.items()
                }
                for group, fields in document.get("evidence", {}).items()
            },
            {
                group: {name: tuple(keys) for name, keys in fields.items()}
                for group, fields in document.get("refused", {}).items()
            },
            {source: Order(order) for source, order in document.get("date_orders", {}).items()},
        )

    def as_dict(self) -> dict[str, Any]:
        """The content of decisions.json."""
        return {
            "format": FORMAT,
            "mappings": {group: dict(fields) for group, fields in self.mappings.items()},
            "ignored": dict(self.ignored),
            "source_lines": dict(self.source_lines),
            "evidence": {
                group: {
                    name: {key: asdict(choice) for key, choice in keys.items()}
                    for name, keys in fields.items()
                }
                for group, fields in self.evidence.items()
            },
            "refused": {group: dict(fields) for group, fields in self.refused.items()},
            "date_orders": dict(self.date_orders),
        }

    def of_group(self, group: str) -> Decided:
        """What was decided on the keys of a group. What the recipe said once is not remembered: it ends with the recipe."""
        evidence = self.evidence.get(group, {})
        keys = {
            name: tuple(
                key for key in keys if (why := evidence.get(name, {}).get(key)) is None or why.by != "recipe"
            )
            for name, keys in self.mappings.get(group, {}).items()
        }
        refused = {name: frozenset(found) for name, found in self.refused.get(group, {}).items()}
        return Decided(keys, refused)


NO_DECISIONS = Decisions({}, {}, {})
