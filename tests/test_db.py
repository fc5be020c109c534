"""photoshare.db: the settings of SQLite that readers and writers rely on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from photoshare import create_app
from photoshare.databases import postgresql
from photoshare.db import UtcDateTime, db, schema_version
from photoshare.errors import StartError
from photoshare.models import Guest, Room
from photoshare.services.rooms import rooms

pytestmark = pytest.mark.usefixtures("app_ctx")
NEW_ROOM = {"code": "acdef-hjkm-nprtw", "title": "Party"}


@pytest.mark.durable
@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 2)]
)
def test_every_connection_has_the_pragma(pragma: str, value: object) -> None:
    with db.engine.connect() as first, db.engine.connect() as second:
        assert first.scalar(text(f"PRAGMA {pragma}")) == value
        assert second.scalar(text(f"PRAGMA {pragma}")) == value


def test_foreign_keys_are_enforced() -> None:
    db.session.add(Guest(room_id=999, name="", is_host=False))

    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        db.session.commit()


def test_a_reader_does_not_wait_while_another_connection_writes() -> None:
    with db.engine.connect() as writer, db.engine.connect() as reader:
        reader.exec_driver_sql("PRAGMA busy_timeout=0")  # fails instead of waiting
        writer.execute(insert(Room).values(NEW_ROOM))

        assert reader.execute(select(Room.code)).all() == []

        writer.commit()
        reader.rollback()
        assert reader.execute(select(Room.code)).all() == [(NEW_ROOM["code"],)]


def test_a_reader_does_not_hold_up_a_writer() -> None:
    with db.engine.connect() as writer, db.engine.connect() as reader:
        writer.exec_driver_sql("PRAGMA busy_timeout=0")
        reader.execute(select(Room.code)).all()

        writer.execute(insert(Room).values(NEW_ROOM))
        writer.commit()

        assert writer.execute(select(Room.code)).all() == [(NEW_ROOM["code"],)]


def test_reading_first_and_writing_later_is_not_refused_when_others_wrote_meanwhile() -> None:
    rooms.create_room("Party")
    with db.engine.connect() as one, db.engine.connect() as other:
        assert one.scalar(select(Room.title)) == "Party"
        other.execute(update(Room).values(title="Wedding"))
        other.commit()

        one.execute(update(Room).values(title=Room.title + "!"))
        one.commit()

        assert one.scalar(select(Room.title)) == "Wedding!"


def test_a_moment_comes_back_aware_and_in_utc() -> None:
    moment = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2)))
    db.session.add(Room(**NEW_ROOM, created_at=moment))
    db.session.commit()
    db.session.expire_all()

    stored = db.session.scalars(select(Room)).one().created_at

    assert stored == moment
    assert stored.tzinfo is UTC


def test_a_moment_that_is_missing_stays_missing() -> None:
    column_type = Room.__table__.c.created_at.type
    assert isinstance(column_type, UtcDateTime)

    assert column_type.process_bind_param(None, db.engine.dialect) is None
    assert column_type.process_result_value(None, db.engine.dialect) is None


def test_moments_are_compared_as_moments() -> None:
    db.session.add(Room(**NEW_ROOM, created_at=datetime(2026, 3, 1, 12, tzinfo=UTC)))
    db.session.commit()
    later_by_clock_only = datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=3)))

    found = db.session.scalars(select(Room).where(Room.created_at > later_by_clock_only)).all()

    assert len(found) == 1


def test_the_schema_has_a_version() -> None:
    assert schema_version() != "none"


def test_without_the_driver_of_postgresql_one_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "find_spec", lambda _name: None)

    with pytest.raises(StartError, match=r"pip install .* -r requirements-scale\.txt"):
        create_app({"data": tmp_path, "database_url": "postgresql://name:secret@host/photoshare"})


def test_a_text_is_kept_without_the_characters_that_postgresql_cannot_keep(app: Flask) -> None:
    with app.app_context():
        room = rooms.create_room("Par\0ty").room

        assert room_titles() == ["Party"]
        assert room.id == db.session.scalar(select(Room.id).where(Room.title == "Par\0ty"))


def room_titles() -> list[str]:
    return list(db.session.scalars(select(Room.title)))
