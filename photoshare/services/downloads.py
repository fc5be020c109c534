"""Photos to take home: what of an original a guest gets, and its size and checksum beforehand.

An original is kept bit for bit. Guests get it through patches that take out whatever identifies a
person, a device or a place (`photoshare.metadata`), unless the room keeps that; the picture itself
is never encoded again. A file that cannot be cleaned in this way is replaced by a new JPEG of the
same size in pixels. The sizes and checksums are computed once, when a photo was analysed or first
asked for.
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import ColumnElement, or_, select, update

from photoshare import images
from photoshare.db import db
from photoshare.errors import DiskFullError, NotAllowedError, NotFoundError, RejectedPhotoError
from photoshare.metadata.clean import CLEANING_RULES, find_patches
from photoshare.metadata.patches import PatchedFile, UncleanableError
from photoshare.models import PHOTO_FAILED, Photo
from photoshare.services.rooms import Access
from photoshare.storage import Storage

log = logging.getLogger(__name__)

READ_BLOCK = 1 << 20  # bytes read at a time
COPY_QUALITY = 95  # of the JPEG in place of a file that cannot be cleaned: no loss to be seen
CLEAN_COPY = "clean.jpg"  # variant under which that JPEG is stored
COMMIT_EVERY = 20  # photos; the measuring of so many is lost at most
# One at a time: it reads whole files, and two requests for one zip would read the same ones.
_MEASURING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Download:
    """A photo as somebody may take it home.

    Attributes
    ----------
    image_format : str
        Pillow's name; that of a clean copy is JPEG, whatever the original is.
    size_bytes, crc32 : int
    open : callable
        Opens it for reading from anywhere.
    stamp : str
        Changes with every byte.
    """

    image_format: str
    size_bytes: int
    crc32: int
    open: Callable[[], PatchedFile]
    stamp: str


def is_exact(access: Access, *, wants_exact: bool) -> bool:
    """Whether this asker gets originals bit for bit.

    Raises
    ------
    NotAllowedError
        If a guest asks for them and the room gives them to its host only.
    """
    if wants_exact and not (access.is_host or access.room.keeps_metadata):
        raise NotAllowedError(
            "Only the host can download the exact originals, with places, names and serial numbers."
        )
    return wants_exact or access.room.keeps_metadata


def find_download(photo: Photo, storage: Storage, *, exact: bool) -> Download | None:
    """Tell what a photo is as a download; None if its file is lost or damaged.

    The photo has been measured by `measure_photos`.
    """
    original = storage.original(photo.room_id, photo.sha256)
    if photo.crc32 is None or photo.clean_crc32 is None or _size(original) != photo.size_bytes:
        log.error("The original of photo %d is missing or damaged in %s", photo.id, storage.data)
        return None
    if exact or photo.clean_crc32 == photo.crc32:
        stamp = f"{photo.sha256} exact"
        opener = partial(PatchedFile, original)
        return Download(photo.image_format, photo.size_bytes, photo.crc32, opener, stamp)
    stamp = f"{photo.sha256} {photo.cleaning_rules} {photo.clean_crc32}"
    if photo.clean_copy_bytes is not None:
        copy = partial(PatchedFile, _clean_copy(photo.room_id, photo.sha256, storage))
        return Download("JPEG", photo.clean_copy_bytes, photo.clean_crc32, copy, stamp)
    if photo.clean_bytes is None:
        raise AssertionError("a photo that was measured by older rules")
    opener = partial(_open_clean, original, photo.image_format)
    return Download(photo.image_format, photo.clean_bytes, photo.clean_crc32, opener, stamp)


def get_download(photo: Photo, storage: Storage, *, exact: bool) -> Download:
    """Tell what one photo is as a download, measuring it if need be.

    Raises
    ------
    NotFoundError
        If its file is lost or damaged.
    """
    measure_photos(Photo.id == photo.id, storage)
    db.session.refresh(photo)
    found = find_download(photo, storage, exact=exact)
    if found is None:
        raise NotFoundError("This picture is not there (any more).")
    return found


def measure_photos(
    which: ColumnElement[bool],
    storage: Storage,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Compute the checksums of photos that lack them, or whose clean copy was lost.

    Parameters
    ----------
    which : condition on Photo
    is_stopping : callable
        Asked before every photo; the rest waits for the next time when it says yes.
    """
    if not _unmeasured(which, storage):
        return
    with _MEASURING:
        rows = _unmeasured(which, storage)
        db.session.rollback()  # no transaction stays open while files are read
        for first in range(0, len(rows), COMMIT_EVERY):
            measured = []
            for photo in rows[first : first + COMMIT_EVERY]:
                if is_stopping():
                    break
                measured.append((photo.id, _measure(photo, storage)))
            for photo_id, values in measured:
                db.session.execute(update(Photo).where(Photo.id == photo_id).values(values))
            db.session.commit()


