"""Foreign Parquet: any schema, read in a child; damage and bombs are one fault."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imprint.sources import parquet
from tests.sources.test_formats import drafts, records


def write(folder: Path, rows: list[dict[str, object]]) -> Path:
    path = folder / "a.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_rows_of_any_schema_are_articles(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        [
            {
                "text": f"Text {i}",
                "date": datetime(2024, 2, 7, 17, 20, 20, tzinfo=UTC),
                "metadata": {"url": f"https://quay.example/{i}", "score": Decimal("0.5")},
                "raw": b"\xff",
                "tags": ["a", "b"],
            }
            for i in range(300)
        ],
    )
    found = drafts(path)
    assert len(found) == 300
    assert found[7].values == {
        "text": "Text 7",
        "published_at": "2024-02-07T17:20:20+00:00",
        "url": "https://quay.example/7",
        "keywords": ["a", "b"],
    }
    assert [record.row for record in records(path)] == list(range(1, 301))


def test_our_own_shards_can_be_read_back(sample_project: Path) -> None:
    import imprint

    imprint.build(sample_project)
    [shard] = (sample_project / "data/build/release/data").glob("train-*")
    found = drafts(shard)
    assert [draft.values["text"] for draft in found] == pq.read_table(shard).column("text").to_pylist()


def test_mutated_files_never_end_the_reader(tmp_path: Path) -> None:
    path = write(tmp_path, [{"text": f"Text {i} " * 20, "n": i} for i in range(200)])
    data = path.read_bytes()
    chance = random.Random(7)
    for _ in range(25):
        mutated = bytearray(data)
        for _ in range(chance.choice([1, 3, 30])):
            mutated[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(mutated[: chance.choice([len(data), len(data) // 2])])
        found = records(path)
        assert len(found) >= 0
        assert all(record.fault is None or record.fault.code == "damaged_parquet" for record in found)


def test_a_file_that_expands_beyond_measure_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"text": pa.array(["x" * 1000] * 100_000)}), path, compression="zstd")
    monkeypatch.setattr(parquet, "EXPANSION_FLOOR", 1 << 20)
    assert path.stat().st_size < 100_000
    found = records(path)
    assert found[-1].fault is not None
    assert "times its size" in found[-1].fault.message


def test_a_child_without_memory_is_one_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.parquet"
    pq.write_table(pa.table({"text": pa.array(["x" * (1 << 20)] * 200 + [None])}), path, compression="zstd")
    original = parquet.MEMORY_BYTES
    source = Path(parquet.__file__).read_text().replace("MEMORY_BYTES = 704 << 20", "MEMORY_BYTES = 64 << 20")
    assert original == 704 << 20
    child = tmp_path / "child.py"
    child.write_text(source)
    popen = parquet.subprocess.Popen
    monkeypatch.setattr(
        parquet.subprocess,
        "Popen",
        lambda command, **options: popen([command[0], str(child), command[-1]], **options),
    )
    [fault] = records(path)
    assert fault.fault is not None
    assert fault.fault.code == "damaged_parquet"
