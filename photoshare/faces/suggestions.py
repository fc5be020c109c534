"""Find doubtful pairs to ask about, and faces to show as "maybe" of a person; pure.

Nothing here decides who a face is: `grouping.plan` does that, at a stricter distance.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, Floats, Rows
from photoshare.faces.grouping.linkage import merge_rule
from photoshare.faces.grouping.near_pairs import NearPairs, near_distances
from photoshare.faces.grouping.room_eps import own_eps
from photoshare.faces.grouping.units import make_units
from photoshare.faces.types import NO_PERSON, Doubt, FaceSet

NEARLY = 1.001  # results of different matrix products differ in their last digits
FACES_SHOWN = 4  # of each side, at most

PairKey = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SuggestedSide:
    """A person or an unsorted face.

    Attributes
    ----------
    person_id : int
        NO_PERSON for an unsorted face.
    rows : tuple of int
        Rows of the faces to show: of a person's good faces, those most similar to the person and
        those most similar to the other side.
    """

    person_id: int
    rows: tuple[int, ...]

    @property
    def key(self) -> int:
        """Identify the side: the person's id, or -1 - row of the unsorted face."""
        return self.person_id if self.person_id != NO_PERSON else -1 - self.rows[0]


@dataclass(frozen=True, slots=True)
class SuggestedPair:
    """Two sides that may be one person.

    Attributes
    ----------
    first, second : SuggestedSide
        The larger one first.
    distance : float
        Root of their gap (`grouping.linkage`), as a multiple of eps: below 1 they would
        be one person if nothing forbade it.
    """

    first: SuggestedSide
    second: SuggestedSide
    distance: float

    @property
    def key(self) -> PairKey:
        """Identify the pair, for ``later`` of `rank_pairs`."""
        return self.first.key, self.second.key


def rank_pairs(
    faces: FaceSet,
    *,
    eps: float,
    doubt: Doubt,
    apart: NDArray[np.int64],
    later: Collection[PairKey] = (),
    limit: int,
) -> list[SuggestedPair]:
    """List the pairs worth asking about, most valuable answer first.

    Parameters
    ----------
    faces : FaceSet
        Every face of the room.
    eps : float > 0
        As given to `photoshare.faces.grouping.plan.plan_groups`.
    doubt : Doubt
        Of the engine.
    apart : int array of shape (n_pairs, 2)
        Pairs of link ids that are different people.
    later : collection of keys of pairs
        Pairs that were postponed; they come last.
    limit : int >= 0
        Return up to this many pairs.

    Returns
    -------
    list of SuggestedPair
        Two people, or a person and an unsorted face; never two sides that share a scene or are
        apart. Two unsorted faces are not asked about: they are hardly ever one person.

    Notes
    -----
    The value is the likelihood of a yes times what it adds to the B-cubed recall, a b / (a + b)
    for a and b faces. The likelihood falls with the distance, and is assumed to fall with the
    smaller of a and b, too: two sides of many faces that are one person would have been grouped.
    """
    eps = own_eps(faces, eps)  # as the grouping did
    sides = _sides(faces, apart)
    firsts, seconds, distances = _doubtful(sides, eps, doubt)
    sizes = sides.clusters.counts
    smaller = np.minimum(sizes[firsts], sizes[seconds])
    larger = np.maximum(sizes[firsts], sizes[seconds])
    likelihood = np.exp((1 - distances) / doubt.fall)
    worth = likelihood * larger / (smaller + larger)
    keys = sides.keys()
    put_off = {frozenset(pair) for pair in later}
    keys_of_pairs = zip(keys[firsts].tolist(), keys[seconds].tolist(), strict=True)
    is_later = np.array([frozenset(pair) in put_off for pair in keys_of_pairs], dtype=np.bool_)
    order = np.lexsort((seconds, firsts, -worth, is_later))[:limit]
    return [
        _suggested(faces, sides, int(firsts[place]), int(seconds[place]), float(distances[place]))
        for place in order
    ]


