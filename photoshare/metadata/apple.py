"""Clean Apple's maker note: keep how bright to show a picture, remove what identifies it.

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


def clean_apple_note(note: bytes) -> bytes | None:
    """Reduce Apple's maker note to what is needed to show the picture; None for any other note."""
    if not note.startswith(_NAME) or len(note) < _HEAD:
        return None
    order = note[_HEAD - 2 : _HEAD]
    magic = {b"MM": b"MM\0*", b"II": b"II*\0"}.get(order)
    if magic is None:
        return None
    # Offsets count from the first byte of the note, so that a header can replace it.
    start = struct.pack(">I" if order == b"MM" else "<I", _HEAD)
    try:
        tiff = TiffStructure(magic + start + note[8:], _POLICY)
        if not tiff.is_changed:
            return note
        return write_tables(tiff, note[:_HEAD], None, most=len(note))
    except (UncleanableError, struct.error):
        return None
