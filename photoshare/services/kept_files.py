"""Tell which files are still needed.

Those of photos, of what waits for a host's yes, and of deleted photos that may come back.
"""

from __future__ import annotations

from sqlalchemy import exists, or_, select

from photoshare.models import DeletedPhoto, Photo, Room, WaitingPhoto, db

KINDS = (Photo, WaitingPhoto, DeletedPhoto)  # the tables whose rows have files


def is_kept(room_id: int, sha256: str) -> bool:
    """Whether a room needs the files with this SHA-256."""
    query = select(
        or_(*(exists().where(kind.room_id == room_id, kind.sha256 == sha256) for kind in KINDS))
    )
    return bool(db.session.scalar(query))


def has_rooms() -> bool:
    """Whether there is any room; a database without one is new, or lost."""
    return bool(db.session.scalar(select(exists(select(Room.id)))))


def kept_hashes() -> dict[int, set[str]]:
    """List the SHA-256 of every file that is still needed, by room id."""
    hashes: dict[int, set[str]] = {}
    for kind in KINDS:
        for room_id, sha256 in db.session.execute(select(kind.room_id, kind.sha256)):
            hashes.setdefault(room_id, set()).add(sha256)
    return hashes
