"""Single faces join people from farther away, if nobody else is near."""

from __future__ import annotations

import math

import numpy as np

from photoshare.faces.grouping.joining import MARGIN, REACH
from photoshare.faces.grouping.plan import NO_PERSON, GroupPlan, plan_groups
from photoshare.faces.types import FaceSet
from tests.faces.made_up import EPS, encodings_at, face_set


def distance(ratio: float, faces: int) -> float:
    """Return the distance of a face from ``faces`` equal ones at a ratio of eps."""
    return EPS * math.sqrt(ratio**2 + 0.21 * (1 - 1 / faces))


def plan(faces: FaceSet, active: list[bool] | None = None, min_samples: int = 2) -> GroupPlan:
    chosen = np.array([True] * len(faces) if active is None else active)
    return plan_groups(faces, chosen, eps=EPS, min_samples=min_samples)


def test_a_single_face_joins_from_farther_away_than_people_merge() -> None:
    near = face_set(encodings_at(0, 0, 0, distance(REACH - 0.02, 3)))
    far = face_set(encodings_at(0, 0, 0, distance(REACH + 0.02, 3)))

    assert plan(near).person_ids.tolist() == [-1, -1, -1, -1]
    assert plan(far).person_ids.tolist() == [-1, -1, -1, NO_PERSON]


def test_two_people_do_not() -> None:
    faces = face_set(encodings_at(0, 0, *[(REACH - 0.05) * EPS] * 2))

    assert plan(faces).person_ids.tolist() == [-1, -1, -2, -2]


def test_two_single_faces_do_not() -> None:
    faces = face_set(encodings_at(0, (REACH - 0.05) * EPS))

    assert plan(faces).person_ids.tolist() == [NO_PERSON, NO_PERSON]


def between_two_people(margin: float) -> FaceSet:
    """Two people of two faces each, and between them a face nearer to the first."""
    first = 2 * np.arcsin(distance(1.04, 2) / 2)
    second = 2 * np.arcsin(distance(1.04 + margin, 2) / 2)
    encodings = np.zeros((5, 128), dtype=np.float32)
    for row, angle in enumerate([0, 0, first + second, first + second, first]):
        encodings[row, :2] = np.cos(angle), np.sin(angle)
    return face_set(encodings)


def test_a_face_between_two_people_joins_neither() -> None:
    assert plan(between_two_people(MARGIN + 0.02)).person_ids.tolist() == [-1, -1, -2, -2, -1]
    assert plan(between_two_people(MARGIN - 0.02)).person_ids.tolist() == [-1, -1, -2, -2, 0]


def test_who_is_in_the_same_photo_is_no_rival() -> None:
    faces = between_two_people(MARGIN - 0.02)
    faces.photo_ids[4] = faces.photo_ids[2]

    assert plan(faces).person_ids.tolist() == [-1, -1, -2, -2, -1]


def test_of_two_faces_of_one_photo_the_nearer_one_joins() -> None:
    faces = face_set(encodings_at(0, 0, 0, distance(1.08, 3), distance(1.05, 3)))
    faces.photo_ids[3] = faces.photo_ids[4]

    assert plan(faces).person_ids.tolist() == [-1, -1, -1, NO_PERSON, -1]


def test_a_new_face_joins_a_person_that_nothing_else_touches() -> None:
    people = [5, 5, 5, NO_PERSON]
    faces = face_set(encodings_at(0, 0, 0, distance(1.05, 3)), people=people)

    assert plan(faces, [False, False, False, True]).person_ids.tolist() == [5] * 4


def test_an_old_face_joins_the_person_that_a_new_one_founds() -> None:
    faces = face_set(encodings_at(0, distance(1.05, 3), 0, 0), people=[NO_PERSON] * 4)

    assert plan(faces, [False, False, True, True]).person_ids.tolist() == [-1, -1, -1, -1]
