"""Random histories of a dataset: the laws of growth hold after each release, whatever was crawled, in whatever order."""

from __future__ import annotations

import hashlib
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imprint
from imprint.errors import ConflictError
from imprint.releases.accounting import FATES
from tests.conftest import article, released_rows, write_jsonl

Article = dict[str, Any]
Crawl = list[Article]
Row = dict[str, Any]

PAGES = [f"https://{host}.example/{number}" for host in ("a", "b") for number in range(3)]
CANONICAL = {None: None} | {page + tail: page for page in PAGES for tail in ("", "?utm_source=feed")}
"""Addresses as they are crawled, and as they are published."""

TEXTS = [
    "The harbour reopened.", "THE HARBOUR\n\nreopened.", "The council met at noon.", "The bridge is closed.",
    "Straße im Winter", "STRASSE IM\n\nWINTER", "A market, a school.", "Ein Haus am See",
]  # fmt: skip
"""Eight texts, of which six are distinct."""

DATES = (None, "1950-03-02", "2024-01-01", "2024-06-01")
MOMENTS = (None, "2024-07-01T10:00:00Z", "2024-08-01T10:00:00Z")

POOL = {"url": [*CANONICAL], "title": [None, "Headline"], "text": TEXTS, "published_at": DATES,
        "modified_at": [None, None, MOMENTS[1]], "retrieved_at": MOMENTS}  # fmt: skip
ARTICLES = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in POOL.items()})

FILLER = article(0, url=None)
"""An article for a crawl that would have none."""
HISTORIES = st.lists(st.lists(ARTICLES, min_size=1, max_size=12), min_size=1, max_size=4)
REPLACE = st.lists(st.booleans(), min_size=4, max_size=4)
SEEDS = st.integers(0, 2**16)

few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def normal(text: str) -> str:
    return "".join(text.casefold().split())


def raw_of(one: Article) -> str:
    return hashlib.sha256(orjson.dumps(one)).hexdigest()


def id_of(one: Article) -> str:
    known = CANONICAL[one["url"]] or normal(one["text"])
    return hashlib.sha256(known.encode()).hexdigest()[:32]


@dataclass
class History:
    """A project and what was read and published so far."""

    root: Path
    version: str = ""
    rows: dict[str, Row] = field(default_factory=dict)
    """Published records by id, in release order."""
    crawls: int = 0
    input: dict[str, list[Article]] = field(default_factory=dict)

    @property
    def lines(self) -> list[Article]:
        return [one for part in self.input.values() for one in part]

    def lay_out(self, crawl: Crawl, *, replace: bool = False, seed: int | None = None) -> None:
        """Put a crawl into the input; with a seed in another order and divided into other files."""
        raw = self.root / "data/raw"
        if replace:
            shutil.rmtree(raw, ignore_errors=True)
            self.input = {}
        self.crawls += 1
        names, lines = ["a"], crawl
        if seed is not None:
            chance = random.Random(seed + self.crawls)
            lines = chance.sample(crawl, len(crawl))
            # Later crawls may stand before earlier ones in the order of files.
            names = chance.sample("abcd", chance.randint(1, min(3, len(crawl))))
        for piece, letter in enumerate(names):
            name = f"{letter}{self.crawls}.jsonl"
            self.input[name] = lines[piece :: len(names)]
            write_jsonl(raw / name, self.input[name])

    def release(self) -> imprint.BuildResult:
        """Build and publish; a correction says that it is meant."""
        try:
            result = imprint.build(self.root)
        except ConflictError:
            result = imprint.build(self.root, bump="major")
        assert result.status == imprint.publish(self.root).status.replace("published", "built")
        self.version = result.version
        self.rows = released_rows(self.root, result.version)
        return result

    def fates(self) -> list[tuple[Article, Row]]:
        """Each input line with its one row of fates.parquet."""
        rows = pq.read_table(self.root / "data/build/fates.parquet").to_pylist()
        lines = {(name, row): one for name, part in self.input.items() for row, one in enumerate(part, 1)}
        places = [(row["input_file"], row["input_row"]) for row in rows]
        assert sorted(places) == sorted(lines)
        return [(lines[place], row) for place, row in zip(places, rows, strict=True)]

    def content(self) -> dict[str, str]:
        folder = self.root / "data/releases/acme/newswire" / self.version
        return dict(orjson.loads((folder / "manifest.json").read_bytes())["content_sha256"])

    def without_places(self) -> list[Row]:
        return [{**row, "input_file": None, "input_row": None} for row in self.rows.values()]


