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
from photoshare.metadata.apple import find_content_id
from photoshare.pictures.capture_time import (
    UNKNOWN_CAMERA,
    UNKNOWN_TIME,
    Camera,
    FileTime,
    camera_of,
    capture_time_of,
)
from photoshare.pictures.formats import ACCEPTED_FORMATS, other_raw
from photoshare.pictures.raw.previews import raw_kind, read_preview
from photoshare.pictures.reading import jpegs, memory
from photoshare.pictures.reading.colours import space_of
from photoshare.pictures.reading.deep_heif import DeepHeif, deep_of
from photoshare.pictures.reading.jpeg_planes import JpegPlanes, planes_of
from photoshare.pictures.reading.png_bands import PngBands, bands_of
from photoshare.pictures.reading.spaces import Space

ALL_PX = 1 << 30  # for `decode_upright`: keep all pixels, up to `LARGEST_RESULT_PIXELS`
MOST_MEGAPIXELS = 250  # that the settings allow
ANY_MEGAPIXELS = 1000  # for a photo that was accepted before, whatever the limit was then
WHITE = (255, 255, 255)
MAX_MEGAPIXELS = 200  # unless the settings say otherwise; the sensors of some phones have as many
# Pictures that cannot be decoded smaller than this are decoded one at a time: each takes up to
# 400 MB (100 megapixels with alpha) until it is reduced, and the process should stay below 1 GB.
LARGE_PIXELS = 16_000_000
# No result has more: what phones call 50 megapixels. Together with its source pixels it takes
# twice 200 MB; the sides of a larger picture are reduced to a half or a third.
LARGEST_RESULT_PIXELS = 8192 * 6144
# A JPEG with more is decoded by FFmpeg where all of them are needed: 4 bytes each are too many.
MOST_WHOLE_PIXELS = 100_000_000
# Of a picture with more than that: a gradient as AVIF has 2800, a bomb of one colour 8000.
MOST_PIXELS_OF_BYTE = 4000
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
_PREVIEW_FORMATS = ("JPEG",)
BAND_ROWS = 64  # of the reduced picture, converted at a time: never all of a large picture
BAND_PIXELS = 4_000_000  # of the original, at most, if these are more than one row

pillow_heif.register_heif_opener()
# `open_picture` has the bound, which is a setting. Pillow refuses twice as many pixels as this.
Image.MAX_IMAGE_PIXELS = MOST_MEGAPIXELS * 1_000_000


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
    camera : Camera
        With what it was taken, as the file says.
    content_id : str or None
        By which Apple names the two files of one Live Photo.
    """

    image: Image.Image
    image_format: str
    width: int
    height: int
    taken: FileTime = UNKNOWN_TIME
    camera: Camera = UNKNOWN_CAMERA
    content_id: str | None = None

    @property
    def scale(self) -> float:
        """Pixels of the original per pixel of `image`, at least 1."""
        return max(self.width, self.height) / max(self.image.size)


def decode_upright(
    path: Path | BinaryIO,
    *,
    at_least_px: int,
    shorter_at_least_px: int = 0,
    max_megapixels: int = MAX_MEGAPIXELS,
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
    shorter_at_least_px : int
        The same for the shorter side.
    max_megapixels : int
        Larger pictures are refused before they are decoded.

    Raises
    ------
    RejectedPhotoError
        If the file is not a picture of an accepted format, is damaged, or is too large.
    """
    with open_picture(path, max_megapixels=max_megapixels) as opened:
        shorter_share = min(opened.size) / max(opened.size)
        for_shorter_px = math.ceil(shorter_at_least_px / shorter_share)
        return _decode_opened(opened, max(at_least_px, for_shorter_px))


