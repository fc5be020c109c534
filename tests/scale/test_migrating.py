"""``photoshare migrate-to``: every row of a SQLite installation, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, bindparam, create_engine, delete, select, text

from photoshare import create_app
from photoshare.config import LOCK_FILE
from photoshare.databases.postgresql import engine_options
from photoshare.db import db, upgrade_schema
from photoshare.errors import MoveError
from photoshare.maintenance import migrating
from photoshare.models import (
    AlsoAdded,
    ApiToken,
    Behind,
    ClockDismissal,
    ClockShift,
    ClockSuggestion,
    Correction,
    Deletion,
    Face,
    FormerCode,
    Guest,
    Heart,
    Job,
    LookBand,
    Owner,
    OwnerSession,
    OwnLink,
    Person,
    Photo,
    Upload,
)
from photoshare.services.corrections import verbs
from photoshare.services.photos.deleting import delete_photos
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Author
from photoshare.web.site import Site
from tests import postgresql
from tests.conftest import Cast
from tests.fakes import BLUE, RED, draw_photo
from tests.helpers import host_access, insert_person, insert_photos, insert_waiting
from tests.tools import flask

pytestmark = pytest.mark.scale

FACES = select(Face.id).where(Face.person_id == bindparam("who"))
LARGE_SUM = 2**32 - 1  # of a checksum; more than PostgreSQL's INTEGER holds


@pytest.fixture
def url() -> str:
    cluster = postgresql.cluster()
    return cluster.url(cluster.new_database())


@pytest.fixture
def room_id(
    site: Site,
    app: Flask,
    cast: Cast,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> int:
    """A room with rows in every table."""
    room_id = cast.room_id
    photos = [add_photo(room_id, draw_photo(RED, BLUE, seed=number)) for number in range(3)]
    run_jobs()
    photos += insert_photos(app, room_id, 3)
    lea = insert_person(app, room_id, photos[3:5], "Lea")
    with app.app_context():
        guest_id = db.session.scalars(select(Guest.id).order_by(Guest.id)).first()
        author = Author(room_id)
        tim = db.session.scalars(select(Person.id).where(Person.id != lea)).first()
        assert guest_id
        assert tim
        verbs.name_person(author, tim, "Tim")
        of_tim, of_lea = (db.session.scalars(FACES, {"who": who}).all() for who in (tim, lea))
        verbs.mark_different(author, of_tim, of_lea)
        old = {"name": "Le\0a Łukasz 🎉", "id": lea}  # as former versions let it be written
        db.session.execute(text("UPDATE person SET name = :name WHERE id = :id"), old)
        photo = db.session.get(Photo, photos[0])
        assert photo is not None
        photo.crc32, photo.captured_at = LARGE_SUM, datetime(2026, 7, 12, 14, 5, 6, 789)
        photo.size_bytes, photo.is_lost = 5 * 10**9, True
        photo.front_id, photo.behind_as = photos[3], Behind.VERSION  # a row that comes later
        guest = db.session.get(Guest, guest_id)
        assert guest is not None
        guest.person_id = tim
        db.session.add(Heart(photo_id=photos[0], guest_id=guest_id))
        db.session.add(AlsoAdded(photo_id=photos[0], guest_id=guest_id))
        db.session.add(
            Upload(room_id=room_id, guest_id=guest_id, fingerprint="f", file_name="ü.jpg",
                   size_bytes=3, sha256=None, created_at=datetime(2026, 1, 1, tzinfo=UTC))
        )  # fmt: skip
        db.session.add(LookBand(room_id=room_id, value=2**20 - 1, photo_id=photos[0]))
        correction_id = db.session.scalars(select(Correction.id)).first()
        clock = {"room_id": room_id, "guest_id": guest_id, "camera": "Canon é", "shift_s": -60}
        db.session.add(ClockShift(correction_id=correction_id, **clock))
        db.session.add(ClockDismissal(**clock))
        db.session.add(ClockSuggestion(**clock, evidence="satellites", photo_id=photos[1]))
        db.session.commit()
        db.session.add(FormerCode(code="acdef-hjkm-nprtw", room_id=room_id))
        db.session.add(Owner(password_hash="scrypt", room_creation="closed"))
        db.session.add(OwnerSession(token_hash="a"))
        db.session.add(
            ApiToken(room_id=room_id, guest_id=guest_id, name="ü", token_hash="b",
                     may_read=True, may_add=False)
        )  # fmt: skip
        db.session.add(OwnLink(guest_id=guest_id, kind="guest", nonce="n", secret_hash="c"))
        delete_photos(host_access(room_id), [photos[4]], site.storage)
        face_id = db.session.scalars(select(Face.id).order_by(Face.id.desc())).first()
        db.session.execute(delete(Face).where(Face.id == face_id))  # its id stays unused
        db.session.commit()
        db.engine.dispose()
    insert_waiting(app, room_id, guest_id, 2)
    return room_id


def content_of(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Read every row of every table, in the order of the primary keys."""
    return {
        table.name: [
            tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key))
        ]
        for table in db.metadata.sorted_tables
    }


