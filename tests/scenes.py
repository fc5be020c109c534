"""States of an app's data that many tests begin with: made once per process, then copied.

A copy is what making it anew would leave in the data folder. Only an app that nobody has changed
gets one: a scene is known by the database it was made from, and by the key that signs cookies.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from flask import Flask, has_app_context

from photoshare.db import close_database
from photoshare.web.site import site_of
from tests import postgresql

Result = TypeVar("Result")


class Scenes:
    """The scenes of one process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[tuple[object, ...], tuple[Path, object]] = {}

    def play(self, app: Flask, name: str, make: Callable[[], Result]) -> Result:
        """Bring the app's data into a state, by making it or by a copy; return what `make` does.

        Parameters
        ----------
        app : Flask
        name : str
            Of the scene; what it makes depends on nothing but this and the present data.
        make : callable
            Makes the scene with this app; returns plain values.
        """
        data = site_of(app).settings.data
        if postgresql.IS_CHOSEN or has_app_context() or (before := _content_of(data)) is None:
            return make()
        key = (name, before, app.secret_key)  # cookies are signed with it
        if key not in self._kept:
            result = make()
            folder = self._folder / str(len(self._kept))
            with app.app_context():
                close_database()
            shutil.copytree(data, folder)
            with contextlib.closing(sqlite3.connect(folder / "photoshare.sqlite")) as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            self._kept[key] = folder, copy.deepcopy(result)
            return result
        with app.app_context():
            close_database()
        folder, kept = self._kept[key]
        shutil.copytree(folder, data, dirs_exist_ok=True, copy_function=shutil.copyfile)
        return copy.deepcopy(kept)  # type: ignore[return-value]


def _content_of(data: Path) -> str | None:
    """Hash the database, unless a log beside it holds changes."""
    log = data / "photoshare.sqlite-wal"
    if log.exists() and log.stat().st_size > 0:
        return None
    return hashlib.sha256((data / "photoshare.sqlite").read_bytes()).hexdigest()
