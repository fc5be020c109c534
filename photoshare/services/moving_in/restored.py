"""Write the rows of a room file under new ids, in portions; then settle what follows from them.

New ids are in the order of the old ones: what is decided by "the older one" is decided as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias, TypeVar

import numpy as np
from sqlalchemy import exists, insert, select, update

from photoshare.db import Base
from photoshare.faces.types import ENCODING_DTYPE, MAX_PANELS
from photoshare.models import (
    PHOTO_ANALYSED,
    PHOTO_FAILED,
    PHOTO_WAITING,
    Correction,
    CorrectionFace,
    Face,
    Guest,
    Heart,
    HostLink,
    Person,
    Photo,
    db,
    utc_now,
)
from photoshare.services.corrections.change import Change, begin_change
from photoshare.services.corrections.events import CorrectionKind
from photoshare.services.moving_in.fields import Fields
from photoshare.services.moving_in.opening import RoomFile
from photoshare.services.moving_in.times import read_taken
from photoshare.services.people.covers import settle_covers
from photoshare.services.photos.adding import MAX_FILE_NAME, clean_file_name
from photoshare.services.rooms.entering import MAX_NAME, checked_name
from photoshare.services.take_home.room_file import (
    CORRECTIONS,
    FACES,
    GUESTS,
    HEARTS,
    MAX_ENCODING,
    MAX_ROWS,
    PEOPLE,
)

ROWS_AT_ONCE = 500  # in one transaction, and in one look at ids: others write in between
_MAX_SIDES = 20_000  # of a correction: one for each face that was rejected at once
_Item = TypeVar("_Item")
# A face that a correction names: its id, side, whether it is carried, its person before and after.
_SaidFace: TypeAlias = tuple[int, int, bool, int | None, int | None]
_NUMBER_BYTES = np.dtype(ENCODING_DTYPE).itemsize


@dataclass(frozen=True, slots=True)
class EngineHere:
    """The face engine of this server."""

    name: str
    encoding_size: int  # numbers


@dataclass(slots=True)
class Ids:
    """The new ids, by the old ones."""

    guests: dict[int, int] = field(default_factory=dict)
    photos: dict[int, int] = field(default_factory=dict)
    people: dict[int, int] = field(default_factory=dict)  # those who are gone as well
    faces: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RestoredPhoto:
    """What a room file says of a photo."""

    id: int
    sha256: str
    file_name: str
    added_at: datetime
    guest_id: int | None  # the new one
    state: str
    engine: str | None
    is_for_all: bool
    taken: dict[str, Any]  # when, and what tells it; empty in files of former versions
    width: int = 0  # of the decoded picture, once it is there
    height: int = 0

    def with_size(self, width: int, height: int) -> RestoredPhoto:
        """Return it with the size of the picture."""
        return replace(self, width=width, height=height)


def read_photo(line: Fields, ids: Ids) -> RestoredPhoto:
    """Read a line about a photo."""
    state = line.text("state", most=20)
    if state not in (PHOTO_WAITING, PHOTO_ANALYSED, PHOTO_FAILED):
        raise line.refusal("a photo is in no such state")
    engine = line.text_or_none("engine", most=100)
    return RestoredPhoto(
        line.number("id"),
        line.text("sha256", most=64),
        clean_file_name(line.text("name", most=MAX_FILE_NAME)),
        line.moment("added_at"),
        _known(line, "guest", ids.guests),
        PHOTO_WAITING if state == PHOTO_ANALYSED and engine is None else state,
        engine,
        line.has("is_for_all") and line.yes_or_no("is_for_all"),  # older files don't say
        read_taken(line),
    )


def write_guests(room_id: int, file: RoomFile, ids: Ids) -> None:
    """Add the guests: names without a browser."""
    for lines in _batches(file.lines(GUESTS), ROWS_AT_ONCE):
        rows = [
            {
                "room_id": room_id,
                "name": checked_name(line.text("name", most=MAX_NAME)),
                "is_host": line.yes_or_no("is_host"),
                "created_at": line.moment("joined_at"),
                "own_seen_count": line.number_or_none("own_seen_count", least=0),
                "is_upload_stopped": line.yes_or_no("is_upload_stopped"),
            }
            for line in lines
        ]
        _add(Guest, lines, rows, ids.guests)


def write_people(room_id: int, file: RoomFile, ids: Ids) -> None:
    """Add the people, and for a moment those who are gone: corrections may bring them back."""
    made_at = {line.number("id"): line.moment("created_at") for line in file.lines(PEOPLE)}
    known = made_at.keys() | _people_spoken_of(file)
    if len(known) > MAX_ROWS:
        raise Fields(PEOPLE, {}).refusal("there are too many people")
    now = utc_now()
    for people in _batches(sorted(known), ROWS_AT_ONCE):
        query = insert(Person).returning(Person.id, sort_by_parameter_order=True)
        rows = [{"room_id": room_id, "created_at": made_at.get(person, now)} for person in people]
        ids.people.update(zip(people, db.session.scalars(query, rows), strict=True))
        db.session.commit()


def _people_spoken_of(file: RoomFile) -> set[int]:
    found: set[int] = set()
    for line in file.lines(CORRECTIONS):
        for face in line.list_of("faces", most=MAX_ROWS):
            *_, before, after = _face_of_correction(line, face)
            found.update(person for person in (before, after) if person is not None)
    said = (line.number_or_none("said_person") for line in file.lines(GUESTS))
    return found.union(filter(None, said))


def write_faces(
    file: RoomFile, photos: Mapping[int, RestoredPhoto], ids: Ids, here: EngineHere
) -> None:
    """Add the faces, each within its photo; encodings of one engine have one length."""
    sizes = {here.name: here.encoding_size}
    for lines in _batches(file.lines(FACES), ROWS_AT_ONCE):
        rows = [_face(line, photos, ids, sizes) for line in lines]
        _add(Face, lines, rows, ids.faces)


def _face(
    line: Fields, photos: Mapping[int, RestoredPhoto], ids: Ids, sizes: dict[str, int]
) -> dict[str, Any]:
    photo_id = _known(line, "photo", ids.photos)
    if photo_id is None:
        raise line.refusal("it is on no photo")
    photo = photos[photo_id]
    is_face = line.yes_or_no("is_face")
    is_forgotten = line.has("is_forgotten") and line.yes_or_no("is_forgotten")
    top = line.number("top", least=0, most=photo.height - 1)
    left = line.number("left", least=0, most=photo.width - 1)
    encoding = line.content_or_none("encoding", most=MAX_ENCODING * _NUMBER_BYTES)
    if encoding is not None:
        _check_encoding(line, encoding, photo.engine, sizes)
    return {
        "photo_id": photo_id,
        "person_id": _known(line, "person", ids.people) if is_face else None,
        "top": top,
        "right": line.number("right", least=left + 1, most=photo.width),
        "bottom": line.number("bottom", least=top + 1, most=photo.height),
        "left": left,
        "score": line.share("score", most=1e6),
        "quality": line.share("quality", most=1e6) if line.has("quality") else None,
        "panel": line.number("panel", least=0, most=MAX_PANELS),
        "at_ms": line.number_or_none("at_ms", least=0),
        "is_face": is_face,
        "is_forgotten": is_forgotten,
        "encoding": encoding if is_face and not is_forgotten else None,
    }


def _check_encoding(
    line: Fields, encoding: bytes, engine: str | None, sizes: dict[str, int]
) -> None:
    """Refuse numbers that could not be compared with those of the same engine."""
    size, rest = divmod(len(encoding), _NUMBER_BYTES)
    if engine is None or rest or not size or sizes.setdefault(engine, size) != size:
        raise line.refusal("the encoding has another length than its engine's")
    numbers = np.frombuffer(encoding, dtype=ENCODING_DTYPE)
    if not np.isfinite(numbers).all() or np.abs(numbers).max() > 1e6:
        raise line.refusal("the encoding has numbers that no engine makes")


def write_corrections(room_id: int, file: RoomFile, ids: Ids) -> int:
    """Add the corrections with their faces; return how many."""
    count, last = 0, 0
    for line in file.lines(CORRECTIONS):
        number = line.number("id", least=last + 1)
        last = number
        query = insert(Correction).values(_correction(room_id, line, ids))
        correction_id = int(db.session.execute(query.returning(Correction.id)).scalar_one())
        faces = _faces_of_correction(line)
        rows = [
            {
                "correction_id": correction_id,
                "face_id": _known_id(line, "face", face, ids.faces),
                "side": side,
                "is_carried": is_carried,
                "person_before": None if before is None else ids.people[before],
                "person_after": None if after is None else ids.people[after],
            }
            for face, side, is_carried, before, after in faces
        ]
        if rows:
            db.session.execute(insert(CorrectionFace), rows)
        count += 1
        if count % ROWS_AT_ONCE == 0:
            db.session.commit()
    db.session.commit()
    return count


def _correction(room_id: int, line: Fields, ids: Ids) -> dict[str, Any]:
    kind = line.text("kind", most=40)
    if kind not in set(CorrectionKind) - {CorrectionKind.CLOCK}:
        raise line.refusal("there is no such correction")
    return {
        "room_id": room_id,
        "guest_id": _known(line, "guest", ids.guests),
        "kind": kind,
        "name": line.text_or_none("name", most=MAX_NAME),
        "created_at": line.moment("made_at"),
        "undone_at": line.moment_or_none("undone_at"),
        "undone_by": _known(line, "undone_by", ids.guests),
    }


def _faces_of_correction(line: Fields) -> list[_SaidFace]:
    faces = [_face_of_correction(line, one) for one in line.list_of("faces", most=MAX_ROWS)]
    if len({face for face, *_ in faces}) < len(faces):
        raise line.refusal("it names a face twice")
    if faces and line.has("undone_at"):
        raise line.refusal("it was undone, and still names faces")
    is_cover = line.text("kind", most=40) == CorrectionKind.COVER
    if faces and is_cover and all(side != 0 for _, side, *_ in faces):
        raise line.refusal("it names no cover")
    return faces


def _face_of_correction(line: Fields, face: object) -> _SaidFace:
    if not isinstance(face, list) or len(face) != 5 or not isinstance(face[2], bool):
        raise line.refusal("a face of it isn't [face, side, is carried, person before, and after]")
    before, after = (
        None if person is None else line.checked_number("person", person) for person in face[3:]
    )
    side = line.checked_number("side", face[1], least=0, most=_MAX_SIDES)
    return line.checked_number("face", face[0]), side, face[2], before, after


def write_hearts(file: RoomFile, ids: Ids) -> None:
    """Add the hearts; the database counts them."""
    for lines in _batches(file.lines(HEARTS), ROWS_AT_ONCE):
        rows = {
            (_known(line, "photo", ids.photos), _known(line, "guest", ids.guests)): line
            for line in lines
        }
        for pair, line in rows.items():
            if None in pair:
                raise line.refusal("a heart is a guest's, for a photo")
            query = select(exists().where(Heart.photo_id == pair[0], Heart.guest_id == pair[1]))
            if not db.session.scalar(query):
                db.session.execute(insert(Heart).values(photo_id=pair[0], guest_id=pair[1]))
        db.session.commit()


def settle(
    room_id: int,
    file: RoomFile,
    photos: Mapping[int, RestoredPhoto],
    ids: Ids,
    here: EngineHere,
) -> tuple[int, int]:
    """Work out what follows from the corrections, and let the photos be as they were.

    One transaction, as after every correction; the caller commits.

    Returns
    -------
    waiting_count, person_count : int
    """
    begin_change(room_id)
    waiting = 0
    for some in _batches(photos.items(), ROWS_AT_ONCE):
        rows = [{"id": photo_id, "state": _state_here(said, here)} for photo_id, said in some]
        waiting += sum(row["state"] == PHOTO_WAITING for row in rows)
        db.session.execute(update(Photo), rows)
    Change(room_id).settle()
    for line in file.lines(PEOPLE):
        person = ids.people[line.number("id")]
        clear = ids.faces.get(line.number_or_none("clear_face") or 0)
        is_theirs = exists().where(Face.id == clear, Face.person_id == person)
        same = update(Person).where(Person.id == person, is_theirs)
        db.session.execute(same.values(clear_face_id=clear))
    people = set(db.session.scalars(select(Person.id).where(Person.room_id == room_id)))
    settle_covers(people)
    for line in file.lines(GUESTS):
        _let_be_someone(line, people, ids)
    return waiting, len(people)


def _state_here(said: RestoredPhoto, here: EngineHere) -> str:
    """Return the state of a photo on this server: what another engine has searched waits."""
    is_other = said.state == PHOTO_ANALYSED and said.engine != here.name
    return PHOTO_WAITING if is_other else said.state


def _let_be_someone(line: Fields, people: set[int], ids: Ids) -> None:
    """Say who a guest is, as they said."""
    person = ids.people.get(line.number_or_none("person") or 0)
    said = ids.people.get(line.number_or_none("said_person") or 0)
    if person in people or said is not None:
        guest = update(Guest).where(Guest.id == ids.guests[line.number("id")])
        values = {"person_id": person if person in people else None, "said_person_id": said}
        db.session.execute(guest.values(**values))


def give_to_hosts(room_id: int, link: HostLink) -> HostLink:
    """Let those who were hosts have come by this link; none of them is in the room."""
    db.session.flush()
    hosts = update(Guest).where(Guest.room_id == room_id, Guest.is_host)
    db.session.execute(hosts.values(host_link_id=link.id))
    return link


def _batches(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


# ---- Ids -----------------------------------------------------------------------------------------


def _add(
    model: type[Base], lines: Iterable[Fields], rows: list[dict[str, Any]], ids: dict[int, int]
) -> None:
    """Insert rows, and note their new ids by those that the lines give, which have to grow."""
    last = max(ids, default=0)
    old = []
    for line in lines:
        last = line.number("id", least=last + 1)
        old.append(last)
    key = model.__table__.c.id
    query = insert(model).returning(key, sort_by_parameter_order=True)
    ids.update(zip(old, db.session.scalars(query, rows), strict=True))
    db.session.commit()


def _known(line: Fields, name: str, ids: Mapping[int, int]) -> int | None:
    number = line.number_or_none(name)
    return None if number is None else _known_id(line, name, number, ids)


def _known_id(line: Fields, name: str, number: int, ids: Mapping[int, int]) -> int:
    if number not in ids:
        raise line.refusal(f"there is no {name} {number}")
    return ids[number]
