"""Screen: whose items stand in a release, whatever the shape of the benchmark."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest

import imprint
from imprint.errors import UsageError
from tests.conftest import MakeProject, article, released_rows

SPAN = "the ferry left at dawn and nobody on the pier had a ticket for it"


@pytest.fixture
def released(make_project: MakeProject) -> Path:
    root = make_project(
        [*(article(n) for n in range(20)), {**article(20), "text": f"In the evening {SPAN} or a coat."}]
    )
    imprint.release(root)
    return root


def target(root: Path) -> Path:
    return root / "data/releases/acme/newswire"


ITEMS = [
    {"question": f"Why was it that {SPAN.upper()}, and when?", "answer": "because"},
    {"question": "Where is it?", "choices": ["here", {"deep": [f"It is said: {SPAN.replace(' ', '  ')}"]}]},
    {
        "question": "A question of more than thirteen words that stands nowhere but here, as far as anybody knows."
    },
    {"question": "Short?", "answer": "Yes"},
]


@pytest.mark.parametrize("shape", ["jsonl", "json", "gz", "csv", "parquet", "txt"])
def test_items_are_found_in_every_shape(released: Path, tmp_path: Path, shape: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    lines = b"\n".join(map(orjson.dumps, ITEMS))
    texts = ["Nothing of it stands there.", f"But {SPAN} does."]
    path = tmp_path / f"items.{shape}"
    if shape == "jsonl":
        path.write_bytes(lines)
    elif shape == "json":
        path.write_bytes(orjson.dumps(ITEMS))
    elif shape == "gz":
        path = tmp_path / "items.jsonl.gz"
        path.write_bytes(gzip.compress(lines))
    elif shape == "csv":
        path.write_text("prompt,target\n" + "".join(f'"{text}",x\n' for text in texts))
    elif shape == "parquet":
        pq.write_table(pa.table({"prompt": texts}), path)
    else:
        path.write_text(f"But {SPAN} does.\n")
    result = imprint.screen(target(released), path)
    assert result.matched == len({match.item for match in result.matches}) == (2 if "js" in path.name else 1)
    assert not result.ok
    kept = {
        row["id"]: row["split"] for row in released_rows(released, "1.0.0").values() if SPAN in row["text"]
    }
    assert {(match.id, match.split) for match in result.matches} == set(kept.items())
    assert all(len(match.span.split()) == 13 and match.span in SPAN for match in result.matches)


def test_what_is_short_or_broken_is_counted(released: Path, tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_bytes(b"\n".join([*map(orjson.dumps, ITEMS), b"{broken"]))
    result = imprint.screen(target(released), path)
    assert (result.items, result.short, result.unread, result.matched) == (5, 1, 1, 2)
    assert sum(result.splits.values()) == 2


def test_another_release_may_be_the_benchmark(released: Path, make_project: MakeProject) -> None:
    other = make_project([{**article(99), "text": f"Elsewhere {SPAN} at all."}, article(98)], folder="other")
    imprint.release(other)
    result = imprint.screen(target(released), f"{target(other)}@1.0.0")
    assert (result.items, result.matched) == (2, 1)
    assert imprint.screen(target(released), target(released)).matched == 21


def test_a_benchmark_that_shares_nothing_is_fine(released: Path, tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_bytes(orjson.dumps(ITEMS[2]))
    result = imprint.screen(target(released), path)
    assert (result.ok, result.matches) == (True, ())


def test_a_benchmark_that_cannot_be_read_is_refused(released: Path, tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").write_text("{broken\n")
    for name in ("items.jsonl", "nowhere"):
        with pytest.raises(UsageError):
            imprint.screen(target(released), tmp_path / name)
