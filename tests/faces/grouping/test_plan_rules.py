"""Rules that hold for every grouping, in any room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoshare.faces.grouping import linkage, near_pairs
from photoshare.faces.grouping.plan import NO_PERSON, FaceSet
from tests.faces.made_up import encodings_of, face_set
from tests.faces.made_up_rooms import Placed, partition, placed_rooms, plan, rooms, together


@settings(deadline=None)
@given(rooms(), st.randoms(use_true_random=False))
def test_the_order_of_one_batch_does_not_matter(faces: FaceSet, random: object) -> None:
    order = np.arange(len(faces))
    random.shuffle(order)  # type: ignore[attr-defined]
    turned = faces.subset(order)
    back = np.empty(len(faces), dtype=np.int64)
    back[order] = plan(turned).person_ids

    assert partition(back) == partition(plan(faces).person_ids)


@settings(deadline=None)
@given(st.sets(st.tuples(st.integers(1, 8), st.integers(0, 4))), st.randoms(use_true_random=False))
def test_photos_one_by_one_give_the_same_people_as_all_at_once(
    places: set[tuple[int, int]], random: object
) -> None:
    """Every person (second number) at most once in a photo (first number)."""
    order = sorted(places)
    faces = face_set(encodings_of([person for _, person in order]), [photo for photo, _ in order])
    photos = sorted({photo for photo, _ in order})
    random.shuffle(photos)  # type: ignore[attr-defined]
    is_there = np.zeros(len(faces), dtype=np.bool_)
    people = np.zeros(len(faces), dtype=np.int64)
    for photo in photos:
        is_there |= faces.photo_ids == photo
        present = replace(faces, person_ids=people).subset(is_there)
        done = plan(present, (present.photo_ids == photo).tolist()).person_ids
        people[is_there] = np.where(done < 0, people.max(initial=0) - done, done)

    assert partition(people) == partition(plan(faces).person_ids)


@settings(deadline=None, max_examples=200)
@given(placed_rooms())
def test_walls_hold_whatever_comes(room: Placed) -> None:
    """Only linked faces of a scene are together; no apart ones are, unless a fixed person's."""
    before, active, fixed, apart = room
    done = plan(before, active, fixed=fixed, apart=apart)
    walls = {frozenset(pair) for pair in apart if pair[0] != pair[1]}
    links = before.bond_ids.tolist()

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
        rows = np.flatnonzero(before.bond_ids == link)
        photos = before.photo_ids[rows]
        owners = set(before.person_ids[rows].tolist()) & fixed
        has_wall = any(link in pair for pair in apart) or len(owners) > 1
        if owners:
            of_owner = np.isin(before.person_ids, list(owners))
            photos = np.concatenate([before.photo_ids[of_owner], photos[~of_owner[rows]]])
            has_wall |= bool(set(before.bond_ids[of_owner].tolist()) - {0, link})
        if len(rows) > 1 and not has_wall and len(set(photos.tolist())) == len(photos):
            assert len(set(done.person_ids[rows].tolist()) - {NO_PERSON}) == 1
            assert NO_PERSON not in done.person_ids[rows]


@settings(deadline=None, max_examples=50)
@given(placed_rooms(), st.sampled_from([0, 3]), st.sampled_from([0, 9, 1 << 21]))
def test_blocks_and_a_table_give_the_same_people(
    room: Placed, dense_rows: int, most_pairs: int
) -> None:
    faces, active, fixed, apart = room
    whole = plan(faces, active, fixed=fixed, apart=apart).person_ids
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_pairs, "BLOCK_NUMBERS", 30)
        patch.setattr(linkage, "DENSE_ROWS", dense_rows)
        patch.setattr(linkage, "MOST_PAIRS", most_pairs)
        in_blocks = plan(faces, active, fixed=fixed, apart=apart).person_ids

    assert partition(in_blocks) == partition(whole)
