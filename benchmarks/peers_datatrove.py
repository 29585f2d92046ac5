"""The peer of `make peers`: datatrove's MinHash deduplication, all four stages, on a folder of JSON Lines.

    PEERS_PYTHON benchmarks/peers_datatrove.py ARTICLES WORK --tasks 2 --workers 2 [--words english|split]

It runs in an environment of its own (see peers.py) and prints one JSON object: the seconds of each stage, and how many
articles were read and kept. `english` is the word tokenizer that the pipeline takes by default; `split` cuts the
simplified text at its spaces instead, which the pipeline allows and which is the fastest there is. WORK has to be new.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datatrove.executor import LocalPipelineExecutor  # type: ignore[import-not-found]
from datatrove.pipeline.dedup.minhash import (  # type: ignore[import-not-found]
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.readers import JsonlReader  # type: ignore[import-not-found]
from datatrove.pipeline.writers.jsonl import JsonlWriter  # type: ignore[import-not-found]
from datatrove.utils.hashing import HashConfig  # type: ignore[import-not-found]
from datatrove.utils.logging import logger  # type: ignore[import-not-found]
from datatrove.utils.word_tokenizers import WordTokenizer  # type: ignore[import-not-found]

BUCKETS, HASHES = 42, 3
"""As many bands of as many hashes as imprint has: a pair that is half alike is found with a chance of 0.996."""


class Split(WordTokenizer):  # type: ignore[misc]
    """Words are what stands between spaces: enough where punctuation has gone."""

    def word_tokenize(self, text: str) -> list[str]:
        """The words of a simplified text."""
        return text.split()

    def sent_tokenize(self, text: str) -> list[str]:
        """Not asked for by the pipeline."""
        raise NotImplementedError

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """Not asked for by the pipeline."""
        raise NotImplementedError


def stages(articles: str, work: str, words: Any, tasks: int) -> dict[str, tuple[list[Any], int]]:
    """The steps of each stage, and the number of its tasks: the second has one for each bucket, the third one alone."""
    config = MinhashConfig(
        n_grams=5,
        num_buckets=BUCKETS,
        hashes_per_bucket=HASHES,
        hash_config=HashConfig(precision=64, hash_fc="xxhash"),
    )
    reader = JsonlReader(articles, glob_pattern="*.jsonl", id_key="url")
    signature = MinhashDedupSignature(f"{work}/signatures", config=config, language=words)
    buckets = MinhashDedupBuckets(
        f"{work}/signatures", f"{work}/buckets", config=config, lines_to_buffer=10_000
    )
    cluster = MinhashDedupCluster(f"{work}/buckets", f"{work}/removed", config=config, lines_to_buffer=10_000)
    writer = JsonlWriter(f"{work}/kept", compression=None)
    return {
        "signatures": ([reader, signature], tasks),
        "buckets": ([buckets], BUCKETS),
        "cluster": ([cluster], 1),
        "filter": ([reader, MinhashDedupFilter(f"{work}/removed"), writer], tasks),
    }


def main() -> None:
    """Run the stages one after the other."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("articles")
    options.add_argument("work")
    options.add_argument("--tasks", type=int, default=2)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--words", choices=("english", "split"), default="english")
    given = options.parse_args()
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    words = "en" if given.words == "english" else Split()
    seconds = {}
    for name, (steps, tasks) in stages(given.articles, given.work, words, given.tasks).items():
        started = time.perf_counter()
        LocalPipelineExecutor(
            steps, tasks=tasks, workers=min(given.workers, tasks), logging_dir=f"{given.work}/logs/{name}"
        ).run()
        seconds[name] = round(time.perf_counter() - started, 3)
    kept = sum(path.read_bytes().count(b"\n") for path in Path(given.work, "kept").rglob("*.jsonl"))
    print(json.dumps({"version": version("datatrove"), "seconds": seconds, "kept": kept}))


if __name__ == "__main__":
    main()
