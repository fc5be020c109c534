"""Albums to take home: what is in a zip, and whether it can be made."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select

from photoshare.db import db
from photoshare.models import PHOTO_FAILED, Photo, Room
from photoshare.services.album_kinds import Album
from photoshare.services.downloads import (
    PHOTO_FILE,
    Form,
    PhotoFile,
    describe_download,
    open_download,
    unmeasured,
)
from photoshare.services.file_names import EXTENSIONS, original_name, unique_names
from photoshare.services.lost_photos import note_faults
from photoshare.services.zip_shelf import AlbumZip, ZipShelf
from photoshare.storage import Storage
from photoshare.zip_layout import BytesSource, Source, ZipEntry, ZipLayout

# Part of every stamp: count up with every change that lays out a zip of the same photos otherwise.
ZIP_RULES = b"photoshare zip 2\n"

# A room of 20,000 photos is not in memory as rows while it is laid out.
_IN_PARTS = {"yield_per": 500}
_FORMATS = list(EXTENSIONS)
_SHA256_BYTES = 32
_LONG_AGO = datetime(1980, 1, 1, tzinfo=UTC)  # of the text in a zip without a photo


@dataclass(frozen=True, slots=True)
class ZipState:
    """Whether the zip of an album can be made, and what it lacks.

    Attributes
    ----------
    waiting_count : int
        Photos that have to be measured first; 0 nearly always.
    lost : tuple of str
        File names of photos whose originals are lost.
    """

    waiting_count: int
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZipNote:
    """A text that lies among the photos of a zip."""

    file_name: str
    text: str


def zip_state(album: Album) -> ZipState:
    """Tell whether an album can be taken home; costs nothing where nothing is wrong."""
    photos = album.select(newest_first=False)
    waiting = photos.where(unmeasured()).with_only_columns(Photo.id).order_by(None).subquery()
    count = db.session.scalar(select(func.count()).select_from(waiting)) or 0
    lost = db.session.scalars(photos.where(Photo.is_lost).with_only_columns(Photo.file_name))
    return ZipState(count, tuple(lost))


def make_zip(
    album: Album,
    storage: Storage,
    shelf: ZipShelf,
    *,
    exact: bool,
    tell_lost: Callable[[Sequence[str]], ZipNote],
) -> AlbumZip | None:
    """Lay out the zip of an album, or find it on the shelf: a unique name for every photo.

    No photo is read. A photo whose file is found to be missing is noted as lost, and left out.

    Parameters
    ----------
    album : Album
    storage : Storage
    shelf : ZipShelf
        Where the zip is kept, to be read.
    exact : bool
        Originals bit for bit, with places, names and serial numbers in them.
    tell_lost : callable
        Writes the text for a zip that lacks these photos, given by their file names.

    Returns
    -------
    AlbumZip or None
        None where photos have to be measured first.
    """
    made = None
    with shelf.building:
        while made is None and not (state := zip_state(album)).waiting_count:
            note = tell_lost(state.lost) if state.lost else None
            key = _digest(_selection(album), exact, note, *_state_of_room(album.room_id))
            made = shelf.find(key) or _lay_out(album, storage, key, exact=exact, note=note)
            if made is not None:
                shelf.keep(made)
    if made is not None:
        db.session.remove()  # the download may take an hour; no reader stays open meanwhile
    return made


def _selection(album: Album) -> tuple[object, ...]:
    """Return what tells an album from all others: the very query for its photos.

    Every reader of the same key gets the same zip; no kind of album can forget a part of this.
    """
    query = album.select(newest_first=False).compile(db.engine)
    return str(query), sorted(query.params.items())


def _state_of_room(room_id: int) -> tuple[object, ...]:
    """Return what changes whenever a zip of this room has other photos."""
    revision = db.session.scalar(select(Room.revision).where(Room.id == room_id))
    newest_id = db.session.scalar(select(func.max(Photo.id)).where(Photo.room_id == room_id))
    photos = select(Photo.id).where(Photo.room_id == room_id).order_by(Photo.id)
    lost = db.session.scalars(photos.where(Photo.is_lost)).all()
    failed = db.session.scalars(photos.where(Photo.state == PHOTO_FAILED)).all()
    return revision, newest_id, lost, failed


def _digest(*key: object) -> str:
    """Shorten what tells one zip from another: an album may be 5,000 numbers."""
    return hashlib.sha256(repr(key).encode()).hexdigest()


def _lay_out(
    album: Album, storage: Storage, key: str, *, exact: bool, note: ZipNote | None
) -> AlbumZip | None:
    """Lay out a zip; None if a file was not as it should be, which is noted then."""
    files = _Files(album.room_id, storage, note.text.encode() if note else b"")
    stamp = hashlib.sha256(ZIP_RULES)
    names: list[str] = []
    facts: list[tuple[int, int, datetime]] = []
    query = album.select(newest_first=False).where(~Photo.is_lost).with_only_columns(*PHOTO_FILE)
    for rows in db.session.execute(query, execution_options=_IN_PARTS).partitions():
        photos = [PhotoFile(*row) for row in rows]
        if note_faults(photos, storage) or any(photo.crc32 is None for photo in photos):
            return None
        for photo in photos:
            download = describe_download(photo, exact=exact)
            files.add(photo, download.form)
            names.append(original_name(photo.file_name, download.image_format))
            facts.append((download.size_bytes, download.crc32, photo.time))
            stamp.update(f"{download.stamp}\0{photo.time.isoformat()}\n".encode())
    if note is not None:
        names.append(note.file_name)
        newest = max((time.replace(tzinfo=UTC) for _, _, time in facts), default=_LONG_AGO)
        facts.append((len(files.note), zlib.crc32(files.note), newest))
        stamp.update(files.note)
    names = unique_names(names)
    stamp.update("\n".join(names).encode())
    entries = (ZipEntry(name, *fact) for name, fact in zip(names, facts, strict=True))
    layout = ZipLayout(entries, files.open)
    return AlbumZip(key, layout, stamp.hexdigest(), layout.memory_bytes + files.memory_bytes)


class _Files:
    """Opens the files of a zip by their numbers; takes 33 bytes of memory for each."""

    def __init__(self, room_id: int, storage: Storage, note: bytes) -> None:
        self.note = note  # the last file, if there is one
        self._room_id, self._storage = room_id, storage
        self._hashes = bytearray()
        self._kinds = bytearray()  # form and format of each

    @property
    def memory_bytes(self) -> int:
        """How much memory it takes."""
        return len(self._hashes) + len(self._kinds) + len(self.note)

    def add(self, photo: PhotoFile, form: Form) -> None:
        """Add the next photo."""
        self._hashes += bytes.fromhex(photo.sha256)
        self._kinds.append(form * len(_FORMATS) + _FORMATS.index(photo.image_format))

    def open(self, number: int) -> Source:
        """Open a file for reading."""
        if number == len(self._kinds):
            return BytesSource(self.note)
        start = number * _SHA256_BYTES
        sha256 = self._hashes[start : start + _SHA256_BYTES].hex()
        form, image_format = divmod(self._kinds[number], len(_FORMATS))
        return open_download(
            self._storage, self._room_id, sha256, Form(form), _FORMATS[image_format]
        )