@contextmanager
def project(corrections: str = "hold") -> Iterator[History]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        imprint.init(root)
        recipe = (root / "imprint.toml").read_text()
        recipe = recipe.replace('corrections = "hold"', f'corrections = "{corrections}"')
        (root / "imprint.toml").write_text(recipe.replace('"300MB"', '"2kB"'))
        yield History(root)


def times(one: Article) -> tuple[str, ...]:
    """Times in an order in which an unknown one is the earliest."""
    return tuple(str(one[name] or "") for name in ("retrieved_at", "modified_at", "published_at"))


def expected_with_hold(lines: Sequence[Article], rows: dict[str, Row]) -> tuple[Counter[str], set[str]]:
    """Fates, and raw digests of the new records: the oracle, which knows nothing but the documented laws."""
    known = {row["raw_sha256"] for row in rows.values()}
    texts = {normal(row["text"]) for row in rows.values()}
    left = [one for one in lines if raw_of(one) not in known]
    newest: dict[str, Article] = {}
    for one in sorted(left, key=lambda one: (times(one), raw_of(one))):
        if id_of(one) not in rows:
            newest[id_of(one)] = one
    kept: dict[str, Article] = {}
    for one in sorted(newest.values(), key=lambda one: (one["published_at"] or "9", id_of(one), raw_of(one))):
        if normal(one["text"]) not in texts:
            kept.setdefault(normal(one["text"]), one)
    new = {raw_of(one) for one in kept.values()}
    fates = Counter(known=len(lines) - len(left), new=len(new))
    by_raw = {raw_of(one): one for one in left}
    for raw, count in Counter(map(raw_of, left)).items():
        same = normal(by_raw[raw]["text"]) in texts | set(kept)
        fates["exact_duplicates" if same else "superseded"] += count - (raw in new)
    return fates, new


def check_release(history: History, result: imprint.BuildResult, before: dict[str, Row]) -> None:
    """What holds after each release, whatever becomes of corrections."""
    counts, added = result.accounting, [row for one, row in history.rows.items() if one not in before]
    assert not before or {row["split"] for row in added} <= {"train"}
    assert counts["read"] == len(history.lines) == sum(counts[fate] for fate in FATES)
    texts = {normal(row["text"]) for row in history.rows.values()}
    told = history.fates()
    assert Counter(row["fate"] for _, row in told) == Counter({fate: counts[fate] for fate in FATES})
    for one, row in told:
        assert row["raw_sha256"] == raw_of(one)
        if row["fate"] == "known":
            continue
        assert row["id"] == id_of(one)
        if row["fate"] == "new":
            assert history.rows[row["id"]]["raw_sha256"] == raw_of(one)
        else:
            assert row["because"] in history.rows
        if row["fate"] in ("new", "exact_duplicates"):
            assert normal(one["text"]) in texts
        if row["fate"] == "exact_duplicates":
            assert normal(history.rows[row["because"]]["text"]) == normal(one["text"])
    if result.status == "built":
        assert counts["published"] == counts["carried"] + counts["new"] == len(history.rows)
        assert imprint.verify(history.root / "data/releases/acme/newswire", load=False).ok
        assert imprint.build(history.root).status == "unchanged"
    else:
        assert history.rows == before


def grow(
    history: History, crawls: Sequence[Crawl], replace: Sequence[bool], seed: int
) -> Iterator[tuple[Crawl, dict[str, Row], imprint.BuildResult]]:
    """Release after each crawl; yield the crawl, what was published before it, and what the build did."""
    for crawl, anew in zip(crawls, replace, strict=False):
        before = history.rows
        history.lay_out(crawl, replace=anew, seed=seed)
        result = history.release()
        check_release(history, result, before)
        yield crawl, before, result


