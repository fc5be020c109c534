"""Find out what the colours of a picture mean when no ICC profile tells.

A profile is carried along to the smaller pictures, and browsers convert by it. What else may tell
(cICP of PNG, nclx of HEIC and AVIF, EXIF) would be lost, so those pictures are converted to sRGB.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from typing import IO

from PIL import ExifTags
from PIL.ImageFile import ImageFile

from photoshare.pictures.reading.boxes import nclx_of_avif
from photoshare.pictures.reading.spaces import (
    ADOBE_GAMMA,
    ADOBE_RGB,
    Space,
    gamma_curve,
    space_of_codes,
)

_PNG_HEAD = 8  # bytes before the first chunk
_CICP = b"cICP"
_PIXELS = b"IDAT"
_MOST_CHUNKS = 1000  # before the pixels; real files have ten
_ADOBE_BY_NUMBER = 2  # of EXIF's ColorSpace, as some cameras write it
_UNCALIBRATED = 0xFFFF  # of the same
_ADOBE_BY_OPTION = "R03"  # InteroperabilityIndex of DCF's option file
_INTEROP_INDEX = 1  # tag
_SRGB_GAMMA, _LEAST_GAMMA = 0.45455, 0.1  # of PNG's gAMA: the inverse of a screen's exponent


def space_of(opened: ImageFile) -> Space | None:
    """Return the colour space of a picture; None if it is sRGB, or its profile tells it.

    Reads a few bytes of the file; leaves its position as it was.
    """
    # A photo with damaged metadata is still a photo, whatever its parser makes of it.
    with contextlib.suppress(Exception):
        if opened.format == "PNG":
            return _space_of_png(opened)
        if opened.info.get("icc_profile"):
            return None
        if opened.format == "HEIF":
            nclx = opened.info.get("nclx_profile")
            return nclx and space_of_codes(
                nclx["color_primaries"], nclx["transfer_characteristics"]
            )
        if opened.format == "AVIF" and opened.fp is not None:
            with _unmoved(opened.fp) as file:
                codes = nclx_of_avif(file)
            return codes and space_of_codes(*codes)
        if opened.format in ("JPEG", "MPO", "WEBP") and opened.info.get("exif"):
            return _space_of_exif(opened)
    return None


def _space_of_exif(opened: ImageFile) -> Space | None:
    exif = opened.getexif()
    number = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.ColorSpace)
    is_adobe = number == _ADOBE_BY_NUMBER
    if number == _UNCALIBRATED:
        option = str(exif.get_ifd(ExifTags.IFD.Interop).get(_INTEROP_INDEX, "")).strip("\0 ")
        # Without an option as well: whatever lost its profile was wider than sRGB.
        is_adobe = option in ("", _ADOBE_BY_OPTION)
    return Space(ADOBE_RGB, gamma_curve(ADOBE_GAMMA)) if is_adobe else None


def _space_of_png(opened: ImageFile) -> Space | None:
    """Choose as PNG's specification says: cICP, then the profile, then sRGB, then gAMA."""
    if opened.fp is not None:
        with _unmoved(opened.fp) as file:
            codes = _cicp_of(file)
        if codes is not None:
            opened.info.pop("icc_profile", None)  # which would be wrong for what is converted
            return space_of_codes(*codes, is_png=True)
    if opened.info.get("icc_profile") or "srgb" in opened.info:
        return None
    gamma, places = opened.info.get("gamma"), opened.info.get("chromaticity")
    if not gamma or gamma < _LEAST_GAMMA or (abs(gamma - _SRGB_GAMMA) < 0.01 and not places):
        return None
    sides = (*places[2:8], *places[:2]) if places else None  # PNG begins with white
    sole = space_of_codes(1, 4)
    return sole and Space(sides or sole.chromaticities, gamma_curve(1 / gamma))


def _cicp_of(file: IO[bytes]) -> tuple[int, int] | None:
    file.seek(_PNG_HEAD)
    for _ in range(_MOST_CHUNKS):
        size, kind = struct.unpack(">I4s", file.read(8))
        if kind == _PIXELS:
            break
        if kind == _CICP:
            primaries, transfer = file.read(2)
            return primaries, transfer
        file.seek(size + 4, 1)
    return None


@contextlib.contextmanager
def _unmoved(file: IO[bytes]) -> Iterator[IO[bytes]]:
    at = file.tell()
    try:
        yield file
    finally:
        file.seek(at)
