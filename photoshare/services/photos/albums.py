"""Define the kinds of albums of a room, and the one function that opens them.

`open_album` contains the access check of every album. Nothing else makes one (enforced by
tests/project/test_architecture.py), so no address can bypass it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute

from photoshare.errors import InvalidInputError, NotFoundError
from photoshare.models import Face, Guest, Person, Photo, db
from photoshare.services.people.people import get_people, get_person
from photoshare.services.rooms.entering import Access
from photoshare.services.versions import folding
from photoshare.services.visibility.also_added import NEUTRAL_NAME, has_also_added, reader_of
from photoshare.services.visibility.sight import (
    added_by,
    also_added,
    own_uploads,
    sees_all_photos,
    visible_photos,
)

# A class, a team or a table at a wedding has fewer; nobody ticks more boxes by hand.
MOST_PEOPLE = 100
MOST_CHOSEN = 5000  # photos in one selection; SQLite takes 32,766 parameters in a query

# With the number in it: SQLite uses a partial index only where it can read the condition.
IS_FAVOURITE: ColumnElement[bool] = Photo.heart_count > literal_column("0")
# Of every photo: it lets SQLite use the index of hearts, which no other query shall choose.
IS_COUNTED: ColumnElement[bool] = Photo.heart_count >= literal_column("0")


class Order(StrEnum):
    """How the photos of an album follow each other; each has an index of every room's photos."""

    NEWEST = "newest"
    OLDEST = "oldest"
    HEARTS = "hearts"  # most hearts first, then the newest

    @property
    def columns(self) -> tuple[InstrumentedAttribute[Any], ...]:
        """The columns that it compares, the most important first."""
        by_time = (Photo.moment, Photo.id)
        return (Photo.heart_count, *by_time) if self is Order.HEARTS else by_time

    @property
    def is_ascending(self) -> bool:
        """Whether the smallest values come first."""
        return self is Order.OLDEST


@dataclass(frozen=True, slots=True)
class Album(ABC):
    """A set of photos in a room that its reader may see; made by `open_album` only.

    Attributes
    ----------
    kind : str
        For templates and addresses.
    usual_order : Order
        Where nobody asks for another: the newest first for the room's page and for uploads; the
        albums of people and zips tell their story from the start.
    is_seen : ColumnElement of bool
        Which photos of the room its reader sees.
    reader : Guest or None
        As whose those photos are shown that the reader and someone else added; None: as they are.
    has_behind : bool
        Whether it also has what stands behind its photos; else what is shown as one is in it once.
    """

    kind: ClassVar[str]
    usual_order: ClassVar[Order] = Order.OLDEST
    room_id: int
    order: Order = field(default=Order.OLDEST, kw_only=True)
    is_seen: ColumnElement[bool] = field(default=true(), kw_only=True, compare=False, repr=False)
    reader: Guest | None = field(default=None, kw_only=True, compare=False, repr=False)
    has_behind: bool = field(default=False, kw_only=True)

    @property
    @abstractmethod
    def condition(self) -> ColumnElement[bool]:
        """Return which photos of the room are in it."""

    @property
    def file_name(self) -> ColumnElement[str]:
        """Return what the reader sees of the names of its files."""
        if self.reader is None:
            return Photo.file_name.expression
        return case((also_added(self.reader.id), literal(NEUTRAL_NAME)), else_=Photo.file_name)

    def select(self, order: Order | None = None, *, backwards: bool = False) -> Select[Photo]:
        """Select its photos in their order.

        Parameters
        ----------
        order : Order, optional
            By default as the album is shown.
        backwards : bool
            The last one first.
        """
        order = order or self.order
        query = select(Photo).where(Photo.room_id == self.room_id, self.is_seen)
        if self.has_behind:
            query = query.where(folding.with_behind(self.room_id, self.condition, self.is_seen))
        else:
            in_it = (self.condition, self.is_seen)
            query = query.where(self.condition, folding.unfolded(self.room_id, *in_it))
        is_ascending = order.is_ascending != backwards
        if order is Order.HEARTS:
            query = query.where(IS_COUNTED)
        return query.order_by(*(it if is_ascending else it.desc() for it in order.columns))


