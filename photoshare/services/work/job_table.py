"""Queue, claim and finish jobs in the job table, and report progress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import and_, delete, func, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError

from photoshare.db import db, utc_now
from photoshare.models import (
    JOB_DONE,
    JOB_FAILED,
    JOB_QUEUED,
    JOB_RUNNING,
    PHOTO_ANALYSING,
    PHOTO_FAILED,
    PHOTO_WAITING,
    Job,
    Photo,
    Room,
)
from photoshare.services.people.room_people import load_room_people

RETRY_AFTER = timedelta(minutes=1)  # long enough to read the message, short enough to recover alone


class JobKind(StrEnum):
    """What a job does; `photoshare.jobs.tasks.TASKS` holds the function for each."""

    PROCESS_PHOTOS = "process_photos"  # analyse every waiting photo of the room
    CLUSTER_ROOM = "cluster_room"  # group the room's unsorted faces again
    PREPARE_DOWNLOADS = "prepare_downloads"  # measure photos without checksums
    SEARCH_AGAIN = "search_again"  # analyse photos again; after all other jobs


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job claimed by the thread that runs it."""

    id: int
    room_id: int
    kind: JobKind


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
    error: str | None  # of the last job, if it failed
    is_grouping: bool  # the unsorted faces are being grouped again
    revision: int  # Room.revision
    activity: int  # Room.activity

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
        waiting_count = self.photo_count - self.done_count
        return (waiting_count or self.again_count) / self.photos_per_second

    @property
    def stamp(self) -> str:
        """A text that changes whenever a page would look different; the poller sends it back."""
        return f"{self.photo_count}-{self.revision}-{self.activity}"


def is_up_to_date(room: Room, stamp: str) -> bool:
    """Whether nothing has changed since a `RoomProgress.stamp`; costs no query."""
    return stamp.partition("-")[2] == f"{room.revision}-{room.activity}"


def enqueue_job(room_id: int, kind: JobKind) -> None:
    """Queue a job, unless the same job is queued or running."""
    db.session.add(Job(room_id=room_id, kind=kind))
    try:
        db.session.commit()
    except IntegrityError:  # the partial unique index: it is queued already
        db.session.rollback()


def enqueue_waiting_photos() -> None:
    """Queue a job for every room that has waiting photos but no job for them.

    Photos to be searched again have their own kind of job; the newest rooms come first. Covers a
    crash between an upload and its job, photos uploaded while a job was ending, and imports by the
    command line. A room whose job failed as a whole is tried again after `RETRY_AFTER`.
    """
    is_cared_for = or_(
        Job.state.in_([JOB_QUEUED, JOB_RUNNING]),
        and_(Job.state == JOB_FAILED, Job.finished_at > utc_now() - RETRY_AFTER),
    )
    waits_for = {
        JobKind.PROCESS_PHOTOS: Photo.engine.is_(None),
        JobKind.SEARCH_AGAIN: Photo.engine.is_not(None),
    }
    for kind, is_kind in waits_for.items():
        cared_for = select(Job.room_id).where(Job.kind == kind, is_cared_for)
        rooms = (
            select(Photo.room_id, literal(kind.value), literal(JOB_QUEUED))
            .where(Photo.state == PHOTO_WAITING, is_kind, Photo.room_id.not_in(cared_for))
            .distinct()
        )
        if db.session.execute(rooms.limit(1)).first() is None:
            continue  # the usual case: nothing to write
        rooms = rooms.order_by(Photo.room_id.desc())
        db.session.execute(
            insert(Job).from_select(["room_id", "kind", "state"], rooms, include_defaults=True)
        )
        db.session.commit()


def requeue_running_jobs() -> None:
    """Requeue the jobs that were running when the process ended; there is only one process."""
    db.session.execute(update(Job).where(Job.state == JOB_RUNNING).values(state=JOB_QUEUED))
    db.session.commit()


def has_queued_jobs() -> bool:
    """Whether a job is waiting to be claimed."""
    return db.session.scalar(select(Job.id).where(Job.state == JOB_QUEUED).limit(1)) is not None


