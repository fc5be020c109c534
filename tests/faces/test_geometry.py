"""photoshare.geometry: pairing the faces of one detector with those of another."""

from __future__ import annotations

import numpy as np
import pytest

from photoshare.geometry import FaceLocation, paired_faces


def paired(some: list[FaceLocation], others: list[FaceLocation]) -> list[tuple[int, int]]:
    arrays = (np.array(boxes, dtype=np.int64).reshape(-1, 4) for boxes in (some, others))
    return sorted(paired_faces(*arrays))


def box(x: int, y: int = 0, width: int = 100, height: int = 100) -> FaceLocation:
    """A box by its centre."""
    return y - height // 2, x + width // 2, y + height // 2, x - width // 2


@pytest.mark.parametrize(
    "other", [box(0), box(4, -12, 84, 120), box(18), box(0, 0, 72, 74), box(0, 0, 136, 138)]
)
def test_the_box_of_another_detector_is_the_same_face(other: FaceLocation) -> None:
    assert paired([box(0)], [other]) == [(0, 0)]


@pytest.mark.parametrize("other", [box(58), box(0, 60), box(0, 0, 30, 30), box(0, 0, 300, 300)])
def test_the_face_beside_or_around_is_another(other: FaceLocation) -> None:
    assert paired([box(0)], [other]) == []


def test_each_is_paired_once_with_the_nearest() -> None:
    assert paired([box(0), box(5)], [box(6)]) == [(1, 0)]
    assert paired([box(6)], [box(0), box(5)]) == [(0, 1)]


def test_as_many_as_can_be_are_paired() -> None:
    """Taking the nearest pair would leave the other two unpaired."""
    assert paired([box(0), box(35)], [box(30), box(65)]) == [(0, 0), (1, 1)]


def test_where_one_side_has_no_face_nobody_is_paired() -> None:
    assert paired([], [box(0)]) == paired([box(0)], []) == paired([], []) == []


def test_a_box_without_area_is_no_error() -> None:
    assert paired([box(0, 0, 0, 0)], [box(0)]) == []
