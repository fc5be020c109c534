"""The command line: its JSON is an interface."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from filelock import FileLock
from flask import Flask
from sqlalchemy import delete, event, select, text
from sqlalchemy.engine import Engine

from photoshare import create_app
from photoshare.cli import bin
from photoshare.config import Settings
from photoshare.db import db
from photoshare.models import Photo, Room
from photoshare.pictures.rendering import RenderedPhoto
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site, site_of
from tests.fakes import BLUE, RED, FakeFaceEngine, draw_photo
from tests.helpers import insert_photos
from tests.tools import flask

pytestmark = pytest.mark.slow


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments))


def run_json(app: Flask, *arguments: str) -> dict[str, Any]:
    result = run(app, *arguments)
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos of Red, one with Blue in a sub-folder; a copy, a text, an empty picture."""
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    (folder / "one.jpg").write_bytes(draw_photo(RED, seed=1))
    (folder / "sub" / "two.png").write_bytes(draw_photo(RED, BLUE, seed=2, image_format="PNG"))
    (folder / "copy.jpg").write_bytes(draw_photo(RED, seed=1))
    (folder / "notes.txt").write_text("no picture")
    (folder / "empty.jpg").touch()
    return folder


def test_create_prints_the_code_and_both_links(app: Flask) -> None:
    room = run_json(app, "rooms", "create", "--title", "Party", "--password", "secret")

    assert room.keys() == {"code", "guest_url", "host_url"}
    assert room["guest_url"] == f"http://127.0.0.1:8000/rooms/{room['code']}"
    assert room["host_url"].startswith(room["guest_url"] + "/host/")
    client = app.test_client()
    path = room["host_url"].removeprefix("http://127.0.0.1:8000")
    assert client.post(path).status_code == 303
    assert client.get(f"/rooms/{room['code']}/people").status_code == 200


def test_links_use_the_public_address(tmp_path: Path) -> None:
    app = create_app({"data": tmp_path, "public_url": "https://x.example/p", "url_prefix": "/p"})

    room = run_json(app, "rooms", "create", "--title", "Party")

    assert room["guest_url"] == f"https://x.example/p/rooms/{room['code']}"


def test_create_refuses_an_empty_title_in_one_sentence(app: Flask) -> None:
    result = run(app, "rooms", "create", "--title", " ")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: Please give the room a title.\n"


def test_a_lost_host_link_is_replaced(app: Flask) -> None:
    room = run_json(app, "rooms", "create", "--title", "Party")
    lost, code = room["host_url"].removeprefix("http://127.0.0.1:8000"), room["code"]
    host, other = app.test_client(), app.test_client()
    host.post(lost)

    new = run_json(app, "rooms", "host-link", code)

    assert new | {"host_url": ""} == room | {"host_url": ""}
    assert other.post(lost).status_code == 404
    assert host.get(f"/rooms/{code}/settings").status_code == 404
    assert other.post(new["host_url"].removeprefix("http://127.0.0.1:8000")).status_code == 303
    assert other.get(f"/rooms/{code}/settings").status_code == 200


def test_the_guest_link_is_shown_and_replaced(app: Flask) -> None:
    room = run_json(app, "rooms", "create", "--title", "Party")
    code = room["code"]

    shown = run_json(app, "rooms", "guest-link", code)
    new = run_json(app, "rooms", "guest-link", code, "--new")

    assert shown == {"code": code, "guest_url": room["guest_url"]}
    assert new["code"] != code
    assert new["guest_url"].endswith(new["code"])
    assert "has ended" in app.test_client().get(f"/rooms/{code}").text
    assert run_json(app, "rooms", "guest-link", code) == new, "a former code is one of the room"


@pytest.mark.parametrize("command", ["host-link", "guest-link"])
def test_the_links_of_an_unknown_room_are_one_sentence(app: Flask, command: str) -> None:
    result = run(app, "rooms", command, "acdef-hjkm-nprtw")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: There's no room with this code.\n"


def test_import_tells_what_became_of_every_file(app: Flask, folder: Path) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]

    report = run_json(app, "rooms", "import", code, str(folder))

    assert (report["added"], report["duplicates"]) == (2, 1)
    assert [entry["file"] for entry in report["rejected"]] == ["empty.jpg", "notes.txt"]
    assert report["rejected"][0]["reason"] == "The file is empty."
    photos = run_json(app, "rooms", "people", code)["photos"]
    assert {photo["state"] for photo in photos} == {"waiting"}


