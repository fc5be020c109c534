"""Smaller pictures: JPEG and WebP for pages, a placeholder, a face cut out."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable

from PIL import Image, ImageCms

from photoshare.geometry import FaceLocation
from photoshare.pictures.decoding import DecodedPhoto

VIEW_PX = 2000  # longer side: a 12-megapixel JPEG (4000 x 3000) is decoded at half its size for it
# Longer sides of the smaller pictures: a grid on a small and on a sharp screen, a photo on a phone
# and on a desktop. Each is about twice the one before, so that no browser gets far too many pixels.
RENDITION_PX = (320, 640, 1280, VIEW_PX)
# Of a panorama or a long screenshot, the shorter side is at least this share of those, so that no
# thumbnail is a line and no letters are lost: as if it were no longer than three to one.
LEAST_SHORTER_SHARE = 3  # the divisor
MOST_SIDE_PX = 16_000  # WebP has at most 16,383
FACE_CROP_PX = 192  # side: a cover of 96 points at 2 pixels per point
FACE_CROP_MARGIN = 0.35  # of the face's size on every side: hair and chin belong to a portrait
FACE_CROP_LEAST_PX = 160  # of the decode, if the original has them: enlarged by at most 1.2
# Pillow first shrinks by an integer factor, to no less than this many times the wanted size:
# twice as fast, and indistinguishable from the slow way (Pillow's documentation: 2.0 and up).
REDUCING_GAP = 2.0
JPEG_QUALITY = 82  # our choice by eye
# Looks as good, at half the bytes. Method 2 of 6: 73 ms for 2000 pixels and 151 kB; 4, the
# default: 217 ms and 146 kB; AVIF at speed 8: 311 ms and 131 kB (2 cores, a 12-megapixel portrait).
WEBP_QUALITY, WEBP_METHOD = 80, 2
PLACEHOLDER_PX = 20  # longer side of the preview that is shown blurred
PLACEHOLDER_BYTES = 400  # at most: it stands in the page itself
_PLACEHOLDER_QUALITIES = (50, 20, 1)  # of WebP; the last one makes 300 bytes of noise


def longer_side_px(width: int, height: int, side: int) -> int:
    """Return the longer side of a smaller picture; more than `side` for extreme shapes.

    Parameters
    ----------
    width, height : int
        Of the original.
    side : int
        One of `RENDITION_PX`.
    """
    longer, shorter = max(width, height), max(min(width, height), 1)
    if not is_extreme(width, height):
        return min(side, longer)
    return min(math.ceil(shorter_side_px(side) * longer / shorter), longer, MOST_SIDE_PX)


def is_extreme(width: int, height: int) -> bool:
    """Whether a picture is longer than three to one, as panoramas and long screenshots are."""
    return max(width, height) > LEAST_SHORTER_SHARE * min(width, height)


def shorter_side_px(side: int) -> int:
    """Return the least shorter side of a smaller picture, unless the original has less."""
    return math.ceil(side / LEAST_SHORTER_SHARE)


def rendition(image: Image.Image, side: int) -> Image.Image:
    """Return one of a photo's smaller pictures, of the size that `longer_side_px` tells."""
    return smaller(image, longer_side_px(*image.size, side))


def smaller(image: Image.Image, longer_side_px: int) -> Image.Image:
    """Return a copy whose longer side is at most this many pixels."""
    ratio = longer_side_px / max(image.size)
    if ratio >= 1:
        return image.copy()
    width, height = (max(1, round(side * ratio)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)


def to_jpeg(image: Image.Image, *, quality: int = JPEG_QUALITY) -> bytes:
    """Encode an RGB picture as JPEG, without the metadata of the original."""
    buffer = io.BytesIO()
    profile = image.info.get("icc_profile") if image.mode == "RGB" else None
    image.save(
        buffer,
        "JPEG",
        quality=quality,
        progressive=True,
        icc_profile=profile,
        exif=b"",
        comment=b"",
    )
    return buffer.getvalue()


def to_placeholder(image: Image.Image) -> bytes:
    """Encode the colours of an RGB picture as a WebP of `PLACEHOLDER_PX`, under 400 bytes."""
    tiny = _in_srgb(smaller(image, PLACEHOLDER_PX))
    for quality in _PLACEHOLDER_QUALITIES:
        buffer = io.BytesIO()
        tiny.save(buffer, "WEBP", quality=quality, icc_profile=None, exif=b"", xmp=b"")
        if buffer.tell() <= PLACEHOLDER_BYTES:
            break
    return buffer.getvalue()


def _in_srgb(image: Image.Image) -> Image.Image:
    """Convert a small picture by its profile, for which a placeholder has no space."""
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a damaged profile
    return converted or image


def to_webp(image: Image.Image) -> bytes:
    """Encode an RGB picture as WebP, without the metadata of the original."""
    buffer = io.BytesIO()
    image.save(
        buffer,
        "WEBP",
        quality=WEBP_QUALITY,
        method=WEBP_METHOD,
        icc_profile=image.info.get("icc_profile") or b"",
        exif=b"",
        xmp=b"",
    )
    return buffer.getvalue()


def face_crop_px(width: int, height: int, locations: Iterable[FaceLocation]) -> int:
    """Return the longer side at which to decode a photo for `crop_face`: all if a face is small.

    Parameters
    ----------
    width, height : int
        Of the upright original.
    locations : iterable of FaceLocation
        In its pixels; without any, the result is 1.
    """
    needed_px = 1.0
    for top, right, bottom, left in locations:
        crop_px = max(bottom - top, right - left, 1) * (1 + 2 * FACE_CROP_MARGIN)
        share = min(1.0, FACE_CROP_LEAST_PX / crop_px)  # of the original's pixels
        needed_px = max(needed_px, share * max(width, height))
    return math.ceil(needed_px)


def crop_face(photo: DecodedPhoto, location: FaceLocation) -> Image.Image:
    """Cut out the square around a face, with a margin, `FACE_CROP_PX` wide.

    Parameters
    ----------
    photo : DecodedPhoto
    location : FaceLocation
        In pixels of the upright original.
    """
    top, right, bottom, left = (edge / photo.scale for edge in location)
    half = max(bottom - top, right - left) * (0.5 + FACE_CROP_MARGIN)
    x, y = (left + right) / 2, (top + bottom) / 2
    half = min(half, photo.image.width / 2, photo.image.height / 2)
    x = min(max(x, half), photo.image.width - half)
    y = min(max(y, half), photo.image.height - half)
    return photo.image.resize(
        (FACE_CROP_PX, FACE_CROP_PX),
        Image.Resampling.LANCZOS,
        box=(x - half, y - half, x + half, y + half),
    )
