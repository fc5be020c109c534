"""Rank people by how much they look like some faces, as a list to choose from; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.types import NO_PERSON, FaceSet


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
