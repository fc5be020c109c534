"""photoshare.faces.reflections: one person twice on a photo."""

from __future__ import annotations

import numpy as np
import pytest

from photoshare.faces.reflections import REFLECTION, reflections_apart
from photoshare.faces.types import MAX_PANELS, NO_COLLAGE, AnalysedFace

EPS = 0.87
NEAR, FAR = 0.9 * REFLECTION * EPS, 1.1 * REFLECTION * EPS


def face_at(place: float) -> AnalysedFace:
    """Make a face whose distance to another is the difference of their places."""
    return AnalysedFace((0, 10, 10, 0), 1.0, np.array([place, 0.0], dtype=np.float32))


@pytest.mark.parametrize(
    ("places", "panels", "expected"),
    [
        ([], [], []),
        ([0.0], [0], [0]),
        ([0.0, NEAR], [0, 0], [0, 1]),
        ([0.0, FAR], [0, 0], [0, 0]),
        # Two mirrors: each is a scene of its own.
        ([0.0, 0.01, 0.02], [0, 0, 0], [0, 1, 2]),
        # Two people before a mirror.
        ([0.0, 9.0, 0.01, 9.01], [0, 0, 0, 0], [0, 0, 1, 2]),
        # In a collage a panel is a scene already; a mirror may be in one of them.
        ([0.0, 0.01], [1, 2], [1, 2]),
        ([0.0, 0.01, 0.02], [1, 2, 2], [1, 2, 3]),
    ],
)
def test_a_reflection_is_a_scene_of_its_own(
    places: list[float], panels: list[int], expected: list[int]
) -> None:
    faces = [face_at(place) for place in places]

    assert reflections_apart(faces, panels, EPS) == expected


def test_there_are_never_more_panels_than_a_photo_may_have() -> None:
    faces = [face_at(0.0) for _ in range(3)]
    last = MAX_PANELS - 1

    assert max(reflections_apart(faces, [last, last, NO_COLLAGE], EPS)) == last
