"""What every target owes its callers, as one class of tests.

A family member is tested by a class that inherits `TargetContract` and says how to open an empty target and how to alter
what one holds.
"""

from __future__ import annotations

import functools
import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import pytest

import imprint
from imprint.errors import ConflictError, TransferError, UsageError
from imprint.progress import Silent
from imprint.releases.layout import Version
from imprint.releases.loading import compare, load_in_child
from imprint.releases.manifest import Manifest
from imprint.targets.base import Receipt, Target
from tests.conftest import article, tree, write_jsonl

NAME = "acme/newswire"
FIRST, SECOND = Version(1, 0, 0), Version(1, 1, 0)


@dataclass(frozen=True)
class Built:
    """A release as a build leaves it."""

    folder: Path
    manifest: Manifest

    @classmethod
    def take(cls, project: Path, folder: Path) -> Built:
        """Build a project and keep what was built."""
        imprint.build(project)
        shutil.copytree(project / "data/build/release", folder)
        return cls(folder, Manifest.parse((folder / "manifest.json").read_bytes()))

    def publish(self, target: Target) -> Receipt:
        return target.publish(self.folder, self.manifest, Silent())

    def copied(self, folder: Path) -> Built:
        """The same release in a folder that may be altered."""
        shutil.copytree(self.folder, folder)
        for path in folder.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        return Built(folder, self.manifest)


@dataclass(frozen=True)
class Releases:
    """What the tests publish."""

    first: Built
    """Version 1.0.0."""
    second: Built
    """Version 1.1.0, grown from the first."""
    rival: Built
    """Version 1.0.0, too, with other articles."""

    @classmethod
    def build(cls, root: Path) -> Releases:
        imprint.init(root / "project")
        raw = root / "project/data/raw"
        write_jsonl(raw / "a.jsonl", map(article, range(40)))
        first = Built.take(root / "project", root / "first")
        imprint.publish(root / "project")
        write_jsonl(raw / "b.jsonl", map(article, range(40, 50)))
        second = Built.take(root / "project", root / "second")
        imprint.init(root / "rival-project")
        write_jsonl(root / "rival-project/data/raw/a.jsonl", map(article, range(100, 130)))
        rival = Built.take(root / "rival-project", root / "rival")
        assert [built.manifest.version for built in (first, second, rival)] == [FIRST, SECOND, FIRST]
        return cls(first, second, rival)


@functools.cache
def _built_once(root: Path) -> Releases:
    root.mkdir()
    return Releases.build(root)


class WithReleases:
    """Releases that were built once for all tests."""

    @pytest.fixture(scope="class")
    @classmethod
    def releases(cls, tmp_path_factory: pytest.TempPathFactory) -> Releases:
        return _built_once(tmp_path_factory.getbasetemp() / "releases")


