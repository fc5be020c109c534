"""Collect what the owner sees of the server: the parts that a monitor sees, its disk, its workers.

Nothing is searched for it: what takes long is the doctor's.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask_babel import gettext

from photoshare.config import PROGRAM
from photoshare.errors import BackupError
from photoshare.maintenance.dated_backups import is_late, list_backups, moment_of
from photoshare.services import health
from photoshare.services.counts import count_lost, count_waiting
from photoshare.web.site import Site
from photoshare.workers.report import CrewReport

HARMLESS = (health.OK, "not needed yet", "not started")  # words of parts that need no attention


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the server, as its owner reads about it."""

    name: str
    state: str
    is_good: bool = True


@dataclass(frozen=True, slots=True)
class ServerState:
    """The whole server at one moment.

    Attributes
    ----------
    parts : list of Part
    free_bytes, disk_bytes : int
        Of the disk that the data folder is on.
    is_backed_up : bool
        Whether the settings ask for daily backups.
    backup_at : datetime or None
        When the newest of these began.
    is_backup_late : bool
        Whether there should be a newer one.
    waiting_count, lost_count : int
        Photos that wait for the face search, and whose originals are lost.
    crew : CrewReport or None
        The workers on other machines; None if the settings name none.
    doctor : str
        The command that examines everything.
    """

    parts: list[Part]
    free_bytes: int
    disk_bytes: int
    is_backed_up: bool
    backup_at: datetime | None
    is_backup_late: bool
    waiting_count: int
    lost_count: int
    crew: CrewReport | None
    doctor: str = f"{PROGRAM} doctor"

    @property
    def has_problem(self) -> bool:
        """Whether something needs the owner."""
        are_good = all(part.is_good for part in self.parts)
        return not are_good or self.is_backup_late or self.lost_count > 0


def find_state(site: Site) -> ServerState:
    """Look at the server, which takes a few milliseconds."""
    disk = shutil.disk_usage(site.settings.data)
    backup_at, is_late = _newest_backup(site.settings.backup_folder)
    return ServerState(
        parts=[_part(name, word) for name, word in site.health.parts().items()],
        free_bytes=disk.free,
        disk_bytes=disk.total,
        is_backed_up=bool(site.settings.backup_folder),
        backup_at=backup_at,
        is_backup_late=is_late,
        waiting_count=count_waiting(),
        lost_count=count_lost(),
        crew=site.crew.report() if site.crew is not None else None,
    )


def _part(name: str, word: str) -> Part:
    names = {
        health.DATABASE: gettext("Database"),
        health.DATA_FOLDER: gettext("Data folder"),
        health.FREE_SPACE: gettext("Free space"),
        health.JOBS: gettext("Background work"),
        health.FACE_ENGINE: gettext("Face search"),
        health.WORKERS: gettext("Workers"),
        health.STORAGE: gettext("Bucket"),
    }
    words = {
        health.OK: gettext("works"),
        health.FAILING: gettext("fails"),
        "failed": gettext("fails"),
        "low": gettext("too little: uploads are refused"),
        "not needed yet": gettext("not needed yet"),
        "not started": gettext("not started"),
        "none": gettext("none: the server searches photos itself"),
        "unreachable": gettext("out of reach: the server searches photos itself"),
    }
    if name == health.FREE_SPACE:
        words[health.OK] = gettext("enough")
    state, is_refused, _refused = word.partition(", ")
    return Part(
        names.get(name, name),
        words.get(state, state),
        is_good=state in HARMLESS and not is_refused,
    )


def _newest_backup(folder: str) -> tuple[datetime | None, bool]:
    """Return when the newest daily backup began, and whether the next one is late."""
    if not folder:
        return None, False
    try:
        made = list_backups(Path(folder))
    except BackupError:
        return None, True
    newest = moment_of(made[-1]) if made else None
    return newest, is_late(newest)
