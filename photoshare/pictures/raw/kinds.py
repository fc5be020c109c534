"""Tell a RAW file by its bytes: most look like a TIFF, and none may be taken as one."""

from __future__ import annotations

import struct

from PIL.ExifTags import Base

from photoshare.metadata.patches import Buffer, UncleanableError
from photoshare.metadata.tiff import Entry, Policy, Table, TiffStructure
from photoshare.pictures.formats import other_raw

HEAD_BYTES = 16  # that `may_be_raw` needs
_TIFF_HEADS = (b"II*\0", b"MM\0*")
_OWN_HEADS = {b"IIRO": "ORF", b"IIRS": "ORF", b"MMOR": "ORF", b"IIU\0": "RW2"}
_RAF = b"FUJIFILMCCD-RAW"
_CR3 = b"ftypcrx "
_CR2 = b"CR"  # after the header, where the first table of other files may begin
_MAKERS = {b"NIKON": "NEF", b"SONY": "ARW"}
# What the sensor saw: a mosaic of colours, or its linear values; and what only makers write.
_SENSOR: dict[int, set[int]] = {
    Base.PhotometricInterpretation: {32803, 34892},
    Base.Compression: {32767, 34713},
}
_POLICY = Policy(
    kept={
        *(*_SENSOR, Base.Make, Base.DNGVersion, Base.SubIFDs, Base.NewSubfileType),
        *(Base.StripOffsets, Base.StripByteCounts, Base.TileOffsets, Base.TileByteCounts),
    },
    tables={Base.SubIFDs},
)


def may_be_raw(head: bytes) -> bool:
    """Whether a file that begins with these `HEAD_BYTES` may be a RAW file."""
    return (
        head[:4] in _TIFF_HEADS
        or head[:4] in _OWN_HEADS
        or head.startswith(_RAF)
        or head[4:12] == _CR3
    )


def kind_of(data: Buffer) -> str | None:
    """Tell the format of a RAW file, a key of `formats.FORMATS`; None if it is something else.

    Raises
    ------
    RejectedPhotoError
        If it is a RAW file of another camera.
    """
    head = bytes(data[:HEAD_BYTES])
    if head.startswith(_RAF):
        return "RAF"
    if head[4:12] == _CR3:
        return "CR3"
    if head[:4] not in _TIFF_HEADS:
        return _OWN_HEADS.get(head[:4])
    if head[8:10] == _CR2 and head[4:8] != b"\x08\0\0\0":
        return "CR2"
    tiff = raw_structure(data)
    if tiff is None or not tiff.chain:
        return None  # whoever decodes it says what is wrong with it
    told = {entry.tag: entry for entry in tiff.chain[0].entries}
    if Base.DNGVersion in told:
        return "DNG"
    if not any(is_of_sensor(tiff, table) for table in tiff.tables):
        return None
    make = _bytes_of(tiff, told.get(Base.Make)).upper()
    for maker, kind in _MAKERS.items():
        if make.startswith(maker):
            return kind
    raise other_raw()


def raw_structure(data: Buffer) -> TiffStructure | None:
    """Read which pictures a TIFF has, and where; None if it is damaged."""
    try:
        return TiffStructure(data, _POLICY)
    except (UncleanableError, struct.error, RecursionError):
        return None


def is_of_sensor(tiff: TiffStructure, table: Table) -> bool:
    """Whether a table describes what the sensor saw."""
    return any(
        not _SENSOR[entry.tag].isdisjoint(tiff.numbers(entry))
        for entry in table.entries
        if entry.tag in _SENSOR
    )


def _bytes_of(tiff: TiffStructure, entry: Entry | None) -> bytes:
    return b"" if entry is None else bytes(tiff.data[entry.start : entry.stop])
