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


def may_found(
    locations: Sequence[FaceLocation] | NDArray[np.int64], scores: Sequence[float]
) -> NDArray[np.bool_]:
    """Tell which faces are large and sure enough to found a person.

    Returns
    -------
    bool array of shape (len(locations),)
    """
    edges = np.array(locations, dtype=np.int64).reshape(-1, 4)
    sides = np.minimum(edges[:, 2] - edges[:, 0], edges[:, 1] - edges[:, 3])
    is_good = (sides >= FOUNDER_MIN_PX) & (np.array(scores, dtype=float) >= FOUNDER_MIN_SCORE)
    return np.asarray(is_good, dtype=np.bool_)
