"""What all tests share: projects in temporary folders, and where the real articles are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import settings

import imprint
from imprint.template import template

CHECKOUT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("IMPRINT_SHARED", CHECKOUT.parent / "shared"))

Articles = Iterable[Mapping[str, Any]]
MakeProject = Callable[..., Path]


pytest.register_assert_rewrite("tests.targets.contract")

# Examples are the same in every run: a law that breaks on one is mended, not run again until it holds.
settings.register_profile("imprint", deadline=None, derandomize=True)
settings.load_profile("imprint")


def pytest_configure() -> None:
    """No test reaches the network, and none counts as a download."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_UPDATE_DOWNLOAD_COUNTS"] = "0"


def article(number: int, **values: Any) -> dict[str, Any]:
    """A raw article that no other number has a likeness to."""
    words = " ".join(
        f"{word}{number}" for word in ("harbour", "market", "council", "winter", "bridge", "school")
    )
    return {
        "url": f"https://news.example/{2020 + number % 5}/{number}",
        "title": f"Headline number {number}",
        "date": f"2024-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        "text": f"The first paragraph tells of {words}.\n\nThe second one of article {number} adds {words}.",
        **values,
    }


def write_jsonl(path: Path, articles: Articles) -> Path:
    """Write raw articles as JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in articles))
    return path


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    """A function that lays out a project: `make_project(articles, recipe={"max_rejected = 0.05": "…"})`."""

    def make(
        articles: Articles = (), *, folder: str = "project", recipe: Mapping[str, str] | None = None
    ) -> Path:
        root = tmp_path / folder
        imprint.init(root)
        text = (root / "imprint.toml").read_text()
        for old, new in (recipe or {}).items():
            assert old in text, f"the recipe does not hold {old!r}"
            text = text.replace(old, new)
        (root / "imprint.toml").write_text(text)
        articles = list(articles)
        if articles:
            write_jsonl(root / "data/raw/articles.jsonl", articles)
        return root

    return make


@pytest.fixture
def sample_project(tmp_path: Path) -> Path:
    """The project's own samples in a folder of their own."""
    root = tmp_path / "samples"
    imprint.init(root)
    shutil.copytree(CHECKOUT / "data/raw", root / "data/raw", dirs_exist_ok=True)
    return root


@pytest.fixture
def corpora() -> Path:
    """The folder of real articles; the test is skipped where it is absent."""
    folder = SHARED / "corpora"
    if not folder.is_dir():
        pytest.skip(f"the real articles are not in {folder}; set IMPRINT_SHARED")
    return folder


@pytest.fixture
def suites() -> Path:
    """The folder of third-party suites; the test is skipped where it is absent."""
    folder = Path(os.environ.get("IMPRINT_SUITES", SHARED / "suites"))
    if not folder.is_dir():
        pytest.skip(f"the third-party suites are not in {folder}; set IMPRINT_SUITES")
    return folder


@pytest.fixture(scope="session")
def record_schema() -> dict[str, Any]:
    """The JSON Schema of a record, as the template has it."""
    document: dict[str, Any] = orjson.loads(template("schema/article.schema.json").read_bytes())
    return document


def released_rows(root: Path, version: str, split: str = "*") -> dict[str, dict[str, Any]]:
    """Records of a release of the project, by id, with their split."""
    import pyarrow.parquet as pq

    rows: dict[str, dict[str, Any]] = {}
    folder = root / "data/releases/acme/newswire" / version / "data"
    for shard in sorted(folder.glob(f"{split}-*.parquet")):
        for row in pq.read_table(shard).to_pylist():
            assert row["id"] not in rows
            rows[row["id"]] = {**row, "split": shard.name.split("-")[0]}
    return rows


def tree(root: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
