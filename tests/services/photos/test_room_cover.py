"""photos.room_cover and photos.event_days: what stands at the head of a room."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from photoshare.db import db
from photoshare.models import PHOTO_ANALYSED, Photo
from photoshare.services.photos.albums import WholeRoom
from photoshare.services.photos.moments import EventDays, find_event_days
from photoshare.services.photos.room_cover import choose_cover, find_cover
from photoshare.services.rooms.rooms import create_room
from tests.helpers import host_access, insert_face, insert_photos

pytestmark = pytest.mark.usefixtures("app_ctx")


def add_group(
    app: Flask, room_id: int, seed: str, faces: int, quality: float, size: tuple[int, int]
) -> int:
    """Insert a searched photo with faces of one quality."""
    width, height = size
    values = {"state": PHOTO_ANALYSED, "width": width, "height": height}
    (photo_id,) = insert_photos(app, room_id, 1, seed=seed, **values)
    for _ in range(faces):
        insert_face(app, room_id, photo_id, quality=quality)
    return photo_id


def test_an_empty_room_has_no_cover(room_id: int) -> None:
    assert find_cover(host_access(room_id)) is None


def test_before_the_search_the_newest_photo_is_the_cover(app: Flask, room_id: int) -> None:
    ids = insert_photos(app, room_id, 3, state="waiting")

    cover = find_cover(host_access(room_id))

    assert cover is not None
    assert cover.id == ids[-1]


def test_a_clear_wide_group_photo_is_the_cover(app: Flask, room_id: int) -> None:
    wide, tall = (1200, 800), (800, 1200)
    add_group(app, room_id, "portrait", 1, 1.0, wide)
    add_group(app, room_id, "tall group", 6, 1.0, tall)
    add_group(app, room_id, "blurred group", 6, 0.1, wide)
    clear = add_group(app, room_id, "clear group", 5, 0.8, wide)

    cover = find_cover(host_access(room_id))

    assert cover is not None
    assert cover.id == clear


def test_a_chosen_photo_stays_until_it_is_gone(app: Flask, room_id: int) -> None:
    ids = insert_photos(app, room_id, 3)
    choose_cover(host_access(room_id), ids[0])
    found = find_cover(host_access(room_id))
    assert found is not None
    assert found.id == ids[0]

    db.session.delete(db.session.get_one(Photo, ids[0]))
    db.session.commit()

    found = find_cover(host_access(room_id))
    assert found is not None
    assert found.id != ids[0]


def test_the_cover_is_never_of_another_room(app: Flask, room_id: int) -> None:
    other = create_room("Other").room
    (foreign,) = insert_photos(app, other.id, 1)
    access = host_access(room_id)
    access.room.cover_photo_id = foreign
    db.session.commit()

    assert find_cover(host_access(room_id)) is None


def test_the_days_of_an_event_leave_out_wrong_clocks(app: Flask, room_id: int) -> None:
    party = datetime(2026, 7, 4, 18)
    insert_photos(app, room_id, 1, seed="old", captured_at=datetime(1998, 1, 1))
    for hour in range(38):
        taken = party + timedelta(hours=hour % 8)
        insert_photos(app, room_id, 1, seed=f"at {hour}", captured_at=taken)
    insert_photos(app, room_id, 1, seed="late", captured_at=datetime(2031, 1, 1))

    days = EventDays(date(2026, 7, 4), date(2026, 7, 5))
    assert find_event_days(WholeRoom(room_id), 40) == days
    assert find_event_days(WholeRoom(room_id), 20) == days, "twenty came since they were counted"


def test_a_room_without_photos_has_no_days(room_id: int) -> None:
    assert find_event_days(WholeRoom(room_id), 0) is None