@dataclass(frozen=True, slots=True)
class WholeRoom(Album):
    """Every photo of a room."""

    kind = "room"
    usual_order = Order.NEWEST

    @property
    def condition(self) -> ColumnElement[bool]:
        """Every photo."""
        return true()


@dataclass(frozen=True, slots=True)
class OfPerson(Album):
    """The album of one person."""

    kind = "person"

    person: Person

    @property
    def condition(self) -> ColumnElement[bool]:
        """With a face of this person."""
        return Photo.id.in_(select(Face.photo_id).where(Face.person_id == self.person.id))


@dataclass(frozen=True, slots=True)
class OfPeople(Album):
    """The photos of several people: with any of them, or with all of them together."""

    kind = "people"

    people: tuple[Person, ...]
    is_together: bool

    @property
    def condition(self) -> ColumnElement[bool]:
        """With faces of these people."""
        return _with_people(self.people, are_together=self.is_together)


@dataclass(frozen=True, slots=True)
class OfGuest(Album):
    """The photos that one guest uploaded."""

    kind = "guest"
    usual_order = Order.NEWEST

    guest_id: int
    has_also_added: bool = False  # what another had added before; there hardly ever is any

    @property
    def condition(self) -> ColumnElement[bool]:
        """Uploaded by this guest."""
        if self.has_also_added:
            return own_uploads(self.guest_id)
        return Photo.guest_id == self.guest_id


@dataclass(frozen=True, slots=True)
class Chosen(Album):
    """Photos that someone selected one by one."""

    kind = "chosen"

    photo_ids: tuple[int, ...]

    @property
    def condition(self) -> ColumnElement[bool]:
        """Those of these photos that are in the room."""
        return Photo.id.in_(self.photo_ids)


@dataclass(frozen=True, slots=True)
class Filtered(Album):
    """The photos of a room that satisfy all of some filters."""

    kind = "filtered"
    usual_order = Order.NEWEST

    uploader: Guest | None
    is_by: ColumnElement[bool] = field(compare=False, repr=False)  # this one, or anybody
    people: tuple[Person, ...]  # together in each photo
    is_without_faces: bool
    is_favourite: bool  # someone gave it a heart

    @property
    def condition(self) -> ColumnElement[bool]:
        """Satisfying every filter."""
        conditions: list[ColumnElement[bool]] = [true()]
        if self.uploader is not None:
            conditions.append(self.is_by)
        if self.people:
            conditions.append(_with_people(self.people, are_together=True))
        if self.is_without_faces:
            conditions.append(Photo.is_without_faces == true())
        if self.is_favourite:
            conditions.append(IS_FAVOURITE)
        return and_(*conditions)


def start_ms(album: Album, faces: Iterable[Face]) -> int | None:
    """Return when a clip shows whom an album is about; None: nobody, or it isn't a clip.

    Parameters
    ----------
    album : Album
    faces : iterable of Face
        On the clip.
    """
    match album:
        case OfPerson(person=person):
            people = {person.id}
        case OfPeople(people=several) | Filtered(people=several):
            people = {person.id for person in several}
        case _:
            people = set()
    times = (face.at_ms for face in faces if face.person_id in people)
    return min((at_ms for at_ms in times if at_ms is not None), default=None)


def _with_people(people: Sequence[Person], *, are_together: bool) -> ColumnElement[bool]:
    """Return the condition for photos of people; one query, however many they are."""
    ids = [person.id for person in people]
    photos = select(Face.photo_id).where(Face.person_id.in_(ids))
    if are_together:
        count = func.count(Face.person_id.distinct())
        photos = photos.group_by(Face.photo_id).having(count == len(ids))
    return Photo.id.in_(photos)


