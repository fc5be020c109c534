"""Group again only what new faces can change: their neighbourhood, from single faces; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.linkage import JOIN_RATIO, Clusters, Rows, merge_clusters
from photoshare.faces.units import Units

# Of the distance at which a face may join; what is farther away is left alone (docs/evaluation.md).
REACH = 1.0


def regroup(
    units: Units,
    groups: Rows,
    active: NDArray[np.bool_],
    *,
    eps: float,
    min_founders: int,
) -> Rows:
    """Group the active units, and every group that they change, from single units.

    Parameters
    ----------
    units : Units
    groups : int array of shape (n_units,)
        The groups as they are, numbered from 0 without a gap; an unsorted face has its own.
    active : bool array of shape (n_units,)
    eps, min_founders
        See `merge_clusters`.

    Returns
    -------
    groups : int array of shape (n_units,)
        The groups as they should be; numbers mean nothing.
    """
    clusters = units.clusters
    before = clusters.joined(groups, int(groups.max(initial=-1)) + 1)
    sizes = np.bincount(groups)
    is_open = np.isin(groups, groups[active])
    if not is_open.all() and is_open.any():
        near = _near(clusters.taken(np.flatnonzero(active)), clusters, eps)
        is_open |= np.isin(groups, groups[near])
    labels = groups
    while is_open.any():
        rows = np.flatnonzero(is_open)
        labels = groups.copy()
        merged = merge_clusters(clusters.taken(rows), eps=eps, min_founders=min_founders)
        labels[rows] = len(sizes) + merged
        if is_open.all():
            break
        changed = _changed(groups[rows], merged, sizes)
        now = clusters.taken(rows).joined(merged, int(merged.max()) + 1).taken(changed)
        near = _near(now, before, eps)
        is_nearer = ~is_open & near[groups]
        if not is_nearer.any():
            break
        is_open |= is_nearer
    return labels


def _changed(before: Rows, now: Rows, sizes: Rows) -> Rows:
    """List the groups of ``now`` that are not just as one was before."""
    count = int(now.max()) + 1
    first = np.zeros(count, dtype=np.intp)
    first[now] = before
    is_same = np.ones(count, dtype=np.bool_)
    np.logical_and.at(is_same, now, before == first[now])
    return np.flatnonzero(~is_same | (np.bincount(now, minlength=count) != sizes[first]))


def _near(some: Clusters, others: Clusters, eps: float) -> NDArray[np.bool_]:
    """Tell which of ``others`` are so near to one of ``some`` that it can make a difference."""
    own = (1 + (some.means**2).sum(axis=1)) / 2
    other = (1 + (others.means**2).sum(axis=1)) / 2
    gaps = own[:, None] + other[None, :] - 2 * some.means @ others.means.T
    near: NDArray[np.bool_] = (gaps <= (REACH * JOIN_RATIO * eps) ** 2).any(axis=0)
    return near
