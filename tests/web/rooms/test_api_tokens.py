"""The page where hosts make, see and remove the tokens of scripts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import ApiToken, utc_now
from photoshare.services.rooms.api_tokens import MAX_TOKENS
from tests.conftest import Cast
from tests.helpers import row_counts, tags_of


def make_token(client: FlaskClient, cast: Cast, name: str = "Booth", *rights: str) -> str:
    form = {"name": name} | dict.fromkeys(rights or ("read",), "1")
    page = client.post(f"{cast.url}/tokens", data=form)
    (field,) = tags_of(page.text, "input", id="token")
    return field["value"]


def use(app: Flask, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return app.test_client().get("/api/v1/room", headers=headers).status_code


@pytest.fixture
def clara(app: Flask, cast: Cast) -> FlaskClient:
    """A co-host's browser."""
    address = cast.host.post(f"{cast.url}/hosts", data={"name": "Clara"}).location
    (field,) = tags_of(cast.host.get(address).text, "input", id="host-link")
    client = app.test_client()
    client.post(field["value"].removeprefix("http://localhost"), data={"name": ""})
    return client


def test_a_token_is_shown_once_and_stored_nowhere(app: Flask, cast: Cast) -> None:
    answer = cast.host.post(f"{cast.url}/tokens", data={"name": "Booth", "read": "1"})
    (field,) = tags_of(answer.text, "input", id="token")
    secret = field["value"]

    assert answer.headers["Cache-Control"] == "no-store"
    page = cast.host.get(f"{cast.url}/tokens").text
    assert "Booth" in page
    assert secret not in page
    with app.app_context():
        token = db.session.scalars(select(ApiToken)).one()
        assert secret.removeprefix("photoshare_") not in str(vars(token))
    assert use(app, secret) == 200


def test_the_settings_lead_to_the_tokens(cast: Cast) -> None:
    page = cast.host.get(f"{cast.url}/settings").text

    assert tags_of(page, "a", href=f"{cast.url}/tokens")


def test_the_page_tells_what_a_token_may_and_when_it_was_used(app: Flask, cast: Cast) -> None:
    both = make_token(cast.host, cast, "Backup", "read", "add")
    make_token(cast.host, cast, "Booth", "add")
    use(app, both)

    page = cast.host.get(f"{cast.url}/tokens").text

    assert "can read and add photos" in page
    assert "can add photos" in page
    assert page.count("never used") == 1
    assert page.count("last used") == 1


def test_the_use_of_a_token_is_noted_every_few_minutes(app: Flask, cast: Cast) -> None:
    token = make_token(cast.host, cast)

    def used_after(minutes: int) -> bool:
        before = utc_now() - timedelta(minutes=minutes)
        with app.app_context():
            db.session.execute(update(ApiToken).values(used_at=before))
            db.session.commit()
        use(app, token)
        with app.app_context():
            return db.session.scalars(select(ApiToken.used_at)).one() != before

    assert [used_after(minutes) for minutes in (1, 9, 11)] == [False, False, True]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"read": "1"}, "Please type what the token is for."),
        ({"name": "   ", "read": "1"}, "Please type what the token is for."),
        ({"name": "a" * 61, "read": "1"}, "Names can be up to 60 characters long."),
        ({"name": "Booth"}, "Please choose what the token is allowed to do."),
    ],
)
def test_a_token_needs_a_name_and_a_right(
    app: Flask, cast: Cast, form: dict[str, str], sentence: str
) -> None:
    answer = cast.host.post(f"{cast.url}/tokens", data=form)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert row_counts(app)["api_token"] == 0


def test_a_room_has_no_more_tokens_than_a_host_can_tell_apart(app: Flask, cast: Cast) -> None:
    for number in range(MAX_TOKENS):
        make_token(cast.host, cast, f"Booth {number}")

    answer = cast.host.post(f"{cast.url}/tokens", data={"name": "One more", "read": "1"})

    assert answer.status_code == 422
    assert row_counts(app)["api_token"] == MAX_TOKENS


def test_a_co_host_manages_their_own_tokens_and_the_host_all(
    app: Flask, cast: Cast, clara: FlaskClient
) -> None:
    of_host, of_clara = make_token(cast.host, cast, "Backup"), make_token(clara, cast, "Booth")

    seen_by_clara = clara.get(f"{cast.url}/tokens").text
    seen_by_host = cast.host.get(f"{cast.url}/tokens").text

    assert ("Backup" in seen_by_clara, "Booth" in seen_by_clara) == (False, True)
    assert ("Backup" in seen_by_host, "Booth" in seen_by_host) == (True, True)
    assert "made by" in seen_by_host
    assert clara.post(f"{cast.url}/tokens/1/remove").status_code == 404
    assert use(app, of_host) == 200
    assert cast.host.post(f"{cast.url}/tokens/2/remove").status_code == 303
    assert use(app, of_clara) == 401
    assert "no longer works" in cast.host.get(f"{cast.url}/tokens").text
