"""/rooms/<code>/guests: hosts see who is in, rename them, stop their uploads, remove them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.errors import disk_full_error
from photoshare.models import Deletion, Guest, GuestSession, Photo, Upload, utc_now
from photoshare.services.rooms import entering, sessions
from photoshare.services.rooms.rooms import NewRoom
from photoshare.services.rooms.sessions import SEEN_EVERY_MIN
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import HX, counted_queries, guest_of, insert_photos, tags_of, undo_addresses
from tests.web.uploading import photo_form, upload_ways

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1"
TABLET = "Mozilla/5.0 (Linux; Android 15; SM-X710) AppleWebKit/537.36 Chrome/131.0 Safari/537.36"
COMPUTER = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"


@pytest.fixture
def gustav(app: Flask, cast: Cast) -> str:
    """Address of the guest's page."""
    return f"{cast.url}/guests/{guest_of(app, cast.guest, cast.room_id)}"


def add_guests(app: Flask, cast: Cast, names: list[str]) -> None:
    with app.app_context():
        room = entering.find_room(cast.code)
        for name in names:
            guest = entering.join_room(room, password="", name=name)
            sessions.open_session(guest, "phone")


def rows_of(page: str) -> list[str]:
    return [tag["href"] for tag in tags_of(page, "a", **{"class": "guest-row"})]


@pytest.mark.parametrize(
    ("agent", "word"), [(PHONE, "Phone"), (TABLET, "Tablet"), (COMPUTER, "Computer")]
)
def test_the_kind_of_device_is_shown_and_nothing_else_is_stored_of_it(
    app: Flask, cast: Cast, agent: str, word: str
) -> None:
    cast.stranger.post(f"{cast.url}/join", data={"name": "Stella"}, headers={"User-Agent": agent})

    page = cast.host.get(f"{cast.url}/guests/3").text

    assert f"{word} · last seen" in page
    with app.app_context():
        stored = db.session.scalars(select(GuestSession.device).order_by(GuestSession.id)).all()
    assert stored[-1] == word.lower()


def test_when_a_guest_was_last_seen_is_noted_every_ten_minutes_at_most(
    app: Flask, cast: Cast
) -> None:
    def seen_after_a_request(**headers: str) -> bool:
        was_seen(app, timedelta(minutes=SEEN_EVERY_MIN))
        cast.guest.get(f"{cast.url}/photos", headers=headers)
        with app.app_context():
            last = db.session.scalars(select(GuestSession.seen_at)).all()
        return max(last) > utc_now() - timedelta(minutes=SEEN_EVERY_MIN) / 2

    assert not seen_after_a_request(**{"Sec-Fetch-Dest": "image"}), "a page has dozens at once"
    assert seen_after_a_request()
    with counted_queries(app) as statements:
        cast.guest.get(f"{cast.url}/photos")
    assert not any(statement.startswith("UPDATE") for statement in statements)


@pytest.mark.parametrize("path", ["/me/name", "/leave"])
def test_a_form_after_a_long_absence_is_taken(app: Flask, cast: Cast, path: str) -> None:
    was_seen(app, timedelta(minutes=SEEN_EVERY_MIN))

    assert cast.guest.post(f"{cast.url}{path}", data={"name": "Gus"}).status_code == 303


def was_seen(app: Flask, ago: timedelta) -> None:
    """Let it be this long ago that everyone was here."""
    with app.app_context():
        db.session.execute(update(GuestSession).values(seen_at=utc_now() - ago))
        db.session.commit()


