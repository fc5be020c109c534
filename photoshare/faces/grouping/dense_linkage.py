"""Merge a few hundred clusters in one matrix of their gaps; pure.

Rule and result are those of `grouping.linkage`, but a round only touches the rows of
merged clusters.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import (
    Clusters,
    Floats,
    MergeRule,
    Rows,
    forbid,
    own_terms_of,
    traits_of,
)

FEW_PAIRS = 3  # up to this many are merged one by one
SMALL = 64  # rows of a table that is not worth making smaller


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
    own_terms : float32 array of shape (n,)
        See `_own_terms`.
    """

    counts: Floats
    founders: NDArray[np.int64]
    dots: Floats
    walls: NDArray[np.bool_]
    excesses: Floats
    partners: Rows
    own_terms: Floats
    shares: Floats = field(init=False)  # 1 / counts
    nearest: Floats = field(init=False)  # the excess of each to its partner
    has_poor: bool = field(init=False)  # whether any had no founder

    def __post_init__(self) -> None:
        """Compute what follows from the counts and the products."""
        self.shares = np.float32(1) / self.counts
        self.has_poor = bool((self.founders == 0).any())
        self.nearest = self.excesses[np.arange(len(self.partners)), self.partners]

    def join(self, firsts: Rows, seconds: Rows, rule: MergeRule) -> None:
        """Merge each of ``seconds`` into its counterpart in ``firsts``; update the partners."""
        if len(firsts) <= FEW_PAIRS:
            for first, second in zip(firsts.tolist(), seconds.tolist(), strict=True):
                self._join_pair(first, second, rule)
            return
        is_stale = np.zeros(len(self.partners), dtype=np.bool_)
        is_stale[firsts] = is_stale[seconds] = True
        is_stale |= is_stale[self.partners]
        dots = self.dots[firsts] + self.dots[seconds]
        dots[:, firsts] += dots[:, seconds]
        self.dots[firsts], self.dots[:, firsts] = dots, dots.T
        walls = self.walls[firsts] | self.walls[seconds]
        walls[:, firsts] |= walls[:, seconds]
        self.walls[firsts], self.walls[:, firsts] = walls, walls.T
        self._add_up(firsts, seconds, rule)
        grown = self._measured(firsts, rule)
        self.excesses[firsts], self.excesses[:, firsts] = grown, grown.T
        self._look_again(is_stale)
        best = grown.argmin(axis=0)
        nearest = grown[best, np.arange(len(best))]
        is_nearer = nearest < self.nearest
        self.partners[is_nearer] = firsts[best[is_nearer]]
        np.minimum(self.nearest, nearest, out=self.nearest)

    def _join_pair(self, first: int, second: int, rule: MergeRule) -> None:
        """Merge one cluster into another: as `join` does, without picking rows from the arrays.

        Most rounds have one pair, and take a third of the time this way.
        """
        is_stale = (self.partners == first) | (self.partners == second)
        is_stale[first] = is_stale[second] = True
        dots, walls, grown = self.dots[first], self.walls[first], self.excesses[first]
        dots += self.dots[second]
        dots[first] += dots[second]
        self.dots[:, first] = dots
        walls |= self.walls[second]
        self.walls[:, first] = walls
        self._add_up(first, second, rule)
        grown[:] = self._measured(first, rule)
        self.excesses[:, first] = grown
        self._look_again(is_stale)
        is_nearer = grown < self.nearest
        self.partners[is_nearer] = first
        np.minimum(self.nearest, grown, out=self.nearest)

    def _add_up(self, firsts: Rows | int, seconds: Rows | int, rule: MergeRule) -> None:
        """Add the columns of the ``seconds``, who no longer exist, to those of ``firsts``."""
        self.walls[:, seconds] = True
        self.excesses[seconds] = self.excesses[:, seconds] = np.inf
        self.counts[firsts] += self.counts[seconds]
        self.shares[firsts] = 1 / self.counts[firsts]
        self.own_terms[firsts] = _own_terms(self.dots[firsts, firsts], self.counts[firsts], rule)
        self.founders[firsts] += self.founders[seconds]

    def _look_again(self, is_stale: NDArray[np.bool_]) -> None:
        """Find the partners of some clusters anew."""
        stale = is_stale.nonzero()[0]
        excesses = self.excesses[stale]
        self.partners[stale], self.nearest[stale] = excesses.argmin(axis=1), excesses.min(axis=1)

    def _measured(self, rows: Rows | int, rule: MergeRule) -> Floats:
        """Measure the excesses of one cluster to all, shape (n,), or of some, (n_some, n)."""
        own = self.shares[rows], self.own_terms[rows]
        if not isinstance(rows, int):
            own = own[0][:, None], own[1][:, None]
        excesses = _excesses(self.dots[rows], own, (self.shares, self.own_terms), rule)
        excesses[self.walls[rows]] = np.inf
        if self.has_poor:
            traits = traits_of(self.founders, self.founders < 0, rule.min_founders)
            some = excesses.reshape(-1, len(self.founders))
            forbid(some, traits.subset(np.atleast_1d(rows)), traits)
        return excesses

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
            self.own_terms[rows],
        )


