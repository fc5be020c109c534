"""Grouping from scratch by cores: the rules hold, with the result of merging all at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from photoshare.faces.grouping import neighbourhood
from photoshare.faces.grouping.linkage import merge_clusters, merge_rule
from photoshare.faces.grouping.plan import NO_PAIRS, NO_PERSON, FaceSet, plan_groups
from photoshare.faces.grouping.scratch import cores
from photoshare.faces.grouping.scratch.cores import find_cores, merge_from_nothing
from photoshare.faces.grouping.units import make_units
from tests.faces.made_up import EPS, encodings_at, encodings_of, face_set

pytestmark = pytest.mark.slow

RULE = merge_rule(EPS, 2)


@contextmanager
def cores_from(count: int) -> Iterator[None]:
    """Look for cores from this many clusters on, in small tiles."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbourhood, "MANY_CLUSTERS", count)
        patch.setattr(cores, "TILE_ROWS", 7)
        yield


def person_ids(
    faces: FaceSet, apart: NDArray[np.int64] = NO_PAIRS, fixed: frozenset[int] = frozenset()
) -> NDArray[np.int64]:
    everything = np.ones(len(faces), dtype=np.bool_)
    plan = plan_groups(faces, everything, eps=EPS, min_samples=2, apart=apart, fixed_people=fixed)
    return plan.person_ids


@st.composite
def rooms(draw: st.DrawFn) -> tuple[FaceSet, NDArray[np.int64]]:
    """Faces of up to 4 people in a few photos, good and poor, linked, some links kept apart."""
    count = draw(st.integers(1, 40))

    def numbers(first: int, last: int) -> list[int]:
        return draw(st.lists(st.integers(first, last), min_size=count, max_size=count))

    people, photos, links = numbers(0, 3), numbers(1, 25), numbers(-12, 3)
    spread = draw(st.sampled_from([0.05, 0.1, 0.2, 0.25]))
    faces = face_set(
        encodings_of(people, spread, draw(st.integers(0, 99))),
        photos,
        good=[number > 0 for number in numbers(0, 4)],
        links=[max(0, link) for link in links],
    )
    apart = draw(st.sampled_from([[], [(1, 2)], [(1, 2), (2, 3)]]))
    return faces, np.array(apart, dtype=np.int64).reshape(-1, 2)


@settings(max_examples=60, deadline=None)
@given(rooms())
def test_no_core_overrules_a_wall_a_link_or_a_pair_that_is_apart(
    room: tuple[FaceSet, NDArray[np.int64]],
) -> None:
    faces, apart = room
    with cores_from(1):
        people = person_ids(faces, apart)

    links = faces.bond_ids
    for link in set(links[links > 0].tolist()):
        assert len(set(people[links == link].tolist())) == 1
    for one, other in apart.tolist():
        sides = [set(people[links == link].tolist()) - {NO_PERSON} for link in (one, other)]
        assert sides[0].isdisjoint(sides[1])
    for person in set(people.tolist()) - {NO_PERSON}:
        scenes = faces.scene_ids[(people == person) & (links == 0)].tolist()
        assert len(scenes) == len(set(scenes))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.sampled_from([0.1, 0.15, 0.2]))
def test_it_is_the_result_of_merging_all_at_once(seed: int, people: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    who = random.integers(0, people, 80)
    good = (random.random(80) < 0.7).tolist()
    faces = face_set(encodings_of(who.tolist(), spread, seed), good=good)

    at_once = person_ids(faces)
    with cores_from(1):
        by_cores = person_ids(faces)

    assert by_cores.tolist() == at_once.tolist()


def test_two_fixed_people_as_near_as_can_be_stay_two() -> None:
    faces = face_set(encodings_at(0, 0, 0, 0), people=[5, 5, 7, 7])

    with cores_from(1):
        people = person_ids(faces, fixed=frozenset({5, 7}))

    assert people.tolist() == [5, 5, 7, 7]


def test_what_lies_outside_of_every_core_merges_as_well() -> None:
    """Two pairs, each a core, farther from each other than the reach of a core."""
    near, far = 0.05 * EPS, 0.95 * EPS
    clusters = make_units(
        face_set(encodings_at(0, near, far, far + near)), [], NO_PAIRS, 2
    ).clusters

    found, has_neighbour = find_cores(clusters, RULE)

    assert len(set(found.tolist())) == 2
    assert has_neighbour.all()
    assert merge_from_nothing(clusters, RULE).tolist() == [0, 0, 0, 0]


def test_who_has_no_neighbour_joins_somebody_who_has_grown() -> None:
    """A single face may join three from farther away than one; see `grouping.linkage`."""
    faces = face_set(encodings_at(0, 0, 0, 1.05 * EPS))
    clusters = make_units(faces, [], NO_PAIRS, 2).clusters

    _, has_neighbour = find_cores(clusters, RULE)

    assert has_neighbour.tolist() == [True, True, True, False]
    assert merge_from_nothing(clusters, RULE).tolist() == merge_clusters(clusters, RULE).tolist()
    assert merge_from_nothing(clusters, RULE).tolist() == [0, 0, 0, 0]


def test_few_faces_are_merged_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "find_cores", lambda *_: pytest.fail("looked for cores"))

    assert person_ids(face_set(encodings_of([0, 0, 1]))).tolist() == [-1, -1, NO_PERSON]
