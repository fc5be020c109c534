"""``doctor``, and what every command refuses."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare import create_app
from photoshare.db import db
from photoshare.models import Photo
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site
from tests.cli.commands import run
from tests.fakes import RED, draw_photo
from tests.helpers import insert_photos
from tests.tools import flask

pytestmark = pytest.mark.slow


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
