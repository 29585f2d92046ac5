"""How long near duplicates take of a build: signing all texts, both searches, placing; and the certificate's spans.

    python benchmarks/near.py [--articles 100000] [--workers 2] [--folder DIR]

A corpus of generated articles is built with `keep = "all"`, so that the release holds all but the exact duplicates. Then the
work of near duplicates is done once more on the texts of its shards, with workers that have started, and each step is timed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from build import corpus_and_project

import imprint
from imprint.building.candidates import load_candidates
from imprint.building.comparing import Among
from imprint.building.parts import WorkFolder
from imprint.building.previous import Previous
from imprint.building.searching import Searching
from imprint.building.signing import sign_all
from imprint.building.texts import Texts
from imprint.dedup.minhash import searches_for
from imprint.engine.local import LocalEngine
from imprint.releases.ledger import codes
from imprint.releases.manifest import Manifest
from imprint.splits.placing import Neighbours, Rules, Standing, place

T = TypeVar("T")

PRELOAD = ("imprint.building.comparing", "imprint.building.nearby", "imprint.building.spans")
NAMES = ("train", "validation", "test")


def main() -> None:
    """Generate, build, time, print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--articles", type=int, default=100_000)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--folder", type=Path, default=None, help="keep the corpus and the build there")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="imprint-near-") as temporary:
        project, size = corpus_and_project(given.folder or Path(temporary), given.articles, keep="all")
        imprint.build(project, workers=given.workers)
        release = project / "data/build/release"
        seconds = near_seconds(release, given.workers)
    per = given.articles / 100_000
    print(f"{given.articles:,} articles, {size / 1e6:.0f} MB of JSON Lines, {given.workers} workers")
    for step, taken in seconds.items():
        print(f"  {step:<14} {taken:6.2f} s, {taken / per:.2f} s per 100,000")
    clusters = sum(taken for step, taken in seconds.items() if step != "spans")
    print(f"signatures and clusters: {clusters:.2f} s, {clusters / per:.2f} s per 100,000")


def near_seconds(release: Path, workers: int) -> dict[str, float]:
    """Seconds of each step on the texts of a release."""
    previous = Previous.open(release, Manifest.parse((release / "manifest.json").read_bytes()))
    first, second = searches_for(0.5)
    engine = LocalEngine(workers, preload=PRELOAD)
    list(engine.map(abs, range(100)))
    seconds: dict[str, float] = {}

    def timed(step: str, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        result = work()
        seconds[step] = time.perf_counter() - started
        return result

    try:
        with tempfile.TemporaryDirectory(prefix="imprint-near-") as temporary:
            work = WorkFolder(Path(temporary))
            signed = timed("signatures", lambda: sign_all(work, 0, previous, first, engine))
            searching = Searching(Texts(work, load_candidates(work, 0), previous), signed, second, engine)
            records = np.arange(len(searching.texts), dtype=np.int64)
            among = Among(records, np.zeros(len(records), np.int8), np.ones((1, 1), np.bool_))
            pairs = timed("first search", lambda: searching.first(among))
            near = Neighbours.among(pairs.one, pairs.other, pairs.similarity)
            rules = Rules(0.8, frozenset())
            placed = timed("placing", lambda: place(sorted(near.of), {}, near, Standing({}, {}, {}), rules))
            split = codes(previous.ledger.columns("split").column(0), NAMES)
            split[list(placed.dropped)] = -1
            timed("second search", lambda: searching.second(split, 0))
            timed("spans", lambda: searching.spans(split, NAMES))
    finally:
        engine.close()
    return seconds


if __name__ == "__main__":
    main()
