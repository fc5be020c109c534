"""Lay out the zip of an album, and tell whether it can be made."""

from __future__ import annotations

import hashlib
import json
import zlib
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import filterfalse
from typing import Any

from sqlalchemy import func, select

from photoshare.databases.expressions import ids_as_text
from photoshare.metadata.clean import CLEANING_RULES
from photoshare.models import Photo, db
from photoshare.pictures.formats import FORMATS
from photoshare.services.clocks.settling import shifts_in_force
from photoshare.services.downloads.checksums import unmeasured
from photoshare.services.downloads.clean_originals import (
    Form,
    download_columns,
    format_of_download,
    open_download,
)
from photoshare.services.downloads.covered_copies import CoveredCopies, find_covered_copies
from photoshare.services.downloads.file_names import original_name, unique_names
from photoshare.services.downloads.sources import BytesSource, Source
from photoshare.services.downloads.zip_layout import ZipLayout
from photoshare.services.downloads.zip_shelf import AlbumZip, ZipShelf
from photoshare.services.photos import (
    Album,
    Order,
    note_faults,
)
from photoshare.services.visibility.covering import NOTHING, Covering
from photoshare.storage import Storage

# Part of every stamp: increase it whenever the same photos would be laid out differently.
ZIP_RULES = b"photoshare zip 3\n"

# So that the rows of a room of 20,000 photos are not in memory at once while it is laid out.
_IN_PARTS = {"yield_per": 500}
_FORMATS = list(FORMATS)
_SHA256_BYTES = 32
_LONG_AGO = datetime(1980, 1, 1)  # of the text in a zip without photos


@dataclass(frozen=True, slots=True)
class ZipState:
    """Whether the zip of an album can be made, and what is missing from it.

    Attributes
    ----------
    waiting_count : int
        Photos that have to be measured first; nearly always 0.
    lost : tuple of str
        File names of photos whose originals are lost.
    """

    waiting_count: int
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZipForm:
    """In which form photos are in a zip.

    Attributes
    ----------
    exact : bool
        Bit for bit.
    with_movies : bool
        Motion photos with their movies.
    stills_only : bool
        Motion photos without, even where the rest is bit for bit.
    """

    exact: bool
    with_movies: bool
    stills_only: bool


@dataclass(frozen=True, slots=True)
class ZipNote:
    """A text file among the photos of a zip."""

    file_name: str
    text: str


def zip_state(album: Album, covers: CoveredCopies | None = None) -> ZipState:
    """Tell whether an album can be downloaded; costs nothing if nothing is wrong.

    Parameters
    ----------
    album : Album
    covers : CoveredCopies, optional
        Of the photos on which faces are covered for whoever asks.
    """
    photos = album.select(Order.OLDEST)
    waiting = photos.where(unmeasured()).with_only_columns(Photo.id).order_by(None).subquery()
    count = db.session.scalar(select(func.count()).select_from(waiting)) or 0
    if covers:
        count += covers.count_waiting(album)
    lost = db.session.scalars(photos.where(Photo.is_lost).with_only_columns(album.file_name))
    return ZipState(count, tuple(lost))


def make_zip(
    album: Album,
    storage: Storage,
    shelf: ZipShelf,
    *,
    exact: bool,
    tell_missing: Callable[[Sequence[str], int], ZipNote],
    covering: Covering = NOTHING,
) -> AlbumZip | None:
    """Lay out the zip of an album, or take it from the shelf; every photo gets a unique name.

    No photo is read. A photo whose file is missing is marked as lost and left out.

    Parameters
    ----------
    album : Album
    storage : Storage
    shelf : ZipShelf
        Where the zip is kept for its readers.
    exact : bool
        Originals bit for bit, including locations, names and serial numbers.
    tell_missing : callable
        Writes the text for a zip without the lost photos, given their file names, and without
        some clips on which faces would have to be covered, given their number.
    covering : Covering
        Whose faces are covered for whoever asks.

    Returns
    -------
    AlbumZip or None
        None if photos have to be measured first.
    """
    made = None
    with shelf.building:
        while made is None:
            all_ids = _photo_ids(album)  # before it is asked what is covered on them
            covers = find_covered_copies(album.room_id, covering, storage)
            if (state := zip_state(album, covers)).waiting_count:
                break
            photo_ids = array("q", filterfalse(covers.withheld.__contains__, all_ids))
            withheld_count = len(all_ids) - len(photo_ids)
            is_any_missing = state.lost or withheld_count
            note = tell_missing(state.lost, withheld_count) if is_any_missing else None
            # Nobody looks for faces in the movies of motion photos.
            with_movies, stills_only = album.has_behind and not covering, bool(covering)
            form = ZipForm(exact, with_movies, stills_only)
            key = _digest(album, photo_ids, covers, form, note)
            made = shelf.find(key)
            if made is None:
                made = _lay_out(album, photo_ids, covers, storage, key, form, note)
            if made is not None:
                shelf.keep(made)
    if made is not None:
        db.session.remove()  # the download may take an hour: keep no read transaction open
    return made


def _photo_ids(album: Album) -> array[int]:
    """List the photos of a zip in order; they distinguish it from all others.

    For the whole room an index holds them all, and corrections do not change them.
    """
    lost = select(Photo.id).where(Photo.room_id == album.room_id, Photo.is_lost)
    is_lost = set(db.session.scalars(lost)).__contains__
    in_order = album.select(Order.OLDEST).with_only_columns(Photo.id).subquery()
    # As one text: 20,000 rows would take ten times as long.
    found = db.session.scalar(select(ids_as_text(in_order.c.id))) or "[]"
    return array("q", filterfalse(is_lost, json.loads(found)))