def unmeasured_rooms() -> list[int]:
    """List the rooms with photos that were analysed, but never measured by today's rules."""
    lacks = or_(Photo.cleaning_rules.is_(None), Photo.cleaning_rules != CLEANING_RULES)
    is_done = or_(Photo.engine.is_not(None), Photo.state == PHOTO_FAILED)
    return list(db.session.scalars(select(Photo.room_id).where(lacks, is_done).distinct()))


@dataclass(frozen=True, slots=True)
class _File:
    """What measuring needs of a photo."""

    id: int
    room_id: int
    sha256: str
    image_format: str


def _unmeasured(which: ColumnElement[bool], storage: Storage) -> list[_File]:
    columns = (Photo.id, Photo.room_id, Photo.sha256, Photo.image_format)
    lacks = or_(
        Photo.crc32.is_(None),  # perhaps its file is back from a backup
        Photo.cleaning_rules.is_(None),
        Photo.cleaning_rules != CLEANING_RULES,
    )
    found = [_File(*row) for row in db.session.execute(select(*columns).where(which, lacks))]
    copies = select(*columns, Photo.clean_copy_bytes).where(
        which, ~lacks, Photo.clean_copy_bytes.is_not(None)
    )
    for row in db.session.execute(copies):
        if _size(_clean_copy(row.room_id, row.sha256, storage)) != row.clean_copy_bytes:
            found.append(_File(row.id, row.room_id, row.sha256, row.image_format))
    return found


def _measure(file: _File, storage: Storage) -> dict[str, int | None]:
    """Compute what the columns of a photo hold; None where its file is lost or damaged."""
    values: dict[str, int | None] = {
        "cleaning_rules": CLEANING_RULES,
        "crc32": None,
        "clean_crc32": None,
        "clean_bytes": None,
        "clean_copy_bytes": None,
    }
    original = storage.original(file.room_id, file.sha256)
    try:
        crc32 = _crc32(PatchedFile(original))
        try:
            patches = find_patches(original, file.image_format)
            cleaned = PatchedFile(original, patches)
            values["clean_bytes"] = cleaned.size_bytes
            clean_crc32 = _crc32(cleaned)
        except UncleanableError as reason:
            log.info("Photo %d is copied to be clean: %s", file.id, reason)
            copy = _make_clean_copy(file, storage)
            values["clean_copy_bytes"] = _size(copy)
            clean_crc32 = _crc32(PatchedFile(copy))
    except (OSError, ValueError, RejectedPhotoError, DiskFullError) as error:
        log.error("The original of photo %d cannot be read: %s", file.id, error)
    else:
        values |= {"crc32": crc32, "clean_crc32": clean_crc32}
    return values


def _crc32(file: PatchedFile) -> int:
    checksum, at = 0, 0
    try:
        while block := file.read_at(at, READ_BLOCK):
            checksum = zlib.crc32(block, checksum)
            at += len(block)
    finally:
        file.close()
    return checksum


def _open_clean(original: Path, image_format: str) -> PatchedFile:
    return PatchedFile(original, find_patches(original, image_format))


def _make_clean_copy(file: _File, storage: Storage) -> Path:
    """Write a JPEG with all pixels of the photo and nothing else of it."""
    original = storage.original(file.room_id, file.sha256)
    decoded = images.decode_upright(
        original, at_least_px=images.ALL_PX, max_megapixels=images.ANY_MEGAPIXELS
    )
    copy = _clean_copy(file.room_id, file.sha256, storage)
    storage.write_derived(copy, images.to_jpeg(decoded.image, quality=COPY_QUALITY))
    return copy


def _clean_copy(room_id: int, sha256: str, storage: Storage) -> Path:
    return storage.derivative(room_id, sha256, CLEAN_COPY)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
