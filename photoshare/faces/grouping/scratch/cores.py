"""Group many faces from scratch: within cores of near faces first, then all together; pure.

Almost everything that merges is close together. A core is a set of faces connected by strict
distances, as in DBSCAN with two faces to a core; each is merged on its own, by the rule of
`grouping.linkage`, at the cost of the square of its own size. The rule then continues with the
results of the cores, far fewer clusters than faces. As the same rule merges within a
core, it cannot break a wall, join people kept apart or fixed, or make two people one through a
chain of neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, MergeRule, Rows
from photoshare.faces.grouping.linkage import merge_clusters
from photoshare.faces.grouping.near_pairs import NearPairs, near_pairs
from photoshare.faces.grouping.scratch.indexed import indexed_pairs, is_indexed

# From this many on, rounds over all clusters cost more than the search for cores.
MANY_CLUSTERS = 4096
# Faces of a core are connected at this many times eps. docs/evaluation.md: from 0.6 to 0.9 the
# result is the same as from merging all at once; at 1 different people become connected.
CORE_RATIO = 0.85
TILE_ROWS = 2048  # of a tile of products, which then takes 16 MB


def merge_from_nothing(clusters: Clusters, rule: MergeRule) -> Rows:
    """Merge clusters as `linkage.merge_clusters` does, faster where many merge.

    Returns
    -------
    labels : int array of shape (len(clusters),)
        The same number for clusters that are now one; consecutive from 0.

    Notes
    -----
    The order of merges is not quite that of `merge_clusters`: a core is finished before anything
    outside of it is considered.
    """
    cores, has_neighbour = find_cores(clusters, rule)
    labels = _merged_within(clusters, cores, rule)
    count = int(labels.max()) + 1
    # A cluster without a neighbour can only merge with one that has grown.
    may_merge = np.zeros(count, dtype=np.bool_)
    may_merge[labels[has_neighbour]] = True
    merged = merge_clusters(clusters.joined(labels, count), rule, np.flatnonzero(may_merge))
    together: Rows = merged[labels]
    return together


def find_cores(clusters: Clusters, rule: MergeRule) -> tuple[Rows, NDArray[np.bool_]]:
    """Find clusters connected by pairs that may merge, at `CORE_RATIO` times the distance.

    Returns
    -------
    cores : int array of shape (len(clusters),)
        The same number for the clusters of one core.
    has_neighbour : bool array of shape (len(clusters),)
        Whether any other cluster would be near enough to merge if both were good enough.

    Notes
    -----
    Costs half of one product of all with all, a tile at a time. Memory is that of a tile and of its
    pairs, however many pairs there are. In a very large room an index lists the neighbours instead
    (`indexed`), if it is installed.
    """
    count = len(clusters)
    cores, has_neighbour = np.arange(count), np.zeros(count, dtype=np.bool_)
    strictness = np.float32(rule.eps**2 * (1 - CORE_RATIO**2))
    # Poor faces count as good ones here: what they may found is for `merge_clusters`.
    everybody = replace(clusters, founders=np.maximum(clusters.founders, rule.min_founders))
    for pairs in (indexed_pairs if is_indexed(count) else _tiles)(everybody, rule):
        has_neighbour[pairs.rows] = has_neighbour[pairs.columns] = True
        close = pairs.where(pairs.values <= -strictness)
        cores = _connected(cores, cores[close.rows], cores[close.columns])
    return cores, has_neighbour


def _tiles(clusters: Clusters, rule: MergeRule) -> Iterator[NearPairs]:
    """Compare all once, a tile at a time."""
    starts = range(0, len(clusters), TILE_ROWS)
    rows = np.arange(len(clusters))
    parts = [clusters.subset(rows[start : start + TILE_ROWS]) for start in starts]
    for place, start in enumerate(starts):
        for other_start, part in zip(starts[place:], parts[place:], strict=True):
            pairs = near_pairs(parts[place], part, rule)
            yield NearPairs(start + pairs.rows, other_start + pairs.columns, pairs.values)


def _connected(cores: Rows, some: Rows, others: Rows) -> Rows:
    """Join cores that are connected."""
    from scipy import sparse  # here, as in `photoshare.faces.likeness`

    is_new = some != others
    if not is_new.any():
        return cores
    found, ends = np.unique(np.stack([some[is_new], others[is_new]]), return_inverse=True)
    ends = ends.reshape(2, -1)
    ones = np.ones(ends.shape[1], dtype=np.bool_)
    graph = sparse.coo_array((ones, (ends[0], ends[1])), shape=(len(found), len(found)))
    _, components = sparse.csgraph.connected_components(graph, directed=False)
    _, firsts = np.unique(components, return_index=True)
    targets = np.arange(len(cores))
    targets[found] = found[firsts[components]]
    return targets[cores]


def _merged_within(clusters: Clusters, cores: Rows, rule: MergeRule) -> Rows:
    """Merge each core on its own; labels are consecutive from 0."""
    order = np.argsort(cores, kind="stable")
    borders = np.flatnonzero(np.diff(cores[order])) + 1
    labels = np.empty(len(cores), dtype=np.intp)
    count = 0
    for rows in np.split(order, borders):
        is_alone = len(rows) == 1
        labels[rows] = count + (0 if is_alone else merge_clusters(clusters.subset(rows), rule))
        count = int(labels[rows].max()) + 1
    return labels
