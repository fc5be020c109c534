"""Where faces are, and which locations are the same face. Pure: numbers only."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FaceLocation: TypeAlias = tuple[int, int, int, int]  # (top, right, bottom, left), pixels
Locations = NDArray[np.int64]  # shape (n, 4): top, right, bottom, left in pixels
# Intersection over union: two looks found the same face, and the weaker one goes. OpenCV's limit
# (``FaceDetectorYN``), and that of the original's detector.
SAME_FACE_OVERLAP = 0.3
# Two detectors' boxes around one face: dlib's are squares from the brows to the chin, YuNet's tight
# and tall. On 128 faces of group photos, portraits and composed events that both found, the centres
# were at most 0.18 of a side apart, the sides' ratio was 0.75 to 1.37 and the intersection over
# union 0.50 at the least; boxes of two faces were 0.58 or more apart.
SAME_FACE_DISTANCE = 0.4  # of the centres, in sides: the square root of both boxes' mean area
SAME_FACE_RATIO = 2.0  # of the larger to the smaller side
_LEFT_ALONE = 10.0  # more than any distance: as many faces as can be are paired


def overlap_matrix(
    some: Locations | NDArray[np.float32], others: Locations | NDArray[np.float32]
) -> NDArray[np.float64]:
    """Measure the intersection over union of every location with every other.

    Returns
    -------
    float64 array of shape (len(some), len(others)), 0 to 1
    """
    a, b = some[:, None, :], others[None, :, :]
    down = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    across = np.minimum(a[..., 1], b[..., 1]) - np.maximum(a[..., 3], b[..., 3])
    shared = down.clip(min=0) * across.clip(min=0)
    areas = (a[..., 2] - a[..., 0]) * (a[..., 1] - a[..., 3])
    other_areas = (b[..., 2] - b[..., 0]) * (b[..., 1] - b[..., 3])
    together = np.maximum(areas + other_areas - shared, np.finfo(np.float32).tiny)
    overlaps: NDArray[np.float64] = np.divide(shared, together, dtype=np.float64)
    return overlaps


def matched_pairs(overlaps: NDArray[np.float64], *, least: float) -> list[tuple[int, int]]:
    """Pair rows and columns, the largest overlap first, each once.

    Parameters
    ----------
    overlaps : float64 array of `overlap_matrix`
    least : float, above 0
        The smallest overlap of a pair.
    """
    left = overlaps.copy()
    pairs = []
    while left.size and left.max() >= least:
        row, column = (int(index) for index in np.unravel_index(left.argmax(), left.shape))
        pairs.append((row, column))
        left[row, :] = left[:, column] = 0
    return pairs


def paired_faces(some: Locations, others: Locations) -> list[tuple[int, int]]:
    """Pair the locations of one detector with those of another that are the same faces.

    Parameters
    ----------
    some, others : int arrays of shape (n, 4) and (m, 4)
        Of one photo.

    Returns
    -------
    list of (row of some, row of others)
        Each row once at most: as many pairs as there can be, and of those choices the nearest.
    """
    distances, ratios = _centre_distances(some, others)
    is_near = (distances <= SAME_FACE_DISTANCE) & (ratios <= SAME_FACE_RATIO)
    if is_near.sum(axis=0).max(initial=0) <= 1 and is_near.sum(axis=1).max(initial=0) <= 1:
        return [(int(row), int(column)) for row, column in np.argwhere(is_near)]
    # Here: it is rarely needed, and takes 12 MB.
    from scipy import sparse
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    # Everybody has a place beside, which is taken only where no other is free.
    costs = np.zeros((len(some), len(others) + len(some)))
    costs[:, : len(others)][is_near] = 1 + distances[is_near]
    np.fill_diagonal(costs[:, len(others) :], _LEFT_ALONE)
    rows, columns = min_weight_full_bipartite_matching(sparse.csr_array(costs))
    return [
        (row, column)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if column < len(others)
    ]


def _centre_distances(
    some: Locations, others: Locations
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure how far the centres are apart, in sides, and the ratio of the sides, 1 or more."""
    sides, other_sides = _sides(some)[:, None], _sides(others)[None, :]
    apart = _centres(some)[:, None, :] - _centres(others)[None, :, :]
    distances = np.linalg.norm(apart, axis=2) / np.sqrt((sides**2 + other_sides**2) / 2)
    ratios = np.maximum(sides, other_sides) / np.minimum(sides, other_sides)
    return distances, ratios


def _sides(locations: Locations) -> NDArray[np.float64]:
    """Return the side of the square of the same area, 1 at least."""
    edges = locations.astype(np.float64)
    areas = (edges[:, 2] - edges[:, 0]) * (edges[:, 1] - edges[:, 3])
    sides: NDArray[np.float64] = np.sqrt(np.maximum(areas, 1))
    return sides


def _centres(locations: Locations) -> NDArray[np.float64]:
    """Return (down, across) of every centre."""
    centres: NDArray[np.float64] = (locations[:, [0, 3]] + locations[:, [2, 1]]) / 2
    return centres