@contextlib.contextmanager
def open_picture(path: Path | BinaryIO, *, max_megapixels: int) -> Iterator[ImageFile]:
    """Open a file, not decoded yet; whatever goes wrong with it in the block refuses it.

    Raises
    ------
    RejectedPhotoError
        As `decode_upright`.
    """
    wanted_bytes = memory.wanted_before_opening(path)
    try:
        preview = read_preview(path)
        source = path if preview is None else io.BytesIO(preview.jpeg)
        formats = ACCEPTED_FORMATS if preview is None else _PREVIEW_FORMATS
        with Image.open(source, formats=formats) as opened:
            if opened.width * opened.height > max_megapixels * 1_000_000:
                raise _too_large(max_megapixels)
            if preview is not None:
                preview.tell(opened)
            elif opened.format == "TIFF" and ExifTags.Base.DNGVersion in opened.getexif():
                raise other_raw()  # in a BigTIFF
            _check_for_bomb(opened)
            jpegs.mend_profile(opened)
            wanted_bytes = memory.wanted_bytes(opened)
            yield opened
    except RejectedPhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(max_megapixels) from error
    except UnidentifiedImageError as error:
        raise RejectedPhotoError(
            "This file can't be read as a photo. You can add JPEG, PNG, WebP, HEIC, AVIF, "
            "GIF, TIFF and BMP files, the RAW files DNG, CR2, CR3, NEF, ARW, RAF, ORF and RW2, and "
            "MP4, MOV, WebM and 3GP videos."
        ) from error
    # On hostile files, decoders raise more kinds of errors than they document (struct.error,
    # IndexError, SyntaxError, ...), so this one place catches them all and names the first.
    except Exception as error:
        if isinstance(error, MemoryError) or memory.is_short_of(wanted_bytes):
            raise memory.too_little() from error
        raise RejectedPhotoError("This picture is damaged or incomplete.") from error


