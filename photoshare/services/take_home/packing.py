"""Write what a room file has besides the originals, and list all of its files.

Two files in the room's folder: the texts (tables and sidecars, one after the other) and an index,
which has a line for each file of the zip. Whatever is written twice for the same room is the same,
byte for byte. The hourly sweep removes both an hour after they were last read.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select

from photoshare.disk import disk_full_as_error
from photoshare.errors import NotFoundError, RejectedPhotoError, ServerBusyError
from photoshare.models import FacesFor, Person, Photo, Room, db
from photoshare.pictures.orientation import UPRIGHT, orientation_of
from photoshare.services.downloads.checksums import measure_photos
from photoshare.services.downloads.sources import BytesSource
from photoshare.services.downloads.zip_layout import ZipLayout
from photoshare.services.take_home import packs, rows
from photoshare.services.take_home.folders import FiledPhoto, name_files
from photoshare.services.take_home.packs import Pack, pack_folder
from photoshare.services.take_home.room_file import (
    CLOCKS,
    CORRECTIONS,
    FACES,
    GUESTS,
    HEARTS,
    PEOPLE,
    PHOTOS,
    ROOM,
    SIDECAR_ENDING,
    Choice,
)
from photoshare.services.take_home.rows import Line, PhotoToTake
from photoshare.services.take_home.sidecars import NamedFace, write_sidecar
from photoshare.storage import Storage

_LONG_AGO = datetime(1980, 1, 1)  # times don't change the size of a zip
TRIES = 5  # to read a room that changes meanwhile; each takes seconds in the largest


class _Texts:
    """The texts that are being written, and the index of them and of the originals."""

    def __init__(self, file: BinaryIO, moment: datetime) -> None:
        self._file, self._moment = file, moment.isoformat()
        self._digest = hashlib.sha256()
        self._start = 0
        self.entries: list[Line] = []

    def add(self, name: str, blocks: Iterable[bytes]) -> None:
        """Write a text, and list it."""
        size = checksum = 0
        for block in blocks:
            self._file.write(block)
            self._digest.update(block)
            checksum = zlib.crc32(block, checksum)
            size += len(block)
        found = {"name": name, "start": self._start, "bytes": size, "crc32": checksum}
        self.entries.append(found | {"moment": self._moment})
        self._start += size

    def repeat(self, name: str, earlier: Line) -> None:
        """List a text that stands in the zip a second time."""
        self.entries.append(earlier | {"name": name})

    def add_original(self, name: str, photo: PhotoToTake) -> None:
        """List an original."""
        found = {"name": name, "sha256": photo.line["sha256"], "bytes": photo.line["bytes"]}
        self.entries.append(found | {"crc32": photo.crc32, "moment": photo.moment.isoformat()})

    def stamp(self) -> str:
        """Return 64 hexadecimal digits that change with any byte of the zip."""
        for entry in self.entries:
            self._digest.update(_as_line(entry))
        return self._digest.hexdigest()


def pack_room(
    room_id: int,
    choice: Choice,
    storage: Storage,
    *,
    folder: Path | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Pack | None:
    """Write the texts and the index of a room file.

    No transaction stays open while originals are read: their heads, for the sidecars.

    Parameters
    ----------
    room_id : int
    choice : Choice
    storage : Storage
    folder : Path, optional
        Where to write; by default the room's own folder.
    is_stopping : callable
        Called before every photo; if it returns True, nothing is left behind.

    Returns
    -------
    Pack or None
        None if it was stopped.

    Raises
    ------
    NotFoundError
        If the room was deleted meanwhile.
    ServerBusyError
        If the room changes faster than it can be read.
    DiskFullError
        If the disk is full.
    """
    measure_photos(Photo.room_id == room_id, storage, is_stopping=is_stopping)
    folder = folder or pack_folder(storage, room_id)
    folder.mkdir(parents=True, exist_ok=True)
    storage.check_free_space()
    unfinished = folder / f"unfinished-{secrets.token_hex(8)}"
    try:
        with disk_full_as_error(), unfinished.open("wb") as file:
            for _ in range(TRIES):
                file.seek(0)
                file.truncate()
                made = _write(room_id, choice, storage, file, is_stopping)
                if made is not None or is_stopping():
                    break
        if is_stopping():
            return None
        if made is None:
            raise ServerBusyError(
                "The room changes too fast to be taken home. Please try again in a minute.",
                retry_after_s=60,
            )
        return _keep(unfinished, room_id, made, choice)
    finally:
        unfinished.unlink(missing_ok=True)


def _write(
    room_id: int,
    choice: Choice,
    storage: Storage,
    file: BinaryIO,
    is_stopping: Callable[[], bool],
) -> _Texts | None:
    """Write all texts; None if the room has changed meanwhile, or it was stopped."""
    db.session.rollback()
    room = _room(room_id)
    before = room.revision, room.activity
    texts = _Texts(file, room.created_at.replace(tzinfo=None))
    photos = rows.photos_of(room_id)
    # Where everybody sees only their own album, a host takes nobody's home.
    with_people = room.faces_for == FacesFor.EVERYBODY
    query = select(Person.id, Person.name).where(Person.room_id == room_id)
    names = {row.id: row.name for row in db.session.execute(query)} if with_people else {}
    if not with_people:
        rows.let_wait(photos)
    texts.add(ROOM, [json.dumps(rows.room_line(room, choice), ensure_ascii=False).encode()])
    for name, lines in (
        (GUESTS, rows.guest_lines(room_id, with_people=with_people)),
        (PEOPLE, rows.people_lines(room_id) if with_people else ()),
        (FACES, rows.face_lines(photos, room_id, choice) if with_people else ()),
        (CORRECTIONS, rows.correction_lines(room_id, photos) if with_people else ()),
        (HEARTS, rows.heart_lines(room_id, photos)),
        (CLOCKS, rows.clock_lines(room_id)),
    ):
        texts.add(name, map(_as_line, lines))
    db.session.rollback()
    room = _room(room_id)
    if (room.revision, room.activity) != before:
        return None
    db.session.rollback()
    _name_files(photos, names, choice)
    texts.add(PHOTOS, (_as_line(photo.line) for photo in photos.values()))
    for photo in photos.values():
        if is_stopping():
            return None
        _add_photo(texts, photo, names, room_id, storage)
    return texts


def _room(room_id: int) -> Room:
    room = db.session.get(Room, room_id, populate_existing=True)
    if room is None:
        raise NotFoundError("This room no longer exists.")
    return room


def _name_files(
    photos: Mapping[int, PhotoToTake], names: Mapping[int, str | None], choice: Choice
) -> None:
    filed = [
        FiledPhoto(photo.line["name"], photo.line["format"], photo.moment, photo.people)
        for photo in photos.values()
    ]
    shown = {person: names.get(person) for photo in filed for person in photo.people}
    for photo, files in zip(photos.values(), name_files(filed, shown, choice), strict=True):
        photo.line["files"] = files


def _add_photo(
    texts: _Texts,
    photo: PhotoToTake,
    names: Mapping[int, str | None],
    room_id: int,
    storage: Storage,
) -> None:
    """List a photo's originals, and write its sidecar if it has faces or another time."""
    first = None
    for name in photo.line["files"]:
        texts.add_original(name, photo)
        if first is not None:
            texts.repeat(name + SIDECAR_ENDING, first)
        elif photo.faces or photo.line["shifted_s"]:
            texts.add(name + SIDECAR_ENDING, [_sidecar(photo, names, room_id, storage)])
            first = texts.entries[-1]


