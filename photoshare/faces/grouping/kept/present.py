"""Work out the present groups of a room from its faces, and which of them break a rule; pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, Rows
from photoshare.faces.grouping.units import Units, sums_of_groups
from photoshare.faces.types import NO_PERSON, FaceSet


@dataclass(frozen=True, slots=True)
class Said:
    """What outranks the encodings; as the parameters of `plan_groups`."""

    fixed_people: frozenset[int]
    apart: NDArray[np.int64]
    unseen: frozenset[tuple[int, int]]
    min_founders: int

    def is_same(self, other: Said) -> bool:
        """Whether the same was said; who is unseen does not matter."""
        return (
            self.fixed_people == other.fixed_people
            and self.min_founders == other.min_founders
            and np.array_equal(self.apart, other.apart)
        )


def present_groups(
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


def has_loose_links(faces: FaceSet, keys: NDArray[np.int64]) -> bool:
    """Whether linked faces are not one unit, for a reason that may not last."""
    linked = np.flatnonzero(faces.bond_ids > 0)
    links = faces.bond_ids[linked]
    pairs = np.unique(np.stack([links, keys[linked]]), axis=1)
    return bool(pairs.shape[1] > len(np.unique(links)))
