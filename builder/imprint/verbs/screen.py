"""Screen: which items of somebody else's benchmark stand in a release, by shared runs of 13 words.

Law: each split is asked for itself; an item counts once however many of its strings are found.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imprint.building.benchmark import write_items
from imprint.building.spans import SPAN, Found, SpanSearch
from imprint.building.text_sources import Group, batches, groups_of
from imprint.dedup.shingles import spans
from imprint.dedup.tokens import token_hashes, tokens
from imprint.engine.local import LocalEngine
from imprint.errors import Place, TransferError, UsageError
from imprint.progress import Progress, Silent
from imprint.releases.layout import MANIFEST
from imprint.releases.manifest import Manifest
from imprint.releases.shards import open_parquet
from imprint.verbs.lineage import parse_target

INLINE_RECORDS = 5000
"""Below this many records no workers are started."""


@dataclass(frozen=True, slots=True)
class Match:
    """An item of the benchmark that the release holds."""

    file: str | None
    """Its file; None where the benchmark is a release."""
    row: int | None
    item: str
    """Its number in the benchmark, or its id there."""
    split: str
    """The split that holds it."""
    id: str
    """A record of the split that holds the span."""
    span: str
    """The words that they share, casefolded."""


@dataclass(frozen=True, slots=True)
class ScreenResult:
    """What screening saw."""

    ok: bool
    """Whether no item was found."""
    target: str
    version: str
    against: str
    items: int
    unread: int
    """Items that could not be read."""
    short: int
    """Items without any string of 13 words: they cannot be judged."""
    matched: int
    """Items that stand in any split."""
    splits: dict[str, int]
    """Items that stand in each split."""
    matches: tuple[Match, ...]
    """One for each item and split."""

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        return asdict(self)


def screen(target: str | Path, against: str | Path, *, progress: Progress | None = None) -> ScreenResult:
    """Look for the items of a benchmark in a release.

    Args:
        target: a dataset in a registry, with `@VERSION` or without, or a release's folder.
        against: the benchmark: a file or folder of items in any format that is read, a release's folder, or a dataset in
            a registry.
        progress: who is told how far it is.

    Raises:
        UsageError: there is no such release or benchmark.
        TransferError: a file cannot be read.
    """
    watch = progress or Silent()
    folder, manifest = _release(str(target))
    engine = LocalEngine(None if sum(manifest.splits.values()) > INLINE_RECORDS else 1)
    try:
        with tempfile.TemporaryDirectory(prefix="imprint-screen-") as temporary:
            benchmark = _benchmark(against, Path(temporary))
            watch.stage("screen", len(manifest.splits))
            matches: list[Match] = []
            for split in manifest.splits:
                others = [
                    group
                    for shard in manifest.shards
                    if shard.split == split
                    for group in groups_of(folder / shard.path)
                ]
                matches += benchmark.ask(split, others, engine, Path(temporary))
                watch.advance(1)
            short = benchmark.short()
    except OSError as error:
        raise TransferError(f"a file cannot be read: {error}", place=Place(str(target))) from error
    finally:
        engine.close()
    splits = {name: len({one.item for one in matches if one.split == name}) for name in manifest.splits}
    return ScreenResult(
        not matches, str(folder), str(manifest.version), str(against), benchmark.items, benchmark.unread, short,
        len({one.item for one in matches}), splits, tuple(matches),
    )  # fmt: skip


def _release(target: str) -> tuple[Path, Manifest]:
    folder = Path(target)
    if not (folder / MANIFEST).exists():
        found, version = parse_target(target, base=Path())
        folder = found.fetch(version)
    return folder, Manifest.parse((folder / MANIFEST).read_bytes())


@dataclass(slots=True)
class _Benchmark:
    """The items to look for, as row groups of Parquet files with a column `text`."""

    groups: Sequence[Group]
    items: int
    unread: int
    key: str
    """The column that tells items apart."""

    def ask(self, split: str, others: Sequence[Group], engine: LocalEngine, folder: Path) -> list[Match]:
        """The items that a split holds."""
        here = folder / f"spans-{split}"
        here.mkdir()
        search = SpanSearch(here, engine)
        found = search.run(self.groups, others)
        wanted = np.unique(np.concatenate([np.empty(0, np.uint64), *(one.spans for one in found)]))
        holder: dict[int, tuple[Group, int]] = {}
        for number, held, rows in search.holders(len(others)):
            mine = np.isin(held, wanted)
            for value, row in zip(held[mine].tolist(), rows[mine].tolist(), strict=True):
                holder.setdefault(value, (others[number], row))
        ids = _ids(holder)
        matches: dict[str, Match] = {}
        for group, one in zip(self.groups, found, strict=True):
            for match in self._matches(group, one, split, ids):
                matches.setdefault(match.item, match)
        return list(matches.values())

    def _matches(self, group: Group, found: Found, split: str, ids: dict[int, str]) -> list[Match]:
        if not len(found.rows):
            return []
        rows = open_parquet(group.path).group(group.number).take(found.rows).to_pylist()
        return [
            Match(
                row.get("file"),
                row.get("row"),
                str(row[self.key]),
                split,
                ids[span],
                _words(row["text"], span),
            )
            for row, span in zip(rows, found.spans.tolist(), strict=True)
        ]

    def short(self) -> int:
        """Items none of whose strings is long enough."""
        long: set[Any] = set()
        for group in self.groups:
            keys = open_parquet(group.path).group(group.number, [self.key]).column(self.key).to_pylist()
            for start, texts in batches(group):
                found = spans(token_hashes(texts), SPAN)
                long.update(keys[start + row] for row in np.flatnonzero(np.diff(found.offsets)).tolist())
        return self.items - self.unread - len(long)


def _benchmark(against: str | Path, folder: Path) -> _Benchmark:
    path = Path(against)
    if path.is_file() or (path.is_dir() and not (path / "refs").is_dir() and not (path / MANIFEST).exists()):
        out = folder / "items.parquet"
        read = write_items(path, out, folder / "unpacked")
        return _Benchmark(groups_of(out), read.items, read.unread, "item")
    if not path.exists() and "@" not in str(against):
        raise UsageError("the benchmark does not exist", place=Place(str(against)))
    root, manifest = _release(str(against))
    groups = [group for shard in manifest.shards for group in groups_of(root / shard.path)]
    return _Benchmark(groups, sum(manifest.splits.values()), 0, "id")


def _ids(holder: dict[int, tuple[Group, int]]) -> dict[int, str]:
    """Id of the record that holds each span; each row group is read once."""
    by_group: dict[Group, list[tuple[int, int]]] = {}
    for span, (group, row) in holder.items():
        by_group.setdefault(group, []).append((span, row))
    ids: dict[int, str] = {}
    for group, spans_here in by_group.items():
        column = open_parquet(group.path).group(group.number, ["id"]).column("id")
        ids |= {span: column[row].as_py() for span, row in spans_here}
    return ids


def _words(text: str, span: int) -> str:
    """The words of a span, which the text has."""
    hashes = spans(token_hashes([text.encode()]), SPAN).hashes
    at = int(np.flatnonzero(hashes == np.uint64(span))[0])
    return " ".join(tokens(text)[at : at + SPAN])
