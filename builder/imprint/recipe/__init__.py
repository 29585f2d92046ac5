"""The recipe: imprint.toml as frozen values, every default visible here.

Law: the digest covers what a release's content depends on, and neither where the input lies nor where the release goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from imprint.digests import canonical_json, sha256_hex

TRAIN = "train"
"""The split that takes what comes later."""

TIMED = ("validation", "test")
"""The splits that a date can begin, in the order of time."""

SHINGLES = "5 tokens of casefolded \\w+"
"""What likeness is measured by (imprint.dedup.shingles): a lineage is bound to it."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is published."""

    name: str
    """namespace/name, the Hub's id."""
    title: str = ""
    description: str = ""
    license: str = ""
    """SPDX expression or the Hub's id."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags."""
    homepage: str = ""
    contact: str = ""
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """Where the articles are and how they are read."""

    paths: tuple[str, ...] = ("data/raw",)
    """Folders or files, relative to the project."""
    corrections: str = "hold"
    """`hold` keeps the published row of an id, `apply` replaces its content."""
    detect_language: bool = False
    """Whether a model names the language of texts whose source does not."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Field to key of the input; an empty key leaves the field empty."""
    date_order: Mapping[str, str] = field(default_factory=dict)
    """Source, or `*` for all others, to the order of day and month in its dates: `day-first` or `month-first`."""
    identity: Mapping[str, str] = field(default_factory=dict)
    """Source to what identifies its articles instead of the URL: `source_id` or `text`."""
    sidecars: Mapping[str, str] = field(default_factory=dict)
    """Pattern of an article's file to that of the file with its metadata; `{stem}` stands in both."""


@dataclass(frozen=True, slots=True)
class SourceLines:
    """When a line that a source repeats is residue."""

    min_articles: int = 5
    """Articles that must share it."""
    min_share: float = 0.2
    """Share of the source's articles that must share it."""


@dataclass(frozen=True, slots=True)
class Clean:
    """The steps of cleaning that are switched on."""

    unicode: bool = True
    whitespace: bool = True
    repeated_title: bool = True
    furniture: bool = True
    date_line: bool = True
    source_lines: SourceLines | None = field(default_factory=SourceLines)
    """None where the step is off."""


@dataclass(frozen=True, slots=True)
class Dedup:
    """When articles are near duplicates."""

    drop_at: float = 0.8
    group_at: float = 0.5
    keep: str = "first"


@dataclass(frozen=True, slots=True)
class Splits:
    """How clusters are divided."""

    strategy: str = "hash"
    ratios: Mapping[str, float] = field(
        default_factory=lambda: {"train": 0.9, "validation": 0.05, "test": 0.05}
    )
    salt: str = "imprint"
    grow: str = "train"
    time: Mapping[str, str] = field(default_factory=dict)
    """`validation_from` and `test_from`, as dates: where the later splits begin."""
    source: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Split to the sources (publishers, domains or folders) whose articles stand in it; all others stand in train."""

    @property
    def names(self) -> tuple[str, ...]:
        """The splits, train among them, in their order."""
        if self.strategy == "time":
            return (TRAIN, *(split for split in TIMED if f"{split}_from" in self.time))
        if self.strategy == "source":
            return (TRAIN, *(split for split in self.source if split != TRAIN))
        return tuple(self.ratios)

    def lineage(self) -> dict[str, Any]:
        """The settings by which a published record stands where it does."""
        used = {"hash": ("ratios",), "time": ("time",), "source": ("source",)}[self.strategy]
        settings = {"strategy": self.strategy, "salt": self.salt}
        # The order of the splits is the order of the unit interval: it must survive canonical JSON's sorting.
        return settings | {key: [_listed(item) for item in getattr(self, key).items()] for key in used}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A project's settings."""

    dataset: Dataset
    input: Input = field(default_factory=Input)
    clean: Clean = field(default_factory=Clean)
    dedup: Dedup = field(default_factory=Dedup)
    splits: Splits = field(default_factory=Splits)
    shard_bytes: int = 300_000_000
    """Largest shard, as the sum of its values' UTF-8 bytes."""
    max_rejected: float = 0.05
    """Share of the records read that may be quarantined."""
    targets: tuple[str, ...] = ("data/releases",)
    """Registries."""

    @property
    def digest(self) -> str:
        """SHA-256 over the settings that a release's content depends on."""
        return sha256_hex(canonical_json(self.content()))

    def content(self) -> dict[str, Any]:
        """The settings that a release's content depends on, as JSON."""
        settings = asdict(self)
        for place in ("max_rejected", "targets"):
            del settings[place]
        del settings["input"]["paths"]
        # The order of the splits is the order of the unit interval: it must survive canonical JSON's sorting.
        for table in ("ratios", "source"):
            settings["splits"][table] = [_listed(item) for item in getattr(self.splits, table).items()]
        return settings

    def lineage(self) -> dict[str, Any]:
        """The settings that every release of one lineage shares."""
        thresholds = {"drop_at": self.dedup.drop_at, "group_at": self.dedup.group_at}
        return {"dedup": {**thresholds, "shingles": SHINGLES}, "splits": self.splits.lineage()}


def _listed(item: tuple[str, Any]) -> list[Any]:
    """A key and its value as JSON."""
    return [item[0], list(item[1]) if isinstance(item[1], tuple) else item[1]]
