"""When an uploaded photo was taken, as the room shows it (docs/uploads.md)."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import Photo, Room
from photoshare.pictures.best_time import TimeSource
from tests.cli.commands import run_json
from tests.conftest import ROOT, Cast
from tests.fakes import RED, draw_photo
from tests.helpers import HX, tags_of

CASES = ROOT.parent / "shared" / "cases" / "times"
CONTENT = draw_photo(RED)  # without a time
CHANGED = "2026-08-15T14:50:00.250"


def set_zone(app: Flask, cast: Cast, zone: str | None) -> None:
    with app.app_context():
        db.session.execute(update(Room).where(Room.id == cast.room_id).values(time_zone=zone))
        db.session.commit()


def the_photo(app: Flask) -> Photo:
    with app.app_context():
        return db.session.scalars(select(Photo)).one()


def send(cast: Cast, name: str = "a.jpg", **form: str) -> None:
    data = {"photos": (io.BytesIO(CONTENT), name)} | form
    assert cast.guest.post(f"{cast.url}/photos", data=data, headers=HX).status_code == 201


def test_a_photo_without_a_time_has_that_of_its_file(app: Flask, cast: Cast) -> None:
    send(cast, changed_at=CHANGED)

    photo = the_photo(app)
    assert photo.captured_at == photo.moment == datetime.fromisoformat(CHANGED)
    assert photo.captured_by == TimeSource.FILE


def test_a_file_in_pieces_keeps_its_time(app: Flask, cast: Cast) -> None:
    facts = {"file_name": "a.jpg", "size": len(CONTENT), "changed_at": CHANGED}
    place = cast.guest.post(f"{cast.url}/uploads", data=facts, headers=HX).headers["Location"]

    cast.guest.post(f"{place}?offset=0", data=CONTENT, headers=HX)

    assert the_photo(app).captured_at == datetime.fromisoformat(CHANGED)


@pytest.mark.parametrize(
    "changed_at", ["", "yesterday", "2099-01-01T00:00:00", "1970-01-01T00:00", "9" * 5000, "0"]
)
def test_an_impossible_time_is_left_out(app: Flask, cast: Cast, changed_at: str) -> None:
    send(cast, changed_at=changed_at)

    assert the_photo(app).captured_at is None


def test_a_photo_sent_now_stands_beside_those_of_now(app: Flask, cast: Cast) -> None:
    """Now is by the room's clock, not UTC written as if it were local."""
    set_zone(app, cast, "Asia/Kolkata")
    before = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=5, minutes=30)

    send(cast)

    photo = the_photo(app)
    assert photo.captured_by == TimeSource.ARRIVAL
    assert before <= photo.moment <= before + timedelta(minutes=5)
    page = cast.guest.get(f"{cast.url}/photos/{photo.id}").text
    assert "added" in page  # not "taken": nobody knows


def test_the_room_has_the_time_zone_of_the_hosts_browser(app: Flask, cast: Cast) -> None:
    for zone, kept in (("Asia/Tokyo", "Asia/Tokyo"), ("Nowhere/City", None), ("", None)):
        form = {"title": "Party", "time_zone": zone}
        answer = cast.stranger.post("/rooms", data=form)
        code = answer.location.split("/rooms/")[1].split("/")[0]
        with app.app_context():
            assert db.session.scalar(select(Room.time_zone).where(Room.code == code)) == kept


def test_the_host_changes_the_time_zone(app: Flask, cast: Cast) -> None:
    def change(zone: str) -> int:
        form = {"title": "Party", "time_zone": zone}
        return cast.host.post(f"{cast.url}/settings", data=form).status_code

    assert change("Europe/Lisbon") == 303
    assert change("Lisbon") == 422
    page = cast.host.get(f"{cast.url}/settings").text
    assert tags_of(page, "input", name="time_zone")[0]["value"] == "Europe/Lisbon"
    assert cast.host.post(f"{cast.url}/settings", data={"title": "Feast"}).status_code == 303
    with app.app_context():
        assert db.session.get_one(Room, cast.room_id).time_zone == "Europe/Lisbon"
    assert change("") == 303
    with app.app_context():
        assert db.session.get_one(Room, cast.room_id).time_zone is None


def test_an_imported_file_has_its_own_time(app: Flask, cast: Cast, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(CONTENT)
    changed = datetime(2026, 8, 15, 14, 50)
    os.utime(path, (changed.timestamp(), changed.timestamp()))

    run_json(app, "rooms", "import", cast.code, str(tmp_path))

    assert (the_photo(app).captured_at, the_photo(app).captured_by) == (changed, TimeSource.FILE)


@pytest.mark.skipif(not CASES.is_dir(), reason="the folder ../shared/cases is not there")
def test_an_afternoon_is_in_its_true_order(app: Flask, cast: Cast) -> None:
    """The files are named after their true order; the messenger's came with its own time."""
    set_zone(app, cast, "Asia/Tokyo")
    changed = {"IMG-20260815-WA0007.jpg": "14:10", "K_12hour.jpg": "14:50"}
    wanted = {
        "A_1400_exif.jpg": "14:00",
        "B_1405_xmp_only.jpg": "14:05",
        "IMG-20260815-WA0007.jpg": "14:10",
        "Screenshot_20260815-142000.png": "14:20",
        "E_1430_camera_exif_noTZ.jpg": "14:30",
        "H_zero_with_gps_time.jpg": "14:35",
        "J_iso_tz.jpg": "14:45",
        "K_12hour.jpg": "14:50",
        "L_spaces.jpg": "14:50",
    }
    for name in wanted:
        data = {"photos": (io.BytesIO((CASES / name).read_bytes()), name)}
        if name in changed:
            data["changed_at"] = f"2026-08-15T{changed[name]}:00"  # type: ignore[assignment]
        assert cast.guest.post(f"{cast.url}/photos", data=data, headers=HX).status_code == 201

    with app.app_context():
        rows = db.session.execute(select(Photo.file_name, Photo.captured_at))
        told = {name: f"{moment:%Y-%m-%d %H:%M}" for name, moment in rows}
    assert told == {name: f"2026-08-15 {clock}" for name, clock in wanted.items()}
