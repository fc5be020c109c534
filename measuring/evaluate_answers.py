"""Let the labels answer "is this the same person?", for ``measuring.evaluate``; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from measuring.evaluate_photos import UNKNOWN
from photoshare.faces.grouping.plan import NO_PERSON, FaceSet, plan_groups
from photoshare.faces.suggestions import SuggestedPair, SuggestedSide, rank_pairs
from photoshare.faces.types import Doubt

YES, NO, LATER = "yes", "no", "later"


@dataclass
class AnsweredRoom:
    """A room whose questions are answered as in the app.

    Attributes
    ----------
    faces : FaceSet
        With person ids above 0.
    eps, min_samples
        As in `plan_groups`.
    fixed_people : set of int
        People in a question answered yes or no.
    apart : list of (int, int)
        Links that are different people.
    later : list of keys of pairs
    """

    faces: FaceSet
    eps: float
    min_samples: int
    fixed_people: set[int] = field(default_factory=set)
    apart: list[tuple[int, int]] = field(default_factory=list)
    later: list[tuple[int, int]] = field(default_factory=list)
    doubt: Doubt = field(default_factory=Doubt)  # of the engine

    def next_pair(self) -> SuggestedPair | None:
        """Return the next question; None if only postponed ones are left."""
        pairs = rank_pairs(
            self.faces,
            eps=self.eps,
            doubt=self.doubt,
            apart=self._pairs_apart(),
            later=self.later,
            limit=1,
        )
        return pairs[0] if pairs and pairs[0].key not in self.later else None

    def rows(self, side: SuggestedSide) -> NDArray[np.intp]:
        """List all faces of a side."""
        if side.person_id == NO_PERSON:
            return np.array(side.rows, dtype=np.intp)
        return np.flatnonzero(self.faces.person_ids == side.person_id)

    def say_yes(self, pair: SuggestedPair) -> None:
        """Make both sides one fixed person, and regroup the faces that may belong to them."""
        rows = np.concatenate([self.rows(pair.first), self.rows(pair.second)])
        person_ids = self.faces.person_ids.copy()
        person_ids[rows] = pair.first.person_id
        self.faces = replace(self.faces, person_ids=person_ids)
        self.fixed_people.discard(pair.second.person_id)
        self._link(rows)
        self._keep(pair.first)
        self._regroup(rows)

    def say_no(self, pair: SuggestedPair) -> None:
        """Keep both sides apart, each as it is."""
        sides = [self.rows(pair.first), self.rows(pair.second)]
        links = (self._link(sides[0]), self._link(sides[1]))
        self.apart.append(links)
        self._keep(pair.first)
        self._keep(pair.second)
        self._regroup(np.concatenate(sides))

    def _keep(self, side: SuggestedSide) -> None:
        if side.person_id != NO_PERSON:
            self.fixed_people.add(side.person_id)

    def _link(self, rows: NDArray[np.intp]) -> int:
        """Give faces a common link, in place of their former ones."""
        bond_ids = self.faces.bond_ids.copy()
        old = set(bond_ids[rows].tolist()) - {0}
        link = int(bond_ids.max(initial=0)) + 1
        bond_ids[rows] = link
        self.apart = [
            (link if one in old else one, link if other in old else other)
            for one, other in self.apart
        ]
        self.faces = replace(self.faces, bond_ids=bond_ids)
        return link

    def _regroup(self, rows: NDArray[np.intp]) -> None:
        plan = plan_groups(
            self.faces,
            np.isin(np.arange(len(self.faces)), rows),
            eps=self.eps,
            min_samples=self.min_samples,
            fixed_people=self.fixed_people,
            apart=self._pairs_apart(),
        )
        newest = int(self.faces.person_ids.max(initial=0))
        person_ids = np.where(plan.person_ids < 0, newest - plan.person_ids, plan.person_ids)
        self.faces = replace(self.faces, person_ids=person_ids)

    def _pairs_apart(self) -> NDArray[np.int64]:
        return np.array(self.apart, dtype=np.int64).reshape(-1, 2)


def answer_next(room: AnsweredRoom, identities: Sequence[str]) -> str:
    """Answer the next question by the labels.

    Returns
    -------
    str
        YES, NO, LATER if most faces of a side have no label, or "" if no question is left.
    """
    pair = room.next_pair()
    if pair is None:
        return ""
    one, other = (
        Counter(identities[row] for row in room.rows(side).tolist()).most_common(1)[0][0]
        for side in (pair.first, pair.second)
    )
    if UNKNOWN in (one, other):
        room.later.append(pair.key)
        return LATER
    if one == other:
        room.say_yes(pair)
        return YES
    room.say_no(pair)
    return NO
