"""Make a backup every day while the server runs, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from photoshare.errors import PhotoshareError
from photoshare.maintenance.dated_backups import add_backup, is_due
from photoshare.storage import Storage

log = logging.getLogger(__name__)

LOOK_EVERY_S = 600.0  # whether a backup is due; a failed one is tried again as soon


def keep_backups(storage: Storage, folder: Path, keep: int, stopping: threading.Event) -> None:
    """Start the thread; a backup that the stop of the server cuts off is continued by the next.

    Parameters
    ----------
    storage : Storage
    folder : Path
        Of the series (`photoshare.maintenance.dated_backups`).
    keep : int >= 1
        How many backups stay.
    stopping : Event
        Ends it.
    """

    def work() -> None:
        while not stopping.is_set():
            back_up_if_due(storage, folder, keep)
            stopping.wait(LOOK_EVERY_S)

    threading.Thread(target=work, name="daily-backup", daemon=True).start()


def back_up_if_due(storage: Storage, folder: Path, keep: int) -> None:
    """Add a backup if the newest one is a day old; log what came of it."""
    try:
        if not is_due(folder):
            return
        made = add_backup(storage, folder, keep=keep)
    except PhotoshareError as error:
        log.error("The daily backup failed, and will be tried again: %s", error)
    except Exception:
        log.exception("The daily backup failed, and will be tried again")
    else:
        log.info("The daily backup in %s is complete, with %d photos", folder, made.photo_count)
        if made.lost:
            log.error(
                "It doesn't have %d photos whose originals are missing or damaged; the doctor "
                "names them",
                len(made.lost),
            )
