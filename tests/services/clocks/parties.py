"""A made-up party: who was where when, and which camera saw it; no picture is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

HOURS = 8
PEOPLE = 40


@dataclass
class Party:
    """Photos by time, camera and people; the clock of camera 0 is wrong."""

    times: list[float] = field(default_factory=list)  # in seconds, as the cameras' clocks show
    cameras: list[int] = field(default_factory=list)
    people: list[list[int]] = field(default_factory=list)


def make_party(
    seed: int, *, behind_s: float, shared_moments: int = 120, cameras: int = 4, alone: int = 40
) -> Party:
    """Let guests take photos, of moments that several of them take, and others.

    Parameters
    ----------
    seed : int
    behind_s : float
        By how much the clock of camera 0 is behind.
    shared_moments : int
        Moments that each camera takes with a chance of a third.
    cameras : int
    alone : int
        Photos of each camera of moments that no other took.
    """
    random, party = np.random.default_rng(seed), Party()
    groups = [random.choice(PEOPLE, size=random.integers(2, 6), replace=False) for _ in range(20)]

    def add(moment: float, camera: int, people: list[int]) -> None:
        # Faces are overlooked, and nobody presses at the same second.
        seen = [person for person in people if random.random() > 0.15]
        if seen:
            wrong = behind_s if camera == 0 else 0
            party.times.append(moment + float(random.normal(0, 15)) - wrong)
            party.cameras.append(camera)
            party.people.append(seen)

    for _ in range(shared_moments):
        moment = float(random.uniform(0, HOURS * 3600))
        # The couple of the day, 0 and 1, are everywhere.
        people = {
            *map(int, groups[random.integers(len(groups))]),
            *([0, 1] * (random.random() < 0.3)),
        }
        for camera in range(cameras):
            if random.random() < 0.35:
                for _ in range(random.integers(1, 4)):
                    add(moment, camera, sorted(people))
    for camera in range(cameras):
        for _ in range(alone):
            group = groups[random.integers(len(groups))]
            add(float(random.uniform(0, HOURS * 3600)), camera, list(map(int, group)))
    return party
