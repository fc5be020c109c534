"""Decide which faces are the same person: people grow and merge, they are not made anew; pure.

Two faces of one photo are two people: no decision here ever gives a person two faces of a photo.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.linkage import merge_clusters, single_faces, with_established
from photoshare.faces.types import ENCODING_SIZE, FaceEncodings

NO_PERSON = 0  # person id of an unsorted face; database ids begin at 1


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Faces in columns, one row a face.

    Attributes
    ----------
    encodings : float32 array of shape (n_faces, 128)
    photo_ids : int array of shape (n_faces,)
    person_ids : int array of shape (n_faces,)
        NO_PERSON for an unsorted face.
    may_found : bool array of shape (n_faces,)
        Whether the face is good enough to found a person; a poor one may only join one.
    """

    encodings: FaceEncodings
    photo_ids: NDArray[np.int64]
    person_ids: NDArray[np.int64]
    may_found: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.encodings)


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """Who the faces are.

    Attributes
    ----------
    person_ids : int array of shape (n_faces,)
        A known person's id, NO_PERSON, or -1, -2, ... for the people that are new.
    merged : dict of int to int
        For each person that is no more the person who has all their faces now.
    """

    person_ids: NDArray[np.int64]
    merged: dict[int, int]


def plan_groups(
    faces: FaceSet,
    active: NDArray[np.bool_],
    *,
    eps: float,
    min_samples: int,
    fixed_people: Collection[int] = (),
) -> GroupPlan:
    """Decide the person of the active faces, and of the faces that they draw along.

    Parameters
    ----------
    faces : FaceSet
        Every face of the room; encodings finite.
    active : bool array of shape (len(faces),)
        The faces to decide on: those of a new photo, or all. A sorted one stands for its person.
    eps : float > 0
        How near two faces, or two people of as many faces, have to be to become one, as a face
        distance of unit-length encodings; see `photoshare.faces.linkage`.
    min_samples : int >= 1
        Good faces that make a person.
    fixed_people : collection of int
        People who were named: none of their faces moves. Faces and other people may join them.

    Returns
    -------
    GroupPlan
        Nobody is ever split: a sorted face either stays with its person or moves, with all the
        others of a person who is not fixed, into the person of `GroupPlan.merged`.

    Raises
    ------
    ValueError
        If the encodings are not of shape (n, 128) or not finite.

    Notes
    -----
    The work is that of a few matrix products of the active faces with all people and faces.
    """
    if faces.encodings.ndim != 2 or faces.encodings.shape[1] != ENCODING_SIZE:
        raise ValueError(f"encodings have shape {faces.encodings.shape}, not (n, {ENCODING_SIZE})")
    if not np.isfinite(faces.encodings).all():
        raise ValueError("encodings hold a number that is not finite")
    if len(faces) == 0:
        return GroupPlan(faces.person_ids.copy(), {})
    cluster_of_face, person_of_cluster = _present_clusters(faces.person_ids)
    count = len(person_of_cluster)
    clusters = with_established(
        single_faces(faces.encodings, faces.photo_ids, faces.may_found).joined(
            cluster_of_face, count
        ),
        person_of_cluster != NO_PERSON,
        np.isin(person_of_cluster, list(fixed_people)) & (person_of_cluster != NO_PERSON),
        min_samples,
    )
    is_active = np.bincount(cluster_of_face, weights=active, minlength=count) > 0
    labels = merge_clusters(clusters, is_active, eps=eps, min_founders=min_samples)
    founders = np.bincount(labels, weights=clusters.founders)
    return _named(cluster_of_face, person_of_cluster, labels, founders >= min_samples, fixed_people)


def _present_clusters(
    person_ids: NDArray[np.int64],
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Make a cluster of each person and of each unsorted face.

    Returns
    -------
    cluster_of_face : int array of shape (n_faces,)
    person_of_cluster : int array of shape (n_clusters,)
        NO_PERSON for an unsorted face.
    """
    is_unsorted = person_ids == NO_PERSON
    people, cluster_of_face = np.unique(person_ids, return_inverse=True)
    people = people.astype(np.int64)
    if not is_unsorted.any():
        return cluster_of_face, people
    count = int(is_unsorted.sum())
    # Unsorted faces come behind the people; the cluster of NO_PERSON itself goes.
    place = int(np.searchsorted(people, NO_PERSON))
    people = np.delete(people, place)
    cluster_of_face[cluster_of_face > place] -= 1
    cluster_of_face[is_unsorted] = len(people) + np.arange(count)
    return cluster_of_face, np.concatenate([people, np.full(count, NO_PERSON, dtype=np.int64)])


def _named(
    cluster_of_face: NDArray[np.intp],
    person_of_cluster: NDArray[np.int64],
    labels: NDArray[np.intp],
    is_person: NDArray[np.bool_],
    fixed_people: Collection[int],
) -> GroupPlan:
    """Give each merged cluster its person: the fixed one in it, else the oldest, else a new one."""
    fixed = set(fixed_people)
    person_of_label = np.zeros(len(is_person), dtype=np.int64)
    merged: dict[int, int] = {}
    known = np.flatnonzero(person_of_cluster != NO_PERSON)
    people = sorted(
        ((int(person_of_cluster[row]), int(labels[row])) for row in known),
        key=lambda pair: (pair[0] not in fixed, pair[0]),
    )
    for person_id, label in people:
        if person_of_label[label] == NO_PERSON:
            person_of_label[label] = person_id
        else:
            merged[person_id] = int(person_of_label[label])
    label_of_face = labels[cluster_of_face]
    is_new = is_person & (person_of_label == NO_PERSON)
    order, firsts = np.unique(label_of_face, return_index=True)
    new_labels = order[np.argsort(firsts)]
    new_labels = new_labels[is_new[new_labels]]  # numbered in the order of their first faces
    person_of_label[new_labels] = -np.arange(1, len(new_labels) + 1)
    return GroupPlan(person_of_label[label_of_face], merged)
