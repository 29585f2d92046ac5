"""The local registry: the contract, and what only a file system can do to it."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import imprint
from imprint.errors import ImprintError, TransferError
from imprint.releases.layout import Version
from imprint.releases.manifest import Manifest
from imprint.targets.base import Target
from imprint.targets.local import LocalTarget
from tests.conftest import tree

pytest.register_assert_rewrite("tests.targets.contract")
from tests.targets.contract import FIRST, NAME, SECOND, Built, Releases, TargetContract, WithReleases  # noqa: E402 - rewritten first


def rewrite(path: Path, data: bytes) -> None:
    """Put other bytes under a name, whatever other names the file has."""
    path.unlink()
    path.write_bytes(data)


def assert_whole(registry: Path, built: Built) -> None:
    """The registry holds this release as its only one, and it verifies."""
    target = LocalTarget(registry, NAME)
    assert [published.manifest_sha256 for published in target.versions()] == [built.manifest.digest]
    assert imprint.verify(f"{target.location}@{built.manifest.version}", load=False).findings == ()
    assert tree(target.folder(built.manifest.version)) == tree(built.folder)


class TestLocalTarget(TargetContract):
    def open(self, root: Path) -> Target:
        return LocalTarget(root, NAME)

    def alter_manifest(self, target: Target, version: Version, data: bytes) -> None:
        rewrite(target.fetch(version) / "manifest.json", data)

    def test_the_location_is_the_folder_that_loads(self, tmp_path: Path, releases: Releases) -> None:
        receipt = releases.first.publish(LocalTarget(tmp_path, NAME))
        assert receipt.location == str(tmp_path / NAME / "1.0.0")
        assert tree(Path(receipt.location)) == tree(releases.first.folder)

    def test_what_two_versions_share_is_stored_once(self, tmp_path: Path, releases: Releases) -> None:
        target = LocalTarget(tmp_path, NAME)
        releases.first.publish(target)
        releases.second.publish(target)
        one, two = (target.folder(version) / "schema.json" for version in (FIRST, SECOND))
        assert one.samefile(two)

    def test_published_files_cannot_be_written_by_accident(self, tmp_path: Path, releases: Releases) -> None:
        target = LocalTarget(tmp_path, NAME)
        releases.first.publish(target)
        files = [path for path in target.folder(FIRST).rglob("*") if path.is_file()]
        assert files
        assert not any(path.stat().st_mode & 0o222 for path in files)
        assert all(path.stat().st_mode & 0o444 == 0o444 for path in files)

    def test_nothing_is_left_in_staging(self, tmp_path: Path, releases: Releases) -> None:
        target = LocalTarget(tmp_path, NAME)
        releases.first.publish(target)
        releases.first.publish(target)
        assert list((target.root / ".staging").iterdir()) == []

    def test_a_version_folder_that_was_lost_is_made_again(self, tmp_path: Path, releases: Releases) -> None:
        target = LocalTarget(tmp_path, NAME)
        releases.first.publish(target)
        shutil.rmtree(target.folder(FIRST))
        assert tree(target.fetch(FIRST)) == tree(releases.first.folder)

    def test_a_version_whose_objects_are_lost_is_a_transfer_error(
        self, tmp_path: Path, releases: Releases
    ) -> None:
        target = LocalTarget(tmp_path, NAME)
        releases.first.publish(target)
        shutil.rmtree(target.folder(FIRST))
        shutil.rmtree(target.root / "objects")
        with pytest.raises(TransferError):
            target.fetch(FIRST)

    def test_a_file_whose_object_is_lost_is_a_transfer_error(
        self, tmp_path: Path, releases: Releases
    ) -> None:
        target = LocalTarget(tmp_path, NAME)
        releases.first.publish(target)
        shutil.rmtree(target.folder(FIRST))
        digest = next(file.sha256 for file in releases.first.manifest.files if file.path == "README.md")
        (target.root / "objects" / digest[:2] / digest).unlink()
        with pytest.raises(TransferError):
            target.fetch(FIRST)

    def test_a_damaged_object_is_not_published_as_part_of_a_new_version(
        self, tmp_path: Path, releases: Releases
    ) -> None:
        target = LocalTarget(tmp_path, NAME)
        releases.first.publish(target)
        digest = next(file.sha256 for file in releases.second.manifest.files if file.path == "schema.json")
        stored = target.root / "objects" / digest[:2] / digest
        rewrite(stored, stored.read_bytes()[:-1] + b" ")
        try:
            releases.second.publish(target)
        except TransferError:
            assert [published.version for published in target.versions()] == [FIRST]
        else:
            assert tree(target.folder(SECOND)) == tree(releases.second.folder)

    @pytest.mark.parametrize(
        "data",
        [b"", b"{", b"[]", b"null", b'{"version": "1.0.0"}', b'{"version": 1, "manifest_sha256": "0"}'],
    )
    def test_a_ref_that_is_none_is_a_transfer_error(
        self, tmp_path: Path, releases: Releases, data: bytes
    ) -> None:
        target = LocalTarget(tmp_path, NAME)
        releases.first.publish(target)
        rewrite(target.root / "refs/1.0.0.json", data)
        with pytest.raises(TransferError, match=r"1\.0\.0\.json"):
            target.versions()


class TestFileSystems(WithReleases):
    @pytest.mark.parametrize("error", [errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP])
    def test_one_without_hard_links_will_do(
        self, tmp_path: Path, releases: Releases, monkeypatch: pytest.MonkeyPatch, error: int
    ) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise OSError(error, os.strerror(error))

        monkeypatch.setattr(os, "link", refuse)
        target = LocalTarget(tmp_path, NAME)
        assert releases.first.publish(target).status == "published"
        assert releases.first.publish(target).status == "unchanged"
        with pytest.raises(ImprintError) as refused:
            releases.rival.publish(target)
        assert refused.value.exit_code == 4
        assert_whole(tmp_path, releases.first)

    def test_a_registry_that_is_a_file_is_a_transfer_error(self, tmp_path: Path, releases: Releases) -> None:
        (tmp_path / "registry").write_bytes(b"")
        with pytest.raises(TransferError) as failed:
            releases.first.publish(LocalTarget(tmp_path / "registry", NAME))
        assert failed.value.hint

    @pytest.mark.skipif(sys.platform == "win32", reason="users are those of POSIX")
    def test_a_read_only_registry_is_a_transfer_error(
        self, tmp_path: Path, releases: Releases, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        releases.first.copied(tmp_path / "release")
        (tmp_path / "registry").mkdir(mode=0o555)
        tmp_path.chmod(0o755)
        monkeypatch.chdir(tmp_path)
        with _as_nobody(), pytest.raises(TransferError, match="cannot be written"):
            LocalTarget(Path("registry"), NAME).publish(Path("release"), releases.first.manifest, _Quiet())
        assert list((tmp_path / "registry").iterdir()) == []


class _Quiet:
    def stage(self, name: str, total: int) -> None: ...
    def advance(self, amount: int) -> None: ...
    def note(self, message: str) -> None: ...


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Without the rights of root, who may write anywhere."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def _contend(barrier: Any, answers: Any, registry: Path, folder: Path) -> None:
    manifest = Manifest.parse((folder / "manifest.json").read_bytes())
    target = LocalTarget(registry, NAME)
    barrier.wait()
    try:
        answers.put(Built(folder, manifest).publish(target).status)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test must see it
        answers.put(type(error).__name__)


class TestManyPublishers(WithReleases):
    def contend(self, registry: Path, *releases: Built) -> Counter[str]:
        context = multiprocessing.get_context("spawn")
        barrier, answers = context.Barrier(len(releases)), context.SimpleQueue()
        processes = [
            context.Process(target=_contend, args=(barrier, answers, registry, built.folder))
            for built in releases
        ]
        for process in processes:
            process.start()
        seen = Counter(answers.get() for _ in processes)
        for process in processes:
            process.join()
        return seen

    def test_of_the_same_release_all_succeed(self, tmp_path: Path, releases: Releases) -> None:
        seen = self.contend(tmp_path, *[releases.first] * 16)
        assert set(seen) <= {"published", "unchanged"}
        assert seen["published"] >= 1
        assert_whole(tmp_path, releases.first)
        assert list((tmp_path / NAME / ".staging").iterdir()) == []

    def test_of_two_releases_one_wins_and_the_others_are_refused(
        self, tmp_path: Path, releases: Releases
    ) -> None:
        seen = self.contend(tmp_path, *[releases.first, releases.rival] * 8)
        assert set(seen) <= {"published", "unchanged", "ConflictError"}
        assert seen["ConflictError"] == 8
        winner = LocalTarget(tmp_path, NAME).manifest(FIRST).digest
        built = {built.manifest.digest: built for built in (releases.first, releases.rival)}[winner]
        assert_whole(tmp_path, built)
