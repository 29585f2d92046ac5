"""Staging: a folder of one publisher for what is not finished yet, taken away when its publisher is done or dead."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"


@contextmanager
def staging(root: Path) -> Iterator[Path]:
    """A fresh folder below `root`/.staging; what dead publishers left there is removed first.

    A publisher holds a lock in its folder; the system lets go of it when the process ends, however it ends.
    """
    parent = root / ".staging"
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob("held-*"):
        _remove_if_dead(left)
    # The folder gets the name that others look at only once its lock is held.
    fresh = Path(tempfile.mkdtemp(dir=parent, prefix="new-"))
    folder = fresh.with_name(fresh.name.replace("new-", "held-", 1))
    try:
        with (fresh / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            fresh.rename(folder)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_if_dead(folder: Path) -> None:
    try:
        lock = (folder / LOCK).open("r")
    except OSError:
        # Its publisher is taking it away at this moment.
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Hold a lock that all publishers of a registry share, waiting for it."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
