"""Choose a person's cover: the clearest face that is surely theirs, changed rarely; pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.types import FaceEncodings

# The clearest faces of a person, whose encodings show which of them are surely the person. 4 let
# more strangers pass, 12 hardly fewer (docs/evaluation.md, also for the numbers below).
CANDIDATES = 8
# A face is doubtful if its mean distance to the other candidates is this many times the smallest
# such mean: a measure without eps, for every engine. This holds for 11 to 18 % of a person's own
# faces, which only loses them as covers, and for 99.6 % or more of the three nearest other faces.
DOUBTFUL_RATIO = 1.15
# A cover that was sure is replaced only from this ratio on, so that it does not flip at the limit:
# a person of 16 photos changes covers 0.1 times on the way, 0.4 times at 1.15.
LOST_RATIO = 1.25
# By how much of `face_quality` another face has to be better: half of all found faces are within
# 0.13 of one another, a difference nobody sees. It costs 0.003 of quality.
CLEARER_BY = 0.1
LARGER_TIMES = 2.0  # the same for the area, if the engine does not report quality


@dataclass(frozen=True, slots=True)
class CoverFaces:
    """Faces of one person, one row per face, from which the cover is chosen.

    Attributes
    ----------
    encodings : float32 array of shape (n_faces, size)
        Of one engine.
    qualities : float array of shape (n_faces,)
        `photoshare.faces.quality.face_quality`; NaN if the engine does not report it.
    areas : array of shape (n_faces,)
        Square pixels.
    """

    encodings: FaceEncodings
    qualities: NDArray[np.float64]
    areas: NDArray[np.float64]


def choose_cover(faces: CoverFaces, present: int | None = None) -> int:
    """Choose the cover of a person.

    Parameters
    ----------
    faces : CoverFaces
        The clearest faces of the person, at least one, and the present cover.
    present : int, optional
        Row of the present cover. It stays unless it has become doubtful, or another face is clearer
        by `CLEARER_BY`.

    Returns
    -------
    int
        A row of ``faces``.
    """
    ratios = doubts_of(faces.encodings)
    clarity = np.nan_to_num(faces.qualities, nan=-1.0)  # unknown qualities come last
    sure = np.flatnonzero(ratios <= DOUBTFUL_RATIO)
    best = int(sure[np.lexsort((-faces.areas[sure], -clarity[sure]))[0]])
    if present is None or ratios[present] > LOST_RATIO:
        return best
    return best if _is_clearer(faces, best, present) else present


def _is_clearer(faces: CoverFaces, one: int, other: int) -> bool:
    """Whether a face is clearer than another by a margin."""
    gain = faces.qualities[one] - faces.qualities[other]
    if np.isnan(gain):
        is_told = not np.isnan(faces.qualities[one])
        return is_told or bool(faces.areas[one] >= LARGER_TIMES * faces.areas[other])
    return bool(gain >= CLEARER_BY)


def doubts_of(encodings: FaceEncodings) -> NDArray[np.float64]:
    """Return each face's mean distance to the others, as a multiple of the smallest one.

    Parameters
    ----------
    encodings : float array of shape (n_faces, size)

    Returns
    -------
    float64 array of shape (n_faces,)
        From 1 on.
    """
    if len(encodings) < 3:
        return np.ones(len(encodings))  # of two, neither is nearer to the other
    vectors = encodings.astype(np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(float).tiny)
    distances = np.sqrt(np.maximum(2 - 2 * vectors @ vectors.T, 0))
    means = distances.sum(axis=1)
    least = float(means.min())
    if least == 0:
        return np.where(means > 0, np.inf, 1.0)  # all the same, except those elsewhere
    ratios: NDArray[np.float64] = means / least
    return ratios
