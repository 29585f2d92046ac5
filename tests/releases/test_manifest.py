"""The manifest: what it lists, how it is read, and what is refused."""

from __future__ import annotations

import copy
import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.errors import ImprintError, TransferError
from imprint.releases.layout import Version
from imprint.releases.manifest import FORMAT, Manifest, checksums

DIGESTS = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("train", "test", "card", "ledger")}

FATES = {"read": 12, "quarantined": 0, "removed": 0, "known": 0, "exact_duplicates": 0, "superseded": 0,
         "near_duplicates": 0, "withheld": 0, "new": 12}  # fmt: skip

DOCUMENT: dict[str, Any] = {
    "format": FORMAT,
    "name": "acme/newswire",
    "version": "1.2.0",
    "ordinal": 3,
    "previous": {"version": "1.1.0", "manifest_sha256": DIGESTS["ledger"]},
    "split_order": ["train", "test"],
    "splits": {"train": 10, "test": 2},
    "content_sha256": {"train": DIGESTS["train"], "test": DIGESTS["test"]},
    "files": [
        {"path": "README.md", "size": 10, "sha256": DIGESTS["card"]},
        {"path": "data/test-00000-of-00001.parquet", "size": 30, "sha256": DIGESTS["test"], "split": "test", "rows": 2},
        {"path": "data/train-00000-of-00001.parquet", "size": 90, "sha256": DIGESTS["train"], "split": "train", "rows": 10},
        {"path": "ledger.parquet", "size": 20, "sha256": DIGESTS["ledger"]},
    ],
    "date": "2026-02-03",
    "schema_sha256": DIGESTS["card"],
    "prose_sha256": DIGESTS["card"],
    "lineage": {},
    "accounting": {**FATES, "carried": 0, "published": 12},
    "accounting_by_source": {"wire": FATES},
    "statistics": {},
    "tools": {"imprint": "0.1.0"},
}  # fmt: skip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PATHS = [
    [key] for key in DOCUMENT
] + [["files", 1], ["files", 1, "path"], ["files", 1, "size"], ["files", 1, "sha256"], ["files", 1, "split"],
     ["files", 1, "rows"], ["splits", "train"], ["content_sha256", "test"], ["split_order", 0]]  # fmt: skip


def parse(document: Any) -> Manifest:
    return Manifest.parse(orjson.dumps(document))


def replaced(path: list[Any], value: Any) -> dict[str, Any]:
    document: Any = copy.deepcopy(DOCUMENT)
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return document  # type: ignore[no-any-return]


def use(manifest: Manifest) -> None:
    """All that the rest of the package asks of a manifest."""
    assert all(isinstance(file.size, int) and isinstance(file.path, str) for file in manifest.files)
    assert sum(file.rows or 0 for file in manifest.shards) >= 0
    assert isinstance(manifest.version, Version)
    assert all(isinstance(rows, int) for rows in manifest.splits.values())
    assert all(isinstance(digest, str) for digest in manifest.content_sha256.values())
    assert manifest.ordinal >= 1
    assert checksums(manifest)


class TestReading:
    def test_what_is_read_is_what_was_written(self) -> None:
        manifest = parse(DOCUMENT)
        again = Manifest.parse(manifest.serialise())
        assert again.serialise() == manifest.serialise()
        assert again.document == DOCUMENT
        assert again.digest == hashlib.sha256(manifest.serialise()).hexdigest()
        use(manifest)

    @settings(deadline=None)
    @given(
        st.dictionaries(st.text(max_size=8).filter(lambda key: key not in DOCUMENT), JSON, max_size=3), JSON
    )
    def test_unknown_keys_survive(self, more: dict[str, Any], inside: Any) -> None:
        document = {**copy.deepcopy(DOCUMENT), **more}
        document["files"][0]["encoding"] = inside
        assert orjson.loads(parse(document).serialise()) == document

    def test_the_bytes_do_not_depend_on_the_order_of_keys(self) -> None:
        backwards = dict(reversed(DOCUMENT.items()))
        assert parse(backwards).serialise() == parse(DOCUMENT).serialise()

    def test_shards_come_in_release_order_and_files_by_path(self) -> None:
        manifest = parse(DOCUMENT)
        assert [file.split for file in manifest.shards] == ["train", "test"]
        assert list(manifest.splits) == ["train", "test"]
        assert [file.path for file in manifest.files] == sorted(file["path"] for file in DOCUMENT["files"])
        assert (manifest.name, str(manifest.version), manifest.ordinal) == ("acme/newswire", "1.2.0", 3)


