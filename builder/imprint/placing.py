"""Placing: the same bytes under another name, as a hard link where the file system has them."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV, errno.EMLINK, errno.EACCES})
"""What a file system answers that has no hard link to give; any other error is one."""


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name; a file that stands there is replaced.

    Raises:
        OSError: neither a link nor a copy could be made.
    """
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        shutil.copyfile(source, target)
        sync(target)
        target.chmod(0o444)


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power failure."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
