"""Who is who, on made-up encodings: people are directions, faces are near them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from photoshare.faces import linkage
from photoshare.faces.engines.dlib_format import ENCODING_SIZE
from photoshare.faces.matching import NO_PERSON, FaceSet, GroupPlan, plan_groups
from photoshare.faces.quality import may_found
from tests.faces.made_up import EPS, encodings_at, encodings_of, face_set


def plan(
    faces: FaceSet,
    active: list[bool] | None = None,
    *,
    fixed: set[int] | None = None,
    apart: Sequence[tuple[int, int]] = (),
) -> GroupPlan:
    return plan_groups(
        faces,
        np.array([True] * len(faces) if active is None else active, dtype=np.bool_),
        eps=EPS,
        min_samples=2,
        fixed_people=fixed or set(),
        apart=np.array(apart, dtype=np.int64).reshape(-1, 2),
    )


@st.composite
def rooms(draw: st.DrawFn) -> FaceSet:
    """Faces of up to 5 people in up to 8 photos: near and doubtful, good and poor, unsorted."""
    people = draw(st.lists(st.integers(0, 4), max_size=24))
    count = len(people)
    photos = draw(st.lists(st.integers(1, 8), min_size=count, max_size=count))
    good = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    spread = draw(st.sampled_from([0.1, 0.25, 0.4, 1.0]))
    return face_set(encodings_of(people, spread, draw(st.integers(0, 99))), photos, good=good)


def sorted_by_photo(faces: FaceSet, draw_people: list[int]) -> FaceSet:
    """Give faces people at random, but no person two faces of one photo."""
    taken: set[tuple[int, int]] = set()
    people = []
    for photo, person in zip(faces.photo_ids.tolist(), draw_people, strict=True):
        person = NO_PERSON if (photo, person) in taken else person
        taken.add((photo, person))
        people.append(person)
    return face_set(faces.encodings, faces.photo_ids.tolist(), people, faces.may_found.tolist())


def partition(person_ids: NDArray[np.int64]) -> set[frozenset[int]]:
    return {
        frozenset(np.flatnonzero(person_ids == person).tolist())
        for person in np.unique(person_ids[person_ids != NO_PERSON])
    }


def test_no_face_makes_no_person() -> None:
    done = plan(face_set(np.empty((0, ENCODING_SIZE), dtype=np.float32)))

    assert (len(done.person_ids), done.merged) == (0, {})


def test_one_face_stays_unsorted() -> None:
    assert plan(face_set(encodings_of([0]))).person_ids.tolist() == [NO_PERSON]


def test_two_alike_faces_of_two_photos_are_a_new_person() -> None:
    assert plan(face_set(encodings_of([0, 0]))).person_ids.tolist() == [-1, -1]


def test_two_alike_faces_of_one_photo_are_two_people() -> None:
    done = plan(face_set(encodings_of([0, 0]), photos=[7, 7]))

    assert done.person_ids.tolist() == [NO_PERSON, NO_PERSON]


def test_strangers_stay_unsorted() -> None:
    assert not plan(face_set(encodings_of([-1, -2, -3, -4, -5]))).person_ids.any()


def test_copies_of_one_face_are_one_person() -> None:
    copies = np.repeat(encodings_of([3]), 9, axis=0)

    assert plan(face_set(copies)).person_ids.tolist() == [-1] * 9


def test_encodings_of_zeros_do_not_disturb() -> None:
    encodings = np.concatenate([np.zeros((1, ENCODING_SIZE), np.float32), encodings_of([0, 0])])

    assert plan(face_set(encodings)).person_ids.tolist() == [NO_PERSON, -1, -1]


def test_new_people_are_numbered_by_their_first_faces() -> None:
    assert plan(face_set(encodings_of([4, 2, 4, 2]))).person_ids.tolist() == [-1, -2, -1, -2]


def test_a_poor_face_joins_but_does_not_found() -> None:
    together = face_set(encodings_of([0, 0, 0]), good=[True, True, False])
    alone = face_set(encodings_of([0, 0]), good=[True, False])

    assert plan(together).person_ids.tolist() == [-1, -1, -1]
    assert plan(alone).person_ids.tolist() == [NO_PERSON, NO_PERSON]


def test_poor_faces_join_a_fixed_person_who_has_only_poor_faces() -> None:
    faces = face_set(encodings_of([0, 0, 0]), people=[5, 5, NO_PERSON], good=[False] * 3)

    assert plan(faces, [False, False, True], fixed={5}).person_ids.tolist() == [5, 5, 5]


def test_a_new_face_joins_its_person_and_leaves_the_others_alone() -> None:
    faces = face_set(encodings_of([0, 0, 1, 1, 0]), people=[5, 5, 9, 9, NO_PERSON])
    done = plan(faces, [False] * 4 + [True])

    assert (done.person_ids.tolist(), done.merged) == ([5, 5, 9, 9, 5], {})


def test_faces_that_nothing_draws_along_stay_as_they_are() -> None:
    done = plan(face_set(encodings_of([0, 0, 1])), [False, False, True])

    assert not done.person_ids.any()


def test_of_two_unnamed_people_the_older_one_stays() -> None:
    faces = face_set(encodings_of([0, 0, 0, 0]), people=[9, 9, 5, 5])
    done = plan(faces)

    assert (done.person_ids.tolist(), done.merged) == ([5] * 4, {9: 5})


def test_a_named_person_survives_an_older_unnamed_one() -> None:
    faces = face_set(encodings_of([0, 0, 0, 0]), people=[9, 9, 5, 5])
    done = plan(faces, fixed={9})

    assert (done.person_ids.tolist(), done.merged) == ([9] * 4, {5: 9})


def test_two_named_people_never_become_one() -> None:
    faces = face_set(encodings_of([0, 0, 0, 0]), people=[9, 9, 5, 5])
    done = plan(faces, fixed={5, 9})

    assert (done.person_ids.tolist(), done.merged) == ([9, 9, 5, 5], {})


def test_people_who_are_in_one_photo_never_become_one() -> None:
    faces = face_set(encodings_of([0] * 4), photos=[1, 2, 2, 3], people=[5, 5, 9, 9])

    assert plan(faces).merged == {}


def test_linked_faces_are_one_person_however_far_apart() -> None:
    faces = face_set(encodings_of([0, 1, 2]), links=[7, 7, 0])

    assert plan(faces).person_ids.tolist() == [-1, -1, NO_PERSON]


def test_links_join_faces_that_are_not_active() -> None:
    faces = face_set(encodings_of([0, 1, 2]), links=[7, 7, 0])

    assert plan(faces, [False] * 3).person_ids.tolist() == [-1, -1, NO_PERSON]


def test_poor_faces_that_are_linked_are_a_person() -> None:
    faces = face_set(encodings_of([0, 0, 0]), good=[False] * 3, links=[7, 7, 0])

    assert plan(faces).person_ids.tolist() == [-1, -1, -1]


def test_a_link_draws_a_face_out_of_an_unfixed_person_into_a_fixed_one() -> None:
    people = [5, 5, 5, 9, 9]
    faces = face_set(encodings_of([0, 0, 0, 1, 1]), people=people, links=[0, 0, 7, 7, 0])
    done = plan(faces, [False] * 5, fixed={9})

    assert (done.person_ids.tolist(), done.merged) == ([5, 5, 9, 9, 9], {})


def test_a_link_between_two_fixed_people_moves_no_face() -> None:
    faces = face_set(encodings_of([0] * 5), people=[5, 5, 9, 9, 0], links=[7, 7, 7, 0, 7])
    done = plan(faces, fixed={5, 9})

    assert (done.person_ids.tolist(), done.merged) == ([5, 5, 9, 9, 5], {})


def test_linked_faces_of_one_photo_are_one_person() -> None:
    faces = face_set(encodings_of([0, 1, 0]), photos=[1, 1, 2], links=[7, 7, 7])
    first = plan(faces).person_ids

    assert first.tolist() == [-1, -1, -1]
    again = plan(replace(faces, person_ids=np.array([5, 5, 5])), [False] * 3)
    assert again.person_ids.tolist() == [5, 5, 5]


def test_who_else_is_on_their_photo_stays_somebody_else() -> None:
    faces = face_set(encodings_of([0, 0, 0, 0]), photos=[1, 1, 1, 2], links=[7, 7, 0, 0])

    assert plan(faces).person_ids.tolist() == [-1, -1, 0, -1]


def test_panels_of_a_collage_may_show_one_person() -> None:
    faces = face_set(encodings_of([0, 0, 0, 1]), photos=[1, 1, 1, 1])
    strip = replace(faces, panels=np.array([1, 2, 3, 3]))

    assert plan(faces).person_ids.tolist() == [0, 0, 0, 0]
    assert plan(strip).person_ids.tolist() == [-1, -1, -1, 0]


def test_lookalikes_who_are_on_photos_together_stay_two() -> None:
    """Twins, at 0.8 eps: together on five photos, each alone on three."""
    near = encodings_at(*[0] * 8, *[0.8 * EPS] * 8)
    photos = [*range(5), 10, 11, 12, *range(5), 20, 21, 22]
    done = plan(face_set(near, photos)).person_ids

    for one, other in together(done):
        assert photos[one] != photos[other]
    assert done[0] != done[8]


def test_faces_that_are_apart_do_not_meet() -> None:
    faces = face_set(encodings_of([0, 0, 0, 0]), links=[3, 3, 4, 4])

    assert plan(faces, apart=[(4, 3)]).person_ids.tolist() == [-1, -1, -2, -2]
    assert plan(faces).person_ids.tolist() == [-1] * 4


def test_faces_that_are_apart_part_if_they_are_together() -> None:
    faces = face_set(encodings_of([0, 0, 0, 0]), people=[5] * 4, links=[0, 0, 0, 4])
    wrong = face_set(encodings_of([0, 0, 0, 0]), people=[5] * 4, links=[3, 0, 0, 4])

    assert plan(faces, [False] * 4).person_ids.tolist() == [5] * 4
    done = plan(wrong, [False] * 4, apart=[(3, 4)]).person_ids.tolist()
    assert done[0] != done[3]


def test_links_that_are_apart_and_the_same_or_no_links_do_not_disturb() -> None:
    faces = face_set(encodings_of([0, 0, 0]), links=[3, 3, 4])

    assert plan(faces, apart=[(3, 3), (3, 4), (3, 4), (8, 9), (0, 3)]).person_ids.tolist() == [
        -1,
        -1,
        0,
    ]


def test_a_person_goes_on_with_most_of_the_faces() -> None:
    faces = face_set(encodings_of([0, 0, 1, 1, 1]), people=[5] * 5)
    done = plan(faces)

    assert (done.person_ids.tolist(), done.merged) == ([-1, -1, 5, 5, 5], {})


def test_a_stranger_leaves_when_their_own_person_appears() -> None:
    """The third face is in person 5 by mistake; its own second photo comes."""
    faces = face_set(encodings_of([0, 0, 1, 1]), people=[5, 5, 5, NO_PERSON])
    done = plan(faces, [False] * 3 + [True])

    assert (done.person_ids.tolist(), done.merged) == ([5, 5, -1, -1], {})


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 0)), np.zeros(64), np.full((2, ENCODING_SIZE), np.nan)]
)
def test_what_is_no_encoding_is_refused(wrong: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="encodings"):
        plan(face_set(wrong.astype(np.float32)))


def test_small_and_doubtful_faces_may_not_found() -> None:
    square, narrow = (0, 40, 40, 0), (0, 39, 60, 0)

    assert may_found([square, narrow, square], [0.5, 1.0, 0.4], [None] * 3).tolist() == [
        True,
        False,
        False,
    ]
    assert may_found([], [], []).tolist() == []


@settings(deadline=None)
@given(rooms(), st.randoms(use_true_random=False))
def test_the_order_of_one_batch_does_not_matter(faces: FaceSet, random: object) -> None:
    order = np.arange(len(faces))
    random.shuffle(order)  # type: ignore[attr-defined]
    turned = faces.taken(order)
    back = np.empty(len(faces), dtype=np.int64)
    back[order] = plan(turned).person_ids

    assert partition(back) == partition(plan(faces).person_ids)


@settings(deadline=None)
@given(st.sets(st.tuples(st.integers(1, 8), st.integers(0, 4))), st.randoms(use_true_random=False))
def test_photos_one_by_one_give_the_same_people_as_all_at_once(
    places: set[tuple[int, int]], random: object
) -> None:
    """Every person (second number) once at most in a photo (first number)."""
    order = sorted(places)
    faces = face_set(encodings_of([person for _, person in order]), [photo for photo, _ in order])
    photos = sorted({photo for photo, _ in order})
    random.shuffle(photos)  # type: ignore[attr-defined]
    is_there = np.zeros(len(faces), dtype=np.bool_)
    people = np.zeros(len(faces), dtype=np.int64)
    for photo in photos:
        is_there |= faces.photo_ids == photo
        present = replace(faces, person_ids=people).taken(is_there)
        done = plan(present, (present.photo_ids == photo).tolist()).person_ids
        people[is_there] = np.where(done < 0, people.max(initial=0) - done, done)

    assert partition(people) == partition(plan(faces).person_ids)


Placed = tuple[FaceSet, list[bool], set[int], list[tuple[int, int]]]


@st.composite
def placed_rooms(draw: st.DrawFn) -> Placed:
    """Sorted and unsorted faces, some linked, some links apart, or people fixed; may be absurd."""
    faces = draw(rooms())
    count = len(faces)
    some_people = st.lists(st.sampled_from([0, 11, 12, 13]), min_size=count, max_size=count)
    some_links = st.lists(st.sampled_from([0, 0, 1, 2, 3]), min_size=count, max_size=count)
    before = sorted_by_photo(faces, draw(some_people))
    before = replace(before, link_ids=np.array(draw(some_links), dtype=np.int64))
    active = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    fixed = draw(st.sets(st.sampled_from([11, 12, 13])))
    apart = draw(st.lists(st.sampled_from([(1, 2), (2, 3), (3, 1), (1, 1), (2, 9)]), max_size=3))
    return before, active, fixed, apart


def together(person_ids: NDArray[np.int64]) -> list[tuple[int, int]]:
    """List the pairs of faces that are one person."""
    is_pair = (person_ids[:, None] == person_ids[None, :]) & (person_ids != NO_PERSON)[:, None]
    return [tuple(pair) for pair in np.argwhere(np.triu(is_pair, 1)).tolist()]


@settings(deadline=None, max_examples=200)
@given(placed_rooms())
def test_walls_hold_whatever_comes(room: Placed) -> None:
    """No two faces of a scene together but linked ones; none apart, unless a fixed person's."""
    before, active, fixed, apart = room
    done = plan(before, active, fixed=fixed, apart=apart)
    walls = {frozenset(pair) for pair in apart if pair[0] != pair[1]}
    links = before.link_ids.tolist()

    for one, other in together(done.person_ids):
        assert before.scene_ids[one] != before.scene_ids[other] or links[one] == links[other] != 0
        was_fixed_so = before.person_ids[one] == before.person_ids[other] in fixed
        assert frozenset((links[one], links[other])) not in walls or was_fixed_so