class TestRefusing:
    @pytest.mark.parametrize(
        "data", [b"", b"{", b"\xff", b"null", b"[]", b"1", b'"text"', b"{}", b'{"format": null}', b'{"format": 1}']
    )  # fmt: skip
    def test_what_is_no_manifest_is_a_transfer_error_that_names_the_file(self, data: bytes) -> None:
        with pytest.raises(TransferError, match=r"here/manifest\.json"):
            Manifest.parse(data, file="here/manifest.json")

    def test_another_format_is_named_and_asks_for_a_newer_imprint(self) -> None:
        with pytest.raises(TransferError, match="imprint-release/9") as refused:
            parse({**DOCUMENT, "format": "imprint-release/9"})
        assert "newer" in refused.value.hint

    @pytest.mark.parametrize(
        "key", ["version", "ordinal", "split_order", "splits", "content_sha256", "files", "accounting"]
    )
    def test_a_key_that_is_missing_is_named(self, key: str) -> None:
        with pytest.raises(TransferError, match=key):
            parse({name: value for name, value in DOCUMENT.items() if name != key})

    @pytest.mark.parametrize("key", ["path", "size", "sha256"])
    def test_a_file_without_path_size_or_digest_is_refused(self, key: str) -> None:
        document = copy.deepcopy(DOCUMENT)
        del document["files"][1][key]
        with pytest.raises(TransferError, match=key):
            parse(document)

    @pytest.mark.parametrize("version", [1, None, [1, 2, 0], "1.2", "latest", "../1.2.0"])
    def test_a_version_that_is_none_is_refused(self, version: Any) -> None:
        with pytest.raises(TransferError):
            parse({**DOCUMENT, "version": version})

    @pytest.mark.parametrize("path", ["/etc/passwd", "../README.md", "data/../../x", "..", "."])
    def test_a_path_that_leaves_the_release_is_refused(self, path: str) -> None:
        with pytest.raises(TransferError):
            parse(replaced(["files", 0, "path"], path))

    @pytest.mark.parametrize("digest", ["../../../etc/passwd", "0" * 63, "0" * 65, "g" * 64, ""])
    def test_a_digest_that_is_none_is_refused(self, digest: str) -> None:
        with pytest.raises(TransferError):
            parse(replaced(["files", 0, "sha256"], digest))

    @pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))
    @settings(deadline=None, max_examples=25)
    @given(value=JSON)
    def test_a_value_of_another_kind_is_refused_or_can_be_used(self, path: list[Any], value: Any) -> None:
        try:
            manifest = parse(replaced(path, value))
        except TransferError:
            return
        use(manifest)

    def test_an_error_is_one_of_imprint_with_exit_code_3(self) -> None:
        with pytest.raises(ImprintError) as refused:
            parse([])
        assert refused.value.exit_code == 3


class TestChecksums:
    def test_they_list_every_file_and_the_manifest_but_not_themselves(self) -> None:
        listed = [line.split("  ") for line in checksums(parse(DOCUMENT)).decode().splitlines()]
        paths = [path for _, path in listed]
        assert paths == sorted([*(file["path"] for file in DOCUMENT["files"]), "manifest.json"])
        assert {path: digest for digest, path in listed}["README.md"] == DIGESTS["card"]

    @pytest.mark.skipif(shutil.which("sha256sum") is None, reason="coreutils are not installed")
    def test_coreutils_accept_them_and_find_a_changed_file(self, tmp_path: Path) -> None:
        document = copy.deepcopy(DOCUMENT)
        for file in document["files"]:
            path = tmp_path / file["path"]
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(file["path"].encode())
            file["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        manifest = parse(document)
        (tmp_path / "manifest.json").write_bytes(manifest.serialise())
        (tmp_path / "SHA256SUMS").write_bytes(checksums(manifest))
        command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.count(": OK") == len(document["files"]) + 1
        (tmp_path / "README.md").write_bytes(b"altered")
        failed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert failed.returncode == 1
        assert "README.md: FAILED" in failed.stdout
