"""Keep the zips being downloaded, shared among their readers, within a memory limit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

from photoshare.errors import StorageError
from photoshare.services.downloads.read_ahead import PatientZipSource, Submit
from photoshare.services.downloads.sources import PatientSource, Source
from photoshare.services.downloads.zip_layout import ZipLayout, ZipSource

# Of all zips together. A photo takes 77 bytes and its name: enough for seventeen versions of a room
# of 20,000 photos, each from another moment of the party, or 300-photo albums of 1,100 guests.
MAX_BYTES = 32_000_000
BYTES_OF_ZIP = 2000  # of its objects, besides what grows with its photos


@dataclass(frozen=True, slots=True)
class AlbumZip:
    """An album as a zip whose bytes are all determined before the first is sent.

    Attributes
    ----------
    key : str
        The same for the same album of the same photos.
    layout : ZipLayout
    stamp : str
        64 hexadecimal digits; equal if and only if the bytes are.
    memory_bytes : int
        How much memory its photos take.
    """

    key: str
    layout: ZipLayout
    stamp: str
    memory_bytes: int


class ZipForgottenError(OSError):
    """A zip was evicted; its reader requests the rest again, as after a lost connection."""


class ZipShelf:
    """Keeps the most recently read zips by key; evicting one ends its stalled readers.

    Readers hold only the key, so a thousand stalled downloads take no more than `max_bytes`.

    Parameters
    ----------
    max_bytes : int
        Memory for all zips together; the newest zip is always kept.
    submit : callable, optional
        Opens files that have to be fetched first (`PatientZipSource`).
    """

    def __init__(self, max_bytes: int = MAX_BYTES, *, submit: Submit | None = None) -> None:
        self.building = threading.Lock()  # held while a zip is laid out: the next may be the same
        self._max_bytes = max_bytes
        self._submit = submit
        self._zips: OrderedDict[str, AlbumZip] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self.readers = 0  # open now
        self.bytes_read = 0  # by all readers, ever

    def find(self, key: str) -> AlbumZip | None:
        """Return a zip and mark it as just read."""
        with self._lock:
            if key in self._zips:
                self._zips.move_to_end(key)
            return self._zips.get(key)

    def keep(self, made: AlbumZip) -> None:
        """Put a zip on the shelf, evicting the least recently read ones if needed."""
        with self._lock:
            self._remove(made.key)  # if it is there already
            self._zips[made.key] = made
            self._bytes += made.memory_bytes + BYTES_OF_ZIP
            while len(self._zips) > 1 and self._bytes > self._max_bytes:
                self._remove(next(iter(self._zips)))

    def forget(self, key: str) -> None:
        """Remove a zip from the shelf because its files have changed."""
        with self._lock:
            self._remove(key)

    def _remove(self, key: str) -> None:
        if (removed := self._zips.pop(key, None)) is not None:
            self._bytes -= removed.memory_bytes + BYTES_OF_ZIP

    def count(self, *, readers: int = 0, bytes_read: int = 0) -> None:
        """Add to the counts, for the metrics."""
        with self._lock:
            self.readers += readers
            self.bytes_read += bytes_read

    def open(self, key: str) -> Source:
        """Open a zip for reading; if it is evicted meanwhile, reads raise `ZipForgottenError`."""
        find_layout = partial(_layout_of, self, key)
        if self._submit is None:
            return _Reader(self, key, ZipSource(find_layout))
        return _PatientReader(self, key, PatientZipSource(find_layout, self._submit))


class _Reader:
    """Reads a zip on a shelf."""

    def __init__(self, shelf: ZipShelf, key: str, source: Source) -> None:
        self._shelf, self._key, self._source = shelf, key, source
        shelf.count(readers=1)

    def read_at(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes, at least one unless `offset` is the end."""
        try:
            block = self._source.read_at(offset, size)
        except StorageError as error:
            raise OSError(error.reason) from error  # the reader asks again, as after a break
        except OSError:
            self._shelf.forget(self._key)  # the next reader gets it without the lost file
            raise
        self._shelf.count(bytes_read=len(block))
        return block

    def close(self) -> None:
        """Close the file that is open."""
        self._source.close()
        self._shelf.count(readers=-1)


class _PatientReader(_Reader):
    """Reads a zip on a shelf whose files have to be fetched first."""

    _source: PatientSource

    def is_ready(self, offset: int) -> bool:
        """Whether `read_at` would not wait for a file."""
        try:
            return self._source.is_ready(offset)
        except ZipForgottenError:
            return True  # `read_at` tells


def _layout_of(shelf: ZipShelf, key: str) -> ZipLayout:
    made = shelf.find(key)
    if made is None:
        raise ZipForgottenError("a download stalled for too long, and other zips took its place")
    return made.layout
