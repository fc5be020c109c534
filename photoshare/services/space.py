"""Delete on a full disk: deleting itself needs a little space, which a reserve provides."""

from __future__ import annotations

from collections.abc import Callable

from photoshare.db import db
from photoshare.errors import DiskFullError
from photoshare.storage import Storage


def even_when_full(storage: Storage, change: Callable[[], None]) -> bool:
    """Make a change to the rows that frees space; on a full disk, use the reserve for it.

    The caller removes the files that belong to the rows and refills the reserve.

    Parameters
    ----------
    storage : Storage
    change : callable
        One or more transactions; run again if the disk was full.

    Returns
    -------
    bool
        Whether it took the reserve.

    Raises
    ------
    DiskFullError
        If the reserve is not enough either, or is used up.
    """
    try:
        change()
    except DiskFullError:
        db.session.rollback()
        storage.release_reserve()
        change()
        return True
    return False
