"""Rate faces, and decide which are good enough to found a person; others may only join. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.types import AnalysedFace, FaceLocation

# An encoding is made from 100 pixels of face; below 40 it is mostly enlargement. Nextcloud's
# FaceRecognition and PicPeak use 40; our labelled photos have too few such faces to measure it.
FOUNDER_MIN_PX = 40
# Of the detector's score. On lfw_event_dev 8 of 659 faces have less: half-hidden faces, background,
# patterns. No labelled person would lose an album (docs/evaluation.md).
FOUNDER_MIN_SCORE = 0.5
# Of `face_quality`, whose four parts are scaled so that this is just enough. 0.5 cost the worst
# groups of everybody_dev up to 0.015 of recall, and saved nobody (docs/evaluation.md).
FOUNDER_MIN_QUALITY = 0.2
GOOD_PX = 100  # pairs of one person recognised: 17 % at 14 pixels, about 65 at 20, 91 at 40
GOOD_SHARPNESS = 0.05  # 3 in 10,000 labelled faces have a fifth of it, most at 14 pixels have less
GOOD_FRONTALITY = 0.4  # a head turned by 49 degrees; a fifth of it: by 60, where profiles begin
# How far the tip of the nose is to the side, in mean widths of eyes and mouth as seen: 0.42 times
# the tangent of the angle (in the usual head model for pose estimation, whose nose is 130 units in
# front of eyes and mouth that are 307 wide), so this is at 62 degrees.
PROFILE_OFFSET = 0.81
LEAST_SCORE, GOOD_SCORE = 0.5, 0.9  # of YuNet


def face_quality(face: AnalysedFace) -> float | None:
    """Rate the picture of a face: 0 for the worst, 1 for one that is good in every respect.

    Returns
    -------
    float or None
        The minimum of the ratings by size, sharpness, pose and score. None if the engine reports
        neither pose nor sharpness: then size and score alone decide which face may found a person.
    """
    if face.landmarks is None or face.sharpness is None:
        return None
    top, right, bottom, left = face.location
    parts = (
        min(right - left, bottom - top) / GOOD_PX,
        face.sharpness / GOOD_SHARPNESS,
        _frontality(face.landmarks) / GOOD_FRONTALITY,
        (face.score - LEAST_SCORE) / (GOOD_SCORE - LEAST_SCORE),
    )
    return float(np.clip(min(parts), 0, 1))


def _frontality(landmarks: NDArray[np.float32]) -> float:
    """Rate how directly a face looks into the camera: 1 for straight, 0 for a profile.

    Uses the distance of the tip of the nose from the middle of eyes and mouth, along the line of
    the eyes and in units of their distance.
    """
    eye, other_eye, nose, corner, other_corner = landmarks.astype(np.float64)
    across = (other_eye - eye + other_corner - corner) / 2
    length = float(across @ across)
    if length == 0:
        return 0.0  # the eyes are one behind the other
    middle = (eye + other_eye + corner + other_corner) / 4
    return max(0.0, 1 - abs(float((nose - middle) @ across)) / length / PROFILE_OFFSET)


def sharpness_of(chip: NDArray[np.uint8]) -> float:
    """Measure how much fine detail an aligned face has, as a share of its contrast.

    Parameters
    ----------
    chip : uint8 array of shape (112, 112, 3)
        Aligned by landmarks (`photoshare.faces.engines.sface.aligned_chip`), so that the middle
        contains the eyes, nose and mouth of any face.

    Returns
    -------
    float >= 0
        Variance of the Laplacian over the variance of the grey values; a little is added to the
        latter, so that noise in a plain picture does not count as detail.
    """
    grey = chip[20:100, 20:92].mean(axis=2, dtype=np.float32)
    neighbours = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((4 * grey[1:-1, 1:-1] - neighbours).var() / (grey.var() + 25))


def are_founders(
    locations: Sequence[FaceLocation] | NDArray[np.int64],
    scores: Sequence[float],
    qualities: Sequence[float | None],
) -> NDArray[np.bool_]:
    """Return which faces are good enough to found a person.

    Parameters
    ----------
    locations : sequence of FaceLocation, or int array of shape (n_faces, 4)
        In pixels of the upright original.
    scores : sequence of float
        Of the detector.
    qualities : sequence of float or None
        From `face_quality`; if there is none, the face has to be large and sure.

    Returns
    -------
    bool array of shape (len(locations),)
    """
    edges = np.array(locations, dtype=np.int64).reshape(-1, 4)
    sides = np.minimum(edges[:, 2] - edges[:, 0], edges[:, 1] - edges[:, 3])
    is_good = (sides >= FOUNDER_MIN_PX) & (np.array(scores, dtype=float) >= FOUNDER_MIN_SCORE)
    quality = np.array(qualities, dtype=float)  # None becomes NaN
    is_known = ~np.isnan(quality)
    return np.asarray(np.where(is_known, quality >= FOUNDER_MIN_QUALITY, is_good), dtype=np.bool_)
