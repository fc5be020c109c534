"""Suggest similar people, faces that may be a person's, and doubtful pairs to ask about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import defer

from photoshare.errors import NotAllowedError
from photoshare.faces.likeness import rank_alike_people
from photoshare.faces.suggestions import SuggestedSide, maybe_faces, rank_pairs
from photoshare.models import NO_PERSON, Face, db
from photoshare.services.people.grouping import GroupingRule
from photoshare.services.people.people import PersonCard
from photoshare.services.people.room_faces import RoomFaces, load_room_faces
from photoshare.services.people.room_people import load_room_people
from photoshare.services.rooms.entering import Access
from photoshare.services.shelf import Shelf, current_revision
from photoshare.services.visibility.sight import sees_only_self

MAX_PAIRS = 200  # more than anyone answers in one go
# Ranking the pairs of 60,000 faces takes 400 ms of processor time (docs/performance.md), and ever
# less for fewer: those of a party of 4,000 photos are counted within a page.
COUNTED_FACES = 12_000

_RankedSide = tuple[int, list[int]]  # a person's id or NO_PERSON, and ids of the faces to show
_RankedPair = tuple[_RankedSide, _RankedSide]
_pairs: Shelf[list[_RankedPair]] = Shelf(200)  # rooms
_maybe: Shelf[list[int]] = Shelf(10_000)  # people


@dataclass(frozen=True, slots=True)
class PairSide:
    """One side of a doubtful pair: a person or an unsorted face."""

    person: PersonCard | None
    face_ids: list[int]  # up to four: the clearest one and those most similar to the other side

    @property
    def key(self) -> str:
        """Identify the side by the id of the person or the unsorted face."""
        return f"p{self.person.id}" if self.person else f"f{self.face_ids[0]}"


@dataclass(frozen=True, slots=True)
class DoubtfulPair:
    """Two sides that may be the same person."""

    first: PairSide
    second: PairSide

    @property
    def key(self) -> str:
        """Identify the pair in a form; the key does not depend on which side is larger."""
        return "-".join(sorted((self.first.key, self.second.key)))


def list_alike_people(
    access: Access,
    rule: GroupingRule,
    *,
    person_id: int | None = None,
    face_ids: Sequence[int] = (),
    with_beside: bool = False,
) -> list[PersonCard]:
    """List the people that a person, or chosen faces, may be, most similar first.

    People whose photos the running engine has not searched yet cannot be compared, and come after
    the others.

    Parameters
    ----------
    access : Access
        Guests do not see hidden people.
    rule : GroupingRule
    person_id : int, optional
    face_ids : sequence of int
    with_beside : bool
        Whether to list, at the end, people who share a photo with them: rarely the same person.

    Raises
    ------
    NotAllowedError
        If this browser sees nobody but itself.
    """
    if sees_only_self(access):
        raise NotAllowedError("In this room, everybody sees only their own album.")
    room = load_room_faces(access.room.id, rule.engine_name)
    if person_id is not None:
        is_chosen = room.faces.person_ids == person_id
    else:
        is_chosen = np.isin(room.ids, list(face_ids))
    cards = _cards(access)
    compared = set(room.faces.person_ids[~is_chosen].tolist())
    ranked = rank_alike_people(room.faces, is_chosen, with_beside=with_beside)
    rest = cards.keys() - compared - {person_id}
    if rest and not with_beside:
        rest -= _people_beside(person_id, face_ids)
    order = [*ranked, *(other for other in cards if other in rest)]
    return [cards[other] for other in order if other in cards]


def list_maybe_faces(access: Access, person_id: int, rule: GroupingRule) -> Sequence[Face]:
    """List the unsorted faces that may be this person, most similar first, for who sees them."""
    if sees_only_self(access):
        return []
    room_id, eps = access.room.id, rule.eps

    def find() -> list[int]:
        room = load_room_faces(room_id, rule.engine_name)
        rows = maybe_faces(room.faces, person_id, eps=eps, doubt=rule.doubt, apart=room.apart)
        return [int(face_id) for face_id in room.ids[rows]]

    kind = (person_id, rule.engine_name, eps)
    ids = _maybe.load(room_id, current_revision(room_id), find, *kind)
    rows = db.session.scalars(select(Face).where(Face.id.in_(ids)).options(defer(Face.encoding)))
    found = {face.id: face for face in rows}
    return [found[face_id] for face_id in ids if face_id in found]


def next_pair(
    access: Access, rule: GroupingRule, later: Collection[str]
) -> tuple[DoubtfulPair | None, int]:
    """Find the most informative pair to ask about, and how many pairs there are.

    Parameters
    ----------
    access : Access
    rule : GroupingRule
    later : collection of str
        Keys of the pairs that were postponed.
    """
    asked = [pair for pair in _open_pairs(access, rule) if pair.key not in later]
    return (asked[0] if asked else None), len(asked)


def count_pairs(access: Access, rule: GroupingRule) -> int | None:
    """Count the pairs to ask about, for a page that shows nothing else of them.

    Returns
    -------
    int or None
        None if nobody has ranked them since the last change, and the room has so many faces that
        the page would have to wait for it.
    """
    room_id = access.room.id
    if sees_only_self(access):
        return None
    is_known = _pairs.find(room_id, current_revision(room_id), *_kind(rule)) is not None
    if not is_known and load_room_people(access).face_count > COUNTED_FACES:
        return None
    return len(_open_pairs(access, rule))


def _open_pairs(access: Access, rule: GroupingRule) -> list[DoubtfulPair]:
    """List the pairs that this browser may see, the most informative first."""
    if sees_only_self(access):
        return []
    room_id, cards = access.room.id, _cards(access)

    def rank() -> list[_RankedPair]:
        room = load_room_faces(room_id, rule.engine_name)
        ranked = rank_pairs(
            room.faces, eps=rule.eps, doubt=rule.doubt, apart=room.apart, limit=MAX_PAIRS
        )
        return [(_ranked(room, pair.first), _ranked(room, pair.second)) for pair in ranked]

    return [
        DoubtfulPair(_side(cards, first), _side(cards, second))
        for first, second in _pairs.load(room_id, current_revision(room_id), rank, *_kind(rule))
        if _is_shown(first, cards) and _is_shown(second, cards)
    ]


def _kind(rule: GroupingRule) -> tuple[str, float | None]:
    return rule.engine_name, rule.eps


def _people_beside(person_id: int | None, face_ids: Sequence[int]) -> set[int | None]:
    """Find who else is in the photos of a person, or of these faces."""
    is_theirs = Face.id.in_(face_ids) if person_id is None else Face.person_id == person_id
    photos = select(Face.photo_id).where(is_theirs)
    beside = select(Face.person_id).where(Face.photo_id.in_(photos), ~is_theirs, Face.is_face)
    return set(db.session.scalars(beside.where(Face.person_id.is_not(None)).distinct()))


def _cards(access: Access) -> dict[int, PersonCard]:
    """Load the people that this browser may see; hidden people can have unsorted faces, too."""
    return load_room_people(access).cards(for_host=access.is_host)


def _is_shown(side: _RankedSide, cards: dict[int, PersonCard]) -> bool:
    """Whether this browser may see the side: its person is not hidden."""
    return side[0] in cards or side[0] == NO_PERSON


def _ranked(room: RoomFaces, side: SuggestedSide) -> _RankedSide:
    return side.person_id, room.ids[list(side.rows)].tolist()


def _side(cards: dict[int, PersonCard], side: _RankedSide) -> PairSide:
    person_id, face_ids = side
    return PairSide(cards.get(person_id), face_ids)
