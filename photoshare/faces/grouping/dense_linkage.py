"""Merge a few hundred clusters in one matrix of their gaps; pure.

Rule and result are those of `grouping.linkage`, but a round only touches the rows of
merged clusters.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, Floats, MergeRule, Rows, forbid, traits_of


@dataclass
class _Table:
    """Clusters and the gaps between them; rows and columns of all arrays are clusters.

    Attributes
    ----------
    dots : float32 array of shape (n, n)
        Products of the sums of the encodings of two clusters.
    walls : bool array of shape (n, n)
        Pairs that never merge, whatever happens to either; two that are fixed are such a pair.
    excesses : float32 array of shape (n, n)
        How much the gap exceeds the limit for merging; infinite if the pair may not merge.
    partners : int array of shape (n,)
        The nearest cluster of each.
    """

    counts: Floats
    founders: NDArray[np.int64]
    dots: Floats
    walls: NDArray[np.bool_]
    excesses: Floats
    partners: Rows
    shares: Floats = field(init=False)  # 1 / counts
    own_terms: Floats = field(init=False)  # as those of Clusters

    def __post_init__(self) -> None:
        """Compute what follows from the counts and the products."""
        self.shares = np.float32(1) / self.counts
        own_terms = (1 + self.dots.diagonal() * self.shares**2) / 2
        self.own_terms = own_terms.astype(np.float32, copy=False)

    def nearest(self) -> Floats:
        """Return the excess of each cluster to its partner."""
        found: Floats = self.excesses[np.arange(len(self.partners)), self.partners]
        return found

    def measure(self, rows: Rows, rule: MergeRule) -> Floats:
        """Measure the excesses of some clusters to all."""
        shares, own_terms = self.shares, self.own_terms
        excesses: Floats = self.dots[rows] * shares
        excesses *= -2 * shares[rows, None]
        excesses += own_terms
        excesses += own_terms[rows, None] - np.float32(rule.eps**2)
        excesses += rule.size_terms(shares[rows, None], shares)
        excesses[self.walls[rows]] = np.inf
        if self.founders.min() == 0:
            traits = traits_of(self.founders, self.founders < 0, rule.min_founders)
            forbid(excesses, traits.subset(rows), traits)
        return excesses

    def join(self, firsts: Rows, seconds: Rows, rule: MergeRule) -> None:
        """Merge each of ``seconds`` into its counterpart in ``firsts``; update the partners."""
        is_stale = np.zeros(len(self.partners), dtype=np.bool_)
        is_stale[firsts] = is_stale[seconds] = True
        is_stale |= is_stale[self.partners]
        dots = self.dots[firsts] + self.dots[seconds]
        dots[:, firsts] += dots[:, seconds]
        self.dots[firsts], self.dots[:, firsts] = dots, dots.T
        walls = self.walls[firsts] | self.walls[seconds]
        walls[:, firsts] |= walls[:, seconds]
        self.walls[firsts], self.walls[:, firsts] = walls, walls.T
        self.walls[:, seconds] = True  # they no longer exist
        self.counts[firsts] += self.counts[seconds]
        self.shares[firsts] = np.float32(1) / self.counts[firsts]
        self.own_terms[firsts] = (1 + self.dots[firsts, firsts] * self.shares[firsts] ** 2) / 2
        self.founders[firsts] += self.founders[seconds]
        grown = self.measure(firsts, rule)
        self.excesses[seconds] = self.excesses[:, seconds] = np.inf
        self.excesses[firsts] = grown
        self.excesses[:, firsts] = grown.T
        self.partners[is_stale] = self.excesses[is_stale].argmin(axis=1)
        best = grown.argmin(axis=0)
        is_nearer = grown[best, np.arange(len(best))] < self.nearest()
        self.partners[is_nearer] = firsts[best[is_nearer]]

    def subset(self, rows: Rows) -> _Table:
        """Return some of the clusters; only partners that are infinitely far are lost."""
        places = np.zeros(len(self.partners), dtype=np.intp)
        places[rows] = np.arange(len(rows))
        square = np.ix_(rows, rows)
        return _Table(
            self.counts[rows],
            self.founders[rows],
            self.dots[square],
            self.walls[square],
            self.excesses[square],
            places[self.partners[rows]],
        )


def merge_few_clusters(clusters: Clusters, rule: MergeRule) -> Rows:
    """Merge clusters as `photoshare.faces.grouping.linkage.merge_clusters` does.

    Returns
    -------
    labels : int array of shape (len(clusters),)
        Consecutive numbers from 0.
    """
    count = len(clusters)
    labels = np.arange(count)
    if count == 0:
        return labels
    table = _table(clusters, rule)
    present = labels  # the cluster of each row of the table
    is_left = np.ones(count, dtype=np.bool_)  # of the rows of the table
    while True:
        firsts, seconds = reciprocal_pairs(table.nearest(), table.partners)
        if len(firsts) == 0:
            break
        table.join(firsts, seconds, rule)
        targets = np.arange(count)
        targets[present[seconds]] = present[firsts]
        labels = targets[labels]
        is_left[seconds] = False
        if 2 * np.count_nonzero(is_left) < len(present):  # continue with the remaining rows
            table, present = table.subset(np.flatnonzero(is_left)), present[is_left]
            is_left = np.ones(len(present), dtype=np.bool_)
    _, labels = np.unique(labels, return_inverse=True)
    return labels


def _table(clusters: Clusters, rule: MergeRule) -> _Table:
    count = len(clusters)
    walls = np.zeros((count, count), dtype=np.bool_)
    walls[clusters.marks.walls(clusters.marks)] = True
    fixed = np.flatnonzero(clusters.is_fixed)
    walls[fixed[:, None], fixed] = True
    table = _Table(
        clusters.counts.copy(),
        clusters.founders.copy(),
        clusters.rows @ clusters.rows.T,
        walls,  # including each with itself: both are in the same photos
        np.empty((count, count), dtype=np.float32),
        np.empty(count, dtype=np.intp),
    )
    table.excesses = table.measure(np.arange(count), rule)
    table.partners = table.excesses.argmin(axis=1)
    return table


def reciprocal_pairs(nearest: Floats, partners: Rows) -> tuple[Rows, Rows]:
    """List the pairs that are each other's nearest; the best pair if rounding leaves none.

    Parameters
    ----------
    nearest : float32 array of shape (n,)
        The excess of each cluster to its partner: 0 or less for a pair that may merge.
    partners : int array of shape (n,)
    """
    rows = np.flatnonzero(nearest <= 0)
    is_pair = (partners[partners[rows]] == rows) & (nearest[partners[rows]] <= 0)
    firsts = rows[is_pair & (rows < partners[rows])]
    if len(firsts) == 0 and len(rows):
        firsts = rows[[nearest[rows].argmin()]]
    return firsts, partners[firsts]
