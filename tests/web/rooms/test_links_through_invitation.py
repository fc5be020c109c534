"""A link to a page of a room leads strangers through the invitation to that very page."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Cast
from tests.helpers import HX, set_password, tags_of
from tests.live import serving
from tests.web.conftest import Party

PAGES = ["/photos", "/people", "/me", "/wall", "/people/{red}", "/photos/{photo}?person={red}"]


def address(cast: Cast, party: Party, page: str) -> str:
    return cast.url + page.format(red=party.red, photo=party.photos["a.jpg"])


def join_by_form(client: FlaskClient, url: str, **fields: str) -> TestResponse:
    """Open a link, fill in the invitation to which it leads, and send it."""
    invitation = client.get(url, follow_redirects=True)
    assert "invited" in invitation.text
    return send(client, invitation.text, **fields)


def send(client: FlaskClient, page: str, **fields: str) -> TestResponse:
    """Send the form of an invitation with these fields."""
    (form,) = [form for form in tags_of(page, "form") if form["action"].endswith("/join")]
    (hidden,) = tags_of(page, "input", type="hidden", name="next")[:1]
    data = {"next": hidden["value"]} | fields
    return client.post(form["action"], data=data, follow_redirects=True)


@pytest.mark.parametrize("page", PAGES)
def test_the_invitation_leads_to_the_page_that_was_sent(
    cast: Cast, party: Party, page: str
) -> None:
    url = address(cast, party, page)

    arrived = join_by_form(cast.stranger, url, name="Stella")

    assert arrived.status_code == 200
    assert arrived.request.full_path.removesuffix("?") == url


def test_a_wrong_password_does_not_forget_the_page(app: Flask, cast: Cast, party: Party) -> None:
    with app.app_context():
        set_password(cast.room_id, "open sesame")
    url = address(cast, party, "/people/{red}")
    refused = join_by_form(cast.stranger, url, password="wrong")

    arrived = send(cast.stranger, refused.text, password="open sesame")

    assert refused.status_code == 422
    assert arrived.request.path == url


def test_an_address_does_not_tell_whether_what_it_names_exists(cast: Cast, party: Party) -> None:
    def answer(path: str) -> tuple[int, str, str]:
        found = cast.stranger.get(cast.url + path)
        return found.status_code, found.text.replace(path[1:], ""), dict(found.headers)["Vary"]

    assert answer(f"/people/{party.red}") == answer("/people/9999")
    assert answer(f"/photos/{party.photos['a.jpg']}") == answer("/photos/9999")
    assert cast.stranger.get("/rooms/acdef-hjkm-nprtw/people/1").status_code == 404


def test_the_way_in_tells_no_title_where_there_is_a_password(
    app: Flask, cast: Cast, party: Party
) -> None:
    with app.app_context():
        set_password(cast.room_id, "open sesame")

    redirected = cast.stranger.get(f"{cast.url}/people/{party.red}")
    invitation = cast.stranger.get(redirected.location)

    assert "Party" not in f"{redirected.headers}{redirected.text}{invitation.text}"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/people",
        "\\evil.example",
        "../../people/1",
        "delete",
        "share",
        "photos.zip",
        "people/1\r\nX: y",
        "x" * 3000,
        "people?" + "x" * 3000,
    ],
)
def test_only_a_page_of_this_room_is_led_to(cast: Cast, wanted: str) -> None:
    answer = cast.stranger.post(f"{cast.url}/join", data={"next": wanted})

    assert answer.location == f"{cast.url}?entered=1"


@pytest.mark.parametrize("path", ["/photos.zip", "/people/1/photos.zip", "/delete", "/share"])
def test_what_is_no_page_for_guests_stays_not_found(cast: Cast, path: str) -> None:
    assert cast.stranger.get(cast.url + path).status_code == 404


def test_who_is_in_already_goes_from_the_invitation_to_the_page(cast: Cast, party: Party) -> None:
    invitation = cast.stranger.get(f"{cast.url}/people/{party.red}").location

    answer = cast.guest.get(invitation)

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{party.red}")


def test_a_part_of_a_page_is_not_led_anywhere(cast: Cast) -> None:
    assert cast.stranger.get(f"{cast.url}/people", headers=HX).status_code == 404


def test_the_link_leads_to_the_page_through_a_real_server(
    app: Flask, cast: Cast, party: Party
) -> None:
    with serving(app) as server:
        first = server.ask(cast.stranger, f"{cast.url}/photos/1?person={party.red}")
        second = server.ask(cast.stranger, first.headers["Location"])

    wanted = parse_qs(urlsplit(first.headers["Location"]).query)["next"]
    assert (first.status, second.status) == (303, 200)
    assert wanted == [f"photos/1?person={party.red}"]
    assert b'name="next"' in second.content


def test_a_browser_that_keeps_no_cookie_is_told_so(app: Flask, cast: Cast) -> None:
    forgetful = app.test_client(use_cookies=False)

    answer = forgetful.get(forgetful.post(f"{cast.url}/join").location)

    assert answer.status_code == 403
    assert "This browser blocks cookies" in answer.text
    assert f"http://localhost{cast.url}" in answer.text
    assert "Party" not in answer.text


def test_a_browser_that_keeps_the_cookie_arrives_at_the_address_itself(cast: Cast) -> None:
    arrived = cast.stranger.get(cast.stranger.post(f"{cast.url}/join").location)

    assert (arrived.status_code, arrived.location) == (303, cast.url)
