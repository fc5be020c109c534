"""photoshare.services.rooms.rooms."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import func, select

from photoshare.db import db
from photoshare.errors import InvalidInputError, NotFoundError, RoomEndedError
from photoshare.models import Guest, Photo, Room
from photoshare.services.rooms import entering, rooms
from photoshare.services.rooms.entering import CODE_ALPHABET, CODE_GROUPS
from photoshare.services.rooms.sessions import open_session
from photoshare.services.visibility import sight
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo
from tests.helpers import insert_photos

TODAY = datetime.now(UTC).date()
pytestmark = pytest.mark.usefixtures("app_ctx")
PAST, TOMORROW = TODAY - timedelta(days=2), TODAY + timedelta(days=1)


def end(room: Room) -> None:
    """Put the last day of a room in the past, which no form accepts."""
    room.ends_on = PAST
    db.session.commit()


def guest_count() -> int:
    return db.session.scalar(select(func.count(Guest.id))) or 0


def test_a_code_is_worth_60_random_bits() -> None:
    assert len(set(CODE_ALPHABET)) == len(CODE_ALPHABET)
    assert sum(CODE_GROUPS) * math.log2(len(CODE_ALPHABET)) >= 60


@pytest.mark.parametrize("alike", ["0o", "1il", "2z", "5s", "6gb", "9q", "uv"])
def test_no_two_letters_of_a_code_look_alike(alike: str) -> None:
    assert len(set(alike) & set(CODE_ALPHABET)) <= 1


def test_codes_are_lower_case_letters_and_digits() -> None:
    assert CODE_ALPHABET.isascii()
    assert CODE_ALPHABET.isalnum()
    assert CODE_ALPHABET.islower()


@pytest.mark.parametrize(
    "typed",
    [
        "acdef-hjkm-nprtw",
        "ACDEF-HJKM-NPRTW",
        "acdefhjkmnprtw",
        " acdef hjkm nprtw\n",
        "AcDeF\u2013hJkM\u2013nPrTw",
        "acdef_hjkm.nprtw",
    ],
)
def test_a_code_is_found_however_it_was_typed(typed: str) -> None:
    assert entering.normalise_code(typed) == "acdef-hjkm-nprtw"


def test_normalising_twice_changes_nothing() -> None:
    once = entering.normalise_code("ACDEF HJKM NPRTW")

    assert entering.normalise_code(once) == once


def test_a_new_room_is_found_by_its_code() -> None:
    new = rooms.create_room("  Party  ")

    assert entering.find_room(new.room.code).id == new.room.id
    assert new.room.title == "Party"
    assert [len(group) for group in new.room.code.split("-")] == list(CODE_GROUPS)


def test_two_rooms_have_two_codes_and_two_host_secrets() -> None:
    one, other = rooms.create_room("Party"), rooms.create_room("Party")

    assert one.room.code != other.room.code
    assert one.host_secret != other.host_secret


def test_neither_the_password_nor_the_host_secret_is_stored() -> None:
    new = rooms.create_room("Party", password="open sesame")
    entering.become_host(new.room, secret=new.host_secret)
    entering.join_room(new.room, password="open sesame", name="Gustav")

    with db.engine.connect() as connection:
        tables = db.metadata.tables.values()
        dump = repr([connection.execute(table.select()).all() for table in tables])

    assert "Party" in dump
    assert "open sesame" not in dump
    assert new.host_secret not in dump


def test_the_same_password_has_another_hash_in_another_room() -> None:
    one = rooms.create_room("Party", password="same").room
    other = rooms.create_room("Party", password="same").room

    assert one.password_hash != other.password_hash


def test_a_room_without_a_password_has_no_hash() -> None:
    assert rooms.create_room("Party").room.password_hash is None


@pytest.mark.parametrize("title", ["", "   ", "x" * 121])
def test_a_title_that_is_missing_or_too_long_is_refused(title: str) -> None:
    with pytest.raises(InvalidInputError, match="title"):
        rooms.create_room(title)


def test_a_title_of_the_longest_length_is_taken() -> None:
    assert rooms.create_room("x" * 120).room.title == "x" * 120


def test_a_password_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="password"):
        rooms.create_room("Party", password="x" * 201)


def test_an_end_in_the_past_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="past"):
        rooms.create_room("Party", ends_on=PAST)


@pytest.mark.parametrize("ends_on", [TOMORROW, None])
def test_a_room_that_has_not_ended_is_open(ends_on: date | None) -> None:
    assert not entering.has_ended(rooms.create_room("Party", ends_on=ends_on).room)


def test_a_room_is_open_on_its_last_day(monkeypatch: pytest.MonkeyPatch) -> None:
    room = rooms.create_room("Party", ends_on=TOMORROW).room
    behind = timezone(-timedelta(hours=12))  # where the day ends last
    last_moment = datetime(TOMORROW.year, TOMORROW.month, TOMORROW.day, 23, 59, tzinfo=behind)

    last_moment = last_moment.astimezone(UTC)
    monkeypatch.setattr(entering, "utc_now", lambda: last_moment)
    assert not entering.has_ended(room)

    monkeypatch.setattr(entering, "utc_now", lambda: last_moment + timedelta(minutes=1))
    assert entering.has_ended(room)


def test_an_unknown_code_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        entering.find_room("acdef-hjkm-nprtw")


def test_the_right_password_lets_a_guest_in() -> None:
    room = rooms.create_room("Party", password="open").room

    guest = entering.join_room(room, password="open", name="  Gustav   Gans ")

    assert (guest.room_id, guest.name, guest.is_host) == (room.id, "Gustav Gans", False)


@pytest.mark.parametrize("password", ["", "Open", "open ", "opened"])
def test_a_wrong_password_lets_nobody_in(password: str) -> None:
    room = rooms.create_room("Party", password="open").room

    with pytest.raises(InvalidInputError, match="password"):
        entering.join_room(room, password=password, name="")

    assert guest_count() == 0


def test_a_name_that_is_too_long_is_refused() -> None:
    room = rooms.create_room("Party").room

    with pytest.raises(InvalidInputError, match="60"):
        entering.join_room(room, password="", name="x" * 61)

    assert guest_count() == 0


def test_an_ended_room_takes_no_guests() -> None:
    room = rooms.create_room("Party").room
    end(room)

    with pytest.raises(RoomEndedError):
        entering.join_room(room, password="", name="")


def test_in_an_ended_room_guests_may_only_look_and_its_host_may_all() -> None:
    new = rooms.create_room("Party")
    guest = entering.join_room(new.room, password="", name="")
    host = entering.become_host(new.room, secret=new.host_secret)
    end(new.room)
    code, room = new.room.code, str(new.room.id)

    of_guest = entering.enter_room(code, {room: open_session(guest, "phone")})
    of_host = entering.enter_room(code, {room: open_session(host, "phone")})

    assert (of_guest.is_host, of_guest.is_read_only) == (False, True)
    assert not sight.author_of(of_guest).may_correct([guest.id])
    assert (of_host.is_host, of_host.is_read_only) == (True, False)


def test_a_guest_enters_with_what_the_cookie_says() -> None:
    room = rooms.create_room("Party").room
    guest = entering.join_room(room, password="", name="")

    access = entering.enter_room(room.code, {str(room.id): open_session(guest, "phone")})

    assert (access.room.id, access.guest.id, access.is_host) == (room.id, guest.id, False)


def test_nobody_enters_without_having_joined() -> None:
    room = rooms.create_room("Party").room

    with pytest.raises(NotFoundError):
        entering.enter_room(room.code, {})


def test_a_guest_of_another_room_does_not_enter() -> None:
    room, other = rooms.create_room("Party").room, rooms.create_room("Other").room
    token = open_session(entering.join_room(other, password="", name=""), "phone")

    with pytest.raises(NotFoundError):
        entering.enter_room(room.code, {str(room.id): token, str(other.id): token})


def test_a_guest_who_is_gone_does_not_enter() -> None:
    room = rooms.create_room("Party").room

    with pytest.raises(NotFoundError):
        entering.enter_room(room.code, {str(room.id): "guest 999"})


def test_the_host_secret_makes_a_host() -> None:
    new = rooms.create_room("Party")

    assert entering.become_host(new.room, secret=new.host_secret).is_host


def test_another_secret_makes_no_host() -> None:
    new, other = rooms.create_room("Party"), rooms.create_room("Other")

    with pytest.raises(NotFoundError):
        entering.become_host(new.room, secret=other.host_secret)

    assert guest_count() == 0


def test_a_room_gets_another_title_and_end() -> None:
    room = rooms.create_room("Party").room

    rooms.change_settings(room, title=" Wedding ", ends_on=TOMORROW)

    db.session.refresh(room)
    assert (room.title, room.ends_on) == ("Wedding", TOMORROW)


def test_a_bad_title_changes_nothing() -> None:
    room = rooms.create_room("Party").room

    with pytest.raises(InvalidInputError):
        rooms.change_settings(room, title="", ends_on=TOMORROW)

    db.session.refresh(room)
    assert (room.title, room.ends_on) == ("Party", None)


def test_the_ids_of_a_deleted_room_are_never_used_again(site: Site) -> None:
    room = rooms.create_room("Party").room
    guest_id = entering.join_room(room, password="", name="").id
    room_id = room.id

    rooms.delete_room(room_id, site.storage)
    new = rooms.create_room("Party").room

    assert new.id > room_id
    assert entering.join_room(new, password="", name="").id > guest_id


@pytest.mark.parametrize("step", ["empty_room_set_aside", "forget_room_set_aside"])
def test_a_deletion_that_was_interrupted_is_finished(
    app: Flask,
    site: Site,
    add_photo: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """Killed before this step, then started again."""
    room_id, other_id = (rooms.create_room("Party").room.id for _ in range(2))
    for room in (room_id, other_id):
        add_photo(room, draw_photo(RED))

    def killed(_room_id: int) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(site.storage, step, killed)
        with pytest.raises(RuntimeError, match="killed"):
            rooms.delete_room(room_id, site.storage)

    site.jobs.sweep()

    assert list(db.session.scalars(select(Room.id))) == [other_id]
    assert list(db.session.scalars(select(Photo.room_id))) == [other_id]
    assert [path.name for path in (site.storage.data / "rooms").iterdir()] == [str(other_id)]


def test_a_large_room_is_deleted_in_portions(
    app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "PHOTOS_AT_ONCE", 3)
    room_id, other_id = (rooms.create_room("Party").room.id for _ in range(2))
    insert_photos(app, room_id, 7)
    insert_photos(app, other_id, 2)

    rooms.delete_room(room_id, site.storage)

    assert list(db.session.scalars(select(Photo.room_id))) == [other_id] * 2
