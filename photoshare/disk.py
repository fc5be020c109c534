"""What every writer has to know of disks: that they are full, and how bytes survive a power cut."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from photoshare.errors import disk_full_error

BODY_DROPPED = "photoshare.body_dropped"  # in a WSGI environment: no space for what was sent
PROBE_BYTES = 1 << 16  # more than a file system keeps within the entry of a file


def is_disk_full(error: BaseException | None) -> bool:
    """Whether the system says that the disk, or somebody's share of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def has_no_space(folder: Path) -> bool:
    """Whether nothing more can be written to a folder; tries it."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(bytes(PROBE_BYTES))
            sync(file.fileno())
    except OSError as error:
        return is_disk_full(error)
    return False


@contextlib.contextmanager
def disk_full_as_error() -> Iterator[None]:
    """Turn "no space left on device" into a sentence for people."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise disk_full_error() from error
        raise


def sync(descriptor: int) -> None:
    """Bring a file to the disk itself; macOS's fsync leaves it in the drive's cache."""
    if sys.platform == "darwin":
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)
