"""Verify: what digests cannot show, because manifest, checksums and ref were made to agree with the fault."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imprint.releases.shards import read_shard
from tests.verbs.forgery import Release, publish_two, replace, set_column

TRAIN, TEST = "data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_two(tmp_path_factory.mktemp("records") / "project")


@pytest.fixture
def release(dataset: Path, tmp_path: Path) -> Release:
    return Release.copy(dataset, tmp_path / "registry")


def first_value(release: Release, split: str, column: str) -> Any:
    return read_shard(release.path(split)).column(column)[0].as_py()


def with_first(name: str, value: Any) -> Callable[[pa.Table], pa.Table]:
    """An edit that gives the first record another value."""
    return lambda table: set_column(table, name, [value, *table.column(name).to_pylist()[1:]])


class TestRecords:
    def test_an_id_that_stands_in_two_splits_is_found(self, release: Release) -> None:
        twice = read_shard(release.path("test")).slice(0, 1)
        release.forge("train", lambda table: pa.concat_tables([table.slice(1), twice]).sort_by(
            [("added_in", "ascending"), ("published_at", "ascending"), ("id", "ascending")]
        ))  # fmt: skip
        found = {finding.code: finding.place.value for finding in release.findings()}
        assert found == {
            "duplicate_id": twice.column("id")[0].as_py(),
            "leak": twice.column("dup_cluster")[0].as_py(),
        }

    def test_a_cluster_that_stands_in_two_splits_is_found(self, release: Release) -> None:
        cluster = first_value(release, "test", "dup_cluster")
        release.forge("train", with_first("dup_cluster", cluster))
        assert [(f.code, f.place.value) for f in release.findings()] == [("leak", cluster)]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("text", None),
            ("text", ""),
            ("url", "no url"),
            ("id", "no digest"),
            ("dup_cluster", "é"),
            ("added_in", 0),
        ],
    )
    def test_a_record_that_the_schema_refuses_is_found(
        self, release: Release, field: str, value: Any
    ) -> None:
        release.put("test", with_first(field, value)(read_shard(release.path("test"))))
        faults = release.faults()
        assert ("invalid_record", TEST) in faults
        assert ("ledger_differs", "ledger.parquet") in faults
        assert {path for _, path in faults} <= {TEST, "ledger.parquet", "manifest.json"}

    def test_an_invalid_record_is_named_by_row_and_field(self, release: Release) -> None:
        release.forge("train", lambda table: set_column(
            table, "url", [*table.column("url").to_pylist()[:4], "no url", *table.column("url").to_pylist()[5:]]
        ))  # fmt: skip
        (finding,) = release.findings()
        assert (finding.code, finding.place.file, finding.place.row, finding.place.field) == (
            "invalid_record", TRAIN, 5, "url",
        )  # fmt: skip

    def test_records_out_of_order_are_found(self, release: Release) -> None:
        release.forge("train", lambda table: pa.concat_tables([table.slice(1), table.slice(0, 1)]))
        assert release.faults() == {("wrong_order", TRAIN)}

    def test_another_text_is_found_by_the_content_digest(self, release: Release) -> None:
        digest = release.document["content_sha256"]
        release.forge("train", with_first("title", "Another headline"))
        release.edit("README.md", release.document["content_sha256"]["train"], digest["train"])
        release.seal(content_sha256=digest)
        (finding,) = release.findings()
        assert (finding.code, finding.place.field) == ("content_differs", "content_sha256.train")

    def test_fewer_records_than_the_manifest_says_are_found(self, release: Release) -> None:
        release.forge("train", lambda table: table.slice(1))
        assert release.faults() == {("wrong_rows", TRAIN), ("wrong_rows", "manifest.json")}

    def test_shards_swapped_between_splits_are_found(self, release: Release) -> None:
        one, other = release.path("train"), release.path("test")
        first, second = one.read_bytes(), other.read_bytes()
        replace(one, second)
        replace(other, first)
        release.seal()
        codes = {code for code, _ in release.faults()}
        assert {"wrong_rows", "content_differs", "ledger_differs"} <= codes


class TestTheSchema:
    @pytest.mark.parametrize(
        "edit",
        [
            pytest.param(lambda t: t.append_column("score", pa.array([1] * len(t))), id="a column too many"),
            pytest.param(lambda t: t.drop_columns(["section"]), id="a column too few"),
            pytest.param(lambda t: t.select(list(reversed(t.schema.names))), id="another order"),
            pytest.param(
                lambda t: t.set_column(0, "id", t.column("id").cast(pa.large_string())), id="another type"
            ),
        ],
    )
    def test_a_shard_with_other_columns_is_found(
        self, release: Release, edit: Callable[[pa.Table], pa.Table]
    ) -> None:
        release.put("test", edit(read_shard(release.path("test"))))
        assert ("schema_differs", TEST) in release.faults()

    def test_one_that_the_manifest_does_not_name_is_found(self, release: Release) -> None:
        release.edit("schema.json", '"title": "Article"', '"title": "Record"')
        assert release.faults() == {("schema_differs", "schema.json")}

    @pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"properties": {}}'])
    def test_one_that_is_none_is_found(self, release: Release, data: bytes) -> None:
        replace(release.folder / "schema.json", data)
        release.seal()
        faults = release.faults()
        assert faults
        assert {path for _, path in faults} == {"schema.json"}


class TestAccounting:
    @pytest.mark.parametrize(
        ("changes", "by_source"),
        [
            ({"read": 41}, {"read": 41}),
            ({"published": 41}, {}),
            ({"carried": 1}, {}),
            ({"published": 41, "carried": 1}, {}),
            ({"known": 1, "read": 41}, {}),
            ({}, {"new": 41}),
            ({"new": 39, "known": 1}, {"new": 39, "known": 1}),
        ],
    )
    def test_sums_that_do_not_hold_are_found(
        self, release: Release, changes: dict[str, int], by_source: dict[str, int]
    ) -> None:
        document = copy.deepcopy(release.document)
        document["accounting"].update(changes)
        document["accounting_by_source"]["a.jsonl"].update(by_source)
        release.seal(**document)
        assert release.faults() == {("accounting_broken", "manifest.json")}

    @pytest.mark.parametrize("value", [{}, [], None, 7, {"read": "forty"}])
    def test_one_that_cannot_be_read_is_found(self, release: Release, value: Any) -> None:
        release.seal(accounting=value)
        faults = release.faults()
        assert faults <= {("accounting_broken", "manifest.json"), ("manifest_unreadable", "manifest.json")}
        assert faults


class TestTheCard:
    def test_another_number_of_records_is_found(self, release: Release) -> None:
        rows = release.document["splits"]["train"]
        release.edit("README.md", f"num_examples: {rows}", f"num_examples: {rows + 1}")
        assert release.faults() == {("card_differs", "README.md")}

    def test_another_version_is_found(self, release: Release) -> None:
        release.edit("README.md", "  version: 1.0.0", "  version: 1.0.1")
        assert release.faults() == {("card_differs", "README.md")}

    def test_a_content_digest_that_is_not_quoted_is_found(self, release: Release) -> None:
        release.edit("README.md", release.document["content_sha256"]["test"], "0" * 64)
        assert release.faults() == {("card_differs", "README.md")}

    @pytest.mark.parametrize(
        "head",
        [
            b"", b"---\n", b"---\n: [\n---\n", b"---\n- a\n---\n", b"---\na\n---\n", b"---\nconfigs: []\n---\n",
            b"---\nconfigs: [default]\ndataset_info: {splits: []}\n---\n", b"\xff\xfe", b"---\n\x00\n---\n",
            b"---\nconfigs: [{version: 1.0.0}]\ndataset_info: {splits: [train]}\n---\n",
            b"---\nconfigs: {0: 1}\ndataset_info: {splits: []}\n---\n",
        ],
    )  # fmt: skip
    def test_one_whose_front_matter_says_nothing_is_found(self, release: Release, head: bytes) -> None:
        replace(release.folder / "README.md", head + b"Text.\n")
        release.seal()
        assert release.faults() == {("card_differs", "README.md")}


class TestTheLedger:
    def test_another_value_is_found(self, release: Release) -> None:
        first, *others = release.ledger()
        release.write_ledger(with_first("raw_sha256", "0" * 64)(first), *others)
        release.seal()
        (finding,) = release.findings()
        assert (finding.code, finding.place.file) == ("ledger_differs", "ledger.parquet")
        assert "raw_sha256" in finding.message

    @pytest.mark.parametrize(
        "edit",
        [
            pytest.param(lambda shards: [shards[0].slice(1), *shards[1:]], id="a row too few"),
            pytest.param(lambda shards: shards[:-1], id="a shard too few"),
            pytest.param(lambda shards: [*shards, shards[0]], id="a shard too many"),
            pytest.param(lambda shards: shards[::-1], id="another order"),
        ],
    )
    def test_other_rows_are_found(self, release: Release, edit: Callable[..., list[pa.Table]]) -> None:
        release.write_ledger(*edit(release.ledger()))
        release.seal()
        assert release.faults() == {("ledger_differs", "ledger.parquet")}

    def test_one_that_is_no_parquet_is_found(self, release: Release) -> None:
        replace(release.folder / "ledger.parquet", b"no ledger")
        release.seal()
        assert release.faults() == {("ledger_differs", "ledger.parquet")}

    def test_one_that_lacks_a_column_is_found(self, release: Release) -> None:
        table = pa.concat_tables(release.ledger()).drop_columns(["text_key"])
        (release.folder / "ledger.parquet").unlink()
        pq.write_table(table, release.folder / "ledger.parquet")
        release.seal()
        assert release.faults() == {("ledger_differs", "ledger.parquet")}


class TestManyFaults:
    @pytest.mark.parametrize("damage", ["halved", "foreign", "bit"])
    def test_a_shard_that_cannot_be_read_hides_no_fault_of_another(
        self, release: Release, damage: str
    ) -> None:
        release.forge("test", with_first("url", "no url"))
        path = release.path("train")
        data = path.read_bytes()
        flipped = data[:200] + bytes([data[200] ^ 1]) + data[201:]
        replace(path, {"halved": data[: len(data) // 2], "foreign": b"no Parquet", "bit": flipped}[damage])
        release.seal()
        faults = release.faults()
        assert {("unreadable_shard", TRAIN), ("invalid_record", TEST)} <= faults
        assert {path for _, path in faults} <= {TRAIN, TEST, "manifest.json"}

    def test_every_finding_can_be_printed_as_json(self, release: Release) -> None:
        release.path("test").unlink()
        (release.folder / "extra").write_bytes(b"")
        found = orjson.loads(orjson.dumps([finding.as_dict() for finding in release.findings()]))
        assert {"code": "extra_file", "path": "extra"}.items() <= next(
            one for one in found if one["code"] == "extra_file"
        ).items()
        assert all({"code", "message"} <= set(one) for one in found)
