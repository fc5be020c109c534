"""Apple's maker note: it tells how bright a picture is to be shown, and much that identifies it.

The names of its tags are those that ExifTool gives them; Apple documents none.
"""

from __future__ import annotations

import struct

from photoshare.metadata.patches import UncleanableError
from photoshare.metadata.tiff import Policy, TiffStructure
from photoshare.metadata.tiff_writer import write_tables

_NAME = b"Apple iOS\0"
_HEAD = len(_NAME) + 4  # and a version of two bytes, and the byte order
# MakerNoteVersion, HDRImageType, ImageCaptureType, HDRHeadroom, HDRGain. Not ContentIdentifier,
# which names the movie of a live photo, BurstUUID, ImageUniqueID, PhotoIdentifier, the time since
# the phone was started, nor any tag without a name.
_POLICY = Policy(kept={0x01, 0x0A, 0x14, 0x21, 0x30})


def clean_apple_note(note: bytes) -> bytes | None:
    """Leave of Apple's maker note what is needed to show the picture; None for any other note."""
    if not note.startswith(_NAME) or len(note) < _HEAD:
        return None
    order = note[_HEAD - 2 : _HEAD]
    magic = {b"MM": b"MM\0*", b"II": b"II*\0"}.get(order)
    if magic is None:
        return None
    # Offsets count from the first byte of the note, so that a header can stand in its place.
    start = struct.pack(">I" if order == b"MM" else "<I", _HEAD)
    try:
        tiff = TiffStructure(magic + start + note[8:], _POLICY)
        if not tiff.is_changed:
            return note
        return write_tables(tiff, note[:_HEAD], None, most=len(note))
    except (UncleanableError, struct.error):
        return None
