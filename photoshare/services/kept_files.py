"""Tell which files are still needed: those of photos, and of deleted ones that may come back."""

from __future__ import annotations

from sqlalchemy import exists, or_, select

from photoshare.models import DeletedPhoto, Photo, db


def is_kept(room_id: int, sha256: str) -> bool:
    """Whether a room needs the files with this SHA-256."""
    query = select(
        or_(
            *(
                exists().where(kind.room_id == room_id, kind.sha256 == sha256)
                for kind in (Photo, DeletedPhoto)
            )
        )
    )
    return bool(db.session.scalar(query))


def is_anything_kept() -> bool:
    """Whether any room needs any file."""
    found = or_(*(exists(select(kind.room_id)) for kind in (Photo, DeletedPhoto)))
    return bool(db.session.scalar(select(found)))


def kept_hashes() -> dict[int, set[str]]:
    """List the SHA-256 of every file that is still needed, by room id."""
    hashes: dict[int, set[str]] = {}
    for kind in (Photo, DeletedPhoto):
        for room_id, sha256 in db.session.execute(select(kind.room_id, kind.sha256)):
            hashes.setdefault(room_id, set()).add(sha256)
    return hashes
