"""Queue photos for face analysis: claim one, give up on it, search it again.

A photo waits for its first search or, if its row already names an engine, for another one. Each
function is one short transaction; nothing here decodes pictures or finds faces.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, true, update

from photoshare.models import (
    JOB_RUNNING,
    PHOTO_ANALYSED,
    PHOTO_ANALYSING,
    PHOTO_FAILED,
    PHOTO_WAITING,
    ROOMS_IN_BIN,
    ROOMS_WITHOUT_FACES,
    Face,
    Job,
    Person,
    Photo,
    db,
)

_IN_USE = Photo.room_id.not_in(ROOMS_IN_BIN.union(ROOMS_WITHOUT_FACES))
MAX_ATTEMPTS = 3  # a photo that breaks the analysis this often is given up


@dataclass(frozen=True, slots=True)
class ClaimedPhoto:
    """A photo that only the claiming thread may analyse."""

    id: int
    room_id: int
    sha256: str
    is_retry: bool = False  # it was claimed when something went wrong, and may be the cause
    duration_ms: int | None = None  # of a clip; None: a picture


def release_claims(*, count_attempt: bool, worker: int | None = None) -> None:
    """Release the photos that a process has claimed; of several, those of the jobs it runs.

    Parameters
    ----------
    count_attempt : bool
        True after a crash, which the photo may have caused; False at an orderly stop.
    worker : int, optional
        The number of the process, if there are several.
    """
    is_its: ColumnElement[bool] = true()
    if worker is not None:
        its_jobs = select(Job.room_id).where(Job.worker == worker, Job.state == JOB_RUNNING)
        is_its = Photo.room_id.in_(its_jobs)
    db.session.execute(
        update(Photo)
        .where(Photo.state == PHOTO_ANALYSING, is_its)
        .values(state=PHOTO_WAITING, attempts=Photo.attempts - (0 if count_attempt else 1))
    )
    db.session.commit()


def claim_photo(room_id: int, *, is_first_attempt: bool = False) -> ClaimedPhoto | None:
    """Claim the next photo of a room that waits for its first search; None if there is none.

    The attempt is counted before the photo is touched, so that a photo that kills the process is
    not tried forever; photos that failed once come last.

    Parameters
    ----------
    room_id : int
    is_first_attempt : bool
        Claim only photos that were never tried.
    """
    query = select(Photo.id).where(
        Photo.room_id == room_id, Photo.state == PHOTO_WAITING, Photo.engine.is_(None), _IN_USE
    )
    if is_first_attempt:
        query = query.where(Photo.attempts == 0)
    query = query.order_by(Photo.attempts, Photo.id).limit(1)
    query = query.with_for_update(skip_locked=True)  # means nothing to SQLite
    while (photo_id := db.session.scalar(query)) is not None:
        claimed = _claim(photo_id, is_first_attempt=is_first_attempt)
        if claimed is not None:
            return claimed
    return None


class SecondSearch:
    """The photos of a room to be searched again, most important first.

    Parameters
    ----------
    room_id : int
    """

    def __init__(self, room_id: int) -> None:
        self._room_id = room_id
        self._photos: deque[int] = deque()

    def claim(self, *, is_first_attempt: bool = False) -> ClaimedPhoto | None:
        """Claim the next photo, as `claim_photo` does."""
        if not self._photos:
            self._photos.extend(_search_again_order(self._room_id))
        while self._photos:
            claimed = _claim(self._photos[0], is_first_attempt=is_first_attempt)
            if claimed is None and is_first_attempt and _is_waiting(self._photos[0]):
                return None  # the others were tried as well: they come last
            self._photos.popleft()
            if claimed is not None:
                return claimed
        return None


def _search_again_order(room_id: int) -> list[int]:
    """List the photos that wait for another search: those of named people first, newest first.

    Photos that failed once come last.
    """
    of_someone = (
        select(Face.photo_id)
        .join(Person, Person.id == Face.person_id)
        .where(Person.room_id == room_id, Person.is_corrected)
    )
    query = (
        select(Photo.id)
        .where(Photo.room_id == room_id, Photo.state == PHOTO_WAITING, Photo.engine.is_not(None))
        .order_by(Photo.attempts, Photo.id.in_(of_someone).desc(), Photo.id.desc())
    )
    return list(db.session.scalars(query))


def _claim(photo_id: int, *, is_first_attempt: bool) -> ClaimedPhoto | None:
    """Claim a photo if it still waits: the caller whose update changes the row has it."""
    query = update(Photo).where(Photo.id == photo_id, Photo.state == PHOTO_WAITING, _IN_USE)
    if is_first_attempt:
        query = query.where(Photo.attempts == 0)
    row = db.session.execute(
        query.values(state=PHOTO_ANALYSING, attempts=Photo.attempts + 1).returning(
            Photo.room_id, Photo.sha256, Photo.attempts, Photo.duration_ms
        )
    ).first()
    db.session.commit()
    if row is None:
        return None
    is_retry = row.attempts > 1
    return ClaimedPhoto(photo_id, row.room_id, row.sha256, is_retry, row.duration_ms)


def _is_waiting(photo_id: int) -> bool:
    query = select(Photo.id).where(Photo.id == photo_id, Photo.state == PHOTO_WAITING, _IN_USE)
    return db.session.scalar(query) is not None


def fail_attempt(photo_id: int) -> None:
    """Requeue a photo whose analysis failed, or mark it failed after `MAX_ATTEMPTS`."""
    in_hand = (Photo.id == photo_id, Photo.state == PHOTO_ANALYSING)
    db.session.execute(
        update(Photo).where(*in_hand, Photo.attempts >= MAX_ATTEMPTS).values(state=PHOTO_FAILED)
    )
    db.session.execute(update(Photo).where(*in_hand).values(state=PHOTO_WAITING))
    db.session.commit()


def fail_exhausted_photos() -> None:
    """Mark photos failed that were claimed during `MAX_ATTEMPTS` crashes."""
    db.session.execute(
        update(Photo)
        .where(Photo.state == PHOTO_WAITING, Photo.attempts >= MAX_ATTEMPTS)
        .values(state=PHOTO_FAILED)
    )
    db.session.commit()


def retry_failed_photos(room_id: int) -> None:
    """Requeue the photos that were given up, at the host's request."""
    _let_wait(Photo.room_id == room_id, Photo.state == PHOTO_FAILED)


