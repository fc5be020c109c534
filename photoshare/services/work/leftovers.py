"""Remove what crashes and abandoned uploads leave behind, every hour."""

from __future__ import annotations

from photoshare.services.kept_files import is_kept, kept_hashes
from photoshare.services.moving_in.unfinished import delete_unfinished
from photoshare.services.photos import uploads
from photoshare.services.rooms import rooms
from photoshare.services.visibility.face_switch import finish_switches
from photoshare.storage import Storage


def sweep(storage: Storage, *, older_than: float) -> int:
    """Remove files without a row and abandoned uploads; finish what was interrupted.

    Parameters
    ----------
    storage : Storage
    older_than : float
        Seconds since the epoch; newer files may belong to an upload in progress.

    Returns
    -------
    int
        How many files were removed.
    """
    known = kept_hashes()
    removed = uploads.sweep_uploads(storage, older_than=older_than)
    removed += storage.sweep(known, is_known=is_kept, older_than=older_than)
    rooms.finish_deletions(storage)
    delete_unfinished(storage)
    finish_switches(storage)
    return removed
