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
from imprint.sources.base import InputFile, Span
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
    parquet.end_children()
    monkeypatch.setattr(parquet, "MEMORY_BYTES", 64 << 20)
    [fault] = records(path)
    assert fault.fault is not None
    assert fault.fault.code == "damaged_parquet"


def test_a_child_that_has_answered_is_asked_again_and_one_that_failed_is_not(tmp_path: Path) -> None:
    sound, broken = tmp_path / "sound.parquet", tmp_path / "broken.parquet"
    pq.write_table(pa.table({"text": ["one", "two"]}), sound)
    broken.write_bytes(sound.read_bytes()[:-20])
    parquet.end_children()
    assert [len(records(path)) for path in (sound, sound)] == [2, 2]
    [child] = parquet._IDLE
    assert records(broken)[0].fault is not None
    assert child not in parquet._IDLE
    assert len(records(sound)) == 2


def test_a_reader_that_stops_in_the_middle_leaves_nothing_for_the_next(tmp_path: Path) -> None:
    path = tmp_path / "many.parquet"
    pq.write_table(pa.table({"text": [f"{number} " + "word " * 200 for number in range(9000)]}), path)
    file = InputFile(str(path), path.name, path.stat().st_size, "parquet", "")
    reading = parquet.PARQUET.read(Span(file, 0, None, 1))
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert len(records(path)) == 9000


def test_a_file_in_spans_has_the_rows_of_the_file_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "SPAN_BYTES", 4000)
    path = tmp_path / "groups.parquet"
    table = pa.table({"text": [f"{number} " + "word " * (number % 40) for number in range(500)]})
    pq.write_table(table, path, row_group_size=30)
    file = InputFile(str(path), path.name, path.stat().st_size, "parquet", "")
    spans = parquet.PARQUET.divide(file)
    assert len(spans) > 3
    found = [record for span in spans for batch in parquet.PARQUET.read(span) for record in batch]
    assert found == records(path)
    assert [record.row for record in found] == list(range(1, 501))
