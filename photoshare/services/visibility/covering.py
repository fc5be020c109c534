"""Which faces of photos are covered for whom: those of people who asked not to be shown.

A room covers them if its host says so. Hosts see all faces, and whoever asked sees their own; the
wall and shared albums cover them for everybody. A photo that was never searched is covered as a
whole for all but hosts and whoever added it, as long as anybody of the room is hidden: nobody
knows who is on it. A clip with such a face, or whose faces nobody knows, is a covered picture only:
it isn't played and can't be saved.

Who is recognised on one of the photos that are shown as one is on the others, too, though nobody is
recognised on a small copy of it, or in a blurred movie: there the same place is covered. Of what
may have several pictures, such as an animation, only a copy of the first is sent.

A room in which nobody has ever asked costs no query: `Room.covering` is 0.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil
from typing import TypeAlias

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import aliased

from photoshare.geometry import FaceLocation
from photoshare.models import PHOTO_FAILED, Face, FacesFor, Person, Photo, Room, db, number_of
from photoshare.pictures.formats import Kind
from photoshare.services.rooms.entering import Access
from photoshare.services.versions.stacking import Member, load_members, stacks_of, with_company
from photoshare.services.visibility.sight import own_person_id

# Of their pictures only the first is searched: of the others nobody knows whom they show.
SEVERAL_PICTURES = ("GIF", "WEBP", "TIFF", "AVIF")
_OF_NOBODY = 0  # in place of a person: nothing is covered, but only a copy is sent
_HASH_LENGTH = 16  # hexadecimal digits; names a picture beside its photo's full hash


@dataclass(frozen=True, slots=True)
class Cover:
    """What is covered on a photo.

    Attributes
    ----------
    locations : tuple of FaceLocation
        In pixels of the upright original, in their order.
    is_whole : bool
        The whole photo, since nobody knows yet who is on it.
    """

    locations: tuple[FaceLocation, ...]
    is_whole: bool = False  # without locations

    @property
    def name(self) -> str:
        """A word for file names, the same for the same cover of a photo."""
        digest = hashlib.sha256(json.dumps([self.locations, self.is_whole]).encode())
        return digest.hexdigest()[:_HASH_LENGTH]


WHOLE = Cover((), is_whole=True)


@dataclass(frozen=True, slots=True)
class Covering:
    """What is covered in a room for someone.

    Attributes
    ----------
    people : frozenset of int
        Whose faces; empty: nothing is covered.
    guest_id : int or None
        Who sees what they added as it is until it is searched.
    """

    people: frozenset[int] = frozenset()
    guest_id: int | None = None
    covers_unsearched: bool = False

    def __bool__(self) -> bool:
        """Whether anything may be covered."""
        return bool(self.people)

    def of_photo(self, photo: Photo) -> Cover | None:
        """Return what is covered on a photo; None if nothing is."""
        if not self.people:
            return None
        if self.hides(photo):
            return WHOLE
        cover = self.of_photos([photo.id]).get(photo.id)
        # Faces move: what hides them in one picture of a clip doesn't in the next.
        return WHOLE if cover and photo.duration_ms is not None else cover

    def hides(self, photo: Photo) -> bool:
        """Whether nobody knows yet whom a photo shows, and this browser has to wait for that."""
        is_unsearched = photo.engine is None and photo.state != PHOTO_FAILED
        is_own = self.guest_id is not None and photo.guest_id == self.guest_id
        return self.covers_unsearched and is_unsearched and not is_own

    def withholds(self, photo: Photo) -> bool:
        """Whether a clip is only shown as a covered picture: it is neither played nor saved."""
        return photo.duration_ms is not None and self.of_photo(photo) is not None

    def unsearched(self, room_id: int) -> frozenset[int]:
        """List the photos of a room of which nobody knows yet whom they show, by id.

        To be asked before `of_photos`: a search that ends in between is in one of both.
        """
        if not (self.people and self.covers_unsearched):
            return frozenset()
        is_unsearched = Photo.engine.is_(None) & (Photo.state != PHOTO_FAILED)
        is_own = Photo.guest_id.is_not(None) & (Photo.guest_id == self.guest_id)
        query = select(Photo.id).where(Photo.room_id == room_id, is_unsearched, ~is_own)
        return frozenset(db.session.scalars(query))

    def withheld_clips(self, room_id: int) -> frozenset[int]:
        """List the clips of a room that are only shown as covered pictures, by id."""
        if not self.people:
            return frozenset()
        clips = select(Photo.id).where(Photo.room_id == room_id, Photo.duration_ms.is_not(None))
        ids = frozenset(db.session.scalars(clips))
        return ids & (self.unsearched(room_id) | self.of_photos().keys()) if ids else ids

    def of_photos(self, photo_ids: Collection[int] | None = None) -> dict[int, Cover]:
        """Return what is covered on searched photos, by id; None: all photos of the room."""
        return {
            photo_id: Cover(tuple(sorted(chain.from_iterable(faces.values()))))
            for photo_id, faces in _faces_of(self.people, photo_ids).items()
        }


NOTHING = Covering()


def may_cover(room: Room) -> bool:
    """Whether pictures of a room may be covered for someone; asks the database nothing."""
    return room.covers_faces and room.covering > 0


def covering_for(access: Access) -> Covering:
    """Return what is covered for this browser: nothing for hosts."""
    if access.is_host or not may_cover(access.room):
        return NOTHING
    return _covering(access.room, own_person_id(access), access.guest.id)


def covering_for_all(room: Room) -> Covering:
    """Return what is covered where anybody may be looking: on the wall, in shared albums."""
    return _covering(room, None, None) if may_cover(room) else NOTHING


def _covering(room: Room, own_id: int | None, guest_id: int | None) -> Covering:
    """Return who is covered for a guest, or for everybody."""
    asked = set(_asked(room.id))
    if not asked:
        return NOTHING
    people = frozenset(asked - {own_id})
    return Covering(people, guest_id, room.faces_for != FacesFor.NOBODY and bool(people))


def _asked(room_id: int) -> Sequence[int]:
    query = select(Person.id).where(Person.room_id == room_id, Person.has_asked)
    return db.session.scalars(query).all()


def valid_covers(faces: Mapping[int, Sequence[FaceLocation]]) -> list[Cover]:
    """List all covers of a photo that anybody may see now.

    Parameters
    ----------
    faces : mapping of person id to sequence of FaceLocation
        The faces on the photo of those who asked.
    """
    everybody = frozenset(faces)
    shown = [everybody, *(everybody - {person} for person in everybody)]
    covers = {
        Cover(tuple(sorted(one for person in people for one in faces[person])))
        for people in shown
        if people
    }
    return sorted(covers, key=lambda cover: cover.locations)


def asked_faces(room_id: int) -> dict[str, dict[int, list[FaceLocation]]]:
    """List where the faces of those who asked are, by the photo's SHA-256 and the person.

    Without clips, of which no covered copies are made.
    """
    asked = _asked(room_id)
    faces = _faces_of(asked)
    query = select(Photo.id, Photo.sha256).where(may_show(room_id, asked))
    rows = db.session.execute(query.where(Photo.duration_ms.is_(None)))
    return {sha256: faces[photo_id] for photo_id, sha256 in rows if photo_id in faces}


def may_show(room_id: int, people: Collection[int]) -> ColumnElement[bool]:
    """Return which photos of a room may show some people, without looking closely."""
    with_them = select(Face.photo_id).where(Face.person_id.in_(people))
    other = aliased(Photo)
    fronts = select(other.front_id).where(other.room_id == room_id, other.front_id.is_not(None))
    is_one_with_others = Photo.front_id.is_not(None) | Photo.id.in_(fronts)
    has_several = Photo.image_format.in_(SEVERAL_PICTURES)
    may_be = Photo.id.in_(with_them) | is_one_with_others | has_several
    return and_(Photo.room_id == room_id, may_be)


_Faces: TypeAlias = dict[int, dict[int, list[FaceLocation]]]  # by photo and person


def _faces_of(people: Collection[int], photo_ids: Collection[int] | None = None) -> _Faces:
    """Find the faces of people on photos, and where they are on what is shown as one with these.

    Parameters
    ----------
    people : collection of int
        Of one room.
    photo_ids : collection of int, optional
        By default all photos of the room.
    """
    if not people:
        return {}
    edges = (Face.top, Face.right, Face.bottom, Face.left)
    query = select(Face.photo_id, Face.person_id, *edges)
    query = query.where(Face.person_id.in_(people), Face.is_face)
    members: list[Member] = []
    if photo_ids is not None:
        members = load_members(with_company(photo_ids))
        query = query.where(Face.photo_id.in_({*photo_ids, *(one.id for one in members)}))
    found: _Faces = {}
    for photo_id, person_id, *location in db.session.execute(query):
        of_photo = found.setdefault(photo_id, {}).setdefault(number_of(person_id), [])
        of_photo.append(tuple(location))  # type: ignore[arg-type]
    if photo_ids is None:
        members = load_members(with_company(found))
    for stack in stacks_of(members):
        _spread(found, stack)
    several = select(Photo.id).where(Photo.image_format.in_(SEVERAL_PICTURES))
    room_ids = select(Person.room_id).where(Person.id.in_(people))
    is_one = Photo.room_id.in_(room_ids) if photo_ids is None else Photo.id.in_(photo_ids)
    for photo_id in db.session.scalars(several.where(is_one)):
        found.setdefault(photo_id, {})[_OF_NOBODY] = []
    wanted = found.keys() if photo_ids is None else found.keys() & set(photo_ids)
    return {photo_id: found[photo_id] for photo_id in wanted}


def _spread(found: _Faces, stack: Sequence[Member]) -> None:
    """Add to each photo of a stack who was recognised on others of it only."""
    pictures = [one for one in stack if one.kind is not Kind.CLIP and one.id in found]
    known = [(one, person, where) for one in pictures for person, where in found[one.id].items()]
    for photo in stack:
        for other, person, locations in known:
            faces = found.setdefault(photo.id, {})
            if person not in faces:
                faces[person] = [_scaled(where, other, photo) for where in locations]


def _scaled(location: FaceLocation, source: Member, target: Member) -> FaceLocation:
    top, right, bottom, left = location
    across, down = target.width / source.width, target.height / source.height
    return int(top * down), ceil(right * across), ceil(bottom * down), int(left * across)


# ---- Counting the changes, in the caller's transaction -------------------------------------------


def count_covering(room_id: int) -> None:
    """Count a change of who is covered."""
    query = update(Room).where(Room.id == room_id).values(covering=Room.covering + 1)
    db.session.execute(query.execution_options(synchronize_session=False))


def count_if_covered(room_id: int, people: Collection[int]) -> None:
    """Count a change of the faces of these people, if one of them may be covered."""
    if not people:
        return
    asked = (
        select(Person.id)
        .join(Room, Room.id == Person.room_id)
        .where(Room.id == room_id, Room.covering > 0, Person.has_asked)
    )
    if not set(people).isdisjoint(db.session.scalars(asked)):
        count_covering(room_id)
