"""Zips of which every byte is known beforehand: stored files of known size and checksum.

Any part of such a zip can be made without the parts before it, so a broken download resumes where
it stopped. Pure: knows neither the database nor where the files come from.

Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
"""

from __future__ import annotations

import hashlib
import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import accumulate

from photoshare.services.downloads.sources import Source

_LOCAL, _CENTRAL, _END = 0x04034B50, 0x02014B50, 0x06054B50
_END_64, _END_64_LOCATOR = 0x06064B50, 0x07064B50
_LOCAL_FORMAT, _CENTRAL_FORMAT = "<IHHHIIIIHH", "<IHHHHIIIIHHHHHII"
_LOCAL_SIZE, _CENTRAL_SIZE = struct.calcsize(_LOCAL_FORMAT), struct.calcsize(_CENTRAL_FORMAT)
_VERSION, _VERSION_64 = 20, 45
_MADE_ON_UNIX = 3 << 8
_UTF_8_NAMES = 1 << 11
_STORED = 0
_PLAIN_FILE = 0o100644 << 16
_EXTRA_64 = 1  # header id of the 64-bit sizes and offset
_MAX_16, _MAX_32 = 0xFFFF, 0xFFFFFFFF  # these and larger values go to the 64-bit fields
# Bytes of the 64-bit fields in the directory, by whether the size and the start need 64 bits.
_EXTRA_SIZES = {
    (False, False): 0,
    (False, True): 4 + 8,
    (True, False): 4 + 16,
    (True, True): 4 + 24,
}
_FIRST_YEAR, _LAST_YEAR = 1980, 2107  # of a DOS date


class ZipLayout:
    """A zip of the given files, in this order; the same files give the same bytes.

    Takes 40 bytes of memory per file besides its name, since many downloads of large albums may be
    open at once: headers are made when they are read.

    Parameters
    ----------
    names : sequence of str
        Of the files; each name is unique.
    sizes : sequence of int
        Bytes of their contents.
    checksums : iterable of int
        CRC-32 of their contents.
    moments : iterable of datetime
        When they were taken. The clock time is written unchanged, in steps of two seconds: zips
        have no time zones.
    open_entry : callable
        Opens the content of the file with this number, from 0, when a part of it is read.

    Attributes
    ----------
    size_bytes : int
        Of the whole zip.
    memory_bytes : int
        How much memory it takes, without what `open_entry` needs.
    """

    def __init__(
        self,
        names: Sequence[str],
        sizes: Sequence[int],
        checksums: Iterable[int],
        moments: Iterable[datetime],
        open_entry: Callable[[int], Source],
    ) -> None:
        self.open_entry = open_entry
        encoded = [name.encode() for name in names]
        self._names = b"".join(encoded)
        self._name_stops = array("Q", accumulate(map(len, encoded)))
        self._sizes = array("Q", sizes)
        self._checksums = array("I", checksums)
        self._times = array("I", map(_dos_time, moments))
        parts = [
            _LOCAL_SIZE + len(name) + (20 if size >= _MAX_32 else 0) + size
            for name, size in zip(encoded, sizes, strict=True)
        ]
        # Of every file's part; the last one: of the directory.
        self._starts = array("Q", accumulate(parts, initial=0))
        heads = [
            _CENTRAL_SIZE + len(name) + _EXTRA_SIZES[size >= _MAX_32, start >= _MAX_32]
            for name, size, start in zip(encoded, sizes, self._starts, strict=False)
        ]
        # Of every directory entry; the last one: the directory's end.
        self._places = array("Q", accumulate(heads, initial=self._starts[-1]))
        self._end = self._end_record()
        self.size_bytes = self._places[-1] + len(self._end)
        tables = [self._name_stops, self._sizes, self._checksums, self._times]
        tables += [self._starts, self._places]
        self.memory_bytes = len(self._names) + sum(len(t) * t.itemsize for t in tables)

    def __len__(self) -> int:
        """How many files it has."""
        return len(self._sizes)

    def part_at(self, offset: int) -> tuple[int, int, bytes]:
        """Find what is at an offset.

        Returns
        -------
        number : int
            Of the file whose content is there; -1 if it is a header or the directory.
        within : int
            Offset within that file, else within the bytes that follow.
        head : bytes
            The whole header, directory entry or end record; empty for a file's content.
        """
        if offset < self._starts[-1]:
            number = bisect_right(self._starts, offset) - 1
            within = offset - self._starts[number]
            head = self._local_header(number)
            if within < len(head):
                return -1, within, head
            return number, within - len(head), b""
        if offset < self._places[-1]:
            number = bisect_right(self._places, offset) - 1
            return -1, offset - self._places[number], self._central_header(number)
        return -1, offset - self._places[-1], self._end

    def name(self, number: int) -> str:
        """Return the name of the file with this number, from 0."""
        return self._name(number).decode()

    def digest(self) -> bytes:
        """Return 32 bytes that change with names, sizes, checksums, times and their order."""
        tables = (self._names, self._name_stops, self._sizes, self._checksums, self._times)
        found = hashlib.sha256()
        for table in tables:
            found.update(table)
        return found.digest()

    def entry_bytes(self, number: int) -> int:
        """Return the content size of the file with this number, in bytes."""
        return self._sizes[number]

    def _name(self, number: int) -> bytes:
        start = self._name_stops[number - 1] if number else 0
        return self._names[start : self._name_stops[number]]

    def _local_header(self, number: int) -> bytes:
        name, size = self._name(number), self._sizes[number]
        extra, version = b"", _VERSION
        if size >= _MAX_32:
            extra = struct.pack("<HHQQ", _EXTRA_64, 16, size, size)
            size, version = _MAX_32, _VERSION_64
        fixed = (_LOCAL, version, _UTF_8_NAMES, _STORED, self._times[number])
        sizes = (self._checksums[number], size, size, len(name), len(extra))
        return struct.pack(_LOCAL_FORMAT, *fixed, *sizes) + name + extra

    def _central_header(self, number: int) -> bytes:
        name, size, start = self._name(number), self._sizes[number], self._starts[number]
        # The values that need 64 bits, in the order of the format.
        large = [size] * 2 if size >= _MAX_32 else []
        large += [start] if start >= _MAX_32 else []
        extra, version = b"", _VERSION
        if large:
            extra = struct.pack(f"<HH{len(large)}Q", _EXTRA_64, 8 * len(large), *large)
            version = _VERSION_64
        size, made_by = min(size, _MAX_32), _MADE_ON_UNIX | version
        fixed = (_CENTRAL, made_by, version, _UTF_8_NAMES, _STORED, self._times[number])
        lengths = (self._checksums[number], size, size, len(name), len(extra), 0, 0, 0)
        place = (_PLAIN_FILE, min(start, _MAX_32))
        return struct.pack(_CENTRAL_FORMAT, *fixed, *lengths, *place) + name + extra

    def _end_record(self) -> bytes:
        count = len(self)
        start, stop = self._starts[-1], self._places[-1]
        record = b""
        if count >= _MAX_16 or start >= _MAX_32 or stop - start >= _MAX_32:
            made_by = _MADE_ON_UNIX | _VERSION_64
            head = (_END_64, 44, made_by, _VERSION_64, 0, 0)
            record = struct.pack("<IQHHIIQQQQ", *head, count, count, stop - start, start)
            record += struct.pack("<IIQI", _END_64_LOCATOR, 0, stop, 1)
        count, start = min(count, _MAX_16), min(start, _MAX_32)
        size = min(stop - self._starts[-1], _MAX_32)
        return record + struct.pack("<IHHHHIIH", _END, 0, 0, count, count, size, start, 0)


