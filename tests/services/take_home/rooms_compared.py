"""Compare two rooms whose rows have different ids: by photos, places and order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from photoshare.db import db
from photoshare.models import (
    ApartLinks,
    Correction,
    CorrectionFace,
    Face,
    Guest,
    Heart,
    Person,
    Photo,
    Room,
)

ROOM = (
    *("title", "ends_on", "keeps_metadata", "guests_may_correct", "has_hearts", "created_at"),
    *("audience", "revealed_at", "faces_for", "adds_until", "covers_faces"),
    "time_zone",
)
PHOTO = (
    *("file_name", "image_format", "size_bytes", "width", "height", "captured_at", "created_at"),
    *("captured_by", "captured_offset_min"),
)
FACE = (
    *("top", "right", "bottom", "left", "score", "quality", "panel", "is_face", "encoding"),
    *("is_forgotten", "at_ms"),
)


def described(room_id: int) -> dict[str, Any]:
    """Describe everything in a room without an id of its database; needs an app context."""
    db.session.rollback()
    numbers = Numbers(room_id)
    room = db.session.get_one(Room, room_id)
    return {
        "room": [getattr(room, name) for name in ROOM],
        "cover": numbers.photos.get(room.cover_photo_id or 0),
        "guests": [
            (
                *(guest.name, guest.is_host, guest.is_upload_stopped, guest.created_at),
                *(numbers.people.get(guest.person_id or 0), guest.own_seen_count),
            )
            for guest in db.session.scalars(
                select(Guest).where(Guest.room_id == room_id).order_by(Guest.id)
            )
        ],
        "photos": [
            [getattr(photo, name) for name in PHOTO]
            + [photo.state, photo.engine, numbers.guests.get(photo.guest_id or 0)]
            + [photo.face_count, photo.heart_count, photo.moment, photo.is_for_all]
            for photo in db.session.scalars(
                select(Photo).where(Photo.room_id == room_id).order_by(Photo.id)
            )
        ],
        "people": _people(room_id, numbers),
        "faces": [
            [getattr(face, name) for name in FACE]
            + [numbers.photos[face.photo_id], numbers.people.get(face.person_id or 0)]
            + [numbers.faces.get(face.bond_id or 0)]
            for face in numbers.rows
        ],
        "apart": sorted(
            (numbers.faces[one], numbers.faces[other])
            for one, other in db.session.execute(
                select(ApartLinks.bond_id, ApartLinks.other_id).where(ApartLinks.room_id == room_id)
            )
        ),
        "corrections": _corrections(room_id, numbers),
        "hearts": sorted(
            (numbers.photos[heart.photo_id], numbers.guests[heart.guest_id])
            for heart in db.session.scalars(
                select(Heart).join(Photo).where(Photo.room_id == room_id)
            )
        ),
    }


class Numbers:
    """The place of every row of a room among those of its kind, by id."""

    def __init__(self, room_id: int) -> None:
        query = select(Face).join(Photo).where(Photo.room_id == room_id).order_by(Face.id)
        self.rows = list(db.session.scalars(query))
        self.faces = places(face.id for face in self.rows)
        self.photos, self.guests, self.people = (
            places(db.session.scalars(select(kind.id).where(kind.room_id == room_id)))
            for kind in (Photo, Guest, Person)
        )


def places(ids: Any) -> dict[int, int]:
    return {number: place for place, number in enumerate(sorted(ids))}


def _people(room_id: int, numbers: Numbers) -> list[Any]:
    query = select(Person).where(Person.room_id == room_id).order_by(Person.id)
    return [
        (
            *(person.name, person.is_hidden, person.is_corrected, person.created_at),
            numbers.faces.get(person.cover_face_id or 0),
            numbers.faces.get(person.clear_face_id or 0),
        )
        for person in db.session.scalars(query)
    ]


def _corrections(room_id: int, numbers: Numbers) -> list[Any]:
    here = select(Correction.id).where(Correction.room_id == room_id)
    faces = db.session.scalars(
        select(CorrectionFace)
        .where(CorrectionFace.correction_id.in_(here))
        .order_by(CorrectionFace.correction_id, CorrectionFace.face_id)
    ).all()
    spoken_of = {face.person_before for face in faces} | {face.person_after for face in faces}
    people = places(spoken_of - {None})
    about: dict[int, list[Any]] = {}
    for face in faces:
        before, after = (people.get(one or 0) for one in (face.person_before, face.person_after))
        said = (numbers.faces[face.face_id], face.side, face.is_carried, before, after)
        about.setdefault(face.correction_id, []).append(said)
    query = select(Correction).where(Correction.room_id == room_id).order_by(Correction.id)
    return [
        (
            *(correction.kind, correction.name, correction.created_at, correction.undone_at),
            numbers.guests.get(correction.guest_id or 0),
            numbers.guests.get(correction.undone_by or 0),
            about.get(correction.id),
        )
        for correction in db.session.scalars(query)
    ]
