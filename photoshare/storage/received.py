"""Copy what guests send into a file, and know its checksums when the last byte has arrived."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from photoshare.config import MB
from photoshare.disk import sync
from photoshare.errors import RejectedPhotoError

COPY_BLOCK = 1 << 20  # bytes read at a time


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """An upload on its way in: a temporary file in the room's folder."""

    path: Path
    sha256: str
    size_bytes: int
    crc32: int


@dataclass(frozen=True, slots=True)
class SavedAs:
    """How a browser saves an original that it reads from a bucket."""

    name: str
    mime_type: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers that say so, by RFC 6266 and RFC 8187."""
        return {
            "Content-Type": self.mime_type,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(self.name, safe='')}",
        }


class Checksums:
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


def copy_stream(
    stream: BinaryIO, target: BinaryIO, checksums: Checksums, *, max_bytes: int
) -> None:
    """Copy a stream block by block, synced to the disk.

    Raises
    ------
    RejectedPhotoError
        If the stream is empty or longer than ``max_bytes``.
    """
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


def read_received(path: Path) -> ReceivedFile:
    """Hash a file that is complete."""
    checksums = Checksums()
    with path.open("rb") as file:
        while block := file.read(COPY_BLOCK):
            checksums.update(block)
    return checksums.received(path)
