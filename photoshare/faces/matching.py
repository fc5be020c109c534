"""Decide which person a face belongs to: known people first, then new ones; pure.

Two faces of one photo are two people: no decision here ever gives a person two faces of a photo.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.clustering import cluster_encodings, face_distances
from photoshare.faces.types import NOISE_LABEL, FaceEncodings

NO_PERSON = 0  # person id of an unsorted face; database ids begin at 1
# A face is compared with a person by the mean of this many nearest faces, so that one odd face
# does not pull strangers in. 3 is our choice; docs/evaluation.md is to measure it.
NEAREST_FACES = 3


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Faces in columns, one row a face.

    Attributes
    ----------
    encodings : float32 array of shape (n_faces, 128)
    photo_ids : int array of shape (n_faces,)
    person_ids : int array of shape (n_faces,)
        NO_PERSON for an unsorted face.
    """

    encodings: FaceEncodings
    photo_ids: NDArray[np.int64]
    person_ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.encodings)

    def rows(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> FaceSet:
        """Return the chosen rows."""
        return FaceSet(self.encodings[chosen], self.photo_ids[chosen], self.person_ids[chosen])


def match_known_people(faces: FaceSet, known: FaceSet, *, eps: float) -> NDArray[np.int64]:
    """Find the known person of each face, if there is one.

    Parameters
    ----------
    faces : FaceSet
        Faces to decide on; their person_ids are not read.
    known : FaceSet
        Every sorted face of the room; its person_ids are all set.
    eps : float > 0
        Largest mean face distance to the person's nearest `NEAREST_FACES` faces.

    Returns
    -------
    person_ids : int array of shape (len(faces),)
        NO_PERSON where nobody is near enough, or somebody nearer in the photo has the place.
    """
    chosen = np.full(len(faces), NO_PERSON, dtype=np.int64)
    if len(faces) == 0 or len(known) == 0:
        return chosen
    distances = face_distances(faces.encodings, known.encodings)
    people, person_of_column = np.unique(known.person_ids, return_inverse=True)
    taken = set(zip(known.photo_ids.tolist(), known.person_ids.tolist(), strict=True))
    pairs: list[tuple[float, int, int]] = []  # (mean distance, row of the face, person id)
    near_people = np.unique(person_of_column[(distances <= eps).any(axis=0)])
    for person in near_people:
        columns = np.sort(distances[:, person_of_column == person], axis=1)[:, :NEAREST_FACES]
        means = columns.mean(axis=1)
        for row in np.flatnonzero(means <= eps).tolist():
            pairs.append((float(means[row]), row, int(people[person])))
    for _distance, row, person_id in sorted(pairs):
        place = (int(faces.photo_ids[row]), person_id)
        if chosen[row] == NO_PERSON and place not in taken:
            chosen[row] = person_id
            taken.add(place)
    return chosen


def found_new_people(faces: FaceSet, *, eps: float, min_samples: int) -> list[NDArray[np.intp]]:
    """Find groups of unsorted faces that are new people.

    Parameters
    ----------
    faces : FaceSet
        Unsorted faces.
    eps, min_samples : see `cluster_encodings`

    Returns
    -------
    list of int arrays
        For each new person the rows of its faces, at least ``min_samples``, no two of one photo.
    """
    labels = cluster_encodings(faces.encodings, eps=eps, min_samples=min_samples)
    groups = []
    for label in range(NOISE_LABEL + 1, labels.max(initial=NOISE_LABEL) + 1):
        rows = _one_face_a_photo(faces, np.flatnonzero(labels == label))
        if len(rows) >= min_samples:
            groups.append(rows)
    return groups


def _one_face_a_photo(faces: FaceSet, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Keep, of each photo's faces in a cluster, the one nearest to the cluster's centre."""
    centre = faces.encodings[rows].mean(axis=0, keepdims=True)
    by_distance = rows[np.argsort(face_distances(faces.encodings[rows], centre)[:, 0])]
    _, firsts = np.unique(faces.photo_ids[by_distance], return_index=True)
    return np.sort(by_distance[firsts])


def near_rows(faces: FaceSet, others: FaceSet, *, eps: float) -> NDArray[np.intp]:
    """Find the rows of ``others`` that lie within ``eps`` of any of ``faces``."""
    if len(faces) == 0 or len(others) == 0:
        return np.empty(0, dtype=np.intp)
    return np.flatnonzero((face_distances(faces.encodings, others.encodings) <= eps).any(axis=0))


def plan_groups(
    faces: FaceSet, active: NDArray[np.bool_], *, eps: float, min_samples: int
) -> NDArray[np.int64]:
    """Decide the person of the active faces, and of the unsorted faces that they draw along.

    Parameters
    ----------
    faces : FaceSet
        Every face of the room.
    active : bool array of shape (len(faces),)
        The unsorted faces to decide on: those of a new photo, or all unsorted ones.
    eps, min_samples : see `cluster_encodings`

    Returns
    -------
    person_ids : int array of shape (len(faces),)
        As before for every face that had a person: nothing here moves a sorted face. For the
        others a known person's id, NO_PERSON, or -1, -2, ... for the people that are new.

    Notes
    -----
    The work is that of one matrix product of the active faces with all faces of the room.
    """
    person_ids = faces.person_ids.copy()

    def match(rows: NDArray[np.intp]) -> None:
        known = FaceSet(faces.encodings, faces.photo_ids, person_ids).rows(person_ids != NO_PERSON)
        person_ids[rows] = match_known_people(faces.rows(rows), known, eps=eps)

    active_rows = np.flatnonzero(active)
    match(active_rows)
    unsorted_rows = np.flatnonzero(person_ids == NO_PERSON)
    near = unsorted_rows[near_rows(faces.rows(active_rows), faces.rows(unsorted_rows), eps=eps)]
    match(near)  # a person that has just grown may reach faces that it could not reach before
    rest = near[person_ids[near] == NO_PERSON]
    groups = found_new_people(faces.rows(rest), eps=eps, min_samples=min_samples)
    for number, rows in enumerate(groups, start=1):
        person_ids[rest[rows]] = -number
    return person_ids
