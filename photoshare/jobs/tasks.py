"""Run each kind of job as a loop of small steps that can be repeated after any interruption.

A task returns whether it is done; otherwise its job is queued again.

Only the job thread reads and writes the database, each step in its own short app context;
a few threads beside it analyse the photos, without access to the database.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from flask import Flask

from photoshare.clips.opening import is_clip_file
from photoshare.config import Settings
from photoshare.errors import DiskFullError, ModelError, StorageError
from photoshare.faces.analysis import analyse_photo
from photoshare.faces.threads import step_back
from photoshare.faces.types import FaceEngine
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.services.clocks.suggesting import check_clocks
from photoshare.services.downloads import checksums
from photoshare.services.downloads.covered_copies import make_covered_copies
from photoshare.services.people import grouping, storing
from photoshare.services.people.storing import FoundFace
from photoshare.services.pictures import cover_maker, delete_pictures_of_no_faces
from photoshare.services.take_home import packing
from photoshare.services.work import job_table, photo_queue
from photoshare.services.work.job_table import ClaimedJob, JobKind
from photoshare.services.work.photo_queue import ClaimedPhoto
from photoshare.storage import Storage
from photoshare.workers.crew import MOST_AT_ONCE, Crew, WorkerLostError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Workplace:
    """The resources that a task works with."""

    app: Flask
    settings: Settings
    storage: Storage
    make_engine: Callable[[], FaceEngine]  # or returns the existing one
    decoders: DecoderPool = field(default_factory=DecoderPool)
    crew: Crew | None = None  # workers on other machines, if the settings name a scheduler
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def engine(self) -> FaceEngine:
        """The face engine; made when it is needed, with its errors."""
        return self.make_engine()

    def is_stopping(self) -> bool:
        """Whether the server is about to stop."""
        return self.stopping.is_set()

    @property
    def photos_at_once(self) -> int:
        """How many photos are best searched at the same time, here or by the workers there are."""
        of_crew = self.crew.threads() if self.crew is not None else 0
        return of_crew or self.engine.photos_at_once

    @property
    def rule(self) -> grouping.GroupingRule:
        """How faces are grouped."""
        return grouping.grouping_rule(self.engine, self.settings)


Searched: TypeAlias = tuple[ClaimedPhoto, Future[list[FoundFace]]]


class Claim(Protocol):
    """Claims the next photo to be analysed."""

    def __call__(self, *, is_first_attempt: bool) -> ClaimedPhoto | None:
        """Claim a photo, or only one that was never tried; None if there is none."""
        ...


def process_photos(job: ClaimedJob, workplace: Workplace) -> bool:
    """Analyse every photo of the room that has not been searched."""

    def claim(*, is_first_attempt: bool) -> ClaimedPhoto | None:
        return photo_queue.claim_photo(job.room_id, is_first_attempt=is_first_attempt)

    _analyse_all(job, workplace, claim)
    return True


def search_again(job: ClaimedJob, workplace: Workplace) -> bool:
    """Analyse searched photos again, then regroup the room from scratch.

    Gives way to every other job, such as newly added photos.
    """
    photos = photo_queue.SecondSearch(job.room_id)
    is_making_way = False

    def claim(*, is_first_attempt: bool) -> ClaimedPhoto | None:
        nonlocal is_making_way
        is_making_way = is_making_way or job_table.has_urgent_jobs()
        return None if is_making_way else photos.claim(is_first_attempt=is_first_attempt)

    _analyse_all(job, workplace, claim)
    if is_making_way or workplace.is_stopping():
        return False
    return cluster_room(job, workplace)


def _analyse_all(job: ClaimedJob, workplace: Workplace, claim: Claim) -> None:
    """Analyse the photos that can be claimed, as many at once as suits the engine."""
    crew = workplace.crew
    if crew is not None:
        crew.wait_for_first_look()
    if crew is None or not crew.threads():
        workplace.engine.warm_up()  # its errors are not the fault of a photo
    in_hand: dict[Future[list[FoundFace]], ClaimedPhoto] = {}
    pool = ThreadPoolExecutor(
        workplace.engine.photos_at_once if crew is None else MOST_AT_ONCE,
        thread_name_prefix="faces",
        initializer=step_back,
    )
    try:
        while True:
            while (claimed := _claim_next(claim, list(in_hand.values()), workplace)) is not None:
                in_hand[pool.submit(_analyse, claimed, workplace)] = claimed
            if not in_hand:
                return
            done, _ = wait(in_hand, return_when=FIRST_COMPLETED)
            _finish(job, [(in_hand.pop(future), future) for future in done], workplace)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _claim_next(
    claim: Claim, in_hand: list[ClaimedPhoto], workplace: Workplace
) -> ClaimedPhoto | None:
    """Claim one more photo if a thread is free.

    A photo that was claimed when something went wrong is tried alone, so that an innocent one
    beside it is not blamed again.
    """
    if workplace.is_stopping() or len(in_hand) >= workplace.photos_at_once:
        return None
    if any(photo.is_retry for photo in in_hand):
        return None
    with workplace.app.app_context():
        return claim(is_first_attempt=bool(in_hand))


def _analyse(claimed: ClaimedPhoto, workplace: Workplace) -> list[FoundFace]:
    """Find the faces of a photo and cut out their covers; runs beside the job thread."""
    storage, crew = workplace.storage, workplace.crew
    with storage.holding(storage.original(claimed.room_id, claimed.sha256)) as original:
        if is_clip_file(original):
            return []  # nobody looks into clips yet: `covering.CLIPS_ARE_SEARCHED`
        if crew is None:
            return _analyse_here(original, workplace)
        found = crew.search(original, is_suspicious=claimed.is_retry)
        if found is not None:
            return [FoundFace(face, cover) for face, cover in found]
        with crew.turn_here(workplace.engine.photos_at_once):
            workplace.engine.warm_up()
            return _analyse_here(original, workplace)


def _analyse_here(original: Path, workplace: Workplace) -> list[FoundFace]:
    """Analyse a photo in this process."""
    found = analyse_photo(
        original,
        workplace.engine,
        smallest_face_percent=workplace.settings.smallest_face_percent,
        max_megapixels=workplace.settings.max_photo_megapixels,
    )
    return [FoundFace(face, found.cover_of(face)) for face in found.faces]


def _finish(job: ClaimedJob, done: list[Searched], workplace: Workplace) -> None:
    """Store the results of photos together; a failure only counts against its own photo."""
    with workplace.app.app_context():
        if len(done) == 1 or not _are_stored(done, workplace):
            for one in done:  # each alone, so that only the faulty one fails
                if not _are_stored([one], workplace):
                    photo_queue.fail_attempt(one[0].id)
        for _ in done:
            job_table.count_photo_done(job.id)


def _are_stored(done: list[Searched], workplace: Workplace) -> bool:
    """Store the results of photos, all or nothing; return whether that succeeded."""
    try:
        found = [(claimed, future.result()) for claimed, future in done]
        storing.store_analysis(found, rule=workplace.rule, storage=workplace.storage)
    except (DiskFullError, ModelError, StorageError):
        raise  # not the fault of the photos: the job is tried again, or says what is wrong
    except WorkerLostError as error:
        log.warning("Photo %s is tried again: %s", _ids_of(done), error)
        return False
    except Exception:
        log.exception("Analysing photo %s failed", _ids_of(done))
        return False
    return True


def _ids_of(photos: list[Searched]) -> str:
    return ", ".join(str(claimed.id) for claimed, _ in photos)


def cluster_room(job: ClaimedJob, workplace: Workplace) -> bool:
    """Group all faces of the room again, together; named people keep theirs.

    Runs after every correction, and so also deletes the pictures of faces marked as not a face.
    """
    with workplace.app.app_context():
        delete_pictures_of_no_faces(workplace.storage, job.room_id)
        grouping.group_unsorted_faces(job.room_id, workplace.rule)
    return True


def prepare_downloads(job: ClaimedJob, workplace: Workplace) -> bool:
    """Measure photos without current checksums: older cleaning rules, or lost and restored.

    Then make the covered copies that are missing.
    """
    with workplace.app.app_context():
        storage, is_stopping = workplace.storage, workplace.is_stopping
        checksums.measure_room(job.room_id, storage, is_stopping=is_stopping)
        make = cover_maker(workplace.decoders, workplace.settings)
        make_covered_copies(job.room_id, storage, make, is_stopping=is_stopping)
    return True


def take_home(job: ClaimedJob, workplace: Workplace) -> bool:
    """Write the pack of the room file that a host waits for; again if they have changed it."""
    with workplace.app.app_context():
        return packing.fulfil_wish(
            job.room_id, workplace.storage, is_stopping=workplace.is_stopping
        )


def look_at_clocks(job: ClaimedJob, workplace: Workplace) -> bool:
    """Find the cameras of a room whose clocks seem to be wrong, for its hosts to decide."""
    with workplace.app.app_context():
        return check_clocks(job.room_id, is_stopping=workplace.is_stopping)


TASKS: dict[JobKind, Callable[[ClaimedJob, Workplace], bool]] = {
    JobKind.PROCESS_PHOTOS: process_photos,
    JobKind.SEARCH_AGAIN: search_again,
    JobKind.CLUSTER_ROOM: cluster_room,
    JobKind.PREPARE_DOWNLOADS: prepare_downloads,
    JobKind.TAKE_HOME: take_home,
    JobKind.CHECK_CLOCKS: look_at_clocks,
}
