"""Made-up rooms, their plans, and comparisons of plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from photoshare.faces.grouping.plan import NO_PERSON, FaceSet, GroupPlan, plan_groups
from tests.faces.made_up import EPS, encodings_of, face_set

Placed = tuple[FaceSet, list[bool], set[int], list[tuple[int, int]]]


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
    """Assign random people to faces, but nobody two faces in one photo."""
    taken: set[tuple[int, int]] = set()
    people = []
    for photo, person in zip(faces.photo_ids.tolist(), draw_people, strict=True):
        person = NO_PERSON if (photo, person) in taken else person
        taken.add((photo, person))
        people.append(person)
    return face_set(faces.encodings, faces.photo_ids.tolist(), people, faces.is_founder.tolist())


@st.composite
def placed_rooms(draw: st.DrawFn) -> Placed:
    """Sorted and unsorted faces, some linked, kept apart or with fixed people; may be absurd."""
    faces = draw(rooms())
    count = len(faces)
    some_people = st.lists(st.sampled_from([0, 11, 12, 13]), min_size=count, max_size=count)
    some_links = st.lists(st.sampled_from([0, 0, 1, 2, 3]), min_size=count, max_size=count)
    before = sorted_by_photo(faces, draw(some_people))
    before = replace(before, bond_ids=np.array(draw(some_links), dtype=np.int64))
    active = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    fixed = draw(st.sets(st.sampled_from([11, 12, 13])))
    apart = draw(st.lists(st.sampled_from([(1, 2), (2, 3), (3, 1), (1, 1), (2, 9)]), max_size=3))
    return before, active, fixed, apart


def partition(person_ids: NDArray[np.int64]) -> set[frozenset[int]]:
    return {
        frozenset(np.flatnonzero(person_ids == person).tolist())
        for person in np.unique(person_ids[person_ids != NO_PERSON])
    }


def together(person_ids: NDArray[np.int64]) -> list[tuple[int, int]]:
    """List the pairs of faces that are one person."""
    is_pair = (person_ids[:, None] == person_ids[None, :]) & (person_ids != NO_PERSON)[:, None]
    return [(first, second) for first, second in np.argwhere(np.triu(is_pair, 1)).tolist()]
