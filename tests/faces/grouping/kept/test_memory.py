"""photoshare.faces.grouping.kept.memory: the kept encodings equal freshly read ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from photoshare.faces.grouping.kept.memory import FaceMemory, unit_length
from photoshare.faces.grouping.plan import NO_PERSON, FaceSet
from photoshare.faces.grouping.units import sums_of_groups
from tests.faces.made_up import encodings_of, face_set

pytestmark = pytest.mark.slow

Owners = list[int]


def sums_by_hand(faces: FaceSet, groups: NDArray[np.intp]) -> NDArray[np.float32]:
    rows = unit_length(faces.encodings)
    return np.array([rows[groups == group].sum(axis=0) for group in range(groups.max() + 1)])


def test_encodings_are_scaled_to_length_1_and_zeros_stay() -> None:
    encodings = np.array([[3, 4], [0, 0], [0, 1]], dtype=np.float32)

    np.testing.assert_allclose(unit_length(encodings), [[0.6, 0.8], [0.0, 0.0], [0.0, 1.0]])


def test_encodings_of_length_1_are_not_copied() -> None:
    encodings = unit_length(encodings_of([0, 1]))

    assert FaceMemory(encodings).directions(2).base is encodings


def test_more_faces_do_not_copy_those_before() -> None:
    room = face_set(encodings_of([0, 1, 2, 3])).extended(face_set(encodings_of([4])))
    more = room.extended(face_set(encodings_of([5]), people=[7]))

    assert np.shares_memory(room.encodings, more.encodings)
    assert more.person_ids.tolist() == [NO_PERSON] * 5 + [7]
    expected = unit_length(np.concatenate([encodings_of([number]) for number in range(6)]))
    np.testing.assert_allclose(more.encodings[[0, 4, 5]].argmax(axis=1), [0, 4, 5])
    assert more.encodings.shape == expected.shape


def test_two_who_add_to_the_same_faces_do_not_see_each_other() -> None:
    room = face_set(encodings_of([0, 1, 2, 3])).extended(face_set(encodings_of([4])))
    one = room.extended(face_set(encodings_of([5])))
    other = room.extended(face_set(encodings_of([6])))

    assert (one.encodings[-1].argmax(), other.encodings[-1].argmax()) == (5, 6)


def test_what_is_taken_back_is_wiped_out() -> None:
    room = face_set(encodings_of([0, 1, 2, 3])).extended(face_set(encodings_of([4])))
    more = room.extended(face_set(encodings_of([5])))
    room.memory.take_back(len(room))

    assert not more.encodings[-1].any()
    np.testing.assert_allclose(np.linalg.norm(room.encodings, axis=1), 1, rtol=1e-5)
    again = room.extended(face_set(encodings_of([6])))
    assert np.shares_memory(room.encodings, again.encodings)


def test_encodings_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="two sizes"):
        face_set(encodings_of([0])).extended(face_set(encodings_of([0])[:, :7]))


def test_other_encodings_are_another_memory() -> None:
    room = face_set(encodings_of([0, 0]), people=[5, 5])
    room.memory.sums_of(room.person_ids)
    other = replace(room, encodings=encodings_of([1, 1]))

    assert other.memory.sums_of(other.person_ids)[1].argmax() == 1


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=12), min_size=1, max_size=6))
def test_the_sums_of_people_follow_whoever_moves(history: list[Owners]) -> None:
    """Each list has the people of the faces at one time: there may be more of them, or fewer."""
    everything = encodings_of([0] * 12, spread=1.0)
    memory = FaceMemory(everything)
    for owners in history:
        person_ids = np.array(owners, dtype=np.int64)
        people, sums = memory.sums_of(person_ids)

        fresh = FaceMemory(everything).sums_of(person_ids)
        assert people.tolist() == sorted(set(owners) - {NO_PERSON}) == fresh[0].tolist()
        np.testing.assert_array_equal(sums, fresh[1])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=20))
def test_the_sums_of_groups_are_those_of_their_faces(faces: list[tuple[int, int]]) -> None:
    """Whatever person a group is given: with faces elsewhere, or with others' faces among them.

    Each face is (person, group); 0 for no person.
    """
    people_of_faces = [person for person, _ in faces]
    room = face_set(encodings_of([0] * len(faces), spread=1.0), people=people_of_faces)
    _, groups = np.unique([group for _, group in faces], return_inverse=True)
    count = int(groups.max()) + 1
    people = np.zeros(count, dtype=np.int64)
    people[: min(count, 3)] = [1, 2, 3][:count]
    rows = sums_of_groups(room, groups, people)

    expected = sums_by_hand(room, groups)
    everybody = np.arange(count)
    np.testing.assert_allclose(rows[everybody], expected, atol=1e-5)
    np.testing.assert_allclose(rows.squares(), (expected**2).sum(axis=1), rtol=1e-4, atol=1e-5)
    asked = expected[:2]
    np.testing.assert_allclose(rows.dots(asked), asked @ expected.T, atol=1e-4)


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=9), max_size=5))
def test_the_products_of_pairs_are_those_asked_for(history: list[list[tuple[int, int]]]) -> None:
    encodings = unit_length(encodings_of([0, 1] * 4, spread=1.0))
    memory = FaceMemory(encodings)
    for pairs in history:
        rows, others = np.array(pairs, dtype=np.intp).reshape(-1, 2).T

        expected = (encodings @ encodings.T)[rows, others]
        np.testing.assert_allclose(memory.cosines(rows, others), expected, atol=1e-5)
