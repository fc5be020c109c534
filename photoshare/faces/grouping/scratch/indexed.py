"""Find the near pairs of a very large room by an index of neighbours; needs usearch.

Comparing all with all grows with the square of the faces. An index (HNSW: Malkov and Yashunin 2018)
lists the nearest of each instead; what it lists is then measured exactly, by the same rule. It
misses a few neighbours of some faces, and never makes a pair that is not near.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np

from photoshare.faces.grouping.clusters import Clusters, MergeRule
from photoshare.faces.grouping.near_pairs import NearPairs, near_among

# From this many on, an index costs less than comparing all with all (docs/scale.md).
INDEXED_FROM = 250_000
NEIGHBOURS = 64  # looked at for each; a core needs one that is near, not all of them
CANDIDATES = 64  # usearch's expansion, while the index is built and while it is asked
PORTION = 256  # added or asked at once; their pairs are measured in 40 MB


def is_indexed(count: int) -> bool:
    """Whether an index serves this many clusters better, and can be made here."""
    return count >= INDEXED_FROM and find_spec("usearch") is not None


def indexed_pairs(clusters: Clusters, rule: MergeRule) -> Iterator[NearPairs]:
    """List pairs that may merge now, of each cluster with the nearest ones, in portions.

    Parameters
    ----------
    clusters : Clusters
    rule : MergeRule

    Yields
    ------
    NearPairs
        Rows and columns of ``clusters``; most pairs both ways round. As `near_pairs.near_pairs`
        would list them, except the neighbours that the index misses.

    Raises
    ------
    ModuleNotFoundError
        If usearch is not installed.
    """
    from usearch.index import Index  # a package of requirements-scale.txt

    count, means = len(clusters), clusters.means
    index = Index(
        ndim=means.shape[1],
        metric="ip",
        dtype="i8",
        expansion_add=CANDIDATES,
        expansion_search=CANDIDATES,
    )
    portions = [np.arange(start, min(start + PORTION, count)) for start in range(0, count, PORTION)]
    for portion in portions:
        index.add(portion, means[portion], threads=1)
    for portion in portions:
        matches = index.search(means[portion], NEIGHBOURS, threads=1)
        found = np.asarray(matches.keys, dtype=np.intp).reshape(len(portion), -1)
        is_found = np.arange(found.shape[1]) < np.asarray(matches.counts)[:, None]
        rows, places = np.nonzero(is_found & (found != portion[:, None]))
        yield near_among(clusters, portion[rows], found[rows, places], rule)
