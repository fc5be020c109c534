"""The zips that are being downloaded, shared among their readers, within a bound of memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

from photoshare.services.downloads.zip_layout import Source, ZipLayout, ZipSource

# Of all zips together. A photo takes 77 bytes and its name: these are seventeen whole rooms of
# 20,000 photos, each at another moment of the party, or albums of 300 photos for 1,100 guests.
MAX_BYTES = 32_000_000
BYTES_OF_ZIP = 2000  # of its objects, beside what grows with its photos


@dataclass(frozen=True, slots=True)
class AlbumZip:
    """An album as a zip, every byte of it known before the first is sent.

    Attributes
    ----------
    key : str
        The same for the same album of the same photos.
    layout : ZipLayout
    stamp : str
        64 hexadecimal digits, the same exactly for the same bytes.
    memory_bytes : int
        How much memory it takes for its photos.
    """

    key: str
    layout: ZipLayout
    stamp: str
    memory_bytes: int


class ZipForgottenError(OSError):
    """A zip had to go from the shelf; its reader asks for the rest anew, as after a broken line."""


class ZipShelf:
    """Keeps zips by key, those that were read last; one that has to go ends its stalled readers.

    Readers hold the key only, so that a thousand stalled downloads take no more than `max_bytes`.

    Parameters
    ----------
    max_bytes : int
        Of memory, for all zips together; the newest zip is kept in any case.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.building = threading.Lock()  # held while one is laid out: the next may be the same
        self._max_bytes = max_bytes
        self._zips: OrderedDict[str, AlbumZip] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def find(self, key: str) -> AlbumZip | None:
        """Return a zip, and count it as read."""
        with self._lock:
            if key in self._zips:
                self._zips.move_to_end(key)
            return self._zips.get(key)

    def keep(self, made: AlbumZip) -> None:
        """Put a zip on the shelf, in place of those that nobody has read for longest."""
        with self._lock:
            self._remove(made.key)  # it may be there
            self._zips[made.key] = made
            self._bytes += made.memory_bytes + BYTES_OF_ZIP
            while len(self._zips) > 1 and self._bytes > self._max_bytes:
                self._remove(next(iter(self._zips)))

    def forget(self, key: str) -> None:
        """Take a zip off the shelf, whose files are not as they were."""
        with self._lock:
            self._remove(key)

    def _remove(self, key: str) -> None:
        if (removed := self._zips.pop(key, None)) is not None:
            self._bytes -= removed.memory_bytes + BYTES_OF_ZIP

    def open(self, key: str) -> Source:
        """Open a zip for reading; it may be forgotten meanwhile, by a `ZipForgottenError`."""
        return _Reader(self, key)


class _Reader:
    """Reads a zip of a shelf."""

    def __init__(self, shelf: ZipShelf, key: str) -> None:
        self._shelf, self._key = shelf, key
        self._source = ZipSource(partial(_layout_of, shelf, key))

    def read_at(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes, at least one unless `offset` is the end."""
        try:
            return self._source.read_at(offset, size)
        except OSError:
            self._shelf.forget(self._key)  # the next reader gets it without what is lost
            raise

    def close(self) -> None:
        """Close the file that is open."""
        self._source.close()


def _layout_of(shelf: ZipShelf, key: str) -> ZipLayout:
    made = shelf.find(key)
    if made is None:
        raise ZipForgottenError("a download stalled for too long, and other zips took its place")
    return made.layout
