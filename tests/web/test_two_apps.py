"""Two apps in one process, each with its own data folder: neither notices the other."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from photoshare import create_app
from photoshare.db import db, upgrade_schema
from photoshare.errors import WrongOffsetError
from photoshare.models import Room
from photoshare.services.photos import adding, uploads
from photoshare.services.photos.uploads import FileFacts
from photoshare.services.rooms import rooms
from photoshare.services.shelf import Shelf, forget_room
from photoshare.web.site import site_of
from tests.fakes import RED, draw_photo
from tests.helpers import guest_access

CONTENT = draw_photo(RED)


@pytest.fixture
def apps(tmp_path: Path) -> Iterator[list[Flask]]:
    """Two apps with a room each; as new databases count alike, both have the same id."""
    made = [create_app({"data": tmp_path / name, "min_free_mb": 0}) for name in ("one", "other")]
    for app in made:
        with app.app_context():
            upgrade_schema()
            assert rooms.create_room("Party").room.id == 1
    yield made
    for app in made:
        site_of(app).decoders.close()
        with app.app_context():
            db.engine.dispose()


def test_what_one_keeps_of_a_room_the_other_does_not_find(apps: list[Flask]) -> None:
    one, other = apps
    shelf: Shelf[str] = Shelf(9)
    with one.app_context():
        shelf.keep(1, 0, "of one")
    with other.app_context():
        assert shelf.find(1, 0) is None
        shelf.keep(1, 0, "of the other")
        forget_room(1)

    with one.app_context():
        assert shelf.find(1, 0) == "of one"


def test_rooms_of_one_push_none_of_the_other_out(apps: list[Flask]) -> None:
    one, other = apps
    shelf: Shelf[str] = Shelf(1)
    with one.app_context():
        shelf.keep(1, 0, "of one")
    with other.app_context():
        shelf.keep(1, 0, "of the other")

    with one.app_context():
        assert shelf.find(1, 0) == "of one"


def test_an_upload_in_hand_holds_up_none_of_the_same_number(apps: list[Flask]) -> None:
    one, other = apps

    def begin_and_send(app: Flask) -> object:
        with app.app_context():
            site, access = site_of(app), guest_access(1)
            begun = uploads.begin_upload(
                access,
                FileFacts("a.jpg", len(CONTENT), "a"),
                storage=site.storage,
                settings=site.settings,
            )
            assert begun.upload_id == 1
            return uploads.add_piece(
                access,
                begun.upload_id,
                0,
                io.BytesIO(CONTENT[:9]),
                storage=site.storage,
                settings=site.settings,
                decoders=site.decoders,
            )

    with site_of(one).storage.alone_with_upload(1):
        begin_and_send(other)
        with pytest.raises(WrongOffsetError):
            begin_and_send(one)


def test_a_guess_at_one_holds_up_no_guess_at_the_other(apps: list[Flask]) -> None:
    one, other = (site_of(app).guesses for app in apps)
    has_passed = threading.Event()

    def take_a_turn() -> None:
        with apps[1].app_context(), other.take() as has_place:
            assert has_place
            has_passed.set()

    with apps[0].app_context(), one.take():
        thread = threading.Thread(target=take_a_turn)
        thread.start()
        is_through = has_passed.wait(30)
    thread.join()

    assert is_through


@pytest.mark.slow
def test_each_has_decoders_of_its_own(apps: list[Flask]) -> None:
    one, other = apps
    add_photo(one)
    assert idle_decoders(other) == []
    add_photo(other)
    ours, theirs = idle_decoders(one), idle_decoders(other)

    site_of(one).decoders.close()

    assert not set(ours) & set(theirs)
    assert (idle_decoders(one), idle_decoders(other)) == ([], theirs)


def add_photo(app: Flask) -> int:
    site = site_of(app)
    with app.app_context():
        return adding.add_photo(
            1,
            io.BytesIO(CONTENT),
            "a.jpg",
            guest_id=None,
            storage=site.storage,
            settings=site.settings,
            decoders=site.decoders,
        ).photo_id


def idle_decoders(app: Flask) -> list[int]:
    """List the processes that wait for a picture, by their ids."""
    return [decoder._process.pid for decoder in site_of(app).decoders._idle]


def test_a_deleted_room_is_forgotten_by_its_own_app_only(apps: list[Flask]) -> None:
    one, other = apps
    shelf: Shelf[str] = Shelf(9)
    for app in apps:
        with app.app_context():
            shelf.keep(1, 0, "kept")
    with one.app_context():
        rooms.delete_room(1, site_of(one).storage)
        assert shelf.find(1, 0) is None

    with other.app_context():
        assert shelf.find(1, 0) == "kept"
        assert db.session.get(Room, 1) is not None
