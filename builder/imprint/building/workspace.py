"""The build folder: one build at a time works in it, and only a whole build leaves its report there."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imprint.building.parts import WorkFolder
from imprint.errors import ConflictError, Place, TransferError

RELEASE = "release"
"""Folder of the release that was built."""

REPORT = "build.json"
"""The build's report: its last file, which says that it is whole."""


@contextmanager
def build_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a build folder, which is created.

    The lock belongs to the process: the system lets it go when the process ends, however it ends.

    Raises:
        ConflictError: another process holds it.
        TransferError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise TransferError(
            f"the build folder cannot be written: {error}", place=Place(str(folder))
        ) from error
    with os.fdopen(handle, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                f"process {file.read().strip() or 'unknown'} is building this project",
                place=Place(str(folder)),
                hint="wait until it has finished",
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def work_folder(folder: Path) -> Iterator[WorkFolder]:
    """A fresh work folder in a build folder that is locked; what a killed build left is taken away.

    Raises:
        TransferError: the disk failed somewhere in the build.
    """
    for left in folder.glob(".work-*"):
        shutil.rmtree(left, ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".work-", ignore_cleanup_errors=True) as name:
            yield WorkFolder(Path(name))
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise TransferError(
            f"the build failed: {error.strerror or error}",
            place=Place(error.filename or str(folder)),
            hint="the disk is full: make room and build again" if full else "mend the cause and build again",
        ) from error


def empty(folder: Path) -> None:
    """Take the last build away, its report first."""
    (folder / REPORT).unlink(missing_ok=True)
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