def has_urgent_jobs() -> bool:
    """Whether a job is waiting that takes precedence over searching photos again."""
    query = select(Job.id).where(Job.state == JOB_QUEUED, Job.kind != JobKind.SEARCH_AGAIN)
    return db.session.scalar(query.limit(1)) is not None


def claim_job() -> ClaimedJob | None:
    """Claim the oldest queued job; jobs that a download waits for come first.

    Jobs that search photos again come last.

    Returns
    -------
    ClaimedJob or None
        None if no job is queued.
    """
    query = (
        select(Job.id)
        .where(Job.state == JOB_QUEUED)
        .order_by(Job.kind == JobKind.SEARCH_AGAIN, Job.kind != JobKind.PREPARE_DOWNLOADS, Job.id)
        .limit(1)
    )
    while (job_id := db.session.scalar(query)) is not None:
        claimed = db.session.execute(
            update(Job)
            .where(Job.id == job_id, Job.state == JOB_QUEUED)
            .values(state=JOB_RUNNING, started_at=utc_now(), photos_done=0)
            .returning(Job.room_id, Job.kind)
        ).first()
        db.session.commit()
        if claimed is not None:  # otherwise its room was deleted
            return ClaimedJob(job_id, claimed.room_id, JobKind(claimed.kind))
    return None


def count_photo_done(job_id: int) -> bool:
    """Count one more photo for the job's rate; return whether the job is still running.

    It is not if its room was deleted or an orderly stop has requeued it.
    """
    counted = db.session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == JOB_RUNNING)
        .values(photos_done=Job.photos_done + 1)
        .returning(Job.id)
    ).first()
    db.session.commit()
    return counted is not None


def finish_job(job: ClaimedJob, *, error: str | None = None) -> None:
    """Mark a job done, or failed with a sentence for people; delete its finished predecessors."""
    state = JOB_DONE if error is None else JOB_FAILED
    db.session.execute(
        update(Job).where(Job.id == job.id).values(state=state, error=error, finished_at=utc_now())
    )
    db.session.execute(
        delete(Job).where(Job.room_id == job.room_id, Job.kind == job.kind, Job.id < job.id)
    )
    db.session.commit()


def requeue_job(job_id: int) -> None:
    """Requeue a job that was interrupted by an orderly stop or gave way to another."""
    db.session.execute(update(Job).where(Job.id == job_id).values(state=JOB_QUEUED))
    db.session.commit()


def room_progress(room_id: int) -> RoomProgress:
    """Report how far the search for faces is, from the rows themselves."""
    counters = select(Room.revision, Room.activity).where(Room.id == room_id)
    # Read first, so that any change from here on counts as new.
    revision, activity = db.session.execute(counters).first() or (0, 0)
    found = load_room_people(room_id)
    states, again = _count_photos(room_id)
    photos, failed = sum(states.values()), states.get(PHOTO_FAILED, 0)
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
        done_count=photos - waiting,
        failed_count=failed,
        again_count=again,
        people_count=len(found.people),
        face_count=found.face_count,
        photos_per_second=_rate(last.photos_done, last.started_at)
        if last is not None and last.state == JOB_RUNNING
        else None,
        error=last.error if last is not None else None,
        is_grouping=db.session.scalar(grouping) is not None,
        revision=revision,
        activity=activity,
    )


def _count_photos(room_id: int) -> tuple[dict[str, int], int]:
    """Count the photos of each state, and those waiting for, or in, another search."""
    rows = db.session.execute(
        select(Photo.state, func.count()).where(Photo.room_id == room_id).group_by(Photo.state)
    )
    is_waiting = Photo.state.in_([PHOTO_WAITING, PHOTO_ANALYSING])
    again = select(func.count()).where(
        Photo.room_id == room_id, is_waiting, Photo.engine.is_not(None)
    )
    return {row[0]: row[1] for row in rows}, db.session.scalar(again) or 0


def _rate(photos_done: int, started_at: datetime | None) -> float | None:
    if started_at is None or photos_done == 0:
        return None
    seconds = (utc_now() - started_at).total_seconds()
    return photos_done / max(seconds, 0.001)
