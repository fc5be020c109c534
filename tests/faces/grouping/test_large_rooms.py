"""Rooms of several thousand faces: from nothing, photo by photo and in bursts, the same people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from photoshare.faces.grouping import dense_linkage
from photoshare.faces.grouping.linkage import DENSE_ROWS
from photoshare.faces.grouping.plan import NO_PERSON, FaceSet, plan_groups
from photoshare.faces.grouping.scratch.cores import MANY_CLUSTERS
from tests.faces.made_up import EPS

PEOPLE, STRANGERS, FACES = 60, 2400, 6000
SIZE = 64
SPREAD = 0.19  # two faces of a person are about 0.27 apart, and hardly any beyond EPS
PHOTO_FACES = 4
NEW_PHOTOS = 24
LOOK_ALIKES = 0.45  # the distance of each even person and the next


def directions(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: NDArray[np.float64] = rows / lengths
    return found


@pytest.fixture(scope="module")
def room() -> tuple[FaceSet, NDArray[np.intp]]:
    """Faces by photo, nobody twice in one, some poor; and who each is: from PEOPLE on a stranger.

    More strangers than `DENSE_ROWS` stay single, so that every way of merging is used.
    """
    random = np.random.default_rng(5)
    looks = directions(random.normal(size=(PEOPLE + STRANGERS, SIZE)))
    shift = directions(random.normal(size=(PEOPLE // 2, SIZE)))
    looks[1:PEOPLE:2] = directions(looks[:PEOPLE:2] + LOOK_ALIKES * shift)
    known = np.arange(FACES - STRANGERS) % PEOPLE  # four in a row are four people
    owners = np.concatenate([known, PEOPLE + np.arange(STRANGERS)])
    photos = random.permutation(FACES // PHOTO_FACES)
    owners = owners.reshape(-1, PHOTO_FACES)[photos].ravel()
    noise = random.normal(size=(FACES, SIZE)) * SPREAD / SIZE**0.5
    encodings = directions(looks[owners] + noise).astype(np.float32)
    nobody = np.zeros(FACES, dtype=np.int64)
    photo_ids = 1 + np.arange(FACES) // PHOTO_FACES
    faces = FaceSet(encodings, photo_ids, nobody, random.random(FACES) < 0.9, nobody)
    return faces, owners


def planned(faces: FaceSet, is_active: NDArray[np.bool_]) -> FaceSet:
    """Plan, and give new people ids as the database does."""
    ids = plan_groups(faces, is_active, eps=EPS, min_samples=2).person_ids
    return replace(faces, person_ids=np.where(ids < 0, ids.max(initial=0) - ids, ids))


def in_parts(faces: FaceSet, photos_at_once: int) -> FaceSet:
    """Plan all but the last photos from nothing, then those, so many at once."""
    last = int(faces.photo_ids[-1])
    present = faces.subset(faces.photo_ids <= last - NEW_PHOTOS)
    present = planned(present, np.ones(len(present), dtype=np.bool_))
    for first in range(last - NEW_PHOTOS + 1, last + 1, photos_at_once):
        is_new = (faces.photo_ids >= first) & (faces.photo_ids < first + photos_at_once)
        before = len(present)
        present = present.extended(faces.subset(is_new))
        present = planned(present, np.arange(len(present)) >= before)
    return present


def assert_everybody_is_told_apart(faces: FaceSet, owners: NDArray[np.intp]) -> None:
    is_stranger = owners >= PEOPLE
    assert (faces.person_ids[is_stranger] == NO_PERSON).all()
    people = faces.person_ids[~is_stranger]
    assert (people != NO_PERSON).all()
    pairs = set(zip(people.tolist(), owners[~is_stranger].tolist(), strict=True))
    assert len(pairs) == len({person for person, _ in pairs}) == PEOPLE


def test_from_nothing(room: tuple[FaceSet, NDArray[np.intp]]) -> None:
    faces, owners = room
    assert len(faces) >= MANY_CLUSTERS
    assert STRANGERS > DENSE_ROWS

    done = planned(faces, np.ones(len(faces), dtype=np.bool_))

    assert_everybody_is_told_apart(done, owners)


@pytest.mark.parametrize("photos_at_once", [1, 8])
def test_more_photos(room: tuple[FaceSet, NDArray[np.intp]], photos_at_once: int) -> None:
    faces, owners = room

    assert_everybody_is_told_apart(in_parts(faces, photos_at_once), owners)


def test_pair_by_pair_and_all_pairs_of_a_round_at_once_are_the_same(
    room: tuple[FaceSet, NDArray[np.intp]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of people nearer to each other than in the other tests, so that it could matter."""
    faces, _ = room
    some = faces.subset(np.arange(1000))
    crowded = directions(some.encodings + 0.5 * directions(some.encodings[:1].astype(np.float64)))
    some = replace(some, encodings=crowded.astype(np.float32))
    everybody = np.ones(len(some), dtype=np.bool_)
    found = []
    for few in (0, 3, len(some)):
        monkeypatch.setattr(dense_linkage, "FEW_PAIRS", few)
        found.append(plan_groups(some, everybody, eps=2 * EPS, min_samples=2).person_ids.tolist())

    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) > 10
