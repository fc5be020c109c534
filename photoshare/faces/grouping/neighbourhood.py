"""Regroup only what new faces can change: their neighbourhood, from single faces; pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, MergeRule, Rows
from photoshare.faces.grouping.joining import ClosedGroups, join_single_faces
from photoshare.faces.grouping.kept.room_groups import OpenUnits, RoomGroups
from photoshare.faces.grouping.linkage import merge_clusters
from photoshare.faces.grouping.scratch.cores import MANY_CLUSTERS, merge_from_nothing

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Regrouped:
    """The faces whose groups may have changed.

    Attributes
    ----------
    faces : int array of shape (n_faces,)
        In ascending order; with a face, all faces of its present group and of its new one.
    labels : int array of shape (n_faces,)
        The new group of each, 0 to n_labels - 1.
    is_person : bool array of shape (n_labels,)
        Whether the group is a person.
    """

    faces: Rows
    labels: Rows
    is_person: Flags


def regroup(room: RoomGroups, active: Flags, rule: MergeRule) -> Regrouped:
    """Regroup the units of the active faces, and every group that they change, from single units.

    Parameters
    ----------
    room : RoomGroups
    active : bool array of shape (n_faces,)
        Faces of unsettled groups are active as well.
    rule : MergeRule

    Notes
    -----
    Three kinds of groups are opened and merged again from single units: those of the active units,
    those with a unit that may merge with an active one, and those that may merge with a group that
    has changed or contains an active unit. Then single faces join people.
    """
    active = active | room.is_unsettled
    if not active.any():
        nobody = np.empty(0, dtype=np.intp)
        return Regrouped(nobody, nobody, np.empty(0, dtype=np.bool_))
    units, labels, is_open = _merged_anew(room, active, rule)
    _, firsts, labels = np.unique(labels, return_index=True, return_inverse=True)
    closed = ClosedGroups(room.clusters, np.flatnonzero(room.in_use & ~is_open), room.a_face)
    new = units.clusters.joined(labels, len(firsts))
    joined = join_single_faces(closed, new, units.keys[firsts], rule)
    label_of_group = np.zeros(len(room), dtype=np.intp)
    label_of_group[joined.groups] = joined.labels_of_groups
    others = room.faces_in(joined.groups)
    faces = np.concatenate([units.faces, others])
    found = [joined.labels[labels[units.of_face]], label_of_group[room.of_face[others]]]
    order = np.argsort(faces, kind="stable")
    return Regrouped(faces[order], np.concatenate(found)[order], joined.is_person)


def _merged_anew(room: RoomGroups, active: Flags, rule: MergeRule) -> tuple[OpenUnits, Rows, Flags]:
    """Merge again the units of all groups that the active ones can change.

    Returns
    -------
    units : OpenUnits
        All units of these groups.
    labels : int array of shape (n_units,)
        The same number for units that are one group now.
    is_open : bool array of shape (n_groups,)
        Which of the present groups they are.
    """
    is_open = np.zeros(len(room), dtype=np.bool_)
    is_open[room.of_face[active]] = True
    units = room.units_of(np.flatnonzero(is_open))
    is_asked = room.in_use & ~is_open
    if is_asked.any():
        is_open[room.near(_active_clusters(units, active), is_asked, rule)] = True
        units = room.units_of(np.flatnonzero(is_open))
    labels = np.full(len(units.keys), -1, dtype=np.intp)
    rows = np.arange(len(labels))
    while True:
        merge = merge_from_nothing if len(rows) >= MANY_CLUSTERS else merge_clusters
        some = units.clusters if len(rows) == len(units.keys) else units.clusters.subset(rows)
        merged = merge(some, rule)
        first_label = int(labels.max()) + 1
        labels[rows] = first_label + merged
        is_changed = ~_are_same(units.groups[rows], merged, np.bincount(units.groups))
        is_changed[merged[_is_active(units, active)[rows]]] = True
        changed = np.flatnonzero(is_changed)
        now = some.joined(merged, len(is_changed)).subset(changed)
        is_drawing, drawn = room.near_groups(now, room.in_use & ~is_open, rule)
        if len(drawn) == 0:
            return units, labels, is_open
        # Only these are merged again, so that a chain of changes costs no more than its links.
        is_open[drawn] = True
        before, units = units, room.units_of(np.flatnonzero(is_open))
        labels_before, labels = labels, np.full(len(units.keys), -1, dtype=np.intp)
        labels[np.searchsorted(units.keys, before.keys)] = labels_before
        drawing = np.isin(labels, first_label + changed[is_drawing])
        rows = np.flatnonzero(drawing | (labels < 0))


def _is_active(units: OpenUnits, active: Flags) -> Flags:
    """Return which units have an active face."""
    found: Flags = np.bincount(units.of_face, active[units.faces], len(units.keys)) > 0
    return found


def _active_clusters(units: OpenUnits, active: Flags) -> Clusters:
    return units.clusters.subset(np.flatnonzero(_is_active(units, active)))


def _are_same(before: Rows, now: Rows, sizes: Rows) -> Flags:
    """Return which groups of ``now`` are identical to one before."""
    count = int(now.max()) + 1
    first = np.zeros(count, dtype=np.intp)
    first[now] = before
    is_same: Flags = np.bincount(now, minlength=count) == sizes[first]
    is_same[now[before != first[now]]] = False
    return is_same
