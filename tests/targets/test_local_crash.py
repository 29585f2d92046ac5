"""The local registry under a process that dies, and under a disk that fails, at any of its system calls."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from imprint.progress import Silent
from imprint.targets.local import LocalTarget

pytest.register_assert_rewrite("tests.targets.contract")
from tests.targets.contract import FIRST, NAME, Built, Releases, WithReleases  # noqa: E402 - rewritten first
from tests.targets.test_local import assert_whole  # noqa: E402 - rewritten first

PUBLISH = f"""
import sys
from pathlib import Path
from imprint.errors import ImprintError
from imprint.progress import Silent
from imprint.releases.manifest import Manifest
from imprint.targets.local import LocalTarget
registry, folder = map(Path, sys.argv[1:])
manifest = Manifest.parse((folder / "manifest.json").read_bytes())
try:
    LocalTarget(registry, {NAME!r}).publish(folder, manifest, Silent())
except ImprintError as error:
    sys.exit(error.exit_code)
"""

CALLS = {"fsync": "fsync", "link": "link,linkat", "rename": "rename,renameat,renameat2"}
KILLED = {-9, 137}


def publish(registry: Path, built: Built, *options: str) -> subprocess.CompletedProcess[str]:
    """Publish in a process that strace watches."""
    strace = shutil.which("strace")
    assert strace is not None
    return subprocess.run(
        [strace, "-f", "-qq", *options, sys.executable, "-c", PUBLISH, str(registry), str(built.folder)],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@cache
def may_trace() -> bool:
    """Whether strace is here and allowed to inject."""
    strace = shutil.which("strace")
    if strace is None or sys.platform != "linux":
        return False
    probe = [strace, "-f", "-e", "inject=fsync:error=EIO", sys.executable, "-c", "import os; os.fsync(1)"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    return "Input/output error" in done.stderr


@pytest.mark.skipif(not may_trace(), reason="strace is absent or not permitted")
class TestInterruptions(WithReleases):
    def calls(self, registry: Path, built: Built, kind: str) -> int:
        """How many system calls of a kind a publish makes."""
        done = publish(registry, built, "-e", f"trace={CALLS[kind]}")
        assert done.returncode == 0, done.stderr
        return sum(line.count(f"{kind}") > 0 for line in done.stderr.splitlines())

    @pytest.mark.parametrize("kind", CALLS)
    def test_a_process_killed_at_any_call_leaves_the_version_whole_or_absent(
        self, tmp_path: Path, releases: Releases, kind: str
    ) -> None:
        count = self.calls(tmp_path / "counted", releases.first, kind)
        assert count >= 8
        # The first, one among the objects, and the last ones, around the ref.
        for number in (1, 5, count - 3, count - 2, count - 1, count):
            registry = tmp_path / f"{kind}-{number}"
            inject = f"inject={CALLS[kind]}:signal=SIGKILL:when={number}"
            done = publish(registry, releases.first, "-e", inject)
            assert done.returncode in KILLED, done.stderr
            self.whole_or_absent(registry, releases.first)

    @pytest.mark.parametrize("call", ["write", "close"])
    def test_without_hard_links_a_killed_process_does_no_harm_either(
        self, tmp_path: Path, releases: Releases, call: str
    ) -> None:
        without = ["-e", "inject=link,linkat:error=EPERM"]
        registry = tmp_path / "registry"
        ref = registry / NAME / "refs/1.0.0.json"
        inject = f"inject={call}:signal=SIGKILL:when=1"
        publish(registry, releases.first, *without, "-P", str(ref), "-e", inject)
        self.whole_or_absent(registry, releases.first)

    @pytest.mark.parametrize(
        "fault",
        ["fsync:error=EIO:when=1", "fsync:error=EIO:when=10", "write:error=ENOSPC:when=3+", "rename:error=EIO:when=4"],
    )  # fmt: skip
    def test_a_disk_that_fails_is_a_transfer_error_and_publishing_again_finishes(
        self, tmp_path: Path, releases: Releases, fault: str
    ) -> None:
        done = publish(tmp_path, releases.first, "-e", f"inject={fault}")
        assert done.returncode == 3, done.stderr
        assert "Traceback" not in done.stderr
        assert LocalTarget(tmp_path, NAME).versions() == []
        assert releases.first.publish(LocalTarget(tmp_path, NAME)).status == "published"
        assert_whole(tmp_path, releases.first)

    def whole_or_absent(self, registry: Path, built: Built) -> None:
        target = LocalTarget(registry, NAME)
        exists = bool(target.versions())
        assert exists or not target.folder(FIRST).exists()
        if exists:
            assert_whole(registry, built)
        again = target.publish(built.folder, built.manifest, Silent())
        assert again.status == ("unchanged" if exists else "published")
        assert_whole(registry, built)
