"""photoshare.faces.matching: pure functions."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoshare.faces.matching import (
    NO_PERSON,
    FaceSet,
    found_new_people,
    match_known_people,
    near_rows,
    plan_groups,
)
from tests.faces.test_clustering import EPS, on_a_line

# (photo, person or NO_PERSON, place on the line in tenths)
FaceSketch = tuple[int, int, int]


def face_set(*sketches: FaceSketch) -> FaceSet:
    return FaceSet(
        on_a_line(*[place for _photo, _person, place in sketches]),
        np.array([photo for photo, _person, _place in sketches], dtype=np.int64),
        np.array([person for _photo, person, _place in sketches], dtype=np.int64),
    )


def plan(*sketches: FaceSketch, min_samples: int = 2) -> list[int]:
    """Decide on all unsorted faces."""
    faces = face_set(*sketches)
    active = faces.person_ids == NO_PERSON
    return plan_groups(faces, active, eps=EPS, min_samples=min_samples).tolist()


def match(faces: FaceSet, known: FaceSet) -> list[int]:
    return match_known_people(faces, known, eps=EPS).tolist()


def test_a_room_without_faces_has_nothing_to_decide() -> None:
    assert plan() == []


def test_one_face_stays_unsorted() -> None:
    assert plan((1, NO_PERSON, 0)) == [NO_PERSON]


def test_two_near_faces_of_two_photos_are_a_new_person() -> None:
    assert plan((1, NO_PERSON, 0), (2, NO_PERSON, 1)) == [-1, -1]


def test_two_near_faces_of_one_photo_are_not_one_person() -> None:
    assert plan((1, NO_PERSON, 0), (1, NO_PERSON, 1)) == [NO_PERSON, NO_PERSON]


def test_faces_that_are_all_far_apart_stay_unsorted() -> None:
    assert plan((1, 0, 0), (2, 0, 10), (3, 0, 20), (4, 0, 30)) == [NO_PERSON] * 4


def test_two_new_people_get_two_numbers() -> None:
    assert plan((1, 0, 0), (1, 0, 20), (2, 0, 1), (2, 0, 21)) == [-1, -2, -1, -2]


def test_a_face_near_a_known_person_joins_them() -> None:
    assert plan((1, 7, 0), (2, 7, 1), (3, NO_PERSON, 1)) == [7, 7, 7]


def test_a_face_far_from_every_known_person_stays_unsorted() -> None:
    assert plan((1, 7, 0), (2, NO_PERSON, 9)) == [7, NO_PERSON]


def test_of_two_faces_of_a_photo_the_nearer_one_is_the_person() -> None:
    assert plan((1, 7, 0), (2, NO_PERSON, 2), (2, NO_PERSON, 1)) == [7, NO_PERSON, 7]


def test_a_person_has_no_second_face_in_a_photo_that_shows_them_already() -> None:
    assert plan((1, 7, 0), (1, NO_PERSON, 0)) == [7, NO_PERSON]


def test_the_nearest_of_two_known_people_is_chosen() -> None:
    assert match(face_set((9, 0, 2)), face_set((1, 7, 0), (2, 8, 3))) == [8]


def test_one_odd_face_of_a_person_does_not_pull_a_stranger_in() -> None:
    odd = face_set((1, 7, 0), (2, 7, 0), (3, 7, 4))  # the mean of the nearest three decides

    assert match(face_set((9, 0, 5)), odd) == [NO_PERSON]


def test_nobody_is_known_in_an_empty_room() -> None:
    assert match(face_set((1, 0, 0), (2, 0, 1)), face_set()) == [NO_PERSON, NO_PERSON]


def test_no_faces_match_nobody() -> None:
    assert match(face_set(), face_set((1, 7, 0))) == []


def test_a_new_face_draws_an_unsorted_neighbour_along() -> None:
    faces = face_set((1, NO_PERSON, 0), (2, NO_PERSON, 1), (3, NO_PERSON, 30))
    active = np.array([False, True, False])

    assert plan_groups(faces, active, eps=EPS, min_samples=2).tolist() == [-1, -1, NO_PERSON]


def test_faces_that_the_new_ones_do_not_reach_are_left_alone() -> None:
    faces = face_set((1, NO_PERSON, 0), (2, NO_PERSON, 1), (3, NO_PERSON, 30))
    active = np.array([False, False, True])

    assert plan_groups(faces, active, eps=EPS, min_samples=2).tolist() == [NO_PERSON] * 3


def test_a_group_that_is_too_small_without_its_second_faces_is_no_person() -> None:
    faces = face_set((1, 0, 0), (1, 0, 1), (2, 0, 1))

    assert found_new_people(faces, eps=EPS, min_samples=3) == []


def test_near_rows_are_those_within_reach_of_any_face() -> None:
    others = face_set((1, 0, 0), (2, 0, 9), (3, 0, 2))

    assert near_rows(face_set((4, 0, 1), (5, 0, 40)), others, eps=EPS).tolist() == [0, 2]


def test_bad_encodings_are_refused() -> None:
    faces = FaceSet(np.zeros((2, 64), np.float32), np.array([1, 2]), np.array([0, 0]))

    with pytest.raises(ValueError, match="shape"):
        plan_groups(faces, np.array([True, True]), eps=EPS, min_samples=2)


@st.composite
def rooms(draw: st.DrawFn) -> tuple[FaceSet, np.ndarray]:
    """Draw the faces of a room in which no person has two faces of a photo, and the active ones."""
    sketch = st.tuples(st.integers(1, 6), st.integers(NO_PERSON, 3), st.integers(0, 12))
    sketches: list[FaceSketch] = []
    taken = set()
    for photo, person, place in draw(st.lists(sketch, max_size=24)):
        if person == NO_PERSON or (photo, person) not in taken:
            taken.add((photo, person))
            sketches.append((photo, person, place))
    faces = face_set(*sketches)
    chosen = draw(st.lists(st.booleans(), min_size=len(faces), max_size=len(faces)))
    return faces, np.array(chosen, dtype=bool) & (faces.person_ids == NO_PERSON)


@settings(derandomize=True, deadline=None)
@given(room=rooms(), min_samples=st.integers(2, 3))
def test_two_faces_of_one_photo_never_get_the_same_person(
    room: tuple[FaceSet, np.ndarray], min_samples: int
) -> None:
    faces, active = room

    person_ids = plan_groups(faces, active, eps=EPS, min_samples=min_samples)

    places = zip(faces.photo_ids.tolist(), person_ids.tolist(), strict=True)
    counts = Counter(place for place in places if place[1] != NO_PERSON)
    assert all(count == 1 for count in counts.values())


@settings(derandomize=True, deadline=None)
@given(room=rooms(), min_samples=st.integers(2, 3))
def test_the_faces_of_known_people_never_move(
    room: tuple[FaceSet, np.ndarray], min_samples: int
) -> None:
    faces, active = room
    sorted_rows = faces.person_ids != NO_PERSON

    person_ids = plan_groups(faces, active, eps=EPS, min_samples=min_samples)

    assert (person_ids[sorted_rows] == faces.person_ids[sorted_rows]).all()


@settings(derandomize=True, deadline=None)
@given(room=rooms(), min_samples=st.integers(2, 3))
def test_every_new_person_is_numbered_and_has_enough_faces(
    room: tuple[FaceSet, np.ndarray], min_samples: int
) -> None:
    faces, active = room

    person_ids = plan_groups(faces, active, eps=EPS, min_samples=min_samples)

    new = Counter(person_ids[person_ids < 0].tolist())
    assert sorted(new) == list(range(-len(new), 0))
    assert all(count >= min_samples for count in new.values())
