"""Where the bytes of a room lie, and how they get there and go away.

``rooms/<room id>/originals/<sha256>`` holds the uploaded bytes, ``rooms/<room id>/derived/`` what
can be made from them again. Names come from hashes and numbers, never from a client.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock

from photoshare.errors import DiskFullError, RejectedPhotoError
from photoshare.faces.types import FaceLocation

COPY_BLOCK = 1 << 20  # bytes read at a time
DELETED_PREFIX = ".deleted-"  # of a room's folder while it is being removed
MB = 1_000_000  # bytes, as disks and phones count


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """An upload on its way in: a temporary file in the room's folder."""

    path: Path
    sha256: str
    size_bytes: int


class Storage:
    """The files below one data folder.

    Parameters
    ----------
    data : Path
        The data folder; made if it is not there.
    min_free_mb : int
        Uploads are refused when the disk has less free space than this.
    """

    def __init__(self, data: Path, *, min_free_mb: int = 0) -> None:
        self.data = data
        self.min_free_mb = min_free_mb
        self._thread_lock = threading.Lock()
        self._process_lock = FileLock(data / "files.lock")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold while files and rows change together (milliseconds).

        An upload of the very photo that is being deleted is then kept whole or comes after, in
        other threads and in the command line beside a running server alike.
        """
        with self._thread_lock, self._process_lock:
            yield

    def room_folder(self, room_id: int) -> Path:
        """Folder of everything of a room."""
        return self.data / "rooms" / str(room_id)

    def original(self, room_id: int, sha256: str) -> Path:
        """File of an uploaded photo, bit for bit."""
        return self.room_folder(room_id) / "originals" / sha256

    def derivative(self, room_id: int, sha256: str, variant: str) -> Path:
        """File of something made from a photo, such as ``640.webp``."""
        return self.room_folder(room_id) / "derived" / f"{sha256}-{variant}"

    def face_crop(self, room_id: int, sha256: str, location: FaceLocation) -> Path:
        """File of the small square picture of one face."""
        where = "-".join(str(edge) for edge in location)
        return self.room_folder(room_id) / "derived" / f"{sha256}-face-{where}.jpg"

    @contextlib.contextmanager
    def receive(
        self, room_id: int, stream: BinaryIO, *, max_photo_mb: int
    ) -> Iterator[ReceivedFile]:
        """Copy a stream into the room's folder, synced to the disk, and remove it afterwards.

        Raises
        ------
        RejectedPhotoError
            If the stream is empty or longer than ``max_photo_mb``.
        DiskFullError
            If the disk is full, or nearly.
        """
        self._check_free_space()
        folder = self.room_folder(room_id) / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        try:
            with disk_full_as_error(), open(descriptor, "wb") as target:
                sha256, size = _copy(stream, target, max_bytes=max_photo_mb * MB)
            yield ReceivedFile(Path(name), sha256, size)
        finally:
            Path(name).unlink(missing_ok=True)

    def keep_original(self, room_id: int, received: ReceivedFile) -> None:
        """Move a received file to its final place; a crash leaves it whole or not there at all."""
        target = self.original(room_id, received.sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(received.path, target)
        _sync_folder(target.parent)

    def write_derived(self, target: Path, content: bytes) -> None:
        """Write a derived picture; a crash leaves it whole or not there at all."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with disk_full_as_error():
            temporary = target.with_name(f".{target.name}.{os.getpid()}.{id(content)}")
            try:
                temporary.write_bytes(content)
                os.replace(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)

    def delete_photo(self, room_id: int, sha256: str) -> None:
        """Remove the original of a photo and everything made from it."""
        for path in (self.room_folder(room_id) / "derived").glob(f"{sha256}-*"):
            path.unlink(missing_ok=True)
        self.original(room_id, sha256).unlink(missing_ok=True)

    def delete_room(self, room_id: int) -> None:
        """Remove every file of a room, also while an upload still writes into its folder."""
        aside = self.data / "rooms" / f"{DELETED_PREFIX}{room_id}-{secrets.token_hex(4)}"
        with contextlib.suppress(FileNotFoundError):  # a room without a photo has no folder
            os.replace(self.room_folder(room_id), aside)
            shutil.rmtree(aside, ignore_errors=True)  # what is left, the sweep removes

    def sweep(self, known: dict[int, set[str]], *, older_than: float) -> int:
        """Remove the files that no row knows: leftovers of a crash.

        Parameters
        ----------
        known : dict of room id to the SHA-256 of its photos
        older_than : float
            Seconds since the epoch; newer files may belong to an upload that is under way.

        Returns
        -------
        int
            How many files were removed.
        """
        removed = 0
        for folder in (self.data / "rooms").glob(f"{DELETED_PREFIX}*"):
            shutil.rmtree(folder, ignore_errors=True)
        for path in (self.data / "rooms").glob("*/*/*"):
            room, kind = path.parts[-3], path.parts[-2]
            sha256 = path.name.split("-")[0]
            is_known = room.isdigit() and sha256 in known.get(int(room), set())
            with contextlib.suppress(FileNotFoundError):  # deleted by its owner meanwhile
                is_leftover = kind == "incoming" or not is_known
                if is_leftover and path.is_file() and path.stat().st_mtime < older_than:
                    path.unlink()
                    removed += 1
        return removed

    def _check_free_space(self) -> None:
        if shutil.disk_usage(self.data).free < self.min_free_mb * MB:
            raise DiskFullError("The server's disk is nearly full; please tell the host.")


@contextlib.contextmanager
def disk_full_as_error() -> Iterator[None]:
    """Turn "no space left on device" into a sentence for people."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError("The server's disk is full; please tell the host.") from error
        raise


def _copy(stream: BinaryIO, target: BinaryIO, *, max_bytes: int) -> tuple[str, int]:
    """Copy a stream block by block; return its SHA-256 and size."""
    digest = hashlib.sha256()
    size = 0
    while block := stream.read(COPY_BLOCK):
        size += len(block)
        if size > max_bytes:
            raise RejectedPhotoError(f"The file is larger than {max_bytes // MB} MB.")
        digest.update(block)
        target.write(block)
    if size == 0:
        raise RejectedPhotoError("The file is empty.")
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest(), size


def _sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut (not possible on Windows)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
