"""What a host is told before and while a room file is prepared: its size, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from photoshare.databases.expressions import total
from photoshare.models import JOB_FAILED, Face, Job, Photo, db
from photoshare.services.take_home import packs
from photoshare.services.take_home.packs import PackFacts
from photoshare.services.take_home.room_file import Folders
from photoshare.services.take_home.room_zip import newest_facts
from photoshare.services.work.job_table import JobKind
from photoshare.storage import Storage


@dataclass(frozen=True, slots=True)
class TakeHomeState:
    """Whether a room file is being prepared, or can be downloaded.

    Attributes
    ----------
    is_preparing : bool
    ready : PackFacts or None
        The one that was prepared or read last.
    error : str or None
        Why the last one could not be prepared.
    """

    is_preparing: bool
    ready: PackFacts | None
    error: str | None


def take_home_state(room_id: int, storage: Storage) -> TakeHomeState:
    """Tell how far the room file is; whoever asks keeps what waits or is ready for another hour."""
    if packs.wished(storage, room_id) is not None:
        return TakeHomeState(is_preparing=True, ready=None, error=None)
    last = select(Job.state, Job.error).where(
        Job.room_id == room_id, Job.kind == JobKind.TAKE_HOME.value
    )
    job = db.session.execute(last.order_by(Job.id.desc()).limit(1)).first()
    if job is not None and job.state == JOB_FAILED:
        return TakeHomeState(is_preparing=False, ready=None, error=job.error)
    ready = newest_facts(room_id, storage)
    if ready is not None:
        packs.keep_longer(ready.pack)
    return TakeHomeState(is_preparing=False, ready=ready, error=None)


def bytes_by_folders(room_id: int) -> dict[Folders, int]:
    """Add up the originals in a room file; by person, a photo counts for everyone on it."""
    here = (Photo.room_id == room_id, ~Photo.is_lost)
    whole = db.session.scalar(select(total(Photo.size_bytes)).where(*here)) or 0
    pairs = (
        select(Face.photo_id, Face.person_id)
        .join(Photo, Photo.id == Face.photo_id)
        .where(*here, Face.person_id.is_not(None))
        .distinct()
        .subquery()
    )
    copies = (
        select(pairs.c.photo_id, (func.count() - 1).label("more"))
        .group_by(pairs.c.photo_id)
        .having(func.count() > 1)
        .subquery()
    )
    further = db.session.scalar(
        select(func.coalesce(func.sum(Photo.size_bytes * copies.c.more), 0))
        .select_from(copies)
        .join(Photo, Photo.id == copies.c.photo_id)
    )
    return {Folders.DAY: whole, Folders.PERSON: whole + int(further or 0)}
