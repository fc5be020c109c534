"""Decode a very large JPEG by FFmpeg, which needs 1.5 bytes a pixel where Pillow needs 4.

Only for tiles of all its pixels; smaller pictures are decoded at a half or less, by Pillow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

from photoshare.pictures.reading.jpegs import JPEGS

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# By FFmpeg's name of the format: how often a plane of colours has fewer columns and fewer rows.
PART_PX = 1024  # columns converted at a time
_SHARES = {"yuvj420p": (2, 2), "yuvj422p": (2, 1), "yuvj444p": (1, 1), "yuvj440p": (1, 2)}


class JpegPlanes:
    """The planes of a JPEG: light, and twice colours."""

    def __init__(self, frame: VideoFrame) -> None:
        self.width, self._height = frame.width, frame.height
        self._across, self._down = _SHARES[frame.format.name]
        self._planes = [
            np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(plane.height, plane.line_size)[
                :, : plane.width
            ]
            for plane in frame.planes
        ]

    def rows(self, top: int, bottom: int) -> Image.Image:
        """Return some rows in RGB."""
        result = Image.new("RGB", (self.width, bottom - top))
        for left in range(0, self.width, PART_PX):
            box = left, top, min(left + PART_PX, self.width), bottom
            result.paste(self._crop(box), (left, 0))
        return result

    def _crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        left, top, right, bottom = box
        light = Image.fromarray(np.ascontiguousarray(self._planes[0][top:bottom, left:right]))
        colours = [self._enlarged(plane, box) for plane in self._planes[1:]]
        return Image.merge("YCbCr", (light, *colours)).convert("RGB")

    def _enlarged(
        self, plane: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], box: tuple[int, int, int, int]
    ) -> Image.Image:
        """Cut a plane of colours with one row and column more on each side, for smooth edges."""
        left, top, right, bottom = box
        first, last = max(left // self._across - 1, 0), right // self._across + 2
        above, below = max(top // self._down - 1, 0), bottom // self._down + 2
        part = Image.fromarray(np.ascontiguousarray(plane[above:below, first:last]))
        inner = (
            left / self._across - first,
            top / self._down - above,
            min(right / self._across - first, part.width),
            min(bottom / self._down - above, part.height),
        )
        size = (right - left, bottom - top)
        return part.resize(size, Image.Resampling.BILINEAR, box=inner)


def planes_of(opened: ImageFile, more_than_pixels: int) -> JpegPlanes | None:
    """Decode a JPEG with more pixels than that; None if it is progressive, or of other planes."""
    if opened.width * opened.height <= more_than_pixels:
        return None
    if opened.format not in JPEGS or opened.mode != "RGB" or "progressive" in opened.info:
        return None
    import av  # here: it takes 30 MB, for few pictures

    if opened.fp is None:
        return None
    opened.fp.seek(0)
    with av.open(opened.fp, "r", format="mjpeg") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1  # each thread would have a frame of its own
        frame = next(container.decode(stream))
    is_whole = (frame.width, frame.height) == opened.size
    return JpegPlanes(frame) if is_whole and frame.format.name in _SHARES else None
