"""Hold clusters of faces in columns, with what merging needs to know about each; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.kept.memory import FaceRows, added_up
from photoshare.faces.grouping.marks import Marks

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class MergeRule:
    """The rule for merging clusters; docs/evaluation.md has the reasons for its form.

    Attributes
    ----------
    eps : float > 0
        Two clusters of equal size merge if the root of their gap is at most this.
    min_founders : int >= 1
        A cluster without a founder (one poor face) only joins clusters with at least this many.
    looseness : float >= 0
        Times ``|1/n_A - 1/n_B|``: how much larger than ``eps**2`` the gap may be.
    strictness : float >= 0
        Times the smaller of ``1/n_A`` and ``1/n_B``: how much smaller the gap has to be.
    """

    eps: float
    min_founders: int
    looseness: float
    strictness: float = 0.0

    def size_terms(self, shares: Floats, other_shares: Floats) -> Floats:
        """Return what the sizes of two clusters add to their gap.

        Parameters
        ----------
        shares, other_shares : float32 arrays that broadcast
            1/n_A and 1/n_B.
        """
        terms: Floats = np.abs(shares - other_shares)
        terms *= np.float32(-self.looseness)
        if self.strictness:
            terms += np.minimum(shares, other_shares) * np.float32(self.strictness)
        return terms

    def split_size_terms(self, shares: Floats, other_shares: Floats) -> tuple[Floats, Floats]:
        """Return parts of two clusters whose sum is never above `size_terms` of both.

        Returns
        -------
        of_one : float32 array
            The terms of a cluster of this share and a single face.
        of_other : float32 array
            What has to be added for another cluster than a single face, at least: 0 or less.
        """
        both = np.float32(self.looseness + self.strictness)
        return shares * both - np.float32(self.looseness), (other_shares - 1) * both


def own_terms_of(squares: Floats, counts: Floats) -> Floats:
    """Return what clusters add to all of their gaps; see `near_pairs.near_pairs`.

    Parameters
    ----------
    squares : float32 array of shape (n,)
        The squared length of the sum of each cluster's encodings.
    counts : float32 array of shape (n,)
    """
    terms: Floats = squares / counts**2
    terms += 1
    terms /= 2
    return terms


@dataclass(frozen=True)
class Clusters:
    """Clusters in columns, one row per cluster.

    Attributes
    ----------
    sums : float32 array of shape (n, size), or FaceRows of that shape
        Sum of the unit-length encodings of the cluster's faces.
    counts : float32 array of shape (n,)
        Number of faces; at least 1.
    founders : int array of shape (n,)
        Number of faces that are good enough to found a person.
    is_fixed : bool array of shape (n,)
        Two fixed clusters never merge.
    marks : Marks
        Which clusters never merge with each other.
    terms : float32 array of shape (n,), optional
        `own_terms`, if they are known already.
    """

    sums: Floats | FaceRows
    counts: Floats
    founders: NDArray[np.int64]
    is_fixed: NDArray[np.bool_]
    marks: Marks
    terms: Floats | None = None

    def __len__(self) -> int:
        return len(self.counts)

    @cached_property
    def rows(self) -> Floats:
        """Return the sums as an array, which may be a copy."""
        return self.sums[np.arange(len(self))] if isinstance(self.sums, FaceRows) else self.sums

    @cached_property
    def means(self) -> Floats:
        """Return the centres; their length is 1 or, if the faces of a cluster differ, less."""
        means: Floats = self.rows / self.counts[:, None]
        return means

    def dots(self, vectors: Floats) -> Floats:
        """Return the products of vectors, of shape (n_vectors, size), with every centre."""
        sums = self.sums
        products: Floats = sums.dots(vectors) if isinstance(sums, FaceRows) else vectors @ sums.T
        if (self.counts != 1).any():
            products /= self.counts
        return products

    def only(self, is_asked: NDArray[np.bool_]) -> Clusters:
        """Return the same clusters, of which those not asked for are infinitely far away."""
        terms = np.where(is_asked, self.own_terms, np.float32(np.inf))
        return replace(self, terms=terms)

    def may_merge(
        self, rows: Rows, others: Clusters, columns: Rows, min_founders: int
    ) -> NDArray[np.bool_]:
        """Whether nothing but marks keeps pairs apart, of shape (n_pairs,).

        Two fixed clusters never merge, nor do a poor and an unfounded one.
        """
        one, other = self.founders[rows], others.founders[columns]
        may = (np.minimum(one, other) > 0) | (np.maximum(one, other) >= min_founders)
        may &= ~(self.is_fixed[rows] & others.is_fixed[columns])
        return may

    @cached_property
    def own_terms(self) -> Floats:
        """Return what each cluster adds to all of its gaps, shape (n,); see `near_pairs`."""
        if self.terms is not None:
            return self.terms
        sums = self.sums
        squares = (
            sums.squares() if isinstance(sums, FaceRows) else np.einsum("ij,ij->i", sums, sums)
        )
        return own_terms_of(squares, self.counts)

    def joined(self, targets: Rows, count: int) -> Clusters:
        """Combine the clusters that have the same target, 0 to ``count`` - 1."""
        counts, founders, fixed = (
            np.bincount(targets, weights=column, minlength=count)
            for column in (self.counts, self.founders, self.is_fixed)
        )
        return Clusters(
            sums=added_up(self.rows, targets, count),
            counts=counts.astype(np.float32),
            founders=founders.astype(np.int64),
            is_fixed=fixed > 0,
            marks=self.marks.joined(targets, count),
        )

    def subset(self, rows: Rows) -> Clusters:
        """Return some of the clusters."""
        return Clusters(
            sums=self.sums[rows],
            counts=self.counts[rows],
            founders=self.founders[rows],
            is_fixed=self.is_fixed[rows],
            marks=self.marks.subset(rows),
            terms=None if self.terms is None else self.terms[rows],
        )

    def followed_by(self, others: Clusters) -> Clusters:
        """Append clusters with the same marks."""
        return Clusters(
            sums=np.concatenate([self.rows, others.rows]),
            counts=np.concatenate([self.counts, others.counts]),
            founders=np.concatenate([self.founders, others.founders]),
            is_fixed=np.concatenate([self.is_fixed, others.is_fixed]),
            marks=self.marks.followed_by(others.marks, len(self), len(others)),
        )

    def established(
        self, is_fixed: NDArray[np.bool_], is_person: NDArray[np.bool_], min_founders: int
    ) -> Clusters:
        """Mark clusters as fixed, and as people whatever the quality of their faces."""
        founders = np.where(is_person, np.maximum(self.founders, min_founders), self.founders)
        return replace(self, founders=founders.astype(np.int64), is_fixed=is_fixed)


@dataclass(frozen=True, slots=True)
class Traits:
    """What keeps two clusters from merging, other than marks; one row per cluster."""

    is_poor: NDArray[np.bool_]  # no founder
    is_unfounded: NDArray[np.bool_]  # not enough of them
    is_fixed: NDArray[np.bool_]

    def subset(self, rows: Rows) -> Traits:
        """Return the traits of some of the clusters."""
        return Traits(self.is_poor[rows], self.is_unfounded[rows], self.is_fixed[rows])


def traits_of(
    founders: NDArray[np.int64], is_fixed: NDArray[np.bool_], min_founders: int
) -> Traits:
    """Return the traits of clusters, for `forbid`."""
    return Traits(founders == 0, founders < min_founders, is_fixed)


def forbid(excesses: Floats, some: Traits, others: Traits) -> None:
    """Set the excess to infinity for two fixed clusters, and for a poor and an unfounded one.

    Parameters
    ----------
    excesses : float32 array of shape (n_some, n_others)
        Changed in place.
    """
    for is_one, is_other in (
        (some.is_poor, others.is_unfounded),
        (some.is_unfounded, others.is_poor),
        (some.is_fixed, others.is_fixed),
    ):
        if is_one.any() and is_other.any():
            excesses[np.flatnonzero(is_one)[:, None], np.flatnonzero(is_other)] = np.inf
