"""Verify: a release that is broken in one way is found out, and told so by its code and its path."""

from __future__ import annotations

import os
import random
import shutil
import stat
import sys
from pathlib import Path

import orjson
import pytest

import imprint
from imprint.errors import UsageError
from tests.verbs.forgery import Release, flip, publish_two, replace

SHARD = "data/train-00000-of-00001.parquet"
FILES = [
    "README.md",
    "schema.json",
    "decisions.json",
    "ledger.parquet",
    SHARD,
    "data/test-00000-of-00001.parquet",
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_two(tmp_path_factory.mktemp("verify") / "project")


@pytest.fixture
def release(dataset: Path, tmp_path: Path) -> Release:
    return Release.copy(dataset, tmp_path / "registry")


class TestASoundRelease:
    @pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
    def test_has_no_findings(self, dataset: Path, version: str) -> None:
        for target in (dataset / version, f"{dataset}@{version}"):
            result = imprint.verify(target, load=False)
            assert (result.ok, result.version, result.findings) == (True, version, ())
            assert result.target == str(dataset / version)

    def test_is_the_latest_one_where_no_version_is_named(self, dataset: Path) -> None:
        assert imprint.verify(dataset, load=False).version == "1.1.0"
        assert imprint.verify(f"{dataset}@latest", load=False).version == "1.1.0"

    def test_may_have_been_copied_out_of_its_registry(self, dataset: Path, tmp_path: Path) -> None:
        shutil.copytree(dataset / "1.0.0", tmp_path / "anywhere")
        assert imprint.verify(tmp_path / "anywhere", load=False).ok

    def test_stays_sound_when_it_is_sealed_again(self, release: Release) -> None:
        release.seal()
        release.forge("train", lambda table: table)
        assert release.faults() == set()

    def test_loads_and_one_whose_card_names_no_file_does_not(self, release: Release) -> None:
        assert release.findings(load=True) == ()
        release.edit("README.md", "path: data/test-*", "path: data/exam-*")
        assert [finding.code for finding in release.findings(load=True)] == ["not_loadable"]


class TestWhatCannotBeVerified:
    @pytest.mark.parametrize("target", ["{0}@9.9.9", "{0}@newest", "{0}/absent", "{0}/objects"])
    def test_is_a_usage_error(self, dataset: Path, target: str) -> None:
        with pytest.raises(UsageError):
            imprint.verify(target.format(dataset), load=False)


class TestFiles:
    @pytest.mark.parametrize("name", [*FILES, "SHA256SUMS"])
    def test_a_missing_file_is_found(self, release: Release, name: str) -> None:
        (release.folder / name).unlink()
        assert ("missing_file", name) in release.faults()

    @pytest.mark.parametrize(
        "name", ["notes.txt", ".hidden", "data/train-00001-of-00002.parquet", "plots/a.svg"]
    )
    def test_an_extra_file_is_found(self, release: Release, name: str) -> None:
        (release.folder / name).parent.mkdir(exist_ok=True)
        (release.folder / name).write_bytes(b"")
        assert release.faults() == {("extra_file", name)}

    @pytest.mark.parametrize("name", [*FILES, "SHA256SUMS"])
    @pytest.mark.parametrize("bit", [0, 3001, -1], ids=["first", "inner", "last"])
    def test_a_flipped_bit_is_found(self, release: Release, name: str, bit: int) -> None:
        flip(release.folder / name, bit if bit < 8 * (release.folder / name).stat().st_size else 5)
        faults = release.faults()
        assert ("changed_file", name) in faults
        blamed = {path for _, path in faults}
        assert "schema.json" not in blamed or name == "schema.json"
        assert "README.md" not in blamed or name == "README.md"

    def test_no_flipped_bit_passes_and_none_is_a_traceback(self, release: Release) -> None:
        numbers = random.Random(11)
        for path in sorted(path for path in release.folder.rglob("*") if path.is_file()):
            sound = path.read_bytes()
            for _ in range(8):
                flip(path, numbers.randrange(8 * len(sound)))
                assert release.findings() != ()
                replace(path, sound)
        assert release.findings() == ()

    @pytest.mark.parametrize("name", [*FILES, "SHA256SUMS", "manifest.json"])
    def test_a_symbolic_link_is_found_even_where_it_leads_to_the_same_bytes(
        self, release: Release, tmp_path: Path, name: str
    ) -> None:
        release.link_away(name, tmp_path / "elsewhere")
        assert release.faults() == {("symlink", name)}

    @pytest.mark.parametrize("target", ["README.md", "..", "/nowhere"], ids=["file", "folder", "dangling"])
    def test_an_extra_symbolic_link_is_found(self, release: Release, target: str) -> None:
        (release.folder / "link").symlink_to(target)
        faults = release.faults()
        assert {path for _, path in faults} == {"link"}
        assert {code for code, _ in faults} <= {"symlink", "extra_file"}

    @pytest.mark.skipif(sys.platform != "linux", reason="a socket as a file that cannot be opened")
    def test_a_file_that_cannot_be_read_is_found(self, release: Release) -> None:
        (release.folder / "decisions.json").unlink()
        os.mknod(release.folder / "decisions.json", stat.S_IFSOCK | 0o644)
        assert release.faults() == {("unreadable_file", "decisions.json")}

    def test_shards_that_were_swapped_between_splits_are_found(self, release: Release) -> None:
        one, other = release.path("validation"), release.path("test")
        first, second = one.read_bytes(), other.read_bytes()
        replace(one, second)
        replace(other, first)
        changed = {path for code, path in release.faults() if code == "changed_file"}
        assert changed == {f"data/{one.name}", f"data/{other.name}"}

    def test_checksums_of_other_files_are_found(self, release: Release) -> None:
        path = release.folder / "SHA256SUMS"
        replace(path, b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
        assert release.faults() == {("changed_file", "SHA256SUMS")}


class TestTheManifest:
    @pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"format":"imprint-release/2"}'])
    def test_one_that_cannot_be_read_is_found(self, release: Release, data: bytes) -> None:
        replace(release.folder / "manifest.json", data)
        result = imprint.verify(release.folder, load=False)
        assert [(f.code, f.place.file) for f in result.findings] == [("manifest_unreadable", "manifest.json")]
        assert result.version is None

    def test_one_that_is_missing_is_found(self, release: Release) -> None:
        (release.folder / "manifest.json").unlink()
        result = imprint.verify(f"{release.folder.parent}@1.0.0", load=False)
        assert [(f.code, f.place.file) for f in result.findings] == [("manifest_unreadable", "manifest.json")]

    def test_one_that_is_not_canonical_is_found(self, release: Release) -> None:
        path = release.folder / "manifest.json"
        replace(path, path.read_bytes() + b"\n")
        assert release.faults() == {("manifest_not_canonical", "manifest.json")}

    def test_one_that_the_ref_does_not_name_is_found(self, release: Release) -> None:
        ref = orjson.loads(release.ref.read_bytes())
        replace(release.ref, orjson.dumps({**ref, "manifest_sha256": "0" * 64}))
        assert release.faults() == {("manifest_differs", "manifest.json")}
        found = imprint.verify(f"{release.folder.parent}@1.0.0", load=False).findings
        assert [finding.code for finding in found] == ["manifest_differs"]

    def test_that_of_another_version_is_found(self, release: Release) -> None:
        replace(
            release.folder / "manifest.json", (release.folder.parent / "1.1.0/manifest.json").read_bytes()
        )
        faults = release.faults()
        assert ("wrong_version", "manifest.json") in faults
        assert ("manifest_differs", "manifest.json") in faults
        assert ("changed_file", "README.md") in faults

    def test_another_version_in_the_place_of_this_one_is_found(self, release: Release) -> None:
        shutil.rmtree(release.folder)
        shutil.copytree(release.folder.parent / "1.1.0", release.folder)
        assert release.faults() == {("wrong_version", "manifest.json"), ("manifest_differs", "manifest.json")}