def maybe_faces(
    faces: FaceSet,
    person_id: int,
    *,
    eps: float,
    doubt: Doubt,
    apart: NDArray[np.int64],
) -> Rows:
    """List the unsorted faces that may be a person's: nearer to nobody else, and not too far.

    Parameters
    ----------
    faces, eps, doubt, apart
        See `rank_pairs`.
    person_id : int

    Returns
    -------
    rows : int array of shape (n_maybe,)
        Rows of ``faces``, nearest first; empty for an unknown person.
    """
    sides = _sides(faces, apart)
    own = np.flatnonzero((sides.person_ids == person_id) & (person_id != NO_PERSON))
    people, unsorted = sides.people_and_unsorted()
    if len(own) == 0 or len(unsorted) == 0:
        return own[:0]
    eps = own_eps(faces, eps)
    # Few faces are near: only these are compared with everyone else, who may be nearer.
    unsorted = unsorted[_near(sides, own, unsorted, eps, doubt.reach * NEARLY).columns]
    pairs = _near(sides, people, unsorted, eps, doubt.reach)
    nearest, _ = pairs.turned().nearest(len(unsorted))
    of_own = pairs.where(people[pairs.rows] == own[0])
    of_person = np.full(len(unsorted), np.inf, dtype=np.float32)
    of_person[of_own.columns] = of_own.values
    is_maybe = (of_person <= doubt.reach) & (of_person == nearest)
    found = unsorted[is_maybe][np.argsort(of_person[is_maybe], kind="stable")]
    rows: Rows = np.concatenate([sides.rows(int(side)) for side in found] or [found])
    return rows


@dataclass(frozen=True)
class _Sides:
    """The people and the unsorted faces of a room, one row each."""

    of_face: Rows
    person_ids: NDArray[np.int64]  # NO_PERSON for an unsorted face
    clusters: Clusters

    def people_and_unsorted(self) -> tuple[Rows, Rows]:
        """List the rows of people, and those of unsorted faces."""
        is_person = self.person_ids != NO_PERSON
        return np.flatnonzero(is_person), np.flatnonzero(~is_person)

    def rows(self, side: int) -> Rows:
        """List the faces of a side."""
        return np.flatnonzero(self.of_face == side)

    def keys(self) -> NDArray[np.int64]:
        """Return the keys of the sides, as `SuggestedSide.key`."""
        _, firsts = np.unique(self.of_face, return_index=True)
        return np.where(self.person_ids != NO_PERSON, self.person_ids, -1 - firsts)


def _sides(faces: FaceSet, apart: NDArray[np.int64]) -> _Sides:
    people = np.unique(faces.person_ids[faces.person_ids != NO_PERSON])
    units = make_units(faces, people.tolist(), apart, 1)
    count = len(units.clusters)
    person_ids = np.zeros(count, dtype=np.int64)
    is_sorted = faces.person_ids != NO_PERSON
    person_ids[units.of_face[is_sorted]] = faces.person_ids[is_sorted]
    nobody = np.zeros(count, dtype=np.bool_)  # any two may be asked about
    return _Sides(units.of_face, person_ids, units.clusters.established(nobody, nobody, 1))


def _near(sides: _Sides, some: Rows, others: Rows, eps: float, farthest: float) -> NearPairs:
    """List the pairs of some sides and others up to a distance, in eps."""
    some_clusters, other_clusters = sides.clusters.subset(some), sides.clusters.subset(others)
    return near_distances(some_clusters, other_clusters, merge_rule(eps, 1), farthest)


def _doubtful(sides: _Sides, eps: float, doubt: Doubt) -> tuple[Rows, Rows, Floats]:
    """List the pairs near enough to ask about, a person first, and their distances."""
    people, unsorted = sides.people_and_unsorted()
    columns = np.concatenate([people, unsorted])
    pairs = _near(sides, people, columns, eps, doubt.reach)
    pairs = pairs.where(pairs.columns > pairs.rows)  # each pair of people in one order only
    return people[pairs.rows], columns[pairs.columns], pairs.values


def _suggested(
    faces: FaceSet, sides: _Sides, one: int, other: int, distance: float
) -> SuggestedPair:
    """Choose the faces to show, and put the larger side first."""
    if sides.clusters.counts[one] < sides.clusters.counts[other]:
        one, other = other, one
    first = SuggestedSide(int(sides.person_ids[one]), _telling(faces, sides, one, other))
    second = SuggestedSide(int(sides.person_ids[other]), _telling(faces, sides, other, one))
    return SuggestedPair(first, second, distance)


def _telling(faces: FaceSet, sides: _Sides, side: int, other: int) -> tuple[int, ...]:
    """Choose faces of a side: half are most similar to it, half to the other side."""
    rows = sides.rows(side)
    if faces.is_founder[rows].any():
        rows = rows[faces.is_founder[rows]]
    towards = sides.clusters.subset(np.array([side, other])).means
    own, near = np.argsort(-towards @ faces.encodings[rows].T, kind="stable")
    half = FACES_SHOWN // 2
    chosen = dict.fromkeys([*own[:half].tolist(), *near.tolist()])
    return tuple(int(rows[place]) for place in list(chosen)[:FACES_SHOWN])
