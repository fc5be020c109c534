"""Which faces are good enough to found a person; the others may only join one. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.types import AnalysedFace, FaceLocation

# An encoding is made from 100 pixels of face; below 40 it is mostly enlargement. 40 is the figure
# of Nextcloud's FaceRecognition and of PicPeak; our labelled photos have too few to measure it.
FOUNDER_MIN_PX = 40
# Of the detector's score. On lfw_event_dev 8 of 659 faces have less, among them no labelled person
# who would lose an album (docs/evaluation.md): half-hidden faces, background, patterns.
FOUNDER_MIN_SCORE = 0.5
FOUNDER_MIN_QUALITY = 0.5  # of `face_quality`; not measured yet, since no engine gives landmarks


def face_quality(face: AnalysedFace) -> float | None:
    """Tell how good the picture of a face is: 0 for the worst, 1 for the best.

    Returns
    -------
    float or None
        The sharpness, reduced by as much as the face is turned aside. None where the engine does
        not tell both: then size and score alone decide who may found a person.
    """
    if face.landmarks is None or face.sharpness is None:
        return None
    return float(np.clip(face.sharpness, 0, 1)) * _frontality(face.landmarks)


def _frontality(landmarks: NDArray[np.float32]) -> float:
    """Tell where the tip of the nose is between the eyes: 1 midway, 0 beside one or beyond."""
    right_eye, left_eye, nose = landmarks[:3].astype(np.float64)
    across = left_eye - right_eye
    length = float(across @ across)
    if length == 0:
        return 0.0  # the eyes are one behind the other
    along = float((nose - right_eye) @ across) / length
    return max(0.0, 1 - 2 * abs(along - 0.5))


def may_found(
    locations: Sequence[FaceLocation],
    scores: Sequence[float],
    qualities: Sequence[float | None],
) -> NDArray[np.bool_]:
    """Tell which faces are good enough to found a person.

    Parameters
    ----------
    locations : sequence of FaceLocation
        In pixels of the upright original.
    scores : sequence of float
        Of the detector.
    qualities : sequence of float or None
        As `face_quality` gives them; where there is none, the face has to be large and sure.

    Returns
    -------
    bool array of shape (len(locations),)
    """
    edges = np.array(locations, dtype=np.int64).reshape(-1, 4)
    sides = np.minimum(edges[:, 2] - edges[:, 0], edges[:, 1] - edges[:, 3])
    is_good = (sides >= FOUNDER_MIN_PX) & (np.array(scores, dtype=float) >= FOUNDER_MIN_SCORE)
    quality = np.array(qualities, dtype=float)  # None becomes a number that is none
    is_known = ~np.isnan(quality)
    return np.asarray(np.where(is_known, quality >= FOUNDER_MIN_QUALITY, is_good), dtype=np.bool_)
