"""Grouping by an index of neighbours: the people of exact blocks, and the same walls."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from photoshare.faces.grouping import neighbourhood
from photoshare.faces.grouping.near_pairs import NearPairs
from photoshare.faces.grouping.plan import NO_PERSON, FaceSet, plan_groups
from photoshare.faces.grouping.scratch import cores, indexed
from tests.faces.made_up import EPS, encodings_of, face_set

pytestmark = pytest.mark.scale

PEOPLE, STRANGERS, FACES = 40, 60, 3000
SPREAD = 0.15


@pytest.fixture
def room() -> FaceSet:
    """Photos of two faces, which may be of one person; some faces are poor."""
    random = np.random.default_rng(2)
    people = random.integers(-STRANGERS, PEOPLE, FACES)
    photos = (np.arange(FACES) // 2).tolist()
    good = (random.random(FACES) < 0.9).tolist()
    return face_set(encodings_of(people.tolist(), SPREAD, 3), photos, good=good)


def person_ids(faces: FaceSet) -> NDArray[np.int64]:
    everything = np.ones(len(faces), dtype=np.bool_)
    return plan_groups(faces, everything, eps=EPS, min_samples=2).person_ids


def test_people_are_those_of_exact_blocks(room: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbourhood, "MANY_CLUSTERS", 1)
    exact = person_ids(room)
    monkeypatch.setattr(indexed, "INDEXED_FROM", 1)
    monkeypatch.setattr(cores, "_tiles", lambda *_: pytest.fail("compared all with all"))
    by_index = person_ids(room)

    assert len(set(exact.tolist())) > PEOPLE
    assert by_index.tolist() == exact.tolist()
    for person in set(by_index.tolist()) - {NO_PERSON}:
        photos = room.scene_ids[by_index == person].tolist()
        assert len(photos) == len(set(photos))


def test_pairs_are_measured_as_blocks_measure_them(
    room: FaceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[bool, dict[tuple[int, int], float]] = {}
    tiles, neighbours = cores._tiles, indexed.indexed_pairs

    def noted(parts: list[NearPairs], is_indexed: bool) -> list[NearPairs]:
        rows = np.concatenate([part.rows for part in parts])
        columns = np.concatenate([part.columns for part in parts])
        values = np.concatenate([part.values for part in parts])
        pairs = zip(rows.tolist(), columns.tolist(), values.tolist(), strict=True)
        found[is_indexed] = {(min(a, b), max(a, b)): value for a, b, value in pairs if a != b}
        return parts

    monkeypatch.setattr(neighbourhood, "MANY_CLUSTERS", 1)
    monkeypatch.setattr(cores, "_tiles", lambda *of: noted(list(tiles(*of)), is_indexed=False))
    person_ids(room)
    monkeypatch.setattr(indexed, "INDEXED_FROM", 1)
    monkeypatch.setattr(
        cores, "indexed_pairs", lambda *of: noted(list(neighbours(*of)), is_indexed=True)
    )
    person_ids(room)

    assert found[True].keys() <= found[False].keys()
    assert len(found[True]) > 0.99 * len(found[False])
    for pair, value in found[True].items():
        assert value == pytest.approx(found[False][pair], abs=1e-5)
