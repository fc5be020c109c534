"""Take what guests send onto the local disk, wherever it goes from there, and keep some space."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock

from photoshare.config import MB
from photoshare.disk import disk_full_as_error, sync
from photoshare.errors import DiskFullError, RejectedPhotoError, WrongOffsetError
from photoshare.storage.received import COPY_BLOCK, Checksums, ReceivedFile, copy_stream

# What a deletion on a full disk writes to the database's log: some 100 KB for a photo, 5 MB for a
# room, whose rows are deleted in portions.
RESERVE_BYTES = 16 << 20
RESERVE_BLOCK = 1 << 20  # bytes


class Incoming:
    """Unfinished uploads, the reserve for a full disk, and the lock that every change takes.

    Parameters
    ----------
    data : Path
        The data folder; created if it is missing.
    min_free_mb : int
        Uploads are refused when the disk has less free space than this.

    Attributes
    ----------
    uploads : Path
        The folder of unfinished uploads, by room.
    """

    def __init__(self, data: Path, *, min_free_mb: int = 0) -> None:
        self.data = data
        self.min_free_mb = min_free_mb
        self.uploads = data / "rooms"
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
        folder = self.uploads / str(room_id) / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        try:
            with disk_full_as_error(), open(descriptor, "wb") as target:
                checksums = Checksums()
                copy_stream(stream, target, checksums, max_bytes=max_photo_mb * MB)
            yield checksums.received(Path(name))
        finally:
            Path(name).unlink(missing_ok=True)

    def piece_file(self, room_id: int, upload_id: int) -> Path:
        """File of an upload in pieces; its length is how much has arrived."""
        return self.uploads / str(room_id) / "pieces" / str(upload_id)

    def bytes_in_pieces(self, room_id: int) -> int:
        """Count the bytes that a room's unfinished uploads have stored so far."""
        total = 0
        for path in (self.uploads / str(room_id) / "pieces").glob("*"):
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

    def old_pieces(self, *, older_than: float) -> Iterator[Path]:
        """List the files of uploads in pieces last written before a time, in seconds since 1970.

        Newer files may belong to an upload that has just begun.
        """
        for path in self.uploads.glob("*/pieces/*"):
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
