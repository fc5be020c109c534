"""Ranking people by one face: who looks most like it, and faces put with the wrong person."""

from __future__ import annotations

import numpy as np

from photoshare.faces.likeness import PROOF, Likeness, proofs, rank_by_face
from photoshare.faces.types import NO_PERSON
from tests.faces.made_up import EPS, encodings_at, encodings_of, face_set


def test_the_most_similar_person_comes_first_and_single_faces_count_too() -> None:
    faces = face_set(encodings_of([0, 0, 1, 1, 2], seed=1), people=[7, 7, 8, 8, NO_PERSON])

    for person, expected in ((0, 7), (1, 8), (2, NO_PERSON)):
        (picture,) = encodings_of([person], seed=9)
        ranked = rank_by_face(faces, picture, eps=EPS, limit=3)

        assert ranked[0].person_id == expected
        assert ranked[0].distance < EPS < ranked[1].distance
        assert [one.distance for one in ranked] == sorted(one.distance for one in ranked)


def test_a_person_is_shown_by_their_most_similar_face() -> None:
    faces = face_set(encodings_at(0.2, 0.05, 0.3), people=[4, 4, 4])

    (only,) = rank_by_face(faces, encodings_at(0)[0], eps=EPS, limit=5)

    assert (only.person_id, only.row) == (4, 1)


def test_a_face_that_is_with_somebody_else_by_mistake_is_offered_alone() -> None:
    """Ten faces of one person, and one of the other who looks for themselves."""
    encodings = np.concatenate([encodings_of([0] * 10, seed=2), encodings_of([1], seed=3)])
    faces = face_set(encodings, people=[5] * 11)

    (picture,) = encodings_of([1], seed=4)
    (first,) = rank_by_face(faces, picture, eps=EPS, limit=3)

    assert (first.person_id, first.row) == (NO_PERSON, 10)


def test_a_room_without_faces_has_nobody() -> None:
    (picture,) = encodings_of([1])

    assert (
        rank_by_face(face_set(picture[None]).subset(np.zeros(1, bool)), picture, eps=EPS, limit=3)
        == []
    )


def test_a_picture_proves_nobody_who_is_only_a_little_similar() -> None:
    """Beyond that are strangers, who would be shown to someone who may not see them."""
    similar = [Likeness(1, 0, PROOF * EPS), Likeness(2, 1, PROOF * EPS + 0.01)]

    assert proofs(similar, EPS) == similar[:1]
