"""`make bench`: how fast a full build is, and how much memory all its processes take together.

    python benchmarks/build.py [--articles 100000] [--runs 3] [--workers N] [--folder DIR]

A corpus of generated articles is built with everything on, from raw JSON Lines to a checked release in data/build. Each
run is a process of its own. Memory is the sum over the processes of the proportional set size, sampled (Linux), so that
pages which they share count once.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus import write_corpus

SAMPLE_SECONDS = 0.05
"""Time between two looks at the memory."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run."""

    seconds: float
    peak_bytes: int
    """Largest sum of proportional set sizes; 0 where the system does not tell."""


def main() -> None:
    """Generate, build, print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--articles", type=int, default=100_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--workers", type=int, default=None)
    options.add_argument("--folder", type=Path, default=None, help="keep the corpus and the build there")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="imprint-bench-") as temporary:
        project, size = corpus_and_project(given.folder or Path(temporary), given.articles)
        runs = [_build(project, given.workers) for _ in range(given.runs)]
    seconds = statistics.median(run.seconds for run in runs)
    rates = ", ".join(f"{size / run.seconds / 1e6:.1f}" for run in runs)
    print(
        f"{given.articles:,} articles, {size / 1e6:.0f} MB of JSON Lines, {len(os.sched_getaffinity(0))} processors"
    )
    print(f"full build: {seconds:.2f} s, {size / seconds / 1e6:.1f} MB/s (median of {rates})")
    print(f"peak memory over all processes: {max(run.peak_bytes for run in runs) / 1e6:.0f} MB")


def corpus_and_project(folder: Path, articles: int, keep: str = "first") -> tuple[Path, int]:
    """A project over a corpus of generated articles, made where it is missing, and the corpus's bytes."""
    corpus = folder / f"corpus-{articles}"
    if not (corpus / "articles").is_dir():
        write_corpus(corpus, articles)
    size = sum(path.stat().st_size for path in (corpus / "articles").rglob("*.jsonl"))
    return _project(folder / f"project-{articles}-{keep}", corpus / "articles", keep), size


def _project(root: Path, articles: Path, keep: str) -> Path:
    import imprint  # noqa: PLC0415 - the generator alone needs no build

    if not (root / "imprint.toml").exists():
        imprint.init(root)
        recipe = (root / "imprint.toml").read_text().replace('["data/raw"]', f'["{articles.resolve()}"]')
        (root / "imprint.toml").write_text(recipe.replace('keep = "first"', f'keep = "{keep}"'))
    return root


def _build(project: Path, workers: int | None) -> Run:
    command = [sys.executable, "-m", "imprint", "build", "--project", str(project)]
    command += [] if workers is None else ["--workers", str(workers)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    watch = _Memory(process.pid)
    watch.start()
    code = process.wait()
    seconds = time.perf_counter() - started
    watch.stop.set()
    watch.join()
    if code:
        raise SystemExit(f"the build failed with exit code {code}")
    return Run(seconds, watch.peak)


class _Memory(threading.Thread):
    """Samples the memory of a process and all its children."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(map(_proportional_bytes, _tree(self.pid))))


def _tree(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        except OSError:
            continue
        found.extend(map(int, children.split()))
    return found


def _proportional_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
