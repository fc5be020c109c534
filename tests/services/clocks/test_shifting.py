"""A host puts a camera's clock right: its photos move, and undo takes them back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare.db import db
from photoshare.errors import InvalidInputError, NotAllowedError, NotFoundError
from photoshare.models import Correction, FacesFor, Photo
from photoshare.services.clocks.settling import settle_clocks
from photoshare.services.clocks.shifting import shift_clock
from photoshare.services.corrections import history, verbs
from photoshare.services.corrections.erasure import delete_spent_corrections
from photoshare.services.photos import deleting
from photoshare.services.photos.restoring import restore_photos
from photoshare.services.rooms.entering import Author
from photoshare.services.visibility.also_added import add_also, give_up
from photoshare.services.visibility.face_switch import switch_faces
from photoshare.services.visibility.sight import author_of
from photoshare.web.site import Site
from tests.helpers import guest_access, host_access, insert_photos

pytestmark = pytest.mark.usefixtures("app_ctx")

NOON = datetime(2026, 7, 4, 12)
CANON = "Canon EOS R6"


@pytest.fixture
def ben(room_id: int) -> int:
    return guest_access(room_id, "Ben").guest.id


@pytest.fixture
def photos(app: Flask, room_id: int, ben: int) -> list[int]:
    return of_camera(app, room_id, ben, "one")


def of_camera(
    app: Flask, room_id: int, guest_id: int | None, seed: str, **values: object
) -> list[int]:
    said = {"camera": CANON, "captured_at": NOON, "captured_by": "camera"} | values
    return insert_photos(app, room_id, 2, seed=seed, guest_id=guest_id, **said)


def shown(photo_ids: list[int]) -> list[timedelta]:
    """Return by how much photos differ from noon, and check what the columns say of it."""
    db.session.expire_all()
    rows = [db.session.get_one(Photo, photo_id) for photo_id in photo_ids]
    moved = [row.captured_at - NOON for row in rows if row.captured_at]
    assert moved == [timedelta(seconds=row.shifted_s) for row in rows]
    assert all(row.moment == row.captured_at for row in rows)
    return moved


def by(hours: float) -> list[timedelta]:
    return [timedelta(hours=hours)] * 2


def test_all_photos_of_a_camera_move_and_come_back(
    host: Author, ben: int, photos: list[int]
) -> None:
    correction = shift_clock(host, ben, CANON, 3600)
    assert shown(photos) == by(1)

    verbs.undo(host, correction)

    assert shown(photos) == by(0)


def test_other_cameras_guests_and_sources_stay(
    app: Flask, room_id: int, host: Author, ben: int, photos: list[int]
) -> None:
    others = [
        of_camera(app, room_id, ben, "phone", camera="Apple iPhone 15"),
        of_camera(app, room_id, guest_access(room_id, "Eva").guest.id, "eva"),
        of_camera(app, room_id, None, "import"),
        of_camera(app, room_id, ben, "arrival", captured_by="arrival"),
        of_camera(app, room_id, ben, "file", captured_by="file"),
    ]

    shift_clock(host, ben, CANON, 3600)

    assert shown(photos) == by(1)
    assert [shown(ids) for ids in others] == [by(0)] * len(others)


def test_an_earlier_shift_is_undone_and_a_later_one_stays(
    host: Author, ben: int, photos: list[int]
) -> None:
    first = shift_clock(host, ben, CANON, 3600)
    second = shift_clock(host, ben, CANON, -1800)
    assert shown(photos) == by(0.5)

    verbs.undo(host, first)
    assert shown(photos) == by(-0.5)

    verbs.undo(host, second)
    assert shown(photos) == by(0)


def test_the_history_says_whose_clock_and_by_how_much(
    host: Author, ben: int, photos: list[int]
) -> None:
    shift_clock(host, ben, CANON, 3600)

    (entry,) = history.list_corrections(host, 1).items
    assert entry.kind == "clock"
    assert entry.may_undo
    assert entry.clock is not None
    assert entry.clock.guest is not None
    assert (entry.clock.guest.name, entry.clock.camera, entry.clock.shift_s) == ("Ben", CANON, 3600)


def test_only_hosts_set_clocks(room_id: int, ben: int, photos: list[int], host: Author) -> None:
    access = guest_access(room_id, "Eva")
    correction = shift_clock(host, ben, CANON, 3600)

    with pytest.raises(NotAllowedError):
        shift_clock(author_of(access), ben, CANON, 3600)
    with pytest.raises(NotAllowedError):
        verbs.undo(author_of(access), correction)
    assert shown(photos) == by(1)


@pytest.mark.parametrize("shift_s", [0, 10**12, 86400 * 365 * 40, -86400 * 365 * 49])
def test_impossible_times_are_refused(
    host: Author, ben: int, photos: list[int], shift_s: int
) -> None:
    with pytest.raises(InvalidInputError):
        shift_clock(host, ben, CANON, shift_s)

    assert shown(photos) == by(0)


def test_a_camera_that_is_not_here_is_not_found(host: Author, ben: int, photos: list[int]) -> None:
    with pytest.raises(NotFoundError):
        shift_clock(host, ben, "Nikon", 60)


def test_photos_added_later_follow(
    app: Flask, room_id: int, host: Author, ben: int, photos: list[int]
) -> None:
    shift_clock(host, ben, CANON, 3600)
    later = of_camera(app, room_id, ben, "later")

    assert settle_clocks(room_id, Photo.id.in_(later)) == 2
    db.session.commit()

    assert shown(later) == by(1)


def test_a_photo_that_becomes_anothers_is_of_their_camera(
    room_id: int, host: Author, ben: int, photos: list[int]
) -> None:
    eva = guest_access(room_id, "Eva").guest.id
    shift_clock(host, ben, CANON, 3600)
    add_also(photos[0], eva)

    give_up(ben, photos[:1])
    db.session.commit()

    assert shown(photos) == [timedelta(0), timedelta(hours=1)]


def test_photos_from_the_bin_have_the_time_of_now(
    room_id: int, host: Author, ben: int, photos: list[int], site: Site
) -> None:
    access = host_access(room_id)
    first = shift_clock(host, ben, CANON, 3600)
    deleted = deleting.delete_photos(access, photos[:1], site.storage)
    assert deleted.deletion_id is not None
    shift_clock(host, ben, CANON, 7200)
    verbs.undo(host, first)

    restore_photos(access, deleted.deletion_id, site.storage)

    assert shown(photos) == by(2)


def test_a_clock_outlives_the_corrections_of_faces(
    room_id: int, host: Author, ben: int, photos: list[int], site: Site
) -> None:
    correction = shift_clock(host, ben, CANON, 3600)

    delete_spent_corrections(room_id)
    db.session.commit()
    switch_faces(room_id, FacesFor.NOBODY, site.storage)

    assert db.session.scalar(select(Correction.id)) == correction
    verbs.undo(host, correction)
    assert shown(photos) == by(0)
