"""Move the photos of a data folder into a bucket: each is read back before the file goes.

Safe to repeat: what has been moved isn't here any more, and what was interrupted begins again.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from photoshare.disk import sha256_of
from photoshare.errors import StartError
from photoshare.models import Photo, WaitingPhoto, db
from photoshare.pictures.formats import FORMATS
from photoshare.services.downloads.file_names import original_name
from photoshare.storage import SavedAs, Storage
from photoshare.storage.fetchers import AT_ONCE
from photoshare.storage.keys import key_of
from photoshare.storage.owner import claim
from photoshare.storage.s3 import ObjectStorage

if TYPE_CHECKING:  # a package that the default install lacks
    from photoshare.storage.bucket import Bucket


@dataclass(slots=True)
class Moved:
    """What became of the files of a data folder.

    Attributes
    ----------
    photo_count : int
        Originals that are in the bucket now, and no longer here.
    damaged : list of Path
        Originals whose bytes are not what their names say; they stay.
    """

    photo_count: int = 0
    damaged: list[Path] = field(default_factory=list)


def move_files(
    storage: Storage, owner: str, *, tell: Callable[[int], None] = lambda _count: None
) -> Moved:
    """Move all originals, and the pictures made from them, into the bucket of the settings.

    Nobody may serve the data folder meanwhile.

    Parameters
    ----------
    storage : Storage
    owner : str
        Tells installations apart, as in `Storage.check`.
    tell : callable
        Called with the number of originals moved so far.

    Raises
    ------
    StartError
        If the settings name no bucket, or another installation's.
    StorageError
        If it can't be reached. What was moved until then is there.
    """
    if not isinstance(storage, ObjectStorage):
        raise StartError("Set PHOTOSHARE_STORAGE to the bucket first, such as s3://bucket/prefix.")
    claim(storage.bucket, owner)
    moved = Moved()
    for paths in _batches(_files(storage.uploads, "originals")):
        work = [partial(_move_original, path, storage.bucket, _saved_as(path)) for path in paths]
        for path, was_whole in zip(paths, storage.fetchers.map(work), strict=True):
            if was_whole:
                moved.photo_count += 1
                tell(moved.photo_count)
            else:
                moved.damaged.append(path)
    for paths in _batches(_files(storage.uploads, "derived")):
        storage.fetchers.map(partial(_move_picture, path, storage.bucket) for path in paths)
    for path in _files(storage.uploads, "tiles"):
        path.unlink()  # cut again on request
    for kind in ("originals", "derived", "tiles"):
        for folder in storage.uploads.glob(f"*/{kind}"):
            with contextlib.suppress(OSError):  # a damaged file stays
                folder.rmdir()
    return moved


def _files(folder: Path, kind: str) -> Iterator[Path]:
    return (path for path in sorted(folder.glob(f"*/{kind}/*")) if path.is_file())


def _batches(paths: Iterator[Path]) -> Iterator[list[Path]]:
    while batch := list(islice(paths, AT_ONCE)):
        yield batch


def _saved_as(path: Path) -> dict[str, str]:
    """Find out how a browser saves an original; nothing for one without a row."""
    room, _, sha256 = path.parts[-3:]
    for kind in (Photo, WaitingPhoto):
        columns = select(kind.file_name, kind.image_format)
        of_file = columns.where(kind.room_id == int(room), kind.sha256 == sha256)
        if row := db.session.execute(of_file).first():
            name = original_name(row.file_name, row.image_format)
            return SavedAs(name, FORMATS[row.image_format].mime_type).headers
    return {}


def _move_original(path: Path, bucket: Bucket, headers: dict[str, str]) -> bool:
    """Move one original; return whether it was whole."""
    if sha256_of(path) != path.name:
        return False
    key = key_of(path)
    if key is None:
        return False
    bucket.put_new(key, path, path.stat().st_size, headers)
    with tempfile.TemporaryDirectory(dir=path.parent.parent) as folder:
        digest = bucket.download(key, Path(folder) / "copy")
    if digest != path.name:
        return False
    path.unlink()
    return True


def _move_picture(path: Path, bucket: Bucket) -> None:
    if (key := key_of(path)) is not None and not path.name.startswith("."):  # half written
        bucket.put(key, path.read_bytes())
    path.unlink()
