"""The job table: queue work, claim it, finish it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    exists,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from photoshare.models import (
    JOB_DONE,
    JOB_FAILED,
    JOB_QUEUED,
    JOB_RUNNING,
    PHOTO_ANALYSING,
    PHOTO_WAITING,
    ROOMS_IN_BIN,
    ROOMS_WITHOUT_FACES,
    Job,
    Photo,
    Room,
    db,
    utc_now,
)
from photoshare.services.visibility.sight import searches_faces

_CAN_RUN = and_(Job.state == JOB_QUEUED, Job.room_id.not_in(ROOMS_IN_BIN))
RETRY_AFTER = timedelta(minutes=1)  # long enough to read the message, short enough to recover alone


class JobKind(StrEnum):
    """What a job does; `photoshare.jobs.tasks.TASKS` holds the function for each."""

    PROCESS_PHOTOS = "process_photos"  # analyse every waiting photo of the room
    CLUSTER_ROOM = "cluster_room"  # group the room's unsorted faces again
    PREPARE_DOWNLOADS = "prepare_downloads"  # measure photos without checksums
    TAKE_HOME = "take_home"  # write what a host takes home
    CHECK_CLOCKS = "check_clocks"  # look for cameras whose clocks are wrong
    FIND_VERSIONS = "find_versions"  # compare photos where no search of faces does it first
    SEARCH_AGAIN = "search_again"  # analyse photos again; after all other jobs


FACE_SEARCH = (JobKind.PROCESS_PHOTOS, JobKind.CLUSTER_ROOM, JobKind.SEARCH_AGAIN)
PATIENT = (JobKind.FIND_VERSIONS, JobKind.SEARCH_AGAIN)  # they give way to all others
DOWNLOADS = (JobKind.PREPARE_DOWNLOADS, JobKind.TAKE_HOME)  # someone waits for these


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job claimed by the thread that runs it."""

    id: int
    room_id: int
    kind: JobKind
    worker: int | None = None  # the number of this process, if there are several


def is_up_to_date(room: Room, stamp: str) -> bool:
    """Whether nothing has changed since a `RoomProgress.stamp`; costs no query."""
    return stamp.partition("-")[2] == f"{room.revision}-{room.activity}"


def enqueue_job(room_id: int, kind: JobKind) -> None:
    """Queue a job, unless the same job is queued or running, or the room has no face search."""
    if kind in FACE_SEARCH and not searches_faces(room_id):
        return
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
            .where(Photo.room_id.not_in(ROOMS_IN_BIN.union(ROOMS_WITHOUT_FACES)))
            .distinct()
        )
        if db.session.execute(rooms.limit(1)).first() is None:
            continue  # the usual case: nothing to write
        rooms = rooms.order_by(Photo.room_id.desc())
        _enqueue_all(rooms)
    _enqueue_unpaired(is_cared_for)


def _enqueue_unpaired(is_cared_for: ColumnElement[bool]) -> None:
    """Queue a job for every room with photos to be compared, unless a search does so as well."""
    kinds = (JobKind.FIND_VERSIONS, JobKind.PROCESS_PHOTOS)
    cared_for = select(Job.room_id).where(Job.kind.in_(kinds), is_cared_for)
    rooms = (
        select(Photo.room_id, literal(JobKind.FIND_VERSIONS.value), literal(JOB_QUEUED))
        .where(Photo.paired_by.is_(None), Photo.room_id.not_in(cared_for))
        .where(Photo.room_id.not_in(ROOMS_IN_BIN))
        .distinct()
    )
    if db.session.execute(rooms.limit(1)).first() is not None:
        _enqueue_all(rooms.order_by(Photo.room_id.desc()))


def _enqueue_all(rooms: Select[int, str, str]) -> None:
    columns = ["room_id", "kind", "state"]
    db.session.execute(insert(Job).from_select(columns, rooms, include_defaults=True))
    db.session.commit()


def requeue_running_jobs(worker: int | None = None) -> None:
    """Requeue the running jobs of a process that ends; of all, if there is only one."""
    is_its = true() if worker is None else Job.worker == worker
    running = update(Job).where(Job.state == JOB_RUNNING, is_its)
    db.session.execute(running.values(state=JOB_QUEUED, worker=None))
    db.session.commit()


