"""Find the pairs of clusters that are near enough, among all of two sets of clusters; pure.

Of a room's clusters hardly any two are near. One matrix product shows which may be, and only those
are measured, and looked up for what keeps them apart: everything else costs the same in a room of
a hundred faces and in one of fifty thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, Floats, MergeRule, Rows

BLOCK_NUMBERS = 1 << 22  # of a block of products: 16 MB, ten times that if all of them are near
ROUNDING = 1e-4  # above the error of a product in single precision
NEARLY = 1.0001  # above the error of a squared distance in single precision


@dataclass(frozen=True, slots=True)
class NearPairs:
    """Pairs of clusters.

    Attributes
    ----------
    rows, columns : int arrays of shape (n_pairs,)
    values : float32 array of shape (n_pairs,)
        The excess of the gap over the limit for merging, or the distance.
    """

    rows: Rows
    columns: Rows
    values: Floats

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, is_kept: NDArray[np.bool_]) -> NearPairs:
        """Return some of the pairs."""
        return NearPairs(self.rows[is_kept], self.columns[is_kept], self.values[is_kept])

    def nearest(self, count: int) -> tuple[Floats, Rows]:
        """Find the nearest column of each row, the first one of several.

        Returns
        -------
        values : float32 array of shape (count,)
            Infinite for a row without a pair.
        columns : int array of shape (count,)
            -1 for a row without a pair.
        """
        values = np.full(count, np.inf, dtype=np.float32)
        np.minimum.at(values, self.rows, self.values)
        is_nearest = self.values == values[self.rows]
        columns = np.full(count, -1, dtype=np.intp)
        rows = self.rows[is_nearest]
        columns[rows] = self.columns[is_nearest]
        np.minimum.at(columns, rows, self.columns[is_nearest])
        return values, columns

    def clearly_nearest(self, count: int, margin: float) -> tuple[Rows, Floats]:
        """Find the nearest column of each row, if all others are farther by a margin.

        Returns
        -------
        columns : int array of shape (count,)
            -1 without one.
        values : float32 array of shape (count,)
            Infinite without one.
        """
        first, columns = self.nearest(count)
        second, _ = self.where(self.columns != columns[self.rows]).nearest(count)
        is_clear = second >= first + np.float32(margin)
        return np.where(is_clear, columns, -1), np.where(is_clear, first, np.float32(np.inf))

    def turned(self) -> NearPairs:
        """Return the pairs with rows and columns exchanged, in the same order."""
        return NearPairs(self.columns, self.rows, self.values)


def blocks(count: int, width: int) -> Iterator[slice]:
    """Divide ``count`` rows of this width into blocks of at most `BLOCK_NUMBERS` numbers."""
    height = max(1, BLOCK_NUMBERS // max(1, width))
    for start in range(0, count, height):
        yield slice(start, min(start + height, count))


def near_pairs(some: Clusters, others: Clusters, rule: MergeRule, limit: float = 0.0) -> NearPairs:
    """List the pairs that may be one person, and whose gaps exceed that for merging by little.

    Parameters
    ----------
    some, others : Clusters
        A cluster whose `own_terms` are infinite is near to none.
    rule : MergeRule
    limit : float >= 0
        The largest excess; 0: only those that may merge now.

    Returns
    -------
    NearPairs
        Rows of ``some`` and columns of ``others``, both ascending, and excesses of at most the
        limit. Pairs that may not merge, however near, are left out.

    Notes
    -----
    With unit-length encodings the average linkage of A and B is 2 - 2 a.b (a, b the centres) and
    the squared distance of the centres a.a + b.b - 2 a.b. The gap is the mean of both.
    """
    found = [
        _unwalled(_near_pairs(some, block, others, rule, limit), some, others)
        for block in blocks(len(some), len(others))
    ]
    return together(found)


def near_among(clusters: Clusters, rows: Rows, columns: Rows, rule: MergeRule) -> NearPairs:
    """List those of some pairs of one set of clusters that may merge now, as `near_pairs` does.

    Parameters
    ----------
    clusters : Clusters
    rows, columns : int arrays of shape (n_pairs,)
        No row beside itself.
    rule : MergeRule
    """
    shares, means, terms = np.float32(1) / clusters.counts, clusters.means, clusters.own_terms
    excesses = terms[rows] + terms[columns] - np.float32(rule.eps**2)
    excesses -= 2 * np.einsum("ij,ij->i", means[rows], means[columns])
    excesses += rule.size_terms(shares[rows], shares[columns])
    is_near = excesses <= 0
    is_near &= clusters.may_merge(rows, clusters, columns, rule.min_founders)
    return _unwalled(NearPairs(rows, columns, excesses).where(is_near), clusters, clusters)


def near_distances(some: Clusters, others: Clusters, rule: MergeRule, farthest: float) -> NearPairs:
    """List the pairs that may be one person, up to a distance, with their distances.

    Parameters
    ----------
    some, others : Clusters
    rule : MergeRule
    farthest : float >= 1
        The largest distance, as a multiple of eps.

    Returns
    -------
    NearPairs
        Rows of ``some``, columns of ``others``, and distances as multiples of eps: 1 or
        less for a pair that may merge.
    """
    square = rule.eps**2
    limit = square * (farthest**2 * NEARLY - 1)
    found = []
    for block in blocks(len(some), len(others)):
        pairs = _near_pairs(some, block, others, rule, limit)
        distances = np.sqrt(np.maximum(pairs.values + np.float32(square), 0))
        distances /= np.float32(rule.eps)
        pairs = NearPairs(pairs.rows, pairs.columns, distances).where(distances <= farthest)
        found.append(_unwalled(pairs, some, others))
    return together(found)


def _unwalled(pairs: NearPairs, some: Clusters, others: Clusters) -> NearPairs:
    """Leave out the pairs that marks keep apart, such as two faces of a photo."""
    if len(pairs) == 0:
        return pairs
    return pairs.where(~some.marks.are_walled(pairs.rows, others.marks, pairs.columns))


def together(parts: Sequence[NearPairs]) -> NearPairs:
    """Return all pairs of several parts."""
    if len(parts) == 1:
        return parts[0]
    empty = np.empty(0, dtype=np.intp)
    return NearPairs(
        np.concatenate([empty, *(pairs.rows for pairs in parts)]),
        np.concatenate([empty, *(pairs.columns for pairs in parts)]),
        np.concatenate([empty.astype(np.float32), *(pairs.values for pairs in parts)]),
    )


def _near_pairs(
    some: Clusters, block: slice, others: Clusters, rule: MergeRule, limit: float
) -> NearPairs:
    """List the near pairs of a block of rows, whether or not there is a wall between them."""
    if block.stop - block.start < len(some):
        some = some.subset(np.arange(block.start, block.stop))
    shares, other_shares = (np.float32(1) / sides.counts for sides in (some, others))
    from_single, least_more = rule.split_size_terms(other_shares, shares)
    # The products less half of what the others add: -2 times that is their part of the gap.
    products = others.dots(some.means)
    products -= (others.own_terms + from_single) / 2
    own_terms = some.own_terms - np.float32(rule.eps**2)
    least = (own_terms + least_more - np.float32(limit)) / 2 - np.float32(ROUNDING)
    places = (products >= least[:, None]).ravel().nonzero()[0]
    rows, columns = np.divmod(places, max(1, len(others)))
    excesses = -2 * products.ravel()[places]
    excesses += own_terms[rows]
    excesses += rule.size_terms(shares[rows], other_shares[columns]) - from_single[columns]
    is_near = excesses <= limit
    is_near &= some.may_merge(rows, others, columns, rule.min_founders)
    return NearPairs(rows + block.start, columns, excesses).where(is_near)
