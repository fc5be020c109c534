"""Match face locations by overlap and distance. Pure: numbers only."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FaceLocation: TypeAlias = tuple[int, int, int, int]  # (top, right, bottom, left), pixels
Locations = NDArray[np.int64]  # shape (n, 4): top, right, bottom, left in pixels
# Intersection over union above which two detections are the same face and the weaker one is
# dropped. The limit of OpenCV (``FaceDetectorYN``) and of the original's detector.
SAME_FACE_OVERLAP = 0.3
# Boxes of two detectors around one face: dlib's are squares from the brows to the chin, YuNet's are
# tight and tall. On 128 faces of group photos, portraits and composed events that both found, the
# centres were at most 0.18 of a side apart, the ratio of the sides was 0.75 to 1.37 and the
# intersection over union at least 0.50; boxes of two different faces were 0.58 or more apart.
SAME_FACE_DISTANCE = 0.4  # between the centres, in sides: the square root of the boxes' mean area
SAME_FACE_RATIO = 2.0  # of the larger to the smaller side
_LEFT_ALONE = 10.0  # cost of an unpaired face, above any distance: as many as possible are paired


def overlap_matrix(
    some: Locations | NDArray[np.float32], others: Locations | NDArray[np.float32]
) -> NDArray[np.float64]:
    """Compute the intersection over union of each location in `some` with each in `others`.

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
    """Pair rows with columns, largest overlap first, using each at most once.

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
    """Pair the locations of two detectors that show the same face.

    Parameters
    ----------
    some, others : int arrays of shape (n, 4) and (m, 4)
        In the same photo.

    Returns
    -------
    list of (row of some, row of others)
        Each row at most once: as many pairs as possible, and the nearest among those choices.
    """
    distances, ratios = _centre_distances(some, others)
    is_near = (distances <= SAME_FACE_DISTANCE) & (ratios <= SAME_FACE_RATIO)
    if is_near.sum(axis=0).max(initial=0) <= 1 and is_near.sum(axis=1).max(initial=0) <= 1:
        return [(int(row), int(column)) for row, column in np.argwhere(is_near)]
    # Imported here: it is rarely needed and takes 12 MB.
    from scipy import sparse
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    # Each face also has a column of its own, used only if no other is free: it stays unpaired.
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
    """Measure the distance of the centres, in sides, and the ratio of the sides, at least 1."""
    sides, other_sides = _sides(some)[:, None], _sides(others)[None, :]
    apart = _centres(some)[:, None, :] - _centres(others)[None, :, :]
    distances = np.linalg.norm(apart, axis=2) / np.sqrt((sides**2 + other_sides**2) / 2)
    ratios = np.maximum(sides, other_sides) / np.minimum(sides, other_sides)
    return distances, ratios


def _sides(locations: Locations) -> NDArray[np.float64]:
    """Return the side of a square of the same area, at least 1."""
    edges = locations.astype(np.float64)
    areas = (edges[:, 2] - edges[:, 0]) * (edges[:, 1] - edges[:, 3])
    sides: NDArray[np.float64] = np.sqrt(np.maximum(areas, 1))
    return sides


def _centres(locations: Locations) -> NDArray[np.float64]:
    """Return the centre of every location as (down, across)."""
    centres: NDArray[np.float64] = (locations[:, [0, 3]] + locations[:, [2, 1]]) / 2
    return centres
