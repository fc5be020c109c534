"""Group again only what new faces can change: their neighbourhood, from single faces; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.clusters import Clusters, MergeRule, Rows
from photoshare.faces.joining import join_single_faces
from photoshare.faces.linkage import BLOCK_NUMBERS, measure_excesses, merge_clusters
from photoshare.faces.units import Units


def regroup(units: Units, groups: Rows, active: NDArray[np.bool_], rule: MergeRule) -> Rows:
    """Group the active units, and every group that they change, from single units.

    Parameters
    ----------
    units : Units
    groups : int array of shape (n_units,)
        The groups as they are, numbered from 0 without a gap; an unsorted face has its own.
    active : bool array of shape (n_units,)
    rule : MergeRule

    Returns
    -------
    groups : int array of shape (n_units,)
        The groups as they should be. Those that were not touched keep their numbers, others have
        larger ones.

    Notes
    -----
    Opened, and merged from single units, are the groups of the active units, those with a unit
    that may merge with an active one, and those that may merge with a group that comes out changed
    or with an active unit in it. Then single faces join people.
    """
    if not active.any():
        return groups
    count = int(groups.max()) + 1
    labels = _merged_anew(units.clusters, groups, active, rule)
    found, rows = np.unique(labels, return_inverse=True)
    homes = join_single_faces(units.clusters.joined(rows, len(found)), found >= count, rule)
    regrouped: Rows = found[homes[rows]]
    return regrouped


def _merged_anew(
    clusters: Clusters, groups: Rows, active: NDArray[np.bool_], rule: MergeRule
) -> Rows:
    """Merge the units of all groups that the active ones can change."""
    sizes = np.bincount(groups)
    before = clusters.joined(groups, len(sizes))
    is_open = np.zeros(len(sizes), dtype=np.bool_)
    is_open[groups[active]] = True
    if not is_open.all():
        near = _are_near(clusters.taken(np.flatnonzero(active)), clusters, rule)
        is_open[groups[near]] = True
    while True:
        rows = np.flatnonzero(is_open[groups])
        merged = merge_clusters(clusters.taken(rows), rule)
        labels = groups.copy()
        labels[rows] = len(sizes) + merged
        closed = np.flatnonzero(~is_open)
        is_changed = ~_are_same(groups[rows], merged, sizes)
        is_changed[merged[active[rows]]] = True
        if len(closed) == 0:
            return labels
        now = clusters.taken(rows).joined(merged, len(is_changed)).taken(np.flatnonzero(is_changed))
        to_open = closed[_are_near(now, before.taken(closed), rule)]
        if len(to_open) == 0:
            return labels
        is_open[to_open] = True


def _are_same(before: Rows, now: Rows, sizes: Rows) -> NDArray[np.bool_]:
    """Tell which groups of ``now`` are just as one was before."""
    count = int(now.max()) + 1
    first = np.zeros(count, dtype=np.intp)
    first[now] = before
    is_same: NDArray[np.bool_] = np.bincount(now, minlength=count) == sizes[first]
    is_same[now[before != first[now]]] = False
    return is_same


def _are_near(some: Clusters, others: Clusters, rule: MergeRule) -> NDArray[np.bool_]:
    """Tell which of ``others`` may merge with one of ``some``."""
    near = np.zeros(len(others), dtype=np.bool_)
    height = max(1, BLOCK_NUMBERS // max(1, len(others)))
    for start in range(0, len(some), height):
        block = some.taken(np.arange(start, min(start + height, len(some))))
        near |= measure_excesses(block, others, rule).min(axis=0) <= 0
    return near
