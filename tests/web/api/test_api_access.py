"""Who may ask the API for what: a walk over each of its addresses, by every kind of token."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from photoshare.services.rooms import rooms
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.requests import ADD, READ
from photoshare.web.requests.attempts import WRONG_SECRETS
from photoshare.web.site import Site
from tests.conftest import COOKIE, Cast
from tests.fakes import GREEN, draw_photo
from tests.helpers import row_counts, set_title_and_end, tags_of
from tests.web.api.conftest import MakeToken, told
from tests.web.conftest import Party

Route = tuple[str, str]  # endpoint, method

OPEN = {("api.openapi", "GET"): 200}
FOR_ADDING = {("api.room", "GET"): 200, ("api.add_photo", "POST"): 201}


def routes_of(app: Flask, party: Party) -> dict[Route, str]:
    """List every address of the API, with ids of existing things."""
    values = {"photo_id": party.photos["a.jpg"], "person_id": party.red}
    adapter = app.url_map.bind("localhost")
    return {
        (rule.endpoint, method): adapter.build(
            rule.endpoint, {name: values[name] for name in rule.arguments}, method
        )
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def ask(app: Flask, method: str, url: str, authorization: str | None) -> TestResponse:
    data = {"photo": (io.BytesIO(draw_photo(GREEN, seed=9)), "new.jpg")} if method == "POST" else {}
    headers = {} if authorization is None else {"Authorization": authorization}
    return app.test_client().open(url, method=method, data=data, headers=headers, buffered=True)


def walk(app: Flask, party: Party, token: str | None) -> dict[Route, int]:
    sent = None if token is None else f"Bearer {token}"
    return {
        (endpoint, method): ask(app, method, url, sent).status_code
        for (endpoint, method), url in routes_of(app, party).items()
    }


def all_but(routes: dict[Route, str], allowed: dict[Route, int], status: int) -> dict[Route, int]:
    return dict.fromkeys(routes, status) | allowed


def test_the_walk_covers_the_api(app: Flask, party: Party) -> None:
    routes = routes_of(app, party)

    assert len(routes) >= 10
    assert {method for _endpoint, method in routes} == {"GET", "POST"}


def test_a_token_that_may_read_and_add_opens_everything(
    app: Flask, party: Party, make_token: MakeToken
) -> None:
    answers = walk(app, party, make_token())

    assert answers == dict.fromkeys(routes_of(app, party), 200) | FOR_ADDING


def test_a_token_that_may_read_adds_nothing(
    app: Flask, party: Party, make_token: MakeToken
) -> None:
    token, before = make_token(READ), row_counts(app)

    answers = walk(app, party, token)

    assert answers == dict.fromkeys(routes_of(app, party), 200) | {("api.add_photo", "POST"): 403}
    assert row_counts(app) == before


def test_a_token_that_may_add_sees_nothing(app: Flask, party: Party, make_token: MakeToken) -> None:
    answers = walk(app, party, make_token(ADD))

    assert answers == all_but(routes_of(app, party), OPEN | FOR_ADDING, 403)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer photoshare_AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "Bearer " + "A" * 5000,
        "Bearer \x00\u00e9",
        "Basic YTpi",
        "Token photoshare_A",
    ],
    ids=str,
)
def test_without_a_valid_token_nothing_is_seen(
    app: Flask, party: Party, authorization: str | None
) -> None:
    routes, before = routes_of(app, party), row_counts(app)

    answers = {route: ask(app, route[1], url, authorization) for route, url in routes.items()}

    statuses = {route: answer.status_code for route, answer in answers.items()}
    assert statuses == all_but(routes, OPEN, 401)
    for route, answer in answers.items():
        if route not in OPEN:
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert answer.mimetype == "application/problem+json"
    assert row_counts(app) == before


def test_a_right_token_of_another_kind_of_authorization_is_none(
    app: Flask, party: Party, make_token: MakeToken
) -> None:
    assert ask(app, "GET", "/api/v1/room", f"Token {make_token()}").status_code == 401
    assert ask(app, "GET", "/api/v1/room", f"bearer {make_token()}").status_code == 200


def test_a_token_of_another_room_finds_nothing_of_this_one(
    app: Flask,
    party: Party,
    make_room: Callable[..., NewRoom],
    make_token: MakeToken,
) -> None:
    other = make_room("Other")
    host = app.test_client()
    url = f"/rooms/{other.room.code}"
    host.post(f"{url}/host/{other.host_secret}")
    token = make_token(client=host, url=url)

    answers = walk(app, party, token)

    for (endpoint, method), address in routes_of(app, party).items():
        names_a_thing = re.search(r"/\d+", address) is not None
        assert (answers[endpoint, method] == 404) == names_a_thing, endpoint
    seen = told(ask(app, "GET", "/api/v1/photos", f"Bearer {token}"))
    assert [photo["file_name"] for photo in seen["photos"]] == ["new.jpg"]  # sent by the walk


WAYS_OUT = (
    *("removed", "left", "room deleted", "link renewed", "link renewed by another"),
    *("co-host removed", "co-host's link renewed", "co-host's link removed"),
)


@pytest.mark.parametrize("way", WAYS_OUT)
def test_a_token_is_worth_nothing_once(
    app: Flask, cast: Cast, site: Site, party: Party, make_token: MakeToken, way: str
) -> None:
    maker, link_id = cast.host, 1
    if "co-host" in way:
        address = cast.host.post(f"{cast.url}/hosts", data={"name": "Clara"}).location
        link_id = int(address.rpartition("/")[2])
        (field,) = tags_of(cast.host.get(address).text, "input", id="host-link")
        maker = app.test_client()
        maker.post(field["value"].removeprefix("http://localhost"), data={"name": ""})
    elif way == "link renewed by another":
        maker = app.test_client()
        maker.post(f"{cast.url}/host/{cast.host_secret}")
    token = make_token(client=maker)
    assert walk(app, party, token)["api.photos", "GET"] == 200

    if way == "removed":
        page = cast.host.get(f"{cast.url}/tokens").text
        (form,) = [tag for tag in tags_of(page, "form") if tag["action"].endswith("/remove")]
        assert cast.host.post(form["action"]).status_code == 303
    elif way == "left":
        maker.post(f"{cast.url}/leave")
    elif way == "room deleted":
        with app.app_context():
            rooms.delete_room(cast.room_id, site.storage)
    elif way == "co-host removed":
        page = cast.host.get(f"{cast.url}/guests").text
        rows = [tag["href"] for tag in tags_of(page, "a") if "/guests/" in tag.attributes["href"]]
        others = [url for url in rows if "Clara" in cast.host.get(url).text]
        assert cast.host.post(f"{others[0]}/remove").status_code == 303
    else:
        verb = "remove" if way.endswith("removed") else "renew"
        assert cast.host.post(f"{cast.url}/hosts/{link_id}/{verb}").status_code == 303

    assert walk(app, party, token) == all_but(routes_of(app, party), OPEN, 401)
    if way != "room deleted":
        assert row_counts(app)["api_token"] == 0


def test_a_script_is_shut_out_of_an_ended_room_as_guests_are(
    app: Flask, cast: Cast, party: Party, make_token: MakeToken
) -> None:
    token = make_token()
    with app.app_context():
        set_title_and_end(cast.room_id, "Party", datetime.now(UTC).date() - timedelta(days=2))

    assert walk(app, party, token) == all_but(routes_of(app, party), OPEN, 404)
    answer = ask(app, "GET", "/api/v1/photos", f"Bearer {token}")
    assert told(answer)["detail"] == "This room has ended."


def test_cookies_count_for_nothing_on_the_api_and_tokens_for_nothing_on_pages(
    app: Flask, cast: Cast, party: Party, make_token: MakeToken
) -> None:
    token = make_token()

    with_cookie = {
        route: cast.host.open(url, method=route[1]).status_code
        for route, url in routes_of(app, party).items()
    }
    headers = {"Authorization": f"Bearer {token}"}

    assert with_cookie == all_but(routes_of(app, party), OPEN, 401)
    stranger = app.test_client()
    assert stranger.get(f"{cast.url}/photos.zip", headers=headers).status_code == 404
    assert stranger.get(f"{cast.url}/settings", headers=headers).status_code == 404
    assert stranger.get_cookie(COOKIE) is None


def test_a_script_may_say_that_it_is_on_another_site(
    app: Flask, party: Party, make_token: MakeToken
) -> None:
    """Whoever has the token needs no cookie of anybody: there is nothing to forge."""
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    photo = (io.BytesIO(draw_photo(GREEN, seed=9)), "new.jpg")
    with_token = headers | {"Authorization": f"Bearer {make_token()}"}
    client = app.test_client()

    answer = client.post("/api/v1/photos", data={"photo": photo}, headers=with_token)

    assert answer.status_code == 201
    assert client.post("/api/v1/photos", headers=headers).status_code == 401
    asked = client.options(
        "/api/v1/photos", headers=headers | {"Access-Control-Request-Method": "POST"}
    )
    assert "Access-Control-Allow-Origin" not in asked.headers  # so that no page can send a token


def test_a_hidden_person_is_hidden_from_scripts(
    app: Flask, cast: Cast, party: Party, make_token: MakeToken
) -> None:
    sent = f"Bearer {make_token()}"
    assert cast.host.post(f"{cast.url}/people/{party.red}/hide").status_code == 303

    people = told(ask(app, "GET", "/api/v1/people", sent))["people"]
    photos = told(ask(app, "GET", "/api/v1/photos", sent))["photos"]

    assert [person["id"] for person in people] == [party.blue]
    faces = [face for photo in photos for face in photo["faces"]]
    assert {face["person_id"] for face in faces} == {party.blue, None}
    for part in ("photos", "zip"):
        assert ask(app, "GET", f"/api/v1/people/{party.red}/{part}", sent).status_code == 404


def test_after_many_wrong_tokens_a_network_waits_and_a_right_one_passes(
    app: Flask, party: Party, make_token: MakeToken
) -> None:
    tries = WRONG_SECRETS[0].most + 1

    answers = [ask(app, "GET", "/api/v1/room", f"Bearer wrong{n}") for n in range(tries)]

    assert [answer.status_code for answer in answers] == [401] * (tries - 1) + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert ask(app, "GET", "/api/v1/room", f"Bearer {make_token()}").status_code == 200


def test_a_host_whose_uploads_are_stopped_adds_nothing_by_a_script(
    app: Flask, cast: Cast, party: Party, make_token: MakeToken
) -> None:
    address = cast.host.post(f"{cast.url}/hosts", data={"name": "Clara"}).location
    (field,) = tags_of(cast.host.get(address).text, "input", id="host-link")
    clara = app.test_client()
    clara.post(field["value"].removeprefix("http://localhost"), data={"name": ""})
    token = make_token(client=clara)
    page = cast.host.get(f"{cast.url}/guests").text
    rows = [tag["href"] for tag in tags_of(page, "a") if "/guests/" in tag.attributes["href"]]
    (row,) = [url for url in rows if "Clara" in cast.host.get(url).text]

    cast.host.post(f"{row}/uploads", data={"is_stopped": "1"})

    assert walk(app, party, token)["api.add_photo", "POST"] == 403
