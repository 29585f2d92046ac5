r"""Synthetic news articles for benchmarks and quality tests, in any number, from a seed.

    python benchmarks/corpus.py OUT_DIR --articles 100000 [--seed 1] [--start 0] [--files 1]
                                [--format jsonl|txt] [--exact 0.02] [--near 0.05]

The law it keeps: article i depends on (seed, i) alone, given the two duplicate rates. A bigger corpus is a
superset of a smaller one, and `--start 100000` writes the articles that follow the first 100000, as a later
crawl would find them.

OUT_DIR/articles/ holds part-NNNNN.jsonl, or <publisher>/NNNNNN_slug.txt. OUT_DIR/truth.jsonl has a row for
each planted duplicate: the article, the earlier one it copies, and the Jaccard similarity of their bodies
(no title, no furniture) as sets of 5-token shingles, a token being a casefolded `\w+`. An original is
never itself a duplicate; two copies of one original have a row each, and none for their own likeness.

Articles are made in blocks of 1,000, each from its own Philox streams keyed by (seed, block). A block takes
the originals of its duplicates from itself and from one of the 49 blocks before it, so two blocks in memory
are enough. Only raw Philox words are used: numpy keeps those stable, and not its distributions.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

# As a script, from a test or loaded by path: the sibling is found in each case.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import vocabulary as voc

BLOCK, BLOCKS_BACK = 1000, 49
FIRST_DAY, SECONDS = np.datetime64("2015-01-01", "s"), 4018 * 86400  # to the end of 2025
STREAMS = ["columns", "words", "sentences", "titles", "edit-words", "edit-sentences"]
COLUMNS = voc.listed("length fancy kind source origin target edits title house date gaps author desk lines")
PUBLISHER_SLOTS = voc.zipf_slots(len(voc.PLACES), 4096, 2.0)
HEAD_LINES = ["{name} | Latest news", "ADVERTISEMENT", "By {name} staff", "Listen to this article on {site}"]
TAIL_LINES = [
    "Sign up for the {name} newsletter",
    "Read more at {site}",
    "Follow {name} on social media",
    "This story first appeared in {name}.",
    "Support independent reporting: subscribe to {name} today",
    "Share this article: Facebook | Twitter | Email",
    "Get our app and never miss a story from {name}",
]

Article = tuple[str, bytes, dict[str, Any] | None]  # its place as a txt file, its content, its row of truth


@dataclass(frozen=True)
class Publisher:
    """A publisher, its domain, and the furniture lines found in its articles."""

    name: str
    slug: str
    tail: tuple[str, ...]
    head: str


@dataclass(frozen=True)
class Recipe:
    """What a corpus is made from."""

    seed: int
    exact: float
    near: float

    def stream(self, block: int, name: str) -> np.random.Philox:
        """One of the independent random streams of a block."""
        return np.random.Philox(key=np.array([self.seed, block << 4 | STREAMS.index(name)], dtype=np.uint64))


@dataclass(frozen=True)
class Corpus:
    """What was written: the part files (for txt, the folder of all of them), how many articles and bytes."""

    paths: tuple[Path, ...]
    articles: int
    bytes: int


@dataclass(frozen=True)
class Block:
    """The articles number * BLOCK and on, each as it would be if none were a duplicate."""

    number: int
    columns: dict[str, npt.NDArray[np.uint64]]
    kinds: npt.NDArray[np.str_]  # "exact", "near" or nothing
    publishers: voc.Ints
    dates: list[str]
    titles: list[list[str]]
    bodies: voc.Body
    bounds: voc.Ints

    def body(self, row: int) -> voc.Body:
        """The body an article has of its own."""
        return self.bodies.part(self.bounds[row], self.bounds[row + 1])

    def slug(self, row: int) -> str:
        """The head of the title as it stands in addresses."""
        return "-".join(self.titles[row][:6]).lower()

    def url(self, row: int, publisher: int) -> str:
        """The address of an article at this publisher."""
        folder = f"{publishers()[publisher].slug}.example/{self.dates[row][:10].replace('-', '/')}"
        return f"https://{folder}/{self.slug(row)}-{self.number * BLOCK + row}"


@dataclass(frozen=True)
class Copy:
    """What a planted duplicate has instead of a body and a publisher of its own, and its row of truth."""

    body: voc.Body
    publisher: int
    truth: dict[str, Any]


@cache
def publishers() -> list[Publisher]:
    """The publishers, largest first: each has three of the tail lines, every fourth has a head line."""
    found = []
    for number, place in enumerate(voc.PLACES):
        name = f"{place} {voc.PAPERS[number * 7 % len(voc.PAPERS)]}"
        slug = name.lower().replace(" ", "-")
        tail = [TAIL_LINES[(number * 5 + step) % len(TAIL_LINES)] for step in range(3)]
        head = HEAD_LINES[number // 4 % len(HEAD_LINES)] + "\n\n" if number % 4 == 1 else ""
        lines = [line.format(name=name, site=f"{slug}.example") for line in (*tail, head)]
        found.append(Publisher(name, slug, tuple(lines[:3]), lines[3]))
    return found


@lru_cache(maxsize=2)
def make_block(recipe: Recipe, number: int) -> Block:
    """Make a block; the last ones stay at hand for the duplicates of the next."""
    raw = recipe.stream(number, "columns").random_raw(len(COLUMNS) * BLOCK)
    columns = dict(zip(COLUMNS, raw.reshape(len(COLUMNS), BLOCK), strict=True))
    chance = columns["kind"] / 2.0**64
    kinds = np.select([chance < recipe.exact, chance < recipe.exact + recipe.near], ["exact", "near"], "")
    if number == 0:
        kinds[0] = ""  # nothing stands before it
    sizes = voc.BODY_LENGTHS[voc.below(columns["length"], len(voc.BODY_LENGTHS))]
    fancy = (voc.below(columns["fancy"], 100) < 6).astype(np.int64)
    sources = (recipe.stream(number, "words"), recipe.stream(number, "sentences"))
    table = voc.vocabulary()
    ranks = voc.bits(recipe.stream(number, "titles"), 9 * BLOCK, "<u4") >> np.uint32(32 - voc.ZIPF_BITS)
    words = [table.words[word] for word in table.zipf[ranks].tolist()]
    lengths = enumerate((5 + voc.below(columns["title"], 5)).tolist())
    return Block(
        number=number,
        columns=columns,
        kinds=kinds,
        publishers=PUBLISHER_SLOTS[voc.below(columns["house"], len(PUBLISHER_SLOTS))].astype(np.int64),
        dates=(FIRST_DAY + voc.below(columns["date"], SECONDS)).astype(str).tolist(),
        titles=[words[row * 9 : row * 9 + length] for row, length in lengths],
        bodies=voc.compose(sources, sizes, fancy),
        bounds=np.concatenate([[0], np.cumsum(sizes)]),
    )


def plant(recipe: Recipe, block: Block) -> dict[int, Copy]:
    """The duplicates of a block, by row: a quarter of them have their original in the block itself."""
    number, earlier = block.number, block
    if number:
        back = 1 + int(block.columns["source"][0] >> np.uint64(32)) % min(number, BLOCKS_BACK)
        earlier = make_block(recipe, number - back)
    own, others = (np.flatnonzero(each.kinds == "") for each in (block, earlier))
    sources = (recipe.stream(number, "edit-words"), recipe.stream(number, "edit-sentences"))
    copies = {}
    for row in np.flatnonzero(block.kinds != "").tolist():
        dice = {name: int(column[row]) for name, column in block.columns.items()}
        here = own[: np.searchsorted(own, row)]
        from_here = not number or (len(here) > 0 and dice["source"] % 4 == 0)
        of, rows = (block, here) if from_here else (earlier, others)
        of_row = int(rows[dice["origin"] % len(rows)])
        of_publisher, publisher = int(of.publishers[of_row]), int(block.publishers[row])
        if publisher == of_publisher:
            publisher = (publisher + 1) % len(voc.PLACES)
        body, jaccard = of.body(of_row), 1.0
        if block.kinds[row] == "near":
            target = 0.30 + 0.68 * dice["target"] / 2.0**64
            body = voc.revise(body, target, dice["edits"], sources)
            jaccard = voc.jaccard(of.body(of_row), body)
        truth = {
            "index": number * BLOCK + row,
            "url": block.url(row, publisher),
            "of_index": of.number * BLOCK + of_row,
            "of_url": of.url(of_row, of_publisher),
            "kind": str(block.kinds[row]),
            "jaccard": round(jaccard, 4),
        }
        copies[row] = Copy(body, publisher, truth)
    return copies


def block_articles(recipe: Recipe, number: int, layout: str) -> Iterator[Article]:
    """All articles of a block, duplicates in their places."""
    block = make_block(recipe, number)
    copies = plant(recipe, block)
    bodies = voc.render(block.bodies)
    if copies:
        copied = voc.render(voc.chained([copy.body for copy in copies.values()]))
        for row, body in zip(copies, copied, strict=True):
            bodies[row] = body
    names = voc.vocabulary().names
    for row, values in enumerate(zip(*(column.tolist() for column in block.columns.values()), strict=True)):
        dice, copy = dict(zip(COLUMNS, values, strict=True)), copies.get(row)
        first, last = dice["author"] % len(voc.FIRST_NAMES), dice["author"] // 64 % len(names)
        house = copy.publisher if copy else int(block.publishers[row])
        publisher, title = publishers()[house], " ".join(block.titles[row])
        record = {
            "url": block.url(row, house),
            "title": title[0].upper() + title[1:],
            "date": f"{block.dates[row]}Z" if dice["gaps"] % 50 else None,
            "author": f"{voc.FIRST_NAMES[first]} {names[last]}" if dice["gaps"] // 64 % 12 else None,
            "publisher": publisher.name,
            "section": voc.SECTIONS[dice["desk"] % len(voc.SECTIONS)],
        }
        furniture = dice["lines"]
        tail = "\n".join(publisher.tail[: (0, 1, 1, 2, 2, 2, 3)[furniture // 256 % 7]])
        text = (publisher.head if furniture // 16 % 16 < 9 else "") + bodies[row]
        if layout == "txt":
            day = block.dates[row].replace("T", " ") + "\n" if record["date"] else ""
            text = f"{record['title']}\n\n{day}{record['title']}\n\n{text}\n"
            content = (f"{text}\n\n{tail}\n" if tail else text).encode()
        else:
            title = f"{record['title']}\n\n" if furniture % 16 == 0 else ""
            record["text"] = f"{title}{text}\n\n{tail}" if tail else title + text
            content = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        place = f"{publisher.slug}/{number * BLOCK + row:06d}_{block.slug(row)}.txt"
        yield place, content, copy.truth if copy else None


def walk(recipe: Recipe, start: int, stop: int, layout: str) -> Iterator[Article]:
    """The articles from `start` to before `stop`, written as `layout` wants them."""
    for number in range(start // BLOCK, -(-stop // BLOCK)):
        rows = (max(0, start - number * BLOCK), stop - number * BLOCK)
        yield from islice(block_articles(recipe, number, layout), *rows)


def write_corpus(
    out: str | Path,
    articles: int,
    *,
    seed: int = 1,
    start: int = 0,
    files: int = 1,
    format: str = "jsonl",  # noqa: A002 - the name it has on the command line
    exact: float = 0.02,
    near: float = 0.05,
) -> Corpus:
    """Write articles start .. start + articles and their truth table; `files` cuts them evenly, for JSONL."""
    if min(articles, seed, start, exact, near) < 0 or files < 1 or exact + near > 0.5:
        raise ValueError("a number is negative, files is under 1, or exact + near is over 0.5")
    if format not in ("jsonl", "txt"):
        raise ValueError(f"the format is jsonl or txt, not {format!r}")
    folder = Path(out) / "articles"
    folder.mkdir(parents=True)  # never into an older corpus: what it has more of would stay
    paths = [folder / f"part-{part:05d}.jsonl" for part in range(files)] if format == "jsonl" else []
    size, found = 0, walk(Recipe(seed, exact, near), start, start + articles, format)
    with ExitStack() as stack:
        truth = stack.enter_context((Path(out) / "truth.jsonl").open("wb"))
        parts = [stack.enter_context(path.open("wb", buffering=1 << 20)) for path in paths]
        for count, (place, content, copied) in enumerate(found):
            size += len(content)
            if copied:
                truth.write(orjson.dumps(copied, option=orjson.OPT_APPEND_NEWLINE))
            if parts:
                parts[count * files // articles].write(content)
            else:
                (folder / place).parent.mkdir(exist_ok=True)
                (folder / place).write_bytes(content)
    return Corpus(tuple(paths or [folder]), articles, size)


def main() -> None:
    """Write a corpus as the command line says."""
    parser = argparse.ArgumentParser(description="Write synthetic news articles, some of them duplicates.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--articles", type=int, required=True)
    for name, default in (("seed", 1), ("start", 0), ("files", 1), ("exact", 0.02), ("near", 0.05)):
        parser.add_argument(f"--{name}", type=type(default), default=default)
    parser.add_argument("--format", choices=("jsonl", "txt"), default="jsonl")
    try:
        corpus = write_corpus(**vars(parser.parse_args()))
    except (ValueError, OSError) as problem:
        parser.exit(2, f"corpus.py: {problem}\n")
    print(f"{corpus.articles} articles, {corpus.bytes} bytes, in {corpus.paths[0].parent}")


if __name__ == "__main__":
    main()