def test_import_with_wait_finds_the_people(app: Flask, folder: Path) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]

    result = run(app, "rooms", "import", code, str(folder), "--wait")

    assert result.exit_code == 0, result.output
    assert "Finding people" in result.stderr
    room = run_json(app, "rooms", "people", code)
    assert room["photos"] == [
        {"file": "copy.jpg", "width": 100, "height": 100, "state": "analysed"},
        {"file": "sub/two.png", "width": 200, "height": 100, "state": "analysed"},
    ]
    (red,) = room["people"]
    assert red.keys() == {"id", "name", "hidden", "photos", "faces"}
    assert red["photos"] == ["copy.jpg", "sub/two.png"]
    assert red["faces"][0] == {
        "file": "copy.jpg",
        "top": 20,
        "right": 80,
        "bottom": 80,
        "left": 20,
    }
    assert [face["file"] for face in room["unsorted"]] == ["sub/two.png"]


def test_import_with_wait_leaves_the_work_to_a_running_server(
    app: Flask, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]
    server = create_app(
        {"data": tmp_path / "data", "min_free_mb": 0},
        make_engine=lambda settings: FakeFaceEngine(),
    )

    monkeypatch.setattr("photoshare.jobs.runner.WATCH_S", 0.05)
    monkeypatch.setattr("photoshare.cli.photos.PROGRESS_S", 0.05)
    with FileLock(tmp_path / "data" / "photoshare.lock"):
        site_of(server).jobs.start()
        result = run(app, "rooms", "import", code, str(folder), "--wait")
        site_of(server).jobs.stop()

    assert result.exit_code == 0, result.output
    assert "The running server is doing the work" in result.stderr
    assert len(run_json(app, "rooms", "people", code)["people"]) == 1


@pytest.mark.parametrize("command", ["people", "import"])
def test_an_unknown_code_is_one_sentence(app: Flask, folder: Path, command: str) -> None:
    arguments = ["rooms", command, "aaaaa-aaaa-aaaaa"] + [str(folder)] * (command == "import")

    result = run(app, *arguments)

    assert result.exit_code == 1
    assert result.stderr == "Error: There's no room with this code.\n"


def test_the_code_is_taken_as_people_type_it(app: Flask) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]

    assert run_json(app, "rooms", "people", code.upper().replace("-", " "))["people"] == []


def test_doctor_finds_a_healthy_installation_healthy(app: Flask) -> None:
    result = run(app, "doctor")

    assert result.exit_code == 0, result.output
    assert "BAD" not in result.output
    for subject in ("Python", "Packages", "htmx", "Face engine", "Data folder", "Database"):
        assert f"ok   {subject}: " in result.output
    assert (
        "The engine fused (YuNet, SFace and dlib's encoder in ONNX Runtime) is running by default."
        in result.output
    )
    assert "ok   Photos: 0 searched for faces\n" in result.output


def test_doctor_tells_how_many_photos_another_engine_has_searched(
    app: Flask, make_room: Callable[..., NewRoom]
) -> None:
    insert_photos(app, make_room().room.id, 1200)

    result = run(app, "doctor")

    assert "ok   Photos: 1,200 searched for faces, 1,200 of them by another engine" in result.output


def test_doctor_names_what_is_wrong_and_the_remedy(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(package: str) -> str:
        return "0.0" if package == "pillow" else real_version(package)

    from photoshare.maintenance import doctor

    real_version = importlib.metadata.version
    monkeypatch.setattr(doctor, "version", version)
    monkeypatch.setattr("photoshare.web.pages.assets.HTMX_INTEGRITY", "sha384-other")

    result = run(app, "doctor")

    assert result.exit_code == 1
    assert "BAD  Packages: pillow is 0.0, not" in result.output
    assert "BAD  htmx: htmx.min.js isn't the file" in result.output
    assert "rm -rf .venv && ./run.sh" in result.output


def test_doctor_names_the_photos_whose_originals_are_lost(
    app: Flask, site: Site, make_room: Callable[..., NewRoom], add_photo: Callable[..., int]
) -> None:
    room_id = make_room("Wedding").room.id
    for seed in range(3):
        add_photo(room_id, draw_photo(RED, seed=seed), f"{seed}.jpg")
    assert "ok   Originals: 3, all there" in run(app, "doctor").output
    gone, cut, _ = sorted((site.storage.room_folder(room_id) / "originals").iterdir())
    gone.unlink()
    cut.write_bytes(b"")
    names = []
    with app.app_context():
        for path in (gone, cut):
            query = select(Photo.file_name).where(Photo.sha256 == path.name)
            names.append(db.session.scalars(query).one())

    result = run(app, "doctor")

    assert result.exit_code == 1
    assert "BAD  Originals: 2 of 3 missing or damaged: " in result.output
    for name in names:
        assert f"{name} (Wedding)" in result.output


def test_a_command_refuses_a_bad_setting_in_one_sentence(tmp_path: Path) -> None:
    done = flask(tmp_path, "doctor", PHOTOSHARE_EPS="9")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: PHOTOSHARE_EPS is '9', but must be ")
    assert done.stderr.count("\n") == 1


def test_a_command_refuses_a_bad_data_folder_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "secret_key").mkdir()  # cannot be read as a file, even by root

    done = flask(tmp_path, "doctor")

    assert (done.returncode, done.stdout) == (1, "")
    assert f"The file {tmp_path}/secret_key can't be written or read" in done.stderr
    assert done.stderr.count("\n") == 1


