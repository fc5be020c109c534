"""Load the people of a room with the counts shown on pages; kept until a face changes.

What is kept is the same for everyone: it is for `load_room_people`, which asks who may see it.
"""

from __future__ import annotations

from dataclasses import dataclass

from photoshare.services.people.people import PersonCard, find_card, list_people
from photoshare.services.people.shown_faces import count_faces, count_without_faces
from photoshare.services.rooms.entering import Access
from photoshare.services.shelf import Shelf, current_revision
from photoshare.services.visibility.sight import own_person_id, sees_only_self

KEPT_ROOMS = 200  # 300 people are 100 KB


@dataclass(frozen=True, slots=True)
class RoomPeople:
    """The people of a room, most photos first, and the number of unsorted faces.

    Attributes
    ----------
    people, hidden : list of PersonCard
        People everyone may see, and people only the host may see.
    face_count : int
        Faces of `people`, plus unsorted ones.
    revision : int
        `Room.revision` before all this was read.
    """

    people: list[PersonCard]
    hidden: list[PersonCard]
    face_count: int
    unsorted_count: int
    without_faces_count: int
    revision: int

    def cards(self, *, for_host: bool) -> dict[int, PersonCard]:
        """Return the people that a browser may see, by id."""
        return {card.id: card for card in (*self.people, *(self.hidden if for_host else ()))}


_shelf: Shelf[RoomPeople] = Shelf(KEPT_ROOMS)


def load_room_people(access: Access) -> RoomPeople:
    """Load the people of a room whom this browser sees; no counts if that is only itself."""
    if not sees_only_self(access):
        return load_everybody(access.room.id)
    own_id = own_person_id(access)
    own = None if own_id is None else find_card(access, own_id)
    return RoomPeople([own] if own else [], [], 0, 0, 0, current_revision(access.room.id))


def load_everybody(room_id: int) -> RoomPeople:
    """Load all people of a room, from memory if no face has changed; not for pages."""
    revision = current_revision(room_id)
    return _shelf.load(room_id, revision, lambda: _read(room_id, revision))


def _read(room_id: int, revision: int) -> RoomPeople:
    faces = count_faces(room_id)
    everybody = list_people(room_id, is_hidden=None)
    return RoomPeople(
        people=[card for card in everybody if not card.is_hidden],
        hidden=[card for card in everybody if card.is_hidden],
        face_count=faces.all - faces.of_hidden,
        unsorted_count=faces.unsorted,
        without_faces_count=count_without_faces(room_id),
        revision=revision,
    )
