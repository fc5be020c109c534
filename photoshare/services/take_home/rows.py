"""Read the rows of a room as the lines of a room file (docs/take-home.md)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Executable, select

from photoshare.geometry import FaceLocation
from photoshare.models import (
    PHOTO_ANALYSED,
    PHOTO_ANALYSING,
    PHOTO_WAITING,
    ClockShift,
    Correction,
    CorrectionFace,
    Face,
    Guest,
    Heart,
    Person,
    Photo,
    Room,
    db,
)
from photoshare.services.corrections.events import CorrectionKind
from photoshare.services.take_home.room_file import FORMAT, VERSION, Choice

Line = dict[str, Any]
# So that the rows of a room of 20,000 photos are not in memory at once.
_ROWS_AT_ONCE = 500


@dataclass(slots=True)
class PhotoToTake:
    """What is kept in memory of a photo while the room file is written: some 500 bytes.

    Attributes
    ----------
    faces : list of (FaceLocation, person id or None)
        In a clip, without locations: they are those of one moment.
    """

    line: Line
    moment: datetime
    crc32: int
    faces: list[tuple[FaceLocation | None, int | None]] = field(default_factory=list)

    @property
    def people(self) -> set[int]:
        """Who is on it."""
        return {person for _, person in self.faces if person is not None}


def room_line(room: Room, choice: Choice) -> Line:
    """Describe the room itself, without its secrets: code, password and host links."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": room.title,
        "ends_on": room.ends_on and room.ends_on.isoformat(),
        "keeps_metadata": room.keeps_metadata,
        "guests_may_correct": room.guests_may_correct,
        "has_hearts": room.has_hearts,
        "audience": room.audience,
        "revealed_at": room.revealed_at and _moment(room.revealed_at),
        "faces_for": room.faces_for,
        "adds_until": room.adds_until and room.adds_until.isoformat(),
        "covers_faces": room.covers_faces,
        "time_zone": room.time_zone,
        "created_at": _moment(room.created_at),
        "cover_photo": room.cover_photo_id,
        "folders": choice.by.value,
        "has_encodings": choice.has_encodings,
    }


def guest_lines(room_id: int, *, with_people: bool) -> Iterator[Line]:
    """List the guests: their names, who hosts, and with the people who said they are whom."""
    query = select(Guest).where(Guest.room_id == room_id).order_by(Guest.id)
    for (guest,) in _rows(query):
        yield {
            "id": guest.id,
            "name": guest.name,
            "is_host": guest.is_host,
            "joined_at": _moment(guest.created_at),
            "person": guest.person_id if with_people else None,
            "said_person": guest.said_person_id if with_people else None,
            "own_seen_count": guest.own_seen_count if with_people else None,
            "is_upload_stopped": guest.is_upload_stopped,
        }


def people_lines(room_id: int) -> Iterator[Line]:
    """List the people as they are now; name and hiding follow from the corrections."""
    query = select(Person).where(Person.room_id == room_id).order_by(Person.id)
    for (person,) in _rows(query):
        yield {
            "id": person.id,
            "name": person.name,
            "is_hidden": person.is_hidden,
            "created_at": _moment(person.created_at),
            "cover_face": person.cover_face_id,
            "clear_face": person.clear_face_id,
        }


def photos_of(room_id: int) -> dict[int, PhotoToTake]:
    """Read the photos whose originals are there, by id, in its order."""
    query = select(Photo).where(Photo.room_id == room_id, ~Photo.is_lost, Photo.crc32.is_not(None))
    found = {}
    for (photo,) in _rows(query.order_by(Photo.id)):
        found[photo.id] = PhotoToTake(
            {
                "id": photo.id,
                "files": [],
                "sha256": photo.sha256,
                "name": photo.file_name,
                "format": photo.image_format,
                "bytes": photo.size_bytes,
                "width": photo.width,
                "height": photo.height,
                "captured_at": photo.captured_at and photo.captured_at.isoformat(),
                "captured_by": photo.captured_by,
                "captured_offset_min": photo.captured_offset_min,
                "shifted_s": photo.shifted_s,
                "added_at": _moment(photo.created_at),
                "guest": photo.guest_id,
                "state": _state(photo.state),
                "engine": photo.engine,
                "is_for_all": photo.is_for_all,
                "stands": photo.stands,
            },
            photo.moment,
            photo.crc32,
        )
    return found


def let_wait(photos: dict[int, PhotoToTake]) -> None:
    """Let photos whose faces aren't taken along be as before their search."""
    for photo in photos.values():
        photo.line |= {"state": PHOTO_WAITING, "engine": None}


