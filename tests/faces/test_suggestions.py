"""photoshare.faces.suggestions: which pairs are asked about or shown as "maybe"."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from photoshare.faces.grouping.plan import NO_PAIRS, NO_PERSON, FaceSet
from photoshare.faces.grouping.room_eps import own_eps
from photoshare.faces.suggestions import SuggestedPair, maybe_faces, rank_pairs
from photoshare.faces.types import Doubt
from tests.faces.made_up import EPS, doubtful_room, encodings_at, encodings_of, face_set
from tests.faces.made_up_rooms import Placed, placed_rooms

DOUBT = Doubt()


def pairs_of(
    faces: FaceSet,
    apart: NDArray[np.int64] = NO_PAIRS,
    later: list[tuple[int, int]] | None = None,
    limit: int = 9,
) -> list[SuggestedPair]:
    return rank_pairs(faces, eps=EPS, doubt=DOUBT, apart=apart, later=later or [], limit=limit)


def maybe(faces: FaceSet, person: int, apart: NDArray[np.int64] = NO_PAIRS) -> list[int]:
    rows: list[int] = maybe_faces(faces, person, eps=EPS, doubt=DOUBT, apart=apart).tolist()
    return rows


@pytest.mark.parametrize("count", [0, 1])
def test_no_face_and_one_face_ask_nothing(count: int) -> None:
    faces = face_set(encodings_of([0] * count))

    assert pairs_of(faces) == []
    assert maybe(faces, 5) == []


def test_a_near_unsorted_face_is_asked_about_and_may_be_the_person() -> None:
    [pair] = pairs_of(doubtful_room())

    assert (pair.first.person_id, pair.second.person_id) == (5, NO_PERSON)
    assert (pair.first.rows, pair.second.rows) == ((0, 1, 2), (3,))
    assert pair.key == (5, -4)
    assert pair.distance == pytest.approx(1.1, abs=1e-3)
    assert maybe(doubtful_room(), 5) == [3]


def test_what_is_far_is_neither_asked_about_nor_shown() -> None:
    far = face_set(encodings_at(0, 0, 0, 1.4 * EPS), people=[5, 5, 5, NO_PERSON])

    assert pairs_of(far) == []
    assert maybe(far, 5) == []


def test_two_near_people_are_asked_about_the_larger_first() -> None:
    faces = face_set(encodings_at(*[1.1 * EPS] * 2, *[0] * 3), people=[5] * 2 + [9] * 3)
    [pair] = pairs_of(faces)

    assert (pair.first.person_id, pair.second.person_id) == (9, 5)


def test_two_unsorted_faces_are_not_asked_about() -> None:
    assert pairs_of(face_set(encodings_at(0, 0))) == []


def test_sides_that_share_a_photo_or_are_apart_never_appear() -> None:
    faces = doubtful_room()
    shared = replace(faces, photo_ids=np.array([1, 2, 3, 3]))
    linked = replace(faces, bond_ids=np.array([7, 7, 0, 8]))
    apart = np.array([[8, 7]])

    assert len(pairs_of(linked)) == 1
    assert pairs_of(shared) == pairs_of(linked, apart) == []
    assert maybe(shared, 5) == maybe(linked, 5, apart) == []


def test_the_nearer_pair_comes_first_and_the_limit_holds() -> None:
    distances = [0, 0, 0, 1.15 * EPS, 1.1 * EPS]
    faces = face_set(encodings_at(*distances), people=[5, 5, 5, NO_PERSON, NO_PERSON])

    assert [pair.second.rows for pair in pairs_of(faces)] == [(4,), (3,)]
    assert [pair.second.rows for pair in pairs_of(faces, limit=1)] == [(4,)]
    assert pairs_of(faces, limit=0) == []
    assert maybe(faces, 5) == [4, 3]


def test_what_was_put_off_comes_last_whichever_side_was_first() -> None:
    distances = [0, 0, 0, 1.15 * EPS, 1.1 * EPS]
    faces = face_set(encodings_at(*distances), people=[5, 5, 5, NO_PERSON, NO_PERSON])

    for later in [(5, -5)], [(-5, 5)]:
        assert [pair.second.rows for pair in pairs_of(faces, later=later)] == [(3,), (4,)]


def test_a_doubtful_face_is_shown_with_its_nearest_person_only() -> None:
    distances = [0, 0, 2.2 * EPS, 2.2 * EPS, 1.08 * EPS]
    faces = face_set(encodings_at(*distances), people=[5, 5, 9, 9, NO_PERSON])

    assert {pair.key for pair in pairs_of(faces)} == {(5, -5), (9, -5)}
    assert (maybe(faces, 5), maybe(faces, 9)) == ([4], [])


def test_good_faces_are_shown_the_most_like_the_person_first() -> None:
    """Two most similar to the person (near 0.1), then two to the other side; no poor one."""
    distances = [0, 0.05, 0.09, 0.1, 0.2, 0.3]
    faces = face_set(
        encodings_at(*distances, 0.48), people=[5] * 6 + [NO_PERSON], good=[True] * 5 + [False] * 2
    )
    [pair] = pairs_of(faces)

    assert set(pair.first.rows[:2]) == {2, 3}
    assert pair.first.rows[2:] == (4, 1)
    assert pair.second.rows == (6,)


@settings(deadline=None)
@given(placed_rooms())
def test_no_pair_breaks_a_rule_whatever_the_room(room: Placed) -> None:
    faces, _, _, apart = room
    pairs = pairs_of(faces, np.array(apart, dtype=np.int64).reshape(-1, 2), limit=99)
    walls = {frozenset(pair) for pair in apart if pair[0] != pair[1]}

    assert len({frozenset(pair.key) for pair in pairs}) == len(pairs)
    for pair in pairs:
        sides = [
            np.flatnonzero(faces.person_ids == side.person_id)
            if side.person_id != NO_PERSON
            else np.array(side.rows)
            for side in (pair.first, pair.second)
        ]
        photos = [set(faces.photo_ids[rows].tolist()) for rows in sides]
        links = [faces.bond_ids[rows].tolist() for rows in sides]
        assert not photos[0] & photos[1]
        assert not any(frozenset((a, b)) in walls for a in links[0] for b in links[1])
        assert all(1 <= len(side.rows) <= 4 for side in (pair.first, pair.second))


def test_how_far_is_asked_is_the_engines_own() -> None:
    faces = face_set(encodings_at(0, 0, 0, 1.12 * EPS), people=[5, 5, 5, NO_PERSON])
    [pair] = rank_pairs(faces, doubt=Doubt(1.15, 0.07), limit=9, eps=EPS, apart=NO_PAIRS)
    far = pair.distance

    for doubt, count in (Doubt(far + 0.01, 0.03), 1), (Doubt(far - 0.01, 0.03), 0):
        assert len(rank_pairs(faces, doubt=doubt, limit=9, eps=EPS, apart=NO_PAIRS)) == count
        assert len(maybe_faces(faces, 5, doubt=doubt, eps=EPS, apart=NO_PAIRS)) == count


def test_where_people_look_alike_the_rooms_own_eps_is_what_counts() -> None:
    """Fifty photos of two people each show how near strangers are here."""
    farther = 2 * np.sin(np.arcsin(1.5 / 2) + np.arcsin(1.2 * EPS / 2))  # by 1.2 eps than 1.5
    alike = encodings_at(*[1.5, float(farther)] * 50)
    doubtful = encodings_at(0, 0, 0, 1.15 * EPS)
    faces = face_set(
        np.concatenate([doubtful, alike]),
        people=[5, 5, 5, *[NO_PERSON] * 101],
        photos=[1, 2, 3, 4, *np.repeat(np.arange(5, 55), 2).tolist()],
    )

    assert own_eps(faces, EPS) == pytest.approx(0.87 * EPS, rel=0.01)
    assert maybe(faces, 5) == []
    assert maybe(faces.subset(np.arange(4)), 5) == [3]
