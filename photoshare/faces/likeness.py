"""Which people look most like these faces? For people to choose from, decides nothing; pure."""

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
        The faces in question; none of them speaks for the person it belongs to so far.
    with_beside : bool
        Whether to list those, too, who have another face in a scene of a chosen one: hardly ever
        they are the same person.

    Returns
    -------
    list of int
        Ids of people, the nearest centre of unit-length encodings first; then those beside.
    """
    lengths = np.linalg.norm(faces.encodings, axis=1, keepdims=True)
    units = faces.encodings / np.maximum(lengths, np.finfo(np.float32).tiny)
    others = ~is_chosen & (faces.person_ids != NO_PERSON)
    people, rows = np.unique(faces.person_ids[others], return_inverse=True)
    if len(people) == 0 or not is_chosen.any():
        return [int(person) for person in people]
    sums = np.zeros((len(people), faces.encodings.shape[1]), dtype=np.float32)
    np.add.at(sums, rows, units[others])
    centres = sums / np.bincount(rows)[:, None]
    distances = np.linalg.norm(centres - units[is_chosen].mean(axis=0), axis=1)
    is_beside = np.zeros(len(people), dtype=np.bool_)
    is_beside[rows[np.isin(faces.scene_ids[others], faces.scene_ids[is_chosen])]] = True
    order = np.lexsort((distances, is_beside))
    if not with_beside:
        order = order[~is_beside[order]]
    return [int(person) for person in people[order]]
