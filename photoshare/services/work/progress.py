"""How far the search for faces of a room is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from photoshare.models import (
    JOB_QUEUED,
    JOB_RUNNING,
    PHOTO_ANALYSING,
    PHOTO_FAILED,
    PHOTO_WAITING,
    Job,
    Photo,
    Room,
    db,
    utc_now,
)
from photoshare.services.people.room_people import load_everybody
from photoshare.services.rooms.entering import Access
from photoshare.services.versions.folding import count_folded, unfolded
from photoshare.services.visibility.sight import searches_faces, sees_all_photos, visible_photos
from photoshare.services.work.effort import WORK
from photoshare.services.work.job_table import JobKind


@dataclass(frozen=True, slots=True)
class RoomProgress:
    """How far the search for faces is in one room."""

    photo_count: int
    done_count: int  # analysed or failed, including those to be searched again
    failed_count: int
    again_count: int  # of the done photos: to be searched again
    people_count: int
    face_count: int
    photos_per_second: float | None  # of the running job; None before its first photo
    work_left: int  # as many photos; a clip counts as its frames
    error: str | None  # of the last job, if it failed
    is_grouping: bool  # the unsorted faces are being grouped again
    revision: int  # Room.revision
    activity: int  # Room.activity
    is_of_all: bool = True  # else of what one guest sees, with the search left out

    @property
    def is_working(self) -> bool:
        """Whether photos are waiting for their first search."""
        return self.done_count < self.photo_count

    @property
    def is_searching_again(self) -> bool:
        """Whether photos are waiting for another search, and none for its first."""
        return self.again_count > 0 and not self.is_working

    @property
    def found_again_count(self) -> int:
        """How many of the `second_count` photos need no further search."""
        return self.second_count - self.again_count

    @property
    def second_count(self) -> int:
        """The number of photos that another search covers: those with faces of some engine."""
        return self.done_count - self.failed_count

    @property
    def seconds_left(self) -> float | None:
        """Estimate the time left from the rate so far; None before there is a rate."""
        if self.photos_per_second is None:
            return None
        return self.work_left / self.photos_per_second

    @property
    def stamp(self) -> str:
        """A text that changes whenever a page would look different; the poller sends it back."""
        return f"{self.photo_count}-{self.revision}-{self.activity}"


def progress_for(access: Access) -> RoomProgress:
    """Report how far the search is to this browser.

    Whoever doesn't see all photos is told how many they see, and nothing of the room's: neither
    when others add photos nor how long the search has still to go.
    """
    if sees_all_photos(access):
        return room_progress(access.room.id)
    is_seen = visible_photos(access)
    seen = select(Photo.id).where(Photo.room_id == access.room.id, is_seen)
    rows = seen.where(unfolded(access.room.id, is_seen)).subquery()
    count, newest = db.session.execute(
        select(func.count(), func.coalesce(func.max(rows.c.id), 0)).select_from(rows)
    ).one()
    no_search: dict[str, Any] = dict.fromkeys(("failed_count", "again_count", "work_left"), 0)
    no_search |= {"people_count": 0, "face_count": 0, "photos_per_second": None, "error": None}
    return RoomProgress(
        count, count, **no_search, is_grouping=False, revision=0, activity=newest, is_of_all=False
    )


def room_progress(room_id: int) -> RoomProgress:
    """Report how far the search for faces is, from the rows themselves."""
    counters = select(Room.revision, Room.activity).where(Room.id == room_id)
    # Read first, so that any change from here on counts as new.
    revision, activity = db.session.execute(counters).first() or (0, 0)
    found = load_everybody(room_id)
    states, again, work = _count_photos(room_id)
    photos = sum(states.values()) - count_folded(room_id)
    if not searches_faces(room_id):  # its photos wait for nothing
        states, again, work = {}, 0, (0, 0)
    failed = states.get(PHOTO_FAILED, 0)
    waiting = states.get(PHOTO_WAITING, 0) + states.get(PHOTO_ANALYSING, 0) - again
    is_second = again > 0 and waiting == 0
    kind = JobKind.SEARCH_AGAIN if is_second else JobKind.PROCESS_PHOTOS
    last = db.session.execute(
        select(Job.state, Job.photos_done, Job.started_at, Job.error)
        .where(Job.room_id == room_id, Job.kind == kind)
        .order_by(Job.id.desc())
        .limit(1)
    ).first()
    grouping = select(Job.id).where(
        Job.room_id == room_id,
        Job.kind == JobKind.CLUSTER_ROOM,
        Job.state.in_([JOB_QUEUED, JOB_RUNNING]),
    )
    return RoomProgress(
        photo_count=photos,
        done_count=max(0, photos - waiting),
        failed_count=failed,
        again_count=again,
        people_count=len(found.people),
        face_count=found.face_count,
        photos_per_second=_rate(last.photos_done, last.started_at)
        if last is not None and last.state == JOB_RUNNING
        else None,
        work_left=work[is_second],
        error=last.error if last is not None else None,
        is_grouping=db.session.scalar(grouping) is not None,
        revision=revision,
        activity=activity,
    )


def _count_photos(room_id: int) -> tuple[dict[str, int], int, tuple[int, int]]:
    """Count the photos of each state, and those waiting for, or in, another search.

    And the work of those that wait for their first search, and for another one.
    """
    rows = db.session.execute(
        select(Photo.state, func.count()).where(Photo.room_id == room_id).group_by(Photo.state)
    )
    is_waiting = Photo.state.in_([PHOTO_WAITING, PHOTO_ANALYSING])
    is_second = Photo.engine.is_not(None)
    first = func.coalesce(func.sum(WORK).filter(~is_second), 0)
    second = func.coalesce(func.sum(WORK).filter(is_second), 0)
    query = select(func.count(Photo.engine), first, second)
    query = query.where(Photo.room_id == room_id, is_waiting)
    again, first_work, second_work = db.session.execute(query).one()
    return {row[0]: row[1] for row in rows}, again, (int(first_work), int(second_work))


def _rate(photos_done: int, started_at: datetime | None) -> float | None:
    if started_at is None or photos_done == 0:
        return None
    seconds = (utc_now() - started_at).total_seconds()
    return photos_done / max(seconds, 0.001)
