"""A full disk, wherever it is noticed, is 507 with a sentence, on pages and for htmx."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from photoshare.db import db
from photoshare.errors import DiskFullError
from tests.conftest import Cast
from tests.helpers import HX

FULL = "The server&#39;s disk is full. Please tell the host."


def no_space(*_arguments: object, **_values: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def no_quota(*_arguments: object, **_values: object) -> None:
    raise OSError(errno.EDQUOT, "Disk quota exceeded")


def something_else(*_arguments: object, **_values: object) -> None:
    raise OSError(errno.EIO, "Input/output error")


def sqlite_says(code: int) -> Callable[..., None]:
    def fail(*_arguments: object) -> None:
        error = sqlite3.OperationalError("as SQLite says it")
        error.sqlite_errorcode = code
        raise error

    return fail


@pytest.mark.parametrize("headers", [{}, HX])
@pytest.mark.parametrize(
    ("fault", "status"), [(no_space, 507), (no_quota, 507), (something_else, 500)]
)
def test_what_the_system_says(
    app: Flask,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    fault: Callable[..., None],
    status: int,
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("photoshare.web.views.rooms.rooms.change_settings", fault)

    answer = cast.host.post(f"{cast.url}/settings", data={"title": "Wedding"}, headers=headers)

    assert answer.status_code == status
    assert (FULL in answer.text) == (status == 507)
    assert ("<html" in answer.text) == (not headers)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("fault", "expected"), [(no_quota, DiskFullError), (something_else, OperationalError)]
)
@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_CANTOPEN]
)
def test_a_write_that_fails_is_told_from_a_quota_that_is_used_up(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    fault: Callable[..., None],
    expected: type[Exception],
) -> None:
    """SQLite has one error code for both, whatever the system says."""
    monkeypatch.setattr("photoshare.disk.sync", fault)
    with app.app_context(), db.engine.connect() as connection:
        monkeypatch.setattr(connection.dialect, "do_execute", sqlite_says(code))

        with pytest.raises(expected):
            connection.exec_driver_sql("SELECT 1")


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_FULL, DiskFullError),
        (sqlite3.SQLITE_IOERR_SHMSIZE, DiskFullError),
        (sqlite3.SQLITE_BUSY, OperationalError),
        (sqlite3.SQLITE_IOERR_WRITE, OperationalError),  # there is space
    ],
)
def test_what_sqlite_says(
    app: Flask, monkeypatch: pytest.MonkeyPatch, code: int, expected: type[Exception]
) -> None:
    with app.app_context(), db.engine.connect() as connection:
        monkeypatch.setattr(connection.dialect, "do_execute", sqlite_says(code))

        with pytest.raises(expected):
            connection.exec_driver_sql("SELECT 1")
