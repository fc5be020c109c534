"""Merge clusters of faces that are one person, the nearest first; pure: numpy and scipy only.

The rule looks at whole clusters, never at a chain of neighbours. The gap of two clusters lies half
way between their average linkage (the mean squared distance of a face of one to a face of the
other) and the squared distance of their centres, so that it can be had from the centres alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from photoshare.faces.types import FaceEncodings

# A single face may join a large cluster at this many times the distance at which two equal clusters
# merge: the cluster's many faces are evidence. docs/evaluation.md: the goals hold from 1.05 to 1.1.
JOIN_RATIO = 1.1
FORBIDDEN = 8.0  # added to the gap of a pair that may not merge; gaps of unit vectors end at 4
BLOCK_NUMBERS = 1 << 24  # of a block of gaps: 64 MB, whatever the number of faces

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Clusters:
    """Clusters in columns, one row a cluster.

    Attributes
    ----------
    sums : float32 array of shape (n, 128)
        Sum of the unit-length encodings of the cluster's faces.
    counts : float32 array of shape (n,)
        Faces; at least 1.
    founders : int array of shape (n,)
        Faces that are good enough to found a person.
    is_fixed : bool array of shape (n,)
        Two fixed clusters never merge.
    marks : sparse array of shape (n, n_marks)
        How many faces of the cluster bear each mark: a photo that they are in, or a link.
    exclusions : sparse array of shape (n_marks, n_marks), symmetric
        1 where clusters that bear the one mark and the other never merge.
    """

    sums: Floats
    counts: Floats
    founders: NDArray[np.int64]
    is_fixed: NDArray[np.bool_]
    marks: sparse.csr_array
    exclusions: sparse.csr_array

    def __len__(self) -> int:
        return len(self.sums)

    @cached_property
    def means(self) -> Floats:
        """Centres; shorter than 1 by as much as the faces of the cluster differ."""
        means: Floats = self.sums / self.counts[:, None]
        return means

    def joined(self, targets: Rows, count: int) -> Clusters:
        """Add up the clusters that have the same target, 0 to ``count`` - 1."""
        ones = np.ones(len(targets), dtype=np.float32)
        shape = (count, len(targets))
        adder = sparse.csr_array((ones, (targets, np.arange(len(targets)))), shape=shape)
        return Clusters(
            sums=adder @ self.sums,
            counts=adder @ self.counts,
            founders=np.rint(adder @ self.founders).astype(np.int64),
            is_fixed=(adder @ self.is_fixed.astype(np.float32)) > 0,
            marks=sparse.csr_array(adder @ self.marks),
            exclusions=self.exclusions,
        )

    def taken(self, rows: Rows) -> Clusters:
        """Give some of the clusters."""
        return Clusters(
            sums=self.sums[rows],
            counts=self.counts[rows],
            founders=self.founders[rows],
            is_fixed=self.is_fixed[rows],
            marks=self.marks[rows],
            exclusions=self.exclusions,
        )

    def are_forbidden(self) -> NDArray[np.bool_]:
        """Tell which clusters hold faces that may not be together.

        Every face bears one photo mark, which excludes itself: what is more than that is forbidden.
        """
        meetings = sparse.csr_array(self.marks @ self.exclusions).multiply(self.marks).sum(axis=1)
        return np.asarray(meetings > self.counts + 0.5, dtype=np.bool_)

    def established(
        self, is_fixed: NDArray[np.bool_], is_person: NDArray[np.bool_], min_founders: int
    ) -> Clusters:
        """Mark the clusters that are fixed, and people whatever the quality of their faces."""
        founders = np.where(is_person, np.maximum(self.founders, min_founders), self.founders)
        return replace(self, founders=founders.astype(np.int64), is_fixed=is_fixed)


def single_faces(
    encodings: FaceEncodings,
    may_found: NDArray[np.bool_],
    marks: sparse.csr_array,
    exclusions: sparse.csr_array,
) -> Clusters:
    """Make every face a cluster of its own."""
    count = len(encodings)
    lengths = np.linalg.norm(encodings, axis=1, keepdims=True)
    return Clusters(
        sums=(encodings / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32),
        counts=np.ones(count, dtype=np.float32),
        founders=may_found.astype(np.int64),
        is_fixed=np.zeros(count, dtype=np.bool_),
        marks=marks,
        exclusions=exclusions,
    )


def merge_clusters(clusters: Clusters, *, eps: float, min_founders: int) -> Rows:
    """Merge clusters as long as two are near enough and nothing forbids it.

    Parameters
    ----------
    clusters : Clusters
    eps : float > 0
        Two clusters of as many faces merge when the root of their gap is at most this.
    min_founders : int >= 1
        A cluster of no founder (one poor face) only joins clusters of at least this many.

    Returns
    -------
    labels : int array of shape (len(clusters),)
        The same number for clusters that are one now.

    Notes
    -----
    In each round all pairs that are each other's nearest merge; the order of rows matters only
    where two gaps are equal. A round costs one matrix product of the clusters that have just grown
    with all; its memory is bounded by `BLOCK_NUMBERS`.

    Source
    ------
    Reciprocal nearest neighbours: Murtagh 1983. Rule and constants: docs/evaluation.md.
    """
    labels = np.arange(len(clusters))
    rows = labels
    while len(rows) and len(clusters) > 1:
        gaps, partners = _nearest(clusters, rows, eps, min_founders)
        has_partner = gaps <= 0
        firsts, seconds = _reciprocal_pairs(gaps, partners, has_partner)
        if len(firsts) == 0:
            break
        targets = np.arange(len(clusters))
        targets[seconds] = firsts
        kept, targets = np.unique(targets, return_inverse=True)
        # Look again at what has grown, and at what had a partner that preferred another.
        is_active = np.zeros(len(clusters), dtype=np.bool_)
        is_active[rows] = has_partner[rows]
        is_active[firsts] = True
        clusters = clusters.joined(targets, len(kept))
        labels = targets[labels]
        rows = np.flatnonzero(is_active[kept])
    return labels


def _nearest(clusters: Clusters, rows: Rows, eps: float, min_founders: int) -> tuple[Floats, Rows]:
    """Find each cluster's nearest partner among the pairs that hold one of ``rows``.

    Returns
    -------
    gaps : float32 array of shape (len(clusters),)
        Gap less the largest that merges: 0 or less for a pair that may merge.
    partners : int array of shape (len(clusters),)
    """
    left, right = _factors(clusters, eps, min_founders)
    shares = 1 / clusters.counts
    gaps = np.full(len(clusters), np.inf, dtype=np.float32)
    partners = np.zeros(len(clusters), dtype=np.intp)
    excluded = sparse.csr_array((clusters.marks @ clusters.exclusions).T)
    looseness = np.float32(eps**2 * (JOIN_RATIO**2 - 1))
    height = max(1, BLOCK_NUMBERS // len(clusters))
    for start in range(0, len(rows), height):
        block = rows[start : start + height]
        of_block = left[block] @ right.T
        if np.ptp(shares) > 0:  # 0 in the first round of all, the largest
            inequality = np.abs(shares[block][:, None] - shares[None, :])
            inequality *= looseness
            of_block -= inequality
        walls = (clusters.marks[block] @ excluded).tocoo()  # each cluster with itself too
        of_block[walls.row, walls.col] = np.inf
        _keep_nearest(gaps, partners, block, of_block, is_all=len(rows) == len(clusters))
    return gaps, partners


def _factors(clusters: Clusters, eps: float, min_founders: int) -> tuple[Floats, Floats]:
    """Write the gap of every pair, less eps squared, as one matrix product ``left @ right.T``.

    With unit-length encodings the average linkage of A and B is 2 - 2 a.b (a, b the centres) and
    the squared distance of the centres a.a + b.b - 2 a.b; the gap is the mean of both.
    """
    means = clusters.means
    own = (1 + (means**2).sum(axis=1, keepdims=True)) / 2
    one = np.ones_like(own)
    poor = (clusters.founders == 0).astype(np.float32)[:, None]
    unfounded = (clusters.founders < min_founders).astype(np.float32)[:, None]
    fixed = clusters.is_fixed.astype(np.float32)[:, None]
    walls = np.float32(FORBIDDEN) * np.hstack([poor, unfounded, fixed])
    left = np.hstack([-2 * means, own - np.float32(eps**2), one, walls])
    right = np.hstack([means, one, own, unfounded, poor, fixed])
    return left.astype(np.float32), right.astype(np.float32)


def _keep_nearest(
    gaps: Floats, partners: Rows, block: Rows, of_block: Floats, *, is_all: bool
) -> None:
    """Note, for the rows of a block and for its columns, a partner that is nearer than before."""
    nearest = of_block.argmin(axis=1)
    values = of_block[np.arange(len(block)), nearest]
    is_nearer = values < gaps[block]
    gaps[block[is_nearer]] = values[is_nearer]
    partners[block[is_nearer]] = nearest[is_nearer]
    if is_all:  # every column is a row of some block
        return
    values = of_block.min(axis=0)
    columns = np.flatnonzero((values <= 0) & (values < gaps))
    gaps[columns] = values[columns]
    partners[columns] = block[of_block[:, columns].argmin(axis=0)]


def _reciprocal_pairs(
    gaps: Floats, partners: Rows, has_partner: NDArray[np.bool_]
) -> tuple[Rows, Rows]:
    """List the pairs that are each other's nearest; the best pair where rounding leaves none."""
    rows = np.flatnonzero(has_partner)
    is_pair = (partners[partners[rows]] == rows) & has_partner[partners[rows]]
    firsts = rows[is_pair & (rows < partners[rows])]
    if len(firsts) == 0 and len(rows):
        firsts = rows[[gaps[rows].argmin()]]
    return firsts, partners[firsts]
