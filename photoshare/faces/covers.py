"""Which face stands for a person: the clearest that is surely theirs, as long as can be; pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.types import FaceEncodings

# The clearest faces of a person, who tell by their encodings which of them are surely the person.
# 4 let more strangers pass, 12 hardly fewer (docs/evaluation.md, as the numbers below).
CANDIDATES = 8
# A face is doubtful if its mean distance to the other candidates is so many times the least such,
# a measure without eps, for every engine. Of own faces 11 to 16 % are, which costs them a cover
# only; of the three faces of other people that come nearest, 96 to 100 %.
DOUBTFUL_RATIO = 1.15
# A cover that was sure goes only from here on, so that it does not come and go at the border: a
# person of 16 photos has 0.1 other covers on the way, 0.4 at 1.15.
LOST_RATIO = 1.25
# By so much of `face_quality` another face has to be better: half of all found faces lie within
# 0.13 of one another, which nobody sees. It costs 0.003 of quality.
CLEARER_BY = 0.1
LARGER_TIMES = 2.0  # the same in area, where the engine tells no quality


@dataclass(frozen=True, slots=True)
class CoverFaces:
    """Faces of one person, one row a face, from which the cover is chosen.

    Attributes
    ----------
    encodings : float32 array of shape (n_faces, size)
        Of one engine.
    qualities : float array of shape (n_faces,)
        `photoshare.faces.quality.face_quality`; not a number where the engine does not tell.
    areas : array of shape (n_faces,)
        Square pixels.
    """

    encodings: FaceEncodings
    qualities: NDArray[np.float64]
    areas: NDArray[np.float64]


def choose_cover(faces: CoverFaces, present: int | None = None) -> int:
    """Choose the face that stands for a person.

    Parameters
    ----------
    faces : CoverFaces
        The clearest faces of the person, one at least, and the present cover.
    present : int, optional
        Row of the present cover. It stays unless it is doubtful by now, or another is clearer by
        `CLEARER_BY`.

    Returns
    -------
    int
        A row of ``faces``.
    """
    ratios = _doubts(faces.encodings)
    clarity = np.nan_to_num(faces.qualities, nan=-1.0)  # unknown: after all that are known
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


def _doubts(encodings: FaceEncodings) -> NDArray[np.float64]:
    """Tell how far each face is from the others, as a multiple of that which is nearest to them."""
    if len(encodings) < 3:
        return np.ones(len(encodings))  # of two, neither is nearer to the other
    vectors = encodings.astype(np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(float).tiny)
    distances = np.sqrt(np.maximum(2 - 2 * vectors @ vectors.T, 0))
    means = distances.sum(axis=1)
    least = float(means.min())
    if least == 0:
        return np.where(means > 0, np.inf, 1.0)  # at one place, but for those elsewhere
    ratios: NDArray[np.float64] = means / least
    return ratios
