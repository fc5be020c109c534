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
from photoshare.services.rooms.rooms import NewRoom
from photoshare.services.rooms.sessions import open_session
from tests.helpers import insert_photos, set_title_and_end


def test_uploads_are_counted_for_each_guest_of_one_room(
    app: Flask, make_room: Callable[..., NewRoom], app_ctx: None
) -> None:
    room, other = make_room().room, make_room("Other").room
    first, second, idle = (
        entering.join_room(room, password="", name=name) for name in ("Anna", "", "Idle")
    )
    gone = entering.join_room(room, password="", name="Gone")
    for guest in (first, idle):
        open_session(guest, "phone")
    insert_photos(app, room.id, 2, seed="a", guest_id=first.id, size_bytes=10)
    insert_photos(app, room.id, 3, seed="b", guest_id=second.id, size_bytes=100)
    insert_photos(app, room.id, 1, seed="c", size_bytes=7)
    insert_photos(app, other.id, 5)

    found = [
        (card.id, card.name, card.is_here, card.photo_count, card.size_bytes, card.device)
        for card in guests.list_guests(room.id)
    ]
    assert found == [
        (second.id, "", False, 3, 300, ""),
        (first.id, "Anna", True, 2, 20, "phone"),
        (None, "", False, 1, 7, ""),
        (idle.id, "Idle", True, 0, 0, "phone"),
    ]
    assert [card.id for card in guests.list_guests(room.id, guest_id=first.id)] == [first.id]
    assert guests.list_guests(room.id, guest_id=gone.id) == []
    assert guests.list_guests(make_room("Empty").room.id) == []


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
        str(new.room.id): open_session(entering.join_room(new.room, password="", name=""), "phone")
        for new in (first, second, ended)
    }
    yesterday = datetime.now(UTC).date() - timedelta(days=2)
    set_title_and_end(ended.room.id, "Ended", yesterday)
    ids["999"] = "guest 999"

    titles = [room.title for room in entering.list_joined_rooms(ids)]
    assert titles == ["Ended", "Second", "First"]
    to_add = entering.list_joined_rooms(ids, to_add=True)
    assert [room.title for room in to_add] == ["Second", "First"]
    forged = {str(first.room.id): ids[str(second.room.id)]}
    assert entering.list_joined_rooms(forged) == []
    assert entering.list_joined_rooms({}) == []
    host = entering.become_host(entering.find_room(ended.room.code), secret=ended.host_secret)
    assert [
        room.title
        for room in entering.list_joined_rooms({str(ended.room.id): open_session(host, "phone")})
    ] == ["Ended"]
