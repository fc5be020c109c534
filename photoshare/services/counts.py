"""Count what a server holds, for metrics and its owner; nothing here tells rooms apart."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from photoshare.databases.expressions import total
from photoshare.models import JOB_QUEUED, JOB_RUNNING, PHOTO_WAITING, FacesFor, Job, Photo, Room, db


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
        rooms=count_rooms(),
        photos={state: count for state, count, _ in states},
        faces=sum(faces for *_, faces in states),
        last_photo_id=db.session.scalar(select(func.max(Photo.id))) or 0,
        jobs={row.state: row.number for row in jobs},
    )


def count_rooms(*, with_bin: bool = False) -> int:
    """Count the rooms of the server; those in the bin only if that is asked for."""
    which = () if with_bin else (Room.binned_at.is_(None),)
    return db.session.scalar(select(func.count(Room.id)).where(*which)) or 0


def count_waiting() -> int:
    """Count the photos that wait for the face search, by an index of each room."""
    waiting = select(func.count()).where(Photo.room_id == Room.id, Photo.state == PHOTO_WAITING)
    of_rooms = select(func.sum(waiting.correlate(Room).scalar_subquery())).select_from(Room)
    of_rooms = of_rooms.where(Room.faces_for != FacesFor.NOBODY)
    return int(db.session.scalar(of_rooms) or 0)


def count_lost() -> int:
    """Count the photos whose originals a disk has lost, from an index of these only."""
    lost = select(func.count()).select_from(Photo).where(Photo.is_lost)
    return db.session.scalar(lost) or 0
