"""Rank people by how much they look like some faces, as a list to choose from; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.kept.memory import unit_length
from photoshare.faces.grouping.linkage import JOIN_RATIO
from photoshare.faces.types import NO_PERSON, FaceEncodings, FaceSet

# Where a picture proves who someone is, only this near, as a multiple of eps: of 583 guests of
# `everybody_dev` one in 50 needs another picture, and none is offered a stranger
# (docs/evaluation.md, find me).
PROOF = 1.05


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much a person, or a single face, looks like a face.

    Attributes
    ----------
    person_id : int
        NO_PERSON for a single face.
    row : int
        The row of that face, or of the person's most similar one.
    distance : float
        Between 0, the same, and 2.
    """

    person_id: int
    row: int
    distance: float


def rank_alike_people(
    faces: FaceSet, is_chosen: NDArray[np.bool_], *, with_beside: bool = False
) -> list[int]:
    """Rank the people of a room by how much they look like some faces.

    Parameters
    ----------
    faces : FaceSet
        Every face of the room.
    is_chosen : bool array of shape (len(faces),)
        The faces in question; they do not count as faces of their present person.
    with_beside : bool
        Whether to include people who have another face in a scene of a chosen face: they are
        hardly ever the same person.

    Returns
    -------
    list of int
        Ids of people, nearest centre of unit-length encodings first; people beside come last.
    """
    from scipy import sparse  # here: pages need none of it, and a start would take a tenth longer

    others = ~is_chosen & (faces.person_ids != NO_PERSON)
    people, rows = np.unique(faces.person_ids[others], return_inverse=True)
    if len(people) == 0 or not is_chosen.any():
        return [int(person) for person in people]
    lengths = np.sqrt(np.einsum("ij,ij->i", faces.encodings, faces.encodings))
    scales = (1 / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
    # Each row adds up the faces of one person, scaled to unit length.
    places = (rows, np.flatnonzero(others))
    adder = sparse.csr_array((scales[others], places), shape=(len(people), len(faces)))
    centres = (adder @ faces.encodings) / np.bincount(rows)[:, None]
    chosen = faces.encodings[is_chosen] * scales[is_chosen, None]
    distances = np.linalg.norm(centres - chosen.mean(axis=0), axis=1)
    is_beside = np.zeros(len(people), dtype=np.bool_)
    is_beside[rows[np.isin(faces.scene_ids[others], faces.scene_ids[is_chosen])]] = True
    order = np.lexsort((distances, is_beside))
    if not with_beside:
        order = order[~is_beside[order]]
    return [int(person) for person in people[order]]


def rank_by_face(
    faces: FaceSet, encoding: NDArray[np.float32], *, eps: float, limit: int
) -> list[Likeness]:
    """Rank the people and unsorted faces of a room by how much they look like one other face.

    Parameters
    ----------
    faces : FaceSet
        Every face of the room.
    encoding : float32 array of shape (size,)
        Of the other face, by the same engine.
    eps : float > 0
        As given to `photoshare.faces.grouping.plan.plan_groups`.
    limit : int
        Return up to this many.

    Returns
    -------
    list of Likeness
        Most similar first. The square of a person's distance is the mean of two: to their nearest
        face, and to the direction of the others.

    Notes
    -----
    A face that looks like the other one, with a person whom that one could not join, is listed as a
    single face: it was probably put there by mistake.
    """
    if len(faces) == 0:
        return []
    encodings = unit_length(faces.encodings)
    (one,) = unit_length(encoding[None])
    dots = encodings @ one
    # An unsorted face is a side of its own.
    sides = np.where(faces.person_ids != NO_PERSON, faces.person_ids, -1 - np.arange(len(faces)))
    keys, side_of, sizes = np.unique(sides, return_inverse=True, return_counts=True)
    order = np.lexsort((-dots, side_of))  # the nearest of each side first
    nearest = order[np.searchsorted(side_of[order], np.arange(len(keys)))]
    near = 2 - 2 * dots[nearest]
    others = np.where(sizes > 1, 2 - 2 * _dots_of_others(encodings, side_of, nearest, one), near)
    is_astray = (near <= eps**2) & (others > (JOIN_RATIO * eps) ** 2)
    distances = np.sqrt(np.maximum(0, np.where(is_astray, near, (near + others) / 2)))
    people = np.where(is_astray, NO_PERSON, np.maximum(keys, NO_PERSON))
    best = np.argsort(distances, kind="stable")[:limit]
    columns = (people[best], nearest[best], distances[best])
    return [Likeness(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _dots_of_others(
    encodings: FaceEncodings,
    side_of: NDArray[np.intp],
    nearest: NDArray[np.intp],
    one: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the products of a face with the direction of each side without its nearest face.

    Returns
    -------
    float32 array of shape (n_sides,)
        About 0 for a side of a single face.
    """
    from scipy import sparse  # here: pages need none of it, and a start would take a tenth longer

    ones = np.ones(len(encodings), dtype=np.float32)
    places = (side_of, np.arange(len(encodings)))
    adder = sparse.csr_array((ones, places), shape=(len(nearest), len(encodings)))
    found: NDArray[np.float32] = unit_length(adder @ encodings - encodings[nearest]) @ one
    return found


def proofs(ranked: Sequence[Likeness], eps: float) -> list[Likeness]:
    """Keep those who are so similar that a picture proves someone to be them."""
    return [one for one in ranked if one.distance <= PROOF * eps]
