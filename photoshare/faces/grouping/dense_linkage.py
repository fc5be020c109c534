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
    counts : float32 array of shape (n,)
    founders : int array of shape (n,)
    squares : float32 array of shape (n,)
        Squared length of the sum of the encodings of each cluster.
    dots : float32 array of shape (n, n)
        Products of the sums of two clusters; minus infinity for pairs that never merge, whatever
        happens to either, so that it stays so for whoever they become.
    rule : MergeRule
    excesses : float32 array of shape (n, n)
        How much the gap exceeds the limit for merging; infinite if the pair may not merge.
    partners : int array of shape (n,)
        The nearest cluster of each.
    """

    counts: Floats
    founders: NDArray[np.int64]
    squares: Floats
    dots: Floats
    rule: MergeRule
    excesses: Floats = field(init=False)
    partners: Rows = field(init=False)
    shares: Floats = field(init=False)  # 1 / counts
    own_terms: Floats = field(init=False)  # as those of Clusters, and half of the strictness

    def __post_init__(self) -> None:
        """Measure all gaps."""
        self.shares = np.float32(1) / self.counts
        self.own_terms = self._own_terms(slice(None))
        self.excesses = self._measure(slice(None), self.dots)
        self.partners = self.excesses.argmin(axis=1)

    def nearest(self) -> Floats:
        """Return the excess of each cluster to its partner."""
        found: Floats = self.excesses[np.arange(len(self.partners)), self.partners]
        return found

    def _own_terms(self, rows: Rows | slice) -> Floats:
        shares = self.shares[rows]
        terms = (1 + self.squares[rows] * shares**2) / 2
        terms += shares * np.float32(self.rule.strictness / 2)
        return terms.astype(np.float32, copy=False)

    def _measure(self, rows: Rows | slice, dots: Floats) -> Floats:
        """Measure the excesses of some clusters to all from their products.

        The smaller of two shares, of which `MergeRule.size_terms` makes the strictness, is half of
        their sum, which is in the own terms, less half of their difference.
        """
        rule, shares = self.rule, self.shares
        own_shares = shares[rows][:, None]
        excesses: Floats = dots * shares
        excesses *= -2 * own_shares
        excesses += self.own_terms
        excesses += (self.own_terms[rows] - np.float32(rule.eps**2))[:, None]
        differences = own_shares - shares
        np.abs(differences, out=differences)
        differences *= np.float32(rule.looseness + rule.strictness / 2)
        excesses -= differences
        if self.founders.min() == 0:
            traits = traits_of(self.founders, self.founders < 0, rule.min_founders)
            forbid(excesses, traits.subset(rows), traits)
        return excesses

    def join(self, firsts: Rows, seconds: Rows) -> None:
        """Merge each of ``seconds`` into its counterpart in ``firsts``; update the partners."""
        is_stale = np.zeros(len(self.partners), dtype=np.bool_)
        some, gone = _indices(firsts), _indices(seconds)
        is_stale[some] = is_stale[gone] = True
        is_stale |= is_stale[self.partners]
        self.squares[some] += self.squares[gone] + 2 * self.dots[firsts, seconds]
        dots = self.dots[some] + self.dots[gone]
        dots[:, some] += dots[:, gone]
        dots[:, gone] = -np.inf  # they no longer exist
        self.dots[some], self.dots[:, some], self.dots[:, gone] = dots, dots.T, -np.inf
        self.counts[some] += self.counts[gone]
        self.shares[some] = np.float32(1) / self.counts[some]
        self.own_terms[some] = self._own_terms(some)
        self.founders[some] += self.founders[gone]
        grown = self._measure(some, dots)
        self.excesses[gone], self.excesses[:, gone] = np.inf, np.inf
        self.excesses[some], self.excesses[:, some] = grown, grown.T
        (stale,) = is_stale.nonzero()
        self.partners[stale] = self.excesses[stale].argmin(axis=1)
        if len(firsts) == 1:
            self.partners[grown[0] < self.nearest()] = firsts[0]
            return
        best = grown.argmin(axis=0)
        is_nearer = grown[best, np.arange(len(best))] < self.nearest()
        self.partners[is_nearer] = firsts[best[is_nearer]]

    def subset(self, rows: Rows) -> _Table:
        """Return some of the clusters."""
        square = np.ix_(rows, rows)
        some = (self.counts[rows], self.founders[rows], self.squares[rows])
        return _Table(*some, self.dots[square], self.rule)


def _indices(rows: Rows) -> Rows | slice:
    """Return an index of the same rows: a slice for a single one, which is several times faster."""
    return slice(int(rows[0]), int(rows[0]) + 1) if len(rows) == 1 else rows


def merge_few_clusters(clusters: Clusters, rule: MergeRule) -> Rows:
    """Merge clusters as `photoshare.faces.grouping.linkage.merge_clusters` does.

    Returns
    -------
    labels : int array of shape (len(clusters),)
        Consecutive numbers from 0.
    """
    count = len(clusters)
    homes = np.arange(count)  # of each cluster the one it was merged into, of those left themselves
    if count == 0:
        return homes
    table = _table(clusters, rule)
    present = np.arange(count)  # the cluster of each row of the table
    is_left = np.ones(count, dtype=np.bool_)  # of the rows of the table
    left = count
    while True:
        firsts, seconds = reciprocal_pairs(table.nearest(), table.partners)
        if len(firsts) == 0:
            break
        table.join(firsts, seconds)
        homes[present[seconds]] = present[firsts]
        is_left[seconds] = False
        left -= len(seconds)
        if 2 * left < len(present):  # continue with the remaining rows
            table, present = table.subset(np.flatnonzero(is_left)), present[is_left]
            is_left = np.ones(len(present), dtype=np.bool_)
    while (homes[homes] != homes).any():
        homes = homes[homes]
    _, labels = np.unique(homes, return_inverse=True)
    return labels


def _table(clusters: Clusters, rule: MergeRule) -> _Table:
    dots = clusters.rows @ clusters.rows.T
    squares = dots.diagonal().copy()
    dots[clusters.marks.walls(clusters.marks)] = -np.inf  # each with itself: it is in its scenes
    fixed = np.flatnonzero(clusters.is_fixed)
    dots[fixed[:, None], fixed] = -np.inf
    return _Table(clusters.counts.copy(), clusters.founders.copy(), squares, dots, rule)


def reciprocal_pairs(nearest: Floats, partners: Rows) -> tuple[Rows, Rows]:
    """List the pairs that are each other's nearest; the best pair if rounding leaves none.

    Parameters
    ----------
    nearest : float32 array of shape (n,)
        The excess of each cluster to its partner: 0 or less for a pair that may merge.
    partners : int array of shape (n,)
    """
    (rows,) = (nearest <= 0).nonzero()
    is_pair = (partners[partners[rows]] == rows) & (nearest[partners[rows]] <= 0)
    firsts = rows[is_pair & (rows < partners[rows])]
    if len(firsts) == 0 and len(rows):
        firsts = rows[[nearest[rows].argmin()]]
    return firsts, partners[firsts]
