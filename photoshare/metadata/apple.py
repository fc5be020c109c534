"""Read and clean Apple's maker note: keep how bright to show a picture, not what identifies it.

Tag names are ExifTool's, since Apple documents none.
"""

from __future__ import annotations

import struct

from photoshare.metadata.patches import UncleanableError
from photoshare.metadata.tiff import Policy, TiffStructure
from photoshare.metadata.tiff_writer import write_tables

_NAME = b"Apple iOS\0"
_HEAD = len(_NAME) + 4  # and a version of two bytes, and the byte order
# MakerNoteVersion, HDRImageType, ImageCaptureType, HDRHeadroom, HDRGain. Not ContentIdentifier
# (which identifies the movie of a live photo), BurstUUID, ImageUniqueID, PhotoIdentifier, the time
# since the phone was started, or any unnamed tag.
_POLICY = Policy(kept={0x01, 0x0A, 0x14, 0x21, 0x30})
_CONTENT_ID = Policy(kept={0x11})
MAX_CONTENT_ID = 100  # bytes; a UUID has 36


def clean_apple_note(note: bytes) -> bytes | None:
    """Reduce Apple's maker note to what is needed to show the picture; None for any other note."""
    data = _as_tiff(note)
    if data is None:
        return None
    try:
        tiff = TiffStructure(data, _POLICY)
        if not tiff.is_changed:
            return note
        return write_tables(tiff, note[:_HEAD], None, most=len(note))
    except (UncleanableError, struct.error):
        return None


def find_content_id(note: bytes) -> str | None:
    """Read by which name Apple's maker note calls the two files of a Live Photo; None if none."""
    data = _as_tiff(note)
    if data is None:
        return None
    try:
        tiff = TiffStructure(data, _CONTENT_ID)
    except (UncleanableError, struct.error, RecursionError):
        return None
    values = [data[one.start : one.stop] for table in tiff.tables for one in table.entries]
    if not values or len(values[0]) > MAX_CONTENT_ID:
        return None
    return values[0].rstrip(b"\0").decode("ascii", errors="ignore").strip() or None


def _as_tiff(note: bytes) -> bytes | None:
    """Put a header before Apple's maker note, as a TIFF structure has one; None for other notes."""
    if not note.startswith(_NAME) or len(note) < _HEAD:
        return None
    order = note[_HEAD - 2 : _HEAD]
    magic = {b"MM": b"MM\0*", b"II": b"II*\0"}.get(order)
    if magic is None:
        return None
    # Offsets count from the first byte of the note, so that a header can replace it.
    start = struct.pack(">I" if order == b"MM" else "<I", _HEAD)
    return magic + start + note[8:]
