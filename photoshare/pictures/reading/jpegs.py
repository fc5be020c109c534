"""Read JPEGs that are not quite right as browsers do: their ends, profiles and orientations."""

from __future__ import annotations

import io
import struct
from typing import IO

from PIL import ExifTags
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2

JPEGS = ("JPEG", "MPO")
_PROFILE = b"ICC_PROFILE\0"
_PROFILE_NAME_AT, _PROFILE_NAME = 36, b"acsp"
_EXIF = b"Exif\0\0"
_SHORT = 3  # TIFF's type of 16 bits
_END = b"\xff\xd9"
_SCAN = b"\xff\xda"
# Rows that have to be there of a photo without its end. With less, whoever sent it has lost most of
# it, and should hear that; our choice.
LEAST_SHARE = 0.5
_LAST_COEFFICIENT = 63  # of the 64 of a block


def load(opened: ImageFile) -> None:
    """Decode a picture; of a JPEG that breaks off in its second half, what is there.

    The rest is what the decoder leaves: grey, or the colour before it. That the upload itself did
    not break off is known before: whoever sends a file tells its length first.

    Raises
    ------
    OSError
        If it is damaged, or has less than half of its rows.
    """
    if opened.format not in JPEGS:
        opened.load()
        return
    try:
        opened.load()
    except OSError as error:
        if "truncated" not in str(error) or not _is_worth_showing(opened):
            raise
        _load_to_the_end(opened)


def _is_worth_showing(opened: ImageFile) -> bool:
    """Whether the decode that just failed got far enough: the rows it did not reach are black."""
    if "progressive" in opened.info:
        return opened.fp is not None and _has_all_details(opened.fp)
    drawn = opened.im.getbbox()
    return drawn is not None and drawn[3] >= LEAST_SHARE * opened.height


def _has_all_details(file: IO[bytes]) -> bool:
    """Whether a progressive JPEG breaks off after a scan with the finest details of its light."""
    file.seek(0)
    content = file.read()
    at = content.find(_SCAN)
    while (following := content.find(_SCAN, at + 2)) > 0:
        count, first = content[at + 4], content[at + 5]
        last_coefficient = content[at + 6 + 2 * count]
        if count == 1 and first <= 1 and last_coefficient == _LAST_COEFFICIENT:
            return True
        at = following
    return False


def _load_to_the_end(opened: ImageFile) -> None:
    """Decode once more, with the mark of the end behind the last byte."""
    has_ended = False

    def read(size: int) -> bytes:
        nonlocal has_ended
        content: bytes = opened.fp.read(size) if opened.fp else b""
        if not content and not has_ended:
            has_ended = True
            return _END
        return content

    opened.load_read = read  # type: ignore[attr-defined]
    opened.load()


def mend_profile(opened: ImageFile) -> None:
    """Put the colour profile of a JPEG together if its parts are there twice; drop half of one.

    That of a TIFF goes if it is a text or a number.
    """
    if not isinstance(opened.info.get("icc_profile"), bytes):
        opened.info.pop("icc_profile", None)
    segments = [
        content
        for name, content in getattr(opened, "applist", ())
        if name == "APP2" and content.startswith(_PROFILE)
    ]
    if not segments:
        return
    profile = opened.info.get("icc_profile")
    if profile is None:
        at = len(_PROFILE)
        parts = {segment[at]: segment[at + 2 :] for segment in reversed(segments)}
        if sorted(parts) == list(range(1, segments[0][at + 1] + 1)):
            profile = b"".join(parts[number] for number in sorted(parts))
    opened.info["icc_profile"] = None if _is_cut(profile or b"") else profile


def _is_cut(profile: bytes) -> bool:
    is_one = profile.startswith(_PROFILE_NAME, _PROFILE_NAME_AT)
    return is_one and len(profile) < int.from_bytes(profile[:4])


def exif_orientation(opened: ImageFile) -> int | None:
    """Return the orientation as EXIF tells it, 1 to 8; None without one.

    Pillow would also believe XMP, which programs that turn pictures forget to change, and numbers
    of other types than EXIF's; browsers don't.
    """
    orientation = opened.getexif().get(ExifTags.Base.Orientation)
    exif = opened.info.get("exif")
    is_by_xmp = opened.format in ("PNG", "WEBP") and orientation is not None and _has_xmp(opened)
    if opened.format in JPEGS or is_by_xmp:
        orientation = _orientation_in(exif or b"")
    is_known = isinstance(orientation, int) and 1 <= orientation <= 8
    return orientation if is_known else None


def _has_xmp(opened: ImageFile) -> bool:
    return bool(opened.info.get("xmp") or opened.info.get("XML:com.adobe.xmp"))


def _orientation_in(exif: bytes) -> int | None:
    content = exif.removeprefix(_EXIF)
    try:
        directory = ImageFileDirectory_v2(content[:8])
        file = io.BytesIO(content)
        file.seek(directory.next)
        directory.load(file)
        if directory.tagtype.get(ExifTags.Base.Orientation) != _SHORT:
            return None
        value = directory[ExifTags.Base.Orientation]
    except (SyntaxError, struct.error, KeyError, ValueError, IndexError, TypeError):
        return None  # damaged; the photo is still one
    return value if isinstance(value, int) else None