def largest_side_px(width: int, height: int) -> int:
    """Return the maximum longer side of a decoded picture: its own, or a half, a third of it."""
    fraction = math.ceil(math.sqrt(width * height / LARGEST_RESULT_PIXELS))
    return max(1, max(width, height) // fraction)


def _decode_opened(opened: ImageFile, at_least_px: int) -> DecodedPhoto:
    width, height = opened.size
    image_format = raw_kind(opened) or opened.format or ""
    at_least_px = min(at_least_px, largest_side_px(width, height))
    # A progressive JPEG is completely in memory, at 3 to 6 bytes per pixel, however small it is
    # decoded; of the largest, that leaves no space for more than a quarter of their sides.
    is_progressive = "progressive" in opened.info
    if is_progressive and width * height > MOST_WHOLE_PIXELS:
        at_least_px = min(at_least_px, max(width, height) // 4)
    ratio = min(1.0, at_least_px / max(width, height))
    draft(opened, (max(round(width * ratio), 1), max(round(height * ratio), 1)))
    decoded_width, decoded_height = (width, height) if is_progressive else opened.size
    is_large = decoded_width * decoded_height > LARGE_PIXELS
    with _large_decode if is_large else contextlib.nullcontext():
        return _load(opened, at_least_px, width, height, image_format)


def draft(opened: ImageFile, least: tuple[int, int]) -> None:
    """Let the decoder of JPEG reduce the picture on its way, to no less than this size.

    Not that of HEIC, which would take a thumbnail that is stored beside the picture.
    """
    if opened.format in jpegs.JPEGS:
        opened.draft(None, least)  # None keeps the mode


def _load(
    opened: ImageFile, at_least_px: int, width: int, height: int, image_format: str
) -> DecodedPhoto:
    source = source_of(opened)
    # Before decoding: the decoder of TIFF closes the file.
    taken, camera = capture_time_of(opened), camera_of(opened)
    note = opened.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.MakerNote)
    source.load()
    # Read after decoding: the decoders of HEIF and TIFF turn the picture and drop the tag.
    orientation = jpegs.exif_orientation(opened)
    if orientation in TURNED:
        width, height = height, width
    image = _reduced_rgb(source, max(max(opened.size) // at_least_px, 1))
    opened.close()  # so that a large one is not in memory a third time, turned
    if orientation in TO_UPRIGHT:
        image = image.transpose(TO_UPRIGHT[orientation])
    content_id = find_content_id(note) if isinstance(note, bytes) else None
    return DecodedPhoto(image, image_format, width, height, taken, camera, content_id)


@dataclass(frozen=True, slots=True)
class Source:
    """The pixels of an opened picture, as they are in its file.

    Attributes
    ----------
    opened : ImageFile
    bands : PngBands, JpegPlanes, DeepHeif or None
        Has the pixels of a picture that is too large or too deep for Pillow; None if it is not.
    space : Space or None
        What the colours mean, if they are not sRGB and no profile tells.
    """

    opened: ImageFile
    bands: PngBands | JpegPlanes | DeepHeif | None
    space: Space | None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is decoded."""
        return self.opened.size

    @property
    def profile(self) -> bytes | None:
        """The colour profile of what was made from it; None for sRGB."""
        return None if self.space else profile_of_rgb(self.opened)

    def load(self) -> None:
        """Decode the picture, unless that is done band by band."""
        if self.bands is None:
            jpegs.load(self.opened)

    def whole(self) -> Image.Image:
        """Return all rows at once."""
        return self.opened if self.bands is None else self.bands.rows(0, self.opened.height)

    def band(self, top: int, bottom: int) -> Image.Image:
        """Return some rows; each once, from top to bottom."""
        if self.bands is not None:
            return self.bands.rows(top, bottom)
        return self.opened.crop((0, top, self.opened.width, bottom))

    def rgb_converter(self) -> Callable[[Image.Image], Image.Image]:
        """Choose how a band becomes RGB."""
        return rgb_converter(self.opened)

    def in_srgb(self, image: Image.Image) -> Image.Image:
        """Convert a part of the picture, in RGB, unless its profile goes with it."""
        return self.space.to_srgb(image) if self.space else image


def source_of(opened: ImageFile, *, is_whole: bool = False) -> Source:
    """Prepare to read the pixels of an opened picture.

    Parameters
    ----------
    opened : ImageFile
    is_whole : bool
        Whether all pixels of a very large JPEG are wanted, for which Pillow takes too much memory.
    """
    space = space_of(opened)
    if bands := bands_of(opened, more_than_pixels=LARGE_PIXELS):
        # Else Pillow would decode all of it to find some behind the pixels.
        opened.info.setdefault("exif", bands.exif)
        return Source(opened, bands, space)
    if deep := deep_of(opened, space):
        return Source(opened, deep, None)
    planes = planes_of(opened, more_than_pixels=MOST_WHOLE_PIXELS) if is_whole else None
    return Source(opened, planes, space)


def _check_for_bomb(opened: ImageFile) -> None:
    """Refuse a very large picture of hardly any bytes: no photo."""
    pixels = opened.width * opened.height
    if pixels <= MOST_WHOLE_PIXELS or opened.fp is None:
        return
    at = opened.fp.tell()
    size = opened.fp.seek(0, io.SEEK_END)
    opened.fp.seek(at)
    if pixels > MOST_PIXELS_OF_BYTE * size:
        raise RejectedPhotoError(
            "This picture claims to have more than %(number)s megapixels, but its file is far too "
            "small for a photo of them.",
            number=MOST_WHOLE_PIXELS // 1_000_000,
        )


def _too_large(max_megapixels: int) -> RejectedPhotoError:
    return RejectedPhotoError(
        "This picture has more than %(number)s megapixels.", number=max_megapixels
    )


def _reduced_rgb(source: Source, factor: int) -> Image.Image:
    """Convert any mode to RGB, with its sides divided by an integer (rounded up).

    Works band by band, so that a picture of 100 megapixels is in memory once, not three times.
    """
    to_rgb = source.rgb_converter()
    width, height = source.size
    if factor == 1 and width * height <= LARGE_PIXELS:
        result = source.in_srgb(to_rgb(source.whole()))
    else:
        result = Image.new("RGB", (-(-width // factor), -(-height // factor)))
        rows = max(min(BAND_ROWS, BAND_PIXELS // (width * factor)), 1) * factor
        for top in range(0, height, rows):
            band = source.band(top, min(top + rows, height))
            result.paste(source.in_srgb(to_rgb(band).reduce(factor)), (0, top // factor))
    result.info["icc_profile"] = source.profile
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
    # The RGB made of inks or greys by their profile is sRGB (`profile_of_rgb`).
    profile = image.info.get("icc_profile")
    if image.mode in ("CMYK", "L") and (transform := _transform_by(profile, image.mode)):
        return transform
    return _on_white if image.has_transparency_data else lambda band: band.convert("RGB")


def _transform_by(profile: bytes | None, mode: str) -> Callable[[Image.Image], Image.Image] | None:
    """Make the conversion by a profile of inks or greys; None if there is none that works."""
    if not profile:
        return None
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        screen = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(own, screen, mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None  # a damaged profile; the plain conversion is better than no photo
    return lambda band: ImageCms.applyTransform(band, transform) or band.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    with_alpha = image if image.mode == "RGBA" else image.convert("RGBA")
    white = Image.new("RGB", image.size, WHITE)
    white.paste(with_alpha.convert("RGB"), mask=with_alpha.getchannel("A"))
    return white


def _eight_bit_grey(image: Image.Image, darkest: float, brightest: float) -> Image.Image:
    """Scale wide grey to 8 bits; Pillow's own conversion clips everything above 255."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")
    span = (brightest - darkest) or 1.0  # a picture of one colour becomes black
    grey = ((values - darkest) * (255 / span)).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
