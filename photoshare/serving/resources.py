"""Acquire what a start needs: sole use of the data folder, disk space, open files, a port."""

from __future__ import annotations

import fcntl
import resource
import socket
from contextlib import AbstractContextManager
from pathlib import Path

from filelock import FileLock, Timeout

from photoshare.config import LOCK_FILE, PROGRAM, Settings
from photoshare.disk import disk_full_as_error
from photoshare.errors import PhotoshareError, StartError

PROBE_BYTES = 1 << 20  # written and removed at start: less free space than this counts as full


def allow_open_files(wanted: int) -> int:
    """Raise the limit of open files; return the result. Systems begin with 256 or 1024."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if now == resource.RLIM_INFINITY or now >= wanted:
        return wanted
    allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    return allowed


def only_instance(settings: Settings) -> AbstractContextManager[object]:
    """Lock the data folder for this process until the end of the ``with`` block.

    With PostgreSQL, for this process and others that use the same database.
    """
    data = settings.data
    try:
        if settings.is_postgresql:
            return _shared_lock(data / LOCK_FILE)
        return FileLock(data / LOCK_FILE).acquire(timeout=0)
    except (Timeout, BlockingIOError):
        raise StartError(
            f"Another PhotoShare is already running on the data folder {data}. Stop it first, "
            "or give this one a folder of its own with PHOTOSHARE_DATA."
        ) from None
    except OSError as error:
        raise StartError(
            f"The data folder {data} isn't writable ({error.strerror}). "
            "Make the user who runs PhotoShare its owner, or choose another with PHOTOSHARE_DATA."
        ) from error


def _shared_lock(path: Path) -> AbstractContextManager[object]:
    """Lock a file as `FileLock` does, but together with others who do the same."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


def probe_disk(data: Path) -> None:
    """Refuse to start on a full disk.

    Raises
    ------
    StartError
    """
    probe = data / ".probe"
    try:
        with disk_full_as_error():
            probe.write_bytes(bytes(PROBE_BYTES))
    except PhotoshareError as error:
        raise StartError(
            f"The disk of the data folder {data} is full. Free some space, or choose "
            "another folder with PHOTOSHARE_DATA."
        ) from error
    finally:
        probe.unlink(missing_ok=True)


def listen(host: str, port: int) -> socket.socket:
    """Open the port here, so that a port in use gives one sentence and not a traceback."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except (OSError, OverflowError) as error:
        raise StartError(
            f"Port {port} of {host} can't be used ({error}). "
            f"Choose another one, for example: {PROGRAM} {port + 1 if port < 65535 else 8000}"
        ) from error
    return listener
