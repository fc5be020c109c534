"""Find the picture that a camera put into its RAW file: the largest JPEG, with the RAW's facts.

It is read where it lies; nothing here decodes what the sensor saw (docs/adr/0025-raw-previews.md).
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import BinaryIO

from PIL import Image
from PIL.ExifTags import IFD, Base
from PIL.ImageFile import ImageFile

from photoshare.errors import RejectedPhotoError
from photoshare.metadata.containers.jpeg import clean_jpeg
from photoshare.metadata.containers.segments import (
    APP1,
    MAX_PAYLOAD,
    SOI,
    clean_thumbnail,
    segment_head,
)
from photoshare.metadata.patches import Buffer, UncleanableError
from photoshare.metadata.tiff import Policy, TiffStructure
from photoshare.metadata.tiff_writer import write_tables
from photoshare.pictures.raw.kinds import (
    HEAD_BYTES,
    is_of_sensor,
    kind_of,
    may_be_raw,
    raw_structure,
)

# The longer side. Cameras put in 1600 and more, Adobe's converter 1024, some drones 960; what is
# smaller is a thumbnail of 160 to 640 pixels, on which nobody would find themselves.
MIN_PREVIEW_PX = 900
MOST_JPEGS = 1000  # places in a file that look like one; a RAW file has up to five
_MOST_SEGMENTS = 1000  # before the pixels of one
_END = b"\xff\xd9"
_SOS = 0xDA
_DECODABLE = (0xC0, 0xC1, 0xC2)  # frames; not 0xC3, the lossless one in which RAW data are packed
_NO_SEGMENT = frozenset((*range(0xC0), *range(0xD0, 0xDA)))
_PLAIN = (0, 1, 0x10001)  # NewSubfileType: full, reduced, another reduced one; others are masks
_LONGEST_FACT = 1 << 15  # bytes: of XMP, which may list every stroke of an edit
# What a RAW file says of itself, and Pillow reads from a photo.
_FACTS = Policy(
    kept={
        *(Base.Orientation, Base.Make, Base.Model, Base.DateTime, Base.XMLPacket),
        *(Base.ExifOffset, Base.DateTimeOriginal, Base.DateTimeDigitized, Base.SubsecTime),
        *(Base.SubsecTimeOriginal, Base.SubsecTimeDigitized, Base.OffsetTime),
        *(Base.OffsetTimeOriginal, Base.OffsetTimeDigitized),
        *(Base.GPSInfo, 0x07, 0x1D),  # the time and date of satellites
        *(Base.ColorSpace, Base.ExifInteroperabilityOffset, 0x01),  # sRGB or Adobe RGB
    },
    tables={Base.ExifOffset, Base.GPSInfo, Base.ExifInteroperabilityOffset},
    cleaners={Base.XMLPacket: lambda xmp: xmp if len(xmp) <= _LONGEST_FACT else None},
)
_FACTS_WITHIN = 1 << 20  # bytes, of files whose header has to be exchanged
_OF_RAW = "of_raw"  # in `ImageFile.info`, where a PNG may have any text
# Their JPEG has an Exif block of its own, with everything that the camera knows.
_TOLD_BY_JPEG = ("RAF", "RW2")


@dataclass(frozen=True, slots=True)
class Preview:
    """The JPEG that shows a RAW file.

    Attributes
    ----------
    kind : str
        The RAW file's format, a key of `formats.FORMATS`.
    jpeg : bytes
        With what the RAW file says of itself in its Exif block.
    """

    kind: str
    jpeg: bytes

    def tell(self, opened: ImageFile) -> None:
        """Let the opened JPEG say of which RAW file it is."""
        opened.info[_OF_RAW] = self

    def clean_copy(self) -> bytes:
        """Return the JPEG as guests may get it; nothing, if it can't be cleaned."""
        return clean_jpeg(self.jpeg)


def raw_kind(opened: ImageFile) -> str | None:
    """Return the format of the RAW file that an opened JPEG is of; None if it is of none."""
    preview = opened.info.get(_OF_RAW)
    return preview.kind if isinstance(preview, Preview) else None


def read_preview(file: Path | BinaryIO) -> Preview | None:
    """Read the largest JPEG of a RAW file; None for any other file.

    Raises
    ------
    RejectedPhotoError
        If it is a RAW file of another kind, is incomplete, or has no JPEG of a useful size.
    """
    if isinstance(file, Path):
        with file.open("rb") as stream:
            if not may_be_raw(stream.read(HEAD_BYTES)):
                return None
            return _preview_of(mmap(stream.fileno(), 0, access=ACCESS_READ))
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not may_be_raw(head):
        return None
    data = file.read()
    file.seek(0)
    return _preview_of(data)


