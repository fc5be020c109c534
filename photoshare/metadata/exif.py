"""Exif: the tags of a TIFF structure, in a block of its own or in a TIFF file.

Tags that are known to be harmless stay where they are; all others go: GPS, serial numbers, the
camera's owner, maker notes (undocumented, some encrypted; most hold serial numbers).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from PIL.ExifTags import Base

from photoshare.metadata.patches import Buffer, Patch, UncleanableError, replace
from photoshare.metadata.text import clean_iim, clean_resources, clean_xmp

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_REMOVED = {
    Base.GPSInfo,
    Base.MakerNote,
    Base.MakerNoteSafety,
    Base.DNGPrivateData,
    Base.CameraOwnerName,
    Base.BodySerialNumber,
    Base.LensSerialNumber,
    Base.CameraSerialNumber,
    Base.RawDataUniqueID,
    Base.OriginalRawFileName,
    Base.OriginalRawFileData,
    Base.ImageHistory,
    Base.PrintImageMatching,
}
# Of a kind of JPEG in TIFF that was given up in 1995: they lead to tables of an unknown size.
_OLD_JPEG = (Base.JpegQTables, Base.JpegDCTables, Base.JpegACTables)
_LERC_PARAMETERS = 50674  # without them the pixels of such a TIFF cannot be decoded
# Pillow's list of the tags of Exif, TIFF and DNG.
KNOWN_TAGS = (frozenset(tag.value for tag in Base) | {_LERC_PARAMETERS}) - _REMOVED
_TABLES = (Base.ExifOffset, Base.ExifInteroperabilityOffset, Base.SubIFDs)
_CLEANERS: dict[int, Callable[[bytes], bytes]] = {
    Base.XMLPacket: clean_xmp,
    Base.IPTCNAA: clean_iim,
    Base.ImageResources: lambda value: clean_resources(value, clean_exif),
}
# Apple documents no serial number in its note, and it tells how bright the picture is to be shown.
_HARMLESS_NOTE = b"Apple iOS\0"
MAX_TABLES = 1000  # a TIFF has one for each page, an Exif block five at most
_EMPTY = b"II*\0\x08\0\0\0\0\0\0\0\0\0"  # a block with no tag


@dataclass(slots=True)
class _Entry:
    """One tag with the place of its value in the block."""

    raw: bytes  # the 12 bytes
    tag: int
    start: int
    stop: int


@dataclass(slots=True)
class TiffStructure:
    """A walk over a TIFF structure: what stays, what goes and what is rewritten.

    Parameters
    ----------
    data : bytes or mmap
        Begins with the TIFF header.

    Raises
    ------
    UncleanableError
        If it is none, or a BigTIFF.
    """

    data: Buffer
    kept: list[tuple[int, int]] = field(default_factory=list)
    removed: list[tuple[int, int]] = field(default_factory=list)
    rewritten: list[tuple[int, bytes]] = field(default_factory=list)  # values, cleaned
    tables: list[tuple[int, bytes]] = field(default_factory=list)  # without the removed tags
    has_hidden_pixels: bool = False  # whose place or size no tag tells
    order: str = "<"
    _seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Walk over all tables."""
        header = bytes(self.data[:8])
        if header[:4] not in (b"II*\0", b"MM\0*") or len(header) < 8:
            raise UncleanableError("no TIFF structure")
        self.order = "<" if header[:2] == b"II" else ">"
        self.kept.append((0, 8))
        following = self._unpack("I", 4)
        while following:
            following = self._walk(following)

    def _unpack(self, code: str, offset: int) -> int:
        return int(struct.unpack_from(self.order + code, self.data, offset)[0])

    def _walk(self, offset: int) -> int:
        """Go through one table; return the offset of the next, or 0."""
        size = len(self.data)
        if offset in self._seen or offset < 8 or offset + 2 > size:
            return 0
        if len(self._seen) >= MAX_TABLES:
            raise UncleanableError("too many tables")
        self._seen.add(offset)
        count = self._unpack("H", offset)
        stop = offset + 2 + 12 * count
        entries = [
            entry
            for at in range(offset + 2, min(stop, size - 11), 12)
            if (entry := self._read_entry(at)) is not None
        ]
        kept = [entry for entry in entries if self._keep(entry)]
        self._keep_pixels(kept)
        following = self._unpack("I", stop) if stop + 4 <= size else 0
        table = struct.pack(self.order + "H", len(kept)) + b"".join(entry.raw for entry in kept)
        table += struct.pack(self.order + "I", following)
        room = min(stop + 4, size) - offset
        self.tables.append((offset, table.ljust(room, b"\0")[:room]))
        return following

    def _read_entry(self, at: int) -> _Entry | None:
        """Read one tag; None where its value lies outside."""
        tag, kind, count = struct.unpack_from(self.order + "HHI", self.data, at)
        size = _SIZES.get(kind, 0) * count
        start = at + 8 if size <= 4 else self._unpack("I", at + 8)
        if kind not in _SIZES or start + size > len(self.data):
            return None
        return _Entry(bytes(self.data[at : at + 12]), tag, start, start + size)

    def _keep(self, entry: _Entry) -> bool:
        """Note what becomes of a tag and its value; return whether it stays."""
        span = (entry.start, entry.stop)
        is_note = entry.tag == Base.MakerNote
        if is_note and self.data[entry.start : entry.stop].startswith(_HARMLESS_NOTE):
            self.kept.append(span)
            return True
        if entry.tag == Base.GPSInfo:
            self._remove_table(self._numbers(entry)[0] if self._numbers(entry) else 0)
        if entry.tag not in KNOWN_TAGS:
            self.removed.append(span)
            return False
        if entry.tag in _TABLES:
            for offset in self._numbers(entry):
                self._walk(offset)
        if entry.tag in _CLEANERS:
            value = bytes(self.data[entry.start : entry.stop])
            self.rewritten.append((entry.start, _CLEANERS[entry.tag](value)))
        self.kept.append(span)
        return True

    def _remove_table(self, offset: int) -> None:
        """Note a table with all of its values as removed."""
        if 8 <= offset <= len(self.data) - 2:
            stop = min(offset + 2 + 12 * self._unpack("H", offset) + 4, len(self.data))
            self.removed.append((offset, stop))
            for at in range(offset + 2, stop - 11, 12):
                if (entry := self._read_entry(at)) is not None:
                    self.removed.append((entry.start, entry.stop))

    def _numbers(self, entry: _Entry) -> list[int]:
        """Read a value as whole numbers."""
        kind, count = struct.unpack_from(self.order + "HI", entry.raw, 2)
        code = {3: "H", 4: "I", 13: "I"}.get(kind)
        if code is None:
            return []
        return list(struct.unpack_from(f"{self.order}{count}{code}", self.data, entry.start))

    def _keep_pixels(self, entries: list[_Entry]) -> None:
        """Note where the thumbnail or the strips of a table lie."""
        values = {entry.tag: entry for entry in entries}
        for offsets, sizes in (
            (Base.JpegIFOffset, Base.JpegIFByteCount),
            (Base.StripOffsets, Base.StripByteCounts),
            (Base.TileOffsets, Base.TileByteCounts),
        ):
            if offsets in values and sizes in values:
                starts, lengths = self._numbers(values[offsets]), self._numbers(values[sizes])
                self.kept += [(at, at + n) for at, n in zip(starts, lengths, strict=False)]
                self.has_hidden_pixels |= len(starts) != len(lengths) or 0 in lengths
            elif offsets in values or sizes in values:
                self.has_hidden_pixels = True
        self.has_hidden_pixels |= any(tag in values for tag in _OLD_JPEG)


