"""Read TIFF structures, such as Exif: tables of tags whose values are anywhere in the data.

Only allowed tags are read; the structure can be rewritten with nothing else in it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from PIL.ExifTags import Base

from photoshare.metadata.containers.segments import clean_thumbnail
from photoshare.metadata.patches import Buffer, UncleanableError

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_PIXELS = {  # their offsets, their lengths
    Base.JpegIFOffset: Base.JpegIFByteCount,
    Base.StripOffsets: Base.StripByteCounts,
    Base.TileOffsets: Base.TileByteCounts,
}
_TEXT = 2  # of the types
_WITHIN_ENTRY = 4  # bytes of a value that is in its table
MAX_TABLES = 1000  # a TIFF has one per page, an Exif block at most five
MAX_NUMBERS = 1_000_000  # offsets in one tag; 200 megapixels in tiles of 16 x 16 have 800,000
MAX_TAGS = 100_000  # in all of them, which may lie over each other; a page has about 20


@dataclass(frozen=True, slots=True)
class Policy:
    """The tags of a structure that stay.

    Attributes
    ----------
    kept : collection of int
        The tags that stay.
    texts : collection of int or None
        Those of them that may have a text for a value; None: all.
    tables : collection of int
        Those that point to further tables.
    cleaners : mapping
        For some of them a function that returns the new bytes of the value; None to remove the tag.
    """

    kept: Collection[int]
    texts: Collection[int] | None = None
    tables: Collection[int] = ()
    cleaners: Mapping[int, Callable[[bytes], bytes | None]] = field(default_factory=dict)


@dataclass(slots=True)
class Entry:
    """One tag that stays.

    Attributes
    ----------
    start, stop : int
        The position of its value.
    cleaned : bytes or None
        The new value, if it changes.
    tables : list of Table
        The tables it points to.
    pixels : list of tuple
        The parts of a picture that it points to, as (start, stop).
    thumbnail : bytes or None
        The new content of those, if they are a JPEG.
    """

    tag: int
    kind: int
    raw: bytes  # the 12 bytes in the table
    start: int
    stop: int
    cleaned: bytes | None = None
    tables: list[Table] = field(default_factory=list)
    pixels: list[tuple[int, int]] = field(default_factory=list)
    thumbnail: bytes | None = None


@dataclass(slots=True)
class Table:
    """One table with the tags that stay.

    Attributes
    ----------
    start, stop : int
        Where it is without the others: what is behind that may be of anything.
    end : int
        Where it ended with them.
    entries : list of Entry
    following : int
        Offset of the next table, or 0.
    """

    start: int
    stop: int
    end: int
    entries: list[Entry]
    following: int


@dataclass(slots=True)
class TiffStructure:
    """A walk over a TIFF structure.

    Parameters
    ----------
    data : bytes or mmap
        Begins with the TIFF header.
    policy : Policy

    Attributes
    ----------
    chain : list of Table
        The tables in sequence; the others belong to their entries.
    tables : list of Table
        All of them.
    is_changed : bool
        Whether a tag is removed or a value changes.
    has_hidden_pixels : bool
        Whether there are pixels whose offset or size is not in any tag.

    Raises
    ------
    UncleanableError
        If it is not a TIFF, or a BigTIFF, or has a thousand tables or too many tags.
    struct.error, RecursionError
        If it is damaged.
    """

    data: Buffer
    policy: Policy
    chain: list[Table] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    is_changed: bool = False
    has_hidden_pixels: bool = False
    order: str = "<"
    _seen: set[int] = field(default_factory=set)
    _tags: int = 0

    def __post_init__(self) -> None:
        """Read all tables."""
        header = bytes(self.data[:8])
        if header[:4] not in (b"II*\0", b"MM\0*") or len(header) < 8:
            raise UncleanableError("not a TIFF structure")
        self.order = "<" if header[:2] == b"II" else ">"
        following = self._unpack("I", 4)
        while table := self._walk(following):
            self.chain.append(table)
            following = table.following

    def spans(self) -> list[tuple[int, int]]:
        """List the parts of the data in use, as (start, stop), in order; they may overlap."""
        entries = [entry for table in self.tables for entry in table.entries]
        spans = [(0, 8)] + [(table.start, table.stop) for table in self.tables]
        spans += [(e.start, e.stop) for e in entries if e.stop - e.start > _WITHIN_ENTRY]
        return sorted(spans + [part for entry in entries for part in entry.pixels])

    def numbers(self, entry: Entry) -> list[int]:
        """Read a value as whole numbers."""
        code = {3: "H", 4: "I", 13: "I"}.get(entry.kind)
        if code is None:
            return []
        count = (entry.stop - entry.start) // _SIZES[entry.kind]
        if count > MAX_NUMBERS:
            raise UncleanableError("too many tables or parts of a picture")
        return list(struct.unpack_from(f"{self.order}{count}{code}", self.data, entry.start))

    def _unpack(self, code: str, offset: int) -> int:
        return int(struct.unpack_from(self.order + code, self.data, offset)[0])

    def _walk(self, offset: int) -> Table | None:
        """Read one table; None if there is none, or it was read before."""
        size = len(self.data)
        if offset in self._seen or offset < 8 or offset + 2 > size:
            return None
        if len(self._seen) >= MAX_TABLES:
            raise UncleanableError("too many tables")
        self._seen.add(offset)
        stop = offset + 2 + 12 * self._unpack("H", offset)
        end = min(stop + 4, size)
        table = Table(offset, end, end, [], 0)
        self.tables.append(table)
        self.is_changed |= stop > size  # its end cannot be read
        places = range(offset + 2, min(stop, size - 11), 12)
        self._tags += len(places)
        if self._tags > MAX_TAGS:
            raise UncleanableError("too many tags")
        for at in places:
            entry = self._read_entry(at)
            if entry is not None and self._keep(entry):
                table.entries.append(entry)
        self._find_pixels(table.entries)
        table.entries = self._clean_thumbnail(table.entries)
        table.following = self._unpack("I", stop) if stop + 4 <= size else 0
        table.stop = min(offset + 2 + 12 * len(table.entries) + 4, end)
        return table

    def _read_entry(self, at: int) -> Entry | None:
        """Read one tag; None if it is to be removed, or its value is outside the data."""
        tag, kind, count = struct.unpack_from(self.order + "HHI", self.data, at)
        texts = self.policy.texts
        if tag not in self.policy.kept or (
            kind == _TEXT and texts is not None and tag not in texts
        ):
            self.is_changed = True
            return None
        size = _SIZES.get(kind, 0) * count
        start = at + 8 if size <= _WITHIN_ENTRY else self._unpack("I", at + 8)
        if kind not in _SIZES or start + size > len(self.data):
            return None
        return Entry(tag, kind, bytes(self.data[at : at + 12]), start, start + size)

    def _keep(self, entry: Entry) -> bool:
        """Examine the value of a tag; return whether it stays."""
        if entry.tag in self.policy.tables:
            entry.tables = [
                table for offset in self.numbers(entry) if (table := self._walk(offset))
            ]
            return bool(entry.tables)
        clean = self.policy.cleaners.get(entry.tag)
        if clean is None:
            return True
        value = bytes(self.data[entry.start : entry.stop])
        cleaned = clean(value)
        if cleaned != value:
            self.is_changed = True
            entry.cleaned = cleaned
        return cleaned is not None

    def _find_pixels(self, entries: list[Entry]) -> None:
        """Record the positions of a table's thumbnail or strips."""
        values = {entry.tag: entry for entry in entries}
        for offsets, sizes in _PIXELS.items():
            if offsets in values and sizes in values:
                starts, lengths = self.numbers(values[offsets]), self.numbers(values[sizes])
                parts = [(at, at + n) for at, n in zip(starts, lengths, strict=False)]
                values[offsets].pixels = parts
                self.has_hidden_pixels |= len(starts) != len(lengths) or 0 in lengths
            elif offsets in values or sizes in values:
                self.has_hidden_pixels = True

    def _clean_thumbnail(self, entries: list[Entry]) -> list[Entry]:
        """Clean the JPEG in a table; remove one that cannot be read, together with its tags."""
        for entry in entries:
            if entry.tag == Base.JpegIFOffset and entry.pixels:
                start, stop = entry.pixels[0]
                content = bytes(self.data[start:stop])
                entry.thumbnail = clean_thumbnail(content)
                self.is_changed |= entry.thumbnail != content
                if not entry.thumbnail:
                    both = (Base.JpegIFOffset, Base.JpegIFByteCount)
                    return [kept for kept in entries if kept.tag not in both]
        return entries
