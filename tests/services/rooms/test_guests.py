"""Guests: names, and who uploaded how much."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from photoshare.db import db
from photoshare.errors import InvalidInputError
from photoshare.models import Guest
from photoshare.services.rooms import entering, guests
from photoshare.services.rooms.guests import Uploads
from photoshare.services.rooms.rooms import NewRoom
from tests.helpers import insert_photos, set_title_and_end


def test_uploads_are_counted_for_each_guest_of_one_room(
    app: Flask, make_room: Callable[..., NewRoom], app_ctx: None
) -> None:
    room, other = make_room().room, make_room("Other").room
    first = entering.join_room(room, password="", name="Anna").id
    second = entering.join_room(room, password="", name="").id
    entering.join_room(room, password="", name="Idle")
    insert_photos(app, room.id, 2, seed="a", guest_id=first, size_bytes=10)
    insert_photos(app, room.id, 3, seed="b", guest_id=second, size_bytes=100)
    insert_photos(app, room.id, 1, seed="c", size_bytes=7)
    insert_photos(app, other.id, 5)

    assert guests.list_uploads(room.id) == [
        Uploads("", False, 3, 300),
        Uploads("Anna", False, 2, 20),
        Uploads(None, False, 1, 7),
    ]
    assert guests.count_guests(room.id) == 3
    assert guests.list_uploads(make_room("Empty").room.id) == []


def test_a_guest_may_have_another_name(make_room: Callable[..., NewRoom], app_ctx: None) -> None:
    guest_id = entering.join_room(make_room().room, password="", name="Ana").id

    guests.rename_guest(guest_id, " Anna  B ")

    assert db.session.get_one(Guest, guest_id).name == "Anna B"
    with pytest.raises(InvalidInputError, match="60 characters"):
        guests.rename_guest(guest_id, "x" * 61)


def test_the_rooms_of_a_browser_are_those_that_it_may_enter(
    make_room: Callable[..., NewRoom], app_ctx: None
) -> None:
    first, second, ended = (make_room(title) for title in ("First", "Second", "Ended"))
    ids = {
        str(new.room.id): entering.join_room(new.room, password="", name="").id
        for new in (first, second, ended)
    }
    yesterday = datetime.now(UTC).date() - timedelta(days=2)
    set_title_and_end(ended.room.id, "Ended", yesterday)
    ids["999"] = 999

    assert [room.title for room in entering.list_joined_rooms(ids)] == ["Second", "First"]
    forged = {str(first.room.id): ids[str(second.room.id)]}
    assert entering.list_joined_rooms(forged) == []
    assert entering.list_joined_rooms({}) == []
    host = entering.become_host(entering.find_room(ended.room.code), secret=ended.host_secret)
    assert [room.title for room in entering.list_joined_rooms({str(ended.room.id): host.id})] == [
        "Ended"
    ]