def merge_few_clusters(clusters: Clusters, rule: MergeRule) -> Rows:
    """Merge clusters as `photoshare.faces.grouping.linkage.merge_clusters` does.

    Returns
    -------
    labels : int array of shape (len(clusters),)
        Consecutive numbers from 0.
    """
    count = len(clusters)
    if count == 0:
        return np.empty(0, dtype=np.intp)
    table = _table(clusters, rule)
    present = np.arange(count)  # the cluster of each row of the table
    is_left = np.ones(count, dtype=np.bool_)  # of the rows of the table
    homes = present.copy()  # a cluster that each is part of
    while True:
        firsts, seconds = reciprocal_pairs(table.nearest, table.partners)
        if len(firsts) == 0:
            break
        table.join(firsts, seconds, rule)
        homes[present[seconds]] = present[firsts]
        is_left[seconds] = False
        if len(present) > SMALL and 2 * np.count_nonzero(is_left) < len(present):
            table, present = table.subset(np.flatnonzero(is_left)), present[is_left]
            is_left = np.ones(len(present), dtype=np.bool_)
    while not np.array_equal(homes, homes[homes]):
        homes = homes[homes]
    _, labels = np.unique(homes, return_inverse=True)
    return labels


def _excesses(
    dots: Floats,
    some: tuple[Floats, Floats],
    others: tuple[Floats, Floats],
    rule: MergeRule,
) -> Floats:
    """Measure the excesses of clusters that may merge, from the products of their sums.

    Parameters
    ----------
    dots : float32 array
    some, others : pairs of float32 arrays that broadcast to it
        One divided by the counts, and `_own_terms` both.
    rule : MergeRule
    """
    (shares, own_terms), (other_shares, other_terms) = some, others
    excesses: Floats = dots * other_shares
    excesses *= -2 * shares
    excesses += other_terms
    excesses += own_terms - np.float32(rule.eps**2)
    size_terms = np.abs(shares - other_shares)
    size_terms *= np.float32(rule.looseness + rule.strictness / 2)
    excesses -= size_terms
    return excesses


def _own_terms(squares: Floats, counts: Floats, rule: MergeRule) -> Floats:
    """Return what each cluster adds to all of its gaps, with half of the rule's strictness.

    The smaller of two shares is half of their sum, less half of their difference.
    """
    terms: Floats = own_terms_of(squares, counts)
    terms += np.float32(rule.strictness / 2) / counts
    return terms


def _table(clusters: Clusters, rule: MergeRule) -> _Table:
    count = len(clusters)
    walls = np.zeros((count, count), dtype=np.bool_)
    walls[clusters.marks.walls(clusters.marks)] = True
    fixed = np.flatnonzero(clusters.is_fixed)
    walls[fixed[:, None], fixed] = True
    dots = clusters.rows @ clusters.rows.T
    own_terms = _own_terms(dots.diagonal(), clusters.counts, rule)
    shares = np.float32(1) / clusters.counts
    some = shares[:, None], own_terms[:, None]
    excesses = _excesses(dots, some, (shares, own_terms), rule)
    excesses[walls] = np.inf  # including each with itself: both are in the same photos
    traits = traits_of(clusters.founders, clusters.is_fixed, rule.min_founders)
    forbid(excesses, traits, traits)
    partners = excesses.argmin(axis=1)
    founders = clusters.founders.copy()
    return _Table(clusters.counts.copy(), founders, dots, walls, excesses, partners, own_terms)


def reciprocal_pairs(nearest: Floats, partners: Rows) -> tuple[Rows, Rows]:
    """List the pairs that are each other's nearest; the best pair if rounding leaves none.

    Parameters
    ----------
    nearest : float32 array of shape (n,)
        The excess of each cluster to its partner: 0 or less for a pair that may merge.
    partners : int array of shape (n,)
    """
    rows = (nearest <= 0).nonzero()[0]
    seconds = partners[rows]
    is_pair = (partners[seconds] == rows) & (rows < seconds) & (nearest[seconds] <= 0)
    firsts = rows[is_pair]
    if len(firsts) == 0 and len(rows):
        firsts = rows[[nearest[rows].argmin()]]
    return firsts, partners[firsts]