def open_album(
    access: Access,
    *,
    person_id: int | None = None,
    people: Sequence[int] = (),
    is_together: bool = False,
    guest_id: int | None = None,
    photo_ids: Sequence[int] = (),
    uploader_id: int | None = None,
    together: Sequence[int] = (),
    is_without_faces: bool = False,
    is_favourite: bool = False,
    order: Order | None = None,
) -> Album:
    """Open an album of the room, the only way to get one; by default the whole room.

    Parameters
    ----------
    access : Access
        Who asks. Guests cannot open the album of a hidden person.
    person_id : int, optional
    people : sequence of int, optional
    is_together : bool
        Whether all of `people` have to be in a photo, not any.
    guest_id : int, optional
        Whose uploads: guests may give only themselves, the host anyone.
    photo_ids : sequence of int, optional
        A selection.
    uploader_id, together, is_without_faces, is_favourite : optional
        Filters of the room; people are all in each photo.
    order : Order, optional
        By default, and by hearts in a room without them, as suits the kind of album.

    Raises
    ------
    NotFoundError
        If the room has no such person or guest for this browser.
    InvalidInputError
        If there are more people or photos than allowed.
    """
    room_id, is_favourite = access.room.id, is_favourite and sees_all_photos(access)
    if max(len(people), len(together)) > MOST_PEOPLE:
        raise InvalidInputError("Please select up to %(number)s people.", number=MOST_PEOPLE)
    if len(photo_ids) > MOST_CHOSEN:
        raise InvalidInputError("Please select up to %(number)s photos.", number=MOST_CHOSEN)
    if people:
        album: Album = OfPeople(room_id, tuple(get_people(access, people)), is_together)
    elif guest_id is not None:
        album = OfGuest(room_id, _checked_guest(access, guest_id), has_also_added(guest_id))
    elif person_id is not None:
        album = OfPerson(room_id, get_person(access, person_id))
    elif photo_ids:
        album = Chosen(room_id, tuple(photo_ids))
    elif uploader_id is not None or together or is_without_faces or is_favourite:
        uploader, some = _get_uploader(access, uploader_id), tuple(get_people(access, together))
        is_by = true() if uploader is None else added_by(access, uploader.id)
        album = Filtered(room_id, uploader, is_by, some, is_without_faces, is_favourite)
    else:
        album = WholeRoom(room_id)
    return _for_reader(access, album, order)


def with_behind(album: Album) -> Album:
    """Return an album with all that stands behind its photos and its reader sees."""
    return replace(album, has_behind=True)


def _for_reader(access: Access, album: Album, order: Order | None) -> Album:
    """Leave in an album what this browser sees, in the order that was asked for."""
    order = _shown_order(access, order) or album.usual_order
    return replace(album, order=order, is_seen=visible_photos(access), reader=reader_of(access))


def _shown_order(access: Access, order: Order | None) -> Order | None:
    """Return the order that was asked for; None if nothing in the room has it.

    Where guests don't see all photos, the order would tell of the hearts of others.
    """
    has_hearts = access.room.has_hearts and sees_all_photos(access)
    return None if order is Order.HEARTS and not has_hearts else order


def _checked_guest(access: Access, guest_id: int) -> int:
    is_own = guest_id == access.guest.id
    guest = db.session.get(Guest, guest_id) if access.is_host and not is_own else None
    if not is_own and (guest is None or guest.room_id != access.room.id):
        raise NotFoundError("This page doesn't exist, or only people in its room can see it.")
    return guest_id


def _get_uploader(access: Access, guest_id: int | None) -> Guest | None:
    """Load a guest whose name is written beside photos; the nameless for the host only.

    Beside photos that this browser sees.
    """
    if guest_id is None:
        return None
    guest = db.session.get(Guest, guest_id)
    may_ask = access.is_host or guest_id == access.guest.id or (guest is not None and guest.name)
    if guest is None or guest.room_id != access.room.id or not may_ask:
        raise NotFoundError("This page doesn't exist, or only people in its room can see it.")
    if guest_id != access.guest.id and not sees_all_photos(access):
        theirs = (Photo.room_id == access.room.id, added_by(access, guest_id))
        seen = select(Photo.id).where(*theirs, visible_photos(access))
        if db.session.scalar(seen.limit(1)) is None:
            raise NotFoundError("This page doesn't exist, or only people in its room can see it.")
    return guest
