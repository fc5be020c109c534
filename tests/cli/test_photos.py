"""``rooms import`` and ``rooms search-again``."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from flask import Flask

from photoshare import create_app
from photoshare.config import Settings
from photoshare.pictures.rendering import RenderedPhoto
from photoshare.web.site import site_of
from tests.cli.commands import run, run_json
from tests.fakes import FakeFaceEngine

pytestmark = pytest.mark.slow


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
    monkeypatch.setattr("photoshare.cli.rooms.photos.PROGRESS_S", 0.05)
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