def test_doctor_makes_no_database(tmp_path: Path) -> None:
    app = create_app({"data": tmp_path, "min_free_mb": 0})

    result = run(app, "doctor")

    assert "ok   Database: not created yet" in result.output
    assert {path.name for path in tmp_path.iterdir()} == {"secret_key"}


def test_doctor_reports_a_database_that_cannot_be_read(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "data" / "photoshare.sqlite").write_bytes(b"not a database" * 100)

    result = run(app, "doctor")

    assert result.exit_code == 1
    assert "BAD  Database: it can't be read (file is not a database)" in result.output


def test_doctor_reports_a_data_folder_that_cannot_be_written(
    app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so the system's answer is faked."""
    ask = os.access
    monkeypatch.setattr(
        os, "access", lambda path, *mode: path != site.settings.data and ask(path, *mode)
    )

    result = run(app, "doctor")

    assert result.exit_code == 1
    assert "BAD  Data folder: " in result.output


def test_a_room_that_is_deleted_during_the_import_is_one_sentence(
    app: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]
    decoders = site_of(app).decoders
    render = decoders.render

    def delete_room_meanwhile(path: Path, settings: Settings) -> RenderedPhoto:
        with sqlite3.connect(site_of(app).settings.data / "photoshare.sqlite") as other:
            other.execute("DELETE FROM room")
        other.close()
        return render(path, settings)

    monkeypatch.setattr(decoders, "render", delete_room_meanwhile)

    result = run(app, "rooms", "import", code, str(folder))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: This room no longer exists.\n"


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


def test_corrections_are_replayed_from_a_file(app: Flask, folder: Path, tmp_path: Path) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]
    run_json(app, "rooms", "import", code, str(folder), "--wait")
    face = {"file": "copy.jpg", "top": 20, "right": 80, "bottom": 80, "left": 20}
    file = tmp_path / "said.json"
    file.write_text(json.dumps([{"correction": "name", "person": face, "name": "Rosa"}]))

    assert run_json(app, "rooms", "correct", code, str(file)) == {"corrections": 1}

    (person,) = run_json(app, "rooms", "people", code)["people"]
    assert person["name"] == "Rosa"


@pytest.mark.parametrize("content", ["no json", '[{"correction": "guess"}]'])
def test_a_bad_list_of_corrections_is_one_sentence(
    app: Flask, tmp_path: Path, content: str
) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]
    file = tmp_path / "said.json"
    file.write_text(content)

    result = run(app, "rooms", "correct", code, str(file))

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


def test_a_room_is_searched_again_and_keeps_what_was_corrected(
    app: Flask, folder: Path, engine: FakeFaceEngine, run_jobs: Callable[[], None]
) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]
    run_json(app, "rooms", "import", code, str(folder))
    run_jobs()
    before, searches = run_json(app, "rooms", "people", code), engine.searches

    assert run(app, "rooms", "search-again", code).exit_code == 0
    run_jobs()

    assert engine.searches > searches
    assert run_json(app, "rooms", "people", code) == before


def test_a_room_comes_back_from_the_bin(app: Flask) -> None:
    room = run_json(app, "rooms", "create", "--title", "Party")
    code, host = room["code"], app.test_client()
    host.post(room["host_url"].removeprefix("http://127.0.0.1:8000"))
    with app.app_context():
        told = bin.delete(db.session.scalars(select(Room)).one(), is_now=False)
    refused = run(app, "rooms", "people", code)

    back = run_json(app, "rooms", "restore", code)

    in_a_week = datetime.fromisoformat(told["gone_at"]) - datetime.now(UTC)
    assert timedelta(days=6) < in_a_week <= timedelta(days=7)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "This room is in the bin; bring it back with: rooms restore CODE" in refused.output
    assert back == {"code": code}
    assert host.get(f"/rooms/{code}/settings").status_code == 200, "sessions come back, too"
    assert "This room isn't in the bin." in run(app, "rooms", "restore", code).output


def test_a_room_deleted_now_leaves_its_report(app: Flask) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]
    with app.app_context():
        report = bin.delete(db.session.scalars(select(Room)).one(), is_now=True)

    assert (report["code"], report["photos"]) == (code, 0)
    assert run(app, "rooms", "restore", code).exit_code == 1