def take_over(living: Collection[int]) -> int:
    """Requeue the jobs of processes that have died, and release their photos; return how many.

    A photo that was in hand may have been the cause: the attempt counts. While a process searches a
    room, no other one does: photos in hand of a room without a running job are nobody's.
    """
    running = update(Job).where(Job.state == JOB_RUNNING)
    if living:
        running = running.where(or_(Job.worker.is_(None), Job.worker.not_in(living)))
    requeued = db.session.execute(
        running.values(state=JOB_QUEUED, worker=None).returning(Job.id)
    ).all()
    is_running = exists().where(Job.room_id == Photo.room_id, Job.state == JOB_RUNNING)
    in_hand = update(Photo).where(Photo.state == PHOTO_ANALYSING, ~is_running)
    db.session.execute(in_hand.values(state=PHOTO_WAITING))
    db.session.commit()
    return len(requeued)


def has_queued_jobs() -> bool:
    """Whether a job is waiting to be claimed."""
    return db.session.scalar(select(Job.id).where(_CAN_RUN).limit(1)) is not None


def has_urgent_jobs() -> bool:
    """Whether a job is waiting that takes precedence over searching photos again."""
    query = select(Job.id).where(_CAN_RUN, Job.kind.not_in(PATIENT))
    return db.session.scalar(query.limit(1)) is not None


def claim_job(worker: int | None = None) -> ClaimedJob | None:
    """Claim the oldest queued job; jobs that a download waits for come first.

    Jobs that compare photos or search them again come last.

    Parameters
    ----------
    worker : int, optional
        The number of this process, if there are several: a room has one of them at a time.

    Returns
    -------
    ClaimedJob or None
        None if no job is queued.
    """
    query = (
        select(Job.id)
        .where(_CAN_RUN)
        .order_by(Job.kind == JobKind.SEARCH_AGAIN, Job.kind == JobKind.FIND_VERSIONS)
        .order_by(Job.kind.not_in(DOWNLOADS), Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # means nothing to SQLite, whose writers take turns
    )
    if worker is not None:
        other = aliased(Job)
        query = query.where(
            ~exists().where(other.room_id == Job.room_id, other.state == JOB_RUNNING)
        )
    while (job_id := db.session.scalar(query)) is not None:
        claimed = db.session.execute(
            update(Job)
            .where(Job.id == job_id, Job.state == JOB_QUEUED)
            .values(state=JOB_RUNNING, worker=worker, started_at=utc_now(), photos_done=0)
            .returning(Job.room_id, Job.kind)
        ).first()
        db.session.commit()
        if claimed is not None:  # otherwise its room was deleted
            return ClaimedJob(job_id, claimed.room_id, JobKind(claimed.kind), worker)
    return None


def count_photo_done(job_id: int, work: int = 1) -> bool:
    """Count one more photo for the job's rate; return whether the job is still running.

    A clip is as much work as several photos.

    It is not if its room was deleted or an orderly stop has requeued it.
    """
    counted = db.session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == JOB_RUNNING)
        .values(photos_done=Job.photos_done + work)
        .returning(Job.id)
    ).first()
    db.session.commit()
    return counted is not None


def finish_job(job: ClaimedJob, *, error: str | None = None) -> None:
    """Mark a job done, or failed with a sentence for people; delete its finished predecessors.

    Not one that another process has taken over meanwhile, which is its own to finish.
    """
    state = JOB_DONE if error is None else JOB_FAILED
    db.session.execute(
        update(Job)
        .where(Job.id == job.id, Job.worker.is_not_distinct_from(job.worker))
        .values(state=state, error=error, finished_at=utc_now())
    )
    db.session.execute(
        delete(Job).where(Job.room_id == job.room_id, Job.kind == job.kind, Job.id < job.id)
    )
    db.session.commit()


def requeue_job(job: ClaimedJob) -> None:
    """Requeue a job that was interrupted by an orderly stop or gave way to another."""
    is_its = Job.worker.is_not_distinct_from(job.worker)
    db.session.execute(update(Job).where(Job.id == job.id, is_its).values(state=JOB_QUEUED))
    db.session.commit()
