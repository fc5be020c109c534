"""Sizes and checksums of downloads, computed while photos come in.

No zip has to read its photos before it starts.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import ColumnElement, or_, select, update

from photoshare.errors import DiskFullError, NotFoundError, RejectedPhotoError
from photoshare.metadata.clean import CLEANING_RULES, find_patches
from photoshare.metadata.motion import moving_patches
from photoshare.metadata.patches import PatchedFile, UncleanableError
from photoshare.models import Photo, db
from photoshare.pictures import decoding
from photoshare.pictures.rendering import CLEAN_COPY, ToldFacts, make_clean_copy, read_again
from photoshare.services.clocks.settling import settle_clocks
from photoshare.services.downloads.clean_originals import (
    PHOTO_FILE,
    Download,
    Form,
    PhotoFile,
    download_columns,
    format_of_download,
    has_clean_copy,
    has_original,
)
from photoshare.storage import ReceivedFile, Storage

log = logging.getLogger(__name__)
READ_BLOCK = 1 << 20  # bytes read at a time
READ_AGAIN = ("camera", "clock_ahead_s", "movie_start")  # columns that are newer than some photos
Measured = dict[str, int | str | None]  # columns of a photo
COMMIT_EVERY = 20  # photos: at most so many have to be measured again after a crash


def get_download(
    photo_id: int,
    storage: Storage,
    *,
    exact: bool,
    with_movies: bool = False,
    stills_only: bool = False,
) -> Download:
    """Describe one photo as a download, measuring it first if necessary; see `download_columns`.

    Raises
    ------
    NotFoundError
        If its file is lost or damaged.
    """
    photo = _photo_file(photo_id)
    if not has_original(photo, storage):
        log.error("The original of photo %d is missing or damaged in %s", photo.id, storage.data)
        raise NotFoundError("This picture no longer exists.")
    if photo.crc32 is None or not has_clean_copy(photo, storage):
        _store({photo_id: _measure(photo, storage)})
        photo = _photo_file(photo_id)
        if photo.crc32 is None:
            raise NotFoundError("This picture no longer exists.")
    as_sent = download_columns(exact=exact, with_movies=with_movies, stills_only=stills_only)
    columns = (*as_sent, Photo.sha256, Photo.cleaning_rules)
    row = db.session.execute(select(*columns).where(Photo.id == photo_id)).one()
    form, size_bytes, crc32, sha256, rules = row
    image_format = format_of_download(photo.image_format, form)
    return Download(Form(form), image_format, size_bytes, crc32, sha256, rules)


def measure_received(
    received: ReceivedFile, image_format: str, clean_copy: bytes | None, movie_start: int | None
) -> dict[str, int | None]:
    """Compute the download columns of a new photo's row.

    Parameters
    ----------
    received : ReceivedFile
    image_format : str
    clean_copy : bytes or None
        The JPEG that guests get if the file itself cannot be cleaned.
    movie_start : int or None
        Where the movie of a motion photo begins.
    """
    if clean_copy is not None:
        return _values(received.crc32, **_measure_copy(clean_copy))
    cleaned = _measure_clean(received.path, image_format, received.crc32, movie_start)
    return _values(received.crc32, **cleaned)


def unmeasured() -> ColumnElement[bool]:
    """Select the photos that cannot be in a zip yet; an index lists them."""
    return Photo.crc32.is_(None) & ~Photo.is_lost


def measure_photos(
    which: ColumnElement[bool],
    storage: Storage,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Compute missing checksums of photos; mark a photo lost if its file cannot be read.

    For the job thread: reading a room takes about a minute.

    Parameters
    ----------
    which : condition on Photo
    is_stopping : callable
        Called before every photo; if it returns True, the rest waits for the next run.
    """
    query = select(*PHOTO_FILE).where(which, unmeasured()).order_by(Photo.id).limit(COMMIT_EVERY)
    while not is_stopping():
        photos = [PhotoFile(*row) for row in db.session.execute(query)]
        db.session.rollback()  # no transaction stays open while files are read
        if not photos:
            return
        measured: dict[int, Measured] = {}
        for photo in photos:
            if measured and is_stopping():
                break
            measured[photo.id] = _measure(photo, storage)
        _store(measured)


def measure_room(room_id: int, storage: Storage, *, is_stopping: Callable[[], bool]) -> None:
    """Compute the missing checksums of a room, as `measure_photos` does."""
    measure_photos(Photo.room_id == room_id, storage, is_stopping=is_stopping)


def unmeasured_rooms() -> list[int]:
    """List the rooms with photos that cannot be in a zip yet."""
    return list(db.session.scalars(select(Photo.room_id).where(unmeasured()).distinct()))


