"""The shapes that drawings are made of, as SVG."""

from __future__ import annotations

from math import cos, pi, sin
from random import Random


def shade(colour: str, factor: float) -> str:
    """Make a colour darker (below 1) or lighter (above 1)."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    if factor <= 1:
        mixed = [part * factor for part in parts]
    else:
        mixed = [part + (255 - part) * (factor - 1) for part in parts]
    return "#" + "".join(f"{round(part):02x}" for part in mixed)


def ellipse(x: float, y: float, rx: float, ry: float, fill: str, more: str = "") -> str:
    """Fill an ellipse; `more` is any other attribute."""
    return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{fill}" {more}/>'


def path(d: str, fill: str = "none", stroke: str = "", width: float = 0, more: str = "") -> str:
    """Fill a path, draw its line, or both."""
    cap = "" if "linecap" in more else 'stroke-linecap="round"'
    line = f'stroke="{stroke}" stroke-width="{width}" {cap} stroke-linejoin="round"'
    return f'<path d="{d}" fill="{fill}" {line if stroke else ""} {more}/>'


def cloud(
    colour: str, centre: tuple[float, float], radii: tuple[float, float], count: int, size: float
) -> str:
    """Curls: circles along an ellipse, a little irregular."""
    random = Random(f"{colour}{count}{size}")
    circles = []
    for number in range(count):
        angle = 2 * pi * number / count
        x, y = centre[0] + radii[0] * cos(angle), centre[1] + radii[1] * sin(angle)
        tint = shade(colour, random.choice((0.86, 1.0, 1.0, 1.1)))
        circles.append(
            ellipse(x, y, size * random.uniform(0.9, 1.2), size * random.uniform(0.9, 1.2), tint)
        )
    return "".join(circles)