class TargetContract(WithReleases, ABC):
    """The law of `imprint.targets.base`."""

    @abstractmethod
    def open(self, root: Path) -> Target:
        """The dataset NAME in the registry whose data lies in `root`; opened twice, it is the same one."""

    @abstractmethod
    def alter_manifest(self, target: Target, version: Version, data: bytes) -> None:
        """Put other bytes in the place of a published manifest."""

    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return self.open(tmp_path / "registry")

    def held(self, target: Target) -> dict[Version, str]:
        return {published.version: published.manifest_sha256 for published in target.versions()}

    def test_an_empty_target_has_no_versions(self, target: Target) -> None:
        assert target.versions() == []
        with pytest.raises(UsageError, match=r"1\.0\.0"):
            target.manifest(FIRST)

    def test_a_release_stands_there_as_it_was_built(self, target: Target, releases: Releases) -> None:
        receipt = releases.first.publish(target)
        assert receipt.status == "published"
        assert self.held(target) == {FIRST: releases.first.manifest.digest}
        assert target.manifest(FIRST).serialise() == releases.first.manifest.serialise()
        assert tree(target.fetch(FIRST)) == tree(releases.first.folder)

    def test_it_is_there_for_whoever_opens_the_target_next(self, tmp_path: Path, releases: Releases) -> None:
        releases.first.publish(self.open(tmp_path / "registry"))
        assert self.held(self.open(tmp_path / "registry")) == {FIRST: releases.first.manifest.digest}

    def test_publishing_again_changes_nothing(self, target: Target, releases: Releases) -> None:
        location = releases.first.publish(target).location
        before = tree(target.fetch(FIRST))
        receipt = releases.first.publish(target)
        size = sum(file.size for file in releases.first.manifest.files)
        assert receipt == Receipt("unchanged", location, 0, size)
        assert tree(target.fetch(FIRST)) == before

    def test_another_release_under_the_same_version_is_a_conflict(
        self, target: Target, releases: Releases
    ) -> None:
        releases.first.publish(target)
        with pytest.raises(ConflictError, match=r"1\.0\.0") as refused:
            releases.rival.publish(target)
        assert refused.value.exit_code == 4
        assert self.held(target) == {FIRST: releases.first.manifest.digest}
        assert tree(target.fetch(FIRST)) == tree(releases.first.folder)

    @pytest.mark.parametrize("order", [(1, 0), (0, 1)])
    def test_versions_are_listed_the_lowest_first(
        self, target: Target, releases: Releases, order: tuple[int, int]
    ) -> None:
        both = (releases.first, releases.second)
        for index in order:
            both[index].publish(target)
        assert [published.version for published in target.versions()] == [FIRST, SECOND]
        for built in both:
            assert tree(target.fetch(built.manifest.version)) == tree(built.folder)

    def test_the_receipt_says_how_many_bytes_were_new(self, target: Target, releases: Releases) -> None:
        def size(built: Built, without: Built | None = None) -> int:
            known = {file.sha256 for file in without.manifest.files} if without else set()
            return sum(file.size for file in built.manifest.files if file.sha256 not in known)

        one, two = releases.first.publish(target), releases.second.publish(target)
        assert (one.bytes_new, one.bytes_reused) == (size(releases.first), 0)
        assert two.bytes_new == size(releases.second, without=releases.first)
        assert two.bytes_new + two.bytes_reused == size(releases.second)
        assert two.bytes_reused > 0

    def test_an_altered_manifest_is_a_transfer_error(self, target: Target, releases: Releases) -> None:
        releases.first.publish(target)
        data = releases.first.manifest.serialise()
        self.alter_manifest(target, FIRST, data.replace(b'"read":40', b'"read":41'))
        with pytest.raises(TransferError, match="manifest") as refused:
            target.manifest(FIRST)
        assert refused.value.exit_code == 3

    @pytest.mark.parametrize("name", ["README.md", "ledger.parquet", "data/train-00000-of-00001.parquet"])
    @pytest.mark.parametrize("damage", ["altered", "shortened", "missing"])
    def test_a_build_that_was_altered_is_not_published(
        self, target: Target, releases: Releases, tmp_path: Path, name: str, damage: str
    ) -> None:
        altered = releases.first.copied(tmp_path / "altered")
        path = altered.folder / name
        data = path.read_bytes()
        path.write_bytes(data[:-1] if damage == "shortened" else data[:99] + b"!" + data[100:])
        if damage == "missing":
            path.unlink()
        with pytest.raises(TransferError):
            altered.publish(target)
        assert target.versions() == []
        releases.first.publish(target)
        assert tree(target.fetch(FIRST)) == tree(releases.first.folder)

    def test_a_published_version_loads(self, target: Target, releases: Releases) -> None:
        releases.second.publish(target)
        answer = load_in_child(target.fetch(SECOND))
        manifest = releases.second.manifest
        columns = next(iter(answer["splits"].values()))
        assert {"id", "text", "added_in"} <= set(columns)
        assert compare(answer, manifest.splits, columns) is None
