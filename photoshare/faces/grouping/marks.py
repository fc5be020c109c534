"""Keep clusters apart regardless of likeness, by marks that exclude one another; pure."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Rows = NDArray[np.intp]


class Marks:
    """The marks of clusters: the scenes of their faces, and their links.

    Parameters
    ----------
    counts : sparse array of shape (n_all, n_marks)
        How many faces of a cluster have each mark.
    exclusions : sparse array of shape (n_marks, n_marks), symmetric
        1 if clusters with the one mark never merge with clusters with the other.
    rows : int array of shape (n,), optional
        The clusters in question; all by default. Looked up only on use.
    """

    def __init__(
        self, counts: sparse.csr_array, exclusions: sparse.csr_array, rows: Rows | None = None
    ) -> None:
        self._counts, self._exclusions, self._rows = counts, exclusions, rows

    @cached_property
    def counts(self) -> sparse.csr_array:
        """Return the counts of the clusters in question, of shape (n, n_marks)."""
        return self._counts if self._rows is None else self._counts[self._rows]

    def subset(self, rows: Rows) -> Marks:
        """Return the traits of some of the clusters."""
        whose = rows if self._rows is None else self._rows[rows]
        return Marks(self._counts, self._exclusions, whose)

    def joined(self, adder: sparse.csr_array) -> Marks:
        """Add up the marks of clusters joined by ``adder``, of shape (n_joined, n)."""
        return Marks(sparse.csr_array(adder @ self.counts), self._exclusions)

    def followed_by(self, others: Marks) -> Marks:
        """Append the marks of other clusters."""
        both = sparse.vstack([self.counts, others.counts])
        return Marks(sparse.csr_array(both), self._exclusions)

    def walls(self, others: Marks) -> sparse.coo_array:
        """Count the pairs of marks that exclude each other, shape (n, n_others); 0: no wall."""
        return (self.counts @ self._exclusions @ others.counts.T).tocoo()

    def meetings(self) -> NDArray[np.float32]:
        """Count the pairs of marks in each cluster, of shape (n,), that exclude each other.

        Every face has one scene mark, which excludes itself, and so always counts as one.
        """
        found = sparse.csr_array(self.counts @ self._exclusions).multiply(self.counts)
        return np.asarray(found.sum(axis=1), dtype=np.float32)
