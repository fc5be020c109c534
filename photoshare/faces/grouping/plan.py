"""Decide which faces are the same person; pure.

Three rules outrank the encodings: two faces in one scene (a photo, or a panel of a collage) are two
people unless someone linked them, people who were named or corrected keep their
faces, and corrections (linked, apart) stay in force.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, Rows
from photoshare.faces.grouping.linkage import merge_rule
from photoshare.faces.grouping.neighbourhood import regroup
from photoshare.faces.grouping.room_eps import own_eps
from photoshare.faces.grouping.units import Units, make_units, sums_of_groups
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
    units = make_units(faces, fixed_people, apart, min_samples, unseen)
    present, groups, person_of_group, is_unsettled = _present_groups(faces, units, fixed_people)
    is_active = np.bincount(units.of_face, weights=active, minlength=len(groups)) > 0
    rule = merge_rule(own_eps(faces, eps), min_samples, int(faces.is_founder.sum()))
    labels = regroup(units, groups, present, is_active | is_unsettled, rule)
    is_person = np.bincount(labels, weights=units.clusters.founders) >= min_samples
    untouched = np.flatnonzero(person_of_group != NO_PERSON)  # whichever faces they have left
    is_person[untouched[untouched < len(is_person)]] = True
    return _named(faces.person_ids, labels[units.of_face], is_person, fixed_people)


def _present_groups(
    faces: FaceSet, units: Units, fixed_people: Collection[int]
) -> tuple[Clusters, Rows, NDArray[np.int64], NDArray[np.bool_]]:
    """Make a group of each person, and of each unit without a person.

    Returns
    -------
    present : Clusters
        One row per group.
    groups : int array of shape (n_units,)
    person_of_group : int array of shape (n_groups,)
        NO_PERSON for a unit without a person.
    is_unsettled : bool array of shape (n_units,)
        Whether linked faces are not one person yet, or a person breaks a rule.
    """
    count, person_ids = len(units.clusters), faces.person_ids
    person_of_unit = np.zeros(count, dtype=np.int64)
    person_of_unit[units.of_face] = person_ids
    is_fixed_face = np.isin(person_ids, list(fixed_people)) & (person_ids != NO_PERSON)
    person_of_unit[units.of_face[is_fixed_face]] = person_ids[is_fixed_face]
    is_moving = person_ids != person_of_unit[units.of_face]
    is_unsettled = np.zeros(count, dtype=np.bool_)
    is_unsettled[units.of_face[is_moving]] = True
    left_behind = np.isin(person_of_unit, person_ids[is_moving]) & (person_of_unit != NO_PERSON)
    is_unsettled |= left_behind
    sizes = np.bincount(units.of_face)
    is_unsettled |= (person_of_unit == NO_PERSON) & (sizes > 1)
    keys = np.where(person_of_unit == NO_PERSON, np.arange(count) - count, person_of_unit)
    found, groups = np.unique(keys, return_inverse=True)
    nowhere = np.empty((count, 0), dtype=np.float32)  # meetings are found without encodings
    merged = replace(units.clusters, sums=nowhere).joined(groups, len(found))
    allowed = units.clusters.counts.copy()  # linked faces, whatever they share; one of each other
    linked = np.flatnonzero((allowed > 1) & ~units.clusters.is_fixed)
    if len(linked):
        allowed[linked] = units.clusters.marks.subset(linked).meetings()
    is_wrong = merged.marks.meetings() > np.bincount(groups, weights=allowed) + 0.5
    is_wrong &= ~merged.is_fixed
    people = np.maximum(found, NO_PERSON)
    present = replace(merged, sums=sums_of_groups(faces, groups[units.of_face], people))
    return present, groups, people, is_unsettled | is_wrong[groups]


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
