"""Decode a picture upright, in sRGB, no larger than needed, within a bound of memory."""

from __future__ import annotations

import contextlib
import io
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from photoshare.errors import RejectedPhotoError
from photoshare.pictures.capture_time import UNKNOWN_TIME, FileTime, capture_time_of
from photoshare.pictures.formats import ACCEPTED_FORMATS

ALL_PX = 1 << 30  # for `decode_upright`: keep all pixels, up to `LARGEST_RESULT_PIXELS`
ANY_MEGAPIXELS = 1000  # for a photo that was accepted before, whatever the limit was then
WHITE = (255, 255, 255, 255)
MAX_MEGAPIXELS = 100  # unless the settings say otherwise; phones of 2026 reach 50, some 200
# Pictures that cannot be decoded smaller than this are decoded one at a time: each takes up to
# 400 MB (100 megapixels with alpha) until it is reduced, and the process should stay below 1 GB.
LARGE_PIXELS = 16_000_000
# No result has more: what phones call 50 megapixels. Together with its source pixels it takes
# twice 200 MB; the sides of a larger picture are reduced to a half or a third.
LARGEST_RESULT_PIXELS = 8192 * 6144
_large_decode = threading.Lock()
_WIDE_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")  # more than 8 bits of grey
# How to turn a picture with this EXIF orientation upright; 5 to 8 swap width and height.
TO_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TURNED = (5, 6, 7, 8)
MAX_PROFILE_BYTES = 64_000  # cameras and screens have a few; each thumbnail contains the profile
BAND_ROWS = 64  # of the reduced picture, converted at a time: never all of a large picture

pillow_heif.register_heif_opener()


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """An upright RGB picture, perhaps smaller than the original.

    Attributes
    ----------
    image : Image.Image
        Mode RGB, upright.
    image_format : str
        Pillow's name of the original's format, a key of `formats.FORMATS`.
    width, height : int
        Pixels of the upright original.
    taken : FileTime
        When it was taken, as the file says.
    """

    image: Image.Image
    image_format: str
    width: int
    height: int
    taken: FileTime = UNKNOWN_TIME

    @property
    def scale(self) -> float:
        """Pixels of the original per pixel of `image`, at least 1."""
        return max(self.width, self.height) / max(self.image.size)


def decode_upright(
    path: Path | BinaryIO, *, at_least_px: int, max_megapixels: int = MAX_MEGAPIXELS
) -> DecodedPhoto:
    """Decode a file to its end, turn it upright, and keep no more pixels than needed.

    Parameters
    ----------
    path : Path or binary file
        The original; for an animation, the first frame is used.
    at_least_px : int
        The longer side of the result is at least this, unless `largest_side_px` is less. JPEG is
        decoded at 1/8, 1/4 or 1/2 if that is enough, which saves most of the time and memory;
        other formats are reduced right after decoding.
    max_megapixels : int
        Larger pictures are refused before they are decoded.

    Raises
    ------
    RejectedPhotoError
        If the file is not a picture of an accepted format, is damaged, or is too large.
    """
    with open_picture(path, max_megapixels=max_megapixels) as opened:
        return _decode_opened(opened, at_least_px)


@contextlib.contextmanager
def open_picture(path: Path | BinaryIO, *, max_megapixels: int) -> Iterator[ImageFile]:
    """Open a file, not decoded yet; whatever goes wrong with it in the block refuses it.

    Raises
    ------
    RejectedPhotoError
        As `decode_upright`.
    """
    try:
        with Image.open(path, formats=ACCEPTED_FORMATS) as opened:
            if opened.width * opened.height > max_megapixels * 1_000_000:
                raise _too_large(max_megapixels)
            yield opened
    except RejectedPhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(max_megapixels) from error
    except UnidentifiedImageError as error:
        raise RejectedPhotoError(
            "This file can't be read as a photo. You can add JPEG, PNG, WebP, HEIC, AVIF, "
            "GIF, TIFF and BMP files, and MP4, MOV, WebM and 3GP videos."
        ) from error
    except MemoryError as error:
        raise RejectedPhotoError("This picture needs more memory than the server has.") from error
    # On hostile files, decoders raise more kinds of errors than they document (struct.error,
    # IndexError, SyntaxError, ...), so this one place catches them all and names the first.
    except Exception as error:
        raise RejectedPhotoError("This picture is damaged or incomplete.") from error


