"""Define the input of an engine: a photo available at several sizes."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from PIL import Image

Size: TypeAlias = tuple[int, int]  # width, height in pixels


class PhotoSource(Protocol):
    """A photo available at several sizes."""

    @property
    def size(self) -> Size:
        """Width and height of the upright original, in pixels."""
        ...

    def picture(self, longer_side_px: float) -> Image.Image:
        """Return the upright photo, RGB, with at least this longer side if it is that large."""
        ...
