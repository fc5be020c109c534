"""Serve originals without private metadata, with size and checksum known in advance.

An original is stored bit for bit. Guests get it through patches that remove whatever identifies a
person, a device or a location (`photoshare.metadata`), unless the room keeps metadata; the picture
itself is never re-encoded. A file that cannot be patched is replaced by a new JPEG of the same size
in pixels. Sizes and checksums are computed while a photo is uploaded, so that a zip need not read
its photos beforehand.
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
COMMIT_EVERY = 20  # photos: at most so many have to be measured again after a crash


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """The columns of a photo's row that are needed to find and measure its files."""

    id: int
    room_id: int
    sha256: str
    image_format: str
    size_bytes: int
    crc32: int | None
    clean_copy_bytes: int | None


PHOTO_FILE = tuple(getattr(Photo, name) for name in PhotoFile.__dataclass_fields__)


class Form(IntEnum):
    """The form in which a photo is downloaded."""

    EXACT = 0  # the original bit for bit
    PATCHED = 1  # the original, without locations, names and serial numbers
    COPY = 2  # a JPEG in its place


@dataclass(frozen=True, slots=True)
class Download:
    """A photo as it is downloaded.

    Attributes
    ----------
    form : Form
    image_format : str
        Pillow's name; JPEG for a clean copy, whatever the original is.
    size_bytes, crc32 : int
    sha256 : str
        Of the original.
    cleaning_rules : int
        The version of the rules by which it was cleaned.
    """

    form: Form
    image_format: str
    size_bytes: int
    crc32: int
    sha256: str
    cleaning_rules: int

    @property
    def stamp(self) -> str:
        """A text that changes whenever any byte does."""
        if self.form is Form.EXACT:
            return f"{self.sha256} exact"
        return f"{self.sha256} {self.cleaning_rules} {self.crc32}"


def is_exact(access: Access, *, wants_exact: bool) -> bool:
    """Whether this browser gets originals bit for bit.

    Raises
    ------
    NotAllowedError
        If a guest asks for them in a room where only the host gets them.
    """
    if wants_exact and not (access.is_host or access.room.keeps_metadata):
        raise NotAllowedError(
            "Only the host can download the exact originals, with places, names and serial numbers."
        )
    return wants_exact or access.room.keeps_metadata


def download_columns(*, exact: bool) -> tuple[ColumnElement[Any], ...]:
    """Return SQL expressions for a measured photo's download: form, bytes and checksum.

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
    """Open a photo, in the given form, for reading at any offset.

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
    """Whether the original exists with its full size."""
    return storage.original_size(photo.room_id, photo.sha256) == photo.size_bytes


def has_clean_copy(photo: PhotoFile, storage: Storage) -> bool:
    """Whether the JPEG in place of the original exists, if the photo needs one."""
    if photo.clean_copy_bytes is None:
        return True
    copy = storage.derivative(photo.room_id, photo.sha256, CLEAN_COPY)
    try:
        return copy.stat().st_size == photo.clean_copy_bytes
    except FileNotFoundError:
        return False


def get_download(photo_id: int, storage: Storage, *, exact: bool) -> Download:
    """Describe one photo as a download, measuring it first if necessary.

    Raises
    ------
    NotFoundError
        If its file is lost or damaged.
    """
    photo = _photo_file(photo_id)
    if not has_original(photo, storage):
        log.error("The original of photo %d is missing or damaged in %s", photo.id, storage.data)
        raise NotFoundError("This picture is not there (any more).")
    if photo.crc32 is None or not has_clean_copy(photo, storage):
        _store({photo_id: _measure(photo, storage)})
        photo = _photo_file(photo_id)
        if photo.crc32 is None:
            raise NotFoundError("This picture is not there (any more).")
    columns = (*download_columns(exact=exact), Photo.sha256, Photo.cleaning_rules)
    row = db.session.execute(select(*columns).where(Photo.id == photo_id)).one()
    form, size_bytes, crc32, sha256, rules = row
    image_format = format_of_download(photo.image_format, form)
    return Download(Form(form), image_format, size_bytes, crc32, sha256, rules)


def format_of_download(image_format: str, form: int) -> str:
    """Return Pillow's name for the format of a photo in this form: a clean copy is a JPEG."""
    return "JPEG" if form == Form.COPY else image_format


def _photo_file(photo_id: int) -> PhotoFile:
    row = db.session.execute(select(*PHOTO_FILE).where(Photo.id == photo_id)).first()
    if row is None:
        raise NotFoundError("This photo is not there, or was deleted.")
    return PhotoFile(*row)


def measure_received(
    received: ReceivedFile, image_format: str, clean_copy: bytes | None
) -> dict[str, int | None]:
    """Compute the download columns of a new photo's row.

    Parameters
    ----------
    received : ReceivedFile
    image_format : str
    clean_copy : bytes or None
        The JPEG that guests get if the file itself cannot be cleaned.
    """
    if clean_copy is not None:
        return _values(received.crc32, **_measure_copy(clean_copy))
    return _values(received.crc32, **_measure_clean(received.path, image_format, received.crc32))


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
        measured: dict[int, dict[str, int | None]] = {}
        for photo in photos:
            if measured and is_stopping():
                break
            measured[photo.id] = _measure(photo, storage)
        _store(measured)


def unmeasured_rooms() -> list[int]:
    """List the rooms with photos that cannot be in a zip yet."""
    return list(db.session.scalars(select(Photo.room_id).where(unmeasured()).distinct()))


def forget_old_measurements() -> None:
    """Mark photos that were measured by older cleaning rules to be measured again."""
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
    """Compute the download columns of a photo; all None if its file is lost or damaged."""
    original = storage.original(photo.room_id, photo.sha256)
    try:
        crc32 = _crc32(PatchedFile(original))
        try:
            return _values(crc32, **_measure_clean(original, photo.image_format, crc32))
        except UncleanableError as reason:
            log.info("Photo %d is copied to be clean: %s", photo.id, reason)
            copy = make_clean_copy(original, max_megapixels=decoding.ANY_MEGAPIXELS)
            path = storage.derivative(photo.room_id, photo.sha256, CLEAN_COPY)
            storage.write_derived(path, copy)
            return _values(crc32, **_measure_copy(copy))
    except (OSError, ValueError, RejectedPhotoError, DiskFullError) as error:
        log.error("The original of photo %d cannot be read: %s", photo.id, error)
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
