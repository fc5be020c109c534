"""Compare two photos by their pixels: whether they are one, saved again, or of one burst.

The bounds are measured by ``python -m measuring.near_duplicates`` (docs/versions.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey: TypeAlias = NDArray[np.float32]

# What a copy differs in at most, and what successive photos of one camera do.
COPY_BITS, COPY_CORRELATION, COPY_BLOCK = 24, 0.97, 20.0
BURST_BITS, BURST_CORRELATION = 64, 0.88

MAX_SHAPE_DIFFERENCE = 0.03  # in proportions
COMPARED_PX = 160  # longer side, for the comparison of pixels
_BLOCK_PX = 16
# Too little is left of a smaller picture to tell it from another one.
LEAST_SIDE_PX = 256
# A drawing, a page of text or a black picture looks like many others.
_LIVELY = 6.0  # levels of grey by which a block with anything to see in it deviates
_LEAST_LIVELY = 0.3  # of all blocks


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two pictures are, of the same shape and once their brightness is the same.

    Attributes
    ----------
    correlation : float
        Of all pixels, at most 1.
    worst_block : float
        The largest difference of any block of pixels, in levels of grey (root of mean squares).
    """

    correlation: float
    worst_block: float

    @property
    def is_copy(self) -> bool:
        """Whether they are one picture, saved again."""
        return self.correlation >= COPY_CORRELATION and self.worst_block <= COPY_BLOCK

    @property
    def is_burst(self) -> bool:
        """Whether they are of one burst, if one camera took them within a moment."""
        return self.correlation >= BURST_CORRELATION


def have_one_shape(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two pictures have the same proportions, give or take a rim that was cut off."""
    ratio = (size[0] * other[1]) / (size[1] * other[0])
    return abs(ratio - 1) <= MAX_SHAPE_DIFFERENCE


def grey_of(image: Image.Image) -> Grey:
    """Return the brightness of a picture, as it is compared."""
    ratio = COMPARED_PX / max(image.size)
    width, height = (max(_BLOCK_PX, round(side * ratio)) for side in image.size)
    small = image.convert("L").resize((width, height), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)


def is_lively(grey: Grey) -> bool:
    """Whether there is enough in a picture to know it by."""
    return float((_by_blocks(grey).std(axis=(1, 3)) >= _LIVELY).mean()) >= _LEAST_LIVELY


def likeness(grey: Grey, other: Grey) -> Likeness:
    """Compare two pictures of one shape."""
    if grey.shape != other.shape:
        size = grey.shape[::-1]
        other = np.asarray(Image.fromarray(other).resize(size, Image.Resampling.BILINEAR))
    a, b = grey - grey.mean(), other - other.mean()
    spread = float(np.sqrt((a * a).mean() * (b * b).mean()))
    if not spread:
        return Likeness(0.0, 255.0)
    correlation = float((a * b).mean()) / spread
    b *= np.sqrt((a * a).mean() / (b * b).mean())  # as bright, and with as much contrast
    squares = _by_blocks((a - b) ** 2).mean(axis=(1, 3))
    return Likeness(correlation, float(np.sqrt(squares.max())))


def _by_blocks(grey: Grey) -> NDArray[np.float32]:
    rows, columns = (side // _BLOCK_PX for side in grey.shape)
    whole = grey[: rows * _BLOCK_PX, : columns * _BLOCK_PX]
    return whole.reshape(rows, _BLOCK_PX, columns, _BLOCK_PX)
