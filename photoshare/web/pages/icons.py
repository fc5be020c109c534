"""Draw the app's icon as PNG from static/icon.svg, for the home screens of phones.

Supports only the SVG that this file uses: a square of 64 with ``rect`` and ``circle``.
"""

from __future__ import annotations

import io
from functools import cache
from html.parser import HTMLParser

from PIL import Image, ImageDraw

from photoshare.config import RESOURCES

GRID = 64  # width and height of the drawing
SAFE_SHARE = 0.8  # of a maskable icon: anything further out may be cut off (W3C manifest)
FINER = 4  # drawn this many times larger, then scaled down for smooth edges


class _Shapes(HTMLParser):
    """Collects the shapes of a drawing in order."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record a shape."""
        if tag in ("rect", "circle"):
            self.found.append((tag, {name: value or "" for name, value in attrs}))


@cache
def app_icon(size_px: int, *, is_maskable: bool = False) -> bytes:
    """Draw the icon as a PNG.

    Parameters
    ----------
    size_px : int
        Width and height.
    is_maskable : bool
        Whether the phone cuts the outline: the background reaches the edges, the rest is smaller.
    """
    shapes = _Shapes()
    shapes.feed((RESOURCES / "static" / "icon.svg").read_text(encoding="utf-8"))
    scale = size_px * FINER / GRID
    icon = Image.new("RGBA", (size_px * FINER, size_px * FINER))
    draw = ImageDraw.Draw(icon)
    ground = Image.new("L", icon.size)
    for tag, values in shapes.found:
        if tag == "rect":  # the background, and the same rect again as the clipping shape
            radius = 0.0 if is_maskable else float(values["rx"]) * scale
            ImageDraw.Draw(ground).rounded_rectangle((0, 0, *icon.size), radius, fill=255)
            draw.rectangle((0, 0, *icon.size), fill=values.get("fill"))
        else:
            share = SAFE_SHARE if is_maskable else 1.0
            x, y = ((float(values[key]) - GRID / 2) * share + GRID / 2 for key in ("cx", "cy"))
            r = float(values["r"]) * share
            box = tuple(edge * scale for edge in (x - r, y - r, x + r, y + r))
            draw.ellipse(box, fill=values["fill"])
    icon.putalpha(ground)
    buffer = io.BytesIO()
    icon.resize((size_px, size_px), Image.Resampling.LANCZOS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
