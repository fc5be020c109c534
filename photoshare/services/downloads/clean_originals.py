"""Photos to take home: what of an original a guest gets, and its size and checksum beforehand.

An original is kept bit for bit. Guests get it through patches that take out whatever identifies a
person, a device or a place (`photoshare.metadata`), unless the room keeps that; the picture itself
is never encoded again. A file that cannot be cleaned in this way is replaced by a new JPEG of the
same size in pixels. Sizes and checksums are computed while a photo comes in: no zip has to read its
photos beforehand.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, case, literal, or_, select, update

from photoshare.db import db
from photoshare.errors import DiskFullError, NotAllowedError, NotFoundError, RejectedPhotoError
from photoshare.metadata.clean import CLEANING_RULES, find_patches
from photoshare.metadata.patches import PatchedFile, UncleanableError
from photoshare.models import Photo
from photoshare.pictures import decoding
from photoshare.pictures.rendering import CLEAN_COPY, make_clean_copy
from photoshare.services.rooms.rooms import Access
from photoshare.storage import ReceivedFile, Storage

log = logging.getLogger(__name__)

READ_BLOCK = 1 << 20  # bytes read at a time
COMMIT_EVERY = 20  # photos; the measuring of so many is lost at most


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """What has to be known of a photo to find and to measure its files: columns of its row."""

    id: int
    room_id: int
    sha256: str
    image_format: str
    size_bytes: int
    crc32: int | None
    clean_copy_bytes: int | None


PHOTO_FILE = tuple(getattr(Photo, name) for name in PhotoFile.__dataclass_fields__)


class Form(IntEnum):
    """In which form a photo is given."""

    EXACT = 0  # the original bit for bit
    PATCHED = 1  # the original, without places, names and serial numbers
    COPY = 2  # a JPEG in its place


@dataclass(frozen=True, slots=True)
class Download:
    """A photo as somebody may take it home.

    Attributes
    ----------
    form : Form
    image_format : str
        Pillow's name; that of a clean copy is JPEG, whatever the original is.
    size_bytes, crc32 : int
    sha256 : str
        Of the original.
    cleaning_rules : int
        By which it was cleaned.
    """

    form: Form
    image_format: str
    size_bytes: int
    crc32: int
    sha256: str
    cleaning_rules: int

    @property
    def stamp(self) -> str:
        """A text that changes with every byte."""
        if self.form is Form.EXACT:
            return f"{self.sha256} exact"
        return f"{self.sha256} {self.cleaning_rules} {self.crc32}"


def is_exact(access: Access, *, wants_exact: bool) -> bool:
    """Whether this asker gets originals bit for bit.

    Raises
    ------
    NotAllowedError
        If a guest asks for them and the room gives them to its host only.
    """
    if wants_exact and not (access.is_host or access.room.keeps_metadata):
        raise NotAllowedError(
            "Only the host can download the exact originals, with locations, names and "
            "serial numbers."
        )
    return wants_exact or access.room.keeps_metadata


def download_columns(*, exact: bool) -> tuple[ColumnElement[Any], ...]:
    """Tell what a photo that was measured is as a download: its form, bytes and checksum, by SQL.

    Parameters
    ----------
    exact : bool
        The original bit for bit.
    """
    if exact:
        return literal(Form.EXACT.value), Photo.size_bytes.expression, Photo.crc32.expression
    is_clean, has_copy = Photo.clean_crc32 == Photo.crc32, Photo.clean_copy_bytes.is_not(None)
    return (
        case((is_clean, Form.EXACT.value), (has_copy, Form.COPY.value), else_=Form.PATCHED.value),
        case(
            (is_clean, Photo.size_bytes),
            (has_copy, Photo.clean_copy_bytes),
            else_=Photo.clean_bytes,
        ),
        Photo.clean_crc32.expression,
    )


def open_download(
    storage: Storage, room_id: int, sha256: str, form: Form, image_format: str
) -> PatchedFile:
    """Open a photo in a form for reading from anywhere.

    Raises
    ------
    FileNotFoundError
        If its file is lost.
    """
    if form is Form.COPY:
        return PatchedFile(storage.derivative(room_id, sha256, CLEAN_COPY))
    original = storage.original(room_id, sha256)
    patches = find_patches(original, image_format) if form is Form.PATCHED else ()
    return PatchedFile(original, patches)


def has_original(photo: PhotoFile, storage: Storage) -> bool:
    """Whether the original is there, all of it."""
    return storage.original_size(photo.room_id, photo.sha256) == photo.size_bytes


def has_clean_copy(photo: PhotoFile, storage: Storage) -> bool:
    """Whether the JPEG in place of the original is there, if there has to be one."""
    if photo.clean_copy_bytes is None:
        return True
    copy = storage.derivative(photo.room_id, photo.sha256, CLEAN_COPY)
    try:
        return copy.stat().st_size == photo.clean_copy_bytes
    except FileNotFoundError:
        return False


def get_download(photo_id: int, storage: Storage, *, exact: bool) -> Download:
    """Tell what one photo is as a download, measuring it if it never was.

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
    columns = (*download_columns(exact=exact), Photo.sha256, Photo.cleaning_rules)
    row = db.session.execute(select(*columns).where(Photo.id == photo_id)).one()
    form, size_bytes, crc32, sha256, rules = row
    image_format = format_of_download(photo.image_format, form)
    return Download(Form(form), image_format, size_bytes, crc32, sha256, rules)


