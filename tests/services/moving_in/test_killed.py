"""An export or import that is killed at any step leaves nothing half, and works the next time."""

from __future__ import annotations

import os
import signal
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from photoshare.services.corrections import verbs
from photoshare.services.moving_in.unfinished import marks
from photoshare.services.rooms.entering import Author
from photoshare.services.take_home.exporting import export_room
from photoshare.services.take_home.room_file import Choice
from photoshare.web.site import Site
from tests import postgresql
from tests.conftest import ROOT, Cast
from tests.fakes import BLUE, RED, draw_photo
from tests.helpers import row_counts
from tests.warm_start import WARM_POPEN

pytestmark = pytest.mark.slow

# Counts the steps that change a disk: commits, renames, and blocks of the zip. It kills itself
# before the one that is asked for.
STEPS = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from photoshare import create_app
from photoshare.db import db
from photoshare.services.moving_in import importing
from photoshare.services.moving_in.restored import EngineHere
from photoshare.services.rooms.entering import find_any_room
from photoshare.services.take_home import exporting
from photoshare.services.take_home.room_file import Choice
from photoshare.web.site import site_of
from tests.fakes import FakeFaceEngine

data, file, code, fatal = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
exporting.BLOCK_BYTES = 4096
steps = 0

def step(*_arguments):
    global steps
    if steps == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    steps += 1

sys.addaudithook(lambda name, _arguments: step() if name in ("os.rename", "os.remove") else None)
app = create_app({"data": data, "min_free_mb": 0}, make_engine=lambda settings: FakeFaceEngine())
site = site_of(app)
with app.app_context():
    event.listen(db.engine, "commit", step)
    if code:
        read_at = exporting.ZipSource.read_at
        def read_and_step(*arguments):
            step()
            return read_at(*arguments)
        exporting.ZipSource.read_at = read_and_step
        exporting.export_room(find_any_room(code).id, Choice(), site.storage, file)
    else:
        here = EngineHere(FakeFaceEngine.name, FakeFaceEngine.encoding_size)
        server = importing.Server(site.storage, site.settings, site.decoders, here)
        importing.import_room(file, server)
"""


def run_until(fatal: int, data: Path, file: Path, code: str = "") -> bool:
    """Export the room with this code, or import one; return whether it got to its end."""
    process = WARM_POPEN(
        [sys.executable, "-c", STEPS, str(data), str(file), code, str(fatal)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **postgresql.environ(data)},
    )
    result = process.wait(timeout=60)
    assert result in (0, -signal.SIGKILL)
    return result == 0


@pytest.fixture
def room_id(
    app: Flask, cast: Cast, add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> int:
    add_photo(cast.room_id, draw_photo(RED, BLUE, seed=1), "one.jpg")
    add_photo(cast.room_id, draw_photo(RED, seed=2), "two.jpg")
    run_jobs()
    with app.app_context():
        verbs.name_person(Author(cast.room_id), 1, "Red")
    return cast.room_id


@pytest.mark.usefixtures("room_id")
def test_an_export_that_is_killed_leaves_no_half_file(
    site: Site, cast: Cast, tmp_path: Path
) -> None:
    target, fatal = tmp_path / "home" / "room.zip", 0
    target.parent.mkdir()
    while not run_until(fatal, site.settings.data, target, cast.code):
        assert {path.name for path in target.parent.iterdir()} <= {
            ".room.zip.unfinished",
            "room.zip",
        }
        if target.exists():
            with zipfile.ZipFile(target) as packed:
                assert packed.testzip() is None
            target.unlink()
        fatal += 2

    assert fatal > 20
    with zipfile.ZipFile(target) as packed:
        assert packed.testzip() is None
    assert [path.name for path in target.parent.iterdir()] == ["room.zip"]


def test_an_import_that_is_killed_leaves_no_half_room(
    app: Flask, site: Site, room_id: int, tmp_path: Path
) -> None:
    file, fatal = tmp_path / "room.zip", 0
    with app.app_context():
        export_room(room_id, Choice(), site.storage, file)
    before = row_counts(app)
    while not run_until(fatal, site.settings.data, file):
        site.jobs.sweep()

        assert row_counts(app) == before
        assert marks(site.settings.data) == []
        rooms = [path for path in (site.settings.data / "rooms").glob("*") if any(path.iterdir())]
        assert [path.name for path in rooms] == [str(room_id)]
        fatal += 2

    assert fatal > 20
    after = row_counts(app)
    assert {name: after[name] for name in ("room", "photo", "face", "person", "correction")} == {
        name: 2 * before[name] for name in ("room", "photo", "face", "person", "correction")
    }
    site.jobs.sweep()
    assert row_counts(app)["room"] == 2
