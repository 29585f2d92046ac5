"""Random histories of releases full of near duplicates: the laws of the splits hold after each of them.

A history is crawls of stories and of their relatives (tests.verbs.stories). All pairs are compared here, by the
definition of likeness.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import imprint
from imprint.releases.accounting import FATES
from tests.verbs.stories import EVEN, Project, Row, Stories, likeness

DROP_AT, GROUP_AT = 0.8, 0.5

SEEDS = st.integers(0, 2**32 - 1)


def normal(text: str) -> str:
    return "".join(text.casefold().split())


def told(row: Row) -> str:
    """A published record in a message."""
    return f"{row['id']} in {row['split']} ({row['url']}, {row['published_at']}, added in {row['added_in']})"


class Laws(RuleBasedStateMachine):
    """A project that grows, and what holds of it whatever its strategy."""

    recipe: ClassVar[Mapping[str, str]] = EVEN
    closed: ClassVar[frozenset[str]] = frozenset({"validation", "test"})
    """Splits that take nothing after the first release."""

    def __init__(self) -> None:
        super().__init__()
        self.temporary = Path(tempfile.mkdtemp())
        self.project = Project.in_folder(self.temporary / "whole", self.recipe)
        self.stories = Stories()
        self.crawls = 0

    def teardown(self) -> None:
        shutil.rmtree(self.temporary)

    @initialize(seed=SEEDS, size=st.integers(10, 20))
    def first_crawl(self, seed: int, size: int) -> None:
        self.release(self.stories.crawl(size, 0.5, random.Random(seed)))

    @rule(seed=SEEDS, size=st.integers(5, 20))
    def crawl(self, seed: int, size: int) -> None:
        self.release(self.stories.crawl(size, 0.2, random.Random(seed)))

    @rule(seed=SEEDS, size=st.integers(1, 6))
    def crawl_of_relatives_alone(self, seed: int, size: int) -> None:
        self.release(self.stories.crawl(size, 0, random.Random(seed)))

    def release(self, articles: Sequence[Row]) -> None:
        self.crawls += 1
        self.project.release(f"crawl-{self.crawls}.jsonl", articles)

    def own(self, one: Row) -> str | None:
        """The split that an article belongs to by itself."""
        return None

    def lines(self, *fates: str) -> Iterator[tuple[Row, Row]]:
        """Lines of some fates, each with what is told of it."""
        for fate in self.project.fates:
            if fate["fate"] in fates:
                yield self.project.lines[fate["input_file"], fate["input_row"]], fate

    @invariant()
    def a_published_record_changes_neither_split_nor_text_nor_cluster(self) -> None:
        seen: dict[str, tuple[Any, ...]] = {}
        for version, rows in self.project.versions.items():
            for row in rows.values():
                stands = tuple(row[name] for name in ("split", "text", "dup_cluster", "added_in"))
                assert seen.setdefault(row["id"], stands) == stands, f"{version} changes {row['id']}"
        for before, after in pairwise(self.project.versions.values()):
            assert before.keys() <= after.keys(), f"records left: {before.keys() - after.keys()}"

    @invariant()
    def splits_hold_no_texts_that_are_alike_and_no_near_duplicate_is_published(self) -> None:
        for one, other in combinations(self.project.rows.values(), 2):
            alike = likeness(one["text"], other["text"])
            limit = GROUP_AT if one["split"] != other["split"] else DROP_AT
            assert alike < limit, f"{told(one)} and {told(other)} are alike: {alike:.3f}"

    @invariant()
    def a_cluster_has_the_id_of_its_first_member_and_one_split(self) -> None:
        members: dict[str, list[Row]] = defaultdict(list)
        for row in self.project.rows.values():
            members[row["dup_cluster"]].append(row)
        for cluster, found in members.items():
            first = min(found, key=lambda row: (row["added_in"], str(row["published_at"] or "9"), row["id"]))
            assert first["id"] == cluster, f"{cluster} is not the first of {[row['id'] for row in found]}"
            assert len({row["split"] for row in found}) == 1, f"cluster {cluster} stands in two splits"

    @invariant()
    def every_line_has_one_fate(self) -> None:
        counts, fates = self.project.last.accounting, self.project.fates
        places = [(fate["input_file"], fate["input_row"]) for fate in fates]
        assert sorted(places) == sorted(self.project.lines), "a line has no fate, or two"
        assert counts["read"] == sum(counts[fate] for fate in FATES) == len(fates)
        assert Counter(fate["fate"] for fate in fates) == Counter({fate: counts[fate] for fate in FATES})

    @invariant()
    def what_is_dropped_is_like_the_published_record_that_it_is_dropped_for(self) -> None:
        for line, fate in self.lines("exact_duplicates", "near_duplicates"):
            kept = self.project.rows.get(fate["because"])
            assert kept is not None, f"{fate} is dropped for a record that is not published"
            same = normal(kept["text"]) == normal(line["text"])
            assert same == (fate["fate"] == "exact_duplicates"), f"{fate} is wrong about {told(kept)}"
            assert likeness(kept["text"], line["text"]) >= DROP_AT, f"{fate} is not like {told(kept)}"

    @invariant()
    def what_is_withheld_would_leak_and_is_told(self) -> None:
        withheld = list(self.lines("withheld"))
        findings = [finding for finding in self.project.last.findings if finding.code == "withheld"]
        assert bool(findings) == bool(withheld), f"{len(withheld)} are withheld, told are {findings}"
        for line, fate in withheld:
            assert fate["id"] not in self.project.rows, f"{fate} is published"
            rows = self.project.rows.values()
            near = {row["id"]: row for row in rows if likeness(row["text"], line["text"]) >= GROUP_AT}
            splits = {row["split"] for row in near.values()} | {self.own(line)} - {None}
            assert len(splits) > 1 or splits & self.closed, f"{fate} could stand in {splits}"
            named = fate["because"] in near
            assert named or self.own(line) in self.closed, f"{fate} names none of its neighbours {[*near]}"


class TrainGrows(Laws):
    """The default: what comes later goes to train. Two more projects read the same in other ways."""

    def __init__(self) -> None:
        super().__init__()
        self.latest = Project.in_folder(self.temporary / "latest", self.recipe)
        """Reads the newest crawl only."""
        self.mixed = Project.in_folder(self.temporary / "mixed", self.recipe)
        """Reads the same lines in another order and from other files."""
        self.forgotten: set[str] = set()
        """Raw digests of what was dropped while nothing was published: no ledger remembers it (docs/adr/0006)."""

    def release(self, articles: Sequence[Row]) -> None:
        super().release(articles)
        self.latest.release(f"crawl-{self.crawls}.jsonl", articles, replace=self.crawls > 1)
        if self.latest.last.status == "unchanged":
            self.forgotten |= {fate["raw_sha256"] for fate in self.latest.fates}
        chance = random.Random(self.crawls)
        lines = chance.sample(articles, len(articles))
        letters = chance.sample("abz", chance.randint(1, min(3, len(lines))))
        for piece, letter in enumerate(letters):
            self.mixed.lay_out(f"{letter}{self.crawls}.jsonl", lines[piece :: len(letters)])
        self.mixed.release()

    @invariant()
    def evaluation_splits_stay_what_they_were(self) -> None:
        first, *others = (
            {row["id"] for row in rows.values() if row["split"] in self.closed}
            for rows in self.project.versions.values()
        )
        assert all(other == first for other in others), "an evaluation split has changed"

    @invariant()
    def the_latest_crawl_alone_gives_the_same_shards(self) -> None:
        one, other = self.project.manifest, self.latest.manifest
        for key in ("version", "splits", "content_sha256"):
            assert one[key] == other[key], f"{key} depends on whether older crawls are read again"
        shards = [[file for file in manifest["files"] if "split" in file] for manifest in (one, other)]
        assert shards[0], "the manifest lists no shards"
        assert shards[0] == shards[1], "bytes of shards depend on whether older crawls are read again"

    @invariant()
    def the_latest_crawl_alone_gives_the_same_ledger(self) -> None:
        ledgers = [
            [{**row, "dropped_raw": set(row["dropped_raw"] or ()) - self.forgotten} for row in project.ledger]
            for project in (self.project, self.latest)
        ]
        for one, other in zip(*ledgers, strict=True):
            assert one == other, "the ledger depends on whether older crawls are read again"

    @invariant()
    def neither_order_nor_files_matter(self) -> None:
        one, other = (
            {row["id"]: [row[name] for name in ("split", "dup_cluster", "added_in", "text")] for row in rows}
            for rows in (self.project.rows.values(), self.mixed.rows.values())
        )
        assert one == other, "what is published depends on the order of lines or on files"
        assert self.project.last.accounting == self.mixed.last.accounting

    @invariant()
    def a_version_that_is_built_again_is_the_same(self) -> None:
        result = self.project.last
        if result.status != "built":
            return
        again = Project.in_folder(self.temporary / "again", self.recipe)
        shutil.copytree(self.project.root / "data/raw", again.root / "data/raw", dirs_exist_ok=True)
        previous = f"{self.project.folder.parent}@{result.previous}" if result.previous else "none"
        rebuilt = imprint.build(again.root, workers=1, previous=previous)
        shutil.rmtree(again.root)
        assert rebuilt.manifest_sha256 == result.manifest_sha256, f"{result.version} is built otherwise"


class AllGrow(Laws):
    """Later stories go to evaluation splits, too, in major versions."""

    recipe = EVEN | {'grow = "train"': 'grow = "all"'}
    closed = frozenset()


class ByTime(Laws):
    """Dates decide; what falls into an evaluation split later is withheld."""

    recipe: ClassVar[Mapping[str, str]] = {
        'strategy = "hash"': 'strategy = "time"',
        "[parquet]": '[splits.time]\nvalidation_from = "2024-02-01"\ntest_from = "2024-03-01"\n\n[parquet]',
    }

    def own(self, one: Row) -> str | None:
        date = str(one["date"] if "date" in one else one["published_at"] or "")
        return "test" if date > "2024-03" else "validation" if date > "2024-02" else "train"

    @invariant()
    def each_record_stands_where_it_belongs(self) -> None:
        for row in self.project.rows.values():
            assert row["split"] == self.own(row), f"{told(row)} belongs to {self.own(row)}"


class BySource(ByTime):
    """Sources decide, and evaluation splits grow."""

    recipe: ClassVar[Mapping[str, str]] = {
        'strategy = "hash"': 'strategy = "source"',
        'grow = "train"': 'grow = "all"',
        "[parquet]": '[splits.source]\ntest = ["b.example"]\n\n[parquet]',
    }
    closed = frozenset()

    def own(self, one: Row) -> str | None:
        return "test" if "//b.example/" in one["url"] else "train"


few = settings(
    max_examples=6,
    stateful_step_count=4,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # A history that breaks a law is not made shorter: that would take minutes.
    phases=(Phase.explicit, Phase.generate),
)

TestTrainGrows = TrainGrows.TestCase
TestAllGrow = AllGrow.TestCase
TestByTime = ByTime.TestCase
TestBySource = BySource.TestCase
TestTrainGrows.settings = TestAllGrow.settings = TestByTime.settings = TestBySource.settings = few
