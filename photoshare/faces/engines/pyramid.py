"""Compute the geometry of dlib's CNN face detector: tiled pyramid, windows, suppression.

Pure arithmetic on numbers and arrays; onnx_engine runs the network between the two halves.

Source
------
dlib 20.0.1: ``dlib/image_transforms/image_pyramid.h`` (``compute_tiled_image_pyramid_details``,
``tiled_pyramid_to_image``, ``pyramid_down<6>``), ``dlib/dnn/loss.h`` (``loss_mmod_``),
``dlib/image_processing/box_overlap_testing.h``. Only ``levels_per_step`` is our own: it skips
levels of the pyramid (see docs/performance.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.types import LocatedFace

SHRINK_BY = 6  # every level of the pyramid is 5/6 of the one before
SMALLEST_LEVEL_PX = 5  # rows; dlib's pyramid ends there
GAP_PX = 10  # between the levels of the tiled pyramid
BORDER_PX = 11  # around it
STRIDE_PX = 8  # of the score map: three convolutions with stride 2
FIRST_WINDOW_CENTRE_PX = 14  # p = 2p + 2, three times, from 0 (5 x 5 convolutions, no padding)

Rectangles = NDArray[np.int64]  # shape (n, 4): left, top, right, bottom, all inclusive, as dlib's


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the pyramid and its position in the tiled picture, in pixels.

    ``depth`` counts levels of dlib's pyramid: the level is (5/6) ** depth of the picture.
    """

    depth: int
    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class TiledPyramid:
    """Size of the tiled picture in pixels, and its levels, largest first."""

    height: int
    width: int
    levels: list[Level]


def plan_pyramid(
    height: int, width: int, *, levels_per_step: int = 1, largest_levels: int | None = None
) -> TiledPyramid:
    """Lay out the levels of the pyramid in one picture, exactly as dlib does.

    The levels are stacked from the top down; once two fit side by side, the rest goes up again
    along the right edge until it would meet the first.

    Parameters
    ----------
    height, width : int
        Of the picture, in pixels.
    levels_per_step : int >= 1
        1 for every level of dlib's pyramid, 2 for every second one.
    largest_levels : int, optional
        Only this many levels, the largest ones: for small faces only.
    """
    sizes = _level_sizes(height, width, levels_per_step)[:largest_levels]
    total = sum(rows + GAP_PX for rows, _ in sizes) - 2 * GAP_PX
    levels: list[Level] = []
    column, previous_columns = 0, 0
    for index, (rows, columns) in enumerate(sizes):
        fits_beside = columns <= width - previous_columns - GAP_PX
        if index and fits_beside and (column - height) * 2 >= total - height:
            break
        levels.append(Level(index * levels_per_step, BORDER_PX + column, BORDER_PX, rows, columns))
        column += rows + GAP_PX
        previous_columns = columns
    column -= GAP_PX
    bottom = BORDER_PX + column
    for index, (rows, columns) in enumerate(sizes[len(levels) :], start=len(levels)):
        top, left = bottom - rows, BORDER_PX + width - columns
        if top < BORDER_PX + height:  # it would overlap the first level
            break
        levels.append(Level(index * levels_per_step, top, left, rows, columns))
        bottom -= rows + GAP_PX
    return TiledPyramid(column + 2 * BORDER_PX, width + 2 * BORDER_PX, levels)


def _level_sizes(height: int, width: int, levels_per_step: int) -> list[tuple[int, int]]:
    sizes, level = [(height, width)], 0
    while True:
        # The ratio is a float as in dlib: floor(5/6 * 6) must round the same way.
        height = int((SHRINK_BY - 1) / SHRINK_BY * height)
        width = int((SHRINK_BY - 1) / SHRINK_BY * width)
        level += 1
        if height < SMALLEST_LEVEL_PX or width == 0:
            return sizes
        if level % levels_per_step == 0:
            sizes.append((height, width))


