"""Which faces are good enough to found a person; the others may only join one. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.types import FaceLocation

# An encoding is made from 100 pixels of face; below 40 it is mostly enlargement. 40 is the figure
# of Nextcloud's FaceRecognition and of PicPeak; our labelled photos have too few to measure it.
FOUNDER_MIN_PX = 40
# Of the detector's score. On lfw_event_dev 8 of 659 faces have less, among them no labelled person
# who would lose an album (docs/evaluation.md): half-hidden faces, background, patterns.
FOUNDER_MIN_SCORE = 0.5


def may_found(locations: Sequence[FaceLocation], scores: Sequence[float]) -> NDArray[np.bool_]:
    """Tell which faces are large and sure enough to found a person.

    Returns
    -------
    bool array of shape (len(locations),)
    """
    edges = np.array(locations, dtype=np.int64).reshape(-1, 4)
    sides = np.minimum(edges[:, 2] - edges[:, 0], edges[:, 1] - edges[:, 3])
    is_good = (sides >= FOUNDER_MIN_PX) & (np.array(scores, dtype=float) >= FOUNDER_MIN_SCORE)
    return np.asarray(is_good, dtype=np.bool_)


def sharpness_of(chip: NDArray[np.uint8]) -> float:
    """Measure how much fine detail an aligned face shows, as a share of its contrast.

    Parameters
    ----------
    chip : uint8 array of shape (112, 112, 3)
        Aligned by landmarks (`photoshare.faces.engines.sface.aligned_chip`), so that the middle
        holds eyes, nose and mouth of any face.

    Returns
    -------
    float >= 0
        Variance of the Laplacian over the variance of the greys; a little is added to the latter,
        so that the noise of a plain picture is not taken for detail.
    """
    grey = chip[20:100, 20:92].mean(axis=2, dtype=np.float32)
    neighbours = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((4 * grey[1:-1, 1:-1] - neighbours).var() / (grey.var() + 25))