def clean_exif(block: bytes) -> bytes:
    """Clean a block of Exif; whatever no harmless tag needs becomes zeros.

    The thumbnail inside is a JPEG of its own; it is cleaned as well.
    """
    prefix = b"Exif\0\0" if block.startswith(b"Exif\0\0") else b""
    data = block[len(prefix) :]
    try:
        tiff = TiffStructure(data)
    except (UncleanableError, struct.error, RecursionError):
        return (prefix + _EMPTY).ljust(len(block), b"\0")[: len(block)]
    cleaned = bytearray(len(data))
    for start, stop in tiff.kept:
        cleaned[start:stop] = data[start:stop]
    for start, stop in tiff.removed:
        stop = min(stop, len(data))
        cleaned[start:stop] = bytes(stop - start)
    for start, content in tiff.rewritten + _thumbnails(tiff) + tiff.tables:
        cleaned[start : start + len(content)] = content
    return prefix + bytes(cleaned)


def _thumbnails(tiff: TiffStructure) -> list[tuple[int, bytes]]:
    from photoshare.metadata.jpeg import clean_jpeg  # which holds Exif, which holds a JPEG ...

    starts_with_jpeg = [
        (start, bytes(tiff.data[start:stop]))
        for start, stop in tiff.kept
        if tiff.data[start : start + 3] == b"\xff\xd8\xff"
    ]
    return [(start, clean_jpeg(content)) for start, content in starts_with_jpeg]


def tiff_patches(data: Buffer) -> Iterator[Patch]:
    """Find what is to be changed in a TIFF file.

    What no kept tag leads to becomes zeros: programs that edit a TIFF leave the old tags behind.

    Raises
    ------
    UncleanableError
        If the structure is damaged, or a BigTIFF, or does not say where all of its pixels lie.
    """
    try:
        tiff = TiffStructure(data)
    except (struct.error, RecursionError) as error:
        raise UncleanableError("a damaged TIFF structure") from error
    if tiff.has_hidden_pixels:
        raise UncleanableError("a TIFF that does not say where its pixels end")
    tables = [(offset, offset + len(content)) for offset, content in tiff.tables]
    for start, stop in _gaps(sorted(tiff.kept + tables), len(data)):
        if bytes(data[start:stop]).strip(b"\0"):
            yield Patch(start, stop)
    for start, stop in tiff.removed:
        yield Patch(start, min(stop, len(data)))
    for start, content in tiff.rewritten + tiff.tables:
        yield from replace(start, bytes(data[start : start + len(content)]), content)


def _gaps(spans: list[tuple[int, int]], end: int) -> Iterator[tuple[int, int]]:
    """List what lies between these spans, which are in order but may overlap."""
    at = 0
    for start, stop in spans:
        if start > at:
            yield at, min(start, end)
        at = max(at, stop)
    if at < end:
        yield at, end
