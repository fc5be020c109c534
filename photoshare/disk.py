"""Detect full disks, sync files so that they survive a power cut, and hash what they hold."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from photoshare.errors import disk_full_error

BODY_DROPPED = "photoshare.body_dropped"  # in a WSGI environment: what to answer instead
PROBE_BYTES = 1 << 16  # more than a file system stores inside a file's own entry


def is_disk_full(error: BaseException | None) -> bool:
    """Whether the error means that the disk, or the user's quota, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def has_no_space(folder: Path) -> bool:
    """Whether a folder has no space left; writes a probe to find out."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(bytes(PROBE_BYTES))
            sync(file.fileno())
    except OSError as error:
        return is_disk_full(error)
    return False


@contextlib.contextmanager
def disk_full_as_error() -> Iterator[None]:
    """Turn "no space left on device" into a `DiskFullError`."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise disk_full_error() from error
        raise


def sync(descriptor: int) -> None:
    """Flush a file to the disk itself; macOS's fsync leaves it in the drive's cache."""
    if sys.platform == "darwin":
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits; reads all of it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)
