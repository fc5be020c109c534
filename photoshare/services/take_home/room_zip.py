"""Lay out a room file as a zip of known length, from its pack and the originals."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from photoshare.errors import NotFoundError
from photoshare.services.downloads.clean_originals import Form, open_download
from photoshare.services.downloads.sources import Source
from photoshare.services.downloads.zip_layout import ZipLayout
from photoshare.services.downloads.zip_shelf import AlbumZip, ZipShelf
from photoshare.services.take_home.packs import (
    Pack,
    PackFacts,
    find_pack,
    forget_packs,
    keep_longer,
    newest_pack,
)
from photoshare.services.take_home.room_file import choice_of
from photoshare.storage import Storage

_SHA256_BYTES = 32


def _gone() -> NotFoundError:
    return NotFoundError("This download is no longer there. Please prepare it again.")


class TextSource:
    """A text of a pack, read at any offset."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self._file = path.open("rb")
        self._start, self._size = start, size

    def read_at(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes; fewer only at the end of the text."""
        self._file.seek(self._start + offset)
        return self._file.read(max(0, min(size, self._size - offset)))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _Files:
    """Opens the files of a room file by number; takes 48 bytes of memory per file."""

    def __init__(self, pack: Pack, storage: Storage) -> None:
        self._pack, self._storage = pack, storage
        self._hashes = bytearray()  # zeros for a text
        self._starts, self._sizes = array("Q"), array("Q")  # of texts; zero for an original

    @property
    def memory_bytes(self) -> int:
        """How much memory it takes."""
        return len(self._hashes) + 16 * len(self._starts)

    def add(self, entry: dict[str, Any]) -> None:
        """Add the next file of the zip."""
        self._hashes += bytes.fromhex(entry.get("sha256", "00" * _SHA256_BYTES))
        self._starts.append(entry.get("start", 0))
        self._sizes.append(entry["bytes"])

    def originals(self) -> Iterator[tuple[str, int]]:
        """Yield SHA-256 and size of each original in the zip."""
        for number, size in enumerate(self._sizes):
            if (sha256 := self._sha256(number)) is not None:
                yield sha256, size

    def open(self, number: int) -> Source:
        """Open a file for reading."""
        sha256 = self._sha256(number)
        if sha256 is not None:
            return open_download(self._storage, self._pack.room_id, sha256, Form.EXACT, "")
        keep_longer(self._pack)
        return TextSource(self._pack.texts, self._starts[number], self._sizes[number])

    def _sha256(self, number: int) -> str | None:
        found = self._hashes[number * _SHA256_BYTES : (number + 1) * _SHA256_BYTES]
        return found.hex() if any(found) else None


def lay_out(pack: Pack, storage: Storage) -> AlbumZip:
    """Lay out a room file.

    Raises
    ------
    NotFoundError
        If the pack, or an original that it names, is gone.
    """
    names, checksums, moments = [], array("I"), []
    files = _Files(pack, storage)
    sizes = []
    try:
        with pack.index.open("rb") as index:
            next(index)  # its head
            for line in index:
                entry = json.loads(line)
                files.add(entry)
                names.append(entry["name"])
                sizes.append(entry["bytes"])
                checksums.append(entry["crc32"])
                moments.append(datetime.fromisoformat(entry["moment"]))
    except FileNotFoundError as error:
        raise _gone() from error
    if not storage.has_originals(pack.room_id, files.originals()):
        forget_packs(storage, pack.room_id)  # a photo was deleted since
        raise _gone()
    layout = ZipLayout(names, sizes, checksums, moments, files.open)
    memory = layout.memory_bytes + files.memory_bytes
    return AlbumZip(pack.stamp, layout, pack.stamp, memory)


def find_zip(room_id: int, stamp: str, storage: Storage, shelf: ZipShelf) -> AlbumZip:
    """Take a room file from the shelf, or lay it out.

    Raises
    ------
    NotFoundError
        If the room has no pack with this stamp, or a photo of it is gone.
    """
    pack = find_pack(storage, room_id, stamp)
    if pack is None:
        raise _gone()
    with shelf.building:
        made = shelf.find(stamp)
        if made is None:
            made = lay_out(pack, storage)
            shelf.keep(made)
        return made


def newest_facts(room_id: int, storage: Storage) -> PackFacts | None:
    """Tell of the room file that was prepared or read last; None if there is none."""
    pack = newest_pack(storage, room_id)
    if pack is None:
        return None
    try:
        with pack.index.open("rb") as index:
            head = json.loads(next(index))
    except FileNotFoundError:
        return None
    return PackFacts(pack, choice_of(head["choice"]), head["photo_count"], head["size_bytes"])
