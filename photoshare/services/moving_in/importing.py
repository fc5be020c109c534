"""Make a room of a room file: the same people, names and corrections as on the other server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from sqlalchemy import select, update

from photoshare.config import MB, Settings
from photoshare.errors import RejectedPhotoError, RoomFileError
from photoshare.models import PHOTO_FAILED, Audience, FacesFor, Photo, Room, db
from photoshare.pictures.best_time import MAX_ZONE, zone_named
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.services.moving_in import restored
from photoshare.services.moving_in.fields import Fields
from photoshare.services.moving_in.opening import RoomFile
from photoshare.services.moving_in.restored import EngineHere, Ids, RestoredPhoto
from photoshare.services.moving_in.times import write_clocks
from photoshare.services.moving_in.unfinished import being_made, delete_unfinished
from photoshare.services.photos import adding
from photoshare.services.rooms.host_links import add_link, make_secret
from photoshare.services.rooms.rooms import (
    NewRoom,
    checked_title,
    new_code,
    password_hash_of,
)
from photoshare.services.take_home.room_file import PHOTOS
from photoshare.services.visibility.face_switch import switch_faces
from photoshare.services.visibility.sight import searches_faces
from photoshare.storage import Storage

MAX_PATH = 2000  # characters of the name of a file in the zip


@dataclass(frozen=True, slots=True)
class ImportedRoom:
    """The room that was made."""

    new: NewRoom
    photo_count: int
    person_count: int
    correction_count: int
    waiting_count: int  # photos that are to be searched again


@dataclass(frozen=True, slots=True)
class Server:
    """What a room is made with."""

    storage: Storage
    settings: Settings
    decoders: DecoderPool
    engine: EngineHere
    tell: Callable[[int], None] = lambda _count: None  # called after every photo


def import_room(path: Path, server: Server, *, password: str = "") -> ImportedRoom:
    """Make a room of a room file: all of it, or nothing.

    Guests are names, and nobody is in the room; the host comes by the new link. Whoever knows the
    code has it from the link, so that until the end nobody finds the room.

    Parameters
    ----------
    path : Path
        Made by anybody; every original is compared with its SHA-256, and decoded like an upload.
    server : Server
    password : str
        Of the new room; that of the exported one isn't in the file.

    Raises
    ------
    RoomFileError
        If it isn't a room file, damaged, of a newer version, or says what can't be.
    InvalidInputError, DiskFullError, StorageError
    """
    storage = server.storage
    delete_unfinished(storage)
    with RoomFile(path) as file:
        title = checked_title(file.room.text("title", most=1000))
        code, password_hash = new_code(), password_hash_of(password)
        with being_made(code, storage):
            room = Room(code=code, title=title, password_hash=password_hash)
            _set_up(room, file.room)
            db.session.add(room)
            db.session.commit()
            return _fill(room, file, server)


def _set_up(room: Room, said: Fields) -> None:
    room.ends_on = said.day_or_none("ends_on")
    room.created_at = said.moment("created_at")
    room.keeps_metadata = said.yes_or_no("keeps_metadata")
    room.guests_may_correct = said.yes_or_no("guests_may_correct")
    room.has_hearts = said.yes_or_no("has_hearts")
    if said.has("audience"):  # older files don't say who sees what
        room.audience = said.one_of("audience", Audience)
        room.revealed_at = said.moment_or_none("revealed_at")
        room.faces_for = said.one_of("faces_for", FacesFor)
        room.adds_until = said.day_or_none("adds_until")
        room.covers_faces = said.yes_or_no("covers_faces")
    zone = said.text_or_none("time_zone", most=MAX_ZONE)
    room.time_zone = zone if zone_named(zone) else None


def _fill(room: Room, file: RoomFile, server: Server) -> ImportedRoom:
    room_id = room.id
    ids = Ids()
    restored.write_guests(room_id, file, ids)
    photos = _add_photos(room_id, file, server, ids)
    restored.write_people(room_id, file, ids)
    restored.write_faces(file, photos, ids, server.engine)
    corrections = restored.write_corrections(room_id, file, ids)
    restored.write_hearts(file, ids)
    corrections += write_clocks(room_id, file, ids.guests)
    waiting, people = restored.settle(room_id, file, photos, ids, server.engine)
    room = db.session.get_one(Room, room_id)
    room.cover_photo_id = ids.photos.get(file.room.number_or_none("cover_photo") or 0)
    secret = make_secret(restored.give_to_hosts(room_id, add_link(room_id)).nonce)
    db.session.commit()
    if not searches_faces(room_id):  # whoever wrote the file may have kept some
        switch_faces(room_id, FacesFor.NOBODY, server.storage)
        people = corrections = waiting = 0
        db.session.refresh(room)
    return ImportedRoom(NewRoom(room, secret), len(photos), people, corrections, waiting)


def _add_photos(
    room_id: int, file: RoomFile, server: Server, ids: Ids
) -> Mapping[int, RestoredPhoto]:
    """Add every original as an upload is added, and then what an upload doesn't say."""
    photos: dict[int, RestoredPhoto] = {}
    for line in file.lines(PHOTOS):
        said = restored.read_photo(line, ids)
        if said.id in ids.photos:
            raise line.refusal("two photos have this id")
        files = line.list_of("files", most=10_000)
        if not files or not isinstance(files[0], str) or len(files[0]) > MAX_PATH:
            raise line.refusal("it names no file")
        photo_id = _add_photo(room_id, file, files[0], said, server)
        # Until all is there, nobody searches it: a given-up photo.
        values = {"created_at": said.added_at, "guest_id": said.guest_id, "state": PHOTO_FAILED}
        same = update(Photo).where(Photo.id == photo_id)
        values |= {"is_for_all": said.is_for_all, "engine": said.engine} | said.taken
        db.session.execute(same.values(**values))
        db.session.commit()
        width, height = db.session.execute(
            select(Photo.width, Photo.height).where(Photo.id == photo_id)
        ).one()
        db.session.rollback()
        ids.photos[said.id] = photo_id
        photos[photo_id] = said.with_size(width, height)
        server.tell(len(photos))
    return photos


def _add_photo(room_id: int, file: RoomFile, name: str, said: RestoredPhoto, server: Server) -> int:
    storage, settings = server.storage, server.settings
    most_mb = adding.most_mb_of(name, settings)
    with file.opened(name, most_bytes=most_mb * MB) as entry:
        try:
            stream = cast(BinaryIO, entry)  # of which only `read` is used
            with storage.receive(room_id, stream, max_photo_mb=most_mb) as received:
                if received.sha256 != said.sha256:
                    raise RoomFileError(f"{file.name} is damaged: {name} isn't what it was.")
                added = adding.add_received(
                    room_id,
                    received,
                    said.file_name,
                    guest_id=None,
                    storage=storage,
                    settings=settings,
                    decoders=server.decoders,
                )
        except RejectedPhotoError as error:
            raise RoomFileError(f"{name} in {file.name} can't be taken in: {error}") from error
    if added.is_duplicate:
        raise RoomFileError(f"{file.name} is damaged: {name} is in it twice.")
    return added.photo_id
