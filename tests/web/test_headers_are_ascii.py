"""Every header of every answer of every route is ASCII, whatever names people give."""

# ruff: noqa: RUF001 - letters of many scripts are what this is about

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from photoshare.db import db
from photoshare.models import Correction
from tests.conftest import Cast
from tests.fakes import GREEN, draw_photo
from tests.helpers import HX, face_on, guest_of, make_own_link, place_at, set_title_and_end
from tests.live import Answer, LiveServer, serving
from tests.web.conftest import Party

NAME = "Anna’s Łódź Свадьба حفل חתונה शादी 婚礼 パーティー งาน 💍\u202f\u200f"
# They would break the following requests.
LAST = (
    *("links.renew_code", "photos.delete", "rooms.become_host", "links.renew"),
    *("own_links.become", "own_links.make", "me.leave", "rooms.delete"),
)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def live(app: Flask) -> Iterator[LiveServer]:
    with serving(app) as server:
        yield server


def order_of(rule: Rule) -> tuple[int, str]:
    return (LAST.index(rule.endpoint) if rule.endpoint in LAST else -1, str(rule))


def requests_of(app: Flask, cast: Cast, party: Party) -> Iterator[tuple[str, str, str, bytes, str]]:
    """Yield (endpoint, method, address, body, type of the body) for every route and method."""
    red_face = face_on(app, party.photos["b.jpg"], party.red)
    with app.app_context():
        correction = db.session.scalars(select(Correction.id)).first()
    cast.guest.post(f"{cast.url}/me/name", data={"name": NAME})
    cast.guest.post(f"{cast.url}/me/person", data={"person": party.red})
    own_secret, album_secret = (
        make_own_link(cast.guest, cast.url, kind).rpartition("/")[2] for kind in ("guest", "album")
    )
    values = {
        "room_code": cast.code,
        "photo_id": party.photos["a.jpg"],
        "digest": party.digests["a.jpg"],
        "side": 320,
        "ending": "webp",
        "person_id": party.red,
        "face_id": red_face,
        "secret": cast.host_secret,
        "own_secret": own_secret,
        "album_secret": album_secret,
        "correction_id": correction,
        "upload_id": 1,
        "kind": "png",
        "purpose": "any",
        "size": 192,
        "filename": "app.js",
        "deletion_id": 1,
        "guest_id": guest_of(app, cast.guest, cast.room_id),
        "link_id": 1,
        "token_id": 1,
        "waiting_id": 1,
        "stamp": "none",
        "room_id": cast.room_id,
        "factor": 1,
        "column": 0,
        "row": 0,
    }
    queries: dict[str, dict[str, object]] = {
        "albums.several": {"people": f"{party.red},{party.blue}"},
        "people.choose_person": {"faces": red_face},
    }
    forms: dict[str, dict[str, object]] = {
        "rooms.create": {"title": NAME, "name": NAME},
        "rooms.change": {"title": NAME},
        "rooms.join": {"name": NAME},
        "rooms.join_by_code": {"room_code": NAME},
        "rooms.become_host": {"name": NAME},
        "corrections.rename": {"name": NAME + "2"},
        "corrections.move": {"faces": red_face, "into": party.blue},
        "corrections.reject": {"faces": red_face},
        "corrections.remove": {"faces": red_face},
        "corrections.merge": {"into": party.blue},
        "me.rename": {"name": NAME},
        "guests.rename": {"name": NAME},
        "links.add": {"name": NAME},
        "me.choose_person": {"person": party.red},
        "languages.choose": {"language": "hi"},
        "uploads.begin": {"file_name": f"{NAME}.jpg", "size": 10, "modified": NAME},
    }
    adapter = app.url_map.bind("localhost")
    for rule in sorted(app.url_map.iter_rules(), key=order_of):
        arguments = {name: values[name] for name in rule.arguments}
        if rule.endpoint.startswith("vendor"):
            arguments["filename"] = "htmx.min.js"
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            url = adapter.build(rule.endpoint, arguments, method=method)
            query = urlencode(queries.get(rule.endpoint, {}))
            form = forms.get(rule.endpoint, {})
            body, kind = urlencode(form).encode(), FORM
            if rule.endpoint == "photos.upload" and method == "POST":
                body, kind = photo_form(), "multipart/form-data; boundary=x"
            yield rule.endpoint, method, f"{url}?{query}" if query else url, body, kind


def photo_form() -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="photos"; filename="{NAME}.jpg"\r\n\r\n'
    return head.encode() + draw_photo(GREEN, seed=5) + b"\r\n--x--\r\n"


def check(answer: Answer, what: object) -> None:
    assert answer.status < 500, what
    for name, value in answer.headers.items():
        assert value.isascii(), (what, name, value)
        assert name.isascii(), (what, name)


@pytest.mark.parametrize("language", ["ar", "hi"])
def test_every_header_of_every_route_is_ascii(
    app: Flask, cast: Cast, party: Party, live: LiveServer, language: str
) -> None:
    with app.app_context():
        set_title_and_end(cast.room_id, NAME, None)
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": NAME})
    statuses = []
    for endpoint, method, url, body, kind in requests_of(app, cast, party):
        for more in ({}, HX):
            answer = live.ask(
                cast.host,
                url,
                method=method,
                body=body if method == "POST" else b"",
                **{"Content-Type": kind} if method == "POST" else {},
                **{"Accept-Language": language, "Sec-Fetch-Site": "same-origin", **more},
            )
            check(answer, (endpoint, method, more))
            statuses.append((endpoint, answer.status))

    assert len({endpoint for endpoint, status in statuses if status < 400}) > 50, statuses


@pytest.mark.parametrize(
    "path",
    [
        "/photos?after=%E5%A9%9A",
        "/people/%E5%A9%9A",
        "/%E5%A9%9A",
        "/photos.zip?photos=%E5%A9%9A",
        "/photos.zip?people=%E5%A9%9A",
    ],
)
def test_what_an_address_says_does_not_come_back_in_a_header(
    cast: Cast, live: LiveServer, path: str
) -> None:
    for more in ({}, HX):
        answer = live.ask(cast.host, cast.url + path, body=b"", Accept_Language="zh", **more)

        check(answer, path)


def test_the_way_back_to_a_page_of_any_query_is_ascii(
    app: Flask, cast: Cast, party: Party, live: LiveServer
) -> None:
    """A redirect leads to the form's page, according to the browser's Referer."""
    place = place_at(app, party.photos["a.jpg"])
    before = f"http://127.0.0.1:{live.port}{cast.url}/photos?after={place}"
    for tail in ("&x=%E5%A9%9A", "&x=\xe9"):
        answer = live.ask(
            cast.host,
            f"{cast.url}/people/{party.red}/name",
            method="POST",
            body=urlencode({"name": NAME}).encode(),
            Content_Type=FORM,
            Referer=before + tail,
        )

        check(answer, tail)
        assert answer.status == 303
