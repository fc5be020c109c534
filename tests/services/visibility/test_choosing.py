"""A host's choice of who sees what: what is accepted, noted, and counted before it is deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from photoshare.errors import InvalidInputError
from photoshare.models import Audience, FacesFor, LogEntry, Room, db
from photoshare.services.visibility import choosing
from photoshare.services.visibility.choosing import FoundFaces, SightChoice
from photoshare.web.site import Site
from tests.helpers import host_access

pytestmark = pytest.mark.usefixtures("app_ctx")

AS_IT_WAS = SightChoice(Audience.EVERYBODY, FacesFor.EVERYBODY)
MOMENT = datetime(2026, 12, 5, 20, tzinfo=UTC)


@pytest.fixture
def room(room_id: int) -> Room:
    return db.session.get_one(Room, room_id)


def noted(room_id: int) -> list[str]:
    query = select(LogEntry.about).where(LogEntry.room_id == room_id, LogEntry.about != "")
    return list(db.session.scalars(query.order_by(LogEntry.id)))


def test_everything_is_kept_and_noted(room: Room, site: Site) -> None:
    host = host_access(room.id).guest

    choosing.choose(
        room,
        SightChoice(Audience.LATER, FacesFor.SELF, MOMENT, date(2026, 12, 31), covers_faces=True),
        site.storage,
        host.id,
    )

    assert (room.audience, room.revealed_at) == (Audience.LATER, MOMENT)
    assert (room.faces_for, room.covers_faces) == (FacesFor.SELF, True)
    assert room.adds_until == date(2026, 12, 31)
    assert noted(room.id) == ["audience,revealed_at,faces_for,adds_until,covers_faces"]


def test_what_stays_as_it_was_is_not_noted(room: Room, site: Site) -> None:
    choosing.choose(room, AS_IT_WAS, site.storage)
    choosing.choose(room, replace(AS_IT_WAS, audience=Audience.HOST), site.storage)

    assert noted(room.id) == ["audience"]


def test_only_covering_faces_or_no_longer_gives_pictures_new_addresses(
    room: Room, site: Site
) -> None:
    steps = []
    for chosen in (
        replace(AS_IT_WAS, audience=Audience.SELF),
        replace(AS_IT_WAS, covers_faces=True),
        replace(AS_IT_WAS, covers_faces=True, adds_until=date(2026, 12, 31)),
        AS_IT_WAS,
    ):
        choosing.choose(room, chosen, site.storage)
        steps.append(room.covering)

    assert steps == [0, 1, 1, 2]


def test_a_time_is_only_kept_where_photos_are_shown_later(room: Room, site: Site) -> None:
    choosing.choose(room, replace(AS_IT_WAS, revealed_at=MOMENT), site.storage)

    assert room.revealed_at is None


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        (replace(AS_IT_WAS, audience="nobody"), "audience"),
        (replace(AS_IT_WAS, audience=Audience.LATER), "revealed_at"),
        (replace(AS_IT_WAS, faces_for="friends"), "faces_for"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    room: Room, site: Site, chosen: SightChoice, field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        choosing.choose(room, replace(chosen, covers_faces=True), site.storage)

    assert refused.value.field == field
    assert not room.covers_faces
    assert noted(room.id) == []


def test_what_is_lost_is_counted_before_faces_are_switched_off(
    room: Room, add_person: Callable[..., int]
) -> None:
    off = replace(AS_IT_WAS, faces_for=FacesFor.NOBODY)
    nothing_yet = choosing.find_lost(room, off)
    add_person(2, "Lea")
    add_person(3)

    assert nothing_yet is None
    assert choosing.find_lost(room, off) == FoundFaces(people=2, faces=5)
    assert choosing.find_lost(room, replace(off, faces_for=FacesFor.SELF)) is None


def test_nothing_more_is_lost_once_faces_are_off(
    room: Room, site: Site, add_person: Callable[..., int]
) -> None:
    off = replace(AS_IT_WAS, faces_for=FacesFor.NOBODY)
    add_person(2)
    choosing.choose(room, off, site.storage)

    assert choosing.find_lost(room, off) is None
