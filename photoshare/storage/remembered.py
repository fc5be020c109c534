"""What is remembered of a bucket: in memory what it has, on the disk what has to go from it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path

from photoshare.disk import disk_full_as_error, sync_folder

LISTINGS = 4  # rooms of which the originals are remembered: 5 MB for one of 20,000 photos


class Listings:
    """The originals of the rooms that were listed last: size in bytes by SHA-256."""

    def __init__(self) -> None:
        self._rooms: OrderedDict[int, dict[str, int]] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, room_id: int, sizes: dict[str, int]) -> None:
        """Keep a listing, and forget the oldest if there are too many."""
        with self._lock:
            self._rooms[room_id] = sizes
            self._rooms.move_to_end(room_id)
            while len(self._rooms) > LISTINGS:
                self._rooms.popitem(last=False)

    def has_all(self, room_id: int, wanted: Iterable[tuple[str, int]]) -> bool:
        """Whether the last listing of a room had all of these, and none has been deleted since."""
        with self._lock:
            known = self._rooms.get(room_id, {})
            return all(known.get(sha256) == size for sha256, size in wanted)

    def change(self, room_id: int, sha256: str, size_bytes: int | None) -> None:
        """Note that an original was added, or deleted (None)."""
        with self._lock:
            known = self._rooms.get(room_id)
            if known is not None and size_bytes is not None:
                known[sha256] = size_bytes
            elif known is not None:
                known.pop(sha256, None)


class ToDelete:
    """Photos whose objects have to be deleted, each an empty file that survives a power cut."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def note(self, photos: Iterable[tuple[int, str]]) -> None:
        """Write photos down, by room and SHA-256."""
        with disk_full_as_error():
            for room_id, sha256 in photos:
                self._file(room_id, sha256).touch()
            sync_folder(self._folder)

    def has(self, room_id: int, sha256: str) -> bool:
        """Whether a photo is written down."""
        return self._file(room_id, sha256).exists()

    def strike(self, room_id: int, sha256: str) -> None:
        """Cross a photo out: it is gone, or needed again."""
        self._file(room_id, sha256).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """List the photos that are written down."""
        for path in list(self._folder.iterdir()):
            room, _, sha256 = path.name.partition("-")
            yield int(room), sha256

    def _file(self, room_id: int, sha256: str) -> Path:
        return self._folder / f"{room_id}-{sha256}"
