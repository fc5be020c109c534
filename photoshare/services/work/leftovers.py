"""Remove what crashes and abandoned uploads leave, and rooms whose time is over, every hour."""

from __future__ import annotations

from datetime import timedelta

from photoshare.models import utc_now
from photoshare.services.kept_files import is_kept, kept_hashes
from photoshare.services.photos import uploads
from photoshare.services.rooms import bin, rooms
from photoshare.storage import Storage


def sweep(storage: Storage, *, older_than: float, bin_time: timedelta) -> int:
    """Remove files without a row, abandoned uploads and old rooms; finish interrupted deletions.

    Parameters
    ----------
    storage : Storage
    older_than : float
        Seconds since the epoch; newer files may belong to an upload in progress.
    bin_time : timedelta
        How long a room stays in the bin.

    Returns
    -------
    int
        How many files were removed.
    """
    known = kept_hashes()
    removed = uploads.sweep_uploads(storage, older_than=older_than)
    removed += storage.sweep(known, is_known=is_kept, older_than=older_than)
    rooms.finish_deletions(storage)
    bin.delete_due(storage, binned_before=utc_now() - bin_time)
    return removed