def content_at(url: str) -> dict[str, list[tuple[Any, ...]]]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return content_of(connection)
    finally:
        engine.dispose()


def without_nul(content: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    return {
        name: [
            tuple(one.replace("\0", "") if isinstance(one, str) else one for one in row)
            for row in rows
        ]
        for name, rows in content.items()
    }


def test_every_value_of_every_table_arrives(site: Site, room_id: int, url: str) -> None:
    before = content_at(f"sqlite:///{site.settings.database}")
    assert [name for name, rows in before.items() if not rows] == ["attempts"]  # in memory

    moved = migrating.move_to(site.settings, url)

    after = content_at(url)
    assert after == without_nul(before)
    assert {table.name: table.row_count for table in moved} == {
        name: len(rows) for name, rows in before.items()
    }


def test_the_room_goes_on_in_postgresql(
    app: Flask, site: Site, cast: Cast, room_id: int, url: str
) -> None:
    with app.app_context():
        last = {model: _last_id(model) for model in (Photo, Person, Guest, Job, Deletion)}
        last_given = "SELECT seq FROM sqlite_sequence WHERE name = 'face'"
        last_face = db.session.scalar(text(last_given))
        assert last_face > (_last_id(Face) or 0)
        db.session.remove()
        db.engine.dispose()
    migrating.move_to(site.settings, url)

    moved = create_app({"data": site.settings.data, "database_url": url, "min_free_mb": 0})
    guest: FlaskClient = moved.test_client()
    cookie = cast.guest.get_cookie("photoshare")
    assert cookie is not None
    guest.set_cookie("photoshare", cookie.value)
    page = guest.get(cast.url).get_data(as_text=True)
    with moved.app_context():
        photo_id = insert_photos(moved, room_id, 1, seed="new")[0]
        person_id = insert_person(moved, room_id, [photo_id], "New")
        new_face = db.session.scalar(select(Face.id).where(Face.person_id == person_id))
        other = rooms.create_room("Another").room.id
        db.session.remove()
        db.engine.dispose()

    assert "Tim" in page
    assert photo_id == (last[Photo] or 0) + 1
    assert new_face == last_face + 1
    assert other == room_id + 1


def _last_id(model: type[Any]) -> int | None:
    return db.session.scalars(select(model.id).order_by(model.id.desc())).first()


def test_moving_never_overwrites_anything(site: Site, room_id: int, url: str) -> None:
    migrating.move_to(site.settings, url)
    before = content_at(url)

    with pytest.raises(MoveError, match="isn't empty: its table owner has rows"):
        migrating.move_to(site.settings, url)

    assert content_at(url) == before


def test_after_a_failure_nothing_is_there_and_it_can_be_tried_again(
    site: Site, room_id: int, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_of = migrating._hash
    with monkeypatch.context() as patch:
        patch.setattr(
            migrating,
            "_hash",
            lambda row: hash_of(row) if "encoding" not in row._fields else id(row),
        )
        with pytest.raises(MoveError, match="Nothing was moved: the table face is not the same"):
            migrating.move_to(site.settings, url)
    assert not any(content_at(url).values())

    migrating.move_to(site.settings, url)

    assert content_at(url)["face"]


def test_an_older_schema_is_not_moved(tmp_path: Path, site: Site, url: str) -> None:
    engine = create_engine(f"sqlite:///{site.settings.database}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0019'")
    engine.dispose()

    with pytest.raises(MoveError, match=r"has schema 0019, not .* Start this version"):
        migrating.move_to(site.settings, url)


def test_the_command_says_what_it_did_and_never_the_password(
    site: Site, room_id: int, url: str
) -> None:
    data = site.settings.data
    with FileLock(data / LOCK_FILE):
        busy = flask(data, "migrate-to", url)
    wrong = flask(data, "migrate-to", "postgresql://photoshare:open-sesame@127.0.0.1:1/photoshare")

    done = flask(data, "migrate-to", "-", given=f"{url}\n")

    assert busy.returncode == wrong.returncode == 1
    assert busy.stderr.strip() == (
        "Error: PhotoShare is running on this data folder. Stop it first."
    )
    assert "Connection refused" in wrong.stderr
    assert "open-sesame" not in wrong.stderr + wrong.stdout
    assert done.returncode == 0, done.stderr
    assert "photo: 5 rows" in done.stderr
    assert content_at(url)["photo"]


def test_photos_without_their_rows_are_not_served_from_an_empty_database(
    site: Site, room_id: int, url: str
) -> None:
    refused = flask(site.settings.data, "rooms", "people", "x", PHOTOSHARE_DATABASE_URL=url)

    assert refused.returncode == 1
    assert "migrate-to" in refused.stderr


def test_an_engine_of_postgresql_needs_no_more_than_its_options(url: str, tmp_path: Path) -> None:
    app = create_app({"data": tmp_path / "data", "database_url": url})

    with app.app_context():
        upgrade_schema()
        with db.engine.connect() as connection:
            timeout = connection.exec_driver_sql("SHOW lock_timeout").scalar()
        db.engine.dispose()

    assert timeout == "10s"
    assert engine_options()["pool_pre_ping"]
