"""Made-up encodings: people are directions, faces are near them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from photoshare.faces.grouping.plan import NO_PERSON, FaceSet

EPS = 0.325


def encodings_of(people: list[int], spread: float = 0.1, seed: int = 0) -> NDArray[np.float32]:
    """Draw an encoding near the axis of each person; negative numbers are one-off strangers."""
    numbers = np.random.default_rng(seed)
    rows: NDArray[np.float64] = (
        numbers.normal(size=(len(people), ENCODING_SIZE)) * spread / ENCODING_SIZE**0.5
    )
    for row, person in enumerate(people):
        rows[row, person if person >= 0 else ENCODING_SIZE + person] += 1
    return (1.4 * rows).astype(np.float32)


def face_set(
    encodings: NDArray[np.float32],
    photos: list[int] | None = None,
    people: list[int] | None = None,
    good: list[bool] | None = None,
    links: list[int] | None = None,
) -> FaceSet:
    count = len(encodings)
    return FaceSet(
        encodings,
        np.array(range(count) if photos is None else photos, dtype=np.int64),
        np.array([NO_PERSON] * count if people is None else people, dtype=np.int64),
        np.array([True] * count if good is None else good, dtype=np.bool_),
        np.array([0] * count if links is None else links, dtype=np.int64),
    )


def encodings_at(*distances: float) -> NDArray[np.float32]:
    """Make encodings of length 1 at these distances (0 to 2) from the first axis, in one plane."""
    cosines = 1 - np.array(distances) ** 2 / 2
    rows = np.zeros((len(distances), ENCODING_SIZE), dtype=np.float32)
    rows[:, 0], rows[:, 1] = cosines, np.sqrt(1 - cosines**2)
    return rows


def doubtful_room() -> FaceSet:
    """Person 5 with three faces, and an unsorted one at 1.1 eps: 1.35 - (1 - 1/3) 0.21 = 1.1²."""
    return face_set(encodings_at(0, 0, 0, 1.35**0.5 * EPS), people=[5, 5, 5, NO_PERSON])
