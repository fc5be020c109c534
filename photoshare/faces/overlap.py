"""Which locations are the same face? Pure: numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Locations = NDArray[np.int64]  # shape (n, 4): top, right, bottom, left in pixels


def overlap_matrix(some: Locations, others: Locations) -> NDArray[np.float64]:
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
    overlaps: NDArray[np.float64] = shared / (areas + other_areas - shared)
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