def forget_old_measurements() -> None:
    """Mark photos that were measured by older cleaning rules to be measured again."""
    is_old = or_(Photo.cleaning_rules.is_(None), Photo.cleaning_rules != CLEANING_RULES)
    db.session.execute(update(Photo).where(is_old, Photo.crc32.is_not(None)).values(crc32=None))
    db.session.commit()


def _store(measured: dict[int, Measured]) -> None:
    for photo_id, values in measured.items():
        is_lost = values["crc32"] is None
        db.session.execute(
            update(Photo).where(Photo.id == photo_id).values(is_lost=is_lost, **values)
        )
    # What is known of their cameras only now may be a camera whose clock was put right.
    here = Photo.id.in_(measured)
    for room_id in db.session.scalars(select(Photo.room_id).where(here).distinct()).all():
        settle_clocks(room_id, here)
    db.session.commit()


def _measure(photo: PhotoFile, storage: Storage) -> Measured:
    """Compute the download columns of a photo; all None if its file is lost or damaged.

    While the file is read, what it says of itself is read again: former versions did not ask.
    """
    try:
        with storage.holding(storage.original(photo.room_id, photo.sha256)) as original:
            told = ToldFacts()
            with suppress(RejectedPhotoError):  # no picture, but a clip
                told = read_again(original, photo.image_format)
            said = {name: getattr(told, name) for name in READ_AGAIN}
            measured: Measured = {**_measure_original(photo, original, storage, told.movie_start)}
            return measured | {name: value for name, value in said.items() if value is not None}
    except (OSError, ValueError, RejectedPhotoError, DiskFullError) as error:
        log.error("The original of photo %d can't be read: %s", photo.id, error)
        return {**_values(None)}


def _measure_original(
    photo: PhotoFile, original: Path, storage: Storage, movie_start: int | None
) -> dict[str, int | None]:
    crc32 = _crc32(PatchedFile(original))
    try:
        cleaned = _measure_clean(original, photo.image_format, crc32, movie_start)
        return _values(crc32, **cleaned)
    except UncleanableError as reason:
        log.info("Photo %d needs a clean copy: %s", photo.id, reason)
        copy = make_clean_copy(original, max_megapixels=decoding.ANY_MEGAPIXELS)
        path = storage.derivative(photo.room_id, photo.sha256, CLEAN_COPY)
        storage.write_derived(path, copy)
        return _values(crc32, **_measure_copy(copy))


def _values(
    crc32: int | None,
    *,
    clean_crc32: int | None = None,
    clean_bytes: int | None = None,
    clean_copy_bytes: int | None = None,
    moving_crc32: int | None = None,
    moving_bytes: int | None = None,
) -> dict[str, int | None]:
    return {
        "cleaning_rules": CLEANING_RULES,
        "crc32": crc32,
        "clean_crc32": clean_crc32,
        "clean_bytes": clean_bytes,
        "clean_copy_bytes": clean_copy_bytes,
        "moving_crc32": moving_crc32,
        "moving_bytes": moving_bytes,
    }


def _measure_clean(
    original: Path, image_format: str, crc32: int, movie_start: int | None
) -> dict[str, int]:
    patches = find_patches(original, image_format)
    with closing(PatchedFile(original, patches)) as cleaned:
        clean_crc32 = _crc32(cleaned) if patches else crc32
        measured = {"clean_bytes": cleaned.size_bytes, "clean_crc32": clean_crc32}
    return measured | _measure_moving(original, movie_start)


def _measure_moving(original: Path, movie_start: int | None) -> dict[str, int]:
    """Measure a motion photo with its movie; nothing for others, and where only the still goes."""
    if movie_start is None:
        return {}
    try:
        with closing(PatchedFile(original, moving_patches(original, movie_start))) as both:
            return {"moving_bytes": both.size_bytes, "moving_crc32": _crc32(both)}
    except UncleanableError:
        return {}


def _measure_copy(copy: bytes) -> dict[str, int]:
    return {"clean_copy_bytes": len(copy), "clean_crc32": zlib.crc32(copy)}


def _crc32(file: PatchedFile) -> int:
    checksum, at = 0, 0
    try:
        while block := file.read_at(at, READ_BLOCK):
            checksum = zlib.crc32(block, checksum)
            at += len(block)
    finally:
        file.close()
    return checksum


def _photo_file(photo_id: int) -> PhotoFile:
    row = db.session.execute(select(*PHOTO_FILE).where(Photo.id == photo_id)).first()
    if row is None:
        raise NotFoundError("This photo doesn't exist or was deleted.")
    return PhotoFile(*row)