def test_a_full_disk_keeps_nobody_from_the_photos(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise disk_full_error()

    was_seen(app, timedelta(minutes=SEEN_EVERY_MIN))
    monkeypatch.setattr(sessions, "note_seen", refuse)

    assert cast.guest.get(f"{cast.url}/photos").status_code == 200


def test_hundreds_of_guests_are_shown_page_by_page_and_found_by_name(
    app: Flask, cast: Cast
) -> None:
    add_guests(app, cast, [f"Guest {number}" for number in range(60)] + ["Łucja Żak"])

    first = cast.host.get(f"{cast.url}/guests").text
    second = cast.host.get(f"{cast.url}/guests?page=2").text
    found = cast.host.get(f"{cast.url}/guests?find=lucja").text

    assert "63 guests" in first
    assert len(rows_of(first)) == 50
    assert len(rows_of(second)) == 13
    assert not set(rows_of(first)) & set(rows_of(second))
    assert len(rows_of(found)) == 1
    assert "Łucja Żak" in found


def test_a_host_renames_a_guest(cast: Cast, gustav: str) -> None:
    answer = cast.host.post(f"{gustav}/name", data={"name": " Uncle  Gus "})

    assert answer.location == gustav
    assert "Uncle Gus" in cast.host.get(gustav).text
    assert "Uncle Gus" in cast.guest.get(f"{cast.url}/me").text


def all_upload_ways(client: FlaskClient, cast: Cast) -> dict[str, int]:
    """Try every way of uploading, from the phone's gallery as well; return the statuses."""
    shared = client.post("/share-target", data=photo_form(), follow_redirects=True)
    return upload_ways(client, cast) | {"shared": shared.status_code}


def test_stopped_uploads_are_refused_in_one_sentence_whatever_the_way(
    app: Flask, cast: Cast, gustav: str
) -> None:
    content = draw_photo(RED, seed=8)
    facts = {"file_name": "c.jpg", "size": str(len(content))}
    assert cast.guest.post(f"{cast.url}/uploads", data=facts).status_code == 201

    cast.host.post(f"{gustav}/uploads", data={"is_stopped": "1"})
    refused = all_upload_ways(cast.guest, cast)
    answer = cast.guest.post(f"{cast.url}/photos", headers=HX)
    home = cast.guest.get(cast.url).text

    assert refused == dict.fromkeys(refused, 403)
    assert "The host has stopped your uploads in this room." in answer.text
    assert "The host has stopped your uploads in this room." in home
    assert not tags_of(home, "input", type="file")
    cast.host.post(f"{gustav}/uploads")
    assert cast.guest.post(f"{cast.url}/uploads/1?offset=0", data=content).status_code == 303


def test_a_removed_guest_is_forgotten_and_their_photos_stay(
    app: Flask, cast: Cast, gustav: str
) -> None:
    guest_id = guest_of(app, cast.guest, cast.room_id)
    insert_photos(app, cast.room_id, 2, guest_id=guest_id)
    cast.guest.post(f"{cast.url}/uploads", data={"file_name": "c.jpg", "size": "9"})

    answer = cast.host.post(f"{gustav}/remove", follow_redirects=True)

    assert "Gustav is no longer in the room." in answer.text
    assert cast.guest.get(f"{cast.url}/me").status_code == 303  # to the invitation
    with app.app_context():
        assert db.session.get_one(Guest, guest_id).name == ""
        assert len(db.session.scalars(select(Photo)).all()) == 2
        assert db.session.scalars(select(Upload)).all() == []
    page = cast.host.get(gustav).text
    assert "no longer in the room" in page
    assert "Delete 2 photos" in page
    assert not tags_of(page, "input", name="name")


def test_a_guest_is_removed_with_their_photos_which_can_be_brought_back(
    app: Flask, cast: Cast, gustav: str
) -> None:
    guest_id = guest_of(app, cast.guest, cast.room_id)
    insert_photos(app, cast.room_id, 3, guest_id=guest_id)
    insert_photos(app, cast.room_id, 1, seed="other")

    page = cast.host.post(f"{gustav}/remove", data={"with_photos": "1"}, follow_redirects=True).text
    with app.app_context():
        left = len(db.session.scalars(select(Photo)).all())
    (undo,) = undo_addresses(page)
    cast.host.post(undo)

    assert "Gustav is no longer in the room." in page
    assert "3 photos deleted." in page
    assert left == 1
    with app.app_context():
        uploaders = db.session.scalars(select(Photo.guest_id)).all()
        assert uploaders.count(guest_id) == 3, "not the command line's"
        assert db.session.scalars(select(Deletion)).all() == []


def test_who_was_removed_may_join_again_as_someone_new(cast: Cast, gustav: str) -> None:
    cast.host.post(f"{gustav}/remove")

    assert cast.guest.post(f"{cast.url}/join", data={"name": "Gustav"}).status_code == 303
    assert cast.guest.get(f"{cast.url}/me").status_code == 200
    assert len(rows_of(cast.host.get(f"{cast.url}/guests").text)) == 2


def test_a_host_cannot_remove_themselves(app: Flask, cast: Cast) -> None:
    own = f"{cast.url}/guests/{guest_of(app, cast.host, cast.room_id)}"

    answer = cast.host.post(f"{own}/remove")

    assert answer.status_code == 422
    assert "You can&#39;t remove yourself." in answer.text
    assert not tags_of(cast.host.get(own).text, "form", action=f"{own}/remove")
    assert cast.host.get(f"{cast.url}/settings").status_code == 200


def test_a_guest_of_another_room_is_not_found(
    cast: Cast, make_room: Callable[..., NewRoom], app: Flask
) -> None:
    other = app.test_client()
    new = make_room("Other")
    other.post(f"/rooms/{new.room.code}/join", data={"name": "Olga"})

    for path in ("", "/name", "/uploads", "/remove"):
        method = "POST" if path else "GET"
        assert cast.host.open(f"{cast.url}/guests/3{path}", method=method).status_code == 404
