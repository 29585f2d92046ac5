r"""`make quality`: how many near duplicates a build finds, against all pairs of its records compared one by one.

    python benchmarks/quality.py [--articles 20000] [--shared DIR]

Two corpora are built: press releases (DIR/corpora/congress-press, where it is at hand) and generated articles, whose
planted duplicates are known. What is true is worked out here from the definition, without hashes or samples, and with
no code of the search that is judged: a token is a casefolded run of `\w+`, in scripts that write no spaces each
character; a shingle is five tokens in a row; a text of fewer is one shingle, a text of none is itself the shingle.

Laws, and exit code 1 where one is broken: of the pairs that are 0.8 alike 99.9% are found, of those 0.5 alike 99%
(confirmed, or in one cluster); none below 0.5 is confirmed, and each has its exact similarity; none of 0.5 stands in
two splits; none of 0.8 is left where near duplicates are dropped.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus import write_corpus

import imprint

DROP_AT, GROUP_AT = 0.8, 0.5
RECALL = {DROP_AT: 0.999, GROUP_AT: 0.99}  # the share of the true pairs that a build has to find
SHINGLE = 5  # tokens
CELLS, GATHERED = 4_000_000, 8_000_000
"""What a block of rows may take: counters of shared shingles, and entries of the inverted index."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Thai and Lao, Tibetan and Myanmar, Khmer, Kana, Kana for Ainu, Han in its several blocks.
BLOCKS = (
    "\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
UNSPACED = re.compile(f"[{BLOCKS}\U00020000-\U0003ffff]")
TOKEN = re.compile(rf"{UNSPACED.pattern}|\w+")


@dataclass(frozen=True, slots=True)
class Release:
    """The records of a built release."""

    at: dict[str, int]  # id to the number of the record
    texts: list[str]
    clusters: npt.NDArray[np.str_]
    splits: npt.NDArray[np.str_]
    rows: Ints  # where each record stands in its input file


@dataclass(frozen=True, slots=True)
class Sets:
    """The set of shingles of each text: `shingles[bounds[i] : bounds[i + 1]]`, sorted."""

    bounds: Ints
    shingles: Ints

    def similarity(self, one: int, other: int) -> float:
        """Jaccard similarity of two texts."""
        first, second = (self.shingles[self.bounds[i] : self.bounds[i + 1]] for i in (one, other))
        shared = len(np.intersect1d(first, second, assume_unique=True))
        return shared / (len(first) + len(second) - shared)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of records by number, the smaller one left, and how alike they are."""

    left: Ints
    right: Ints
    similarity: Floats

    def least(self, threshold: float) -> Pairs:
        """Those that are at least so much alike."""
        mask = self.similarity >= threshold
        return Pairs(self.left[mask], self.right[mask], self.similarity[mask])

    def same(self, column: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Mask of the pairs whose two records have the same value."""
        equal: npt.NDArray[np.bool_] = column[self.left] == column[self.right]
        return equal

    def among(self, others: Pairs) -> npt.NDArray[np.bool_]:
        """Mask of the pairs that the others have, too."""
        return np.isin(self.left << 32 | self.right, others.left << 32 | others.right)


def main() -> None:
    """Build, compare, print; exit code 1 where a law is broken."""
    options = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    options.add_argument("--articles", type=int, default=20_000)
    beside = Path(__file__).resolve().parents[2] / "shared"
    options.add_argument("--shared", type=Path, default=Path(os.environ.get("IMPRINT_SHARED", beside)))
    given = options.parse_args()
    broken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="imprint-quality-") as temporary:
        folder = Path(temporary)
        press = given.shared / "corpora" / "congress-press"
        if any(press.glob("*.jsonl")):
            broken += _examine("congress-press", press, None, folder / "press")
        else:
            print(f"congress-press: left out, {press} has no .jsonl files")
        write_corpus(folder / "corpus", given.articles)
        planted = folder / "corpus" / "truth.jsonl"
        broken += _examine("generated", folder / "corpus" / "articles", planted, folder / "generated")
    for line in broken:
        print(f"broken: {line}")
    sys.exit(1 if broken else 0)


