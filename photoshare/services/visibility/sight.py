"""What a browser in a room sees of its photos and people: conditions for every query that lists.

Hosts see all photos, with a token as well; guests what the room's audience says, and always what
they added. Nothing else decides this, so that no address can bypass it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true, union_all
from sqlalchemy.orm import aliased

from photoshare.models import (
    AlsoAdded,
    Audience,
    Face,
    FacesFor,
    Person,
    Photo,
    Room,
    db,
    number_of,
    utc_now,
)
from photoshare.services.rooms.entering import Access, Author


def sees_all_photos(access: Access) -> bool:
    """Whether this browser sees every photo of the room."""
    room = access.room
    return access.guest.is_host or room.audience == Audience.EVERYBODY or is_revealed(room)


def is_revealed(room: Room, now: datetime | None = None) -> bool:
    """Whether the time has come from which guests see all photos of a room."""
    since = room.revealed_at
    return room.audience == Audience.LATER and since is not None and since <= (now or utc_now())


def visible_photos(access: Access, photo_id: int | None = None) -> ColumnElement[bool]:
    """Return which of the room's photos this browser sees; the caller names the room.

    Parameters
    ----------
    access : Access
    photo_id : int, optional
        Whether it sees this one, without looking for the others.
    """
    if sees_all_photos(access):
        return true()
    seen = _added_by(access.guest.id)
    if access.room.audience == Audience.SELF:
        photo = aliased(Photo)
        seen.append(select(photo.id).where(photo.room_id == access.room.id, photo.is_for_all))
        # Compared with nothing, the faces of nobody would be theirs.
        if (person_id := own_person_id(access)) is not None and may_find_self(access):
            seen.append(select(Face.photo_id).where(Face.person_id == person_id))
    if photo_id is not None:
        seen = [some.where(some.selected_columns[0] == photo_id) for some in seen]
    # As ids of each: with OR between them, SQLite looks at every photo of the room.
    return Photo.id.in_(union_all(*seen))


def own_uploads(guest_id: int) -> ColumnElement[bool]:
    """Return which photos a guest added, even if another had added the same before."""
    return Photo.id.in_(union_all(*_added_by(guest_id)))


def also_added(guest_id: int) -> ColumnElement[bool]:
    """Return which photos a guest added that another had added before."""
    return Photo.id.in_(select(AlsoAdded.photo_id).where(AlsoAdded.guest_id == guest_id))


def _added_by(guest_id: int) -> list[Select[int]]:
    photo = aliased(Photo)
    return [
        select(photo.id).where(photo.guest_id == guest_id),
        select(AlsoAdded.photo_id).where(AlsoAdded.guest_id == guest_id),
    ]


def added_by(access: Access, guest_id: int) -> ColumnElement[bool]:
    """Return which photos someone added, as this browser is shown it.

    Where guests don't see all photos, what they and another added is their own.
    """
    if sees_all_photos(access):
        return Photo.guest_id == guest_id
    if guest_id == access.guest.id:
        return own_uploads(guest_id)
    return and_(Photo.guest_id == guest_id, ~also_added(access.guest.id))


def sees_only_self(access: Access) -> bool:
    """Whether this browser sees nobody's album but, once they found themselves, their own."""
    return access.room.faces_for != FacesFor.EVERYBODY or not sees_all_photos(access)


def searches_faces(room_id: int) -> bool:
    """Whether faces are searched in a room."""
    query = select(Room.faces_for).where(Room.id == room_id)
    return db.session.scalar(query) != FacesFor.NOBODY


def may_find_self(access: Access) -> bool:
    """Whether this browser may look for itself: faces are searched, and their photos shown."""
    if access.room.faces_for == FacesFor.NOBODY:
        return False
    return sees_all_photos(access) or access.room.audience == Audience.SELF


def own_person_id(access: Access) -> int | None:
    """Return who this guest is; None if they have not said, or not shown where that is needed.

    Where everybody sees only themselves, a script is no one.
    """
    guest = access.guest
    if sees_only_self(access) and (access.token is not None or not guest.is_proven):
        return None
    return guest.person_id


def visible_people(access: Access) -> ColumnElement[bool]:
    """Return which people of the room this browser sees; the caller names the room."""
    is_own = Person.id == own_person_id(access)
    if sees_only_self(access):
        return is_own if may_find_self(access) else false()
    if access.is_host:
        return true()
    return or_(Person.is_hidden.is_(False), and_(is_own, Person.has_asked))


def may_see_person(access: Access, person: Person) -> bool:
    """Whether this browser sees a person; as `visible_people`, for a row that is loaded."""
    if person.room_id != access.room.id:
        return False
    is_own = person.id == own_person_id(access)
    if sees_only_self(access):
        return is_own and may_find_self(access)
    return access.is_host or not person.is_hidden or (is_own and person.has_asked)


def may_see_face(access: Access, face: Face) -> bool:
    """Whether this browser sees a face of the room; its person is loaded."""
    if face.person is None:
        return not sees_only_self(access)
    return may_see_person(access, face.person)


def may_be_person(access: Access, person: Person, *, is_proven: bool) -> bool:
    """Whether a guest may say that they are a person; ``is_proven``: by a picture of themselves."""
    if not sees_only_self(access):
        return may_see_person(access, person)
    is_here = person.room_id == access.room.id and may_find_self(access)
    is_shown = access.is_host or person.has_asked or not person.is_hidden
    return is_proven and is_here and is_shown


def author_of(access: Access) -> Author:
    """Make the author for a browser: hosts correct all, guests their own photos or by setting.

    Who sees only themselves may take wrong faces out of their own album, host or not.
    """
    room, guest = access.room, access.guest
    if sees_only_self(access):
        own = number_of(own_person_id(access))
        return Author(room.id, guest.id, False, False, access.is_read_only, sees_only=own)
    may_correct_all = room.guests_may_correct and not access.is_read_only
    return Author(room.id, guest.id, access.is_host, may_correct_all, access.is_read_only)
