"""Let single faces join a person from farther away, if nobody else is near; pure.

Two people of several faces each, or two single faces, need the strict distance of
`grouping.linkage`, where a mistake makes two people one. A single face costs only one photo, and a
person of several faces says much about it; the only risk is the wrong person.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, Floats, MergeRule, Rows
from photoshare.faces.grouping.linkage import BLOCK_NUMBERS, measure_distances

# Times eps, as the distances below. docs/evaluation.md says how both were chosen.
REACH = 1.1  # the farthest distance at which a face may join
MARGIN = 0.1  # how much farther everyone else has to be
FEW_SINGLES = 64  # up to this many are compared with everyone at once, not with people first


def join_single_faces(clusters: Clusters, is_open: NDArray[np.bool_], rule: MergeRule) -> Rows:
    """Join single faces to people, if the face or the person is open.

    Parameters
    ----------
    clusters : Clusters
        All of the room.
    is_open : bool array of shape (len(clusters),)
        Clusters that may have changed.
    rule : MergeRule

    Returns
    -------
    homes : int array of shape (len(clusters),)
        For a face that joins, the row of the person; for all others, their own row.

    Notes
    -----
    In each round every person takes only the nearest face, so that two faces of a scene never
    end up together.
    """
    homes = np.arange(len(clusters))
    present = homes  # the original row of each remaining cluster
    while True:
        is_person = clusters.founders >= rule.min_founders
        people = np.flatnonzero(is_person)
        singles = np.flatnonzero((clusters.counts == 1) & ~is_person & ~clusters.is_fixed)
        open_people = people[is_open[people]]
        is_maybe = is_open[singles]
        is_maybe |= _nearest(clusters, singles, open_people, rule) <= REACH
        singles = singles[is_maybe]
        if len(singles) > FEW_SINGLES:
            singles = singles[_nearest(clusters, singles, people, rule) <= REACH]
        faces, owners = _sure_pairs(clusters, singles, is_person, rule)
        if len(faces) == 0:
            return homes
        homes = homes.copy()
        homes[present[faces]] = present[owners]
        targets = np.arange(len(clusters))
        targets[faces] = owners
        kept, targets = np.unique(targets, return_inverse=True)
        is_open = np.isin(kept, owners)
        clusters = clusters.joined(targets, len(kept))
        present = present[kept]


def _nearest(clusters: Clusters, some: Rows, others: Rows, rule: MergeRule) -> Floats:
    """Return the distance of the nearest of ``others`` from each of ``some``."""
    found = np.full(len(some), np.inf, dtype=np.float32)
    if len(others):
        other_clusters = clusters.subset(others)
        height = max(1, BLOCK_NUMBERS // len(others))
        for start in range(0, len(some), height):
            block = clusters.subset(some[start : start + height])
            distances = measure_distances(block, other_clusters, rule, REACH)
            found[start : start + height] = distances.min(axis=1)
    return found


def _sure_pairs(
    clusters: Clusters, singles: Rows, is_person: NDArray[np.bool_], rule: MergeRule
) -> tuple[Rows, Rows]:
    """List the nearest face of each person, of those that have nobody else near.

    Returns
    -------
    faces, people : int arrays of the same length
    """
    homes = np.zeros(len(singles), dtype=np.intp)
    nearest = np.full(len(singles), np.inf, dtype=np.float32)
    height = max(1, BLOCK_NUMBERS // max(1, len(clusters)))
    for start in range(0, len(singles), height):
        block = slice(start, start + height)
        distances = measure_distances(
            clusters.subset(singles[block]), clusters, rule, REACH + MARGIN
        )
        rows = np.arange(len(distances))
        homes[block] = distances.argmin(axis=1)
        first = distances[rows, homes[block]]
        distances[rows, homes[block]] = np.inf
        is_sure = (first <= REACH) & (distances.min(axis=1) >= first + np.float32(MARGIN))
        nearest[block] = np.where(is_sure & is_person[homes[block]], first, np.inf)
    order = np.lexsort((singles, nearest))
    order = order[np.isfinite(nearest[order])]
    people, firsts = np.unique(homes[order], return_index=True)
    return singles[order[firsts]], people
