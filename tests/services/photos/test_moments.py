"""photos.moments: where the moments of an album begin and end."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from photoshare.db import db
from photoshare.models import Photo
from photoshare.services.photos import moments
from photoshare.services.photos.albums import WholeRoom
from photoshare.services.photos.moments import PAUSE, Moment, list_moments
from tests.helpers import counted_queries, insert_photos

pytestmark = pytest.mark.usefixtures("app_ctx")

MIDNIGHT = datetime(2026, 7, 4)


def by_walking(times: list[datetime]) -> list[Moment]:
    """Divide times one by one, as the definition says."""
    found: list[Moment] = []
    for time in sorted(times):
        last = found[-1] if found else None
        if last and last.day == time.date() and time - last.last < PAUSE:
            found[-1] = Moment(last.first, time, last.count + 1)
        else:
            found.append(Moment(time, time, 1))
    return found


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(0, 3 * 24 * 60), max_size=30))
def test_counting_by_hours_finds_every_pause(
    app: Flask, room_id: int, monkeypatch: pytest.MonkeyPatch, minutes: list[int]
) -> None:
    monkeypatch.setattr(moments, "LEAST_DIVIDED", 0)
    db.session.execute(delete(Photo))
    db.session.commit()
    times = [MIDNIGHT + timedelta(minutes=minute) for minute in minutes]
    for number, time in enumerate(times):
        insert_photos(app, room_id, 1, seed=f"{number}", captured_at=time)

    assert list_moments(WholeRoom(room_id)) == by_walking(times)


def test_a_day_with_few_photos_stays_whole(app: Flask, room_id: int) -> None:
    for hour in (9, 15, 21):
        insert_photos(app, room_id, 6, seed=f"{hour}", captured_at=MIDNIGHT + timedelta(hours=hour))
    assert [moment.count for moment in list_moments(WholeRoom(room_id))] == [18]

    insert_photos(app, room_id, 2, seed="late", captured_at=MIDNIGHT + timedelta(hours=21))

    assert [moment.count for moment in list_moments(WholeRoom(room_id))] == [6, 6, 8]


@pytest.mark.sqlite
def test_the_moments_of_any_room_take_one_query_of_its_index(app: Flask, room_id: int) -> None:
    insert_photos(app, room_id, 3)

    with counted_queries(app) as queries:
        list_moments(WholeRoom(room_id))

    (query,) = queries
    explain = f"EXPLAIN QUERY PLAN {query.replace('?', '1')}"
    plan = db.session.connection().exec_driver_sql(explain).all()
    assert "USING INDEX ix_photo_room_id_moment (room_id=?" in str(plan)