@settings(deadline=None, max_examples=200)
@given(placed_rooms())
def test_fixed_people_keep_their_faces_and_ids_whatever_comes(room: Placed) -> None:
    before, active, fixed, apart = room
    done = plan(before, active, fixed=fixed, apart=apart)
    known = set(before.person_ids.tolist()) - {NO_PERSON}

    is_fixed = np.isin(before.person_ids, list(fixed))
    np.testing.assert_array_equal(done.person_ids[is_fixed], before.person_ids[is_fixed])
    after = set(done.person_ids[done.person_ids > 0].tolist())
    assert after <= known
    for gone, survivor in done.merged.items():
        assert gone not in after | fixed
        assert set(done.person_ids[before.person_ids == gone].tolist()) == {survivor}


@settings(deadline=None, max_examples=200)
@given(placed_rooms())
def test_links_hold_where_nothing_contradicts_them(room: Placed) -> None:
    before, active, fixed, apart = room
    done = plan(before, active, fixed=fixed, apart=apart)

    for link in (1, 2, 3):
        rows = np.flatnonzero(before.link_ids == link)
        photos = before.photo_ids[rows]
        owners = set(before.person_ids[rows].tolist()) & fixed
        has_wall = any(link in pair for pair in apart) or len(owners) > 1
        if owners:
            of_owner = np.isin(before.person_ids, list(owners))
            photos = np.concatenate([before.photo_ids[of_owner], photos[~of_owner[rows]]])
            has_wall |= bool(set(before.link_ids[of_owner].tolist()) - {0, link})
        if len(rows) > 1 and not has_wall and len(set(photos.tolist())) == len(photos):
            assert len(set(done.person_ids[rows].tolist()) - {NO_PERSON}) == 1
            assert NO_PERSON not in done.person_ids[rows]


@settings(deadline=None, max_examples=50)
@given(placed_rooms(), st.sampled_from([0, 3]))
def test_blocks_and_a_table_give_the_same_people(room: Placed, dense_rows: int) -> None:
    faces, active, fixed, apart = room
    whole = plan(faces, active, fixed=fixed, apart=apart).person_ids
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linkage, "BLOCK_NUMBERS", 30)
        patch.setattr(linkage, "DENSE_ROWS", dense_rows)
        in_blocks = plan(faces, active, fixed=fixed, apart=apart).person_ids

    assert partition(in_blocks) == partition(whole)
