"""Merge clusters of faces that are one person, nearest first; pure: numpy and scipy only.

The rule considers whole clusters, never a chain of neighbours. The gap of two clusters is the mean
of their average linkage (the mean squared distance of a face of one to a face of the
other) and the squared distance of their centres, so that it follows from the centres alone.
"""

from __future__ import annotations

import math

import numpy as np

from photoshare.faces.grouping.clusters import Clusters, Floats, MergeRule, Rows, forbid, traits_of
from photoshare.faces.grouping.dense_linkage import merge_few_clusters, reciprocal_pairs

# A single face may join a large cluster at this many times the distance at which two equal clusters
# merge: the cluster's many faces are evidence. docs/evaluation.md: the goals hold from 1.05 to 1.1.
JOIN_RATIO = 1.1
BLOCK_NUMBERS = 1 << 24  # of a block of gaps: 64 MB, whatever the number of faces
DENSE_ROWS = 2048  # up to this many clusters are merged in one matrix, which is faster
ROUNDING = 1.0001  # above the error of a squared distance in single precision


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
    with all; its memory is limited by `BLOCK_NUMBERS`.

    Source
    ------
    Reciprocal nearest neighbours: Murtagh 1983. Rule and constants: docs/evaluation.md.
    """
    labels = np.arange(len(clusters))
    rows = labels if rows is None else rows
    while len(clusters) > DENSE_ROWS:
        nearest, partners = _nearest(clusters, rows, rule)
        has_partner = nearest <= 0
        firsts, seconds = reciprocal_pairs(nearest, partners)
        if len(firsts) == 0:
            return labels
        targets = np.arange(len(clusters))
        targets[seconds] = firsts
        kept, targets = np.unique(targets, return_inverse=True)
        # Look again at clusters that have grown or whose partner preferred another.
        is_active = np.zeros(len(clusters), dtype=np.bool_)
        is_active[rows] = has_partner[rows]
        is_active[firsts] = True
        clusters = clusters.joined(targets, len(kept))
        labels = targets[labels]
        rows = np.flatnonzero(is_active[kept])
    merged: Rows = merge_few_clusters(clusters, rule)[labels]
    return merged


def measure_excesses(
    some: Clusters, others: Clusters, rule: MergeRule, limit: float = 0.0
) -> Floats:
    """Measure how much the gap of each of ``some`` to each of ``others`` exceeds the limit.

    Parameters
    ----------
    some, others : Clusters
    rule : MergeRule
    limit : float >= 0
        Above this excess, it need not be checked whether a pair may merge.

    Returns
    -------
    float32 array of shape (len(some), len(others))
        0 or less for a pair that may merge; infinite for one that may not, however near.

    Notes
    -----
    With unit-length encodings the average linkage of A and B is 2 - 2 a.b (a, b the centres) and
    the squared distance of the centres a.a + b.b - 2 a.b. The gap is the mean of both.
    """
    excesses = others.dots(-2 * some.means)
    excesses += some.own_terms[:, None] - np.float32(rule.eps**2)
    excesses += others.own_terms
    shares, other_shares = (np.float32(1) / sides.counts for sides in (some, others))
    if np.ptp(np.concatenate([shares, other_shares])) > 0:
        excesses += rule.size_terms(shares[:, None], other_shares)
    elif len(shares):  # the first and largest round: one term for all pairs
        excesses += rule.size_terms(shares[:1], shares[:1])
    forbid(
        excesses,
        traits_of(some.founders, some.is_fixed, rule.min_founders),
        traits_of(others.founders, others.is_fixed, rule.min_founders),
    )
    is_near = excesses <= limit
    rows, columns = np.flatnonzero(is_near.any(axis=1)), np.flatnonzero(is_near.any(axis=0))
    if len(rows):
        ones, walled = some.marks.subset(rows).walls(others.marks.subset(columns))
        excesses[rows[ones], columns[walled]] = np.inf
    return excesses


def measure_distances(some: Clusters, others: Clusters, rule: MergeRule, farthest: float) -> Floats:
    """Measure how far each of ``some`` is from each of ``others``, as a multiple of eps.

    Parameters
    ----------
    some, others : Clusters
    rule : MergeRule
    farthest : float >= 1
        Beyond this distance, it need not be checked whether a pair may merge.

    Returns
    -------
    float32 array of shape (len(some), len(others))
        1 or less for a pair that may merge; infinite for one that may not, however near.
    """
    limit = rule.eps**2 * (farthest**2 * ROUNDING - 1)
    excesses = measure_excesses(some, others, rule, limit)
    excesses += np.float32(rule.eps**2)
    np.maximum(excesses, 0, out=excesses)
    np.sqrt(excesses, out=excesses)
    excesses /= np.float32(rule.eps)
    return excesses


def _nearest(clusters: Clusters, rows: Rows, rule: MergeRule) -> tuple[Floats, Rows]:
    """Find each cluster's nearest partner among the pairs with one of ``rows``.

    Returns
    -------
    nearest : float32 array of shape (len(clusters),)
        The excess to the partner; 0 or less for a pair that may merge.
    partners : int array of shape (len(clusters),)
    """
    nearest = np.full(len(clusters), np.inf, dtype=np.float32)
    partners = np.zeros(len(clusters), dtype=np.intp)
    height = max(1, BLOCK_NUMBERS // len(clusters))
    for start in range(0, len(rows), height):
        block = rows[start : start + height]
        excesses = measure_excesses(clusters.subset(block), clusters, rule)
        _keep_nearest(nearest, partners, block, excesses, is_all=len(rows) == len(clusters))
    return nearest, partners


def _keep_nearest(
    nearest: Floats, partners: Rows, block: Rows, excesses: Floats, *, is_all: bool
) -> None:
    """Update the partners of a block's rows and columns where it has a nearer one."""
    found = excesses.argmin(axis=1)
    values = excesses[np.arange(len(block)), found]
    is_nearer = values < nearest[block]
    nearest[block[is_nearer]] = values[is_nearer]
    partners[block[is_nearer]] = found[is_nearer]
    if is_all:  # every column is a row of some block
        return
    values = excesses.min(axis=0)
    columns = np.flatnonzero((values <= 0) & (values < nearest))
    nearest[columns] = values[columns]
    partners[columns] = block[excesses[:, columns].argmin(axis=0)]