def _state(state: str) -> str:
    """Return the state of a photo as it is after a start."""
    return PHOTO_WAITING if state == PHOTO_ANALYSING else state


def face_lines(photos: dict[int, PhotoToTake], room_id: int, choice: Choice) -> Iterator[Line]:
    """List the faces, and note on each photo whose they are.

    Without encodings, a photo is to be searched again: `photos` say so afterwards.
    """
    query = select(Face).join(Photo).where(Photo.room_id == room_id).order_by(Face.id)
    for (face,) in _rows(query):
        photo = photos.get(face.photo_id)
        if photo is None:
            continue
        if face.is_face:
            where = face.location if face.at_ms is None else None
            photo.faces.append((where, face.person_id))
        encoding = face.encoding if choice.has_encodings else None
        yield {
            "id": face.id,
            "photo": face.photo_id,
            "person": face.person_id,
            "top": face.top,
            "right": face.right,
            "bottom": face.bottom,
            "left": face.left,
            "score": face.score,
            "quality": face.quality,
            "panel": face.panel,
            "at_ms": face.at_ms,
            "is_face": face.is_face,
            "is_forgotten": face.is_forgotten,
            "encoding": encoding and base64.b64encode(encoding).decode(),
        }
    if not choice.has_encodings:
        for photo in photos.values():
            if photo.line["state"] == PHOTO_ANALYSED:
                photo.line["state"] = PHOTO_WAITING


def correction_lines(room_id: int, photos: dict[int, PhotoToTake]) -> Iterator[Line]:
    """List the corrections of faces, oldest first: those in force with their faces.

    ``faces`` are lists of face, side, whether it is carried, and whose it was before and after.
    """
    here = select(Correction.id).where(Correction.room_id == room_id)
    of_face = (CorrectionFace.correction_id, Face.photo_id, CorrectionFace.face_id)
    said_of_it = (CorrectionFace.side, CorrectionFace.is_carried)
    people = (CorrectionFace.person_before, CorrectionFace.person_after)
    query = (
        select(*of_face, *said_of_it, *people)
        .join(Face, Face.id == CorrectionFace.face_id)
        .where(CorrectionFace.correction_id.in_(here))
        .order_by(CorrectionFace.correction_id, Face.id)
    )
    of_faces = (Correction.room_id == room_id, Correction.kind != CorrectionKind.CLOCK)
    corrections = select(Correction).where(*of_faces).order_by(Correction.id)
    said = groupby(_rows(query), key=itemgetter(0))
    no_more: tuple[int, Iterator[Any]] = (0, iter(()))  # row ids begin at 1
    number, faces = next(said, no_more)
    for (correction,) in _rows(corrections):
        about: list[list[Any]] = []
        if number == correction.id:
            about = [values for _, photo_id, *values in faces if photo_id in photos]
            number, faces = next(said, no_more)
        yield {
            "id": correction.id,
            "guest": correction.guest_id,
            "kind": correction.kind,
            "name": correction.name,
            "made_at": _moment(correction.created_at),
            "undone_at": correction.undone_at and _moment(correction.undone_at),
            "undone_by": correction.undone_by,
            "faces": about,
        }


def clock_lines(room_id: int) -> Iterator[Line]:
    """List by how much hosts put the clocks of cameras right, oldest first."""
    query = (
        select(ClockShift, Correction)
        .join(Correction, Correction.id == ClockShift.correction_id)
        .where(ClockShift.room_id == room_id)
        .order_by(Correction.id)
    )
    for shift, correction in _rows(query):
        yield {
            "owner": shift.guest_id,
            "camera": shift.camera,
            "shift_s": shift.shift_s,
            "guest": correction.guest_id,
            "made_at": _moment(correction.created_at),
            "undone_at": correction.undone_at and _moment(correction.undone_at),
            "undone_by": correction.undone_by,
        }


def heart_lines(room_id: int, photos: dict[int, PhotoToTake]) -> Iterator[Line]:
    """List the hearts: which guest likes which photo."""
    query = select(Heart.photo_id, Heart.guest_id).join(Photo, Photo.id == Heart.photo_id)
    query = query.where(Photo.room_id == room_id).order_by(Heart.photo_id, Heart.guest_id)
    for photo_id, guest_id in _rows(query):
        if photo_id in photos:
            yield {"photo": photo_id, "guest": guest_id}


def _rows(query: Executable) -> Iterator[Any]:
    """Read rows in portions; the cursor is closed also where they are not read to their end."""
    how = {"yield_per": _ROWS_AT_ONCE}
    with closing(db.session.execute(query, execution_options=how)) as result:
        yield from result


def _moment(moment: datetime) -> str:
    return moment.isoformat()
