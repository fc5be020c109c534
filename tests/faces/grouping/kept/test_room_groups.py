"""photoshare.faces.grouping.kept.room_groups: what is kept of a room equals what is made anew."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from photoshare.faces.grouping import near_pairs
from photoshare.faces.grouping.kept import room_groups
from photoshare.faces.grouping.plan import NO_PERSON, FaceSet
from tests.faces.made_up import encodings_of, face_set
from tests.faces.made_up_rooms import Placed, partition, placed_rooms, plan

pytestmark = pytest.mark.slow

FIRST_NEW = 20  # ids of new people; those of `placed_rooms` are smaller


def numbered(person_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give new people ids, as the database does."""
    last = max(FIRST_NEW, int(person_ids.max(initial=0)))
    return np.where(person_ids < 0, last - person_ids, person_ids)


def by_photo(faces: FaceSet) -> FaceSet:
    return faces.subset(np.argsort(faces.photo_ids, kind="stable"))


def parts_of(faces: FaceSet, sizes: list[int]) -> Iterator[FaceSet]:
    """Split faces sorted by photo into bursts of so many photos; the last one has the rest."""
    photos = np.unique(faces.photo_ids)
    for size in [*sizes, len(photos)]:
        if len(photos):
            yield faces.subset(np.isin(faces.photo_ids, photos[:size]))
            photos = photos[size:]


def fresh(faces: FaceSet) -> FaceSet:
    """Return the same faces, of which nothing is kept."""
    return faces.subset(np.arange(len(faces)))


@contextmanager
def nothing_made_anew() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room_groups, "make_units", lambda *_: pytest.fail("made the groups anew"))
        yield


bursts = st.lists(st.integers(1, 4), max_size=8)


@settings(deadline=None, max_examples=150)
@given(placed_rooms(), bursts, st.data())
def test_a_kept_room_is_planned_as_one_made_anew(
    room: Placed, sizes: list[int], data: st.DataObject
) -> None:
    """Photos come, and between them someone may move faces, link them, and fix people."""
    faces, _, fixed, apart = room
    present: FaceSet | None = None
    for part in parts_of(by_photo(faces), sizes):
        before = 0 if present is None else len(present)
        present = part if present is None else present.extended(part)
        is_new = (np.arange(len(present)) >= before).tolist()
        done = plan(present, is_new, fixed=fixed, apart=apart)

        anew = plan(fresh(present), is_new, fixed=fixed, apart=apart)
        assert (done.person_ids.tolist(), done.merged) == (anew.person_ids.tolist(), anew.merged)
        present = replace(present, person_ids=numbered(done.person_ids))
        if data.draw(st.booleans()):
            row = data.draw(st.integers(0, len(present) - 1))
            people, bonds = present.person_ids.copy(), present.bond_ids.copy()
            people[row] = data.draw(st.sampled_from([NO_PERSON, *people.tolist()]))
            bonds[row] = data.draw(st.sampled_from([0, 0, 1, 2, 3]))
            present = replace(present, person_ids=people, bond_ids=bonds)
            fixed = fixed ^ data.draw(st.sets(st.sampled_from([11, 12, 13]), max_size=1))


@st.composite
def parties(draw: st.DrawFn) -> FaceSet:
    """Up to 6 people and a few strangers on up to 12 photos, nobody twice in one, a few poor."""
    places = draw(st.sets(st.tuples(st.integers(1, 12), st.integers(-3, 5)), min_size=1))
    order = sorted(places)
    rows = [number if number >= 0 else -1 - row for row, (_, number) in enumerate(order)]
    good = draw(st.lists(st.integers(0, 4), min_size=len(order), max_size=len(order)))
    spread, seed = draw(st.sampled_from([0.05, 0.1, 0.15])), draw(st.integers(0, 99))
    encodings = encodings_of(rows, spread, seed)
    is_good = [number > 0 for number in good]
    return face_set(encodings, [photo for photo, _ in order], good=is_good)


@settings(deadline=None, max_examples=100)
@given(parties(), bursts, st.sampled_from([1 << 24, 40]), st.sampled_from([64, 0]))
def test_photo_by_photo_in_bursts_and_from_nothing_agree(
    faces: FaceSet, sizes: list[int], numbers: int, few: int
) -> None:
    """In large blocks and in small ones, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_pairs, "BLOCK_NUMBERS", numbers)
        for bursts_of_photos in ([1] * 12, sizes):
            present: FaceSet | None = None
            for part in parts_of(faces, bursts_of_photos):
                before = 0 if present is None else len(present)
                present = part if present is None else present.extended(part)
                done = plan(present, (np.arange(len(present)) >= before).tolist())
                present = replace(present, person_ids=numbered(done.person_ids))
            assert present is not None
            assert partition(present.person_ids) == partition(plan(faces).person_ids)


def grown_room() -> FaceSet:
    """Two people and a stranger, planned once."""
    faces = face_set(encodings_of([0, 0, 1, 1, -1]))
    return replace(faces, person_ids=numbered(plan(faces).person_ids))


def test_more_photos_make_no_group_anew() -> None:
    room = grown_room()
    with nothing_made_anew():
        for number, person in enumerate([0, 2, -2, 2, 1]):
            more = face_set(encodings_of([person]), photos=[100 + number])
            room = room.extended(more)
            is_new = [False] * (len(room) - 1) + [True]
            room = replace(room, person_ids=numbered(plan(room, is_new).person_ids))

    first, second, *_ = room.person_ids[[0, 2]].tolist()
    third = int(room.person_ids[6])
    expected = [first, first, second, second, 0, first, third, 0, third, second]
    assert room.person_ids.tolist() == expected


def test_what_was_taken_back_is_not_followed() -> None:
    room = grown_room()
    more = room.extended(face_set(encodings_of([0]), photos=[100]))
    plan(more, [False] * 5 + [True])
    room.memory.take_back(len(room))
    other = room.extended(face_set(encodings_of([1]), photos=[100]))

    assert plan(other, [False] * 5 + [True]).person_ids[5] == room.person_ids[2]


def test_the_encodings_kept_of_single_faces_are_not_changed() -> None:
    """While nobody is a person, the groups are the encodings themselves."""
    room = face_set(encodings_of([0, -1, -2]))
    plan(room)
    before = room.memory.directions(3).copy()
    room = room.extended(face_set(encodings_of([0]), photos=[100]))
    people = numbered(plan(room, [False] * 3 + [True]).person_ids)
    room = replace(room, person_ids=people).extended(face_set(encodings_of([3]), photos=[101]))
    plan(room, [False] * 4 + [True])

    np.testing.assert_array_equal(room.memory.directions(3), before)


def test_kept_groups_leave_the_memory_with_their_faces() -> None:
    """At once, without waiting for the garbage collector: they may be of someone who left."""
    room = grown_room().extended(face_set(encodings_of([0]), photos=[100]))
    plan(room, [False] * 5 + [True])
    kept = room.memory.exchange_kept(None)
    room.memory.exchange_kept(kept)
    memory, groups = weakref.ref(room.memory), weakref.ref(kept)
    gc.disable()
    try:
        del room, kept

        assert memory() is None
        assert groups() is None
    finally:
        gc.enable()
