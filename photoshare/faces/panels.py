"""Find the panels of a collage: photo-booth strips, before and after, screenshots of a gallery.

Two faces in one photo are two people, but in a collage one person may be in every panel. Only what
a camera cannot produce counts: a gutter or seam that is straight to the pixel along the whole
picture (or along a whole part of it, once that is cut off). Doubtful cases are ordinary photos.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photoshare.faces.types import NO_COLLAGE, FaceLocation

Grey: TypeAlias = NDArray[np.float32]  # shape (height, width), 0 to 255

SEARCH_PX = 640  # the longer side of the searched picture, at most
# Grey values of 255. JPEG's noise stays below the first two, content rises above the others.
FLAT = 5.0  # the standard deviation along a line of a gutter
SAME_COLOUR = 4.0  # between two lines of one gutter
EDGE_STEP = 16.0  # from a gutter to what is beside it
SEAM_STEP = 12.0  # across a seam without a gutter
# How much stronger a seam is than two pixels away: edges from a lens are blurred, or a texture.
SEAM_RATIO = 2.0
# The share of an edge or seam that has to be visible. The rest may look the same on both sides by
# chance: a white wall beside a white gutter, two night skies. See "Collages" in docs/evaluation.md.
LEAST_SHOWN = 0.5
LEAST_SIDE = 0.06  # of a panel, of the photo's longer side: galleries show up to 16 in a row
LEAST_INSIDE = 2 / 3  # of a face has to be inside its panel
LEAST_CONTENT = 10.0  # the standard deviation of a panel: an area of one colour is not a picture
MAX_DEPTH = 8  # cuts within cuts


@dataclass(frozen=True, slots=True)
class _Part:
    """A rectangle of the picture, in its pixels; bottom and right are exclusive."""

    top: int
    bottom: int
    left: int
    right: int

    def along(self, axis: int, start: int, end: int) -> _Part:
        """Return its columns (axis 1) or rows (axis 0) from ``start`` to ``end``."""
        if axis == 0:
            return _Part(self.top + start, self.top + end, self.left, self.right)
        return _Part(self.top, self.bottom, self.left + start, self.left + end)


def panels_of_faces(
    picture: Image.Image, size: tuple[int, int], locations: Sequence[FaceLocation]
) -> list[int]:
    """Return in which panel of a collage each face is.

    Parameters
    ----------
    picture : Image.Image
        The upright photo, perhaps smaller than the original.
    size : (width, height)
        Of the upright original, in pixels.
    locations : sequence of FaceLocation
        In pixels of the upright original.

    Returns
    -------
    list of int
        Numbers from 1, the same for faces of one panel. `NO_COLLAGE` for all if the photo is not a
        collage, all faces are in one panel, or a face is across a cut.
    """
    nobody = [NO_COLLAGE] * len(locations)
    if len(locations) < 2:  # saves most portraits a few milliseconds
        return nobody
    shrinking = max(1, -(-max(picture.size) // SEARCH_PX))
    grey = np.asarray(picture.convert("L").reduce(shrinking), dtype=np.float32)
    panels = find_panels(grey)
    if len(panels) < 2:
        return nobody
    scale = picture.width / size[0] / shrinking
    numbers = [_panel_of(np.multiply(location, scale), panels) for location in locations]
    is_sure = NO_COLLAGE not in numbers and len(set(numbers)) > 1
    return numbers if is_sure else nobody


def find_panels(grey: Grey) -> list[tuple[int, int, int, int]]:
    """Cut a picture into the panels of a collage, by recursive cuts along both axes.

    Returns
    -------
    list of (top, bottom, left, right)
        Without gutters and borders, from top and left; areas of one colour are left out. One or
        none if the picture is not a collage.

    Source
    ------
    X-Y cuts: Nagy and Seth 1984, "Hierarchical representation of optically scanned documents". The
    constants: "Collages" in docs/evaluation.md.
    """
    height, width = grey.shape
    least_side = max(LEAST_SIDE * max(grey.shape), 8)
    whole = _without_borders(grey, _Part(0, height, 0, width))
    found = _cut(grey, whole, least_side, 0)
    places = [(part.top, part.bottom, part.left, part.right) for part in found]
    return [
        (top, bottom, left, right)
        for top, bottom, left, right in places
        if grey[top:bottom, left:right].std() > LEAST_CONTENT
    ]


def _panel_of(location: NDArray[np.float64], panels: list[tuple[int, int, int, int]]) -> int:
    """Return the panel that contains most of a face; NO_COLLAGE if none contains enough of it."""
    top, right, bottom, left = location.tolist()
    for number, (first_row, last_row, first_column, last_column) in enumerate(panels, 1):
        height = min(bottom, last_row) - max(top, first_row)
        width = min(right, last_column) - max(left, first_column)
        area = max(height, 0) * max(width, 0)
        if area >= LEAST_INSIDE * (bottom - top) * (right - left):
            return number
    return NO_COLLAGE


def _cut(grey: Grey, part: _Part, least_side: float, depth: int) -> Iterator[_Part]:
    """Cut a part along both axes wherever it has cuts, recursively."""
    columns, rows = (_spans(_lines(grey, part, axis), least_side) for axis in (1, 0))
    if depth == MAX_DEPTH or len(columns) * len(rows) < 2:
        yield part
        return
    for top, bottom in rows:
        for left, right in columns:
            cell = part.along(0, top, bottom).along(1, left, right)
            yield from _cut(grey, _without_borders(grey, cell), least_side, depth + 1)


def _spans(lines: Grey, least_side: float) -> list[tuple[int, int]]:
    """List the spans between the cuts of a part that are wide enough: (start, end)."""
    gaps = _merged([*_gutters(lines), *_seams(lines)])
    edges = [0, *(place for gap in gaps for place in gap), lines.shape[1]]
    spans = zip(edges[::2], edges[1::2], strict=True)
    return [(start, end) for start, end in spans if end - start >= least_side]


def _lines(grey: Grey, part: _Part, axis: int) -> Grey:
    """Return a part, turned so that a cut along the axis follows its columns."""
    pixels = grey[part.top : part.bottom, part.left : part.right]
    return pixels if axis == 1 else np.ascontiguousarray(pixels.T)


def _without_borders(grey: Grey, part: _Part) -> _Part:
    """Remove borders of one colour from edge to edge, on all four sides."""
    for axis in (1, 0, 1):  # a border inside a border
        lines = _lines(grey, part, axis)
        content = np.flatnonzero(lines.std(axis=0) > FLAT)
        if len(content) == 0:
            return part
        part = part.along(axis, int(content[0]), int(content[-1]) + 1)
    return part


def _gutters(lines: Grey) -> list[tuple[int, int]]:
    """List runs of flat columns with a sharp straight edge on either side: (start, end)."""
    is_flat = np.concatenate([[False], lines.std(axis=0) <= FLAT, [False]])
    colours = lines.mean(axis=0)
    starts, ends = np.flatnonzero(np.diff(is_flat.astype(np.int8))).reshape(-1, 2).T
    found = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        jumps = start + 1 + np.flatnonzero(np.abs(np.diff(colours[start:end])) > SAME_COLOUR)
        places = [start, *jumps.tolist(), end]
        for first, last in itertools.pairwise(places):
            colour = float(colours[first:last].mean())
            # The first column beside it may be a mix of both.
            before = max(_shown(lines, place, colour) for place in (first - 1, first - 2))
            after = max(_shown(lines, place, colour) for place in (last, last + 1))
            if min(before, after) >= LEAST_SHOWN:
                found.append((first, last))
    return found


def _shown(lines: Grey, place: int, colour: float) -> float:
    """Return the share of a column that differs from the colour of a gutter."""
    if not 0 <= place < lines.shape[1]:
        return 0
    return float((np.abs(lines[:, place] - colour) > EDGE_STEP).mean())


def _seams(lines: Grey) -> list[tuple[int, int]]:
    """List the columns at which most rows change abruptly, but hardly beside them: (start, end)."""
    if lines.shape[1] < 9:
        return []
    # Over two columns, as one may be a mix of both sides; a gutter of one pixel is a seam, too.
    steps = np.abs(lines[:, 2:] - lines[:, :-2])
    beside = np.maximum(steps[:, :-6], steps[:, 6:])
    middle = steps[:, 3:-3]
    shown = ((middle > SEAM_STEP) & (middle > SEAM_RATIO * beside)).mean(axis=0)
    places = np.flatnonzero(shown >= LEAST_SHOWN).tolist()
    best = [place for place in places if shown[place] == shown[max(0, place - 2) : place + 3].max()]
    return [(place + 4, place + 5) for place in best]


def _merged(gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort gaps and merge those that touch: the edges of a gutter are seams, too."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(gaps):
        if found and start <= found[-1][1] + 3:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
