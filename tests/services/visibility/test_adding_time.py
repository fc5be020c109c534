"""Until when guests may add photos: until their day is over everywhere on earth."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from photoshare.errors import NotAllowedError
from photoshare.models import ApiToken, Room, db
from photoshare.services.rooms import entering
from photoshare.services.rooms.entering import Access, is_adding_over
from photoshare.services.visibility.adding_time import check_may_add, may_add
from tests.helpers import guest_access, host_access

pytestmark = pytest.mark.usefixtures("app_ctx")

LAST = date(2026, 12, 5)


@pytest.fixture
def room(room_id: int) -> Room:
    room = db.session.get_one(Room, room_id)
    room.adds_until = LAST
    db.session.commit()
    return room


def at(monkeypatch: pytest.MonkeyPatch, day: int, hour: int) -> None:
    monkeypatch.setattr(entering, "utc_now", lambda: datetime(2026, 12, day, hour, tzinfo=UTC))


@pytest.mark.parametrize(("day", "hour", "is_over"), [(5, 0, False), (6, 11, False), (6, 12, True)])
def test_the_day_ends_where_it_ends_last(
    room: Room, monkeypatch: pytest.MonkeyPatch, day: int, hour: int, *, is_over: bool
) -> None:
    at(monkeypatch, day, hour)

    assert is_adding_over(room) is is_over
    assert may_add(guest_access(room.id)) is not is_over


def test_without_a_day_it_is_never_over(room: Room) -> None:
    room.adds_until = None

    assert not is_adding_over(room)


def test_hosts_may_always_add_but_their_scripts_may_not(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, 20, 0)
    host = host_access(room.id)
    script = Access(room, host.guest, token=ApiToken())

    check_may_add(host)

    assert may_add(host)
    assert not may_add(script)
    with pytest.raises(NotAllowedError, match=r"The time for adding photos to this room is over\."):
        check_may_add(script)
