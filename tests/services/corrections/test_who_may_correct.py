"""Who may correct: the host everything, guests only in their own photos."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from photoshare.db import db
from photoshare.errors import NotAllowedError, NotFoundError
from photoshare.services.corrections import verbs
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Author
from photoshare.services.visibility.sight import author_of
from tests.helpers import guest_access
from tests.services.corrections.test_verbs import faces_of, name_of

pytestmark = pytest.mark.usefixtures("app_ctx")


def test_a_guest_corrects_faces_on_photos_of_their_own(
    app: Flask, room_id: int, add_person: Callable[..., int]
) -> None:
    access = guest_access(room_id)
    author = author_of(access)
    own, others = add_person(2, guest_id=access.guest.id), add_person(2)

    verbs.name_person(author, own, "Me")

    assert name_of(own) == "Me"
    with pytest.raises(NotAllowedError):
        verbs.name_person(author, others, "You")
    with pytest.raises(NotAllowedError):
        verbs.reject_faces(author, others, faces_of(others)[:1])
    with pytest.raises(NotAllowedError):
        verbs.mark_not_faces(author, [*faces_of(own), faces_of(others)[0]])


def test_guests_correct_everything_where_the_host_lets_them(
    room_id: int, add_person: Callable[..., int]
) -> None:
    access = guest_access(room_id)
    access.room.guests_may_correct = True
    db.session.commit()

    verbs.name_person(author_of(access), lea := add_person(), "Lea")

    assert name_of(lea) == "Lea"


def test_a_guest_undoes_their_own_corrections_only(
    room_id: int, host: Author, add_person: Callable[..., int]
) -> None:
    access = guest_access(room_id)
    author, own = author_of(access), add_person(2, guest_id=access.guest.id)
    theirs = verbs.name_person(author, own, "Me")
    hosts = verbs.hide_person(host, own)

    with pytest.raises(NotAllowedError):
        verbs.undo(author, hosts)
    assert theirs is not None
    verbs.undo(author, theirs)

    assert name_of(own) is None


def test_another_rooms_faces_people_and_corrections_are_not_found(
    app: Flask, host: Author, add_person: Callable[..., int]
) -> None:
    lea = add_person()
    hide = verbs.hide_person(host, lea)
    stranger = Author(rooms.create_room("Other").room.id)

    attempts: list[Callable[[], object]] = [
        lambda: verbs.name_person(stranger, lea, "Mine"),
        lambda: verbs.move_faces(stranger, faces_of(lea), None),
        lambda: verbs.mark_not_faces(stranger, faces_of(lea)),
        lambda: verbs.mark_different(stranger, faces_of(lea)[:1], faces_of(lea)[1:]),
        lambda: verbs.mark_same(stranger, faces_of(lea)[:1], faces_of(lea)[1:]),
        lambda: verbs.choose_cover(stranger, faces_of(lea)[0]),
        lambda: verbs.undo(stranger, hide),
    ]

    for attempt in attempts:
        with pytest.raises(NotFoundError):
            attempt()
    assert len(faces_of(lea)) == 2
