"""Count what a server holds, for its metrics; nothing here tells rooms or people apart."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from photoshare.databases.expressions import total
from photoshare.models import JOB_QUEUED, JOB_RUNNING, Job, Photo, Room, db


@dataclass(frozen=True, slots=True)
class ServerCounts:
    """The contents of the database at one moment."""

    rooms: int  # not in the bin; their photos count, since they take space
    photos: dict[str, int]  # by `Photo.state`
    faces: int
    last_photo_id: int  # of the photos that are there; ids are never used again
    jobs: dict[str, int]  # queued and running


def count_all() -> ServerCounts:
    """Count everything from indexes, without reading a photo's row."""
    states = db.session.execute(
        select(Photo.state, func.count(), total(Photo.face_count)).group_by(Photo.state)
    ).all()
    jobs = db.session.execute(
        select(Job.state, func.count().label("number"))
        .where(Job.state.in_([JOB_QUEUED, JOB_RUNNING]))
        .group_by(Job.state)
    ).all()
    return ServerCounts(
        rooms=db.session.scalar(select(func.count(Room.id)).where(Room.binned_at.is_(None))) or 0,
        photos={state: count for state, count, _ in states},
        faces=sum(faces for *_, faces in states),
        last_photo_id=db.session.scalar(select(func.max(Photo.id))) or 0,
        jobs={row.state: row.number for row in jobs},
    )
