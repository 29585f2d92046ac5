"""`make bench-reading`: how fast articles of each format are read and cleaned, from files to validated records.

    python benchmarks/reading.py [--articles 100000] [--runs 3] [--workers N] [--folder DIR]

The same generated articles are written as JSON Lines, as a JSON array, as CSV, as Parquet and as a folder of .txt files,
and taken in by the first steps of a build: scan, survey, read, decide, clean, validate, spill. Workers are warm, as they
are in a build after its first part; what a run leaves is deleted.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus import write_corpus

from imprint.building.intake import Intake
from imprint.building.parts import WorkFolder
from imprint.building.previous import NO_PREVIOUS
from imprint.building.scan import scan
from imprint.engine.local import LocalEngine
from imprint.progress import Silent
from imprint.recipe import Dataset, Recipe
from imprint.template import template

PRELOAD = ("imprint.building.finish", "imprint.building.ingest", "imprint.building.write")
TXT_FILES = 20_000
"""Files of the .txt folder: fewer than articles elsewhere, since they take a block of the disk each."""


def main() -> None:
    """Generate, take in, print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--articles", type=int, default=100_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options.add_argument("--folder", type=Path, default=None, help="keep the corpora there")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="imprint-bench-") as temporary:
        folder = given.folder or Path(temporary)
        for name, write in WRITERS.items():
            corpus = folder / f"{name}-{given.articles}"
            if not corpus.is_dir():
                corpus.mkdir(parents=True)
                write(corpus, given.articles, folder)
            runs = [_take_in(corpus, given.workers) for _ in range(given.runs)]
            seconds, files, size, records = statistics.median_low(runs)
            rates = ", ".join(f"{run[2] / run[0] / 1e6:.1f}" for run in runs)
            print(
                f"{name:8} {records:7,} articles, {size / 1e6:4.0f} MB: {seconds:5.2f} s, {size / seconds / 1e6:5.1f} MB/s"
                f" (of {rates}), {records / seconds:,.0f} articles/s, {files / seconds:,.0f} files/s"
            )


def _take_in(corpus: Path, workers: int) -> tuple[float, int, int, int]:
    """Seconds, files, bytes and records of one run."""
    schema = json.loads(template("schema/article.schema.json").read_bytes())
    engine = LocalEngine(workers, preload=PRELOAD)
    list(engine.map(time.sleep, [0.0] * (2 * workers)))
    with tempfile.TemporaryDirectory(prefix="imprint-bench-") as name:
        work = WorkFolder(Path(name))
        started = time.perf_counter()
        found = scan([corpus], work.unpacked)
        taken = Intake(Recipe(Dataset("a/b")), schema, NO_PREVIOUS, work, engine, Silent()).run(found)
        seconds = time.perf_counter() - started
    engine.close()
    return seconds, len(found.files), found.size, sum(part.records for part in taken.finished)


def _articles(folder: Path, count: int) -> Iterator[dict[str, Any]]:
    for path in sorted((folder / f"jsonl-{count}").rglob("*.jsonl")):
        with path.open("rb") as file:
            yield from map(orjson.loads, file)


def _as_jsonl(corpus: Path, count: int, folder: Path) -> None:
    write_corpus(folder / "generated", count)
    (folder / "generated/articles").rename(corpus / "articles")


def _as_txt(corpus: Path, count: int, folder: Path) -> None:
    for number, one in zip(range(TXT_FILES), _articles(folder, count), strict=False):
        (corpus / f"{number:06d}.txt").write_text(f"{one['title']}\n\n{one['text']}")


def _as_json(corpus: Path, count: int, folder: Path) -> None:
    with (corpus / "articles.json").open("wb") as file:
        for number, one in enumerate(_articles(folder, count)):
            file.write((b"," if number else b"[") + orjson.dumps(one))
        file.write(b"]")


def _as_csv(corpus: Path, count: int, folder: Path) -> None:
    rows = _articles(folder, count)
    first = next(rows)
    with (corpus / "articles.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(first), extrasaction="ignore")
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(rows)


def _as_parquet(corpus: Path, count: int, folder: Path) -> None:
    table = pa.Table.from_pylist(list(_articles(folder, count)))
    pq.write_table(table, corpus / "articles.parquet", compression="none", row_group_size=10_000)


WRITERS: dict[str, Callable[[Path, int, Path], None]] = {
    "jsonl": _as_jsonl,
    "csv": _as_csv,
    "parquet": _as_parquet,
    "json": _as_json,
    "txt": _as_txt,
}

if __name__ == "__main__":
    main()
