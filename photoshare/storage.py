"""Store and delete the files of rooms.

In ``rooms/<room id>/``, ``originals/<sha256>`` holds the uploaded bytes, ``derived/`` and
``tiles/`` what can be made again from them, ``incoming/`` and ``pieces/`` unfinished uploads. File
names come from hashes and numbers, never from a client.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock

from photoshare.config import MB
from photoshare.disk import disk_full_as_error, sync, sync_folder
from photoshare.errors import DiskFullError, RejectedPhotoError, WrongOffsetError
from photoshare.geometry import FaceLocation

COPY_BLOCK = 1 << 20  # bytes read at a time
DELETED_PREFIX = ".deleted-"  # of a room's folder while it is being removed
# What a deletion on a full disk writes to the database's log: some 100 KB for a photo, 5 MB for a
# room, whose rows are deleted in portions.
RESERVE_BYTES = 16 << 20
RESERVE_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """An upload on its way in: a temporary file in the room's folder."""

    path: Path
    sha256: str
    size_bytes: int
    crc32: int


class Storage:
    """The files below one data folder.

    Parameters
    ----------
    data : Path
        The data folder; created if it is missing.
    min_free_mb : int
        Uploads are refused when the disk has less free space than this.
    """

    def __init__(self, data: Path, *, min_free_mb: int = 0) -> None:
        self.data = data
        self.min_free_mb = min_free_mb
        self._rooms = str(data / "rooms")
        self._thread_lock = threading.Lock()
        self._process_lock = FileLock(data / "files.lock")
        self._in_hand: set[int] = set()  # the uploads to which a piece is being written

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold while files and rows change together (milliseconds).

        If a photo is uploaded while it is being deleted, the upload is kept whole or comes after,
        whether in other threads or in the command line beside a running server.
        """
        with self._thread_lock, self._process_lock:
            yield

    def room_folder(self, room_id: int) -> Path:
        """Folder of all files of a room."""
        return self.data / "rooms" / str(room_id)

    def original(self, room_id: int, sha256: str) -> Path:
        """File of an uploaded photo, bit for bit."""
        return self.room_folder(room_id) / "originals" / sha256

    def original_size(self, room_id: int, sha256: str) -> int | None:
        """Return the size of an original in bytes; None if it is missing."""
        try:
            return self.original(room_id, sha256).stat().st_size
        except FileNotFoundError:
            return None

    def has_originals(self, room_id: int, sizes: Iterable[tuple[str, int]]) -> bool:
        """Whether all of these originals exist, given by SHA-256 and size in bytes.

        Looks up names in the open folder: a zip asks for 20,000, and full paths would be slow.
        """
        try:
            folder = os.open(self.room_folder(room_id) / "originals", os.O_RDONLY)
        except FileNotFoundError:  # a room without a photo has no folder
            return not any(True for _ in sizes)
        stat = os.stat
        try:
            return all(stat(name, dir_fd=folder).st_size == size for name, size in sizes)
        except FileNotFoundError:
            return False
        finally:
            os.close(folder)

    def original_sizes(self, room_id: int) -> dict[str, int]:
        """Return the size in bytes of every original of a room, by SHA-256."""
        try:
            with os.scandir(self.room_folder(room_id) / "originals") as files:
                return {file.name: file.stat().st_size for file in files}
        except FileNotFoundError:  # a room without a photo has no folder
            return {}

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
        """Copy a stream to a synced file in the room's folder, and remove the file afterwards.

        Raises
        ------
        RejectedPhotoError
            If the stream is empty or longer than ``max_photo_mb``.
        DiskFullError
            If the disk is full, or nearly.
        """
        self.check_free_space()
        folder = self.room_folder(room_id) / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        try:
            with disk_full_as_error(), open(descriptor, "wb") as target:
                checksums = _Checksums()
                _copy(stream, target, checksums, max_bytes=max_photo_mb * MB)
            yield checksums.received(Path(name))
        finally:
            Path(name).unlink(missing_ok=True)

    def piece_file(self, room_id: int, upload_id: int) -> Path:
        """File of an upload in pieces; its length is how much has arrived."""
        return self.room_folder(room_id) / "pieces" / str(upload_id)

    def bytes_in_pieces(self, room_id: int) -> int:
        """Count the bytes that a room's unfinished uploads have stored so far."""
        total = 0
        for path in (self.room_folder(room_id) / "pieces").glob("*"):
            with contextlib.suppress(FileNotFoundError):  # it has just been finished
                total += path.stat().st_size
        return total

    def append_piece(self, target: Path, stream: BinaryIO, *, offset: int, size_bytes: int) -> int:
        """Append a piece to an upload, synced to the disk; return the new length.

        Parameters
        ----------
        target : Path
            From `piece_file`.
        stream : binary file
            The piece, to its end.
        offset : int
            Where the piece begins, according to the sender.
        size_bytes : int
            Length of the complete file; no more is ever written.

        Raises
        ------
        WrongOffsetError
            If the piece does not begin at the end of the file. Nothing is written then.
        RejectedPhotoError
            If it is longer than the rest of the file.
        DiskFullError
            If the disk is full, or nearly. What was written of the piece stays: it is correct.
        """
        self.check_free_space()
        target.parent.mkdir(parents=True, exist_ok=True)
        with disk_full_as_error(), target.open("ab") as file:
            length = file.tell()
            if offset != length:
                raise WrongOffsetError(length)
            while block := stream.read(COPY_BLOCK):
                length += len(block)
                if length > size_bytes:
                    raise RejectedPhotoError("The file is longer than announced.")
                file.write(block)
            file.flush()
            sync(file.fileno())
        return length

    @contextlib.contextmanager
    def alone_with_upload(self, upload_id: int) -> Iterator[None]:
        """Let only one request at a time write to an upload; one process serves a data folder."""
        with self._thread_lock:
            if upload_id in self._in_hand:
                raise WrongOffsetError(0)  # from an abandoned connection; the next try will fit
            self._in_hand.add(upload_id)
        try:
            yield
        finally:
            with self._thread_lock:
                self._in_hand.discard(upload_id)

    def received_in_pieces(self, target: Path) -> ReceivedFile:
        """Hash a file whose last piece has arrived."""
        checksums = _Checksums()
        with target.open("rb") as file:
            while block := file.read(COPY_BLOCK):
                checksums.update(block)
        return checksums.received(target)

    def keep_original(self, room_id: int, received: ReceivedFile) -> None:
        """Move a received file to its final path; a crash leaves all of it or none."""
        target = self.original(room_id, received.sha256)
        with disk_full_as_error():
            self._make_folder(target.parent)
            os.replace(received.path, target)
            sync_folder(target.parent)

    def write_derived(self, target: Path, content: bytes) -> None:
        """Write a derived picture; a crash leaves all of it or none."""
        with disk_full_as_error():
            self._make_folder(target.parent)
            temporary = target.with_name(f".{target.name}.{os.getpid()}.{id(content)}")
            try:
                with temporary.open("wb") as file:
                    file.write(content)
                    file.flush()
                    sync(file.fileno())
                os.replace(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)

    def sync_derived(self, room_id: int) -> None:
        """Make the derived pictures that were written survive a power cut."""
        with disk_full_as_error():
            sync_folder(self.room_folder(room_id) / "derived")

    def delete_photo(self, room_id: int, sha256: str) -> None:
        """Remove the original of a photo and everything made from it."""
        for path in self.room_folder(room_id).glob(f"*/{sha256}-*"):
            path.unlink(missing_ok=True)
        self.original(room_id, sha256).unlink(missing_ok=True)

    def set_room_aside(self, room_id: int) -> None:
        """Rename a room's folder, even while an upload is still writing into it.

        From here on the room is deleted: after a crash, `rooms_set_aside` lists it.
        """
        aside = f"{DELETED_PREFIX}{room_id}-{secrets.token_hex(4)}"
        with contextlib.suppress(FileNotFoundError):  # a room without a photo has no folder
            os.replace(self.room_folder(room_id), self.data / "rooms" / aside)
            sync_folder(self.data / "rooms")

    def rooms_set_aside(self) -> set[int]:
        """List the rooms whose deletion has begun but not finished."""
        names = [path.name for path in (self.data / "rooms").glob(f"{DELETED_PREFIX}*-*")]
        return {int(name.removeprefix(DELETED_PREFIX).split("-")[0]) for name in names}

    def empty_room_set_aside(self, room_id: int) -> None:
        """Remove the files of a room that was set aside, to free their space."""
        for path in (self.data / "rooms").glob(f"{DELETED_PREFIX}{room_id}-*/*"):
            shutil.rmtree(path)

    def forget_room_set_aside(self, room_id: int) -> None:
        """End the deletion of a room whose rows are gone."""
        for folder in (self.data / "rooms").glob(f"{DELETED_PREFIX}{room_id}-*"):
            shutil.rmtree(folder)

    def fill_reserve(self) -> None:
        """Reserve space for deletions on a full disk, or as much of it as is left."""
        path = self.data / "reserve"
        with contextlib.suppress(DiskFullError), disk_full_as_error(), path.open("ab") as file:
            while file.tell() < RESERVE_BYTES:
                # Random, since some file systems allocate no space for zeros.
                file.write(os.urandom(RESERVE_BLOCK))
                file.flush()

    def release_reserve(self) -> None:
        """Release the reserve for a step that frees more space; call `fill_reserve` afterwards."""
        (self.data / "reserve").unlink(missing_ok=True)

    def sweep(
        self,
        known: dict[int, set[str]],
        *,
        is_known: Callable[[int, str], bool],
        older_than: float,
    ) -> int:
        """Remove files without a row: leftovers of a crash.

        Parameters
        ----------
        known : dict of room id to the SHA-256 of its photos
            As they were a moment ago: enough to skip most files.
        is_known : callable
            Called with a room id and a SHA-256 again before a file is removed, while no upload can
            interfere: the pieces of a photo may be older than an hour and its row brand new.
        older_than : float
            Seconds since the epoch; newer files may belong to an upload in progress.

        Returns
        -------
        int
            How many files were removed.
        """
        removed = 0
        for path in (self.data / "rooms").glob("*/*/*"):
            room, kind = path.parts[-3], path.parts[-2]
            if kind == "pieces":  # these may take a day: photoshare.services.photos.uploads
                continue
            room_id = int(room) if room.isdigit() else 0
            sha256 = path.name.split("-")[0]
            if kind != "incoming" and sha256 in known.get(room_id, ()):
                continue
            with contextlib.suppress(FileNotFoundError):  # deleted by its owner meanwhile
                if not path.is_file() or path.stat().st_mtime >= older_than:
                    continue
                with self.locked():
                    if kind == "incoming" or not is_known(room_id, sha256):
                        path.unlink()
                        removed += 1
        return removed

    def old_pieces(self, *, older_than: float) -> Iterator[Path]:
        """List the files of uploads in pieces last written before a time, in seconds since 1970.

        Newer files may belong to an upload that has just begun.
        """
        for path in (self.data / "rooms").glob("*/pieces/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < older_than:
                    yield path

    def check_free_space(self, coming_bytes: int = 0) -> None:
        """Refuse bytes that would leave less free space than ``min_free_mb``.

        Raises
        ------
        DiskFullError
            If the disk is nearly full.
        """
        if not self.has_free_space(coming_bytes):
            raise DiskFullError("The server's disk is almost full. Please tell the host.")

    def has_free_space(self, coming_bytes: int = 0) -> bool:
        """Whether uploads of this size are still accepted."""
        return shutil.disk_usage(self.data).free >= self.min_free_mb * MB + coming_bytes

    def _make_folder(self, folder: Path) -> None:
        """Create a folder of a room so that it survives a power cut."""
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            while folder != self.data:
                folder = folder.parent
                sync_folder(folder)


class _Checksums:
    """Checksums computed while a file is copied, so that it need not be read again."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._crc32 = 0
        self.size_bytes = 0

    def update(self, block: bytes) -> None:
        """Add the next bytes."""
        self._sha256.update(block)
        self._crc32 = zlib.crc32(block, self._crc32)
        self.size_bytes += len(block)

    def received(self, path: Path) -> ReceivedFile:
        """Return the file at this path together with its checksums."""
        return ReceivedFile(path, self._sha256.hexdigest(), self.size_bytes, self._crc32)


def _copy(stream: BinaryIO, target: BinaryIO, checksums: _Checksums, *, max_bytes: int) -> None:
    """Copy a stream block by block, synced to the disk."""
    while block := stream.read(COPY_BLOCK):
        checksums.update(block)
        if checksums.size_bytes > max_bytes:
            raise RejectedPhotoError(
                "The file is larger than %(number)s MB.", number=max_bytes // MB
            )
        target.write(block)
    if checksums.size_bytes == 0:
        raise RejectedPhotoError("The file is empty.")
    target.flush()
    sync(target.fileno())