def faces_of_scores(
    scores: NDArray[np.float32],
    pyramid: TiledPyramid,
    *,
    threshold: float,
    window_px: int,
    overlap_limits: tuple[float, float],
) -> list[LocatedFace]:
    """Turn the detector's score map into faces of the picture, surest first.

    Parameters
    ----------
    scores : float32 array of shape (rows, columns)
        The network's output for the tiled picture; 0 is dlib's threshold.
    pyramid : TiledPyramid
        The layout by which the picture was tiled.
    threshold : float
        Windows that score no more than this are not faces.
    window_px : int
        Side of the detector's window, in pixels of a level.
    overlap_limits : (float, float)
        See DlibNetwork.

    Returns
    -------
    list of LocatedFace
        Locations as ``face_recognition.face_locations(model="cnn")`` gives them: dlib's inclusive
        edges, cut off at the picture.
    """
    rows, columns = np.nonzero(scores > threshold)
    found = scores[rows, columns]
    order = np.argsort(-found, kind="stable")
    centres = np.stack([columns, rows], axis=1)[order] * STRIDE_PX + FIRST_WINDOW_CENTRE_PX
    rectangles = _picture_rectangles(centres.astype(np.float64), pyramid, window_px)
    first = pyramid.levels[0]
    faces = []
    for index in _strongest(rectangles, overlap_limits):
        left, top, right, bottom = (int(edge) for edge in rectangles[index])
        location = (max(top, 0), min(right, first.width), min(bottom, first.height), max(left, 0))
        faces.append(LocatedFace(location, float(found[order[index]])))
    return faces


def _picture_rectangles(
    centres: NDArray[np.float64], pyramid: TiledPyramid, window_px: int
) -> Rectangles:
    """Map windows at these centres (x, y) of the tiled picture to rectangles of the picture."""
    if not len(centres):
        return np.zeros((0, 4), dtype=np.int64)
    boxes = np.array([(lv.left, lv.top, lv.width, lv.height) for lv in pyramid.levels])
    # A window between two levels belongs to the nearer one (dlib: nearest_rect).
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:] - 1
    outside = np.maximum(low - centres[:, None], 0) + np.maximum(centres[:, None] - high, 0)
    nearest = np.argmin((outside**2).sum(axis=2), axis=1)
    depths = np.array([level.depth for level in pyramid.levels])[nearest]
    half = (window_px - 1) / 2
    corners = np.concatenate([centres - half, centres + half], axis=1)
    corners -= np.tile(low[nearest], 2)
    # dlib's point_up is p * 6/5 + 0.3; depth times that, as a geometric series.
    factors = (SHRINK_BY / (SHRINK_BY - 1)) ** depths
    corners = corners * factors[:, None] + (0.3 * (factors - 1) * (SHRINK_BY - 1))[:, None]
    # std::lround: halves away from zero.
    rounded: NDArray[np.float64] = np.sign(corners) * np.floor(np.abs(corners) + 0.5)
    return rounded.astype(np.int64)


def _strongest(rectangles: Rectangles, limits: tuple[float, float]) -> list[int]:
    """Return the indices of rectangles that no kept one before overlaps too much; surest first."""
    kept: list[int] = []
    for index in range(len(rectangles)):
        if not kept or not _overlaps(rectangles[kept], rectangles[index], limits).any():
            kept.append(index)
    return kept


def _overlaps(
    kept: Rectangles, rectangle: NDArray[np.int64], limits: tuple[float, float]
) -> NDArray[np.bool_]:
    """Return which rectangles overlap a given one by dlib's ``test_box_overlap``.

    Its "union" is the smallest rectangle around both, not the union of their areas.
    """
    inner = np.minimum(kept[:, 2:], rectangle[2:]) - np.maximum(kept[:, :2], rectangle[:2]) + 1
    outer = np.maximum(kept[:, 2:], rectangle[2:]) - np.minimum(kept[:, :2], rectangle[:2]) + 1
    shared = np.clip(inner, 0, None).prod(axis=1)
    areas = (kept[:, 2:] - kept[:, :2] + 1).prod(axis=1)
    area = (rectangle[2:] - rectangle[:2] + 1).prod()
    covered = np.maximum(shared / areas, shared / area)
    result: NDArray[np.bool_] = (shared / outer.prod(axis=1) > limits[0]) | (covered > limits[1])
    return result
