"""Export a room as plain data for the command line (docs/command-line.md)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from photoshare.models import Face, Person, Photo, db


def room_as_dict(room_id: int) -> dict[str, Any]:
    """List the photos, the people with their faces, and the unsorted faces of a room."""
    photos = db.session.scalars(
        select(Photo).where(Photo.room_id == room_id).order_by(Photo.id)
    ).all()
    people = db.session.scalars(
        select(Person).where(Person.room_id == room_id).order_by(Person.id)
    ).all()
    faces = db.session.scalars(
        select(Face)
        .join(Photo)
        .where(Photo.room_id == room_id, Face.is_face)
        .options(joinedload(Face.photo))
        .order_by(Face.photo_id, Face.left, Face.id)
    ).all()
    faces_of: dict[int | None, list[Face]] = {}
    for face in faces:
        faces_of.setdefault(face.person_id, []).append(face)
    return {
        "photos": [
            {
                "file": photo.file_name,
                "width": photo.width,
                "height": photo.height,
                "state": photo.state,
            }
            for photo in photos
        ],
        "people": [
            {
                "id": person.id,
                "name": person.name,
                "hidden": person.is_hidden,
                "photos": [face.photo.file_name for face in faces_of.get(person.id, [])],
                "faces": [_face_as_dict(face) for face in faces_of.get(person.id, [])],
            }
            for person in people
        ],
        "unsorted": [_face_as_dict(face) for face in faces_of.get(None, [])],
    }


def _face_as_dict(face: Face) -> dict[str, Any]:
    of_clip = {} if face.at_ms is None else {"at_ms": face.at_ms}
    return {
        "file": face.photo.file_name,
        "top": face.top,
        "right": face.right,
        "bottom": face.bottom,
        "left": face.left,
        **of_clip,
    }
