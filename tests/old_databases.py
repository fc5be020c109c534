"""Make databases of older versions, with a room, its photos and a named person."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import flask_migrate
from alembic.script import ScriptDirectory
from flask import Flask, current_app

from photoshare import create_app
from photoshare.db import MIGRATIONS, db, offer_migrations
from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from tests.fakes import RED, draw_photo

PHOTOS = 6
NAME = "Lea"  # of the person in every photo
NOW = "2026-05-01 12:00:00.000000"


def revisions() -> list[str]:
    """List the schema revisions, oldest first."""
    steps = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return [step.revision for step in steps][::-1]


def upgrade(revision: str = "head") -> None:
    """Change the schema up to a revision; needs an app context."""
    offer_migrations(current_app)
    flask_migrate.upgrade(revision=revision)


def downgrade(revision: str) -> None:
    """Change the schema down to a revision; needs an app context."""
    offer_migrations(current_app)
    flask_migrate.downgrade(revision=revision)


def make_old_database(data: Path, revision: str) -> None:
    """Make the database, with the originals, that a server of this revision left in a folder."""
    app = create_app({"data": data})
    with app.app_context():
        upgrade(revision=revisions()[0])
        _fill(data)
        upgrade(revision=revision)
        db.engine.dispose()


def new_app(data: Path) -> Flask:
    """Make an app on a data folder, with the schema of the file."""
    return create_app({"data": data, "min_free_mb": 0})


def _fill(data: Path) -> None:
    originals = data / "rooms" / "1" / "originals"
    originals.mkdir(parents=True)
    database = sqlite3.connect(data / "photoshare.sqlite")
    with database:
        database.execute(
            "INSERT INTO room (id, code, title, host_secret_hash, created_at) "
            "VALUES (1, 'acdef-hjkm-nprtw', 'Party', 'x', ?)",
            (NOW,),
        )
        database.execute(
            "INSERT INTO guest (id, room_id, name, is_host, created_at) VALUES (1, 1, 'G', 0, ?)",
            (NOW,),
        )
        database.execute(
            "INSERT INTO person (id, room_id, name, created_at) VALUES (1, 1, ?, ?)", (NAME, NOW)
        )
        for number in range(1, PHOTOS + 1):
            content = draw_photo(RED, seed=number)
            sha256 = hashlib.sha256(content).hexdigest()
            (originals / sha256).write_bytes(content)
            database.execute(
                "INSERT INTO photo (id, room_id, guest_id, sha256, file_name, image_format, "
                "size_bytes, width, height, created_at, state, attempts) "
                "VALUES (?, 1, 1, ?, ?, 'JPEG', ?, 100, 100, ?, 'analysed', 1)",
                (number, sha256, f"{number}.jpg", len(content), NOW),
            )
            database.execute(
                'INSERT INTO face (photo_id, person_id, top, "right", bottom, "left", score, '
                "encoding) VALUES (?, 1, 20, 80, 80, 20, 1.0, ?)",
                (number, bytes(4 * ENCODING_SIZE)),
            )
    database.close()
