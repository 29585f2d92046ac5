"""Same input, same bytes: output depends on neither workers, place, time zone, locale, hash seed nor listing order."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import imprint
from tests.conftest import CHECKOUT, MakeProject, article, tree, write_jsonl


def _build(root: Path, *, workers: int = 1, **environment: str) -> dict[str, bytes]:
    """Build in a process of its own and give back every file of the release."""
    command = [sys.executable, "-m", "imprint", "build", "--project", str(root), "--workers", str(workers)]
    subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True)
    return tree(root / "data/build/release")


def _samples(root: Path, *, backwards: bool = False) -> Path:
    imprint.init(root)
    files = sorted(path for path in (CHECKOUT / "data/raw").rglob("*") if path.is_file())
    for path in reversed(files) if backwards else files:
        target = root / "data/raw" / path.relative_to(CHECKOUT / "data/raw")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return root


def test_four_workers_write_the_same_files_as_one(tmp_path: Path) -> None:
    root = _samples(tmp_path / "a")
    # Many parts and many shards, so that the workers have something to disagree on.
    for number in range(3):
        write_jsonl(root / f"data/raw/many-{number}.jsonl", (article(i, text="x " * 9000 + str(i)) for i in range(
            number * 1200, number * 1200 + 1200)))  # fmt: skip
    recipe = (root / "imprint.toml").read_text()
    (root / "imprint.toml").write_text(recipe.replace("300MB", "8MB"))
    one = _build(root)
    assert len([name for name in one if name.startswith("data/train-")]) > 3
    assert _build(root, workers=4) == one


def test_zone_locale_hash_seed_folder_and_copying_order_do_not_show(tmp_path: Path) -> None:
    first = _build(_samples(tmp_path / "first"), TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")
    second = _build(
        _samples(tmp_path / "somewhere else/second", backwards=True),
        TZ="Pacific/Kiritimati",
        LC_ALL="C.UTF-8",
        PYTHONHASHSEED="4242",
    )
    assert first == second


def test_the_same_build_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    root = _samples(tmp_path / "a")
    assert _build(root) == _build(root)


def test_a_grown_release_is_the_same_with_one_worker_and_with_four(make_project: MakeProject) -> None:
    trees = []
    for workers in (1, 4):
        root = make_project((article(i) for i in range(60)), folder=f"w{workers}", recipe={"300MB": "20kB"})
        imprint.build(root, workers=workers)
        imprint.publish(root)
        write_jsonl(root / "data/raw/more.jsonl", (article(i) for i in range(60, 90)))
        imprint.build(root, workers=workers)
        trees.append(tree(root / "data/build/release"))
    assert trees[0] == trees[1]


def test_compression_of_the_input_does_not_show_in_the_content(make_project: MakeProject) -> None:
    import gzip

    import pyarrow as pa

    articles = [article(i) for i in range(20)]
    contents = []
    for suffix in ("", ".gz", ".zst"):
        root = make_project(folder=f"c{suffix}")
        plain = write_jsonl(root / "data/raw/articles.jsonl", articles)
        data = plain.read_bytes()
        if suffix:
            plain.unlink()
            packed = gzip.compress(data) if suffix == ".gz" else pa.Codec("zstd").compress(data, asbytes=True)
            (root / f"data/raw/articles.jsonl{suffix}").write_bytes(packed)
        imprint.build(root)
        from tests.conftest import tree as read

        contents.append({name for name in read(root / "data/build/release") if name.startswith("data/")})
        imprint.publish(root)
        from tests.conftest import released_rows

        rows = released_rows(root, "1.0.0")
        contents[-1] = {(i, row["raw_sha256"], row["text"], row["split"]) for i, row in rows.items()}  # type: ignore[assignment]
    assert contents[0] == contents[1] == contents[2]


def test_the_release_date_is_the_newest_in_the_data_unless_one_is_asked_for(
    make_project: MakeProject,
) -> None:
    import orjson

    root = make_project(
        [article(1, date="2021-03-04"), article(2, date="2023-05-06T07:08:09Z"), article(3, date=None)]
    )
    imprint.build(root)
    manifest = orjson.loads((root / "data/build/release/manifest.json").read_bytes())
    assert manifest["date"] == "2023-05-06"
    imprint.build(root, date="2026-01-02")
    manifest = orjson.loads((root / "data/build/release/manifest.json").read_bytes())
    assert manifest["date"] == "2026-01-02"
