"""Run the jobs of the job table in one background thread; the executor only wakes it up."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from photoshare.databases.processes import OneProcess, Processes
from photoshare.databases.shared_rates import forget_old_attempts
from photoshare.db import db, utc_now
from photoshare.errors import DiskFullError, ModelError, PhotoshareError, StorageError
from photoshare.jobs.clock import Clock
from photoshare.jobs.tasks import TASKS, Workplace
from photoshare.maintenance.deleted_bytes import DatabaseUpkeep
from photoshare.services.downloads import checksums
from photoshare.services.photos import check_originals, delete_for_good, is_over
from photoshare.services.pictures import delete_old_covers, delete_pictures_of_no_faces
from photoshare.services.rooms import bin
from photoshare.services.work import job_table, leftovers, photo_queue
from photoshare.services.work.job_table import ClaimedJob, JobKind

log = logging.getLogger(__name__)

SWEEP_AGE_S = 3600  # an upload in progress in another process may be this old
SWEEP_EVERY_S = 3600
SWEEP_AGAIN_S = 60.0  # after a sweep that could not reach the photos
WATCH_S = 2.0  # how soon photos added by the command line, another process, are noticed
FULL_DISK_WAIT_S = 30.0  # until the next try, so that the log does not fill the disk as well
STOP_WAIT_S = 1.0  # how long a stop waits for the current photo; Ctrl-C should take under 2 s


class JobRunner:
    """The owner of the job thread.

    Parameters
    ----------
    workplace : Workplace
    """

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._app, self._stopping = workplace.app, workplace.stopping
        is_file = not workplace.settings.is_postgresql  # which cleans up after itself
        self._upkeep = DatabaseUpkeep(workplace.settings.database) if is_file else None
        self._clock = Clock()
        self._is_prepared = False  # whether the face models were asked for
        self._knows_outdated = False  # whether photos of another engine have been looked for
        self._executor: ThreadPoolExecutor | None = None
        self._watcher: threading.Thread | None = None
        self._busy = threading.Lock()  # held while jobs run
        self._processes = OneProcess()
        self._is_unsettled = False  # the table still lists an ended job as running

    def search_photos(self, room_id: int) -> None:
        """Search the photos of a room that wait for it."""
        self._enqueue(room_id, JobKind.PROCESS_PHOTOS)

    def group_again(self, room_id: int) -> None:
        """Look at the unsorted faces of a room again, with all that was said."""
        self._enqueue(room_id, JobKind.CLUSTER_ROOM)

    def search_restored(self, room_id: int) -> None:
        """Search restored photos whose search was interrupted, or made by a former engine."""
        self._knows_outdated = False
        self.search_photos(room_id)

    def find_people(self, room_id: int) -> None:
        """Search the photos that wait or were given up, and look at the unsorted faces again."""
        photo_queue.retry_failed_photos(room_id)
        self.search_photos(room_id)
        self.group_again(room_id)

    def search_again(self, room_id: int) -> None:
        """Search every photo of a room again; corrections are kept."""
        photo_queue.analyse_again(room_id)
        job_table.enqueue_waiting_photos()
        self.wake()

    def prepare_downloads(self, room_id: int) -> None:
        """Compute the checksums of a room's photos that lack them."""
        self._enqueue(room_id, JobKind.PREPARE_DOWNLOADS)

    def find_versions(self, room_id: int) -> None:
        """Find what photos of a room are shown as one with."""
        self._enqueue(room_id, JobKind.FIND_VERSIONS)

    def take_home(self, room_id: int) -> None:
        """Write what the host of a room takes home."""
        self._enqueue(room_id, JobKind.TAKE_HOME)

    def check_clocks(self, room_id: int) -> None:
        """Look for cameras of a room whose clocks are wrong."""
        self._enqueue(room_id, JobKind.CHECK_CLOCKS)

    def prepare_for_selfie(self) -> None:
        """Load the face models while a guest takes a picture of themselves, in some seconds.

        Not at the start, since they need 300 MB. Does nothing if no thread was started.
        """
        if self._executor is None or self._is_prepared or self._stopping.is_set():
            return
        self._is_prepared = True
        self._executor.submit(lambda: self._workplace.engine.warm_up()).add_done_callback(
            _log_failure
        )

    def _enqueue(self, room_id: int, kind: JobKind) -> None:
        """Queue a job in the table and wake the job thread; the caller has an app context."""
        job_table.enqueue_job(room_id, kind)
        self.wake()

    def start(self) -> None:
        """Resume what an earlier process left, and start the threads; called by app.py only."""
        self.recover()
        if self._workplace.crew is not None:
            self._workplace.crew.start()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jobs")
        self._watcher = threading.Thread(target=self._watch, name="job-watch", daemon=True)
        self._watcher.start()
        self.wake()

    def recover(self) -> None:
        """Requeue everything that a dead process was working on."""
        with self._app.app_context():
            if self._workplace.settings.is_postgresql:
                self._processes = Processes(db.engine)
                self._processes.announce()
            job_table.take_over(self._processes.living())
            photo_queue.fail_exhausted_photos()
            job_table.enqueue_waiting_photos()
            checksums.forget_old_measurements()
            _enqueue_unmeasured()

    def state(self) -> str:
        """Tell in a word whether the threads that run jobs are alive, for a monitor."""
        if self._watcher is None:
            return "not started"
        return "ok" if self._watcher.is_alive() else "failing"

    def sweep(self) -> None:
        """Remove leftovers of crashes and unfinished uploads, and rooms whose time is over.

        Detects originals lost by a disk as well.
        """
        older_than = time.time() - SWEEP_AGE_S
        with self._app.app_context():
            storage, settings = self._workplace.storage, self._workplace.settings
            removed = leftovers.sweep(storage, older_than=older_than)
            if self._clock.is_trusted():
                bin.delete_due(storage, binned_before=utc_now() - settings.bin_time)
            if self._processes.number is not None:
                forget_old_attempts()
            delete_pictures_of_no_faces(storage)
            delete_old_covers(storage)
            check_originals(storage)
            _enqueue_unmeasured()
        if removed:
            log.info("Removed %d files left by crashes and unfinished uploads", removed)

    def wake(self) -> None:
        """Tell the job thread to read the table; does nothing if no thread was started."""
        if self._executor is not None and not self._stopping.is_set():
            self._executor.submit(self.run_pending).add_done_callback(_log_failure)

    def run_pending(self) -> None:
        """Run queued jobs in the calling thread until none are left."""
        with self._busy:
            self._settle()
            self._find_outdated()
            while not self._stopping.is_set():
                with self._app.app_context():
                    job_table.enqueue_waiting_photos()
                    job = job_table.claim_job(self._processes.number)
                if job is None:
                    return
                self._run(job)

    def _find_outdated(self) -> None:
        """Queue photos that another engine searched to be searched again; once per process."""
        if self._knows_outdated:
            return
        try:
            with self._app.app_context():
                if photo_queue.has_searched_photos():  # else the engine is not needed yet
                    name = self._workplace.engine.name
                    if count := photo_queue.analyse_outdated_again(name):
                        log.info("Searching %d photos again with the engine %s", count, name)
        except PhotoshareError as error:
            log.error("The face engine can't be loaded: %s", error)
        else:
            self._knows_outdated = True

    def stop(self) -> bool:
        """Stop after the current photo, or requeue it; return whether the threads have ended.

        The caller closes the database next, which must not be done under a thread that reads it.
        """
        self._stopping.set()
        if self._executor is None or self._watcher is None:
            return True
        until = time.monotonic() + STOP_WAIT_S
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._watcher.join(STOP_WAIT_S)
        if self._busy.acquire(timeout=max(0.0, until - time.monotonic())):
            self._busy.release()
            if self._workplace.crew is not None:
                self._workplace.crew.close()
            self._processes.leave()
            return not self._watcher.is_alive()
        with self._app.app_context():
            self._release_own()
        self._processes.leave()
        return False

    def _run(self, job: ClaimedJob) -> None:
        error: PhotoshareError | None = None
        is_done = True
        try:
            is_done = TASKS[job.kind](job, self._workplace)
        except PhotoshareError as problem:
            log.error("Job %d (%s) failed: %s", job.id, job.kind, problem)
            error = problem
        except Exception:
            log.exception("Job %d (%s) failed", job.id, job.kind)
            error = PhotoshareError("Something went wrong. The server's log has the details.")
        self._is_unsettled = True
        with self._app.app_context():
            if error is not None:
                # A full disk, a bucket out of reach or a damaged model isn't the photo's fault.
                is_ours = isinstance(error, DiskFullError | ModelError | StorageError)
                photo_queue.release_claims(count_attempt=not is_ours, worker=self._processes.number)
            if error is None and (self._stopping.is_set() or not is_done):
                job_table.requeue_job(job)
            else:
                job_table.finish_job(job, error=str(error) if error else None)
        self._is_unsettled = False

    def _settle(self) -> None:
        """Record the end of a job that could not be written before, for example on a full disk."""
        if self._is_unsettled:
            with self._app.app_context():
                self._release_own()
            self._is_unsettled = False

    def _release_own(self) -> None:
        """Requeue what this process is working on; no attempt counts."""
        photo_queue.release_claims(count_attempt=False, worker=self._processes.number)
        job_table.requeue_running_jobs(self._processes.number)

    def _watch(self) -> None:
        """Clean up, empty the bin, and wake the job thread for work queued elsewhere."""
        next_sweep = time.monotonic()
        while not self._stopping.wait(WATCH_S):
            try:
                self._processes.announce()
                is_on_duty = self._processes.is_on_duty()
                if is_on_duty and time.monotonic() >= next_sweep:
                    next_sweep += SWEEP_EVERY_S
                    self.sweep()
                with self._app.app_context():
                    if is_on_duty:
                        self._do_duties()
                    job_table.enqueue_waiting_photos()
                    has_work = job_table.has_queued_jobs()
                if has_work or self._is_unsettled:
                    self.wake()
                if self._upkeep is not None:
                    self._upkeep.tend()
            except StorageError as error:  # its deletions are written down
                log.warning("The photos can't be swept: %s", error.reason)
                next_sweep = min(next_sweep, time.monotonic() + SWEEP_AGAIN_S)
            except DiskFullError as error:
                log.error("The search for people is paused: %s", error)
                self._stopping.wait(FULL_DISK_WAIT_S)
            except Exception:  # a locked database is temporary; the watch continues
                log.exception("Watching the job table failed; trying again")

    def _do_duties(self) -> None:
        """Do what one process does for all: empty the bin of what is old, take over the dead's."""
        if self._clock.is_trusted():
            time_over = utc_now() - self._workplace.settings.bin_time
            delete_for_good(self._workplace.storage, is_over(time_over))
        if self._processes.are_settled() and job_table.take_over(self._processes.living()):
            log.warning("Another process has ended in the middle of its work; it goes on here")
            photo_queue.fail_exhausted_photos()


def _enqueue_unmeasured() -> None:
    for room_id in checksums.unmeasured_rooms():
        job_table.enqueue_job(room_id, JobKind.PREPARE_DOWNLOADS)


def _log_failure(drain: Future[None]) -> None:
    """Log the exception of a future, so that none is lost."""
    if not drain.cancelled() and (error := drain.exception()) is not None:
        is_ours = isinstance(error, PhotoshareError)
        log.error("The job thread failed: %s", error, exc_info=None if is_ours else error)