@few
@given(HISTORIES, REPLACE, SEEDS)
def test_with_hold_a_history_publishes_what_the_oracle_says_and_changes_nothing(
    crawls: list[Crawl], replace: list[bool], seed: int
) -> None:
    with project() as history:
        for _, before, result in grow(history, crawls, replace, seed):
            fates, new = expected_with_hold(history.lines, before)
            rows = history.rows
            assert {identity: rows[identity] for identity in before} == before
            assert {row["raw_sha256"] for identity, row in rows.items() if identity not in before} == new
            assert fates == Counter({fate: result.accounting[fate] for fate in FATES})
            assert len({normal(row["text"]) for row in rows.values()}) == len(rows)


@few
@given(HISTORIES, REPLACE, SEEDS)
def test_with_apply_only_the_latest_crawl_changes_records_and_never_to_older_ones(
    crawls: list[Crawl], replace: list[bool], seed: int
) -> None:
    raw = {raw_of(one): one for crawl in crawls for one in crawl}
    with project("apply") as history:
        for crawl, before, result in grow(history, crawls, replace, seed):
            rows = history.rows
            changed = {identity for identity in before if before[identity] != rows[identity]}
            assert changed <= set(map(id_of, crawl))
            assert not changed or result.version.endswith(".0.0")
            for identity in changed:
                old, new = before[identity], rows[identity]
                assert times(raw[new["raw_sha256"]]) >= times(raw[old["raw_sha256"]])
                assert all(old[name] == new[name] for name in ("split", "added_in", "dup_cluster"))


@few
@given(HISTORIES.filter(lambda crawls: len(crawls) < 4), SEEDS, st.sampled_from(["hold", "apply"]))
def test_neither_the_order_of_lines_nor_their_division_into_files_shows(
    crawls: list[Crawl], seed: int, corrections: str
) -> None:
    with project(corrections) as plain, project(corrections) as other:
        for crawl in crawls:
            plain.lay_out(crawl)
            other.lay_out(crawl, seed=seed)
            one, two = plain.release(), other.release()
            assert (one.status, one.version) == (two.status, two.version)
            assert one.accounting == two.accounting
            assert plain.without_places() == other.without_places()


@few
@given(HISTORIES.filter(lambda crawls: 1 < len(crawls) < 4))
def test_the_whole_corpus_and_the_latest_crawl_give_the_same_content(crawls: list[Crawl]) -> None:
    with project() as whole, project() as latest:
        for drawn in crawls:
            # Where the version that counts is a copy of another article, no release holds the article: other versions
            # of it are judged by what is read with them.
            apart = set(map(id_of, whole.lines)) - set(whole.rows)
            crawl = [one for one in drawn if id_of(one) not in apart] or [FILLER]
            whole.lay_out(crawl)
            latest.lay_out(crawl, replace=True)
            assert whole.release().version == latest.release().version
            assert whole.content() == latest.content()
            assert whole.rows == latest.rows


RESIDUE = "\n\nRead it in the Gazette, every day"


def gazette(number: int, copy: str = "", *, head: str = "", tail: str = RESIDUE) -> Article:
    """An article of one source, whose copies differ in their address alone."""
    text = f"{head}This is the story of ship number {number}.{tail}"
    return article(number, url=f"https://a.example/{number}{copy}", title=f"Headline {number}", text=text)


def test_a_copy_stays_dropped_when_a_later_release_decides_on_a_line_of_it() -> None:
    with project() as whole, project() as latest:
        for crawl in ([gazette(0), gazette(0, "copy")], [gazette(number) for number in range(1, 6)]):
            whole.lay_out(crawl)
            latest.lay_out(crawl, replace=True)
            whole.release()
            latest.release()
        assert len(latest.rows) == 6
        assert whole.content() == latest.content()


def test_dropped_copies_alone_decide_nothing_when_the_same_input_is_built_again() -> None:
    # Of 26 texts five share a line: too few. Cleaning takes the title off the texts, which hides that they are copies.
    head = "Headline {}\n\n"
    repeated = [gazette(i, copy, head=head.format(i)) for i in range(5) for copy in ("", "copy")]
    with project() as history:
        history.lay_out([*repeated, *(gazette(number, tail="") for number in range(5, 26))])
        assert history.release().accounting["exact_duplicates"] == 5
        assert imprint.build(history.root).status == "unchanged"
