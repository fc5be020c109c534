"""``rooms create``, ``list``, ``show``, ``end`` and ``delete``."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, event, text
from sqlalchemy.engine import Engine

from photoshare.db import db
from photoshare.models import Room
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site
from tests.cli.commands import run, run_json
from tests.conftest import Cast
from tests.helpers import insert_photos, row_counts, set_title_and_end

pytestmark = pytest.mark.slow

TODAY = datetime.now(UTC).date()


def test_create_prints_the_code_and_both_links(app: Flask) -> None:
    room = run_json(app, "rooms", "create", "--title", "Party", "--password", "secret")

    assert room.keys() == {"code", "guest_url", "host_url"}
    assert room["guest_url"] == f"http://127.0.0.1:8000/rooms/{room['code']}"
    assert room["host_url"].startswith(room["guest_url"] + "/host/")
    client = app.test_client()
    path = room["host_url"].removeprefix("http://127.0.0.1:8000")
    assert client.post(path).status_code == 303
    assert client.get(f"/rooms/{room['code']}/people").status_code == 200


def test_create_refuses_an_empty_title_in_one_sentence(app: Flask) -> None:
    result = run(app, "rooms", "create", "--title", " ")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: Please give the room a title.\n"


def test_what_is_deleted_is_overwritten_in_the_file(
    app: Flask, site: Site, request: pytest.FixtureRequest
) -> None:
    """The title stands in for face encodings, which are rows as well.

    Some builds of SQLite, such as Debian's, overwrite by default; here this is switched off first.
    """

    def like_other_builds(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA secure_delete=OFF").close()

    event.listen(Engine, "connect", like_other_builds, insert=True)
    request.addfinalizer(lambda: event.remove(Engine, "connect", like_other_builds))
    title = "A title that is found in a file"
    code = run_json(app, "rooms", "create", "--title", title)["code"]
    database = site.settings.data / "photoshare.sqlite"

    def bytes_of_the_file() -> bytes:
        with app.app_context():
            db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            db.session.commit()
        return database.read_bytes()

    assert title.encode() in bytes_of_the_file()
    with app.app_context():
        db.session.execute(delete(Room).where(Room.code == code))
        db.session.commit()

    assert title.encode() not in bytes_of_the_file()


def test_list_prints_a_table_with_every_room(
    app: Flask, make_room: Callable[..., NewRoom], cast: Cast
) -> None:
    make_room("Trip", ends_on=TODAY + timedelta(days=3))
    insert_photos(app, cast.room_id, 1200, size_bytes=1_000_000)

    head, trip, party = run(app, "rooms", "list").stdout.splitlines()

    assert head.split() == ["CODE", "PHOTOS", "SIZE", "GUESTS", "LAST", "USED", "ENDS", "TITLE"]
    assert f"after {TODAY + timedelta(days=3)}  Trip" in trip
    assert party.startswith(f"{cast.code}    1200  1.2 GB")
    assert party.endswith("Party")


def test_list_of_no_rooms_is_its_head(app: Flask) -> None:
    assert run(app, "rooms", "list").stdout.startswith("CODE")
    assert run_json(app, "rooms", "list", "--json") == {"rooms": []}


def test_list_prints_json(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, 3, size_bytes=1000)

    (room,) = run_json(app, "rooms", "list", "--json")["rooms"]

    moments = (room.pop("created"), room.pop("last_used"))
    assert all(datetime.fromisoformat(moment).tzinfo == UTC for moment in moments)
    assert room == {
        "code": cast.code,
        "title": "Party",
        "ends_on": None,
        "ended": False,
        "in_bin": False,
        "password": False,
        "photos": 3,
        "bytes": 3000,
        "guests": 2,
    }


def test_show_prints_one_room(app: Flask, cast: Cast) -> None:
    shown = run(app, "rooms", "show", cast.code).stdout
    room = run_json(app, "rooms", "show", cast.code, "--json")

    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "Title: Party" in lines
    assert f"Guest link: http://127.0.0.1:8000{cast.url}" in lines
    assert "Photos seen by: everybody" in lines
    sight = ("audience", "revealed_at", "faces_for", "adds_until", "covers_faces")
    assert [room[name] for name in sight] == ["everybody", None, "everybody", None, False]
    assert (room["title"], room["guests"]) == ("Party", 2)
    assert room["guest_url"] == f"http://127.0.0.1:8000{cast.url}"


def test_end_keeps_strangers_out_and_deletes_nothing(app: Flask, cast: Cast) -> None:
    result = run(app, "rooms", "end", cast.code)
    again = run_json(app, "rooms", "end", cast.code, "--json")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "“Party” has ended" in result.stderr
    assert again["ended"] is True
    assert cast.stranger.get(cast.url).status_code == 404
    assert cast.guest.get(cast.url).status_code == cast.host.get(cast.url).status_code == 200


def test_ending_a_room_that_has_ended_keeps_its_last_day(
    app: Flask, make_room: Callable[..., NewRoom]
) -> None:
    room = make_room().room
    last_day = TODAY - timedelta(days=100)
    with app.app_context():
        set_title_and_end(room.id, "Party", last_day)

    assert run_json(app, "rooms", "end", room.code, "--json")["ends_on"] == last_day.isoformat()


@pytest.mark.parametrize("typed", ["Part\n", "\n", ""])
def test_delete_asks_for_the_title_and_refuses_another(app: Flask, cast: Cast, typed: str) -> None:
    result = run(app, "rooms", "delete", cast.code, typed=typed)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "This puts “Party” into the bin." in result.stderr
    assert run_json(app, "rooms", "show", cast.code, "--json")["in_bin"] is False


def test_delete_takes_the_title_or_yes(app: Flask, cast: Cast, site: Site) -> None:
    other = run_json(app, "rooms", "create", "--title", "Other")["code"]
    insert_photos(app, cast.room_id, 2)

    first = run(app, "rooms", "delete", other, typed="other\n")
    second = run_json(app, "rooms", "delete", cast.code, "--yes", "--json")
    listed = {
        room["code"]: room["in_bin"] for room in run_json(app, "rooms", "list", "--json")["rooms"]
    }
    reports = [
        run_json(app, "rooms", "delete", code, "--now", "--yes", "--json")
        for code in (other, cast.code)
    ]

    assert (first.exit_code, first.stdout) == (0, "")
    assert second.keys() == {"code", "gone_at"}
    assert listed == {other: True, cast.code: True}
    assert [(report["code"], report["photos"]) for report in reports] == [
        (other, 0),
        (cast.code, 2),
    ]
    after = row_counts(app)
    assert (after["room"], after["photo"], after["guest"]) == (0, 0, 0)
    assert not site.storage.room_folder(cast.room_id).exists()


@pytest.mark.parametrize("command", ["show", "end", "delete", "guests", "people", "host-link"])
def test_a_room_that_does_not_exist_is_refused(app: Flask, command: str) -> None:
    result = run(app, "rooms", command, "acdef-hjkm-nprtw")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: There's no room with this code.\n"


@pytest.mark.parametrize(
    "arguments", [["show"], ["list", "--sideways"], ["create"], ["vanish", "x"], ["show", "a", "b"]]
)
def test_what_is_no_command_has_an_exit_code_of_its_own(app: Flask, arguments: list[str]) -> None:
    assert run(app, "rooms", *arguments).exit_code == 2


def test_what_printed_json_before_takes_the_option_as_well(app: Flask, tmp_path: Path) -> None:
    room = run_json(app, "rooms", "create", "--title", "Party", "--json")
    said = tmp_path / "said.json"
    said.write_text("[]")
    (tmp_path / "photos").mkdir()

    commands = [
        *(["guest-link", room["code"]], ["host-link", room["code"]], ["people", room["code"]]),
        *(["import", room["code"], str(tmp_path / "photos")], ["correct", room["code"], str(said)]),
    ]

    assert all(run_json(app, "rooms", *command, "--json") for command in commands)


def test_a_title_cannot_write_over_the_terminal(
    app: Flask, make_room: Callable[..., NewRoom]
) -> None:
    code = make_room("Party\x1b[2J\u202e").room.code
    assert run(app, "rooms", "list").stdout.endswith("Party?[2J?\n")

    done = run(app, "rooms", "delete", code, "--yes")

    assert "“Party?[2J?”" in done.stderr
