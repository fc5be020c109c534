"""Labels answer which faces are one person, as a host would in the app."""

from __future__ import annotations

import numpy as np

from measuring.evaluate_answers import LATER, NO, YES, AnsweredRoom, answer_next
from tests.faces.made_up import EPS, doubtful_room


def answered_room() -> AnsweredRoom:
    """Person 5 with three faces, and an unsorted face that is near but not near enough."""
    return AnsweredRoom(doubtful_room(), EPS, 2)


def test_yes_makes_one_fixed_person() -> None:
    room = answered_room()

    assert answer_next(room, ["a"] * 4) == YES
    assert room.faces.person_ids.tolist() == [5] * 4
    assert room.fixed_people == {5}
    assert answer_next(room, ["a"] * 4) == ""


def test_no_keeps_the_sides_apart_and_is_not_asked_again() -> None:
    room = answered_room()

    assert answer_next(room, ["a", "a", "a", "b"]) == NO
    assert room.faces.person_ids.tolist() == [5, 5, 5, 0]
    assert answer_next(room, ["a", "a", "a", "b"]) == ""


def test_a_face_that_the_labels_do_not_know_is_put_off() -> None:
    room = answered_room()

    assert answer_next(room, ["a", "a", "a", ""]) == LATER
    assert room.faces.person_ids.tolist() == [5, 5, 5, 0]
    assert answer_next(room, ["a", "a", "a", ""]) == ""


def test_a_link_that_grows_stays_apart_from_what_it_was_apart_from() -> None:
    """The unsorted face is not person 5; then another face is confirmed as person 5."""
    room = answered_room()
    answer_next(room, ["a", "a", "a", "b"])
    before = room.faces.bond_ids.copy()
    room._link(np.array([0, 1, 2]))

    assert room.faces.bond_ids[0] not in before
    assert room.apart == [(room.faces.bond_ids[0], before[3])]