class ZipSource:
    """A zip opened for reading; keeps one of its files open at a time.

    Parameters
    ----------
    find_layout : callable
        Called for the layout at every read, so that its owner may discard it: an OSError ends the
        reading.
    """

    def __init__(self, find_layout: Callable[[], ZipLayout]) -> None:
        self._find_layout = find_layout
        self._number = -1
        self._source: Source | None = None

    def read_at(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes, at least one unless `offset` is the end."""
        layout = self._find_layout()
        number, within, head = layout.part_at(offset)
        if number < 0:
            return head[within : within + size]
        left = layout.entry_bytes(number) - within
        block = self._open(layout, number).read_at(within, min(size, left))
        if not block:
            raise OSError(f"{layout.name(number)} is shorter than it was")
        return block

    def close(self) -> None:
        """Close the file that is open."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _open(self, layout: ZipLayout, number: int) -> Source:
        if self._source is None or number != self._number:
            self.close()
            self._source = layout.open_entry(number)
            self._number = number
        return self._source


def _dos_time(moment: datetime) -> int:
    """Encode a moment as DOS does: years from 1980 to 2107, in steps of two seconds.

    The date is in the upper 16 bits and the time in the lower ones, which come first in the file.
    """
    if moment.year < _FIRST_YEAR:
        moment = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
    elif moment.year > _LAST_YEAR:
        moment = datetime(_LAST_YEAR, 12, 31, 23, 59, 58, tzinfo=UTC)
    day = (moment.year - _FIRST_YEAR) << 9 | moment.month << 5 | moment.day
    return day << 16 | moment.hour << 11 | moment.minute << 5 | moment.second // 2
