"""``flask backup``: correct while guests upload and delete, and can be served as it is."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare import create_app
from photoshare.db import db
from photoshare.errors import BackupError
from photoshare.maintenance import backup
from photoshare.maintenance.restore import restore
from photoshare.models import Photo, Room
from photoshare.services.moderation.deciding import add_waiting
from photoshare.services.photos import deleting, listing, open_album
from photoshare.services.rooms import bin
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site, site_of
from tests.conftest import Cast
from tests.fakes import BLUE, RED, draw_photo
from tests.helpers import delete_for_good, guest_of, host_access, moderate
from tests.maintenance.test_full_disk import PROGRAM, Browser, make_room, photo_ids
from tests.servers import free_port, server, wait_until_it_serves
from tests.tools import flask

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]


def rows_of(folder: Path) -> set[str]:
    database = sqlite3.connect(folder / "photoshare.sqlite")
    try:
        of_all = "SELECT sha256 FROM photo UNION SELECT sha256 FROM deleted_photo"
        return {row[0] for row in database.execute(of_all)}
    finally:
        database.close()


def originals_of(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("rooms/*/originals/*")}


def test_a_backup_while_guests_upload_and_delete_is_whole_and_can_be_restored(
    tmp_path: Path,
) -> None:
    data, port = tmp_path / "data", free_port()
    host = Browser(port)
    is_over, is_busy = threading.Event(), threading.Event()

    def upload_and_delete() -> None:
        number = 0
        while not is_over.is_set():
            content = draw_photo(RED, BLUE, seed=number, width=300)
            assert host.upload(room, content, f"{number}.jpg")[0] == 201
            number += 1
            ids = photo_ids(data)
            if number % 2 == 0:
                assert host.ask(f"{room}/photos/{ids[number % len(ids)]}/delete", b"")[0] == 200
            if number % 4 == 0:
                assert host.ask(f"{room}/bin/empty", b"")[0] == 200
            if number == 6:
                is_busy.set()

    with server(data, port, ("-c", PROGRAM), PHOTOSHARE_MIN_FREE_MB="0") as process:
        wait_until_it_serves(process, port)
        room = make_room(host)
        guest = threading.Thread(target=upload_and_delete)
        guest.start()
        assert is_busy.wait(timeout=120)
        made = [flask(data, "backup", str(tmp_path / name)) for name in ("first", "second")]
        is_over.set()
        guest.join()
        last = flask(data, "backup", str(tmp_path / "last"))
        in_the_room = host.ask(f"{room}/photos.zip")

    assert [done.returncode for done in (*made, last)] == [0, 0, 0], [done.stderr for done in made]
    for name in ("first", "second", "last"):
        assert rows_of(tmp_path / name) == originals_of(tmp_path / name)
        assert originals_of(tmp_path / name)
        modes = {path.stat().st_mode & 0o077 for path in (tmp_path / name).rglob("*")}
        assert modes == {0}
    with server(tmp_path / "last", port, ("-c", PROGRAM)) as process:
        wait_until_it_serves(process, port)
        restored = host.ask(f"{room}/photos.zip")  # with the former cookie
    assert restored == in_the_room
    with zipfile.ZipFile(BytesIO(restored[1])) as archive:
        assert len(archive.namelist()) == len(photo_ids(data))


@pytest.mark.parametrize("is_linkable", [True, False])
def test_photos_that_come_and_go_on_the_way_are_in_it_by_row_and_file_or_not_at_all(
    app: Flask,
    site: Site,
    make_room: Callable[..., NewRoom],
    add_photo: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_linkable: bool,
) -> None:
    """Once between any two steps that are not under one lock."""
    room_id = make_room().room.id
    for number in range(4):
        add_photo(room_id, draw_photo(RED, seed=number))
    numbers = iter(range(100, 200))
    originals = backup.originals_in

    def with_guests(source: sqlite3.Connection) -> list[backup.Original]:
        found = originals(source)
        if not source.in_transaction:  # the lock is held then, and they would wait forever
            add_photo(room_id, draw_photo(RED, seed=next(numbers)))
            with app.app_context():
                oldest = found[0].sha256
                photo = db.session.scalar(select(Photo).where(Photo.sha256 == oldest))
                assert photo is not None
                delete_for_good(host_access(room_id), photo.id, site.storage)
        return found

    monkeypatch.setattr(backup, "originals_in", with_guests)
    if not is_linkable:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("EXDEV")))

    made = backup.back_up(site.storage, tmp_path / "copy")

    assert (made.photo_count, made.lost) == (4, [])
    assert rows_of(tmp_path / "copy") == originals_of(tmp_path / "copy")
    assert len(originals_of(tmp_path / "copy")) == 4


def test_what_is_in_the_bin_is_in_the_backup_and_can_be_restored_from_it(
    site: Site,
    app: Flask,
    make_room: Callable[..., NewRoom],
    add_photo: Callable[..., int],
    tmp_path: Path,
) -> None:
    new = make_room()
    photo_id = add_photo(new.room.id, draw_photo(RED))
    with app.app_context():
        done = deleting.delete_photos(host_access(new.room.id), [photo_id], site.storage)
        bin.put_into_bin(db.session.get_one(Room, new.room.id), site.storage)

    made = backup.back_up(site.storage, tmp_path / "copy")

    assert (made.photo_count, made.lost) == (1, [])
    restored = create_app({"data": tmp_path / "copy", "min_free_mb": 0})
    host = restored.test_client()
    url = f"/rooms/{new.room.code}"
    host.post(f"{url}/host/{new.host_secret}")
    host.post(f"{url}/deleted/restore")
    assert host.post(f"{url}/deletions/{done.deletion_id}/undo").status_code == 303
    assert host.get(f"{url}/photos.zip", buffered=True).status_code == 200
    assert len(originals_of(tmp_path / "copy")) == 1


def test_nothing_is_overwritten(app: Flask, site: Site, tmp_path: Path) -> None:
    for name in ("copy", "other.unfinished"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()

    for name in ("copy", "other"):
        with pytest.raises(BackupError, match="already exists"):
            backup.back_up(site.storage, tmp_path / name)


def test_a_lost_original_is_named_and_the_rest_is_kept(
    app: Flask,
    site: Site,
    make_room: Callable[..., NewRoom],
    add_photo: Callable[..., int],
    tmp_path: Path,
) -> None:
    room_id = make_room().room.id
    add_photo(room_id, draw_photo(RED, seed=1), "whole.jpg")
    add_photo(room_id, draw_photo(RED, seed=2), "lost.jpg")
    lost = sorted(site.storage.data.glob("rooms/*/originals/*"))
    with app.app_context():
        known = listing.get_photo(host_access(room_id), 2).sha256
    next(path for path in lost if path.name == known).unlink()

    result = app.test_cli_runner().invoke(args=["backup", str(tmp_path / "copy")])

    assert result.exit_code == 1
    assert "The originals of 1 photos are missing or damaged" in result.output
    assert "lost.jpg" in result.output
    assert len(originals_of(tmp_path / "copy")) == 1


def test_a_folder_without_a_database_is_one_sentence(tmp_path: Path) -> None:
    done = flask(tmp_path / "data", "backup", str(tmp_path / "copy"))

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "There's no database" in done.stderr
    assert not (tmp_path / "copy").exists()
    assert json.dumps(sorted(path.name for path in tmp_path.iterdir())) == '["data"]'


def test_a_key_that_is_in_the_settings_is_not_in_the_backup(tmp_path: Path) -> None:
    data, key = tmp_path / "data", "0123456789abcdef" * 2
    made = flask(data, "rooms", "create", "--title", "Party", PHOTOSHARE_SECRET_KEY=key)
    done = flask(data, "backup", str(tmp_path / "copy"), PHOTOSHARE_SECRET_KEY=key)

    assert (made.returncode, done.returncode) == (0, 0), done.stderr
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {"photoshare.sqlite"}


def test_what_waits_for_the_host_is_in_a_backup(
    app: Flask,
    site: Site,
    cast: Cast,
    add_photo: Callable[..., int],
    tmp_path: Path,
) -> None:
    moderate(app, cast.room_id)
    guest_id = guest_of(app, cast.guest, cast.room_id)
    add_photo(cast.room_id, draw_photo(RED))
    add_photo(cast.room_id, draw_photo(BLUE), guest_id=guest_id)

    made = backup.back_up(site.storage, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "restored")

    again = create_app({"data": tmp_path / "restored", "min_free_mb": 0})
    with again.app_context():
        access = host_access(cast.room_id)
        assert add_waiting(access, site_of(again).storage) == 1
        assert listing.count_photos(open_album(access)) == 2
        db.engine.dispose()
    assert (made.photo_count, made.lost) == (2, [])
    assert len(originals_of(tmp_path / "restored")) == 2
