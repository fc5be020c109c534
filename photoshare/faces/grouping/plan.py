"""Decide which faces are the same person; pure.

Three rules outrank the encodings: two faces in one scene (a photo, or a panel of a collage) are two
people unless someone linked them, people who were named or corrected keep their
faces, and corrections (linked, apart) stay in force.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Rows
from photoshare.faces.grouping.kept.present import Said
from photoshare.faces.grouping.kept.room_groups import keep_groups, room_groups
from photoshare.faces.grouping.linkage import merge_rule
from photoshare.faces.grouping.neighbourhood import regroup
from photoshare.faces.grouping.room_eps import own_eps
from photoshare.faces.types import NO_PERSON, FaceSet

__all__ = ["NO_PAIRS", "NO_PERSON", "FaceSet", "GroupPlan", "plan_groups"]

NO_PAIRS: NDArray[np.int64] = np.empty((0, 2), dtype=np.int64)
NO_PAIRS.flags.writeable = False


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """The person of every face.

    Attributes
    ----------
    person_ids : int array of shape (n_faces,)
        A known person's id, NO_PERSON, or -1, -2, ... for new people.
    merged : dict of int to int
        For each person who lost all faces to another person, that person.
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
    apart: NDArray[np.int64] = NO_PAIRS,
    unseen: Collection[tuple[int, int]] = (),
) -> GroupPlan:
    """Decide the person of the active faces, and of other faces affected by them.

    Parameters
    ----------
    faces : FaceSet
        Every face of the room.
    active : bool array of shape (len(faces),)
        The faces to decide on: those of a new photo, or all.
    eps : float > 0
        How near two faces, or two people of equally many faces, have to be to become one, as a face
        distance of unit-length encodings; see `photoshare.faces.grouping.linkage`.
    min_samples : int >= 1
        Good faces needed to make a person; linked faces always make one.
    fixed_people : collection of int
        People who were named or corrected: none of their faces moves, and no two of them become
        one. Faces and other people may join them.
    apart : int array of shape (n_pairs, 2)
        Pairs of link ids: faces of the one never share a person with faces of the other.
    unseen : collection of (photo id, person id)
        Fixed people who are in a photo as well, though ``faces`` has no face of theirs there.

    Returns
    -------
    GroupPlan
        A person who is not fixed may gain and lose faces; the id stays with most of them.
        Links take precedence over scenes, and ``apart`` over links.

    Notes
    -----
    The work is a few matrix products of the active faces, and of those that they can
    change, with all people and faces.
    """
    if len(faces) == 0:
        return GroupPlan(faces.person_ids.copy(), {})
    said = Said(frozenset(fixed_people), apart, frozenset(unseen), min_samples)
    rule = merge_rule(own_eps(faces, eps), min_samples, int(faces.is_founder.sum()))
    room = room_groups(faces, said)
    found = regroup(room, active, rule)
    person_ids = faces.person_ids.copy()
    plan = _named(person_ids[found.faces], found.labels, found.is_person, said.fixed_people)
    person_ids[found.faces] = plan.person_ids
    keep_groups(room)
    return GroupPlan(person_ids, plan.merged)


def _named(
    person_ids: NDArray[np.int64],
    labels: Rows,
    is_person: NDArray[np.bool_],
    fixed_people: Collection[int],
) -> GroupPlan:
    """Give each group its person: the fixed one in it, or the one with most faces, or a new one.

    Among people with equally many faces, the older one.
    """
    fixed = set(fixed_people)
    known = np.flatnonzero(person_ids != NO_PERSON)
    places, counts = np.unique(
        person_ids[known] * len(is_person) + labels[known], return_counts=True
    )
    people, homes_of = np.divmod(places, len(is_person))
    claims = sorted(
        zip(people.tolist(), homes_of.tolist(), counts.tolist(), strict=True),
        key=lambda claim: (claim[0] not in fixed, -claim[2], claim[0]),
    )
    person_of_label = np.zeros(len(is_person), dtype=np.int64)
    placed: set[int] = set()
    for person_id, label, _ in claims:
        if person_of_label[label] == NO_PERSON and is_person[label] and person_id not in placed:
            person_of_label[label] = person_id
            placed.add(person_id)
    homes: dict[int, set[int]] = {}
    for person_id, label, _ in claims:
        homes.setdefault(person_id, set()).add(int(person_of_label[label]))
    merged = {
        person_id: home
        for person_id, (home, *others) in ((key, tuple(value)) for key, value in homes.items())
        if not others and home not in (NO_PERSON, person_id)
    }
    order, firsts = np.unique(labels, return_index=True)
    new_labels = order[np.argsort(firsts)]
    is_new = is_person & (person_of_label == NO_PERSON)
    new_labels = new_labels[is_new[new_labels]]  # numbered in the order of their first faces
    person_of_label[new_labels] = -np.arange(1, len(new_labels) + 1)
    return GroupPlan(person_of_label[labels], merged)
