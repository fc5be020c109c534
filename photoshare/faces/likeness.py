"""Which people look most like these faces? For people to choose from, decides nothing; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from photoshare.faces.types import NO_PERSON, FaceSet


def rank_alike_people(faces: FaceSet, is_chosen: NDArray[np.bool_]) -> list[int]:
    """Rank the people of a room by how much they look like some faces.

    Parameters
    ----------
    faces : FaceSet
        Every face of the room.
    is_chosen : bool array of shape (len(faces),)
        The faces in question; none of them speaks for the person it belongs to so far.

    Returns
    -------
    list of int
        Ids of people, the nearest centre of unit-length encodings first. Who has another face on a
        photo of a chosen one is left out: nobody is twice on a photo.
    """
    others = ~is_chosen & (faces.person_ids != NO_PERSON)
    people, rows = np.unique(faces.person_ids[others], return_inverse=True)
    if len(people) == 0 or not is_chosen.any():
        return [int(person) for person in people]
    lengths = np.sqrt(np.einsum("ij,ij->i", faces.encodings, faces.encodings))
    scales = (1 / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
    # Each row adds up the faces of one person, made of unit length on the way.
    places = (rows, np.flatnonzero(others))
    adder = sparse.csr_array((scales[others], places), shape=(len(people), len(faces)))
    centres = (adder @ faces.encodings) / np.bincount(rows)[:, None]
    chosen = faces.encodings[is_chosen] * scales[is_chosen, None]
    distances = np.linalg.norm(centres - chosen.mean(axis=0), axis=1)
    is_beside = np.isin(faces.photo_ids[others], faces.photo_ids[is_chosen])
    distances[rows[is_beside]] = np.inf
    order = np.argsort(distances, kind="stable")
    return [int(person) for person in people[order[np.isfinite(distances[order])]]]
