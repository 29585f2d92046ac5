"""`make peers`: imprint against datatrove's MinHash deduplication, on the same articles and the same two processors.

    python benchmarks/peers.py [--articles 100000] [--folder DIR] [--python PEERS_PYTHON]
                               [--words [english] [split]]

imprint is timed for a whole build (it reads, recognises, cleans and validates, finds exact and near duplicates and confirms
them by their exact similarity, and writes a checked release) and for near duplicates alone. datatrove does the four stages of its deduplication alone
(peers_datatrove.py): once as it comes, with spaCy's English words, and once with words cut at spaces, since most of its
time goes into words. Both shingle five words and take 42 bands of 3 hashes; imprint searches a second time, with more.
Each run is a process of its own, with what it takes to start; its time is worth nothing where other work takes the
processors meanwhile. What is dropped is not the same: datatrove drops all but one of those that meet in a band.

The peer has an environment of its own in DIR (by default .peers/ in the checkout), made at the first run with uv, or
with venv and pip; PEERS_PYTHON is the Python of one that is there already. Later runs need no network.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus import write_corpus
from near import near_seconds

import imprint

HERE = Path(__file__).resolve().parent
PROCESSORS = 2
FILES = 2
"""Files of the corpus: datatrove gives a task whole files."""
PACKAGES = ("datatrove[io,processing]==0.10.1", "spacy==3.8.18")
"""What the peer is; its English words are those of a blank spaCy pipeline, which needs no model."""
WORDS = {"english": "as it comes", "split": "words cut at spaces"}
"""The ways to find words (see peers_datatrove.py), and how they are called here."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One run of datatrove."""

    version: str
    seconds: float
    """The whole process."""
    stages: dict[str, float]
    """Seconds of each stage."""
    kept: int
    """Articles left."""


def main() -> None:
    """Generate, run both, print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--articles", type=int, default=100_000)
    options.add_argument("--folder", type=Path, default=HERE.parent / ".peers", help="corpus and environment")
    options.add_argument("--python", type=Path, default=None, help="a Python that has datatrove and spaCy")
    options.add_argument("--words", nargs="*", choices=WORDS, default=list(WORDS), help="runs of the peer")
    given = options.parse_args()
    folder = given.folder.resolve()
    python = given.python or _environment(folder / "environment")
    _pin()
    articles = _corpus(folder / f"corpus-{given.articles}", given.articles)
    size = sum(path.stat().st_size for path in articles.iterdir())
    print(f"{given.articles:,} articles, {size / 1e6:.0f} MB of JSON Lines, {PROCESSORS} workers each")
    whole, ours = imprint_seconds(articles, folder / "project")
    print(f"imprint {imprint.__version__}, a whole build: {whole:.1f} s", flush=True)
    print(f"imprint {imprint.__version__}, signatures, both searches and clusters: {ours:.1f} s", flush=True)
    for words in given.words:
        peer = datatrove(python, articles, folder / "work", words)
        stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in peer.stages.items())
        print(
            f"datatrove {peer.version}, {WORDS[words]}: {peer.seconds:.1f} s ({stages}), {peer.kept:,} articles kept"
        )
        print(
            f"  datatrove / imprint: {peer.seconds / ours:.1f}, a whole build {peer.seconds / whole:.1f}",
            flush=True,
        )


def imprint_seconds(articles: Path, project: Path) -> tuple[float, float]:
    """How long imprint takes for the articles: a whole build as a process, and near duplicates alone (near.py)."""
    shutil.rmtree(project, ignore_errors=True)
    imprint.init(project)
    (project / "imprint.toml").write_text(
        f'[dataset]\nname = "bench/peers"\n[input]\npaths = ["{articles}"]\n'
    )
    command = [sys.executable, "-m", "imprint", "build", "--project", str(project)]
    started = time.perf_counter()
    subprocess.run([*command, "--workers", str(PROCESSORS)], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    near = near_seconds(project / "data/build/release", PROCESSORS)
    shutil.rmtree(project)
    return seconds, sum(taken for step, taken in near.items() if step != "spans")


def datatrove(python: Path, articles: Path, work: Path, words: str) -> Peer:
    """Run the peer's four stages; what it tells is in `work`.log afterwards."""
    shutil.rmtree(work, ignore_errors=True)
    command = [str(python), str(HERE / "peers_datatrove.py"), str(articles), str(work), "--words", words]
    command += ["--tasks", str(FILES), "--workers", str(PROCESSORS)]
    with work.with_suffix(".log").open("w") as log:
        started = time.perf_counter()
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=log)
        seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"datatrove failed with exit code {done.returncode}, see {log.name}")
    told = json.loads(done.stdout)
    shutil.rmtree(work)
    return Peer(told["version"], seconds, told["seconds"], told["kept"])


def _corpus(folder: Path, articles: int) -> Path:
    """The folder of the articles; what an interrupted run left is made again."""
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        write_corpus(folder, articles, files=FILES)
        (folder / "done").touch()
    return folder / "articles"


def _environment(folder: Path) -> Path:
    """The Python of the peer's environment, which is made where it is missing or holds something else."""
    python, done = folder / "bin" / "python", folder / "packages"
    if done.exists() and done.read_text() == " ".join(PACKAGES):
        return python
    print(f"installing {', '.join(PACKAGES)} into {folder}", flush=True)
    uv = shutil.which("uv")
    if uv:
        make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)]
        fill = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
    else:
        make = [sys.executable, "-m", "venv", "--clear", str(folder)]
        fill = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(make, check=True)
    subprocess.run([*fill, *PACKAGES], check=True)
    done.write_text(" ".join(PACKAGES))
    return python


def _pin() -> None:
    """Hold this process and all that it starts on two processors, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:PROCESSORS])


if __name__ == "__main__":
    main()
