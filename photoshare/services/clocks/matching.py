"""Find by how much one camera's clock differs from the others', by who is on photos together.

At a party several cameras take the same moment: the toast, the group on the stairs. Photos of one
moment show the same people, and the times of such pairs differ by one and the same number: by how
much the clock is wrong. Pairs of other moments differ by anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BIN_S = 30  # pairs that differ by less may show one moment: nobody presses at the same second
WINDOW_S = 120  # photos of the camera within this time are one moment, and count once
APART_S = 300  # a peak farther away is another one
LEAST_WINDOWS = 4  # moments of the camera that have to agree
LEAST_PHOTOS = 8  # of the camera, with people on them
CLEAR = 1.7  # times the votes of any other difference
# Photos that are compared: a matrix of 5 million numbers takes 40 MB, and half a second.
MOST_OWN, MOST_OTHERS = 600, 8000
MOST_PAIRS = 500_000  # that vote: 100 MB
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Sightings:
    """Photos of one or more cameras, and who is on them.

    Attributes
    ----------
    photo_ids : array of int64, shape (n,)
    times : array of float64, shape (n,)
        In seconds, by the cameras' clocks.
    people : array of float32, shape (n, p)
        1 where a photo shows a person; the columns mean the same people in both sets compared.
    """

    photo_ids: NDArray[np.int64]
    times: NDArray[np.float64]
    people: NDArray[np.float32]

    def most_telling(self, most: int) -> Sightings:
        """Return at most so many of them, those with several people first, spread over time."""
        if len(self.times) <= most:
            return self
        several = self.people.sum(axis=1) > 1
        order = np.concatenate([np.flatnonzero(several), np.flatnonzero(~several)])
        kept = order[:most]
        if several.sum() > most:
            kept = order[np.linspace(0, several.sum() - 1, most).astype(int)]
        return Sightings(self.photo_ids[kept], self.times[kept], self.people[kept])


@dataclass(frozen=True, slots=True)
class Match:
    """By how much the others' clocks are ahead, and two photos that show one moment."""

    ahead_s: float
    photo_id: int
    other_id: int


def find_shift(own: Sightings, others: Sightings) -> Match | None:
    """Find by how much the clock of a camera has to be put forward to agree with the others.

    Returns
    -------
    Match or None
        None if there is too little evidence, or several answers. About 0 if the clocks agree.
    """
    own, others = own.most_telling(MOST_OWN), others.most_telling(MOST_OTHERS)
    if len(own.times) < LEAST_PHOTOS or not len(others.times):
        return None
    alike = _alikeness(own.people, others.people)
    rows, columns = _most_alike(alike)
    if not len(rows):
        return None
    weights = alike[rows, columns]
    ahead = others.times[columns] - own.times[rows]
    bins, votes, windows = _count_votes(own.times[rows], ahead, weights)
    best = int(np.argmax(votes))
    elsewhere = np.abs(bins - bins[best]) * BIN_S > APART_S
    rival = float(votes[elsewhere].max(initial=0.0))
    if windows[best] < LEAST_WINDOWS or votes[best] < CLEAR * rival:
        return None
    near = np.flatnonzero(np.abs(ahead - bins[best] * BIN_S) <= 2 * BIN_S)
    middle = _weighted_median(ahead[near], weights[near])
    # Those that show one moment best: as alike as any, and as near to it as any.
    shown = near[np.argmax(weights[near] - np.abs(ahead[near] - middle) / (4 * BIN_S))]
    return Match(middle, int(own.photo_ids[rows[shown]]), int(others.photo_ids[columns[shown]]))


def _alikeness(own: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compare who is on two photos: 1 for the same people, less the more often they are seen.

    One person alone says little, and the couple of the day, who are on every other photo, nothing.
    """
    share = (own.sum(axis=0) + others.sum(axis=0)) / (len(own) + len(others))
    rarity = np.log(1 / np.maximum(share, _TINY)).clip(0, 6).astype(np.float32)
    left, right = own * rarity, others * rarity
    common = left @ right.T
    sizes = np.sqrt(np.outer((left**2).sum(axis=1), (right**2).sum(axis=1))) + np.float32(_TINY)
    several = (own @ others.T) > 1.5
    alike = (common / sizes) ** 2
    alike[~several] *= np.float32(0.15)
    alike[alike < 0.1] = 0
    return np.asarray(alike, dtype=np.float32)


def _most_alike(alike: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """List the pairs that are alike at all, or the most alike of too many."""
    flat = alike.ravel()
    found = np.flatnonzero(flat > _TINY)
    if len(found) > MOST_PAIRS:
        found = found[np.argpartition(-flat[found], MOST_PAIRS)[:MOST_PAIRS]]
    rows, columns = np.unravel_index(found, alike.shape)
    return rows, columns


def _count_votes(
    times: NDArray[np.float64], ahead: NDArray[np.float64], weights: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Let every moment of the camera vote for differences, each once with its best pair.

    Returns
    -------
    bins, votes, windows
        The differences in steps of `BIN_S`, how strong each is, and how many moments agree.
    """
    window = np.floor(times / WINDOW_S).astype(np.int64)
    middle = np.round(ahead / BIN_S).astype(np.int64)
    # A pair votes for its neighbours as well: a difference on the border is in neither half.
    steps = np.array([-1, 0, 1])
    bins = (middle[:, None] + steps).ravel()
    windows = np.repeat(window, len(steps))
    strong = np.repeat(weights, len(steps)).astype(np.float64)
    order = np.lexsort((-strong, windows, bins))
    bins, windows, strong = bins[order], windows[order], strong[order]
    is_first = np.ones(len(bins), dtype=bool)
    is_first[1:] = (bins[1:] != bins[:-1]) | (windows[1:] != windows[:-1])
    bins, strong = bins[is_first], strong[is_first]
    found, number = np.unique(bins, return_inverse=True)
    votes = np.bincount(number, weights=strong, minlength=len(found))
    agreeing = np.bincount(number, weights=strong > 0.5, minlength=len(found))
    total = np.asarray(votes, dtype=np.float64)
    return found.astype(np.int64), total, agreeing.astype(np.int64)


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float32]) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
