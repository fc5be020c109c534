"""Who may request what: a walk over every route of the app.

A new route is closed to strangers and open to guests, or has to be added to a list here. The routes
of the API are walked by tests/web/api/test_api_access.py, with tokens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from photoshare.db import db
from photoshare.models import Face, Photo, WaitingPhoto
from photoshare.pictures import tiles
from photoshare.services.corrections import verbs
from photoshare.services.photos import deleting
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Author
from photoshare.services.rooms.rooms import NewRoom
from photoshare.services.take_home.packing import pack_room
from photoshare.services.take_home.room_file import Choice
from photoshare.web.requests.invitation import PAGES
from photoshare.web.requests.security import API_PATH
from photoshare.web.site import Site
from tests.clips.drawing import draw_clip
from tests.conftest import Cast
from tests.fakes import GREEN, RED, draw_photo
from tests.helpers import (
    guest_of,
    host_access,
    make_own_link,
    moderate,
    row_counts,
    set_password,
    set_title_and_end,
    tags_of,
)
from tests.metadata.motion_drawing import draw_motion_photo, draw_movie
from tests.web.conftest import Party

Route = tuple[str, str]  # endpoint, method

# What a browser gets that has not joined the room; every other route answers 404.
OPEN_TO_STRANGERS = {
    ("rooms.show", "GET"): 200,
    ("rooms.join", "POST"): 303,
    ("rooms.host_link", "GET"): 200,
    ("rooms.become_host", "POST"): 303,
    ("own_links.ask", "GET"): 200,
    ("own_links.become", "POST"): 303,
} | {(endpoint, "GET"): 303 for endpoint in PAGES}  # to the invitation, whatever they name
# An ended room, or one in the bin, shows no invitation and accepts no new guests; its host link
# still works.
OPEN_WHEN_ENDED = {
    ("rooms.join", "POST"): 404,
    ("rooms.host_link", "GET"): 200,
    ("rooms.become_host", "POST"): 303,
}
CLOSED = {route: status for route, status in OPEN_WHEN_ENDED.items() if status != 404}
# Whoever is in is not kept out by a new guest link, nor by the end; nor are their other devices.
OF_A_GUEST = {("own_links.ask", "GET"): 200, ("own_links.become", "POST"): 303}
# The query that a page needs; the first person of a room has the id 1.
NEEDED: dict[str, dict[str, str]] = {
    "albums.several": {"people": "1"},
    "photos.ids": {"day": "2026-07-04"},
}
FOR_THE_HOST = {
    ("rooms.change", "POST"),
    ("rooms.choose_address", "POST"),
    ("photos.cover", "POST"),
    ("photos.for_all", "POST"),
    ("clean_up.index", "GET"),
    ("clean_up.clean", "POST"),
    ("versions.apart", "POST"),  # of a photo that someone else uploaded
    ("versions.front", "POST"),
    ("activity.index", "GET"),
    ("guests.index", "GET"),
    ("guests.show", "GET"),
    ("guests.rename", "POST"),
    ("guests.stop", "POST"),
    ("guests.remove", "POST"),
    ("moderation.decide", "POST"),
    ("moderation.add_all", "POST"),
    ("moderation.confirm", "GET"),
    ("moderation.decide_guest", "POST"),
    ("links.confirm_new_code", "GET"),
    ("links.renew_code", "POST"),
    ("links.index", "GET"),
    ("links.add", "POST"),
    ("links.show", "GET"),
    ("links.renew", "POST"),
    ("links.remove", "POST"),
    ("api_tokens.index", "GET"),
    ("api_tokens.add", "POST"),
    ("api_tokens.remove", "POST"),
    ("rooms.settings", "GET"),
    ("visibility.show", "GET"),
    ("visibility.change", "POST"),
    ("clocks.index", "GET"),
    ("clocks.shift", "POST"),
    ("clocks.check", "POST"),
    ("clocks.accept", "POST"),
    ("clocks.dismiss", "POST"),
    ("clocks.show_again", "POST"),
    ("take_home.index", "GET"),
    ("take_home.prepare", "POST"),
    ("take_home.download", "GET"),
    ("rooms.confirm_delete", "GET"),
    ("rooms.delete", "POST"),
    ("ending.end", "POST"),
    ("ending.reopen", "POST"),
    ("bin.confirm_album", "GET"),
    ("bin.album", "POST"),
    ("bin.room", "GET"),
    ("bin.restore_room", "POST"),
    ("bin.room_now", "POST"),
    ("photos.original", "GET"),  # with its location and serial numbers, unless the room keeps them
    ("photos.confirm_delete", "GET"),  # of a photo that someone else uploaded
    ("people.hidden", "GET"),
    ("corrections.rename", "POST"),
    ("corrections.hide", "POST"),
    ("corrections.show", "POST"),
    ("corrections.cover", "POST"),
    ("corrections.undo", "POST"),  # of what the host corrected
    ("suggestions.ask", "GET"),
    ("suggestions.answer", "POST"),
    ("suggestions.ask_name", "GET"),
    ("suggestions.answer_name", "POST"),
    ("photos.delete", "POST"),  # of a photo that someone else uploaded
}


# What a co-host may not, whose link is another than that in the addresses.
FOR_THE_FIRST_HOST = {
    ("links.index", "GET"),
    ("links.add", "POST"),
    ("links.show", "GET"),
    ("links.renew", "POST"),
    ("links.remove", "POST"),
}
# What guests may still do in a room that has ended.
FOR_READERS = {
    ("me.choose_person", "POST"): 422,  # nobody was chosen
    ("find_me.search", "POST"): 422,  # without a picture
    ("find_me.choose_face", "POST"): 422,  # nobody was offered
    ("me.forget_person", "POST"): 303,
    ("hiding.hide", "POST"): 422,  # they have not said who they are
    ("hiding.show", "POST"): 303,
    ("hiding.search_again", "POST"): 303,
    ("own_links.share", "POST"): 422,  # nobody in particular
    ("own_links.take_back", "POST"): 303,
    ("me.leave", "POST"): 303,
}
NEW_LINK = ("own_links.make", "POST")  # which readers may as well, and other browsers are out
IN_BIN = ("bin.room", "GET")
# In the bin of a host, and so not there for guests.
NOT_THEIRS = {("bin.picture", "GET")}
# These end the session of whoever asks, and so that of a copied cookie.
LAST = (
    ("own_links.become", "POST"),
    ("rooms.become_host", "POST"),
    ("own_links.make", "POST"),
    ("me.leave", "POST"),
)
PENDING = "pending.jpg"  # a photo of the guest that waits for the host's yes
UPLOADS = {("photos.upload", "POST"), ("uploads.begin", "POST"), ("uploads.add_piece", "POST")}


@pytest.fixture
def pending(app: Flask, cast: Cast, add_photo: Callable[..., int]) -> tuple[int, str]:
    """Id and digest of a photo of the guest that waits for the host's yes."""
    moderate(app, cast.room_id)
    guest_id = guest_of(app, cast.guest, cast.room_id)
    photo_id = add_photo(cast.room_id, draw_clip(GREEN), PENDING, guest_id=guest_id)
    with app.app_context():
        return photo_id, db.session.get_one(WaitingPhoto, photo_id).sha256[:16]