def largest_side_px(width: int, height: int) -> int:
    """Return the maximum longer side of a decoded picture: its own, or a half, a third of it."""
    fraction = math.ceil(math.sqrt(width * height / LARGEST_RESULT_PIXELS))
    return max(1, max(width, height) // fraction)


def _decode_opened(opened: ImageFile, at_least_px: int) -> DecodedPhoto:
    width, height = opened.size
    image_format = opened.format or ""
    at_least_px = min(at_least_px, largest_side_px(width, height))
    ratio = min(1.0, at_least_px / max(width, height))
    # For JPEG only; None keeps the mode.
    opened.draft(None, (max(round(width * ratio), 1), max(round(height * ratio), 1)))
    # A progressive JPEG is completely in memory, at 6 bytes per pixel, however small it is decoded.
    is_progressive = "progressive" in opened.info
    decoded_width, decoded_height = (width, height) if is_progressive else opened.size
    is_large = decoded_width * decoded_height > LARGE_PIXELS
    with _large_decode if is_large else contextlib.nullcontext():
        return _load(opened, at_least_px, width, height, image_format)


def _load(
    opened: ImageFile, at_least_px: int, width: int, height: int, image_format: str
) -> DecodedPhoto:
    taken = capture_time_of(opened)  # before decoding: the one of TIFF closes the file
    opened.load()
    # Read after decoding: the decoders of HEIF and TIFF turn the picture and drop the tag.
    orientation = opened.getexif().get(ExifTags.Base.Orientation)
    if orientation in TURNED:
        width, height = height, width
    image = _reduced_rgb(opened, max(max(opened.size) // at_least_px, 1))
    opened.close()  # so that a large one is not in memory a third time, turned
    if orientation in TO_UPRIGHT:
        image = image.transpose(TO_UPRIGHT[orientation])
    return DecodedPhoto(image, image_format, width, height, taken)


def _too_large(max_megapixels: int) -> RejectedPhotoError:
    return RejectedPhotoError(
        "This picture has more than %(number)s megapixels.", number=max_megapixels
    )


def _reduced_rgb(image: Image.Image, factor: int) -> Image.Image:
    """Convert any mode to RGB, with its sides divided by an integer (rounded up).

    Works band by band, so that a picture of 100 megapixels is in memory once, not three times.
    """
    to_rgb = rgb_converter(image)
    width, height = image.size
    if factor == 1 and width * height <= LARGE_PIXELS:
        result = to_rgb(image)
    else:
        result = Image.new("RGB", (-(-width // factor), -(-height // factor)))
        rows = BAND_ROWS * factor
        for top in range(0, height, rows):
            band = image.crop((0, top, width, min(top + rows, height)))
            result.paste(to_rgb(band).reduce(factor), (0, top // factor))
    result.info["icc_profile"] = profile_of_rgb(image)
    return result


def profile_of_rgb(image: Image.Image) -> bytes | None:
    """Return the colour profile for the RGB made from a picture; None for sRGB."""
    # The profile of inks or greys does not describe the RGB made from them.
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA", "P") else None
    return profile if profile and len(profile) <= MAX_PROFILE_BYTES else None


def rgb_converter(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Choose how this picture, or a band of it, becomes RGB with the right colours."""
    if image.mode.startswith("I;16"):
        return lambda band: _eight_bit_grey(band, 0, 65535)
    if image.mode in _WIDE_MODES:
        darkest, brightest = image.getextrema()
        return lambda band: _eight_bit_grey(band, float(darkest), float(brightest))  # type: ignore[arg-type]
    if image.mode == "CMYK" and (inks := _ink_transform(image.info.get("icc_profile"))):
        return inks
    return _on_white if image.has_transparency_data else lambda band: band.convert("RGB")


def _ink_transform(profile: bytes | None) -> Callable[[Image.Image], Image.Image] | None:
    """Make the conversion defined by a profile of inks; None if there is none that works."""
    if not profile:
        return None
    try:
        inks = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        screen = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(inks, screen, "CMYK", "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None  # a damaged profile; the plain conversion is better than no photo
    return lambda band: ImageCms.applyTransform(band, transform) or band.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    with_alpha = image.convert("RGBA")
    white = Image.new("RGBA", image.size, WHITE)
    return Image.alpha_composite(white, with_alpha).convert("RGB")


def _eight_bit_grey(image: Image.Image, darkest: float, brightest: float) -> Image.Image:
    """Scale wide grey to 8 bits; Pillow's own conversion clips everything above 255."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")
    span = (brightest - darkest) or 1.0  # a picture of one colour becomes black
    grey = ((values - darkest) * (255 / span)).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
