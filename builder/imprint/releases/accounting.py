"""The accounting: every record that was read has exactly one fate, per source.

Laws: read is the sum of the eight fates; published = carried + new; `check` is called before anything is written. The
precedence of the fates is the order of FATES.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imprint.errors import InternalError

FATES = (
    "quarantined", "removed", "known", "exact_duplicates", "superseded", "near_duplicates", "withheld", "new",
)  # fmt: skip
"""What becomes of a record that was read, in order of precedence."""

FATE_MEANINGS = {
    "quarantined": "unreadable, or not valid against the schema",
    "removed": "taken out on request in an earlier release",
    "known": "published by an earlier release already, taken over as it stands",
    "exact_duplicates": "the same text as a record that is kept",
    "superseded": "another version of an article that is kept",
    "near_duplicates": "nearly the same text as a record that is kept",
    "withheld": "related to records in two splits, kept out so that nothing leaks",
    "new": "published for the first time",
}
"""One phrase for each fate, for people."""


@dataclass(frozen=True, slots=True)
class Accounting:
    """Counts of fates, in all and per source."""

    sources: Mapping[str, Mapping[str, int]]
    """Source to fate to count; absent fates are zero."""
    carried: int
    """Records taken over from the previous release."""
    published: int
    """Records in this release."""

    def total(self, fate: str) -> int:
        """Records of one fate over all sources."""
        return sum(fates.get(fate, 0) for fates in self.sources.values())

    @property
    def read(self) -> int:
        """Records that were read."""
        return sum(map(self.total, FATES))

    def check(self, read: Mapping[str, int]) -> None:
        """Hold the fates against the numbers of records that the readers counted.

        Args:
            read: records read, per source.

        Raises:
            InternalError: a record has no fate or two, or published is not carried + new.
        """
        for source in sorted({*read, *self.sources}):
            fates = self.sources.get(source, {})
            if sum(fates.values()) != read.get(source, 0):
                raise InternalError(
                    f"accounting: {source}: {read.get(source, 0)} records were read, {sum(fates.values())} have a fate"
                )
            if unknown := set(fates) - set(FATES):
                raise InternalError(f"accounting: {source}: unknown fates {sorted(unknown)}")
        if self.published != self.carried + self.total("new"):
            raise InternalError(
                f"accounting: {self.published} records are published, but {self.carried} were carried over and "
                f"{self.total('new')} are new"
            )

    def as_dict(self) -> dict[str, Any]:
        """The totals, as the manifest and `imprint release --json` carry them."""
        totals = {fate: self.total(fate) for fate in FATES}
        return {"read": self.read, **totals, "published": self.published, "carried": self.carried}

    def by_source(self) -> dict[str, dict[str, int]]:
        """The counts of each source, with every fate."""
        return {
            source: {"read": sum(fates.values()), **{fate: fates.get(fate, 0) for fate in FATES}}
            for source, fates in sorted(self.sources.items())
        }