def _preview_of(data: Buffer) -> Preview | None:
    kind = kind_of(data)
    if kind is None:
        return None
    found = _of_tables(data) if kind == "DNG" else _anywhere(data)
    largest = max(found, key=lambda jpeg: (jpeg.pixels, jpeg.stop - jpeg.start), default=None)
    if largest is None or largest.longer_side < MIN_PREVIEW_PX:
        raise RejectedPhotoError(
            "This RAW file has no picture in it that is large enough to be shown. "
            "Please add the JPEG of it."
        )
    jpeg = bytes(data[largest.start : largest.stop])
    facts = None if kind in _TOLD_BY_JPEG else _facts_of(data, kind)
    if facts is not None and len(facts) <= MAX_PAYLOAD:
        jpeg = _with_facts(jpeg, facts)
    return Preview(kind, jpeg)


def _with_facts(jpeg: bytes, facts: bytes) -> bytes:
    """Put an Exif block into a JPEG, in place of its own: that of the RAW file counts."""
    plain = clean_thumbnail(jpeg) or jpeg
    return plain[:2] + bytes((0xFF, APP1)) + segment_head(facts) + facts + plain[2:]


@dataclass(frozen=True, slots=True)
class _Jpeg:
    start: int
    stop: int
    pixels: int
    longer_side: int


def _of_tables(data: Buffer) -> Iterator[_Jpeg]:
    """List the JPEGs of a DNG, which says what each of its pictures is.

    Its pixels may be packed as JPEGs, too, and are of no use without the DNG's colours.
    """
    tiff = raw_structure(data)
    if tiff is None:
        return
    for table in tiff.tables:
        parts = [part for entry in table.entries for part in entry.pixels]
        if any(stop > len(data) for _, stop in parts):
            raise RejectedPhotoError("This picture is damaged or incomplete.")
        kinds = [tiff.numbers(e) for e in table.entries if e.tag == Base.NewSubfileType]
        is_plain = all(kind in _PLAIN for numbers in kinds for kind in numbers)
        is_shown = len(parts) == 1 and is_plain and not is_of_sensor(tiff, table)
        if is_shown and (jpeg := _jpeg_at(data, parts[0][0])) is not None:
            yield jpeg


def _anywhere(data: Buffer) -> Iterator[_Jpeg]:
    """List the JPEGs of a file, wherever its maker puts them.

    Some are known only to undocumented maker notes. The segments before the pixels of a JPEG are
    unmistakable: bytes of a sensor don't look like them by accident.
    """
    stop = 0
    for _ in range(MOST_JPEGS):
        start = data.find(SOI, stop)
        if start < 0:
            return
        jpeg = _jpeg_at(data, start)
        if jpeg is not None:
            yield jpeg
        stop = start + len(SOI) if jpeg is None else jpeg.stop


def _jpeg_at(data: Buffer, start: int) -> _Jpeg | None:
    """Read the size of a JPEG that Pillow can decode, and where it ends; None if there is none."""
    if bytes(data[start : start + 3]) != SOI:
        return None
    at, size = start + 2, None
    for _ in range(_MOST_SEGMENTS):
        head = bytes(data[at : at + 9])
        if len(head) < 9 or head[0] != 0xFF or head[1] in _NO_SEGMENT:
            return None
        marker, length = head[1], int.from_bytes(head[2:4])
        if marker in _DECODABLE and head[4] == 8:
            height, width = struct.unpack(">HH", head[5:9])
            size = width, height
        elif marker == _SOS:
            break
        at += 2 + length
    else:
        return None
    if size is None or 0 in size:
        return None
    end = data.find(_END, at)
    stop = len(data) if end < 0 else end + len(_END)
    return _Jpeg(start, stop, size[0] * size[1], max(size))


def _facts_of(data: Buffer, kind: str) -> bytes | None:
    """Read what a RAW file says of itself: orientation, camera, time; None if it can't be read."""
    # As in `capture_time_of`: whatever is wrong with it, the picture is there.
    with contextlib.suppress(Exception):
        return _facts_of_canon(data) if kind == "CR3" else _facts_block(data)
    return None


def _facts_of_canon(data: Buffer) -> bytes:
    """Make one Exif block of the two in the boxes of a CR3."""
    facts, details = Image.Exif(), Image.Exif()
    facts.load(_facts_block(_canon_block(data, b"CMT1")))
    details.load(_facts_block(_canon_block(data, b"CMT2")))
    own = {tag: value for tag, value in details.items() if tag not in _FACTS.tables}
    facts.get_ifd(IFD.Exif).update(own)
    return facts.tobytes()


def _facts_block(data: Buffer) -> bytes:
    order = bytes(data[:2])
    header = {b"II": b"II*\0", b"MM": b"MM\0*"}.get(order, b"")
    if bytes(data[:4]) != header:  # Olympus has its own
        data = header + bytes(data[4:_FACTS_WITHIN])
    facts = TiffStructure(data, _FACTS)
    return b"Exif\0\0" + write_tables(facts, header + bytes(4), 4, most=MAX_PAYLOAD - 6)


def _canon_block(data: Buffer, name: bytes) -> bytes:
    """Find a box of a CR3 that contains a TIFF structure."""
    at = data.find(name, 0, _FACTS_WITHIN)
    if at < 4:
        raise UncleanableError("a CR3 without its facts")
    return bytes(data[at + 4 : at - 4 + int.from_bytes(data[at - 4 : at])])
