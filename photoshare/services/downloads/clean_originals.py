"""What guests download of an original: cleaned of private data, a copy, or bit for bit.

An original is kept bit for bit. Guests get it through patches that remove whatever identifies a
person, a device or a place (`photoshare.metadata`), unless the room keeps that; the picture itself
is never encoded again. A file that can't be cleaned this way is replaced by a new JPEG of the same
size in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, case, literal

from photoshare.errors import NotAllowedError, NotFoundError
from photoshare.metadata.clean import CLEANING_RULES, find_patches
from photoshare.metadata.motion import find_movie_start, moving_patches
from photoshare.metadata.patches import Patch, PatchedFile
from photoshare.models import Photo, db
from photoshare.pictures.rendering import CLEAN_COPY
from photoshare.services.pictures.covered import CoveredCopy, copy_file
from photoshare.services.rooms.entering import Access
from photoshare.services.visibility.covering import Cover
from photoshare.storage import Storage


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
    COVERED = 3  # a JPEG on which faces are covered (services/pictures/covered.py)
    MOVING = 4  # a motion photo with its movie, both without locations, names, serial numbers


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
    cover : str
        The name of what is covered; empty: nothing.
    """

    form: Form
    image_format: str
    size_bytes: int
    crc32: int
    sha256: str
    cleaning_rules: int
    cover: str = ""

    @property
    def stamp(self) -> str:
        """A text that changes whenever any byte does."""
        if self.form is Form.EXACT:
            return f"{self.sha256} exact"
        if self.form is Form.COVERED:
            return f"{self.sha256} {self.cover} {self.crc32}"
        return f"{self.sha256} {self.cleaning_rules} {self.crc32}"


def check_exact(access: Access, *, wants_exact: bool) -> bool:
    """Whether this browser gets originals bit for bit.

    Raises
    ------
    NotAllowedError
        If a guest asks for them in a room where only the host gets them.
    """
    if wants_exact and not (access.is_host or access.room.keeps_metadata):
        raise NotAllowedError(
            "Only the host can download the exact originals, with locations, names and "
            "serial numbers."
        )
    return wants_exact or access.room.keeps_metadata


def covered_download(copy: CoveredCopy, sha256: str, cover: Cover) -> Download:
    """Describe the covered copy of a photo as a download."""
    size_bytes, crc32, rules = copy.size_bytes, copy.crc32, CLEANING_RULES
    return Download(Form.COVERED, "JPEG", size_bytes, crc32, sha256, rules, cover.name)


def download_columns(
    *, exact: bool, with_movies: bool = False, stills_only: bool = False
) -> tuple[ColumnElement[Any], ...]:
    """Return SQL expressions for a measured photo's download: form, bytes and checksum.

    Parameters
    ----------
    exact : bool
        The original bit for bit.
    with_movies : bool
        Motion photos with their movies, which an exact original always has.
    stills_only : bool
        Motion photos without, even where originals are exact: their stills, cleaned.
    """
    if not exact:
        return _clean_columns(with_movies=with_movies)
    original = literal(Form.EXACT.value), Photo.size_bytes.expression, Photo.crc32.expression
    if not stills_only:
        return original
    still = zip(_clean_columns(with_movies=False), original, strict=True)
    return tuple(case((Photo.movie_start.is_not(None), a), else_=b) for a, b in still)


def _clean_columns(*, with_movies: bool) -> tuple[ColumnElement[Any], ...]:
    is_clean, has_copy = Photo.clean_crc32 == Photo.crc32, Photo.clean_copy_bytes.is_not(None)
    is_moving = and_(Photo.moving_bytes.is_not(None), literal(with_movies))
    return (
        case(
            (is_moving, Form.MOVING.value),
            (is_clean, Form.EXACT.value),
            (has_copy, Form.COPY.value),
            else_=Form.PATCHED.value,
        ),
        case(
            (is_moving, Photo.moving_bytes),
            (is_clean, Photo.size_bytes),
            (has_copy, Photo.clean_copy_bytes),
            else_=Photo.clean_bytes,
        ),
        case((is_moving, Photo.moving_crc32), else_=Photo.clean_crc32),
    )


def open_download(
    storage: Storage, room_id: int, sha256: str, form: Form, image_format: str, cover: str = ""
) -> PatchedFile:
    """Open a photo, in the given form, for reading at any offset.

    Parameters
    ----------
    cover : str
        The name of what is covered, for `Form.COVERED`.

    Raises
    ------
    FileNotFoundError
        If its file is lost.
    StorageError
        If it is elsewhere, and can't be reached.
    """
    if form is Form.COVERED:
        return PatchedFile(storage.fetch(copy_file(storage, room_id, sha256, cover)))
    if form is Form.COPY:
        return PatchedFile(storage.fetch(storage.derivative(room_id, sha256, CLEAN_COPY)))
    with storage.holding(storage.original(room_id, sha256)) as original:
        return PatchedFile(original, _patches(original, form, image_format))


def _patches(original: Path, form: Form, image_format: str) -> list[Patch]:
    if form is Form.PATCHED:
        return find_patches(original, image_format)
    if form is Form.MOVING and (start := find_movie_start(original, image_format)):
        return moving_patches(original, start)
    return []


def fetch_download(
    storage: Storage, room_id: int, sha256: str, form: Form, cover: str = ""
) -> None:
    """Fetch what `open_download` opens, while a thread can wait and an error be told.

    Raises
    ------
    NotFoundError
        If it is gone or damaged.
    StorageError
        If it can't be reached.
    """
    if storage.fetchers is None:
        return
    db.session.rollback()  # keep no transaction open meanwhile
    path = storage.original(room_id, sha256)
    if form is Form.COPY:
        path = storage.derivative(room_id, sha256, CLEAN_COPY)
    elif form is Form.COVERED:
        path = copy_file(storage, room_id, sha256, cover)
    try:
        storage.fetch(path)
    except FileNotFoundError as error:
        raise NotFoundError("This picture no longer exists.") from error


def has_original(photo: PhotoFile, storage: Storage) -> bool:
    """Whether the original exists with its full size."""
    return storage.original_size(photo.room_id, photo.sha256) == photo.size_bytes


def has_clean_copy(photo: PhotoFile, storage: Storage) -> bool:
    """Whether the JPEG in place of the original exists, if the photo needs one."""
    if photo.clean_copy_bytes is None:
        return True
    copy = storage.derivative(photo.room_id, photo.sha256, CLEAN_COPY)
    return storage.size_of(copy) == photo.clean_copy_bytes


def format_of_download(image_format: str, form: int) -> str:
    """Return Pillow's name for the format of a photo in this form: copies are JPEGs."""
    return "JPEG" if form in (Form.COPY, Form.COVERED) else image_format