@pytest.fixture
def routes(
    app: Flask,
    site: Site,
    cast: Cast,
    party: Party,
    add_photo: Callable[..., int],
    pending: tuple[int, str],
    monkeypatch: pytest.MonkeyPatch,
) -> dict[Route, str]:
    """Address of every route of the cast's room, with ids of existing things."""
    monkeypatch.setattr(tiles, "WORTHWHILE", 0.05)  # so that even this small photo has tiles
    with app.app_context():
        face_id = db.session.scalars(select(Face.id)).first()
        correction_id = verbs.hide_person(Author(cast.room_id), party.blue)
        verbs.undo(Author(cast.room_id), correction_id)
    deleted = add_photo(cast.room_id, draw_photo(RED, RED), "deleted.jpg")
    clip = draw_clip(RED)
    of_clip: dict[str, object] = {
        "photo_id": add_photo(cast.room_id, clip, "clip.mp4"),
        "digest": hashlib.sha256(clip).hexdigest()[:16],
    }
    motion = add_photo(cast.room_id, draw_motion_photo("attributes", draw_movie()), "motion.jpg")
    with app.app_context():
        of_motion = {
            "photo_id": motion,
            "digest": db.session.get_one(Photo, motion).sha256[:16],
        }
        needed: dict[str, dict[str, object]] = {
            **NEEDED,  # type: ignore[dict-item]
            "bin.picture": {"digest": db.session.get_one(Photo, deleted).sha256},
            "photos.clip": of_clip,
            "photos.movie": of_motion,
            "photos.with_movie": of_motion,
        }
        done = deleting.delete_photos(host_access(cast.room_id), [deleted], site.storage)
        pack = pack_room(cast.room_id, Choice(), site.storage)
        assert pack is not None
    values = {
        "room_code": cast.code,
        "own_secret": make_own_link(cast.guest, cast.url).rpartition("/")[2],
        "secret": cast.host_secret,
        "photo_id": party.photos["a.jpg"],
        "digest": party.digests["a.jpg"],
        "side": 320,
        "ending": "webp",
        "kind": "png",
        "person_id": party.red,
        "face_id": face_id,
        "correction_id": correction_id,
        "factor": 1,
        "column": 0,
        "row": 0,
        "deletion_id": done.deletion_id,
        "upload_id": 1,
        "guest_id": guest_of(app, cast.guest, cast.room_id),
        "stamp": pack.stamp,
        "link_id": 1,  # by which the host came
        "token_id": 1,
        "waiting_id": pending[0],
    }
    its_digest = {"digest": pending[1]}
    of_pending = {"moderation.picture": its_digest, "moderation.clip": its_digest}
    adapter = app.url_map.bind("localhost")
    return {
        (rule.endpoint, method): adapter.build(
            rule.endpoint,
            {name: values[name] for name in rule.arguments}
            | needed.get(rule.endpoint, {})
            | of_pending.get(rule.endpoint, {}),
            method,
        )
        for rule in app.url_map.iter_rules()
        if "room_code" in rule.arguments
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def walk(routes: dict[Route, str], make_client: Callable[[], FlaskClient]) -> dict[Route, int]:
    """Request every route, each with a fresh browser; return the status codes except 404."""
    answers = {}
    for (endpoint, method), url in sorted(routes.items(), key=lambda one: one[0] in LAST):
        answer = make_client().open(url, method=method, buffered=True)
        if answer.status_code != 404:
            answers[endpoint, method] = answer.status_code
    return answers


def pages_of(routes: dict[Route, str]) -> dict[Route, str]:
    """Leave out forms, and the page of a room in the bin, which leads to the room if it isn't."""
    return {route: url for route, url in routes.items() if route[1] == "GET" and route != IN_BIN}


def of_guest(pages: dict[Route, str]) -> dict[Route, int]:
    """Return what a guest gets of these pages."""
    theirs = pages.keys() - NOT_THEIRS
    return {route: 403 if route in FOR_THE_HOST else 200 for route in theirs}


def member_of(app: Flask, code: str) -> Callable[[], FlaskClient]:
    """Make browsers that join a room."""

    def make_client() -> FlaskClient:
        client = app.test_client()
        assert client.post(f"/rooms/{code}/join").status_code == 303
        return client

    return make_client


def with_cookies_of(app: Flask, other: FlaskClient) -> Callable[[], FlaskClient]:
    """Make browsers with another one's present cookie."""
    cookie = other.get_cookie("photoshare")
    assert cookie is not None

    def make_client() -> FlaskClient:
        client = app.test_client()
        client.set_cookie("photoshare", cookie.value)
        return client

    return make_client


def test_the_walk_covers_the_app(routes: dict[Route, str]) -> None:
    assert len(routes) > 20
    assert {method for _endpoint, method in routes} == {"GET", "POST"}


def test_a_guest_finds_every_page_that_is_not_for_the_host(
    app: Flask, cast: Cast, routes: dict[Route, str]
) -> None:
    pages = pages_of(routes)

    answers = walk(pages, with_cookies_of(app, cast.guest))

    assert answers == of_guest(pages)


def test_the_host_finds_every_page(app: Flask, cast: Cast, routes: dict[Route, str]) -> None:
    pages = pages_of(routes)

    assert walk(pages, with_cookies_of(app, cast.host)) == dict.fromkeys(pages, 200)


def test_a_guest_is_refused_what_is_for_the_host(
    app: Flask, cast: Cast, routes: dict[Route, str]
) -> None:
    before = row_counts(app)

    answers = walk(routes, with_cookies_of(app, cast.guest))

    assert {route for route, status in answers.items() if status == 403} == FOR_THE_HOST
    after = row_counts(app)
    assert [after[table] for table in ("room", "photo", "face", "person")] == [
        before[table] for table in ("room", "photo", "face", "person")
    ]


def test_a_browser_without_a_cookie_finds_nothing(app: Flask, routes: dict[Route, str]) -> None:
    assert walk(routes, app.test_client) == OPEN_TO_STRANGERS


def test_a_guest_of_another_room_finds_nothing(
    app: Flask, routes: dict[Route, str], make_room: Callable[..., NewRoom]
) -> None:
    answers = walk(routes, member_of(app, make_room("Other").room.code))

    assert answers == OPEN_TO_STRANGERS


def test_the_host_of_another_room_finds_nothing(
    app: Flask, routes: dict[Route, str], make_room: Callable[..., NewRoom]
) -> None:
    other = make_room("Other")
    host = app.test_client()
    host.post(f"/rooms/{other.room.code}/host/{other.host_secret}")

    assert walk(routes, with_cookies_of(app, host)) == OPEN_TO_STRANGERS


def test_a_forged_cookie_finds_nothing(app: Flask, cast: Cast, routes: dict[Route, str]) -> None:
    forged = cast.guest.get_cookie("photoshare")
    assert forged is not None

    def make_client() -> FlaskClient:
        client = app.test_client()
        client.set_cookie("photoshare", forged.value[:-4] + "AAAA")
        return client

    assert walk(routes, make_client) == OPEN_TO_STRANGERS


def test_a_guest_of_a_deleted_room_finds_nothing_in_the_next_room(
    app: Flask, site: Site, make_room: Callable[..., NewRoom]
) -> None:
    old = make_room("Old").room
    guest = member_of(app, old.code)()
    with app.app_context():
        rooms.delete_room(old.id, site.storage)
    new = make_room("New").room
    member_of(app, new.code)()

    assert guest.get(f"/rooms/{new.code}/share").status_code == 404
    assert guest.get(f"/rooms/{old.code}").status_code == 404


def test_a_cookie_for_ids_that_came_again_finds_nothing(
    app: Flask, cast: Cast, routes: dict[Route, str], make_room: Callable[..., NewRoom]
) -> None:
    other = make_room("Other").room
    with member_of(app, other.code)().session_transaction() as session:
        token = session["tokens"][str(other.id)]
    client = app.test_client()
    with client.session_transaction() as session:
        session["tokens"] = {str(cast.room_id): token}  # the room's id, a guest of another

    assert walk(routes, with_cookies_of(app, client)) == OPEN_TO_STRANGERS


@pytest.mark.parametrize("way", ["removed", "removed with photos", "left"])
def test_a_copied_cookie_is_worth_nothing_once_the_guest_is_out(
    app: Flask, cast: Cast, routes: dict[Route, str], way: str
) -> None:
    make_client = with_cookies_of(app, cast.guest)
    if way == "left":
        cast.guest.post(f"{cast.url}/leave")
    else:
        form = {"with_photos": "1"} if "photos" in way else {}
        assert cast.host.post(routes["guests.remove", "POST"], data=form).status_code == 303

    assert walk(routes, make_client) == dict(OPEN_TO_STRANGERS.items() - OF_A_GUEST.items())


def test_a_copied_cookie_of_a_host_is_worth_nothing_once_the_link_is_renewed(
    app: Flask, cast: Cast, routes: dict[Route, str]
) -> None:
    other = app.test_client()
    other.post(f"{cast.url}/host/{cast.host_secret}")
    make_client = with_cookies_of(app, other)

    cast.host.post(routes["links.renew", "POST"])

    open_to_them = OPEN_TO_STRANGERS.items() - {
        (("rooms.host_link", "GET"), 200),
        (("rooms.become_host", "POST"), 303),
    }  # whose address has the old secret
    assert walk(routes, make_client) == dict(open_to_them)
    assert cast.host.get(f"{cast.url}/settings").status_code == 200


def test_a_former_guest_link_is_that_of_an_ended_room_to_strangers(
    app: Flask, cast: Cast, routes: dict[Route, str]
) -> None:
    cast.host.post(routes["links.renew_code", "POST"])

    answers = walk(routes, app.test_client)

    expected = CLOSED | OF_A_GUEST
    assert answers == expected
    for (endpoint, method), url in routes.items():
        if (endpoint, method) not in expected:
            assert "Party" not in app.test_client().open(url, method=method).text


def test_a_former_guest_link_leads_who_is_in_to_the_same_page(
    app: Flask, cast: Cast, routes: dict[Route, str]
) -> None:
    pages = pages_of(routes)
    cast.host.post(routes["links.renew_code", "POST"])
    new = cast.host.get(cast.url).location

    for (endpoint, _), url in pages.items():
        answer = cast.host.get(url)
        if endpoint not in ("rooms.host_link", "own_links.ask"):
            assert (answer.status_code, answer.location) == (303, url.replace(cast.url, new))
            assert cast.host.get(answer.location, buffered=True).status_code == 200


def test_the_forms_of_a_page_that_is_open_are_taken_at_the_former_address(
    cast: Cast, routes: dict[Route, str]
) -> None:
    cast.host.post(routes["links.renew_code", "POST"])

    answer = cast.guest.post(routes["me.rename", "POST"], data={"name": "Gus"})

    assert answer.status_code == 303
    assert "Gus" in cast.guest.get(answer.location).text


def test_a_new_password_makes_guests_strangers_until_they_give_it(
    app: Flask, cast: Cast, routes: dict[Route, str]
) -> None:
    with app.app_context():
        set_password(cast.room_id, "open sesame")

    pages = pages_of(routes)
    of_host = walk(pages, with_cookies_of(app, cast.host))
    answers = walk(routes, with_cookies_of(app, cast.guest))

    wrong = {("rooms.join", "POST"): 422}  # no password
    assert answers == OPEN_TO_STRANGERS | wrong
    assert of_host == dict.fromkeys(pages, 200)


def test_a_guest_whose_uploads_are_stopped_can_do_all_else(
    app: Flask, cast: Cast, routes: dict[Route, str]
) -> None:
    cast.host.post(routes["guests.stop", "POST"], data={"is_stopped": "1"})
    pages = pages_of(routes)

    shown = walk(pages, with_cookies_of(app, cast.guest))
    answers = walk(routes, with_cookies_of(app, cast.guest))

    assert {route for route, status in answers.items() if status == 403} == FOR_THE_HOST | UPLOADS
    assert shown == of_guest(pages)


def test_a_co_host_may_do_everything_but_manage_hosts(
    app: Flask, cast: Cast, routes: dict[Route, str]
) -> None:
    page = cast.host.post(f"{cast.url}/hosts", data={"name": "Clara"}, follow_redirects=True).text
    (link,) = tags_of(page, "input", id="host-link")
    co_host = app.test_client()
    co_host.post(link["value"].removeprefix("http://localhost"))
    pages = pages_of(routes)

    shown = walk(pages, with_cookies_of(app, co_host))
    answers = walk(
        {route: url for route, url in routes.items() if route in FOR_THE_FIRST_HOST},
        with_cookies_of(app, co_host),
    )

    assert shown == {route: 403 if route in FOR_THE_FIRST_HOST else 200 for route in pages}
    assert answers == dict.fromkeys(FOR_THE_FIRST_HOST, 403)


@pytest.fixture(params=["by its date", "by a host"])
def ended(app: Flask, cast: Cast, routes: dict[Route, str], request: pytest.FixtureRequest) -> None:
    if request.param == "by a host":
        assert cast.host.post(routes["ending.end", "POST"]).status_code == 303
        return
    with app.app_context():
        set_title_and_end(cast.room_id, "Party", datetime.now(UTC).date() - timedelta(days=2))


@pytest.mark.usefixtures("ended")
def test_an_ended_room_is_closed_to_strangers(app: Flask, routes: dict[Route, str]) -> None:
    assert walk(routes, app.test_client) == CLOSED | OF_A_GUEST


@pytest.mark.usefixtures("ended")
def test_in_an_ended_room_a_guest_looks_and_changes_nothing(
    app: Flask, cast: Cast, routes: dict[Route, str]
) -> None:
    before, pages = row_counts(app), pages_of(routes)
    to_change = routes.keys() - pages.keys() - {IN_BIN, NEW_LINK} - CLOSED.keys()
    to_change -= FOR_READERS.keys() | OF_A_GUEST.keys()
    already_in = {("rooms.join", "POST"): 303}

    shown = walk(pages, with_cookies_of(app, cast.guest))
    answers = walk({route: routes[route] for route in to_change}, with_cookies_of(app, cast.guest))

    assert shown == of_guest(pages)
    assert answers == dict.fromkeys(to_change, 403) | already_in
    assert row_counts(app) == before | {"log_entry": before["log_entry"] + 1}, "downloaded all"
    left = {route: routes[route] for route in FOR_READERS}
    assert walk(left, with_cookies_of(app, cast.guest)) == FOR_READERS


@pytest.mark.parametrize("who", ["guest", "stranger"])
def test_a_room_in_the_bin_is_closed(
    app: Flask, cast: Cast, routes: dict[Route, str], who: str
) -> None:
    make_client = app.test_client if who == "stranger" else with_cookies_of(app, cast.guest)
    put_into_bin(cast, routes)

    assert walk(routes, make_client) == CLOSED


def test_in_a_room_in_the_bin_everything_leads_its_host_to_the_bin(
    app: Flask, cast: Cast, routes: dict[Route, str]
) -> None:
    put_into_bin(cast, routes)
    before, pages = row_counts(app), pages_of(routes)
    of_bin = {IN_BIN, ("bin.restore_room", "POST"), ("bin.room_now", "POST")}
    others = routes.keys() - of_bin - CLOSED.keys() - {("rooms.join", "POST")}
    others -= OF_A_GUEST.keys()  # the link of someone else, which opens nothing in the bin
    make_client = with_cookies_of(app, cast.host)

    answers = {
        route: make_client().open(routes[route], method=route[1], buffered=True) for route in others
    }

    assert {answer.location for answer in answers.values()} == {routes[IN_BIN]}
    assert {answer.status_code for answer in answers.values()} == {303}
    assert row_counts(app) == before
    for_script = cast.host.get(f"{cast.url}/wall/photos", headers={"Accept": "*/*"})
    assert for_script.status_code == 404
    assert cast.host.get(routes[IN_BIN]).status_code == 200
    cast.host.post(routes["bin.restore_room", "POST"])
    assert walk(pages, make_client) == dict.fromkeys(pages, 200)
    assert walk(pages, with_cookies_of(app, cast.guest)) == of_guest(pages)


def put_into_bin(cast: Cast, routes: dict[Route, str]) -> None:
    answer = cast.host.post(routes["rooms.delete", "POST"], data={"title": "Party"})
    assert answer.location == routes[IN_BIN]


OF_ONE_PENDING = {
    *("moderation.show", "moderation.picture", "moderation.clip", "moderation.withdraw"),
}


@pytest.mark.parametrize("who", ["guest", "stranger", "guest elsewhere", "host elsewhere"])
def test_what_waits_is_told_to_nobody_but_its_uploader_and_the_hosts(
    app: Flask,
    cast: Cast,
    routes: dict[Route, str],
    pending: tuple[int, str],
    make_room: Callable[..., NewRoom],
    who: str,
) -> None:
    other = make_room("Other")
    make_client = app.test_client if who == "stranger" else member_of(app, cast.code)
    if who == "guest elsewhere":
        make_client = member_of(app, other.room.code)
    elif who == "host elsewhere":
        host = app.test_client()
        host.post(f"/rooms/{other.room.code}/host/{other.host_secret}")
        make_client = with_cookies_of(app, host)

    answers = {}
    for (endpoint, method), url in sorted(routes.items(), key=lambda one: one[0] in LAST):
        answer = make_client().open(url, method=method, buffered=True)
        answers[endpoint, method] = answer.status_code
        said = answer.data + str(answer.headers).encode()
        asked = url.encode()  # an invitation may repeat what was asked for
        for word in (PENDING, *pending[1:]):
            assert word.encode() not in said.replace(asked, b""), (endpoint, method)

    assert {status for (name, _), status in answers.items() if name in OF_ONE_PENDING} == {404}


def test_no_page_changes_for_another_guest_when_a_photo_waits(
    app: Flask, cast: Cast, routes: dict[Route, str], add_photo: Callable[..., int]
) -> None:
    pages = [url for (_, method), url in routes.items() if method == "GET"]
    client = member_of(app, cast.code)()
    before = {url: client.get(url, buffered=True).data for url in pages}
    guest_id = guest_of(app, cast.guest, cast.room_id)

    add_photo(cast.room_id, draw_photo(GREEN, seed=8), PENDING, guest_id=guest_id)

    after = {url: client.get(url, buffered=True).data for url in pages}
    assert [url for url in pages if after[url] != before[url]] == []
    assert PENDING in cast.guest.get(f"{cast.url}/waiting").text
    assert PENDING in cast.host.get(f"{cast.url}/waiting").text


@pytest.mark.parametrize("who", ["host", "guest"])
def test_what_waits_is_on_no_page_about_photos(
    app: Flask, cast: Cast, routes: dict[Route, str], pending: tuple[int, str], who: str
) -> None:
    """Neither in an album nor on the wall or in a zip: not even for those who may see it."""
    client = cast.host if who == "host" else cast.guest
    content = draw_photo(GREEN, seed=7)

    for (endpoint, method), url in routes.items():
        if method == "GET" and not endpoint.startswith(("moderation.", "me.")):
            said = client.get(url, buffered=True).data
            assert pending[1].encode() not in said, endpoint
            assert PENDING.encode() not in said, endpoint
            assert content not in said, endpoint


def test_an_ended_room_is_open_to_its_host(
    app: Flask, cast: Cast, routes: dict[Route, str]
) -> None:
    make_client = with_cookies_of(app, cast.host)
    with app.app_context():
        set_title_and_end(cast.room_id, "Party", datetime.now(UTC).date() - timedelta(days=2))
    pages = pages_of(routes)

    assert walk(pages, make_client) == dict.fromkeys(pages, 200)


def test_nobody_reads_the_title_of_a_room_before_its_password(
    app: Flask, cast: Cast, routes: dict[Route, str]
) -> None:
    """Neither on a page nor in its head, in an address, a file name or a cookie."""
    with app.app_context():
        set_title_and_end(cast.room_id, "Zsa & Zsu", None)
        set_password(cast.room_id, "open sesame")
    know_a_secret = ("rooms.host_link", "rooms.become_host", "own_links.ask", "own_links.become")
    asked = [
        (url, method) for (endpoint, method), url in routes.items() if endpoint not in know_a_secret
    ]
    asked += [
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        if not rule.arguments
        for method in (rule.methods or set()) - {"OPTIONS"}
    ]
    form = {"room_code": cast.code, "password": "open", "name": "Gustav"}

    for url, method in asked:
        client = app.test_client()
        data = form if method == "POST" else None
        answer = client.open(url, method=method, data=data, buffered=True)
        said = answer.data + f"{answer.headers}{client.get('/').text}".encode()
        assert b"Zsa" not in said, (url, method)

    assert len(asked) > 60
    assert "You're invited" in app.test_client().get(cast.url).text
    assert "Zsa" in cast.host.get(cast.url).text


def routes_of_owner(app: Flask, room_id: int) -> dict[Route, str]:
    """Address of every route of the owner's page."""
    adapter = app.url_map.bind("localhost")
    return {
        (rule.endpoint, method): adapter.build(
            rule.endpoint, {"room_id": room_id} if rule.arguments else {}, method
        )
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("owner.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


@pytest.mark.parametrize("who", ["stranger", "guest", "host", "former owner"])
def test_everyone_but_the_owner_is_led_to_the_login(
    app: Flask, cast: Cast, owner: FlaskClient, who: str
) -> None:
    closed = {
        route: url
        for route, url in routes_of_owner(app, cast.room_id).items()
        if route[0] not in ("owner.show_login", "owner.log_in")
    }
    owner.post("/owner/logout")
    client = owner if who == "former owner" else getattr(cast, who)
    before = row_counts(app)

    answers = [client.open(url, method=method) for (_, method), url in closed.items()]

    assert len(closed) > 8
    assert {(one.status_code, one.location.partition("?")[0]) for one in answers} == {
        (303, "/owner/login")
    }
    assert not any("Party" in one.text for one in answers)
    assert row_counts(app) == before
    assert client.get("/owner/login").status_code == 200


def test_the_owner_finds_every_page_and_every_form_is_taken(
    app: Flask, cast: Cast, owner: FlaskClient
) -> None:
    routes = routes_of_owner(app, cast.room_id)
    last = ("owner.delete", "owner.leave")

    answers = {
        (endpoint, method): owner.open(url, method=method, data={"title": "Party"}).status_code
        for (endpoint, method), url in sorted(routes.items(), key=lambda one: one[0][0] in last)
        if endpoint not in ("owner.show_login", "owner.log_in")
    }

    led_on = ("open_room", "end", "restore", "delete", "leave")
    expected = dict.fromkeys(answers, 200) | {(f"owner.{name}", "POST"): 303 for name in led_on}
    assert answers == expected | {("owner.delete_now", "POST"): 404}, "it isn't in the bin"


def test_the_owner_finds_nothing_in_a_room_before_opening_it(
    app: Flask, owner: FlaskClient, routes: dict[Route, str]
) -> None:
    cookie = owner.get_cookie("photoshare_owner")
    assert cookie is not None

    def make_client() -> FlaskClient:
        client = app.test_client()
        client.set_cookie("photoshare_owner", cookie.value)
        return client

    assert walk(routes, make_client) == OPEN_TO_STRANGERS


def all_forms(app: Flask, routes: dict[Route, str]) -> Iterator[str]:
    """List the address of every route that accepts forms, in a room or not.

    The API is not among them: it knows no cookies (tests/web/api/test_api_access.py).
    """
    in_rooms = {endpoint: url for (endpoint, method), url in routes.items() if method == "POST"}
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or set()) and not rule.rule.startswith(API_PATH):
            yield in_rooms.get(rule.endpoint, rule.rule.replace("<int:room_id>", "1"))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
    ],
    ids=str,
)
def test_no_form_takes_what_another_site_sends(
    app: Flask, cast: Cast, routes: dict[Route, str], headers: dict[str, str]
) -> None:
    before = row_counts(app)
    forms = list(all_forms(app, routes))

    answers = {url: cast.host.post(url, headers=headers).status_code for url in forms}

    assert len(forms) > 8
    assert answers == dict.fromkeys(forms, 403)
    assert row_counts(app) == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
    ],
    ids=str,
)
def test_the_sites_own_forms_are_taken(cast: Cast, headers: dict[str, str]) -> None:
    assert cast.stranger.post(f"{cast.url}/join", headers=headers).status_code == 303
