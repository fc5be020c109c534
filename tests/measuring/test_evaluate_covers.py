"""measuring.evaluate_covers: which faces would be doubtful as covers."""

from __future__ import annotations

import numpy as np
import pytest

from measuring.evaluate_covers import count_doubtful_covers
from tests.faces.made_up import encodings_at


def test_a_far_face_of_a_person_is_doubtful_and_so_is_a_strangers() -> None:
    encodings = encodings_at(0.0, 0.01, 0.02, 0.03, 0.5, 1.0)
    names = ["Lea", "Lea", "Lea", "Lea", "Lea", "Tom"]

    counted = count_doubtful_covers(encodings, np.full(6, 0.5), names)

    assert counted["people"] == 1
    assert counted["own faces doubtful at 1.15"] == pytest.approx(1 / 5)
    assert counted["others not doubtful at 1.15"] == 0


def test_a_face_that_looks_like_the_person_is_not_doubtful() -> None:
    encodings = encodings_at(0.0, 0.01, 0.02, 0.01, 0.5)
    names = ["Lea", "Lea", "Lea", "Tom", ""]

    counted = count_doubtful_covers(encodings, np.full(5, 0.5), names)

    assert counted["others not doubtful at 1.15"] == 1  # the face without a label is left out


def test_only_the_clearest_faces_count() -> None:
    encodings = encodings_at(*[0.0, 0.01] * 4, 0.6, 1.0)
    qualities = np.array([0.5] * 8 + [0.1, 0.5])

    counted = count_doubtful_covers(encodings, qualities, ["Lea"] * 9 + ["Tom"])

    assert counted["own faces doubtful at 1.2"] == 0
