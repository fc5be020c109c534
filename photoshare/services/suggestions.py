"""Who may be whom: people like a person, faces that may be theirs, doubtful pairs to ask about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from photoshare.db import db
from photoshare.faces.likeness import rank_alike_people
from photoshare.faces.suggestions import SuggestedPair, maybe_faces, rank_pairs
from photoshare.faces.types import NO_PERSON
from photoshare.models import Face
from photoshare.services.people import PersonCard, list_people
from photoshare.services.room_faces import RoomFaces, load_room_faces
from photoshare.services.rooms import Access


@dataclass(frozen=True, slots=True)
class PairSide:
    """One of two that may be the same person: a person, or an unsorted face."""

    person: PersonCard | None
    face_ids: list[int]  # up to four, the clearest


@dataclass(frozen=True, slots=True)
class DoubtfulPair:
    """Two that may be one person."""

    first: PairSide
    second: PairSide

    @property
    def key(self) -> str:
        """Name the pair for an address; it is the same however often it is asked."""
        return f"{self.first.face_ids[0]}-{self.second.face_ids[0]}"


def list_alike_people(
    access: Access, *, person_id: int | None = None, face_ids: Sequence[int] = ()
) -> list[PersonCard]:
    """List the people that a person, or chosen faces, may be: the most alike first.

    Who is on a photo with them is left out: they are somebody else.
    """
    room = load_room_faces(access.room.id)
    if person_id is not None:
        is_chosen = room.faces.person_ids == person_id
    else:
        is_chosen = np.isin(room.ids, list(face_ids))
    cards = {card.id: card for card in list_people(access.room.id)}
    ranked = rank_alike_people(room.faces, is_chosen)
    return [cards[other] for other in ranked if other in cards]


def list_maybe_faces(access: Access, person_id: int, eps: float) -> Sequence[Face]:
    """List the unsorted faces that may be this person, the most alike first."""
    room = load_room_faces(access.room.id)
    rows = maybe_faces(room.faces, person_id, eps=eps, apart=room.apart)
    ids = room.ids[rows].tolist()
    found = {face.id: face for face in db.session.query(Face).where(Face.id.in_(ids))}
    return [found[face_id] for face_id in ids if face_id in found]


def next_pair(
    access: Access, eps: float, later: Collection[str]
) -> tuple[DoubtfulPair | None, int]:
    """Find the most telling pair to ask about, and how many there are.

    Parameters
    ----------
    access : Access
    eps : float
        As in `plan_groups`.
    later : collection of str
        Keys of the pairs that were put off.
    """
    room = load_room_faces(access.room.id)
    cards = {card.id: card for card in list_people(access.room.id)}
    pairs = [
        DoubtfulPair(_side(room, cards, *pair.first), _side(room, cards, *pair.second))
        for pair in rank_pairs(room.faces, eps=eps, apart=room.apart)
        if _is_shown(pair, cards)
    ]
    asked = [pair for pair in pairs if pair.key not in later]
    return (asked[0] if asked else None), len(asked)


def _is_shown(pair: SuggestedPair, cards: dict[int, PersonCard]) -> bool:
    """Whether nobody of the pair is hidden."""
    return all(person in cards or person == NO_PERSON for person, _ in (pair.first, pair.second))


def _side(
    room: RoomFaces, cards: dict[int, PersonCard], person_id: int, rows: Sequence[int]
) -> PairSide:
    return PairSide(cards.get(person_id), room.ids[rows].tolist())
