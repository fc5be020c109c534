"""A worker in a process of its own, killed by -9 again and again: nothing lost, nothing twice."""

from __future__ import annotations

import collections
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from photoshare.db import db
from photoshare.models import Face, Job, Photo
from tests.conftest import ROOT
from tests.fakes import BLUE, RED, draw_photo

PHOTOS = 30
# A worker as app.py makes it, with an engine that takes its time and notes every photo it was
# given: its width tells which.
WORKER = """
import sys, time
from pathlib import Path
from photoshare import create_app
from photoshare.web.site import site_of
from tests.fakes import FakeFaceEngine

class SlowEngine(FakeFaceEngine):
    def locate(self, image):
        found = super().locate(image)
        time.sleep(0.05)
        with self.log.open("a") as log:
            log.write(f"{image.shape[1]}\\n")
        return found

data, log = map(Path, sys.argv[1:])
app = create_app({"data": data, "min_free_mb": 0}, make_engine=lambda settings: SlowEngine(log))
site_of(app).jobs.start()
while True:
    time.sleep(1)
"""


def count(app: Flask, state: str) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count(Photo.id)).where(Photo.state == state)) or 0


def test_killed_at_any_time_the_job_goes_on_and_no_photo_is_lost_or_stored_twice(
    app: Flask, make_room: Callable[..., object], add_photo: Callable[..., int], tmp_path: Path
) -> None:
    room_id = make_room().room.id  # type: ignore[attr-defined]
    for number in range(PHOTOS):
        add_photo(room_id, draw_photo(RED, BLUE, seed=number, width=300 + number))
    log = tmp_path / "searches"
    log.touch()
    command = [sys.executable, "-c", WORKER, str(tmp_path / "data"), str(log)]
    kills = 0
    deadline = time.monotonic() + 120

    while count(app, "analysed") < PHOTOS and time.monotonic() < deadline:
        before = len(log.read_text().splitlines())
        worker = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        while time.monotonic() < deadline:
            finished = len(log.read_text().splitlines()) - before
            if finished >= 7 or count(app, "analysed") == PHOTOS:
                break
            time.sleep(0.02)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        kills += 1

    searched = collections.Counter(log.read_text().splitlines())
    with app.app_context():
        faces = db.session.scalar(select(func.count(Face.id)))
    assert count(app, "analysed") == PHOTOS
    assert faces == 2 * PHOTOS
    assert len(searched) == PHOTOS
    # A photo in hand at a kill is searched again, every other one once.
    assert sum(searched.values()) <= PHOTOS + kills
    assert kills >= 4


def test_after_a_kill_an_unfinished_job_is_queued_again(
    app: Flask, site: object, make_room: Callable[..., object], add_photo: Callable[..., int]
) -> None:
    room_id = make_room().room.id  # type: ignore[attr-defined]
    add_photo(room_id, draw_photo(RED))
    with app.app_context():
        db.session.add(Job(room_id=room_id, kind="process_photos", state="running"))
        db.session.execute(Photo.__table__.update().values(state="analysing", attempts=1))
        db.session.commit()

    site.jobs.recover()  # type: ignore[attr-defined]

    with app.app_context():
        assert db.session.scalars(select(Job.state)).all() == ["queued"]
    site.jobs.run_pending()  # type: ignore[attr-defined]
    assert count(app, "analysed") == 1
