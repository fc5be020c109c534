"""What never comes apart: fixed people, faces that are linked, and every other face alone; pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from photoshare.faces.clusters import Clusters, Rows, single_faces
from photoshare.faces.types import NO_PERSON, FaceSet


@dataclass(frozen=True)
class Units:
    """The pieces that grouping puts together.

    Attributes
    ----------
    of_face : int array of shape (n_faces,)
        Each face's unit.
    clusters : Clusters
        One row a unit.
    """

    of_face: Rows
    clusters: Clusters


def make_units(
    faces: FaceSet,
    fixed_people: Collection[int],
    apart: NDArray[np.int64],
    min_founders: int,
) -> Units:
    """Put together what belongs together whatever the encodings say.

    Parameters
    ----------
    faces : FaceSet
    fixed_people : collection of int
        Each is one unit. A link joins faces to one of them at most, never two of them.
    apart : int array of shape (n_pairs, 2)
        Link ids whose faces never meet.
    min_founders : int >= 1
        Fixed people and linked faces count as that many founders: somebody said who they are.

    Notes
    -----
    The faces of a link are one person even where they share a scene: somebody said so who knew. A
    linked face that shares a scene with a fixed person's other faces, or is kept apart from them,
    stays alone.
    """
    apart = apart[(apart[:, 0] != apart[:, 1]) & (apart > 0).all(axis=1)]
    is_fixed_face = np.isin(faces.person_ids, list(fixed_people)) & (faces.person_ids != NO_PERSON)
    keys = np.where(is_fixed_face, faces.person_ids, np.arange(len(faces)) - len(faces))
    keys = _joined_by_links(faces, keys, _enemies(apart))
    _, of_face, counts = np.unique(keys, return_inverse=True, return_counts=True)
    is_fixed = np.zeros(len(counts), dtype=np.bool_)
    is_fixed[of_face[is_fixed_face]] = True
    marks, exclusions = _marks(faces, apart)
    clusters = single_faces(faces.encodings, faces.may_found, marks, exclusions)
    if not np.array_equal(of_face, np.arange(len(faces))):
        clusters = clusters.joined(of_face, len(counts))
    return Units(of_face, clusters.established(is_fixed, is_fixed | (counts > 1), min_founders))


def _enemies(apart: NDArray[np.int64]) -> dict[int, set[int]]:
    enemies: dict[int, set[int]] = {}
    for one, other in apart.tolist():
        enemies.setdefault(one, set()).add(other)
        enemies.setdefault(other, set()).add(one)
    return enemies


def _joined_by_links(
    faces: FaceSet, keys: NDArray[np.int64], enemies: dict[int, set[int]]
) -> NDArray[np.int64]:
    """Give linked faces one key: that of the fixed person among them, or of their first face."""
    keys, scene_ids = keys.copy(), faces.scene_ids
    linked = np.flatnonzero(faces.link_ids > 0)
    linked = linked[np.argsort(faces.link_ids[linked], kind="stable")]
    links, starts = np.unique(faces.link_ids[linked], return_index=True)
    if len(links) == 0:
        return keys
    lowest, highest = (f.reduceat(keys[linked], starts) for f in (np.minimum, np.maximum))
    for place in np.flatnonzero(lowest != highest).tolist():  # the others are joined already
        link = int(links[place])
        rows = linked[starts[place] :][: np.count_nonzero(faces.link_ids == link)]
        own_keys, counts = np.unique(keys[rows], return_counts=True)
        is_fixed = own_keys > 0  # of two the one with more of these faces, then the older one
        if is_fixed.any():
            target = int(own_keys[is_fixed][counts[is_fixed].argmax()])
        else:
            target = int(keys[rows[0]])
        others = np.flatnonzero((keys == target) & (faces.link_ids != link))
        if enemies.get(link, set()).isdisjoint(faces.link_ids[others].tolist()):
            is_free = ~np.isin(scene_ids[rows], scene_ids[others])
            keys[rows[(keys[rows] < 0) & is_free]] = target
    return keys


def _marks(faces: FaceSet, apart: NDArray[np.int64]) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Mark every face with its scene, and with its link if that is kept apart from another.

    Returns
    -------
    marks : sparse array of shape (n_faces, n_marks)
    exclusions : sparse array of shape (n_marks, n_marks), symmetric
        1 where two marks may not meet: a scene with itself, two links that are apart.
    """
    scenes, columns = np.unique(faces.scene_ids, return_inverse=True)
    present = apart[np.isin(apart, faces.link_ids).all(axis=1)]
    links, sides = np.unique(present, return_inverse=True)
    sides = len(scenes) + sides.reshape(-1, 2)
    rows = np.flatnonzero(np.isin(faces.link_ids, links))
    width = len(scenes) + len(links)
    places = np.concatenate([columns, len(scenes) + np.searchsorted(links, faces.link_ids[rows])])
    owners = np.concatenate([np.arange(len(faces)), rows])
    ones = np.ones(len(owners), dtype=np.float32)
    marks = sparse.csr_array((ones, (owners, places)), shape=(len(faces), width))
    same = np.arange(len(scenes))
    one_side = np.concatenate([same, sides[:, 0], sides[:, 1]])
    other_side = np.concatenate([same, sides[:, 1], sides[:, 0]])
    ones = np.ones(len(one_side), dtype=np.float32)
    exclusions = sparse.csr_array((ones, (one_side, other_side)), shape=(width, width))
    exclusions.data[:] = 1  # a pair that was named twice
    return marks, exclusions
