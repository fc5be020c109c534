"""Merge clusters of faces that are one person, nearest first; pure: numpy and scipy only.

The rule considers whole clusters, never a chain of neighbours. The gap of two clusters is the mean
of their average linkage (the mean squared distance of a face of one to a face of the
other) and the squared distance of their centres, so that it follows from the centres alone.
"""

from __future__ import annotations

import math

import numpy as np

from photoshare.faces.grouping.clusters import Clusters, MergeRule, Rows
from photoshare.faces.grouping.dense_linkage import merge_few_clusters, reciprocal_pairs
from photoshare.faces.grouping.near_pairs import NearPairs, blocks, near_pairs, together

# A single face may join a large cluster at this many times the distance at which two equal clusters
# merge: the cluster's many faces are evidence. docs/evaluation.md: the goals hold from 1.05 to 1.1.
JOIN_RATIO = 1.1
MOST_PAIRS = 1 << 21  # kept from one round to the next: 40 MB; more are measured again
DENSE_ROWS = 2048  # up to this many clusters are merged in one matrix, which is faster


# Among FEW_FACES strangers, hardly two are confused. The pairs of strangers grow with the square of
# the faces, so in larger rooms the squared distance at which two single faces merge is smaller
# by this share for each factor of ten: among 9.7 million pairs of strangers, one in ten thousand is
# nearer than 0.97 (squared), in a hundred thousand 0.90, in a million 0.85 (docs/evaluation.md).
FEW_FACES = 1000
STRICTER_BY = 0.16


def merge_rule(eps: float, min_founders: int, face_count: int = 0) -> MergeRule:
    """Return the rule by which a single face may join at `JOIN_RATIO` times ``eps``.

    Parameters
    ----------
    eps : float > 0
    min_founders : int >= 1
    face_count : int >= 0
        Faces of the room that may found a person: with more, two single faces have to be nearer.
    """
    tenfolds = max(0.0, math.log10(max(face_count, 1) / FEW_FACES))
    return MergeRule(
        eps, min_founders, eps**2 * (JOIN_RATIO**2 - 1), eps**2 * STRICTER_BY * tenfolds
    )


def merge_clusters(clusters: Clusters, rule: MergeRule, rows: Rows | None = None) -> Rows:
    """Merge clusters until no two that may merge are near enough.

    Parameters
    ----------
    clusters : Clusters
    rule : MergeRule
    rows : int array, optional
        The clusters that may have a partner at the start, if the caller knows; by default all.

    Returns
    -------
    labels : int array of shape (len(clusters),)
        The same number for clusters that are now one; consecutive from 0.

    Notes
    -----
    In each round all pairs that are each other's nearest merge; the order of rows matters only
    if two gaps are equal. A round costs one matrix product of the clusters that have just grown
    with all; its memory is limited by `near_pairs.BLOCK_NUMBERS`.

    Source
    ------
    Reciprocal nearest neighbours: Murtagh 1983. Rule and constants: docs/evaluation.md.
    """
    labels = np.arange(len(clusters))
    rows, pairs = labels if rows is None else rows, together([])
    while len(clusters) > DENSE_ROWS:
        pairs, are_all = _with_pairs_of(clusters, rows, rule, pairs)
        nearest, partners = pairs.nearest(len(clusters))
        firsts, seconds = reciprocal_pairs(nearest, partners)
        if len(firsts) == 0:
            return labels
        targets = np.arange(len(clusters))
        targets[seconds] = firsts
        kept, targets = np.unique(targets, return_inverse=True)
        is_changed = np.zeros(len(clusters), dtype=np.bool_)
        is_changed[firsts] = is_changed[seconds] = True
        if are_all:  # only those with clusters that have grown are missing
            is_active = np.zeros(len(clusters), dtype=np.bool_)
            pairs = pairs.where(~(is_changed[pairs.rows] | is_changed[pairs.columns]))
            pairs = NearPairs(targets[pairs.rows], targets[pairs.columns], pairs.values)
        else:
            is_active, pairs = np.isfinite(nearest), together([])
        is_active[firsts] = True
        clusters = clusters.joined(targets, len(kept))
        labels = targets[labels]
        rows = np.flatnonzero(is_active[kept])
    merged: Rows = merge_few_clusters(clusters, rule)[labels]
    return merged


def _with_pairs_of(
    clusters: Clusters, rows: Rows, rule: MergeRule, pairs: NearPairs
) -> tuple[NearPairs, bool]:
    """Add the near pairs with one of ``rows``, both ways round.

    Returns
    -------
    pairs : NearPairs
    are_all : bool
        Whether these are all pairs; if there are more than `MOST_PAIRS`, only the nearest of
        each cluster is returned.
    """
    parts, count, are_all = [pairs], len(pairs), True
    for block in blocks(len(rows), len(clusters)):
        found = near_pairs(clusters.subset(rows[block]), clusters, rule)
        found = NearPairs(rows[block][found.rows], found.columns, found.values)
        parts += [found, found.turned()]
        count += 2 * len(found)
        if count > MOST_PAIRS:
            parts, are_all = [_nearest_of(together(parts), len(clusters))], False
            count = len(parts[0])
    return together(parts), are_all


def _nearest_of(pairs: NearPairs, count: int) -> NearPairs:
    """Return the nearest of the pairs of each cluster."""
    nearest, partners = pairs.nearest(count)
    rows = np.flatnonzero(np.isfinite(nearest))
    return NearPairs(rows, partners[rows], nearest[rows])
