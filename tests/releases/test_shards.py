"""Shards: where one ends, and that what is written is what is read."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.article import RecordSchema
from imprint.errors import TransferError
from imprint.releases import shards
from imprint.releases.shards import cut, id_hashes, read_shard, row_sizes, write_shard

LAW = settings(deadline=None)

Rows = list[tuple[int, int, int]]
"""Size, hash and release ordinal of each row."""

SIZES = st.integers(0, 40) | st.integers(0, 2000)
HASHES = st.sampled_from([0, 2**64 - 1]) | st.integers(0, 2**64 - 1)
RELEASE = st.lists(st.tuples(SIZES, HASHES), max_size=80)
LARGEST = st.sampled_from([1, 7, 8, 100, 800, 10_000])


def rows_of(releases: list[list[tuple[int, int]]], first: int = 1) -> Rows:
    return [(size, key, first + index) for index, rows in enumerate(releases) for size, key in rows]


def ends_of(rows: Rows, largest: int) -> list[int]:
    sizes, hashes, added_in = zip(*rows, strict=True) if rows else ((), (), ())
    return cut(np.array(sizes, np.int64), np.array(hashes, np.uint64), np.array(added_in, np.int32), largest)


def shards_of(rows: Rows, ends: list[int]) -> list[Rows]:
    return [rows[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def size_of(rows: Rows) -> int:
    return sum(size for size, _, _ in rows)


class TestWhereShardsEnd:
    def test_no_rows_make_no_shards(self) -> None:
        assert ends_of([], 100) == []

    @LAW
    @given(st.lists(RELEASE, min_size=1, max_size=3).filter(any), LARGEST)
    def test_the_ends_ascend_and_cover_all_rows(
        self, releases: list[list[tuple[int, int]]], largest: int
    ) -> None:
        rows = rows_of(releases)
        ends = ends_of(rows, largest)
        assert ends == sorted(set(ends))
        assert ends[0] > 0
        assert ends[-1] == len(rows)

    @LAW
    @given(st.lists(RELEASE, max_size=3), LARGEST)
    def test_only_a_single_row_may_be_larger_than_the_largest_shard(
        self, releases: list[list[tuple[int, int]]], largest: int
    ) -> None:
        rows = rows_of(releases)
        for shard in shards_of(rows, ends_of(rows, largest)):
            assert size_of(shard) <= largest or len(shard) == 1

    @LAW
    @given(st.lists(RELEASE, max_size=3), LARGEST)
    def test_a_shard_is_smaller_than_an_eighth_only_where_the_next_row_would_not_fit(
        self, releases: list[list[tuple[int, int]]], largest: int
    ) -> None:
        rows = rows_of(releases)
        ends = ends_of(rows, largest)
        for shard, end in list(zip(shards_of(rows, ends), ends, strict=True))[:-1]:
            following = rows[end][0]
            assert size_of(shard) >= largest // 8 or size_of(shard) + following > largest

    @LAW
    @given(RELEASE.filter(bool), st.lists(RELEASE, min_size=1, max_size=2), LARGEST)
    def test_later_releases_move_no_border_but_that_of_a_small_tail(
        self, first: list[tuple[int, int]], later: list[list[tuple[int, int]]], largest: int
    ) -> None:
        before = rows_of([first])
        after = before + rows_of(later, first=2)
        old, new = ends_of(before, largest), ends_of(after, largest)
        tail = shards_of(before, old)[-1]
        kept = old if size_of(tail) >= max(1, largest // 8) else old[:-1]
        assert new[: len(kept)] == kept

    @pytest.mark.parametrize("seed", range(3))
    def test_a_removal_rewrites_one_shard_seldom_two_and_never_the_rest(self, seed: int) -> None:
        numbers = np.random.default_rng(seed)
        count = 20_000
        sizes = numbers.integers(1, 20, count)
        hashes = numbers.integers(0, 2**64, count, dtype=np.uint64)
        added_in = np.sort(numbers.integers(1, 4, count)).astype(np.int32)
        ids = np.arange(count)

        def contents(keep: Any) -> set[bytes]:
            ends = cut(sizes[keep], hashes[keep], added_in[keep], 8000)
            return {part.tobytes() for part in np.split(ids[keep], ends)}

        before = contents(ids >= 0)
        rewritten = [len(contents(ids != row) - before) for row in numbers.choice(count, 200, replace=False)]
        assert len(before) > 50
        assert sum(number <= 2 for number in rewritten) >= 0.99 * len(rewritten)
        assert max(rewritten) <= 8

    def test_shards_of_uniform_rows_are_about_a_quarter_of_the_largest(self) -> None:
        numbers = np.random.default_rng(0)
        sizes = np.full(50_000, 10, np.int64)
        ends = cut(
            sizes, numbers.integers(0, 2**64, 50_000, dtype=np.uint64), np.ones(50_000, np.int32), 8000
        )
        assert 500_000 / len(ends) == pytest.approx(2000, rel=0.1)


def records(schema: RecordSchema, count: int, *, seed: int = 0, added_in: int = 1) -> pa.Table:
    """Records with texts that do not compress away, in release order."""
    words = random.Random(seed)
    rows = [
        {
            "id": hashlib.sha256(f"{seed}-{number}".encode()).hexdigest()[:32],
            "title": None if number % 7 == 0 else f"Überschrift {number}",
            "text": " ".join(f"{words.getrandbits(40):x}" for _ in range(words.randrange(1, 120))),
            "authors": ["Ada", "Bô"][: number % 3],
            "language": "en",
            "published_at": None if number % 5 == 0 else f"2024-05-{number % 28 + 1:02d}T10:00:00Z",
            "added_in": added_in,
        }
        for number in range(count)
    ]
    return schema.arrow_table(rows)


@pytest.fixture(scope="module")
def schema(record_schema: dict[str, Any]) -> RecordSchema:
    return RecordSchema.parse(record_schema)


@pytest.fixture(scope="module")
def table(schema: RecordSchema) -> pa.Table:
    return records(schema, 200)


@pytest.fixture(scope="module")
def written(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shard") / "train-00000-of-00001.parquet"
    write_shard(table, path)
    return path


def before_the_footer(path: Path) -> range:
    """The bytes of a Parquet file that hold pages, and not the footer."""
    length = int.from_bytes(path.read_bytes()[-8:-4], "little")
    return range(4, path.stat().st_size - 8 - length)


class TestWriteShard:
    def test_the_rows_come_back_as_they_were_written(
        self, table: pa.Table, schema: RecordSchema, tmp_path: Path
    ) -> None:
        back = write_shard(table, tmp_path / "a.parquet")
        assert back.equals(table)
        assert read_shard(tmp_path / "a.parquet").equals(table)
        assert pq.read_schema(tmp_path / "a.parquet").remove_metadata() == schema.arrow

    def test_the_same_rows_give_the_same_bytes(self, table: pa.Table, written: Path, tmp_path: Path) -> None:
        pieces = pa.concat_tables([table.slice(0, 70), table.slice(70)])
        write_shard(pieces, tmp_path / "other name.parquet")
        assert (tmp_path / "other name.parquet").read_bytes() == written.read_bytes()

    def test_the_footer_has_no_key_of_datasets(self, written: Path) -> None:
        assert b"huggingface" not in written.read_bytes()

    def test_every_column_is_zstd_with_a_page_index(self, written: Path) -> None:
        group = pq.ParquetFile(written).metadata.row_group(0)
        columns = [group.column(index) for index in range(group.num_columns)]
        assert {column.compression for column in columns} == {"ZSTD"}
        assert all(column.has_offset_index for column in columns)
        named = {column.path_in_schema: column for column in columns}
        assert named["id"].has_column_index
        assert named["published_at"].has_column_index

    def test_the_bloom_filter_excludes_ids_that_are_not_there(self, table: pa.Table, written: Path) -> None:
        def excluded(value: str) -> bool:
            probe = "SELECT bool_and(bloom_filter_excludes) FROM parquet_bloom_probe(?, 'id', ?)"
            return bool(duckdb.execute(probe, [str(written), value]).fetchone()[0])

        absent = [hashlib.sha256(b"absent %d" % number).hexdigest()[:32] for number in range(100)]
        assert not any(excluded(value) for value in table.column("id").to_pylist())
        assert sum(excluded(value) for value in absent) >= 90

    def test_a_flipped_bit_in_the_pages_is_never_read_as_other_data(
        self, table: pa.Table, written: Path, tmp_path: Path
    ) -> None:
        sound, pages, numbers = written.read_bytes(), before_the_footer(written), random.Random(5)
        refused = 0
        for _ in range(400):
            damaged = bytearray(sound)
            damaged[numbers.choice(pages)] ^= 1 << numbers.randrange(8)
            (tmp_path / "damaged.parquet").write_bytes(damaged)
            try:
                assert read_shard(tmp_path / "damaged.parquet").equals(table)
            except (OSError, pa.ArrowException, UnicodeDecodeError):
                refused += 1
        assert refused > 200

    @pytest.mark.parametrize(
        "damage",
        [
            pytest.param(lambda data: b"", id="empty"),
            pytest.param(lambda data: data[:-1], id="last byte lost"),
            pytest.param(lambda data: data[: len(data) // 2], id="half"),
            pytest.param(lambda data: b"not a Parquet file at all", id="foreign"),
            pytest.param(lambda data: data[:-8] + b"\xff\xff\xff\x7fPAR1", id="footer length"),
        ],
    )
    def test_a_file_that_is_no_parquet_is_an_os_error(
        self, written: Path, tmp_path: Path, damage: Any
    ) -> None:
        (tmp_path / "damaged.parquet").write_bytes(damage(written.read_bytes()))
        with pytest.raises(OSError):  # noqa: PT011 - the docstring promises no more than the class
            read_shard(tmp_path / "damaged.parquet")

    def test_row_groups_are_cut_like_shards(
        self, table: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shards, "ROW_GROUP_BYTES", 20_000)
        assert write_shard(table, tmp_path / "a.parquet").equals(table)
        metadata = pq.ParquetFile(tmp_path / "a.parquet").metadata
        counts = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
        assert len(counts) > 3
        assert sum(counts) == len(table)
        groups = np.split(row_sizes(table), np.cumsum(counts)[:-1])
        assert all(group.sum() <= 20_000 for group in groups)

    def test_a_folder_that_does_not_exist_is_a_transfer_error(self, table: pa.Table, tmp_path: Path) -> None:
        with pytest.raises(TransferError, match=r"a\.parquet"):
            write_shard(table, tmp_path / "absent/a.parquet")


class TestMeasures:
    def test_the_size_of_a_row_is_that_of_its_strings_in_utf8(self, table: pa.Table) -> None:
        def strings(value: Any) -> int:
            if isinstance(value, list):
                return sum(map(strings, value))
            return len(value.encode()) if isinstance(value, str) else 0

        wanted = [sum(map(strings, row.values())) for row in table.to_pylist()]
        assert row_sizes(table).tolist() == wanted

    def test_the_size_of_a_row_does_not_depend_on_the_table_it_is_cut_from(self, table: pa.Table) -> None:
        pieces = pa.concat_tables([table.slice(3, 50), table.slice(120, 31)])
        whole = row_sizes(table).tolist()
        assert row_sizes(pieces).tolist() == whole[3:53] + whole[120:151]
        assert row_sizes(table.slice(0, 0)).tolist() == []

    def test_the_hash_of_an_id_is_its_last_16_digits(self) -> None:
        ids = pa.chunked_array([["0" * 31 + "f"], ["f" * 16 + "0123456789abcdef"]])
        assert id_hashes(ids).tolist() == [15, 0x0123456789ABCDEF]
        assert id_hashes(pa.array([], pa.string())).tolist() == []
