"""The files of tiles, of all rooms together: those unused for longest go when they are too many.

A photo's smaller pictures have a fixed number and are small, and so stay as long as the photo. Its
tiles hold all of its pixels again, and hardly anyone looks at most photos so closely.
"""

from __future__ import annotations

from pathlib import Path

from photoshare.config import MB
from photoshare.storage import Storage

MOST_BYTES = 1000 * MB  # our choice: little beside the originals of one party


def tile_file(
    storage: Storage, room_id: int, sha256: str, factor: int, cover: str | None = None
) -> Path:
    """Return the file of all tiles of a photo whose sides are divided by ``factor``.

    Parameters
    ----------
    cover : str, optional
        The name of what is covered on them.
    """
    covered = f"-covered-{cover}" if cover else ""
    return storage.room_folder(room_id) / "tiles" / f"{sha256}-{factor}{covered}.zip"


def drop_unused(storage: Storage) -> None:
    """Delete the files of tiles unused for longest while all weigh more than `MOST_BYTES`.

    The one used last stays. The time of a file tells when it was used. Costs a look at each of
    them, hence no more than `MOST_BYTES` allows, and at no other file.
    """
    found = []
    for path in storage.files.glob("*/tiles/*.zip"):
        try:
            status = path.stat()
        except FileNotFoundError:  # deleted with its photo
            continue
        found.append((status.st_mtime_ns, status.st_size, path))
    found.sort(reverse=True)
    weight = 0
    for _used, size_bytes, path in found:
        weight += size_bytes
        if weight > MOST_BYTES and path != found[0][2]:
            path.unlink(missing_ok=True)
