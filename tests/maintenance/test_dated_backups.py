"""``backup --keep`` and the daily backup: one after another, each complete, the oldest removed."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from photoshare.db import utc_now
from photoshare.errors import BackupError
from photoshare.jobs.daily_backup import back_up_if_due
from photoshare.maintenance import backup, dated_backups
from photoshare.maintenance.dated_backups import add_backup, is_due, list_backups
from photoshare.services.photos import listing
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo
from tests.helpers import host_access
from tests.servers import free_port, server, wait_until_it_serves
from tests.tools import flask

pytestmark = pytest.mark.sqlite  # backups are of SQLite

Clock = Callable[[timedelta], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let time pass for the names of backups."""
    moment = [utc_now()]
    monkeypatch.setattr(dated_backups, "utc_now", lambda: moment[0])

    def pass_time(by: timedelta) -> None:
        moment[0] += by

    return pass_time


@pytest.fixture
def room_id(make_room: Callable[..., NewRoom], add_photo: Callable[..., int]) -> int:
    """A room with two photos."""
    found: int = make_room().room.id
    for seed in (1, 2):
        add_photo(found, draw_photo(RED, seed=seed), f"{seed}.jpg")
    return found


def originals_of(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in folder.glob("rooms/*/originals/*")}


def without_links_to_data(monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    """Let the backups be on another disk than the data."""
    link = os.link

    def on_another_disk(source: Path, target: Path) -> None:
        if Path(source).is_relative_to(data):
            raise OSError("EXDEV")
        link(source, target)

    monkeypatch.setattr(os, "link", on_another_disk)


def test_what_the_last_one_has_takes_no_space_and_is_not_read_again(
    app: Flask,
    site: Site,
    room_id: int,
    add_photo: Callable[..., int],
    later: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_links_to_data(monkeypatch, site.storage.data)
    read: list[Path] = []
    is_sound = backup.is_sound

    def noting(path: Path, one: backup.Original) -> bool:
        read.append(path)
        return is_sound(path, one)

    monkeypatch.setattr(backup, "is_sound", noting)
    first = add_backup(site.storage, tmp_path / "backups", keep=3)
    assert len(read) == 2
    read.clear()
    later(timedelta(days=1))
    add_photo(room_id, draw_photo(RED, seed=3))

    second = add_backup(site.storage, tmp_path / "backups", keep=3)

    assert (first.photo_count, second.photo_count) == (2, 3)
    before, now = originals_of(first.folder), originals_of(second.folder)
    assert len(now) == 3
    assert all(now[name].samefile(path) for name, path in before.items())
    assert [path.name for path in read] == [*(now.keys() - before.keys())]


def test_the_oldest_go_and_nothing_else(
    site: Site, room_id: int, later: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "notes.txt").touch()
    made = []
    for _ in range(4):
        made.append(add_backup(site.storage, folder, keep=2).folder)
        later(timedelta(days=1))

    assert list_backups(folder) == made[-2:]
    assert {path.name for path in folder.iterdir()} == {
        "notes.txt",
        *(path.name for path in made[-2:]),
    }
    assert all(len(originals_of(path)) == 2 for path in made[-2:])


def test_a_failed_one_removes_nothing(
    site: Site, room_id: int, later: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    first = add_backup(site.storage, folder, keep=1)
    later(timedelta(days=1))
    (site.storage.data / "photoshare.sqlite").rename(tmp_path / "away")

    with pytest.raises(BackupError, match="no database"):
        add_backup(site.storage, folder, keep=1)

    assert list_backups(folder) == [first.folder]


@pytest.mark.slow
def test_one_that_was_killed_is_continued_by_the_next(
    site: Site, room_id: int, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    script = """
import os, signal, sys
from pathlib import Path
from photoshare.maintenance import backup, dated_backups
from photoshare.storage import Storage
backup._remove_others = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
dated_backups.add_backup(Storage(Path(sys.argv[1])), Path(sys.argv[2]), keep=3)
"""
    killed = subprocess.run(
        [sys.executable, "-c", script, str(site.storage.data), str(folder)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert list_backups(folder) == []
    (left,) = folder.iterdir()
    inodes = {path.stat().st_ino for path in originals_of(left).values()}
    assert len(inodes) == 2

    made = add_backup(site.storage, folder, keep=3)

    assert list(folder.iterdir()) == [made.folder]
    assert {path.stat().st_ino for path in originals_of(made.folder).values()} == inodes
    assert backup.check_backup(made.folder).lost == []


def test_a_photo_that_is_damaged_in_the_data_folder_is_named(
    app: Flask, site: Site, room_id: int, tmp_path: Path
) -> None:
    """Of the right size: only its content tells."""
    with app.app_context():
        damaged = site.storage.original(room_id, listing.get_photo(host_access(room_id), 1).sha256)
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)

    assert add_backup(site.storage, tmp_path / "backups", keep=3).lost == ["1.jpg"]


def test_two_at_once_are_refused(
    app: Flask, site: Site, room_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []
    copy = backup._copy_originals

    def meanwhile(*arguments: object) -> None:
        with pytest.raises(BackupError) as error:
            backup.back_up(site.storage, tmp_path / "second")
        refused.append(str(error.value))
        copy(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(backup, "_copy_originals", meanwhile)
    backup.back_up(site.storage, tmp_path / "first")

    assert set(refused) == {"Another backup is being made; wait until it is complete."}


def test_it_is_due_a_day_after_the_last_one(
    site: Site, room_id: int, later: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "backups"
    caplog.set_level(logging.INFO, "photoshare")
    for hours, count in ((0, 1), (23, 1), (2, 2)):
        later(timedelta(hours=hours))
        back_up_if_due(site.storage, folder, 14)
        assert len(list_backups(folder)) == count

    assert not is_due(folder)
    assert caplog.text.count("The daily backup in") == 2


def test_a_folder_that_cannot_be_used_is_logged_in_one_sentence(
    site: Site, room_id: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()

    back_up_if_due(site.storage, tmp_path / "file" / "backups", 14)

    (record,) = caplog.records
    assert "The daily backup failed, and will be tried again" in record.getMessage()
    assert record.exc_info is None


@pytest.mark.slow
def test_the_running_server_makes_one_and_the_doctor_tells_how_old_it_is(tmp_path: Path) -> None:
    data, folder, port = tmp_path / "data", tmp_path / "backups", free_port()
    environ = {"PHOTOSHARE_BACKUP_FOLDER": str(folder), "PHOTOSHARE_BACKUP_KEEP": "2"}
    with server(data, port, **environ) as process:
        wait_until_it_serves(process, port)
        deadline = time.monotonic() + 30
        while not list_backups(folder):
            assert time.monotonic() < deadline
            time.sleep(0.1)

    (made,) = list_backups(folder)
    found = flask(data, "doctor", **environ).stdout
    assert f"ok   Daily backup: 1 in {folder}, the newest of {datetime.now():%Y}" in found
    old = made.with_name("2020-01-01T00-00-00Z")
    made.rename(old)
    assert "BAD  Daily backup: 1 in" in flask(data, "doctor", **environ).stdout
    assert "ok   Daily backup: off" in flask(data, "doctor").stdout
