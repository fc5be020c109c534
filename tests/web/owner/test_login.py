"""The login of the owner: who gets in, until when, and that nobody locks them out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeSerializer
from sqlalchemy import update

from photoshare.db import db
from photoshare.models import OwnerSession, utc_now
from photoshare.rates import Turns
from photoshare.services.owner import password, sessions
from photoshare.web.requests import attempts
from photoshare.web.requests.owner import COOKIE
from tests.conftest import Cast
from tests.helpers import row_counts, tags_of
from tests.web.conftest import OWNER_PASSWORD

IN, WRONG, TOO_MANY = 303, 422, 429


def try_password(client: FlaskClient, typed: str, address: str = "10.0.0.8") -> int:
    return client.post(
        "/owner/login", data={"owner_password": typed}, environ_base={"REMOTE_ADDR": address}
    ).status_code


def is_in(client: FlaskClient) -> bool:
    return client.get("/owner").status_code == 200


def copy_of(app: Flask, client: FlaskClient) -> FlaskClient:
    """Make a browser with another one's cookie."""
    cookie, copy = client.get_cookie(COOKIE), app.test_client()
    assert cookie is not None
    copy.set_cookie(COOKIE, cookie.value)
    return copy


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PAUSE_S", 0)


def test_the_password_leads_to_the_page(app: Flask, owner: FlaskClient) -> None:
    assert is_in(owner)
    assert "no rooms yet" in owner.get("/owner").text
    assert owner.get("/owner/login").location == "/owner"


def test_the_login_leads_to_the_page_that_was_asked_for(app: Flask, owner: FlaskClient) -> None:
    client = app.test_client()

    asked = client.get("/owner/rooms/7")
    field, _of_the_language = tags_of(client.get(asked.location).text, "input", name="next")
    form = {"owner_password": OWNER_PASSWORD, "next": field["value"]}

    assert asked.location == "/owner/login?next=/owner/rooms/7"
    assert client.post("/owner/login", data=form).location == "/owner/rooms/7"


def test_the_login_leads_to_no_other_site(app: Flask, owner: FlaskClient) -> None:
    form = {"owner_password": OWNER_PASSWORD, "next": "https://evil.example/owner"}

    assert app.test_client().post("/owner/login", data=form).location == "/owner"


def test_a_wrong_password_is_said_beside_its_field(app: Flask, owner: FlaskClient) -> None:
    answer = app.test_client().post("/owner/login", data={"owner_password": "wrong"})

    (field,) = tags_of(answer.text, "input", name="owner_password")
    assert answer.status_code == WRONG
    assert field["aria-invalid"] == "true"
    assert "Set-Cookie" not in answer.headers


def test_without_a_password_nobody_gets_in_and_the_page_says_how(app: Flask) -> None:
    client = app.test_client()

    assert "./run.sh owner-password" in client.get("/owner", follow_redirects=True).text
    assert [try_password(client, typed) for typed in ("", "None", "password")] == [WRONG] * 3


def test_the_cookie_is_of_the_owner_alone(app: Flask, owner: FlaskClient, cast: Cast) -> None:
    cookie = owner.get_cookie(COOKIE)

    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert OWNER_PASSWORD not in cookie.value
    assert owner.get(f"{cast.url}/share").status_code == 404, "it lets into no room"


def test_logging_out_ends_the_session_and_its_copies(app: Flask, owner: FlaskClient) -> None:
    copy = copy_of(app, owner)
    assert is_in(copy)

    owner.post("/owner/logout")

    assert not is_in(owner)
    assert not is_in(copy)
    assert row_counts(app, [OwnerSession]) == {"owner_session": 0}


