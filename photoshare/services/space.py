"""Deleting on a full disk: it needs a little space itself, which a reserve gives it."""

from __future__ import annotations

from collections.abc import Callable

from photoshare.db import db
from photoshare.errors import DiskFullError
from photoshare.storage import Storage


def even_when_full(storage: Storage, change: Callable[[], None]) -> None:
    """Make a change of the rows that frees space, on a full disk by the space of the reserve.

    The caller removes the files that belong to the rows, and fills the reserve again.

    Parameters
    ----------
    storage : Storage
    change : callable
        One transaction, or several; begun again if the disk was full.

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
