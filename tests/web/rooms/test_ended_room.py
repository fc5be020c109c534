"""An ended room says whose it was, and what its host may still do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import Room
from tests.conftest import Cast
from tests.helpers import (
    HX,
    give_photos,
    let_guests_correct,
    set_password,
    set_title_and_end,
    tags_of,
)
from tests.web.conftest import Party

LONG_AGO = datetime.now(UTC).date() - timedelta(days=2)
PAGES = ["", "/photos", "/people/1", "/photos/9999", "/me", "/wall", "/share"]


@pytest.fixture
def ended(app: Flask, cast: Cast) -> Cast:
    with app.app_context():
        set_title_and_end(cast.room_id, "Party", LONG_AGO)
    return cast


@pytest.mark.parametrize("path", ["", "/photos", "/people", "/me"])
def test_a_guest_reads_that_it_has_ended_and_finds_nothing_to_add_with(
    ended: Cast, path: str
) -> None:
    page = ended.guest.get(ended.url + path).text

    assert "This room ended on" in page
    assert "You can still look at everything and download it." in page
    assert "data-upload" not in page
    assert "data-add" not in page


def test_a_guest_finds_nothing_to_correct_give_or_delete(
    app: Flask, ended: Cast, party: Party
) -> None:
    give_photos(app, ended.guest, [party.photos["a.jpg"]])
    let_guests_correct(app, ended.room_id)

    photo = ended.guest.get(f"{ended.url}/photos/{party.photos['a.jpg']}").text
    album = ended.guest.get(f"{ended.url}/people/{party.red}").text
    grid = ended.guest.get(f"{ended.url}/photos").text

    (heart, delete, deletable) = ("/heart", "/delete", "data-deletable")
    assert not any(word in page for page in (photo, album, grid) for word in (heart, delete))
    assert deletable not in grid
    assert f"/people/{party.red}/name" not in album
    assert "/download" in photo
    assert ended.guest.get(f"{ended.url}/photos.zip", buffered=True).status_code == 200


def test_a_stranger_reads_no_name(ended: Cast) -> None:
    page = ended.stranger.get(ended.url).text

    assert "“Party” has ended" in page
    assert "Hanna" not in page


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_reads_no_title_where_there_is_a_password(
    app: Flask, ended: Cast, path: str
) -> None:
    with app.app_context():
        set_password(ended.room_id, "open sesame")

    page = ended.stranger.get(ended.url + path).text

    assert "This room has ended" in page
    assert "Party" not in page


def test_a_part_of_an_open_page_gets_a_sentence_only(ended: Cast) -> None:
    answer = ended.stranger.get(f"{ended.url}/people", headers=HX)

    assert answer.status_code == 404
    assert "This room has ended." in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize("path", ["", "/share", "/guests", "/settings"])
def test_the_host_reads_what_is_still_possible_and_can_open_it_again(
    ended: Cast, path: str
) -> None:
    page = ended.host.get(ended.url + path).text

    assert "This room ended on" in page
    assert "Guests who are in can still look and download; nobody new can join." in page
    (form,) = tags_of(page, "form", action=f"{ended.url}/reopen")
    ended.host.post(form["action"])
    assert "This room ended on" not in ended.host.get(ended.url + path).text
    assert 'type="file"' in ended.guest.get(ended.url).text


def test_a_new_end_date_opens_it_again(ended: Cast) -> None:
    ended.host.post(f"{ended.url}/end")
    form = {"title": "Party", "ends_on": str(datetime.now(UTC).date() + timedelta(days=9))}

    ended.host.post(f"{ended.url}/settings", data=form)

    assert "This room ended on" not in ended.host.get(ended.url).text


def test_ending_now_is_one_tap_and_can_be_undone(cast: Cast) -> None:
    (form,) = tags_of(cast.host.get(f"{cast.url}/settings").text, "form", action=f"{cast.url}/end")

    page = cast.host.post(form["action"], follow_redirects=True).text

    assert "The room has ended." in page
    assert not tags_of(page, "form", action=f"{cast.url}/end")
    assert "You can still look" in cast.guest.get(cast.url).text
    undo, *_ = tags_of(page, "form", action=f"{cast.url}/reopen")
    cast.host.post(undo["action"])
    assert "You can still look" not in cast.guest.get(cast.url).text


def test_everyone_is_told_before_the_end_and_before_the_deletion(app: Flask, cast: Cast) -> None:
    """A room that was there before has no day; a new one, 30 days after its end."""
    in_three_days = datetime.now(UTC).date() + timedelta(days=3)
    with app.app_context():
        set_title_and_end(cast.room_id, "Party", in_three_days)
        db.session.execute(update(Room).values(deletes_after_days=None))
        db.session.commit()
    plain = cast.guest.get(f"{cast.url}/photos").text

    form = {"title": "Party", "ends_on": str(in_three_days), "deletes_after_days": "30"}
    cast.host.post(f"{cast.url}/settings", data=form)
    dated = cast.guest.get(f"{cast.url}/photos").text

    assert "The room ends after" in plain
    assert "Add your last photos" in plain
    day = in_three_days + timedelta(days=30)
    assert f"On {day:%B} {day.day}, {day.year} it will be deleted" in dated


@pytest.mark.parametrize("days", ["6", "-1", "soon", "99999"])
def test_days_that_are_not_offered_are_refused(cast: Cast, days: str) -> None:
    form = {"title": "Party", "deletes_after_days": days}

    answer = cast.host.post(f"{cast.url}/settings", data=form)

    assert answer.status_code == 422
    assert "Please choose when the room is to be deleted from the list." in answer.text


def test_the_form_of_a_new_room_says_when_it_is_deleted_and_can_say_never(
    app: Flask, cast: Cast
) -> None:
    page = cast.stranger.get("/rooms").text

    assert "30 days later" in page
    for days, kept in ((None, 30), ("90", 90), ("", None)):
        form = {"title": f"Of {days!r}"} | ({} if days is None else {"deletes_after_days": days})
        cast.stranger.post("/rooms", data=form)
        with app.app_context():
            query = select(Room.deletes_after_days).where(Room.title == f"Of {days!r}")
            assert db.session.scalars(query).one() == kept
