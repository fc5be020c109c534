"""GET /healthz."""

from __future__ import annotations

import os

import pytest
from flask import Flask

from photoshare.db import schema_version
from photoshare.errors import ModelError
from photoshare.services import health
from photoshare.web.site import Site
from tests.live import serving


def test_a_monitor_is_told_that_all_is_well(app: Flask) -> None:
    answer = app.test_client().get("/healthz")

    with app.app_context():
        version = schema_version()
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert answer.text.splitlines() == [
        f"ok, schema {version}",
        *("database: ok", "data folder: ok", "free space: ok"),
        *("jobs: not started", "face engine: not needed yet"),
    ]


def test_a_bucket_is_a_part_and_pages_work_without_it(
    app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.storage, "state", lambda: "failing")

    status, lines = lines_of(app)

    assert (status, lines[0][:2], lines[-1]) == (200, "ok", "storage: failing")


def test_it_sets_no_cookie(app: Flask) -> None:
    assert "Set-Cookie" not in app.test_client().get("/healthz").headers


def test_it_takes_only_get(app: Flask) -> None:
    assert app.test_client().post("/healthz").status_code == 405


def lines_of(app: Flask) -> tuple[int, list[str]]:
    """Ask through waitress, as a monitor does."""
    with serving(app) as live:
        answer = live.ask(app.test_client(), "/healthz")
    return answer.status, answer.content.decode().splitlines()


@pytest.mark.sqlite
def test_a_database_that_does_not_answer_is_named_without_its_path(app: Flask, site: Site) -> None:
    site.settings.database.write_bytes(b"not a database" * 100)

    status, lines = lines_of(app)

    assert (status, lines[:2]) == (503, ["failing: database", "database: failing"])
    assert str(site.settings.data) not in "".join(lines)


def test_a_data_folder_that_cannot_be_written_fails(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)

    status, lines = lines_of(app)

    assert (status, lines[0]) == (503, "failing: data folder")


def test_a_dead_job_thread_fails(app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.jobs.start()
    with app.app_context():
        alive = site.health.examine()
    site.jobs.stop()
    monkeypatch.setattr(health, "KEPT_S", 0)
    monkeypatch.setattr(site.health, "_until", 0)

    status, lines = lines_of(app)

    assert alive[0]
    assert "jobs: ok" in alive[1]
    assert (status, lines[0]) == (503, "failing: jobs")


def test_low_space_and_a_missing_engine_are_told_but_turn_nobody_away(
    app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ModelError("a file is missing")

    monkeypatch.setattr(site.storage, "has_free_space", lambda: False)
    monkeypatch.setattr(site.engine, "_make", fail)
    with pytest.raises(ModelError):
        site.engine()

    status, lines = lines_of(app)

    assert status == 200
    assert {"free space: low", "face engine: failed"} <= set(lines)


def test_it_is_looked_at_once_however_many_ask(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    def look(_self: health.Health) -> str:
        looks.append("once")
        return health.OK

    monkeypatch.setattr(health, "KEPT_S", 600)
    monkeypatch.setattr(health.Health, "_database", look)
    for _ in range(5):
        app.test_client().get("/healthz")

    assert len(looks) == 1
