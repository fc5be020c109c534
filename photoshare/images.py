"""Pictures: verify by decoding, turn upright, make smaller.

The only module that opens a file as a picture. Pillow and pillow-heif do the decoding; both give
the interpreter lock away meanwhile.
"""

from __future__ import annotations

import contextlib
import io
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from photoshare.errors import RejectedPhotoError
from photoshare.faces.types import FaceLocation

# The allowlist: Pillow never tries another decoder on a guest's file.
ACCEPTED_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "TIFF", "BMP")
MIME_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # what Pillow calls a JPEG with more pictures behind the first
    "PNG": "image/png",
    "WEBP": "image/webp",
    "HEIF": "image/heif",
    "AVIF": "image/avif",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
}
VIEW_PX = 2000  # longer side: a 12-megapixel JPEG (4000 x 3000) is decoded at half its size for it
# Longer sides of the smaller pictures: a grid on a small and on a sharp screen, a photo on a phone
# and on a desktop. Each is about twice the one before, so that no browser gets much too much.
RENDITION_PX = (320, 640, 1280, VIEW_PX)
FACE_CROP_PX = 192  # side: a cover of 96 points at 2 pixels a point
FACE_CROP_MARGIN = 0.35  # of the face's size on every side: hair and chin belong to a portrait
# Pillow first shrinks by a whole number, at no less than this many times the size that is wanted:
# twice as fast, and not to be told from the slow way (Pillow's documentation: 2.0 and up).
REDUCING_GAP = 2.0
JPEG_QUALITY = 82  # our choice by eye
# To the eye as good, at half the bytes. Method 2 of 6: 73 ms for 2000 pixels and 151 kB; 4, the
# default: 217 ms and 146 kB; AVIF at speed 8: 311 ms and 131 kB (2 cores, a 12-megapixel portrait).
WEBP_QUALITY, WEBP_METHOD = 80, 2
ALL_PX = 1 << 30  # for `decode_upright`: no pixel is to be saved
ANY_MEGAPIXELS = 1000  # of a photo that was accepted before, whatever the limit was then
WHITE = (255, 255, 255, 255)
MAX_MEGAPIXELS = 100  # unless the settings say otherwise; phones of 2026 reach 50, some 200
# Pictures that cannot be decoded smaller than this are decoded one at a time: each takes up to
# 400 MB (100 megapixels with alpha) until it is reduced, and the process is to stay below 1 GB.
LARGE_PIXELS = 16_000_000
_large_decode = threading.Lock()
_WIDE_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")  # more than 8 bits of grey
_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap width and height

pillow_heif.register_heif_opener()


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """An upright RGB picture, perhaps smaller than the original.

    Attributes
    ----------
    image : Image.Image
        Mode RGB, upright.
    image_format : str
        Pillow's name of the original's format, a key of `MIME_TYPES`.
    width, height : int
        Pixels of the upright original.
    """

    image: Image.Image
    image_format: str
    width: int
    height: int

    @property
    def scale(self) -> float:
        """Pixels of the original for each pixel of `image`, at least 1."""
        return max(self.width, self.height) / max(self.image.size)


def decode_upright(
    path: Path, *, at_least_px: int, max_megapixels: int = MAX_MEGAPIXELS
) -> DecodedPhoto:
    """Decode a file to its end, turn it upright, and keep no more pixels than needed.

    Parameters
    ----------
    path : Path
        The original; of an animation, the first frame is taken.
    at_least_px : int
        The longer side of the result is at least this, unless the original's is shorter. JPEG is
        decoded at 1/8, 1/4 or 1/2 where that is enough, which saves most of the time and memory;
        other formats are reduced right after decoding.
    max_megapixels : int
        Larger pictures are refused before they are decoded.

    Raises
    ------
    RejectedPhotoError
        If the file is not a picture of an accepted format, is damaged, or is too large.
    """
    try:
        with Image.open(path, formats=ACCEPTED_FORMATS) as opened:
            return _decode_opened(opened, at_least_px, max_megapixels)
    except RejectedPhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RejectedPhotoError(_too_large(max_megapixels)) from error
    except UnidentifiedImageError as error:
        raise RejectedPhotoError(
            "This is not a photo that can be read: JPEG, PNG, WebP, HEIC, AVIF, GIF, TIFF and BMP "
            "files are taken."
        ) from error
    except MemoryError as error:
        raise RejectedPhotoError("The picture needs more memory than the server has.") from error
    # Decoders of hostile files raise more kinds of errors than they document (struct.error,
    # IndexError, SyntaxError, ...), so this one place takes them all and names the first.
    except Exception as error:
        raise RejectedPhotoError("The picture is damaged or incomplete.") from error


def _decode_opened(opened: ImageFile, at_least_px: int, max_megapixels: int) -> DecodedPhoto:
    width, height = opened.size
    if width * height > max_megapixels * 1_000_000:
        raise RejectedPhotoError(_too_large(max_megapixels))
    image_format = opened.format or ""
    ratio = min(1.0, at_least_px / max(width, height))
    # For JPEG only; None keeps the mode.
    opened.draft(None, (max(round(width * ratio), 1), max(round(height * ratio), 1)))
    is_large = opened.size[0] * opened.size[1] > LARGE_PIXELS
    with _large_decode if is_large else contextlib.nullcontext():
        return _load(opened, at_least_px, width, height, image_format)


def _load(
    opened: ImageFile, at_least_px: int, width: int, height: int, image_format: str
) -> DecodedPhoto:
    opened.load()
    # Read after decoding: the decoders of HEIF and TIFF turn the picture and drop the tag.
    if opened.getexif().get(ExifTags.Base.Orientation) in _TURNED:
        width, height = height, width
    factor = max(opened.size) // at_least_px
    reduced = opened.reduce(factor) if factor > 1 and opened.mode in ("RGB", "L") else opened
    return DecodedPhoto(_to_rgb(ImageOps.exif_transpose(reduced)), image_format, width, height)


def _too_large(max_megapixels: int) -> str:
    return f"The picture has more than {max_megapixels} megapixels."


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert any mode to RGB: alpha onto white, wide greys to 8 bits."""
    if image.mode in _WIDE_MODES:
        return _eight_bit_grey(image).convert("RGB")
    if image.mode not in ("RGB", "RGBA", "P"):
        image.info.pop("icc_profile", None)  # it describes inks or greys, not the RGB made of them
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        white = Image.new("RGBA", image.size, WHITE)
        return Image.alpha_composite(white, with_alpha).convert("RGB")
    return image.convert("RGB")


def _eight_bit_grey(image: Image.Image) -> Image.Image:
    """Bring wide grey to 8 bits; Pillow's own conversion cuts everything above 255 off."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray((values >> 8).astype(np.uint8))
    darkest, brightest = float(values.min()), float(values.max())
    span = (brightest - darkest) or 1.0  # of a picture in one colour: it becomes black
    return Image.fromarray(((values - darkest) * (255 / span)).astype(np.uint8))


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
