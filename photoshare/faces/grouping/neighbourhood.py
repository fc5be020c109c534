"""Regroup only what new faces can change: their neighbourhood, from single faces; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, MergeRule, Rows
from photoshare.faces.grouping.cores import MANY_CLUSTERS, merge_from_nothing
from photoshare.faces.grouping.joining import join_single_faces
from photoshare.faces.grouping.linkage import BLOCK_NUMBERS, measure_excesses, merge_clusters
from photoshare.faces.grouping.units import Units


def regroup(
    units: Units, groups: Rows, present: Clusters, active: NDArray[np.bool_], rule: MergeRule
) -> Rows:
    """Regroup the active units, and every group that they change, from single units.

    Parameters
    ----------
    units : Units
    groups : int array of shape (n_units,)
        The present groups, numbered consecutively from 0; an unsorted face has its own.
    present : Clusters
        The clusters of these groups, one row each.
    active : bool array of shape (n_units,)
    rule : MergeRule

    Returns
    -------
    groups : int array of shape (n_units,)
        The new groups. Untouched groups keep their numbers, others have larger ones.

    Notes
    -----
    Three kinds of groups are opened and merged again from single units: those of the active units,
    those with a unit that may merge with an active one, and those that may merge with a group that
    has changed or contains an active unit. Then single faces join people.
    """
    if not active.any():
        return groups
    count = len(present)
    labels = _merged_anew(units.clusters, groups, present, active, rule)
    found, rows = np.unique(labels, return_inverse=True)
    is_new = found >= count
    first_new = int(np.count_nonzero(~is_new))
    merged = np.flatnonzero(rows >= first_new)
    changed = units.clusters.subset(merged).joined(rows[merged] - first_new, len(found) - first_new)
    now = present.subset(found[~is_new]).followed_by(changed)
    homes = join_single_faces(now, is_new, rule)
    regrouped: Rows = found[homes[rows]]
    return regrouped


def _merged_anew(
    clusters: Clusters,
    groups: Rows,
    before: Clusters,
    active: NDArray[np.bool_],
    rule: MergeRule,
) -> Rows:
    """Merge again the units of all groups that the active ones can change."""
    sizes = np.bincount(groups)
    is_open = np.zeros(len(sizes), dtype=np.bool_)
    is_open[groups[active]] = True
    if not is_open.all():
        _, near = _near_pairs(clusters.subset(np.flatnonzero(active)), clusters, rule)
        is_open[groups[near]] = True
    labels = groups.copy()
    rows = np.flatnonzero(is_open[groups])
    while True:
        merge = merge_from_nothing if len(rows) >= MANY_CLUSTERS else merge_clusters
        merged = merge(clusters.subset(rows), rule)
        first_label = int(labels.max()) + 1
        labels[rows] = first_label + merged
        is_changed = ~_are_same(groups[rows], merged, sizes)
        is_changed[merged[active[rows]]] = True
        changed, closed = np.flatnonzero(is_changed), np.flatnonzero(~is_open)
        now = clusters.subset(rows).joined(merged, len(is_changed)).subset(changed)
        is_drawing, is_drawn = _near_pairs(now, before.subset(closed), rule)
        if not is_drawn.any():
            return labels
        # Only these are merged again, so that a chain of changes costs no more than its links.
        is_open[closed[is_drawn]] = True
        drawing = np.isin(labels, first_label + changed[is_drawing])
        rows = np.flatnonzero(drawing | np.isin(groups, closed[is_drawn]))


def _are_same(before: Rows, now: Rows, sizes: Rows) -> NDArray[np.bool_]:
    """Return which groups of ``now`` are identical to one before."""
    count = int(now.max()) + 1
    first = np.zeros(count, dtype=np.intp)
    first[now] = before
    is_same: NDArray[np.bool_] = np.bincount(now, minlength=count) == sizes[first]
    is_same[now[before != first[now]]] = False
    return is_same


def _near_pairs(
    some: Clusters, others: Clusters, rule: MergeRule
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which of ``some``, and which of ``others``, may merge with one on the other side."""
    is_some = np.zeros(len(some), dtype=np.bool_)
    is_other = np.zeros(len(others), dtype=np.bool_)
    height = max(1, BLOCK_NUMBERS // max(1, len(others)))
    for start in range(0, len(some) if len(others) else 0, height):
        block = np.arange(start, min(start + height, len(some)))
        part = some if len(block) == len(some) else some.subset(block)
        is_near = measure_excesses(part, others, rule) <= 0
        is_some[block] = is_near.any(axis=1)
        is_other |= is_near.any(axis=0)
    return is_some, is_other
