"""The faces kept in memory follow every change, and then equal freshly read ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from flask import Flask

from photoshare.models import ENCODING_DTYPE
from photoshare.services.corrections import verbs
from photoshare.services.people import room_faces
from photoshare.services.people.room_faces import RoomFaces, load_room_faces
from photoshare.services.rooms.entering import Author
from photoshare.services.shelf import current_revision, forget_room
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import FakeFaceEngine
from tests.helpers import (
    delete_for_good,
    face_at,
    face_on,
    faces_of,
    host_access,
    insert_face,
    insert_person,
    insert_photos,
)

ENGINE = FakeFaceEngine.name


@dataclass
class Doubt:
    """Two people, and an unsorted face in the last photo."""

    photos: list[int]
    lea: int  # in the first three photos
    twin: int  # in the next two
    stray: int


@pytest.fixture
def doubt(app: Flask, cast: Cast) -> Doubt:
    room_id, photos = cast.room_id, insert_photos(app, cast.room_id, 6)
    lea = insert_person(app, room_id, photos[:3], "Lea", encoding=face_at(0.0))
    twin = insert_person(app, room_id, photos[3:5], encoding=face_at(0.34))
    return Doubt(photos, lea, twin, insert_face(app, room_id, photos[5], encoding=face_at(-0.375)))


def as_rows(room: RoomFaces) -> tuple[object, ...]:
    """Return everything known about a room, independent of the order of its faces."""
    order = np.argsort(room.ids)
    faces = room.faces
    columns = (faces.photo_ids, faces.person_ids, faces.is_founder, faces.bond_ids, faces.panels)
    return (
        room.ids[order].tolist(),
        [column[order].tolist() for column in columns],
        faces.encodings[order].astype(ENCODING_DTYPE).tobytes(),
        room.engine_name,
        room.fixed_people,
        room.unseen,
        sorted(map(tuple, room.apart.tolist())),
        room.revision,
    )


def kept_and_read(room_id: int) -> tuple[RoomFaces | None, RoomFaces]:
    """Return what is kept in memory, and what the database says."""
    kept = room_faces._shelf.find(room_id, current_revision(room_id), ENGINE)
    forget_room(room_id)
    return kept, load_room_faces(room_id, ENGINE)


CHANGES = ["merge", "reject", "move", "not_a_face", "different", "hide", "delete_photo"]


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_kept_follows_a_change(
    app: Flask, cast: Cast, doubt: Doubt, site: Site, change: str
) -> None:
    author, faces = Author(cast.room_id), faces_of(app, doubt.lea)
    with app.app_context():
        load_room_faces(cast.room_id, ENGINE)
        match change:
            case "merge":
                verbs.merge_people(author, doubt.twin, doubt.lea)
            case "reject":
                verbs.reject_faces(author, doubt.lea, faces[:1])
            case "move":
                verbs.move_faces(author, faces[:1], None)
            case "not_a_face":
                verbs.mark_not_faces(author, [doubt.stray])
            case "different":
                verbs.mark_different(author, faces[:1], [doubt.stray])
            case "hide":
                verbs.hide_person(author, doubt.lea)
            case "delete_photo":
                delete_for_good(host_access(cast.room_id), doubt.photos[0], site.storage)
        kept, read = kept_and_read(cast.room_id)

    assert kept is not None
    assert as_rows(kept) == as_rows(read)


def test_a_face_that_is_one_again_is_read_anew(app: Flask, cast: Cast, doubt: Doubt) -> None:
    with app.app_context():
        said = verbs.mark_not_faces(Author(cast.room_id), [doubt.stray])
        load_room_faces(cast.room_id, ENGINE)
        verbs.undo(Author(cast.room_id), said)
        kept, read = kept_and_read(cast.room_id)

    assert kept is None
    assert doubt.stray not in read.ids  # until its photo was searched again: it was erased


def test_a_change_of_what_was_not_kept_keeps_nothing(app: Flask, cast: Cast, doubt: Doubt) -> None:
    with app.app_context():
        forget_room(cast.room_id)
        verbs.merge_people(Author(cast.room_id), doubt.twin, doubt.lea)
        kept, _ = kept_and_read(cast.room_id)

    assert kept is None
    assert face_on(app, doubt.photos[3], doubt.lea)
