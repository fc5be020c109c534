"""Let single faces join a person from farther away, if nobody else is near; pure.

Two people of several faces each, or two single faces, need the strict distance of
`grouping.linkage`, where a mistake makes two people one. A single face costs only one photo, and a
person of several faces says much about it; the only risk is the wrong person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, MergeRule, Rows
from photoshare.faces.grouping.near_pairs import (
    NearPairs,
    near_distances,
    together,
)

# Times eps, as the distances below. docs/evaluation.md says how both were chosen.
REACH = 1.1  # the farthest distance at which a face may join
MARGIN = 0.1  # how much farther everyone else has to be


class ClosedGroups:
    """Present groups that were not merged again, one column each; a few may leave.

    Parameters
    ----------
    clusters : Clusters
        Of all present groups.
    rows : int array
        The groups in question.
    keys : int array of shape (len(clusters),)
        A number of each single face, for the order of equals.
    """

    def __init__(self, clusters: Clusters, rows: Rows, keys: NDArray[np.int64]) -> None:
        is_most = 2 * len(rows) > len(clusters)  # then a copy would cost more than it saves
        self.rows = np.arange(len(clusters)) if is_most else rows
        self.clusters = clusters if is_most else clusters.subset(rows)
        self.keys = keys[self.rows]
        self.is_gone = np.zeros(len(self.rows), dtype=np.bool_)
        if is_most:
            self.is_gone[:] = True
            self.is_gone[rows] = False

    @property
    def present(self) -> Clusters:
        """The groups; those that have left are infinitely far away."""
        return self.clusters.only(~self.is_gone)


@dataclass(frozen=True, slots=True)
class Joined:
    """Groups after single faces have joined people.

    Attributes
    ----------
    labels : int array of shape (n_merged,)
        The new group of each group that had been merged.
    groups : int array of shape (n_groups,)
        The closed groups that took part.
    labels_of_groups : int array of shape (n_groups,)
        The new group of each.
    is_person : bool array of shape (n_labels,)
    """

    labels: Rows
    groups: Rows
    labels_of_groups: Rows
    is_person: NDArray[np.bool_]


def join_single_faces(
    closed: ClosedGroups, merged: Clusters, keys: NDArray[np.int64], rule: MergeRule
) -> Joined:
    """Join single faces to people, if the face or the person is open.

    Parameters
    ----------
    closed : ClosedGroups
    merged : Clusters
        The other groups of the room: open ones, which may have changed.
    keys : int array of shape (len(merged),)
        As those of ``closed``.
    rule : MergeRule

    Notes
    -----
    In each round every person takes only the nearest face, so that two faces of a scene never
    end up together.
    """
    room = _Room(closed, merged, keys, rule)
    while True:
        faces, people = room.sure_pairs(room.maybe_joining())
        if len(faces) == 0:
            return room.joined()
        room.join(faces, people)


class _Room:
    """All groups in columns: the closed ones, then the open ones; who takes part becomes open."""

    def __init__(
        self, closed: ClosedGroups, merged: Clusters, keys: NDArray[np.int64], rule: MergeRule
    ) -> None:
        self._closed, self._open, self._keys, self._rule = closed, merged, keys, rule
        self._labels = np.arange(len(merged))  # of the merged groups, then of those that came
        self._came: Rows = np.empty(0, dtype=np.intp)  # columns of the closed ones that are open
        self._is_new = np.ones(len(merged), dtype=np.bool_)  # an open one that may have changed

    def maybe_joining(self) -> Rows:
        """List the single faces that may join: they are new, or near to a new person."""
        is_person, is_single = self._kinds()
        first_open = len(self._closed.rows)
        is_maybe = is_single.copy()
        is_maybe[:first_open] = False
        is_maybe[first_open:] &= self._is_new
        new_people = np.flatnonzero(is_person[first_open:] & self._is_new)
        is_waiting = is_single & ~is_maybe
        if len(new_people) and is_waiting.any():
            near = self._near(first_open + new_people, REACH).columns
            is_maybe[near] |= is_waiting[near]
        singles, everybody = np.flatnonzero(is_maybe), np.flatnonzero(is_person)
        if len(singles) == 0 or len(everybody) == 0:
            return singles[:0]
        # Most have nobody near, or two people: they need not be compared with all other faces.
        some, people = self._subset(singles), self._subset(everybody)
        pairs = near_distances(some, people, self._rule, REACH + MARGIN)
        return singles[pairs.clearly_nearest(len(singles), MARGIN)[1] <= REACH]

    def sure_pairs(self, singles: Rows) -> tuple[Rows, Rows]:
        """List the nearest face of each person, of those that have nobody else near.

        Returns
        -------
        faces, people : int arrays of the same length
            Columns.
        """
        is_person, _ = self._kinds()
        pairs = self._near(singles, REACH + MARGIN)
        homes, nearest = pairs.clearly_nearest(len(singles), MARGIN)
        nearest = np.where((nearest <= REACH) & is_person[homes], nearest, np.inf)
        keys = np.concatenate([self._closed.keys, self._keys])[singles]
        order = np.lexsort((keys, nearest))
        order = order[np.isfinite(nearest[order])]
        people, firsts = np.unique(homes[order], return_index=True)
        return singles[order[firsts]], people

    def join(self, faces: Rows, people: Rows) -> None:
        """Join each face to its person; only these people are new then."""
        first_open = len(self._closed.rows)
        columns = np.concatenate([faces, people])
        coming = np.unique(columns[columns < first_open])
        row_of = np.empty(first_open + len(self._open), dtype=np.intp)
        row_of[first_open:] = np.arange(len(self._open))
        row_of[coming] = len(self._open) + np.arange(len(coming))
        opened = self._open
        if len(coming):
            opened = opened.followed_by(self._closed.clusters.subset(coming))
        self._closed.is_gone[coming] = True
        self._came = np.concatenate([self._came, coming])
        self._keys = np.concatenate([self._keys, self._closed.keys[coming]])
        self._labels = np.concatenate([self._labels, row_of[coming]])
        targets = np.arange(len(opened))
        targets[row_of[faces]] = row_of[people]
        kept, targets = np.unique(targets, return_inverse=True)
        self._open = opened.joined(targets, len(kept))
        self._keys, self._labels = self._keys[kept], targets[self._labels]
        self._is_new = np.isin(kept, row_of[people])

    def joined(self) -> Joined:
        """Return where everybody is now."""
        merged = len(self._labels) - len(self._came)
        is_person = self._open.founders >= self._rule.min_founders
        groups = self._closed.rows[self._came]
        return Joined(self._labels[:merged], groups, self._labels[merged:], is_person)

    def _kinds(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which columns are people, and which are single faces that may join one."""
        closed, opened = self._closed.clusters, self._open
        is_there = np.concatenate([~self._closed.is_gone, np.ones(len(opened), dtype=np.bool_)])
        founders = np.concatenate([closed.founders, opened.founders])
        counts = np.concatenate([closed.counts, opened.counts])
        is_fixed = np.concatenate([closed.is_fixed, opened.is_fixed])
        is_person = is_there & (founders >= self._rule.min_founders)
        return is_person, is_there & ~is_person & (counts == 1) & ~is_fixed

    def _subset(self, columns: Rows) -> Clusters:
        """Return some groups; their columns are in ascending order."""
        first_open = len(self._closed.rows)
        of_open = self._open.subset(columns[columns >= first_open] - first_open)
        of_closed = columns[columns < first_open]
        if len(of_closed) == 0:
            return of_open
        return self._closed.clusters.subset(of_closed).followed_by(of_open)

    def _near(self, columns: Rows, farthest: float) -> NearPairs:
        """List who is near to some groups, with their distances; rows are places in ``columns``."""
        some, first_open = self._subset(columns), len(self._closed.rows)
        found = near_distances(some, self._open, self._rule, farthest)
        found = NearPairs(found.rows, first_open + found.columns, found.values)
        if first_open == 0:
            return found
        return together([near_distances(some, self._closed.present, self._rule, farthest), found])
