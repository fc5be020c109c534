"""Suggestions that hosts put aside stay away, until other evidence is found."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from photoshare.db import db
from photoshare.errors import NotAllowedError, NotFoundError
from photoshare.models import ClockDismissal, Guest, Room
from photoshare.services.clocks.cameras import CameraClock, list_cameras
from photoshare.services.clocks.dismissing import (
    SAME_S,
    count_suggestions,
    dismiss,
    get_suggestion,
    show_again,
)
from photoshare.services.clocks.settling import CameraKey
from photoshare.services.clocks.shifting import shift_clock
from photoshare.services.clocks.suggesting import Evidence, Suggested, write_suggestions
from photoshare.services.corrections import verbs
from photoshare.services.rooms.entering import Author
from tests.helpers import guest_access, insert_photos

pytestmark = pytest.mark.usefixtures("app_ctx")

BEHIND_S = 64 * 60


@pytest.fixture
def ben(app: Flask, room_id: int) -> CameraKey:
    guest_id = guest_access(room_id, "Ben").guest.id
    noon = datetime(2026, 7, 4, 12)
    of_canon = {"camera": "Canon", "captured_at": noon, "captured_by": "camera"}
    insert_photos(app, room_id, 2, seed="ben", guest_id=guest_id, **of_canon)
    return guest_id, "Canon"


def suggest(room_id: int, key: CameraKey, shift_s: int = BEHIND_S) -> None:
    write_suggestions(room_id, {key: Suggested(shift_s, Evidence.MOMENTS)})


def shown(room_id: int) -> CameraClock:
    (clock,) = list_cameras(room_id, 1).items
    return clock


def test_what_is_put_aside_is_gone_everywhere(room_id: int, host: Author, ben: CameraKey) -> None:
    suggest(room_id, ben)
    assert count_suggestions(room_id) == 1

    dismiss(host, *ben)

    assert count_suggestions(room_id) == 0
    assert (shown(room_id).suggestion, shown(room_id).is_put_aside) == (None, True)
    for again in (get_suggestion, lambda _, *key: dismiss(host, *key)):
        with pytest.raises(NotFoundError):
            again(room_id, *ben)


@pytest.mark.parametrize(
    ("later_s", "is_shown"),
    [
        (BEHIND_S, False),
        (BEHIND_S - SAME_S, False),
        (BEHIND_S + SAME_S, False),
        (BEHIND_S + SAME_S + 60, True),
        (-BEHIND_S, True),
    ],
)
def test_it_comes_back_only_if_the_evidence_says_something_else(
    room_id: int, host: Author, ben: CameraKey, later_s: int, is_shown: bool
) -> None:
    suggest(room_id, ben)
    dismiss(host, *ben)

    suggest(room_id, ben, later_s)

    assert count_suggestions(room_id) == is_shown
    assert shown(room_id).is_put_aside is not is_shown


def test_it_stays_away_when_the_clock_is_shifted_and_back(
    room_id: int, host: Author, ben: CameraKey
) -> None:
    """The same clock would be right by the same time altogether."""
    suggest(room_id, ben)
    dismiss(host, *ben)
    shift = shift_clock(host, *ben, 1800)

    suggest(room_id, ben, BEHIND_S - 1800)
    assert count_suggestions(room_id) == 0
    suggest(room_id, ben, BEHIND_S)
    assert count_suggestions(room_id) == 1

    verbs.undo(host, shift)
    suggest(room_id, ben, BEHIND_S)
    assert count_suggestions(room_id) == 0


def test_it_can_be_shown_again(room_id: int, host: Author, ben: CameraKey) -> None:
    for shift_s in (BEHIND_S, -BEHIND_S):
        suggest(room_id, ben, shift_s)
        dismiss(host, *ben)

    show_again(host, *ben)

    assert get_suggestion(room_id, *ben) == -BEHIND_S
    assert shown(room_id).is_put_aside is False
    suggest(room_id, ben, BEHIND_S)
    assert count_suggestions(room_id) == 0  # the other one stays away
    with pytest.raises(NotFoundError):
        show_again(host, ben[0], "Nikon")


def test_it_holds_for_this_camera_of_this_guest(
    app: Flask, room_id: int, host: Author, ben: CameraKey
) -> None:
    eva = guest_access(room_id, "Eva").guest.id
    of_command_line = None
    keys = [ben, (ben[0], "Nikon"), (eva, "Canon"), (of_command_line, "Canon")]
    write_suggestions(room_id, {key: Suggested(BEHIND_S, Evidence.ZONE) for key in keys})

    dismiss(host, of_command_line, "Canon")
    assert count_suggestions(room_id) == 3
    show_again(host, of_command_line, "Canon")
    dismiss(host, *ben)

    assert count_suggestions(room_id) == 3
    assert get_suggestion(room_id, of_command_line, "Canon") == BEHIND_S


def test_only_hosts_put_aside_and_show_again(room_id: int, host: Author, ben: CameraKey) -> None:
    suggest(room_id, ben)
    guest = Author(room_id, ben[0], is_host=False)

    with pytest.raises(NotAllowedError):
        dismiss(guest, *ben)
    dismiss(host, *ben)
    with pytest.raises(NotAllowedError):
        show_again(guest, *ben)

    assert count_suggestions(room_id) == 0


@pytest.mark.parametrize("model", [Guest, Room])
def test_it_goes_with_the_guest_and_the_room(
    room_id: int, host: Author, ben: CameraKey, model: type[Guest | Room]
) -> None:
    suggest(room_id, ben)
    dismiss(host, *ben)

    db.session.execute(delete(model).where(model.id == (ben[0] if model is Guest else room_id)))
    db.session.commit()

    assert db.session.scalar(select(func.count(ClockDismissal.id))) == 0
