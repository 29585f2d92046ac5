"""Layout: what the files of a release are called, and how versions are ordered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

CARD = "README.md"
SCHEMA = "schema.json"
MANIFEST = "manifest.json"
CHECKSUMS = "SHA256SUMS"
DECISIONS = "decisions.json"
LEDGER = "ledger.parquet"
LEAKS = "leaks.json"


def shard_path(split: str, index: int, count: int) -> str:
    """Path of a shard below the release: the pattern that datasets recognises."""
    return f"data/{split}-{index:05d}-of-{count:05d}.parquet"


_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", re.ASCII)
LEVELS = ("patch", "minor", "major")
"""Kinds of change, the least first."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version without pre-release parts: datasets refuses those."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read `1.2.3` or the Hub's tag `v1.2.3`.

        Raises:
            ValueError: it is not a version.
        """
        match = _VERSION.fullmatch(text.removeprefix("v")) if isinstance(text, str) else None
        if match is None:
            raise ValueError(f"{text!r} is not a version, such as 1.2.0")
        return cls(*map(int, match.groups()))

    def bumped(self, level: str) -> Version:
        """The next version for a change of this level."""
        if level == "major":
            return Version(self.major + 1, 0, 0)
        if level == "minor":
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)

    def __lt__(self, other: Version) -> bool:
        return (self.major, self.minor, self.patch) < (other.major, other.minor, other.patch)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


FIRST = Version(1, 0, 0)
