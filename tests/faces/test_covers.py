"""photoshare.faces.covers: the face chosen as a person's cover."""

from __future__ import annotations

import numpy as np
import pytest

from photoshare.faces.covers import CLEARER_BY, CoverFaces, choose_cover
from tests.faces.made_up import encodings_at

UNKNOWN = float("nan")


def cover(
    qualities: list[float],
    *,
    at: list[float] | None = None,
    areas: list[float] | None = None,
    present: int | None = None,
) -> int:
    """Choose among faces at positions on an arc, by default all at the same one."""
    return choose_cover(
        CoverFaces(
            encodings_at(*(at or [0.0] * len(qualities))),
            np.array(qualities),
            np.array(areas or [100.0] * len(qualities)),
        ),
        present,
    )


def test_the_clearest_is_chosen_of_two_as_clear_the_larger() -> None:
    assert cover([0.4, 0.9, 0.7]) == 1
    assert cover([0.9, 0.9, 0.7], areas=[100, 200, 300]) == 1
    assert cover([0.3]) == 0


def test_a_face_of_unknown_quality_comes_after_those_that_are_known() -> None:
    assert cover([UNKNOWN, 0.1], areas=[900, 100]) == 1
    assert cover([UNKNOWN, UNKNOWN], areas=[100, 900]) == 1


def test_a_cover_stays_until_another_is_clearer_by_a_margin() -> None:
    assert cover([0.8, 0.8 + 0.9 * CLEARER_BY], present=0) == 0
    assert cover([0.8, 0.8 + 1.1 * CLEARER_BY], present=0) == 1
    assert cover([0.8, 0.9 * 0.8], present=1) == 1


def test_without_qualities_a_cover_stays_until_another_is_twice_as_large() -> None:
    assert cover([UNKNOWN] * 2, areas=[100, 190], present=0) == 0
    assert cover([UNKNOWN] * 2, areas=[100, 210], present=0) == 1


def test_a_doubtful_face_is_never_chosen_however_clear() -> None:
    """The last is a stranger's, or a picture that hardly shows whose it is."""
    places = [0.0, 0.05, 0.1, 0.5]

    assert cover([0.4, 0.5, 0.3, 1.0], at=places) == 1
    assert cover([0.3, 0.5, 0.3, 1.0], at=places, present=0) == 1
    assert cover([0.45, 0.5, 0.3, 1.0], at=places, present=0) == 0


def test_a_cover_that_has_become_doubtful_goes() -> None:
    assert cover([0.4, 0.5, 0.3, 0.5], at=[0.0, 0.05, 0.1, 0.5], present=3) == 1


def test_equal_faces_but_for_one_leave_that_one_out() -> None:
    assert cover([0.4, 0.5, 1.0], at=[0.0, 0.0, 0.4]) == 1


@pytest.mark.parametrize("present", [None, 0, 1, 2])
def test_of_people_of_two_looks_neither_is_a_stranger(present: int | None) -> None:
    """With and without a beard: equally many, so either may be the cover."""
    chosen = cover([0.5, 0.5, 0.9, 0.8], at=[0.0, 0.01, 0.6, 0.61], present=present)

    assert chosen == 2
