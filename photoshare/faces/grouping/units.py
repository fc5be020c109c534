"""Make the units that grouping never splits: fixed people, linked faces, single faces; pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, Rows
from photoshare.faces.grouping.kept.memory import FaceRows, added_up
from photoshare.faces.grouping.marks import Marks, marks_of
from photoshare.faces.types import MAX_PANELS, NO_PERSON, FaceSet


@dataclass(frozen=True)
class Units:
    """The units that grouping merges.

    Attributes
    ----------
    of_face : int array of shape (n_faces,)
        Each face's unit.
    clusters : Clusters
        One row per unit.
    """

    of_face: Rows
    clusters: Clusters


def make_units(
    faces: FaceSet,
    fixed_people: Collection[int],
    apart: NDArray[np.int64],
    min_founders: int,
    unseen: Collection[tuple[int, int]] = (),
) -> Units:
    """Combine faces that belong together regardless of their encodings.

    Parameters
    ----------
    faces : FaceSet
    fixed_people : collection of int
        Each is one unit. A link joins faces to at most one of them, and never joins two of them.
    apart : int array of shape (n_pairs, 2)
        Pairs of link ids whose faces are never one person.
    min_founders : int >= 1
        Fixed people and linked faces count as that many founders, because of their corrections.
    unseen : collection of (photo id, person id)
        Photos that fixed people are also in.

    Notes
    -----
    The faces of a link are one person even if they share a scene: the author of the correction
    knew. A linked face that shares a scene with a fixed person's other faces, or is kept apart from
    them, stays single.
    """
    apart = apart[(apart[:, 0] != apart[:, 1]) & (apart > 0).all(axis=1)]
    is_fixed_face = np.isin(faces.person_ids, list(fixed_people)) & (faces.person_ids != NO_PERSON)
    keys = np.where(is_fixed_face, faces.person_ids, np.arange(len(faces)) - len(faces))
    keys = _joined_by_links(faces, keys, _enemies(apart), unseen)
    found, of_face, counts = np.unique(keys, return_inverse=True, return_counts=True)
    is_fixed = np.zeros(len(counts), dtype=np.bool_)
    is_fixed[of_face[is_fixed_face]] = True
    clusters = Clusters(
        sums=np.empty((len(faces), 0), dtype=np.float32),
        counts=np.ones(len(faces), dtype=np.float32),
        founders=faces.is_founder.astype(np.int64),
        is_fixed=np.zeros(len(faces), dtype=np.bool_),
        marks=_marks(faces, apart, unseen),
    )
    if not np.array_equal(of_face, np.arange(len(faces))):
        clusters = clusters.joined(of_face, len(counts))
    clusters = replace(clusters, sums=sums_of_groups(faces, of_face, np.maximum(found, NO_PERSON)))
    return Units(of_face, clusters.established(is_fixed, is_fixed | (counts > 1), min_founders))


def sums_of_groups(faces: FaceSet, of_face: Rows, people: NDArray[np.int64]) -> FaceRows:
    """Add up the directions of the faces of each group.

    Parameters
    ----------
    faces : FaceSet
    of_face : int array of shape (n_faces,)
        Each face's group, consecutive from 0.
    people : int array of shape (n_groups,)
        The person whose faces the group has, except for those moved by links; else NO_PERSON.
    """
    count, directions = len(people), faces.memory.directions(len(faces))
    if count == len(faces) and np.array_equal(of_face, np.arange(count)):
        none = np.empty(0, dtype=np.intp)
        return FaceRows(directions, of_face, none, directions[none])
    a_face = np.empty(count, dtype=np.intp)
    a_face[of_face] = np.arange(len(faces))
    joined = np.flatnonzero(np.bincount(of_face, minlength=count) > 1)
    is_elsewhere = faces.person_ids != people[of_face]
    is_moved = (people == NO_PERSON) | np.isin(people, faces.person_ids[is_elsewhere])
    is_moved[of_face[is_elsewhere]] = True
    known, of_known = faces.memory.sums_of(faces.person_ids)
    sums = np.empty((len(joined), directions.shape[1]), dtype=np.float32)
    is_known = ~is_moved[joined]
    sums[is_known] = of_known[np.searchsorted(known, people[joined[is_known]])]
    others = joined[~is_known]
    members = np.flatnonzero(np.isin(of_face, others))
    targets = np.searchsorted(others, of_face[members])
    sums[~is_known] = added_up(directions[members], targets, len(others))
    return FaceRows(directions, a_face, joined, sums)


def _enemies(apart: NDArray[np.int64]) -> dict[int, set[int]]:
    enemies: dict[int, set[int]] = {}
    for one, other in apart.tolist():
        enemies.setdefault(one, set()).add(other)
        enemies.setdefault(other, set()).add(one)
    return enemies


def _joined_by_links(
    faces: FaceSet,
    keys: NDArray[np.int64],
    enemies: dict[int, set[int]],
    unseen: Collection[tuple[int, int]],
) -> NDArray[np.int64]:
    """Give linked faces one key: that of the fixed person among them, or of their first face."""
    keys, scene_ids = keys.copy(), faces.scene_ids
    linked = np.flatnonzero(faces.bond_ids > 0)
    linked = linked[np.argsort(faces.bond_ids[linked], kind="stable")]
    links, starts = np.unique(faces.bond_ids[linked], return_index=True)
    if len(links) == 0:
        return keys
    lowest, highest = (f.reduceat(keys[linked], starts) for f in (np.minimum, np.maximum))
    for place in np.flatnonzero(lowest != highest).tolist():  # the others are joined already
        link = int(links[place])
        rows = linked[starts[place] :][: np.count_nonzero(faces.bond_ids == link)]
        own_keys, counts = np.unique(keys[rows], return_counts=True)
        is_fixed = own_keys > 0  # of two, the one with more of these faces, then the older one
        if is_fixed.any():
            target = int(own_keys[is_fixed][counts[is_fixed].argmax()])
        else:
            target = int(keys[rows[0]])
        others = np.flatnonzero((keys == target) & (faces.bond_ids != link))
        if enemies.get(link, set()).isdisjoint(faces.bond_ids[others].tolist()):
            is_free = ~np.isin(scene_ids[rows], scene_ids[others])
            unseen_on = [photo for photo, person in unseen if person == target]
            is_free &= ~np.isin(faces.photo_ids[rows], unseen_on)
            keys[rows[(keys[rows] < 0) & is_free]] = target
    return keys


def enemies_of(apart: NDArray[np.int64]) -> NDArray[np.int64]:
    """List the marks of links that exclude each other, both ways round."""
    apart = apart[(apart[:, 0] != apart[:, 1]) & (apart > 0).all(axis=1)]
    return -np.unique(np.concatenate([apart, apart[:, ::-1]]), axis=0)[::-1]


def extra_marks(
    faces: FaceSet, apart: NDArray[np.int64], unseen: Collection[tuple[int, int]]
) -> tuple[Rows, NDArray[np.int64]]:
    """List the marks that faces have besides their scenes: the rows, and the marks.

    A face has its link if that is kept apart from another; a person's first face has the photos in
    which they are unseen.
    """
    rows, scenes = _unseen_marks(faces, unseen)
    if len(apart) == 0:
        return rows, scenes
    linked = np.flatnonzero(np.isin(faces.bond_ids, apart[apart > 0]))
    return np.concatenate([rows, linked]), np.concatenate([scenes, -faces.bond_ids[linked]])


def _marks(faces: FaceSet, apart: NDArray[np.int64], unseen: Collection[tuple[int, int]]) -> Marks:
    """Mark every face with its scene, and with whatever else keeps it apart."""
    rows, values = extra_marks(faces, apart, unseen)
    owners = np.concatenate([np.arange(len(faces)), rows])
    table = marks_of(owners, np.concatenate([faces.scene_ids, values]), len(faces))
    return Marks(table, enemies_of(apart))


def _unseen_marks(
    faces: FaceSet, unseen: Collection[tuple[int, int]]
) -> tuple[Rows, NDArray[np.int64]]:
    """Return rows of faces, and the scenes of photos in which their people are unseen.

    In a collage the panel is unknown: all of them count.
    """
    if not unseen:  # the usual case, except after a change of engine
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int64)
    scenes = np.unique(faces.scene_ids)
    pairs = np.array(sorted(unseen), dtype=np.int64).reshape(-1, 2)
    people, first_rows = np.unique(faces.person_ids, return_index=True)
    pairs = pairs[np.isin(pairs[:, 1], people)]
    owners = first_rows[np.searchsorted(people, pairs[:, 1])]
    seen = [scenes[scenes // MAX_PANELS == photo] for photo in pairs[:, 0].tolist()]
    counts = [len(found) for found in seen]
    return np.repeat(owners, counts), np.concatenate([np.empty(0, dtype=np.int64), *seen])