def _digest(
    album: Album,
    photo_ids: array[int],
    covers: CoveredCopies,
    form: ZipForm,
    note: ZipNote | None,
) -> str:
    """Hash what distinguishes one zip from another: an album may be 20,000 numbers.

    Where guests don't see all photos, the names of the files depend on the reader as well.
    """
    reader_id = album.reader.id if album.reader else None
    # The time of a file in a zip is that of its photo, which hosts may have put right.
    clocks = sorted(shifts_in_force(album.room_id).items(), key=repr)
    said = (album.room_id, reader_id, form, note, covers.names_on(photo_ids), clocks)
    key = hashlib.sha256(repr(said).encode())
    key.update(photo_ids)
    return key.hexdigest()


def _lay_out(
    album: Album,
    photo_ids: array[int],
    covers: CoveredCopies,
    storage: Storage,
    key: str,
    form: ZipForm,
    note: ZipNote | None,
) -> AlbumZip | None:
    """Lay out a zip; None if a file was missing or damaged, which is recorded.

    Also None if a photo was added or deleted since the ids were listed.
    """
    columns = _read_columns(album, photo_ids, covers.withheld, storage, form)
    if columns is None:
        return None
    hashes, names, formats, forms, sizes, checksums, moments = columns
    covered: dict[int, str] = {}
    for number, photo_id in enumerate(photo_ids):
        if (copy := covers.copies.get(photo_id)) is not None:
            forms[number], covered[number] = Form.COVERED, covers.covers[photo_id].name
            sizes[number], checksums[number] = copy.size_bytes, copy.crc32
    formats = list(map(format_of_download, formats, forms))
    files = _Files(album.room_id, storage, hashes, map(_kind, forms, formats), covered, note)
    names = list(map(original_name, names, formats))
    if note is not None:
        names.append(note.file_name)
        sizes.append(len(files.note))
        checksums.append(zlib.crc32(files.note))
        moments.append(max(moments, default=_LONG_AGO))
    layout = ZipLayout(unique_names(names), sizes, checksums, moments, files.open)
    stamp = hashlib.sha256(ZIP_RULES + layout.digest() + files.digest()).hexdigest()
    return AlbumZip(key, layout, stamp, layout.memory_bytes + files.memory_bytes)


def _read_columns(
    album: Album, photo_ids: array[int], withheld: Set[int], storage: Storage, form: ZipForm
) -> list[list[Any]] | None:
    """Read the columns of a zip's photos, one list per column, in the order of the ids.

    The rows are read in the order of the database file: by time they would be scattered across it.
    """
    of_album = album.select().with_only_columns(Photo.id).order_by(None)
    needed = (Photo.id, Photo.size_bytes, Photo.clean_copy_bytes)
    as_sent = download_columns(**asdict(form))
    told = (Photo.sha256, album.file_name, Photo.image_format, *as_sent)
    query = (
        select(*needed, *told, Photo.moment)
        .where(Photo.id.in_(of_album), ~Photo.is_lost, Photo.crc32.is_not(None))
        .order_by(Photo.id)
    )
    found: list[list[Any]] = [[] for _ in query.selected_columns]
    # Closed also where it is not read to its end: PostgreSQL keeps a cursor open for it.
    with closing(db.session.connection().execute(query, execution_options=_IN_PARTS)) as result:
        for rows in result.partitions():
            part = list(zip(*rows, strict=True))
            ids, sizes, copies, hashes, *_ = part
            are_there = storage.has_originals(album.room_id, zip(hashes, sizes, strict=True))
            has_copies = any(size is not None for size in copies)
            if (has_copies or not are_there) and note_faults(Photo.id.in_(ids), storage):
                return None
            for column, values in zip(found, part, strict=True):
                column.extend(values)
    places = {photo_id: place for place, photo_id in enumerate(found[0])}
    if places.keys() - withheld != set(photo_ids):
        return None
    order = [places[photo_id] for photo_id in photo_ids]
    return [[column[place] for place in order] for column in found[len(needed) :]]


def _kind(form: int, image_format: str) -> int:
    return form * len(_FORMATS) + _FORMATS.index(image_format)


class _Files:
    """Opens the files of a zip by number; takes 33 bytes of memory per file, more if covered."""

    def __init__(
        self,
        room_id: int,
        storage: Storage,
        hashes: Iterable[str],
        kinds: Iterable[int],
        covered: Mapping[int, str],
        note: ZipNote | None,
    ) -> None:
        self.note = note.text.encode() if note else b""  # the last file, if there is a note
        self._room_id, self._storage = room_id, storage
        self._hashes = bytes.fromhex("".join(hashes))
        self._kinds = bytes(kinds)  # form and format of each
        self._covered = covered  # the name of what is covered, by number

    @property
    def memory_bytes(self) -> int:
        """How much memory it takes."""
        return len(self._hashes) + len(self._kinds) + 66 * len(self._covered) + len(self.note)

    def digest(self) -> bytes:
        """Return 32 bytes that change with the files, and with how they are cleaned."""
        rules = f"{CLEANING_RULES} ".encode()
        covered = repr(sorted(self._covered.items())).encode()
        files = rules + self._hashes + self._kinds + covered + self.note
        return hashlib.sha256(files).digest()

    def open(self, number: int) -> Source:
        """Open a file for reading."""
        if number == len(self._kinds):
            return BytesSource(self.note)
        start = number * _SHA256_BYTES
        sha256 = self._hashes[start : start + _SHA256_BYTES].hex()
        form, image_format = divmod(self._kinds[number], len(_FORMATS))
        return open_download(
            self._storage,
            self._room_id,
            sha256,
            Form(form),
            _FORMATS[image_format],
            self._covered.get(number, ""),
        )