def _examine(name: str, articles: Path, planted: Path | None, folder: Path) -> list[str]:
    """Build a corpus with near duplicates kept and with them dropped; print what is found, return what is broken."""
    everything = _built(folder / "all", articles, "all")
    started = time.perf_counter()
    sets = shingle_sets(everything.texts)
    true = alike(sets)
    seconds = time.perf_counter() - started
    confirmed = _confirmed(folder / "all", everything)
    print(f"{name}: {len(everything.texts):,} records, all pairs compared in {seconds:.0f} s")
    broken = [*_recall(true, confirmed, everything), *_precision(confirmed, sets)]
    broken += _across(true, everything, "all")
    if planted is not None:
        _planted(planted, everything)
    first = _built(folder / "first", articles, "first")
    left = alike(shingle_sets(first.texts))
    close = len(left.least(DROP_AT).left)
    line = f'{close} pairs at least {DROP_AT} alike are left with keep = "first"'
    print(f"  {line}, in {len(first.texts):,} records")
    broken += [f"{line}, none may be"] if close else []
    broken += _across(left, first, "first")
    return [f"{name}: {line}" for line in broken]


def _built(root: Path, articles: Path, keep: str) -> Release:
    imprint.init(root)
    (root / "imprint.toml").write_text(
        f'[dataset]\nname = "bench/quality"\n[input]\npaths = ["{articles.resolve()}"]\n'
        f'[dedup]\nkeep = "{keep}"\n[limits]\nmax_rejected = 1.0\n'
    )
    imprint.build(root, workers=2)
    columns = ["id", "text", "dup_cluster", "input_row"]
    paths = sorted((root / "data/build/release/data").glob("*.parquet"))
    tables = [pq.read_table(path, columns=columns, partitioning=None) for path in paths]
    table, names = pa.concat_tables(tables), [path.name.split("-")[0] for path in paths]
    return Release(
        at={value: number for number, value in enumerate(table["id"].to_pylist())},
        texts=table["text"].to_pylist(),
        clusters=np.array(table["dup_cluster"].to_pylist(), np.str_),
        splits=np.repeat(np.array(names, np.str_), [len(part) for part in tables]),
        rows=np.array(table["input_row"].to_pylist(), np.int64),
    )


def _confirmed(root: Path, release: Release) -> Pairs:
    """The pairs that the build confirmed; a pair of a record that is not in the release is an error."""
    table = pq.read_table(root / "data/build/neighbours.parquet")
    ends = [[release.at[value] for value in table[name].to_pylist()] for name in ("id", "other")]
    one, other = (np.array(numbers, np.int64) for numbers in ends)
    similarity = np.array(table["similarity"].to_pylist(), np.float64)
    return Pairs(np.minimum(one, other), np.maximum(one, other), similarity)


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order."""
    return TOKEN.findall(UNSPACED.sub(r" \g<0> ", text.casefold()))


def shingle_sets(texts: list[str]) -> Sets:
    """The set of each text's shingles: equal shingles get equal numbers, others other ones."""
    numbers, stream, lengths = {"": 0}, [], np.zeros(len(texts), np.int64)
    for at, text in enumerate(texts):
        words = tokens(text) or [text]
        words += [""] * (SHINGLE - len(words))  # no token is empty: a short text stays one shingle of its own
        lengths[at] = len(words)
        stream.append(np.array([numbers.setdefault(word, len(numbers)) for word in words], np.int64))
    single = np.concatenate(stream)
    double = _numbered(single[:-1], single[1:])
    fourfold = _numbered(double[:-2], double[2:])
    runs = _numbered(fourfold[:-1], single[SHINGLE - 1 :])
    owner = np.repeat(np.arange(len(texts)), lengths)
    inside = owner[: 1 - SHINGLE] == owner[SHINGLE - 1 :]
    count = int(runs.max()) + 1
    entries = np.unique(owner[: 1 - SHINGLE][inside] * count + runs[inside])
    bounds = np.searchsorted(entries, np.arange(len(texts) + 1) * count)
    return Sets(bounds.astype(np.int64), entries % count)


def _numbered(first: Ints, second: Ints) -> Ints:
    """A number for each pair of numbers, the same for the same pair."""
    inverse: Ints = np.unique(first * (int(second.max()) + 1) + second, return_inverse=True)[1]
    return inverse


