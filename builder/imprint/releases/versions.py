"""Versions: the least bump that a change asks for, and what is allowed without saying so.

Laws: patch = the same records; minor = records added to train, optional fields added; major = a record changed or
removed, an evaluation split grown, the schema broken. `auto` takes the least that is legal and never a major one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imprint.errors import ConflictError
from imprint.releases.layout import FIRST, LEVELS, Version

NAMED = 10
"""Records that a refusal names."""


@dataclass(frozen=True, slots=True)
class Change:
    """What differs from the previous release."""

    added: Mapping[str, int]
    """Records added to each split."""
    changed: tuple[str, ...]
    """Ids whose content differs."""
    schema: str | None
    """None for the same schema, else `minor` or `major`."""
    new_lineage: bool = False
    """Whether it was asked to start over: the major version is meant."""

    def minimum(self) -> str:
        """The least level that is legal."""
        grown = {split for split, count in self.added.items() if count}
        if self.changed or self.schema == "major" or grown - {"train"}:
            return "major"
        return "minor" if grown or self.schema else "patch"

    def reasons(self) -> list[str]:
        """Why it is major, one phrase each."""
        reasons = []
        if self.changed:
            named = ", ".join(self.changed[:NAMED]) + (", …" if len(self.changed) > NAMED else "")
            reasons.append(f"{len(self.changed)} records change their content ({named})")
        reasons += [
            f"{count} records are added to {split}"
            for split, count in self.added.items()
            if count and split != "train"
        ]
        if self.schema == "major":
            reasons.append("the schema takes fields away, or asks other things of their values")
        return reasons


def next_version(previous: Version | None, change: Change, bump: str) -> Version:
    """The version of the new release.

    Args:
        previous: version of the previous release; None for the first one.
        change: what differs from it.
        bump: `auto`, or the level that was asked for.

    Raises:
        ConflictError: the change needs a higher level than was asked for.
    """
    if previous is None:
        return FIRST
    if change.new_lineage:
        return previous.bumped("major")
    minimum = change.minimum()
    if bump == "auto":
        if minimum == "major":
            raise ConflictError(
                f"this needs a major version after {previous}: {'; '.join(change.reasons())}",
                hint="say --bump major if it is meant",
            )
        return previous.bumped(minimum)
    if LEVELS.index(bump) < LEVELS.index(minimum):
        why = "; ".join(change.reasons()) or f"{sum(change.added.values())} records or fields are added"
        raise ConflictError(f"{bump} is too low after {previous}: {why}", hint=f"say --bump {minimum}")
    return previous.bumped(bump)


def schema_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """Compatibility of two JSON Schemas of records: None, `minor` (optional fields, other words) or `major`."""
    if before == after:
        return None
    old, new = before.get("properties", {}), after.get("properties", {})
    kept = all(name in new and _rules(new[name]) == _rules(spec) for name, spec in old.items())
    required = set(before.get("required", ())) == set(after.get("required", ()))
    return "minor" if kept and required and _frame(before) == _frame(after) else "major"


_ANNOTATIONS = ("$id", "$comment", "title", "description", "examples", "x-role")
"""Keywords that no record depends on."""


def _rules(spec: Any) -> Any:
    """What a property asks of its values, without the words about it."""
    return (
        {key: value for key, value in spec.items() if key not in _ANNOTATIONS}
        if isinstance(spec, dict)
        else spec
    )


def _frame(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a schema asks of a record as a whole."""
    return {
        key: value for key, value in schema.items() if key not in ("properties", "required", *_ANNOTATIONS)
    }
