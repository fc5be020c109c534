"""Cover faces of a photo beyond recognition: averages of a few blocks stand in their place.

Nothing of a face is left but the mean colours of at most `MOST_BLOCKS` blocks across, so nothing
can bring it back; a blur could be computed backwards. All sizes are made from this one copy, so
that no other set of averages tells more. Runs in the decoder processes (`pictures.worker`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageDraw

from photoshare.clips.stills import decode_still
from photoshare.geometry import FaceLocation
from photoshare.pictures import decoding, encoding
from photoshare.pictures.rendering import COPY_QUALITY

MOST_BLOCKS = 6  # across the longer side of what is covered
BLOCK_PX = 8  # at least: of a small face, six blocks would be most of its pixels
# The ellipse around a face's box goes through its corners: 1.41 times its sides, and a little more.
ENLARGED = 1.45


def make_covered(path: Path, locations: Iterable[FaceLocation], *, max_megapixels: int) -> bytes:
    """Make a JPEG of a photo on which faces are covered, without any metadata.

    Parameters
    ----------
    path : Path
        The original.
    locations : iterable of FaceLocation
        In pixels of the upright original.
    max_megapixels : int

    Raises
    ------
    RejectedPhotoError
        As `decoding.decode_upright`.
    """
    decoded = decode_still(path, at_least_px=decoding.ALL_PX, max_megapixels=max_megapixels)
    for location in locations:
        cover_face(decoded.image, [edge / decoded.scale for edge in location])
    return encoding.to_jpeg(decoded.image, quality=COPY_QUALITY)


def cover_face(image: Image.Image, location: Iterable[float]) -> None:
    """Cover one face of a picture, in its place; edges in pixels of the picture."""
    top, right, bottom, left = location
    x, y = (left + right) / 2, (top + bottom) / 2
    half_width, half_height = (right - left) * ENLARGED / 2, (bottom - top) * ENLARGED / 2
    ellipse = (x - half_width, y - half_height, x + half_width, y + half_height)
    box = (
        *(max(int(ellipse[0]), 0), max(int(ellipse[1]), 0)),
        *(min(int(ellipse[2]) + 2, image.width), min(int(ellipse[3]) + 2, image.height)),
    )
    if box[0] >= box[2] or box[1] >= box[3]:
        return
    # Without soft edges, where some of the face would shine through.
    mask = Image.new("1", (box[2] - box[0], box[3] - box[1]))
    ImageDraw.Draw(mask).ellipse(
        (ellipse[0] - box[0], ellipse[1] - box[1], ellipse[2] - box[0], ellipse[3] - box[1]),
        fill=1,
    )
    image.paste(blurred(image.crop(box)), box, mask)


def blurred(image: Image.Image) -> Image.Image:
    """Return a picture of the same size, made from the averages of a few blocks only."""
    blocks = min(MOST_BLOCKS, max(max(image.size) // BLOCK_PX, 1))
    ratio = blocks / max(image.size)
    size = [min(max(round(side * ratio), 1), blocks) for side in image.size]
    few = image.resize((size[0], size[1]), Image.Resampling.BOX)
    return few.resize(image.size, Image.Resampling.BILINEAR)
