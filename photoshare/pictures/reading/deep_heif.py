"""Decode a HEIC of more than 8 bits whose light is HDR: in 8 bits its darker steps would show."""

from __future__ import annotations

import numpy as np
import pillow_heif
from PIL import Image
from PIL.ImageFile import ImageFile

from photoshare.pictures.reading.spaces import Space

_MOST = 65535  # of 16 bits, to which all of them are scaled


class DeepHeif:
    """The pixels of such a picture, as they are turned in its container."""

    def __init__(self, file: pillow_heif.HeifFile, space: Space) -> None:
        self._values = np.asarray(file)
        self._space = space

    def rows(self, top: int, bottom: int) -> Image.Image:
        """Return some rows in sRGB."""
        return self._space.values_to_srgb(self._values[top:bottom], _MOST)


def deep_of(opened: ImageFile, space: Space | None) -> DeepHeif | None:
    """Decode a HEIC of HDR in 16 bits; None for all other pictures."""
    is_deep = opened.format == "HEIF" and opened.info.get("bit_depth", 8) > 8
    if not is_deep or space is None or not space.is_hdr or opened.mode != "RGB":
        return None
    if opened.fp is None:
        return None
    opened.fp.seek(0)
    file = pillow_heif.open_heif(opened.fp, convert_hdr_to_8bit=False, hdr_to_16bit=True)
    is_alike = file.mode == "RGB;16" and file.size == opened.size
    return DeepHeif(file, space) if is_alike else None