def _sidecar(
    photo: PhotoToTake, names: Mapping[int, str | None], room_id: int, storage: Storage
) -> bytes:
    line = photo.line
    try:
        with storage.holding(storage.original(room_id, line["sha256"])) as original:
            orientation = orientation_of(original)
    except RejectedPhotoError:  # what accepted it was another version of its decoder
        orientation = UPRIGHT
    faces = [
        NamedFace(location, None if person is None else names.get(person))
        for location, person in photo.faces
    ]
    return write_sidecar(
        faces,
        size=(line["width"], line["height"]),
        orientation=orientation,
        taken_at=line["captured_at"] if line["shifted_s"] else None,
    )


def _keep(unfinished: Path, room_id: int, texts: _Texts, choice: Choice) -> Pack:
    """Give the texts their name once the index has its own: who finds the texts finds both."""
    pack = Pack(room_id, unfinished.parent, texts.stamp())
    photos = {entry["sha256"] for entry in texts.entries if "sha256" in entry}
    head = {
        "choice": choice.as_json(),
        "photo_count": len(photos),
        "size_bytes": _size_of_zip(texts.entries),
    }
    temporary = unfinished.with_name(f"unfinished-{secrets.token_hex(8)}")
    try:
        with disk_full_as_error(), temporary.open("wb") as file:
            file.writelines(map(_as_line, _with_head(head, texts.entries)))
        temporary.replace(pack.index)
    finally:
        temporary.unlink(missing_ok=True)
    unfinished.replace(pack.texts)
    return pack


def _size_of_zip(entries: Sequence[Line]) -> int:
    names, sizes = [entry["name"] for entry in entries], [entry["bytes"] for entry in entries]
    nothing = [0] * len(entries)
    layout = ZipLayout(
        names, sizes, nothing, [_LONG_AGO] * len(entries), lambda _: BytesSource(b"")
    )
    return layout.size_bytes


def _with_head(head: Line, entries: Iterable[Line]) -> Iterator[Line]:
    yield head
    yield from entries


def _as_line(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def fulfil_wish(room_id: int, storage: Storage, *, is_stopping: Callable[[], bool]) -> bool:
    """Write the pack that a host waits for; return whether nobody waits for another one.

    Raises
    ------
    PhotoshareError
        As `pack_room`; the host may wish again.
    """
    choice = packs.wished(storage, room_id)
    if choice is None:
        return True
    try:
        if pack_room(room_id, choice, storage, is_stopping=is_stopping) is None:
            return False
    except Exception:
        packs.fulfil(storage, room_id, choice)
        raise
    packs.forget_old_packs(storage, room_id)
    return packs.fulfil(storage, room_id, choice)
