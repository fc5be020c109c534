"""jobs.clock: a clock that jumps deletes nothing for an hour."""

from __future__ import annotations

import time

import pytest
from flask import Flask

from photoshare.jobs import clock, runner
from photoshare.jobs.clock import Clock
from photoshare.models import utc_now
from photoshare.services.photos import delete_photos
from photoshare.services.rooms import rooms
from photoshare.web.site import Site
from tests.helpers import host_access, insert_photos, row_counts

YEAR_S = 365 * 24 * 3600.0


class Times:
    """What the clock shows, and how long the machine has been running, in seconds."""

    def __init__(self) -> None:
        self.shown, self.running = 1_800_000_000.0, 1000.0

    def run(self, seconds: float) -> None:
        self.shown += seconds
        self.running += seconds


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    now = Times()
    monkeypatch.setattr(time, "time", lambda: now.shown)
    monkeypatch.setattr(clock, "_running_s", lambda: now.running)
    return now


def test_a_clock_that_runs_is_trusted(times: Times) -> None:
    here = Clock()

    for _ in range(5):
        times.run(YEAR_S)
        times.shown += 1  # not quite exact
        assert here.is_trusted()


@pytest.mark.parametrize("jump", [YEAR_S, -YEAR_S, 3601.0])
def test_a_clock_that_jumps_is_trusted_after_an_hour(times: Times, jump: float) -> None:
    here = Clock()
    times.shown += jump

    trusted = [here.is_trusted()]
    for _ in range(4):
        times.run(1000)
        trusted.append(here.is_trusted())

    assert trusted == [False, False, False, False, True]


def test_a_clock_that_is_set_right_again_has_deleted_nothing(
    app: Flask, site: Site, times: Times, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        room_id = rooms.create_room("Party").room.id
        ids = insert_photos(app, room_id, 1)
        delete_photos(host_access(room_id), ids, site.storage)
    jobs = site.jobs
    monkeypatch.setattr(jobs, "_clock", Clock())
    later = utc_now() + site.settings.bin_time * 2
    monkeypatch.setattr(runner, "utc_now", lambda: later)
    times.shown += YEAR_S

    with app.app_context():
        jobs._do_duties()
    kept = row_counts(app)["deletion"]
    times.run(3601)
    with app.app_context():
        jobs._do_duties()

    assert (kept, row_counts(app)["deletion"]) == (1, 0)
