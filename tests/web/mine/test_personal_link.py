"""A personal link makes another browser the same guest, until it is renewed or the guest is out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from photoshare.db import db
from photoshare.models import ApiToken, OwnLink, Photo
from photoshare.services.rooms.host_links import EXTENSION
from photoshare.web.pages.words import END_OF_ISOLATE, ISOLATE
from tests.conftest import COOKIE, Cast
from tests.helpers import (
    guest_of,
    make_own_link,
    row_counts,
    set_password,
    set_title_and_end,
)
from tests.web.conftest import Party


def plain(page: str) -> str:
    """Return a page without the characters around names."""
    return page.replace(ISOLATE, "").replace(END_OF_ISOLATE, "")


def opened(app: Flask, link: str) -> FlaskClient:
    """Make a browser that has opened a personal link and said yes."""
    client = app.test_client()
    assert client.post(link).status_code == 303
    return client


def test_another_phone_is_the_same_guest(app: Flask, cast: Cast, party: Party) -> None:
    cast.guest.post(f"{cast.url}/me/name", data={"name": "Mara"})
    cast.guest.post(f"{cast.url}/me/person", data={"person": party.red})

    phone = opened(app, make_own_link(cast.guest, cast.url))

    assert guest_of(app, phone, cast.room_id) == guest_of(app, cast.guest, cast.room_id)
    page = phone.get(f"{cast.url}/me").text
    assert "Mara" in page
    assert "Your photos" in page
    assert phone.get(f"{cast.url}/settings").status_code == 403


def test_looking_at_the_link_changes_nothing(app: Flask, cast: Cast) -> None:
    cast.guest.post(f"{cast.url}/me/name", data={"name": "Mara"})
    link = make_own_link(cast.guest, cast.url)
    before, preview = row_counts(app), app.test_client()

    page = preview.get(link)
    preview.head(link)

    assert "Are you Mara?" in plain(page.text)
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert page.headers["Cache-Control"] == "no-store"
    assert row_counts(app) == before
    assert preview.get_cookie(COOKIE) is None
    assert preview.get(f"{cast.url}/share").status_code == 404


def test_looking_at_the_page_of_links_makes_none(app: Flask, cast: Cast) -> None:
    page = cast.guest.get(f"{cast.url}/me/links").text

    assert "Make my link" in page
    with app.app_context():
        assert db.session.query(OwnLink).count() == 0


def test_it_survives_cleared_cookies(app: Flask, cast: Cast) -> None:
    link, guest_id = make_own_link(cast.guest, cast.url), guest_of(app, cast.guest, cast.room_id)
    cast.guest.delete_cookie(COOKIE)

    cast.guest.post(link)

    assert guest_of(app, cast.guest, cast.room_id) == guest_id


def test_a_new_link_ends_the_old_one_and_who_came_by_it(app: Flask, cast: Cast) -> None:
    old = make_own_link(cast.guest, cast.url)
    phone = opened(app, old)

    new = make_own_link(cast.guest, cast.url)

    assert phone.get(f"{cast.url}/me/links").status_code == 404
    assert app.test_client().get(old).status_code == 404
    assert app.test_client().post(old).status_code == 404
    assert opened(app, new).get(f"{cast.url}/me/links").status_code == 200
    assert cast.guest.get(f"{cast.url}/me/links").status_code == 200


@pytest.mark.parametrize("way", ["removed", "left"])
@pytest.mark.parametrize("with_photos", [True, False])
def test_the_link_of_who_is_out_answers_like_any_other(
    app: Flask, cast: Cast, party: Party, way: str, with_photos: bool
) -> None:
    guest_id = guest_of(app, cast.guest, cast.room_id)
    if with_photos:
        with app.app_context():
            db.session.get_one(Photo, party.photos["a.jpg"]).guest_id = guest_id
            db.session.commit()
    link = make_own_link(cast.guest, cast.url)
    phone = opened(app, link)

    if way == "left":
        cast.guest.post(f"{cast.url}/leave")
    else:
        cast.host.post(f"{cast.url}/guests/{guest_id}/remove")

    assert phone.get(f"{cast.url}/me/links").status_code == 404
    theirs, strangers = app.test_client().get(link), app.test_client().get(f"{cast.url}/mine/wrong")
    assert theirs.status_code == strangers.status_code == 404
    assert theirs.data.replace(link.encode(), b"") == strangers.data.replace(
        f"{cast.url}/mine/wrong".encode(), b""
    )


def test_the_link_of_another_room_opens_nothing_here(app: Flask, cast: Cast) -> None:
    secret = make_own_link(cast.guest, cast.url).rpartition("/")[2]
    other = app.test_client().post("/rooms", data={"title": "Other"}).location.split("/")[2]

    assert app.test_client().post(f"/rooms/{other}/mine/{secret}").status_code == 404


def test_the_link_of_a_host_makes_hosts_and_dies_with_the_host_link(app: Flask, cast: Cast) -> None:
    link = make_own_link(cast.host, cast.url)
    other = opened(app, link)
    assert other.get(f"{cast.url}/settings").status_code == 200

    cast.host.post(f"{cast.url}/hosts/1/renew")

    assert other.get(f"{cast.url}/settings").status_code == 404
    assert app.test_client().post(link).status_code == 404
    assert cast.host.get(f"{cast.url}/settings").status_code == 200


def test_the_host_becomes_a_guest_here_only_by_saying_so(app: Flask, cast: Cast) -> None:
    link = make_own_link(cast.guest, cast.url)

    page = cast.host.get(link).text
    still_host = cast.host.get(f"{cast.url}/settings").status_code
    cast.host.post(link)

    assert "Right now" in page
    assert still_host == 200
    assert cast.host.get(f"{cast.url}/settings").status_code == 403


def test_who_is_here_already_keeps_their_session(app: Flask, cast: Cast) -> None:
    link = make_own_link(cast.guest, cast.url)
    before = row_counts(app)

    page = cast.guest.get(link).text
    answer = cast.guest.post(link)

    assert "already here" in page
    assert answer.status_code == 303
    assert row_counts(app) == before


def test_a_link_from_before_the_new_password_does_not_give_it(app: Flask, cast: Cast) -> None:
    cast.guest.post(f"{cast.url}/me/name", data={"name": "Mara"})
    link = make_own_link(cast.guest, cast.url)
    with app.app_context():
        set_password(cast.room_id, "open sesame")

    phone = opened(app, link)
    refused = phone.get(f"{cast.url}/photos/ids?day=2026-07-04").status_code
    page = phone.get(cast.url).text
    phone.post(f"{cast.url}/join", data={"password": "open sesame"})

    assert refused == 404
    assert "Welcome back, Mara" in plain(page)
    assert guest_of(app, phone, cast.room_id) == guest_of(app, cast.guest, cast.room_id)
    assert opened(app, make_own_link(phone, cast.url)).get(f"{cast.url}/photos").status_code == 200


def test_it_works_at_a_former_address(app: Flask, cast: Cast) -> None:
    link = make_own_link(cast.guest, cast.url)
    new = cast.host.post(f"{cast.url}/guest-link").location.removesuffix("/share")

    assert opened(app, link).get(f"{new}/me").status_code == 200
    assert "has ended" in app.test_client().get(f"{cast.url}/mine/wrong").text


def test_after_the_end_it_makes_a_guest_who_may_look_and_not_add(app: Flask, cast: Cast) -> None:
    link, of_host = make_own_link(cast.guest, cast.url), make_own_link(cast.host, cast.url)
    with app.app_context():
        set_title_and_end(cast.room_id, "Party", datetime.now(UTC).date() - timedelta(days=2))

    phone = opened(app, link)

    assert guest_of(app, phone, cast.room_id) == guest_of(app, cast.guest, cast.room_id)
    assert phone.get(f"{cast.url}/photos").status_code == 200
    assert phone.post(f"{cast.url}/me/name", data={"name": "Mara"}).status_code == 403
    assert phone.post(f"{cast.url}/join").status_code == 303, "who they are already"
    assert opened(app, make_own_link(phone, cast.url)).get(f"{cast.url}/me").status_code == 200
    assert opened(app, of_host).get(f"{cast.url}/settings").status_code == 200


@pytest.mark.parametrize("whose", ["guest", "host"])
def test_in_the_bin_it_opens_nothing(app: Flask, cast: Cast, whose: str) -> None:
    link = make_own_link(cast.host if whose == "host" else cast.guest, cast.url)
    cast.host.post(f"{cast.url}/delete", data={"title": "Party"})

    assert app.test_client().get(link).status_code == 404
    assert app.test_client().post(link).status_code == 404
    assert "Party" not in app.test_client().get(link).text


def test_a_new_link_of_a_host_ends_their_tokens(app: Flask, cast: Cast) -> None:
    """A copy of their cookie may have made some."""
    make_own_link(cast.host, cast.url)
    with app.app_context():
        host = guest_of(app, cast.host, cast.room_id)
        db.session.add(
            ApiToken(
                room_id=cast.room_id,
                guest_id=host or 0,
                name="Backup",
                token_hash="0",
                may_read=True,
                may_add=True,
            )
        )
        db.session.commit()

    kept = row_counts(app)["api_token"]
    make_own_link(cast.host, cast.url)

    assert kept == 1
    assert row_counts(app)["api_token"] == 0


def test_guessing_is_limited(app: Flask, cast: Cast) -> None:
    link = make_own_link(cast.guest, cast.url)

    answers = [app.test_client().get(f"{cast.url}/mine/no{n}").status_code for n in range(22)]

    assert answers[:20] == [404] * 20
    assert answers[-1] == 429
    assert app.test_client().get(link).status_code == 200


def test_a_link_that_cannot_be_shown_works_and_can_be_replaced(app: Flask, cast: Cast) -> None:
    link = make_own_link(cast.guest, cast.url)
    app.extensions[EXTENSION] = "another key, as after a restore without the old one"

    page = cast.guest.get(f"{cast.url}/me/links").text

    assert "it can't be shown" in page
    assert opened(app, link).get(f"{cast.url}/me").status_code == 200
    assert make_own_link(cast.guest, cast.url) != link
