"""Clean Exif: the tags of a TIFF structure, in an Exif block or in a TIFF file.

Tags known to be harmless stay; all others are removed: locations, names, serial numbers and other
numbers of one device or one picture, and maker notes (undocumented, some encrypted; most contain
serial numbers). Title and description, which people wrote to be read, stay; comments are removed,
since cameras put names and numbers there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from PIL.ExifTags import Base

from photoshare.metadata.apple import clean_apple_note
from photoshare.metadata.containers.segments import SOI, clean_thumbnail
from photoshare.metadata.iptc import clean_iim, clean_resources
from photoshare.metadata.patches import Buffer, Patch, UncleanableError, blank, replace
from photoshare.metadata.tiff import Policy, TiffStructure
from photoshare.metadata.tiff_writer import write_tables
from photoshare.metadata.xmp import clean_xmp

_PLACES = {Base.GPSInfo, Base.Pressure, Base.WaterDepth}  # pressure reveals the altitude
_PEOPLE = {
    *(Base.Artist, Base.Copyright, Base.CameraOwnerName, Base.XPAuthor, Base.XPKeywords),
    *(Base.UserComment, Base.XPComment, Base.DocumentName, Base.PageName, Base.RelatedSoundFile),
    *(Base.SecurityClassification, Base.ImageHistory, Base.TargetPrinter),
    *(Base.ProfileCopyright, Base.PreviewSettingsName),  # of DNG: what someone made for themselves
}
_DEVICES = {
    *(Base.BodySerialNumber, Base.LensSerialNumber, Base.CameraSerialNumber, Base.HostComputer),
    *(Base.MakerNoteSafety, Base.DNGPrivateData, Base.DeviceSettingDescription),
    *(Base.ImageNumber, Base.PrintImageMatching),
}
_PICTURES = {
    *(Base.ImageUniqueID, Base.ImageID, Base.RawDataUniqueID, Base.RawImageDigest),
    *(Base.OriginalRawFileName, Base.OriginalRawFileData, Base.OriginalRawFileDigest),
}
# Of a kind of JPEG in TIFF abandoned in 1995: they point to tables of unknown size.
_OLD_JPEG = {Base.JpegQTables, Base.JpegDCTables, Base.JpegACTables}
_LERC_PARAMETERS = 50674  # without them the pixels of such a TIFF cannot be decoded
# Of DNG up to 1.7, which Pillow doesn't know: how to develop the sensor's values (33422: its
# mosaic). Not the ids of sequences and of parts of a picture.
_NEWER_DNG = {
    *(*range(51089, 51092), *range(51107, 51111), 51112, 51125, *range(51177, 51183)),
    *(33422, 52525, 52526, *range(52529, 52539), 52543, 52544, 52547, 52550, 52551),
    *range(52553, 52556),
}
# Pillow's list of the tags of Exif, TIFF and DNG.
KNOWN_TAGS = (frozenset(tag.value for tag in Base) | {_LERC_PARAMETERS} | _NEWER_DNG) - (
    _PLACES | _PEOPLE | _DEVICES | _PICTURES
)
# Those whose values are words; a number that is a text is a name that was damaged.
_TEXTS = frozenset(
    {
        *(Base.ImageDescription, Base.Make, Base.Model, Base.Software, Base.DateTime),
        *(Base.InkNames, Base.SpectralSensitivity, Base.ExifVersion, Base.FlashPixVersion),
        *(Base.DateTimeOriginal, Base.DateTimeDigitized, Base.LensMake, Base.LensModel),
        *(Base.OffsetTime, Base.OffsetTimeOriginal, Base.OffsetTimeDigitized),
        *(Base.SubsecTime, Base.SubsecTimeOriginal, Base.SubsecTimeDigitized),
        *(Base.InteropIndex, Base.RelatedImageFileFormat, Base.BatteryLevel),
        *(Base.XMLPacket, Base.IPTCNAA, Base.ImageResources, Base.MakerNote),  # cleaned as well
        # Of DNG: the camera's model, and names of profiles, programs and masks.
        *(50708, 50709, 50931, 50932, 50934, 50936, 50942, 50966, 50967, 50968, 50971),
        *(52526, 52552),
    }
)
_EMPTY = b"II*\0\x08\0\0\0\0\0\0\0\0\0"  # a block with no tag


def clean_exif(block: bytes, most: int) -> bytes:
    """Clean an Exif block; return one without tags if it cannot be read.

    Parameters
    ----------
    block : bytes
        Beginning with the TIFF header, or with "Exif" before it.
    most : int
        How many bytes the cleaned block may have: in rare cases more than before.
    """
    prefix = b"Exif\0\0" if block.startswith(b"Exif\0\0") else b""
    data = block[len(prefix) :]
    try:
        tiff = TiffStructure(data, _POLICY)
        is_tidy = not any(data[start:stop].strip(b"\0") for start, stop in _gaps(tiff))
        if is_tidy and not tiff.is_changed:
            return block
        head = data[:4] + bytes(4)
        return prefix + write_tables(tiff, head, 4, most=most - len(prefix))
    except (UncleanableError, struct.error, RecursionError):
        return (prefix + _EMPTY)[:most]


def tiff_patches(data: Buffer) -> Iterator[Patch]:
    """Find the changes to a TIFF file; offsets point everywhere in it, so nothing is moved.

    What no kept tag refers to becomes zeros: programs that edit a TIFF leave old tags behind.

    Raises
    ------
    UncleanableError
        If the structure is damaged, or a BigTIFF, or does not locate all of its pixels.
    """
    try:
        tiff = TiffStructure(data, _POLICY)
    except (struct.error, RecursionError) as error:
        raise UncleanableError("a damaged TIFF structure") from error
    entries = [entry for table in tiff.tables for entry in table.entries]
    if tiff.has_hidden_pixels or any(entry.tag in _OLD_JPEG for entry in entries):
        raise UncleanableError("a TIFF without the end of its pixels")
    _check_tables(tiff)
    yield from _gap_patches(tiff)
    for entry in entries:
        start, stop, content = entry.start, entry.stop, entry.cleaned
        if entry.thumbnail is not None:
            (start, stop), content = entry.pixels[0], entry.thumbnail
        elif entry.tag in (Base.StripOffsets, Base.TileOffsets):
            for part in entry.pixels:
                yield from _strip_patches(data, *part)
        if content is not None:
            yield from replace(start, bytes(data[start:stop]), content.ljust(stop - start, b"\0"))
    for table in tiff.tables:
        raw = b"".join(entry.raw for entry in table.entries)
        content = struct.pack(tiff.order + "H", len(table.entries)) + raw
        content += struct.pack(tiff.order + "I", table.following)
        old = bytes(data[table.start : table.stop])
        yield from replace(table.start, old, content[: len(old)])


def _check_tables(tiff: TiffStructure) -> None:
    """Refuse tables over each other, or over what they point to: one would spoil the other."""
    tables = {(table.start, table.stop) for table in tiff.tables}
    reached = reached_by_table = 0
    for start, stop in tiff.spans():
        is_table = (start, stop) in tables
        if start < (reached if is_table else reached_by_table):
            raise UncleanableError("tables that lie over other parts")
        reached = max(reached, stop)
        reached_by_table = max(reached_by_table, stop if is_table else 0)


def _gap_patches(tiff: TiffStructure) -> Iterator[Patch]:
    """Blank the gaps; cut what was appended, and leave the length of the rest as it is."""
    size = len(tiff.data)
    for start, stop in _gaps(tiff):
        end = stop if stop < size else max(start, *(table.end for table in tiff.tables), 0)
        yield from blank(tiff.data, start, end)
        if bytes(tiff.data[end:stop]).strip(b"\0"):
            yield Patch(end, stop)


def _strip_patches(data: Buffer, start: int, stop: int) -> Iterator[Patch]:
    """Clean a part of a picture that is a JPEG: DNGs have their previews there."""
    if data[start : start + 3] == SOI:
        content = bytes(data[start:stop])
        cleaned = clean_thumbnail(content)
        if not cleaned:
            raise UncleanableError("a part of a picture that begins like a JPEG")
        yield from replace(start, content, cleaned.ljust(len(content), b"\0"))


def _gaps(tiff: TiffStructure) -> Iterator[tuple[int, int]]:
    """List the gaps between the parts that are in use."""
    at, end = 0, len(tiff.data)
    for start, stop in tiff.spans():
        if start > at:
            yield at, min(start, end)
        at = max(at, stop)
    if at < end:
        yield at, end


def _clean_resources(blocks: bytes) -> bytes:
    return clean_resources(blocks, clean_exif)


_POLICY = Policy(
    kept=KNOWN_TAGS,
    texts=_TEXTS,
    tables={Base.ExifOffset, Base.ExifInteroperabilityOffset, Base.SubIFDs},
    cleaners={
        Base.MakerNote: clean_apple_note,
        Base.XMLPacket: clean_xmp,
        Base.IPTCNAA: clean_iim,
        Base.ImageResources: _clean_resources,
    },
)
