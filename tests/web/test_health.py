"""GET /healthz."""

from __future__ import annotations

from flask import Flask

from photoshare.db import schema_version


def test_a_monitor_is_told_that_all_is_well(app: Flask) -> None:
    answer = app.test_client().get("/healthz")

    with app.app_context():
        version = schema_version()
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert answer.text == f"ok, schema {version}"


def test_it_sets_no_cookie(app: Flask) -> None:
    assert "Set-Cookie" not in app.test_client().get("/healthz").headers


def test_it_takes_only_get(app: Flask) -> None:
    assert app.test_client().post("/healthz").status_code == 405
