"""New guest links, new host links, links of co-hosts, and cookies from before there were tokens."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import GuestSession, HostLink, Photo
from photoshare.services.rooms import hosts, sessions
from photoshare.services.rooms.host_links import EXTENSION
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import COOKIE, Cast
from tests.fakes import RED, draw_photo
from tests.helpers import guest_of, tags_of
from tests.live import serving

ORIGIN = "http://localhost"


def host_link(client: FlaskClient, address: str) -> str:
    """Return the path of the host link that a page shows."""
    (field,) = tags_of(client.get(address).text, "input", id="host-link")
    return field["value"].removeprefix(ORIGIN)


@pytest.fixture
def clara(app: Flask, cast: Cast) -> tuple[str, FlaskClient]:
    """A co-host: the address where her link is managed, and her browser."""
    address = cast.host.post(f"{cast.url}/hosts", data={"name": "Clara"}).location
    client = app.test_client()
    client.post(host_link(cast.host, address), data={"name": ""})
    return address, client


# ---- The guest link ------------------------------------------------------------------------------


def test_the_host_is_asked_before_a_new_guest_link_is_made(cast: Cast) -> None:
    page = cast.host.get(f"{cast.url}/guest-link").text

    assert "Printed posters and codes lead to the old link" in page
    assert tags_of(page, "form", action=f"{cast.url}/guest-link", method="post")


def test_the_new_guest_link_lets_strangers_in_and_the_old_one_does_not(cast: Cast) -> None:
    answer = cast.host.post(f"{cast.url}/guest-link")
    new = answer.location.removesuffix("/share")

    assert new != cast.url
    page = cast.host.get(answer.location).text
    assert tags_of(page, "input", id="guest-link")[0]["value"] == ORIGIN + new
    assert "This room has ended" in cast.stranger.get(cast.url).text
    assert cast.stranger.post(f"{cast.url}/join").status_code == 404
    typed = cast.stranger.post("/join", data={"room_code": cast.code}, follow_redirects=True)
    assert "This room has ended" in typed.text
    assert cast.stranger.post(f"{new}/join").status_code == 303


def test_every_former_code_leads_who_is_in_to_the_present_one(cast: Cast) -> None:
    second = cast.host.post(f"{cast.url}/guest-link").location.removesuffix("/share")
    third = cast.host.post(f"{second}/guest-link").location.removesuffix("/share")

    for old in (cast.url, second):
        assert cast.guest.get(f"{old}/photos?order=oldest").location == (
            f"{third}/photos?order=oldest"
        )
    assert third.rpartition("/")[2] in cast.guest.get("/").text


def test_the_host_link_that_was_written_down_survives_a_new_guest_link(
    app: Flask, cast: Cast
) -> None:
    new = cast.host.post(f"{cast.url}/guest-link").location.removesuffix("/share")
    browser = app.test_client()

    answer = browser.post(f"{cast.url}/host/{cast.host_secret}")

    assert answer.status_code == 303
    assert browser.get(f"{new}/settings").status_code == 200
    assert "has ended" in app.test_client().get(f"{cast.url}/host/wrong").text


def test_an_upload_goes_on_where_the_guest_link_is_renewed_meanwhile(
    app: Flask, cast: Cast
) -> None:
    content = draw_photo(RED, seed=9)
    facts = urlencode({"file_name": "a.jpg", "size": len(content)}).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with serving(app) as live:
        begun = live.ask(cast.guest, f"{cast.url}/uploads", method="POST", body=facts, **form)
        place = begun.headers["Location"]
        live.ask(cast.guest, f"{place}?offset=0", method="POST", body=content[:100])
        live.ask(cast.host, f"{cast.url}/guest-link", method="POST")

        done = live.ask(
            cast.guest, f"{place}?offset=100", method="POST", body=content[100:], HX_Request="true"
        )
        poll = live.ask(cast.guest, f"{cast.url}/jobs/current", HX_Request="true")
        picture = live.ask(cast.guest, f"{cast.url}/qr.png")

    assert (begun.status, done.status) == (201, 201)
    assert b"upload-results" in done.content
    assert (poll.status, picture.status) == (303, 303)
    assert cast.url not in poll.headers["Location"]
    with app.app_context():
        assert len(db.session.scalars(select(Photo)).all()) == 1


# ---- Host links ----------------------------------------------------------------------------------


def test_a_new_host_link_puts_out_who_came_by_the_old_one_except_who_asks(
    app: Flask, cast: Cast, clara: tuple[str, FlaskClient]
) -> None:
    other = app.test_client()
    other.post(f"{cast.url}/host/{cast.host_secret}", data={"name": "Olga"})

    cast.host.post(f"{cast.url}/hosts/1/renew")

    new = host_link(cast.host, f"{cast.url}/share")
    assert not new.endswith(cast.host_secret)
    assert cast.stranger.get(f"{cast.url}/host/{cast.host_secret}").status_code == 404
    assert other.get(f"{cast.url}/settings").status_code == 404
    assert clara[1].get(f"{cast.url}/settings").status_code == 200
    assert cast.stranger.post(new).status_code == 303
    assert cast.stranger.get(f"{cast.url}/settings").status_code == 200


def test_a_copy_of_the_cookie_is_out_as_well(app: Flask, cast: Cast) -> None:
    cookie = cast.host.get_cookie(COOKIE)
    assert cookie is not None
    copy = app.test_client()
    copy.set_cookie(COOKIE, cookie.value)

    cast.host.post(f"{cast.url}/hosts/1/renew")

    assert copy.get(f"{cast.url}/settings").status_code == 404
    assert cast.host.get(f"{cast.url}/settings").status_code == 200


def test_a_link_that_cannot_be_shown_works_and_can_be_replaced(app: Flask, cast: Cast) -> None:
    app.extensions[EXTENSION] = "another key, as after a restore without the old one"

    page = cast.host.get(f"{cast.url}/share").text

    assert "This link still works, but it can't be shown" in page
    assert not tags_of(page, "input", id="host-link")
    assert cast.stranger.get(f"{cast.url}/host/{cast.host_secret}").status_code == 200
    cast.host.post(f"{cast.url}/hosts/1/renew")
    assert cast.stranger.post(host_link(cast.host, f"{cast.url}/share")).status_code == 303


def test_the_cookie_holds_no_secret_of_the_host(cast: Cast) -> None:
    with cast.host.session_transaction() as session:
        assert cast.host_secret not in str(dict(session))
        session["host_secrets"] = {"1": "from an older version"}

    cast.host.get(cast.url)

    with cast.host.session_transaction() as session:
        assert "host_secrets" not in session


def test_a_co_host_has_the_name_of_the_link_and_manages_guests(
    app: Flask, cast: Cast, clara: tuple[str, FlaskClient]
) -> None:
    _, client = clara
    gustav = f"{cast.url}/guests/{guest_of(app, cast.guest, cast.room_id)}"

    assert "<h1>Clara</h1>" in client.get(f"{cast.url}/me").text
    assert client.post(f"{gustav}/remove").status_code == 303
    assert cast.guest.get(f"{cast.url}/me").status_code == 303  # to the invitation


def test_a_co_host_renews_their_own_link_and_no_other(
    cast: Cast, clara: tuple[str, FlaskClient]
) -> None:
    address, client = clara
    before = host_link(client, f"{cast.url}/share")

    assert client.post(f"{address}/renew").status_code == 303
    assert client.post(f"{cast.url}/hosts/1/renew").status_code == 403
    assert client.post(f"{address}/remove").status_code == 403

    assert host_link(client, f"{cast.url}/share") != before
    assert host_link(cast.host, address) == host_link(client, address)
    assert cast.host.get(f"{cast.url}/settings").status_code == 200


def test_removing_the_link_of_a_co_host_takes_their_rights(
    app: Flask, cast: Cast, clara: tuple[str, FlaskClient]
) -> None:
    address, client = clara
    link = host_link(cast.host, address)

    page = cast.host.post(f"{address}/remove", follow_redirects=True).text

    assert "Clara is no longer a host." in page
    assert client.get(f"{cast.url}/settings").status_code == 404
    assert app.test_client().get(link).status_code == 404
    assert cast.host.get(address).status_code == 404


def test_only_hosts_by_the_first_link_manage_other_hosts(
    app: Flask, cast: Cast, clara: tuple[str, FlaskClient]
) -> None:
    _, client = clara
    hanna = f"{cast.url}/guests/{guest_of(app, cast.host, cast.room_id)}"
    her = f"{cast.url}/guests/{guest_of(app, client, cast.room_id)}"

    assert client.get(hanna).status_code == 403
    assert client.post(f"{hanna}/remove").status_code == 403
    assert cast.host.post(f"{her}/remove").status_code == 303
    assert client.get(f"{cast.url}/settings").status_code == 404


def test_the_first_link_cannot_be_removed(cast: Cast) -> None:
    assert cast.host.post(f"{cast.url}/hosts/1/remove").status_code == 403
    assert cast.host.get(f"{cast.url}/settings").status_code == 200


@pytest.mark.parametrize("name", ["", "  ", "x" * 61])
def test_a_co_host_needs_a_name(cast: Cast, name: str) -> None:
    answer = cast.host.post(f"{cast.url}/hosts", data={"name": name})

    assert answer.status_code == 422
    assert tags_of(answer.text, "input", name="name")[0].attributes["aria-invalid"] == "true"


def test_a_room_has_so_many_host_links_at_most(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "MAX_LINKS", 2)
    assert cast.host.post(f"{cast.url}/hosts", data={"name": "Clara"}).status_code == 303

    answer = cast.host.post(f"{cast.url}/hosts", data={"name": "Carl"})

    assert "A room can have up to 2 host links." in answer.text


def test_the_link_of_another_room_is_not_found(
    cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    make_room("Other")

    for path in ("", "/renew", "/remove"):
        method = "POST" if path else "GET"
        assert cast.host.open(f"{cast.url}/hosts/2{path}", method=method).status_code == 404


# ---- Cookies from before there were tokens -------------------------------------------------------


def as_before(app: Flask, client: FlaskClient, cast: Cast) -> FlaskClient:
    """Make a browser whose cookie and row are as after the upgrade of an older version."""
    guest_id = guest_of(app, client, cast.room_id)
    with app.app_context():
        token_hash = sessions.hash_token(sessions.old_token(guest_id))
        same = update(GuestSession).where(GuestSession.guest_id == guest_id)
        db.session.execute(same.values(token_hash=token_hash, device=""))
        db.session.commit()
    browser = app.test_client()
    with browser.session_transaction() as session:
        session["guests"] = {str(cast.room_id): guest_id}
        session["host_secrets"] = {str(cast.room_id): cast.host_secret}
    return browser


def test_an_old_cookie_keeps_working_until_its_session_ends(app: Flask, cast: Cast) -> None:
    guest, host = (as_before(app, client, cast) for client in (cast.guest, cast.host))

    assert "<h1>Gustav</h1>" in guest.get(f"{cast.url}/me").text
    assert host.get(f"{cast.url}/settings").status_code == 200
    guest_id = 2
    host.post(f"{cast.url}/guests/{guest_id}/remove")
    assert guest.get(f"{cast.url}/me").status_code == 303  # to the invitation
    guest.post(f"{cast.url}/join")
    with guest.session_transaction() as session:
        assert session["guests"] == {}
    assert guest.get(f"{cast.url}/me").status_code == 200


def test_the_token_of_an_old_cookie_cannot_be_given_as_a_new_one(app: Flask, cast: Cast) -> None:
    """Only who has the key could: the cookie is signed. Tokens of ours look otherwise."""
    guest_id = guest_of(app, cast.guest, cast.room_id)
    browser = app.test_client()
    with browser.session_transaction() as session:
        session["guests"] = {str(cast.room_id): guest_id}

    assert browser.get(f"{cast.url}/me").status_code == 303, "its guest has a token of another kind"


def test_the_links_are_stored_as_hashes_only(app: Flask, cast: Cast) -> None:
    with app.app_context():
        link = db.session.scalars(select(HostLink)).one()

        assert cast.host_secret not in (link.nonce, link.secret_hash)
