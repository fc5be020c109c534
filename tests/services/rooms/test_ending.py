"""rooms.ending and rooms.bin: the day of deletion, its notice, and what is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare.db import db
from photoshare.errors import InvalidInputError, NotFoundError
from photoshare.models import Room, utc_now
from photoshare.services.rooms import bin, ending, entering, rooms
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo

pytestmark = pytest.mark.usefixtures("app_ctx")

START = date(2026, 7, 4)


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """A calendar set by the test; its only element is the day that it still is somewhere."""
    now = [START]
    for module in (ending, entering, rooms):
        monkeypatch.setattr(module, "last_today", lambda: now[0])
    return now


def delete_due(site: Site, binned_before: datetime | None = None) -> int:
    return bin.delete_due(site.storage, binned_before=binned_before or utc_now() - timedelta(7))


def titles() -> list[str]:
    return list(db.session.scalars(select(Room.title).order_by(Room.id)))


def test_a_room_is_deleted_on_its_day_and_not_before(site: Site, today: list[date]) -> None:
    rooms.create_room("Never", ends_on=START, deletes_after_days=None)
    rooms.create_room("Endless")
    room = rooms.create_room("Party", ends_on=START).room
    assert ending.deletion_day(room) == date(2026, 8, 3)

    today[0] = date(2026, 8, 2)
    assert delete_due(site) == 0
    today[0] = date(2026, 8, 3)
    assert delete_due(site) == 1

    assert titles() == ["Never", "Endless"]


def test_a_room_in_the_bin_goes_on_its_day_as_well(site: Site, today: list[date]) -> None:
    room = rooms.create_room("Party", ends_on=START).room
    today[0] = date(2026, 8, 3)
    bin.put_into_bin(room, site.storage)

    assert delete_due(site) == 1


def test_a_room_stays_in_the_bin_for_its_time(site: Site) -> None:
    room = rooms.create_room("Party").room
    bin.put_into_bin(room, site.storage)
    db.session.refresh(room)
    assert bin.gone_at(room, timedelta(7)) == (room.binned_at or utc_now()) + timedelta(7)
    before = (room.binned_at or utc_now()) - timedelta(seconds=1)

    assert delete_due(site, before) == 0
    assert delete_due(site, utc_now()) == 1

    assert titles() == []


def test_a_clock_that_went_back_deletes_nothing(site: Site, today: list[date]) -> None:
    room = rooms.create_room("Party", ends_on=START).room
    bin.put_into_bin(room, site.storage)
    today[0] = date(1970, 1, 1)

    assert delete_due(site, datetime(1970, 1, 1, tzinfo=UTC)) == 0


def test_whoever_turns_deletion_on_late_gives_notice(today: list[date]) -> None:
    room = rooms.create_room("Party", ends_on=START, deletes_after_days=None).room
    today[0] = START + timedelta(days=60)

    rooms.change_settings(room, title="Party", ends_on=START, deletes_after_days=30)
    db.session.refresh(room)
    assert ending.deletion_day(room) == today[0] + timedelta(days=ending.NOTICE_DAYS)

    today[0] += timedelta(days=2)
    days = room.deletes_after_days
    rooms.change_settings(room, title="Wedding", ends_on=START, deletes_after_days=days)
    db.session.refresh(room)
    assert room.deletes_after_days == days, "saving other settings moves no day"


def test_ending_now_counts_from_today_and_a_second_time_changes_nothing() -> None:
    room = rooms.create_room("Party").room
    ending.end_now(room)
    db.session.refresh(room)
    ended_at = room.ended_at

    ending.end_now(room)
    db.session.refresh(room)

    assert ended_at is not None
    assert room.ended_at == ended_at
    assert ending.deletion_day(room) == ended_at.date() + timedelta(days=30)
    assert entering.has_ended(room)
    ending.reopen(room)
    assert not entering.has_ended(db.session.get_one(Room, room.id, populate_existing=True))


def test_opening_again_takes_a_date_that_has_passed_away(today: list[date]) -> None:
    room = rooms.create_room("Party", ends_on=START).room
    today[0] = START + timedelta(days=1)
    assert entering.has_ended(room)

    ending.reopen(room)

    db.session.refresh(room)
    assert (room.ends_on, entering.has_ended(room)) == (None, False)


@pytest.mark.parametrize(
    ("days", "is_soon"), [(-1, False), (0, True), (6, True), (7, False), (60, False)]
)
def test_the_end_is_announced_a_week_before(today: list[date], days: int, is_soon: bool) -> None:
    room = rooms.create_room("Party", ends_on=START + timedelta(days=max(days, 0))).room
    room.ends_on = START + timedelta(days=days)

    assert ending.ends_soon(room) is is_soon


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Lea & Tom's wedding", "lea & tom\u2019s  Wedding "),
        ("Fête d'été", "fete d'ete"),
        ("Straßenfest", "STRASSENFEST"),
        ("Свадьба Ёлки", "свадьба елки"),
        ("Γάμος Ελένης", "γαμος ελενης"),
        ("حفلة ليلى", "\u200fحفلة ليلى"),
        ("חתונה של דנה", "חתונה של דנה\u200e"),
        ("शादी की पार्टी", "शादी की  पार्टी"),
        ("小美的婚礼", "小美的婚礼"),
        ("パーティー", "ﾊﾟｰﾃｨｰ"),
        ("งานแต่งงาน", " งานแต่งงาน"),
        ("결혼식", "결혼식"),
        ("We ❤\ufe0f you", "we ❤ you"),
        ("🎉", "🎉"),
    ],
)
def test_a_title_is_typed_as_people_type(title: str, typed: str) -> None:
    bin.check_title(Room(title=title), typed)


@pytest.mark.parametrize(
    ("title", "typed"), [("Party", "Part"), ("小美", "小"), ("की", "का"), ("🎉", "🎈"), ("🎉", "")]
)
def test_another_title_is_refused(title: str, typed: str) -> None:
    with pytest.raises(InvalidInputError):
        bin.check_title(Room(title=title), typed)


def test_what_is_being_deleted_cannot_be_restored(
    site: Site, add_photo: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    room = rooms.create_room("Party").room
    add_photo(room.id, draw_photo(RED))
    bin.put_into_bin(room, site.storage)

    def killed(_room_id: int) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(site.storage, "empty_room_set_aside", killed)
        with pytest.raises(RuntimeError, match="killed"):
            bin.delete_for_good(room.id, site.storage)

    with pytest.raises(NotFoundError, match="too late"):
        bin.restore_room(room, site.storage)
    site.jobs.sweep()
    assert titles() == []
    assert len(list((site.storage.data / "reports").iterdir())) == 1


def test_a_room_restored_meanwhile_stays(app: Flask, site: Site) -> None:
    room = rooms.create_room("Party").room
    bin.put_into_bin(room, site.storage)
    bin.restore_room(room, site.storage)

    gone = bin.delete_for_good(room.id, site.storage, Room.binned_at.is_not(None))

    assert gone is None
    assert titles() == ["Party"]
