"""How long near duplicates take of a build: signing all texts, both searches, placing; and the certificate's spans.

    python benchmarks/near.py [--articles 100000] [--workers 2] [--folder DIR]

A corpus of generated articles is built with `keep = "all"`, so that the release holds all but the exact duplicates. Then the
work of near duplicates is done once more on the texts of its shards, with workers that have started, and each step is timed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from build import corpus_and_project

import imprint
from imprint.building.candidates import load_candidates
from imprint.building.certificate import shared_spans
from imprint.building.comparing import Among, Comparing
from imprint.building.parts import WorkFolder
from imprint.building.previous import Previous
from imprint.building.signing import all_signatures
from imprint.building.texts import Texts
from imprint.dedup.minhash import searches_for
from imprint.engine.local import LocalEngine
from imprint.releases.manifest import Manifest
from imprint.splits.placing import Neighbours, Rules, Standing, place

PRELOAD = ("imprint.building.comparing", "imprint.building.spans")


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
    manifest = Manifest.parse((release / "manifest.json").read_bytes())
    previous = Previous.open(release, manifest)
    searches = searches_for(0.5)
    engine = LocalEngine(workers, preload=PRELOAD)
    list(engine.map(abs, range(100)))
    seconds = {}
    try:
        with tempfile.TemporaryDirectory(prefix="imprint-near-") as temporary:
            work = WorkFolder(Path(temporary))
            started = time.perf_counter()
            all_signatures(work, 0, previous, searches, engine)
            seconds["signatures"] = time.perf_counter() - started
            texts = Texts(work, load_candidates(work, 0), previous)
            records = np.arange(len(texts), dtype=np.int64)
            comparing = Comparing(texts, searches, engine)
            started = time.perf_counter()
            among = Among(records, np.zeros(len(records), np.int8), np.ones((1, 1), np.bool_))
            pairs = comparing.pairs(0, among)
            seconds["first search"] = time.perf_counter() - started
            started = time.perf_counter()
            near = Neighbours.among(pairs.one, pairs.other, pairs.similarity)
            nothing = Standing({}, {}, {})
            placed = place(sorted(near.of), {}, near, nothing, Rules(0.8, frozenset()))
            seconds["placing"] = time.perf_counter() - started
            started = time.perf_counter()
            split = np.digitize(records, [0.9 * len(records), 0.95 * len(records)]).astype(np.int8)
            kept = np.setdiff1d(records, np.fromiter(placed.dropped, np.int64, len(placed.dropped)))
            comparing.pairs(
                1, Among(kept, split[kept], np.array([[0, 1, 1], [1, 1, 1], [1, 1, 1]], np.bool_))
            )
            seconds["second search"] = time.perf_counter() - started
            started = time.perf_counter()
            shared_spans(release, manifest.shards, Path(temporary), engine)
            seconds["spans"] = time.perf_counter() - started
    finally:
        engine.close()
    return seconds


if __name__ == "__main__":
    main()
