"""Decodes a photo upright, in RGB, and no larger than it is needed.

Here until the photo pages and the face code share one decoder; has no other purpose.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageOps

SIDEWAYS_ORIENTATIONS = (5, 6, 7, 8)  # EXIF: rows and columns change places
WIDE_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")  # more than 8 bits of grey
WHITE = (255, 255, 255, 255)

Size = tuple[int, int]  # width, height in pixels

pillow_heif.register_heif_opener()


def decode_upright(path: Path, smallest_side_px: int) -> tuple[Image.Image, Size]:
    """Decode a photo upright, in RGB, at no more pixels than needed.

    Parameters
    ----------
    path : Path
        Any format that Pillow and pillow_heif read; of an animation, the first frame.
    smallest_side_px : int
        What the longer side of the result must have at least, unless the photo has less. JPEG is
        decoded at 1/8, 1/4 or 1/2 where that is enough, which saves most of the time and memory.

    Returns
    -------
    picture : PIL.Image.Image
        Upright; transparency is on white, 16-bit grey and other modes are brought to 8 bits.
    full_size : (int, int)
        Width and height of the upright original, in pixels.

    Raises
    ------
    OSError
        If the file is no readable photo.
    """
    with Image.open(path) as image:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        width, height = image.size
        full_size = (height, width) if orientation in SIDEWAYS_ORIENTATIONS else (width, height)
        ratio = min(1.0, smallest_side_px / max(width, height))
        # Does nothing for other formats. Mode None: keep the mode, only choose the scale.
        image.draft(None, (max(1, round(width * ratio)), max(1, round(height * ratio))))
        factor = int(max(image.size) / smallest_side_px)
        if factor > 1 and image.mode in ("RGB", "L"):
            # What draft does for JPEG, for the others; before any other copy is made of it.
            return _to_rgb(ImageOps.exif_transpose(image.reduce(factor))), full_size
        return _to_rgb(ImageOps.exif_transpose(image)), full_size


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in WIDE_MODES:
        return _eight_bit_grey(image).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image).convert("RGB")
    return image.convert("RGB")


def _eight_bit_grey(image: Image.Image) -> Image.Image:
    """Bring wide grey to 8 bits; Pillow's own conversion cuts everything above 255 off."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray((values >> 8).astype(np.uint8))
    darkest, brightest = float(values.min()), float(values.max())
    span = (brightest - darkest) or 1.0  # of a picture in one colour: it becomes black
    return Image.fromarray(((values - darkest) * (255 / span)).astype(np.uint8))