def analyse_again(room_id: int) -> None:
    """Queue every photo to be searched again; corrections stay.

    A face that is found again keeps its row, its person and its corrections.
    """
    _let_wait(Photo.room_id == room_id, Photo.state.in_([PHOTO_ANALYSED, PHOTO_FAILED]))


def analyse_outdated_again(engine_name: str) -> int:
    """Queue the photos that another engine searched to be searched again; return how many.

    As `analyse_again`, in all rooms; until then their faces are not compared to this engine's.
    """
    return _let_wait(Photo.state == PHOTO_ANALYSED, Photo.engine != engine_name)


def has_searched_photos() -> bool:
    """Whether any photo has been searched by any engine."""
    query = select(Photo.id).where(Photo.engine.is_not(None)).limit(1)
    return db.session.scalar(query) is not None


def count_outdated(engine_name: str) -> tuple[int, int]:
    """Count the photos that this engine still has to search again, and all searched photos."""
    is_outdated = (Photo.state != PHOTO_FAILED) & (Photo.engine != engine_name)
    query = select(func.count().filter(is_outdated), func.count(Photo.engine))
    outdated, searched = db.session.execute(query.select_from(Photo)).one()
    return outdated, searched


def _let_wait(*which: ColumnElement[bool]) -> int:
    changed = db.session.execute(
        update(Photo).where(*which).values(state=PHOTO_WAITING, attempts=0).returning(Photo.id)
    ).all()
    db.session.commit()
    return len(changed)
