"""What tells that a clock is wrong, and what doesn't."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from photoshare.db import db
from photoshare.models import Face, Person, Room
from photoshare.services.clocks.dismissing import dismiss, read_suggestions
from photoshare.services.clocks.settling import CameraKey
from photoshare.services.clocks.shifting import shift_clock
from photoshare.services.clocks.suggesting import (
    Evidence,
    Suggested,
    check_clocks,
    find_suggestions,
)
from photoshare.services.rooms.entering import Author
from tests.helpers import guest_access, insert_photos, new_face
from tests.services.clocks.parties import PEOPLE, make_party

pytestmark = pytest.mark.usefixtures("app_ctx")

BEGIN = datetime(2026, 7, 4, 12)


@pytest.fixture
def guests(room_id: int) -> list[int]:
    return [guest_access(room_id, name).guest.id for name in ("Ben", "Eva", "Lea", "Tom")]


def key(guests: list[int], number: int) -> CameraKey:
    return guests[number], f"Camera {number}"


def add(
    app: Flask, room_id: int, guests: list[int], number: int, count: int, **values: object
) -> list[int]:
    said = {"camera": f"Camera {number}", "captured_at": BEGIN, "captured_by": "camera"} | values
    seed = f"{number}-{values}"
    return insert_photos(app, room_id, count, seed=seed, guest_id=guests[number], **said)


def hold(app: Flask, room_id: int, guests: list[int], **how: float) -> None:
    """Let a party's photos and faces be in the room."""
    party = make_party(7, **how)  # type: ignore[arg-type]
    people = [Person(room_id=room_id) for _ in range(PEOPLE)]
    db.session.add_all(people)
    db.session.commit()
    person_ids = [person.id for person in people]
    for number, (time, camera) in enumerate(zip(party.times, party.cameras, strict=True)):
        taken_at = BEGIN + timedelta(seconds=time)
        values = {"captured_at": taken_at, "captured_offset_min": None if camera == 0 else 120}
        (photo,) = add(app, room_id, guests, camera, 1, **values)
        db.session.add_all([new_face(photo, person_ids[one]) for one in party.people[number]])
    db.session.commit()


def test_moments_of_other_cameras_tell_a_wrong_clock(
    app: Flask, room_id: int, guests: list[int]
) -> None:
    hold(app, room_id, guests, behind_s=64 * 60)

    found = find_suggestions(room_id)

    assert list(found) == [key(guests, 0)]
    said = found[key(guests, 0)]
    assert said.shift_s == pytest.approx(64 * 60, abs=60)
    assert said.evidence is Evidence.MOMENTS
    assert None not in (said.photo_id, said.other_id)


def test_clocks_that_agree_are_left_alone(app: Flask, room_id: int, guests: list[int]) -> None:
    hold(app, room_id, guests, behind_s=0)

    assert find_suggestions(room_id) == {}


def test_faces_without_people_tell_nothing(app: Flask, room_id: int, guests: list[int]) -> None:
    hold(app, room_id, guests, behind_s=64 * 60)
    db.session.query(Face).update({"person_id": None})
    db.session.commit()

    assert find_suggestions(room_id) == {}


def list_wrong(room_id: int) -> dict[CameraKey, int]:
    return {key: row.shift_s for key, row in read_suggestions(room_id)[0].items()}


def berlin(room_id: int) -> None:
    db.session.get_one(Room, room_id).time_zone = "Europe/Berlin"
    db.session.commit()


def test_satellites_tell_by_how_much_a_clock_is_wrong(
    app: Flask, room_id: int, guests: list[int]
) -> None:
    berlin(room_id)  # two hours ahead of UTC in July
    for seconds in (0, 3, 9):
        add(app, room_id, guests, 0, 1, clock_ahead_s=7200 - 3840 + seconds)
        add(app, room_id, guests, 1, 1, clock_ahead_s=7200 + seconds)

    assert find_suggestions(room_id) == {key(guests, 0): Suggested(64 * 60, Evidence.SATELLITES)}


def test_satellites_say_nothing_where_they_disagree_or_are_few(
    app: Flask, room_id: int, guests: list[int]
) -> None:
    berlin(room_id)
    for seconds in (0, 4000, 9000, 20000):
        add(app, room_id, guests, 0, 1, clock_ahead_s=seconds)
    add(app, room_id, guests, 1, 2, clock_ahead_s=0)

    assert find_suggestions(room_id) == {}


def test_a_wrong_zone_of_the_room_is_no_fault_of_the_cameras(
    app: Flask, room_id: int, guests: list[int]
) -> None:
    berlin(room_id)
    for number in range(3):
        add(app, room_id, guests, number, 4, clock_ahead_s=9 * 3600)  # the party is in Tokyo

    assert find_suggestions(room_id) == {}


def test_a_camera_left_in_its_home_zone_is_found(
    app: Flask, room_id: int, guests: list[int]
) -> None:
    for number in (1, 2, 3):
        add(app, room_id, guests, number, 4, captured_offset_min=120)
    add(app, room_id, guests, 0, 4, captured_offset_min=60, captured_at=BEGIN)

    assert find_suggestions(room_id) == {key(guests, 0): Suggested(3600, Evidence.ZONE)}


def test_photos_of_another_journey_are_in_their_own_zone(
    app: Flask, room_id: int, guests: list[int]
) -> None:
    for number in (1, 2, 3):
        add(app, room_id, guests, number, 4, captured_offset_min=120)
    before = BEGIN - timedelta(days=30)
    add(app, room_id, guests, 0, 4, captured_offset_min=-300, captured_at=before)

    assert find_suggestions(room_id) == {}


def test_nothing_is_suggested_for_a_clock_that_was_put_right(
    app: Flask, room_id: int, guests: list[int], host: Author
) -> None:
    hold(app, room_id, guests, behind_s=64 * 60)
    shift_clock(host, *key(guests, 0), 64 * 60)

    assert find_suggestions(room_id) == {}


def test_others_are_compared_with_a_clock_that_is_right_as_a_host_says(
    app: Flask, room_id: int, guests: list[int], host: Author
) -> None:
    """Of two cameras that differ one is wrong: if it isn't this one, it's the other."""
    hold(app, room_id, guests, behind_s=64 * 60, cameras=2)
    check_clocks(room_id)
    assert list(list_wrong(room_id)) == [key(guests, 0)]

    dismiss(host, *key(guests, 0))
    check_clocks(room_id)

    wrong = list_wrong(room_id)
    assert list(wrong) == [key(guests, 1)]
    assert wrong[key(guests, 1)] == pytest.approx(-64 * 60, abs=60)


def test_satellites_that_a_host_does_not_believe_move_nothing(
    app: Flask, room_id: int, guests: list[int], host: Author
) -> None:
    hold(app, room_id, guests, behind_s=0, cameras=2)
    berlin(room_id)
    for seconds in (0, 3, 9):
        add(app, room_id, guests, 0, 1, clock_ahead_s=7200 - 3840 + seconds)
    check_clocks(room_id)
    assert key(guests, 0) in list_wrong(room_id)

    dismiss(host, *key(guests, 0))
    check_clocks(room_id)

    assert list_wrong(room_id) == {}
