"""Where the files of rooms are: in the data folder, or in a bucket that speaks S3.

Other packages import from here.
"""

from __future__ import annotations

from photoshare.storage.choose import open_storage
from photoshare.storage.fetchers import Fetchers
from photoshare.storage.incoming import RESERVE_BYTES
from photoshare.storage.local import Storage
from photoshare.storage.received import ReceivedFile, SavedAs, read_received

__all__ = [
    "RESERVE_BYTES",
    "Fetchers",
    "ReceivedFile",
    "SavedAs",
    "Storage",
    "open_storage",
    "read_received",
]
