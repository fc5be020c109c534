"""GET and POST /rooms/<code>/host/<secret>."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import update
from werkzeug.security import generate_password_hash

from photoshare.db import db
from photoshare.models import HostLink
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import row_counts, set_title_and_end, tags_of


def test_opening_the_link_changes_nothing(app: Flask, cast: Cast) -> None:
    before = row_counts(app)
    url = f"{cast.url}/host/{cast.host_secret}"

    answer = cast.stranger.get(url)

    assert answer.status_code == 200
    assert tags_of(answer.text, "form")[0]["action"] == url
    assert "Set-Cookie" not in answer.headers
    assert row_counts(app) == before
    assert cast.stranger.get(f"{cast.url}/photos").status_code == 303  # to the invitation


def test_confirming_it_makes_this_browser_a_host(cast: Cast) -> None:
    answer = cast.stranger.post(f"{cast.url}/host/{cast.host_secret}", data={"name": "Stella"})

    url = f"{cast.url}/host/{cast.host_secret}"
    assert (answer.status_code, answer.location) == (303, f"{url}?entered=1")
    assert cast.stranger.get(answer.location).location == f"{cast.url}/share"
    assert "Settings" in cast.stranger.get(answer.location, follow_redirects=True).text


def test_a_guest_becomes_a_host_too(cast: Cast) -> None:
    cast.guest.post(f"{cast.url}/host/{cast.host_secret}")

    assert cast.guest.get(f"{cast.url}/delete").status_code == 200


def test_a_wrong_secret_makes_nobody_a_host(app: Flask, cast: Cast) -> None:
    before = row_counts(app)

    answer = cast.stranger.post(f"{cast.url}/host/{cast.host_secret}x")

    assert answer.status_code == 404
    assert "This host link isn&#39;t valid." in answer.text
    assert row_counts(app) == before
    assert cast.stranger.get(f"{cast.url}/photos").status_code == 303  # to the invitation


def test_the_secret_of_another_room_makes_nobody_a_host(
    cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other = make_room("Other")

    assert cast.stranger.post(f"{cast.url}/host/{other.host_secret}").status_code == 404


def test_an_unknown_room_is_not_found(cast: Cast) -> None:
    url = f"/rooms/acdef-hjkm-nprtw/host/{cast.host_secret}"

    assert cast.stranger.get(url).status_code == 404
    assert cast.stranger.post(url).status_code == 404


def test_guessing_secrets_is_slowed_down(cast: Cast) -> None:
    codes = [cast.stranger.post(f"{cast.url}/host/{n}").status_code for n in range(21)]

    assert codes == [404] * 20 + [429]
    assert cast.stranger.get(f"{cast.url}/host/{cast.host_secret}").status_code == 200


def test_a_link_that_was_made_when_secrets_were_stretched_still_works(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        hashed = generate_password_hash(cast.host_secret)  # scrypt
        db.session.execute(update(HostLink).values(secret_hash=hashed))
        db.session.commit()

    assert cast.stranger.get(f"{cast.url}/host/{cast.host_secret}").status_code == 200
    assert cast.stranger.get(f"{cast.url}/host/{cast.host_secret}x").status_code == 404


def test_a_secret_without_end_is_not_found(cast: Cast) -> None:
    assert cast.stranger.get(f"{cast.url}/host/{'x' * 10_000}").status_code == 404


def test_a_wrong_secret_does_not_even_show_the_rooms_title(cast: Cast) -> None:
    answer = cast.stranger.get(f"{cast.url}/host/{cast.host_secret}x")

    assert answer.status_code == 404
    assert "Party" not in answer.text


def test_the_host_link_of_an_ended_room_still_works(app: Flask, cast: Cast) -> None:
    with app.app_context():
        set_title_and_end(cast.room_id, "Party", datetime.now(UTC).date() - timedelta(days=2))

    answer = cast.stranger.post(f"{cast.url}/host/{cast.host_secret}")

    assert answer.status_code == 303
    assert cast.stranger.get(cast.url).status_code == 200


def test_a_wrong_secret_shows_no_title_whatever_else_was_sent(cast: Cast) -> None:
    answer = cast.stranger.post(f"{cast.url}/host/{cast.host_secret}x", data={"name": "x" * 61})

    assert answer.status_code == 404
    assert "Party" not in answer.text