def format_of_download(image_format: str, form: int) -> str:
    """Tell Pillow's name for a photo in a form: a clean copy is a JPEG."""
    return "JPEG" if form == Form.COPY else image_format


def _photo_file(photo_id: int) -> PhotoFile:
    row = db.session.execute(select(*PHOTO_FILE).where(Photo.id == photo_id)).first()
    if row is None:
        raise NotFoundError("This photo doesn't exist or was deleted.")
    return PhotoFile(*row)


def measure_received(
    received: ReceivedFile, image_format: str, clean_copy: bytes | None
) -> dict[str, int | None]:
    """Compute what the row of a new photo says of its downloads.

    Parameters
    ----------
    received : ReceivedFile
    image_format : str
    clean_copy : bytes or None
        The JPEG that guests get of a file that cannot be cleaned.
    """
    if clean_copy is not None:
        return _values(received.crc32, **_measure_copy(clean_copy))
    return _values(received.crc32, **_measure_clean(received.path, image_format, received.crc32))


def unmeasured() -> ColumnElement[bool]:
    """Select the photos that no zip can hold yet: an index knows them."""
    return Photo.crc32.is_(None) & ~Photo.is_lost


def measure_photos(
    which: ColumnElement[bool],
    storage: Storage,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Compute the checksums of photos that lack them; one whose file cannot be read is lost.

    For the job thread: reading a room takes a minute or so.

    Parameters
    ----------
    which : condition on Photo
    is_stopping : callable
        Asked before every photo; the rest waits for the next time when it says yes.
    """
    query = select(*PHOTO_FILE).where(which, unmeasured()).order_by(Photo.id).limit(COMMIT_EVERY)
    while not is_stopping():
        photos = [PhotoFile(*row) for row in db.session.execute(query)]
        db.session.rollback()  # no transaction stays open while files are read
        if not photos:
            return
        measured: dict[int, dict[str, int | None]] = {}
        for photo in photos:
            if measured and is_stopping():
                break
            measured[photo.id] = _measure(photo, storage)
        _store(measured)


def unmeasured_rooms() -> list[int]:
    """List the rooms with photos that no zip can hold yet."""
    return list(db.session.scalars(select(Photo.room_id).where(unmeasured()).distinct()))


def forget_old_measurements() -> None:
    """Let photos be measured again that were measured by other rules than today's."""
    is_old = or_(Photo.cleaning_rules.is_(None), Photo.cleaning_rules != CLEANING_RULES)
    db.session.execute(update(Photo).where(is_old, Photo.crc32.is_not(None)).values(crc32=None))
    db.session.commit()


def _store(measured: dict[int, dict[str, int | None]]) -> None:
    for photo_id, values in measured.items():
        is_lost = values["crc32"] is None
        db.session.execute(
            update(Photo).where(Photo.id == photo_id).values(is_lost=is_lost, **values)
        )
    db.session.commit()


def _measure(photo: PhotoFile, storage: Storage) -> dict[str, int | None]:
    """Compute what the columns of a photo hold; None where its file is lost or damaged."""
    original = storage.original(photo.room_id, photo.sha256)
    try:
        crc32 = _crc32(PatchedFile(original))
        try:
            return _values(crc32, **_measure_clean(original, photo.image_format, crc32))
        except UncleanableError as reason:
            log.info("Photo %d needs a clean copy: %s", photo.id, reason)
            copy = make_clean_copy(original, max_megapixels=decoding.ANY_MEGAPIXELS)
            path = storage.derivative(photo.room_id, photo.sha256, CLEAN_COPY)
            storage.write_derived(path, copy)
            return _values(crc32, **_measure_copy(copy))
    except (OSError, ValueError, RejectedPhotoError, DiskFullError) as error:
        log.error("The original of photo %d can't be read: %s", photo.id, error)
        return _values(None)


def _values(
    crc32: int | None,
    *,
    clean_crc32: int | None = None,
    clean_bytes: int | None = None,
    clean_copy_bytes: int | None = None,
) -> dict[str, int | None]:
    return {
        "cleaning_rules": CLEANING_RULES,
        "crc32": crc32,
        "clean_crc32": clean_crc32,
        "clean_bytes": clean_bytes,
        "clean_copy_bytes": clean_copy_bytes,
    }


def _measure_clean(original: Path, image_format: str, crc32: int) -> dict[str, int]:
    patches = find_patches(original, image_format)
    with closing(PatchedFile(original, patches)) as cleaned:
        clean_crc32 = _crc32(cleaned) if patches else crc32
        return {"clean_bytes": cleaned.size_bytes, "clean_crc32": clean_crc32}


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
