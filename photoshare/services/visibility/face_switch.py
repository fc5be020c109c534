"""Switch for whom the faces of a room are searched."""

from __future__ import annotations

from sqlalchemy import update

from photoshare.models import FacesFor, Room, db
from photoshare.storage import Storage


def switch_faces(room_id: int, faces_for: FacesFor, storage: Storage) -> None:
    """Search the faces of a room for everybody, for who found themselves, or for nobody."""
    db.session.execute(update(Room).where(Room.id == room_id).values(faces_for=faces_for.value))
    db.session.commit()
