"""Tell in a word each whether the parts of a server work; never a path, a name or a secret."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from photoshare.db import schema_version
from photoshare.errors import PhotoshareError
from photoshare.storage import Storage

log = logging.getLogger(__name__)

KEPT_S = 2.0  # anyone may ask, as often as they like
OK, FAILING = "ok", "failing"
DATABASE, DATA_FOLDER, FREE_SPACE = "database", "data folder", "free space"
JOBS, FACE_ENGINE, WORKERS = "jobs", "face engine", "workers"
STORAGE = "storage"  # only if photos are in a bucket
# Without these nobody is served. Without space, face engine or workers, guests still see and take
# home what is there, and the host can make room: a proxy that turned them away would make it worse.
ESSENTIAL = (DATABASE, DATA_FOLDER, JOBS)


class Health:
    """The state of one server, looked at when someone asks, at most every `KEPT_S` seconds.

    Parameters
    ----------
    storage : Storage
    jobs_state, engine_state : callable
        Return a word each.
    workers_state : callable, optional
        As these, if photos are searched on other machines.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        jobs_state: Callable[[], str],
        engine_state: Callable[[], str],
        workers_state: Callable[[], str] | None = None,
    ) -> None:
        self._storage, self._jobs, self._engine = storage, jobs_state, engine_state
        self._workers = workers_state
        self._lock = threading.Lock()
        self._parts: dict[str, str] = {}
        self._schema = ""
        self._until = 0.0  # by the monotonic clock

    def examine(self) -> tuple[bool, str]:
        """Return whether the server works, and a text: the outcome, then a line for each part."""
        parts = self.parts()
        failing = [part for part in ESSENTIAL if parts[part] == FAILING]
        outcome = f"failing: {', '.join(failing)}" if failing else f"ok, schema {self._schema}"
        lines = [outcome, *(f"{part}: {state}" for part, state in parts.items())]
        return not failing, "\n".join(lines) + "\n"

    def parts(self) -> dict[str, str]:
        """Return the state of each part in a word or two."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._look()
                self._until = time.monotonic() + KEPT_S
            return dict(self._parts)

    def _look(self) -> None:
        has_space = is_writable = False
        try:
            is_writable = os.access(self._storage.data, os.W_OK | os.X_OK)
            has_space = self._storage.has_free_space()
        except OSError as error:
            log.warning("The data folder can't be read (%s)", error.strerror)
        self._parts = {
            DATABASE: self._database(),
            DATA_FOLDER: OK if is_writable else FAILING,
            FREE_SPACE: OK if has_space else "low",
            JOBS: self._jobs(),
            FACE_ENGINE: self._engine(),
            **({} if self._workers is None else {WORKERS: self._workers()}),
        }
        if (state := self._storage.state()) is not None:
            self._parts[STORAGE] = state

    def _database(self) -> str:
        try:
            self._schema = schema_version()
        except (SQLAlchemyError, PhotoshareError) as error:
            log.warning("The database doesn't answer: %s", error)
            return FAILING
        return OK