def alike(sets: Sets) -> Pairs:
    """All pairs of texts that are at least `GROUP_AT` alike: all are compared that share a shingle."""
    sizes = np.diff(sets.bounds)
    count = len(sizes)
    use = np.bincount(sets.shingles)
    common = use[sets.shingles] > 1
    owner, shingle = np.repeat(np.arange(count), sizes)[common], sets.shingles[common]
    index = owner[np.argsort(shingle, kind="stable")]
    use[use == 1] = 0
    begins = np.cumsum(use) - use
    bounds = np.searchsorted(owner, np.arange(count + 1))
    found = []
    for low, high in _blocks(np.append(0, np.cumsum(use[shingle]))[bounds], max(1, CELLS // count)):
        mine = slice(bounds[low], bounds[high])
        lengths = use[shingle[mine]]
        steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        others = index[np.repeat(begins[shingle[mine]], lengths) + steps]
        cells = np.repeat(owner[mine] - low, lengths) * count + others
        shared = np.bincount(cells, minlength=(high - low) * count)
        row, right = np.divmod(np.flatnonzero(shared), count)
        left, both = row + low, shared[row * count + right]
        similarity = both / (sizes[left] + sizes[right] - both)
        mask = (left < right) & (similarity >= GROUP_AT)
        found.append((left[mask], right[mask], similarity[mask]))
    left, right, similarity = (np.concatenate(column) for column in zip(*found, strict=True))
    return Pairs(left, right, similarity)


def _blocks(costs: Ints, rows: int) -> Iterator[tuple[int, int]]:
    """Cut rows into blocks of at most so many rows, whose costs (given cumulated) stay bounded; one row at least."""
    low, count = 0, len(costs) - 1
    while low < count:
        high = int(np.searchsorted(costs, costs[low] + GATHERED, side="right")) - 1
        high = min(max(high, low + 1), low + rows, count)
        yield low, high
        low = high


def _recall(true: Pairs, confirmed: Pairs, release: Release) -> Iterator[str]:
    for threshold, least in RECALL.items():
        pairs = true.least(threshold)
        listed, together = pairs.among(confirmed), pairs.same(release.clusters)
        shares = [_share(mask) for mask in (listed, together, listed | together)]
        shown = "{:.5f} confirmed, {:.5f} in one cluster, {:.5f} either".format(*shares)
        print(f"  {len(pairs.left):,} pairs at least {threshold} alike: recall {shown}")
        if shares[2] < least:
            yield f"recall of pairs at least {threshold} alike is {shares[2]:.5f}, {least} is asked for"


def _precision(confirmed: Pairs, sets: Sets) -> Iterator[str]:
    ends = list(zip(confirmed.left.tolist(), confirmed.right.tolist(), strict=True))
    truth = np.array([sets.similarity(*pair) for pair in ends], np.float64)
    below = int((truth < GROUP_AT).sum())
    difference = float(np.abs(truth - confirmed.similarity).max(initial=0.0))
    print(f"  {len(ends):,} pairs confirmed: {below} below {GROUP_AT}, similarities off by {difference:.1e}")
    if len(set(ends)) < len(ends):
        yield f"{len(ends) - len(set(ends))} pairs are confirmed twice"
    if below:
        yield f"{below} confirmed pairs are less than {GROUP_AT} alike, none may be"
    if difference:
        yield f"a confirmed similarity is off by {difference:.1e}, it has to be exact"


def _across(pairs: Pairs, release: Release, keep: str) -> Iterator[str]:
    across = int((~pairs.same(release.splits)).sum())
    line = f'{across} pairs at least {GROUP_AT} alike stand in two splits with keep = "{keep}"'
    print(f"  {line}")
    if across:
        yield f"{line}, none may"


def _planted(truth: Path, release: Release) -> None:
    """How many of the generator's duplicates share a cluster; it counts bodies alone, so there is no requirement."""
    at = dict(zip(release.rows.tolist(), range(len(release.rows)), strict=True))
    told = [row for row in map(orjson.loads, truth.read_bytes().splitlines()) if row["jaccard"] >= GROUP_AT]
    ends = [(at.get(row["index"] + 1, -1), at.get(row["of_index"] + 1, -1)) for row in told]
    both = [(one, other) for one, other in ends if min(one, other) >= 0]
    joined = np.array([release.clusters[one] == release.clusters[other] for one, other in both], np.bool_)
    share = f"{_share(joined):.5f} in one cluster"
    print(f"  {len(told):,} planted at {GROUP_AT} or more, {len(both):,} with both in the release: {share}")


def _share(mask: npt.NDArray[np.bool_]) -> float:
    return float(mask.mean()) if len(mask) else 1.0  # nothing to find is all found


if __name__ == "__main__":
    main()