def test_logging_out_leaves_other_browsers_in_unless_it_is_everywhere(
    app: Flask, owner: FlaskClient
) -> None:
    second, third = app.test_client(), app.test_client()
    for client in (second, third):
        assert try_password(client, OWNER_PASSWORD) == IN

    second.post("/owner/logout")
    were_in = [is_in(client) for client in (owner, second, third)]
    third.post("/owner/logout", data={"everywhere": "1"})

    assert were_in == [True, False, True]
    assert [is_in(client) for client in (owner, second, third)] == [False] * 3


def test_logging_in_again_ends_the_session_before(app: Flask, owner: FlaskClient) -> None:
    copy = copy_of(app, owner)

    assert try_password(owner, OWNER_PASSWORD) == IN

    assert is_in(owner)
    assert not is_in(copy)


def test_a_new_password_ends_all_sessions(app: Flask, owner: FlaskClient) -> None:
    with app.app_context():
        new = password.renew_password()

    assert not is_in(owner)
    assert try_password(owner, OWNER_PASSWORD) == WRONG
    assert try_password(owner, new) == IN
    assert is_in(owner)


def test_a_session_ends_after_thirty_days_without_a_visit(app: Flask, owner: FlaskClient) -> None:
    def set_seen(ago: timedelta) -> None:
        with app.app_context():
            db.session.execute(update(OwnerSession).values(seen_at=utc_now() - ago))
            db.session.commit()

    set_seen(sessions.LASTS - timedelta(hours=1))
    assert is_in(owner)
    with app.app_context():
        session = db.session.get_one(OwnerSession, 1)
        assert utc_now() - session.seen_at < timedelta(minutes=1), "a visit is noted"

    set_seen(sessions.LASTS + timedelta(hours=1))
    assert not is_in(owner)


@pytest.mark.parametrize("key", ["another key of another server", None])
def test_a_forged_cookie_is_worth_nothing(app: Flask, owner: FlaskClient, key: str | None) -> None:
    cookie, client = owner.get_cookie(COOKIE), app.test_client()
    assert cookie is not None
    if key is None:
        client.set_cookie(COOKIE, cookie.value[:-3] + "AAA")
    else:
        content = URLSafeSerializer(str(app.secret_key), salt="owner").loads(cookie.value)
        client.set_cookie(COOKIE, URLSafeSerializer(key, salt="owner").dumps(content))

    assert not is_in(client)


def test_guessing_is_slowed_down_and_the_right_password_passes(
    app: Flask, owner: FlaskClient
) -> None:
    client = app.test_client()

    codes = [try_password(client, f"guess {number}") for number in range(22)]

    assert codes == [WRONG] * 20 + [TOO_MANY] * 2
    assert try_password(client, OWNER_PASSWORD) == IN


def test_attackers_elsewhere_do_not_cost_the_owner_a_try(app: Flask, owner: FlaskClient) -> None:
    for number in range(30):
        try_password(app.test_client(), f"guess {number}", "10.0.0.66")

    assert try_password(app.test_client(), "a typo", "10.0.0.8") == WRONG
    assert try_password(app.test_client(), OWNER_PASSWORD, "10.0.0.8") == IN


def test_a_browser_that_was_logged_in_has_tries_of_its_own(app: Flask, owner: FlaskClient) -> None:
    """Even behind the address of an attacker."""
    owner.post("/owner/logout")
    for number in range(30):
        try_password(app.test_client(), f"guess {number}")

    assert try_password(app.test_client(), "a typo") == TOO_MANY
    assert try_password(owner, "a typo") == WRONG
    assert try_password(owner, OWNER_PASSWORD) == IN


def test_a_full_queue_of_guesses_keeps_no_known_browser_out(
    app: Flask, owner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def full(_turns: Turns) -> Iterator[bool]:
        yield False

    for number in range(20):
        try_password(app.test_client(), f"guess {number}")
    monkeypatch.setattr(Turns, "take", full)

    assert try_password(app.test_client(), OWNER_PASSWORD) == TOO_MANY, "unchecked, for a second"
    assert try_password(owner, OWNER_PASSWORD) == IN
