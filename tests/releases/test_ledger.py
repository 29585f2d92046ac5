"""The ledger: one row for each published record, recomputable from the shards."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import imprint
from imprint.article import RecordSchema
from imprint.digests import content_digest, row_digest
from imprint.project import read_json
from imprint.releases.ledger import SCHEMA, UNDATED, Ledger, LedgerWriter, from_hex, ledger_rows, sort_times
from imprint.releases.manifest import Manifest
from tests.conftest import article, write_jsonl


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def rows(count: int, split: str = "train", first: int = 0) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "id": digest(f"id {number}")[:32],
                "split": split,
                "dup_cluster": digest(f"id {number}")[:32],
                "added_in": 1,
                "published_at": None,
                "row_bytes": number,
                "raw_sha256": digest(f"raw {number}"),
                "text_sha256": digest(f"text {number}"),
                "text_key": digest(f"key {number}")[:32],
                "row_sha256": digest(f"row {number}"),
            }
            for number in range(first, first + count)
        ],
        schema=SCHEMA,
    )


def written(path: Path, *shards: pa.Table) -> Ledger:
    writer = LedgerWriter(path)
    for shard in shards:
        writer.add(shard)
    writer.close()
    return Ledger(path)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ledger") / "project"
    imprint.init(root)
    recipe = root / "imprint.toml"
    recipe.write_text(recipe.read_text().replace('"300MB"', '"4kB"'))
    articles = [article(number) for number in range(60)] + [{"text": "Undated and without a URL."}]
    write_jsonl(root / "data/raw/articles.jsonl", articles)
    imprint.build(root)
    return root / "data/build/release"


class TestLedgerOfARelease:
    def test_it_has_one_row_group_for_each_shard_in_release_order(self, release: Path) -> None:
        manifest = Manifest.parse((release / "manifest.json").read_bytes())
        groups = list(Ledger(release / "ledger.parquet").shards())
        assert len(manifest.shards) > 5
        assert [len(group) for group in groups] == [shard.rows for shard in manifest.shards]
        for shard, group in zip(manifest.shards, groups, strict=True):
            assert set(group.column("split").to_pylist()) == {shard.split}
            assert group.column("id") == pq.read_table(release / shard.path).column("id")

    def test_every_row_can_be_recomputed_from_the_shards_alone(self, release: Path) -> None:
        schema = RecordSchema.parse(read_json(release / "schema.json", "schema.json"))
        ledger = Ledger(release / "ledger.parquet")
        for index, shard in enumerate(Manifest.parse((release / "manifest.json").read_bytes()).shards):
            table = pq.read_table(release / shard.path)
            assert list(ledger.shards())[index].equals(ledger_rows(table, str(shard.split), schema))

    def test_its_row_digests_give_the_content_digest_of_each_split(self, release: Path) -> None:
        manifest = Manifest.parse((release / "manifest.json").read_bytes())
        schema = RecordSchema.parse(read_json(release / "schema.json", "schema.json"))
        for split, wanted in manifest.content_sha256.items():
            shards = [
                pq.read_table(release / shard.path) for shard in manifest.shards if shard.split == split
            ]
            records = schema.json_rows(pa.concat_tables(shards))
            assert content_digest(map(row_digest, records)) == wanted

    def test_it_names_each_id_once(self, release: Path) -> None:
        ids = Ledger(release / "ledger.parquet").columns("id").column(0).to_pylist()
        assert len(ids) == len(set(ids)) == 61


class TestLedger:
    def test_shards_come_back_as_they_were_added(self, tmp_path: Path) -> None:
        shards = [rows(5), rows(3, "test", 5), rows(1, "test", 8)]
        ledger = written(tmp_path / "ledger.parquet", *shards)
        assert len(ledger) == 9
        assert all(back.equals(shard) for back, shard in zip(ledger.shards(), shards, strict=True))
        assert list(ledger.shards())[1].equals(shards[1])
        assert ledger.columns("split", "id").schema.names == ["split", "id"]

    def test_the_same_rows_give_the_same_bytes(self, tmp_path: Path) -> None:
        written(tmp_path / "one", rows(50))
        written(tmp_path / "other", pa.concat_tables([rows(20), rows(30, first=20)]))
        assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()

    def test_the_ledger_of_a_first_release_is_empty(self) -> None:
        ledger = Ledger(None)
        assert len(ledger) == len(ledger.ids) == len(ledger.known()) == len(list(ledger.shards())) == 0
        assert ledger.columns("id", "split").schema.names == ["id", "split"]

    def test_known_raw_digests_are_sorted_and_can_be_searched(self, tmp_path: Path) -> None:
        ledger = written(tmp_path / "ledger.parquet", rows(100))
        known = ledger.known()
        assert known.tolist() == sorted(known.tolist())
        wanted = from_hex(pa.array([digest("raw 42")]), 32)
        assert known[np.searchsorted(known, wanted)] == wanted

    def test_a_damaged_ledger_is_not_read_as_another(self, tmp_path: Path) -> None:
        sound = written(tmp_path / "ledger.parquet", rows(40)).path
        assert sound is not None
        data = bytearray(sound.read_bytes())
        data[len(data) // 3] ^= 1
        sound.write_bytes(data)
        with pytest.raises(OSError, match=r"CRC|checksum|corrupt"):
            list(Ledger(sound).shards())


class TestColumns:
    def test_digests_as_bytes_are_ordered_like_their_digits(self) -> None:
        digits = sorted(digest(str(number))[:32] for number in range(200))
        as_bytes = from_hex(pa.chunked_array([digits[:70], digits[70:]]), 16)
        assert (as_bytes[:-1] < as_bytes[1:]).all()
        assert [value.ljust(16, b"\0").hex() for value in as_bytes.tolist()] == digits

    def test_digests_that_end_in_zero_bytes_stay_apart(self) -> None:
        digits = ["ab" + "00" * 15, "ab" * 2 + "00" * 14, "00" * 16, "00" * 15 + "01"]
        assert len(set(from_hex(pa.array(digits), 16).tolist())) == 4

    def test_undated_records_stand_behind_all_dated_ones(self) -> None:
        times = sort_times(pa.array([5, None, -7], pa.timestamp("us")))
        assert times.tolist() == [5, UNDATED, -7]
        assert sort_times(pa.array([2**62], pa.timestamp("us")))[0] < UNDATED
