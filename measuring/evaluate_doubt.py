"""Count how often two sides left apart by the grouping are one person, by distance; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from measuring.evaluate_photos import UNKNOWN
from photoshare.faces.grouping.plan import NO_PAIRS, NO_PERSON, plan_groups
from photoshare.faces.suggestions import SuggestedSide, rank_pairs
from photoshare.faces.types import Doubt, FaceSet

EDGES = (0.0, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3, 1.5)  # of distances, as multiples of eps
BUCKETS = tuple(f"{low:g} to {high:g}" for low, high in pairwise(EDGES))
FACE, PEOPLE = "a person and an unsorted face", "two people"
EVERYTHING = 10**9  # pairs

Doubtful: TypeAlias = dict[str, dict[str, tuple[int, int]]]  # kind, bucket: one person, pairs


def count_doubtful(
    faces: FaceSet, identities: Sequence[str], *, eps: float, min_samples: int
) -> Doubtful:
    """Group a room, and count all pairs that could be asked about, however far apart.

    Parameters
    ----------
    faces : FaceSet
    identities : sequence of str
        Of each face. A side is the person of most of its labelled faces; pairs with an UNKNOWN side
        are left out.
    eps, min_samples
        As given to `plan_groups`.

    Returns
    -------
    dict of kind to dict of bucket to (pairs that are one person, pairs)
    """
    plan = plan_groups(faces, np.ones(len(faces), dtype=np.bool_), eps=eps, min_samples=min_samples)
    room = replace(faces, person_ids=-plan.person_ids)
    of_person: dict[int, Counter[str]] = {}
    for person_id, name in zip(room.person_ids.tolist(), identities, strict=True):
        if name != UNKNOWN:
            of_person.setdefault(person_id, Counter())[name] += 1

    def name_of(side: SuggestedSide) -> str:
        if side.person_id == NO_PERSON:
            return identities[side.rows[0]]
        known = of_person.get(side.person_id)
        return known.most_common(1)[0][0] if known else UNKNOWN

    counts: Doubtful = {kind: dict.fromkeys(BUCKETS, (0, 0)) for kind in (FACE, PEOPLE)}
    far = Doubt(reach=EDGES[-1])
    for pair in rank_pairs(room, eps=eps, doubt=far, apart=NO_PAIRS, limit=EVERYTHING):
        names = name_of(pair.first), name_of(pair.second)
        if UNKNOWN not in names:
            kind = FACE if NO_PERSON in (pair.first.person_id, pair.second.person_id) else PEOPLE
            number = int(np.searchsorted(EDGES[1:-1], pair.distance, side="right"))
            same, asked = counts[kind][BUCKETS[number]]
            counts[kind][BUCKETS[number]] = same + (names[0] == names[1]), asked + 1
    return counts


def added(counts: Sequence[Doubtful]) -> Doubtful:
    """Add up the counts of several rooms."""
    return {
        kind: {
            bucket: (
                sum(one[kind][bucket][0] for one in counts),
                sum(one[kind][bucket][1] for one in counts),
            )
            for bucket in BUCKETS
        }
        for kind in (FACE, PEOPLE)
    }


def doubtful_cells(counts: Doubtful, kind: str) -> list[str]:
    """Format the counts as the cells of a table, one for each of BUCKETS."""
    return [f"{same} of {asked}" for same, asked in counts[kind].values()]
