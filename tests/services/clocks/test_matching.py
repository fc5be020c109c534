"""By how much a clock is wrong, from who is on photos together."""

from __future__ import annotations

import numpy as np
import pytest

from photoshare.services.clocks.matching import Match, Sightings, find_shift
from tests.services.clocks.parties import PEOPLE, Party, make_party

SEEDS = range(5)


def sightings(party: Party) -> tuple[Sightings, Sightings]:
    people = np.zeros((len(party.times), PEOPLE), dtype=np.float32)
    for row, seen in enumerate(party.people):
        people[row, seen] = 1
    ids, times = np.arange(len(party.times)), np.array(party.times)
    own = np.array(party.cameras) == 0
    return (
        Sightings(ids[own], times[own], people[own]),
        Sightings(ids[~own], times[~own], people[~own]),
    )


def found(party: Party) -> Match | None:
    return find_shift(*sightings(party))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("behind_s", [64 * 60, -3 * 3600, 86400 * 365, 150])
def test_a_wrong_clock_is_found_within_a_minute(seed: int, behind_s: float) -> None:
    match = found(make_party(seed, behind_s=behind_s))

    assert match is not None
    assert match.ahead_s == pytest.approx(behind_s, abs=60)


@pytest.mark.parametrize("seed", SEEDS)
def test_clocks_that_agree_are_told_so(seed: int) -> None:
    match = found(make_party(seed, behind_s=0))

    assert match is not None
    assert match.ahead_s == pytest.approx(0, abs=60)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("cameras", [2, 4, 12])
def test_nothing_is_found_where_no_moment_was_taken_twice(seed: int, cameras: int) -> None:
    party = make_party(seed, behind_s=3840, shared_moments=0, cameras=cameras, alone=100)

    assert found(party) is None


def test_few_photos_tell_nothing() -> None:
    party = make_party(1, behind_s=3840, shared_moments=6, alone=1)

    assert found(party) is None


def test_the_pair_shown_is_of_one_moment() -> None:
    party = make_party(3, behind_s=3840)
    match = found(party)

    assert match is not None
    one, other = match.photo_id, match.other_id
    assert party.cameras[one] == 0 != party.cameras[other]
    assert party.times[other] - party.times[one] == pytest.approx(3840, abs=60)
    assert len(set(party.people[one]) & set(party.people[other])) > 1


def test_a_large_room_is_compared_in_bounded_work() -> None:
    random = np.random.default_rng(0)
    people = (random.random((20_000, 30)) < 0.1).astype(np.float32)
    own = Sightings(np.arange(20_000), random.uniform(0, 1e5, 20_000), people)

    assert len(own.most_telling(600).times) == 600
