"""Articles of which some are alike, and a project that publishes them release by release.

How alike two texts are is computed here from the definition, without imprint.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

import imprint
from imprint.errors import ConflictError
from tests.conftest import released_rows, write_jsonl

Words = list[str]
Row = dict[str, Any]

EVEN = {"train = 0.9, validation = 0.05, test = 0.05": "train = 0.5, validation = 0.25, test = 0.25"}
"""A change of the recipe by which a few stories fill three splits."""

KINDS = {"retold": 5, "cousin": 3, "marred": 2, "mixed": 4, "part": 2, "numbers": 1, "copy": 2, "short": 1}
"""Relatives of earlier texts, with their weights."""

AMOUNTS = (1, 5, 6, 7, 12, 17, 18, 19, 25, 40)
"""Words that are told otherwise, also just at the thresholds and just beside them."""

DATES = (None, "2024-01-05", "2024-02-05", "2024-03-05")


@cache
def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """The runs of five words of a text, or all of its words where it has fewer."""
    words = re.findall(r"\w+", text.casefold())
    return frozenset(tuple(words[at : at + 5]) for at in range(max(1, len(words) - 4)))


def likeness(one: str, other: str) -> float:
    """Jaccard similarity of two texts."""
    mine, others = shingles(one), shingles(other)
    both = len(mine & others)
    return both / (len(mine) + len(others) - both)


def words_of(story: object, count: int = 58) -> Words:
    """The words of a story, which no other story has; fifty-eight of them are fifty-four shingles."""
    return [f"s{story}w{place}" for place in range(count)]


def retold(words: Words, count: int, teller: object) -> Words:
    """A story with another end, `count` words long.

    Of 54 shingles `count` become others: 6 leave a likeness of exactly 0.8, 18 one of exactly 0.5.
    """
    return [*words[: len(words) - count], *(f"t{teller}w{place}" for place in range(count))]


def page(number: int, words: Sequence[str], **values: Any) -> Row:
    """A raw article of some words."""
    return {"url": f"https://a.example/{number}", "title": f"Page {number}", "date": "2024-05-01",
            "text": " ".join(words), **values}  # fmt: skip


class Stories:
    """Writes crawls: new stories, and relatives of all that was written before."""

    def __init__(self) -> None:
        self.texts: list[Words] = []

    def crawl(self, size: int, originals: float, chance: random.Random) -> list[Row]:
        """Articles of addresses that were not written before; about a share of them are new stories."""
        return [self._article(originals, chance) for _ in range(size)]

    def _article(self, originals: float, chance: random.Random) -> Row:
        number = len(self.texts)
        if number < 2 or chance.random() < originals:
            kind, words = "original", words_of(number, chance.choice((58, 58, 40)))
        else:
            [kind] = chance.choices(list(KINDS), list(KINDS.values()))
            words = self._relative(kind, number, chance)
        self.texts.append(words)
        text = " ".join(words)
        host = chance.choice("aab")
        return page(
            number,
            words,
            url=f"https://{host}.example/{number}",
            date=chance.choice(DATES),
            text=text.upper() if kind == "copy" else text,
        )

    def _relative(self, kind: str, number: int, chance: random.Random) -> Words:
        one, amount = chance.choice(self.texts), chance.choice(AMOUNTS)
        other = chance.choice(self._cousins(one) or self.texts)
        at = chance.randint(0, len(one))
        written = {
            "retold": retold(one, amount, number),
            "cousin": retold(one, chance.randint(19, 30), number),
            "marred": [*one[:at], *words_of(number, amount), *one[at + amount :]],
            "mixed": [*one[:at], *other[at:]],
            "part": one[: max(1, len(one) * 3 // 5)],
            "numbers": [*one[: len(one) - amount], *(str(number + place) for place in range(amount))],
            "copy": one,
            "short": ["Fire", "in", "port", str(amount)][: 3 + amount % 2],
        }
        return written[kind] or words_of(number, 3)

    def _cousins(self, one: Words) -> list[Words]:
        """Texts so far away that a mixture may be near to both."""
        text = " ".join(one)
        return [other for other in self.texts if 0.2 < likeness(text, " ".join(other)) < 0.6]


@dataclass
class Project:
    """A project, what it reads, and what it has published."""

    root: Path
    lines: dict[tuple[str, int], Row] = field(default_factory=dict)
    """File and row to the raw article."""
    versions: dict[str, dict[str, Row]] = field(default_factory=dict)
    """Version to its records by id, in the order in which they were published."""
    result: imprint.BuildResult | None = None

    @classmethod
    def in_folder(cls, root: Path, recipe: Mapping[str, str]) -> Project:
        """Lay out a project with changes of its recipe."""
        imprint.init(root)
        text = (root / "imprint.toml").read_text()
        for old, new in recipe.items():
            assert old in text
            text = text.replace(old, new)
        (root / "imprint.toml").write_text(text)
        return cls(root)

    @property
    def last(self) -> imprint.BuildResult:
        """What the last build did."""
        assert self.result is not None
        return self.result

    @property
    def rows(self) -> dict[str, Row]:
        """The records of the newest version, by id."""
        return self.versions[self.last.version]

    @property
    def by_page(self) -> dict[int, Row]:
        """The same by the number of their page."""
        return {int(row["url"].rpartition("/")[2]): row for row in self.rows.values()}

    @property
    def folder(self) -> Path:
        """The newest version."""
        return self.root / "data/releases/acme/newswire" / self.last.version

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the newest version."""
        document: dict[str, Any] = orjson.loads((self.folder / "manifest.json").read_bytes())
        return document

    @property
    def ledger(self) -> list[Row]:
        """The ledger of the newest version."""
        rows: list[Row] = pq.read_table(self.folder / "ledger.parquet").to_pylist()
        return rows

    @property
    def fates(self) -> list[Row]:
        """What the last build says of each line that it read."""
        rows: list[Row] = pq.read_table(self.root / "data/build/fates.parquet").to_pylist()
        return rows

    def lay_out(self, name: str, articles: Sequence[Row], *, replace: bool = False) -> None:
        """Put a crawl into the input, beside the earlier ones or instead of them."""
        if replace:
            shutil.rmtree(self.root / "data/raw")
            self.lines = {}
        write_jsonl(self.root / "data/raw" / name, articles)
        self.lines |= {(name, row): one for row, one in enumerate(articles, 1)}

    def release(self, name: str = "", articles: Sequence[Row] = (), *, replace: bool = False) -> None:
        """Build and publish; where evaluation splits grow, say that it is meant."""
        if articles:
            self.lay_out(name, articles, replace=replace)
        try:
            self.result = imprint.build(self.root, workers=1)
        except ConflictError:
            self.result = imprint.build(self.root, workers=1, bump="major")
        imprint.publish(self.root)
        self.versions[self.last.version] = released_rows(self.root, self.last.version)

    def fate_of(self, number: int) -> Row:
        """What the last build says of a page."""
        [fate] = [
            fate
            for fate in self.fates
            if self.lines[fate["input_file"], fate["input_row"]]["url"].endswith(f"/{number}")
        ]
        return fate
