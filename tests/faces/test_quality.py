"""photoshare.faces.quality: which faces may found a person."""

from __future__ import annotations

import numpy as np
import pytest

from photoshare.faces.quality import FOUNDER_MIN_QUALITY, are_founders, face_quality
from photoshare.faces.types import AnalysedFace

TINY, LARGE = (0, 10, 10, 0), (0, 100, 100, 0)
EYES = [(30.0, 40.0), (70.0, 40.0)]


def face(nose_x: float | None = None, sharpness: float | None = None) -> AnalysedFace:
    landmarks = None
    if nose_x is not None:
        points = [*EYES, (nose_x, 60.0), (35.0, 80.0), (65.0, 80.0)]
        landmarks = np.array(points, dtype=np.float32)
    return AnalysedFace(LARGE, 1.0, np.ones(4, dtype=np.float32), landmarks, sharpness)


@pytest.mark.parametrize(
    "unknown", [face(), face(sharpness=0.1), face(nose_x=50)], ids=["both", "landmarks", "sharp"]
)
def test_an_engine_that_does_not_tell_leaves_it_to_size_and_score(unknown: AnalysedFace) -> None:
    assert face_quality(unknown) is None


@pytest.mark.parametrize(
    ("nose_x", "sharpness", "quality"),
    [(50, 0.1, 1.0), (50, 0.006, 0.12), (72.68, 0.1, 0.5), (27.32, 0.1, 0.5), (80, 0.1, 0.0)],
)
def test_a_sharp_face_that_looks_here_is_a_good_one(
    nose_x: float, sharpness: float, quality: float
) -> None:
    assert face_quality(face(nose_x, sharpness)) == pytest.approx(quality)


def test_eyes_one_behind_the_other_are_no_good_face() -> None:
    landmarks = np.zeros((5, 2), dtype=np.float32)

    assert (
        face_quality(AnalysedFace(LARGE, 1.0, np.ones(4, dtype=np.float32), landmarks, 1.0)) == 0.0
    )


def test_what_is_known_of_the_quality_decides_and_not_the_size() -> None:
    good, poor = FOUNDER_MIN_QUALITY, FOUNDER_MIN_QUALITY - 0.01

    decided = are_founders([TINY, LARGE, TINY, LARGE], [1.0] * 4, [good, poor, None, None])

    assert decided.tolist() == [True, False, False, True]
