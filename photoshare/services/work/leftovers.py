"""Remove what crashes and abandoned uploads leave behind, every hour."""

from __future__ import annotations

from sqlalchemy import select

from photoshare.models import Photo, db
from photoshare.services.photos import uploads
from photoshare.services.rooms import rooms
from photoshare.storage import Storage


def sweep(storage: Storage, *, older_than: float) -> int:
    """Remove files without a row and abandoned uploads; finish interrupted deletions.

    Parameters
    ----------
    storage : Storage
    older_than : float
        Seconds since the epoch; newer files may belong to an upload in progress.

    Returns
    -------
    int
        How many files were removed.
    """
    known = known_hashes()
    removed = uploads.sweep_uploads(storage, older_than=older_than)
    removed += storage.sweep(known, is_known=_is_known, older_than=older_than)
    rooms.finish_deletions(storage)
    return removed


def known_hashes() -> dict[int, set[str]]:
    """List the SHA-256 of every photo, by room id."""
    hashes: dict[int, set[str]] = {}
    for room_id, sha256 in db.session.execute(select(Photo.room_id, Photo.sha256)):
        hashes.setdefault(room_id, set()).add(sha256)
    return hashes


def _is_known(room_id: int, sha256: str) -> bool:
    """Whether a room has this photo now."""
    query = select(Photo.id).where(Photo.room_id == room_id, Photo.sha256 == sha256)
    return db.session.scalar(query) is not None
