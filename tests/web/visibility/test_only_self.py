"""Rooms in which everybody sees only their own album: no address shows anybody else.

The routes come from the app, as in test_hidden_albums: a new one cannot miss the check.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import Audience, FacesFor, Guest, Room, utc_now
from photoshare.services.corrections import verbs
from photoshare.services.rooms.entering import Author
from tests.conftest import Cast
from tests.fakes import BLUE, GREEN, RED, draw_photo
from tests.helpers import (
    face_on,
    faces_of,
    guest_of,
    let_guests_correct,
    make_own_link,
    tags_of,
    undo_addresses,
    who_is_who,
)
from tests.web.conftest import Party

LANGUAGE_FORM = re.compile(r'<form[^>]*action="/language".*?</form>', re.DOTALL)
PEOPLE_ARGUMENTS = ("people", "person", "into", "with")
FACE_ARGUMENTS = ("face", "faces", "first", "second")
# What the room's settings have, and who looks at it.
SETTINGS: dict[str, dict[str, Any]] = {
    "faces for self": {"faces_for": FacesFor.SELF},
    "photos of oneself": {"audience": Audience.SELF},
    "drop box": {"audience": Audience.HOST},
    "later": {"audience": Audience.LATER, "revealed_at": utc_now() + timedelta(days=2)},
    "later, some day": {"audience": Audience.LATER},
    "no faces": {"faces_for": FacesFor.NOBODY},
}
CASES = [(name, "guest") for name in SETTINGS] + [
    ("faces for self", "host"),
    ("no faces", "host"),
]


@dataclass
class Rows:
    """Who is in the room: Rosa, who may be the one who looks, and Blanche."""

    rosa: int
    blanche: int
    rosas: list[int]
    blanches: list[int]
    unsorted: int

    @property
    def others(self) -> list[int]:
        return [*self.blanches, self.unsorted]


@pytest.fixture
def rows(app: Flask, cast: Cast, party: Party) -> Rows:
    let_guests_correct(app, cast.room_id)
    with app.app_context():
        verbs.name_person(Author(cast.room_id), party.blue, "Blanche")
        verbs.name_person(Author(cast.room_id), party.red, "Rosa")
    unsorted = face_on(app, party.photos["d.jpg"], None)
    reds, blues = faces_of(app, party.red), faces_of(app, party.blue)
    return Rows(party.red, party.blue, reds, blues, unsorted)


def set_room(app: Flask, room_id: int, **values: object) -> None:
    """Change columns only: with faces_for NOBODY, as a switch that has not begun to delete."""
    with app.app_context():
        db.session.execute(update(Room).where(Room.id == room_id).values(values))
        db.session.commit()


def prove(app: Flask, client: FlaskClient, cast: Cast, person_id: int | None) -> None:
    """Let a browser be someone, as after a picture of themselves."""
    guest_id = guest_of(app, client, cast.room_id)
    values = {"person_id": person_id, "said_person_id": person_id, "is_proven": True}
    with app.app_context():
        db.session.execute(update(Guest).where(Guest.id == guest_id).values(values))
        db.session.commit()


def who(app: Flask, name: str) -> tuple[int | None, bool]:
    with app.app_context():
        columns = select(Guest.person_id, Guest.is_proven).where(Guest.name == name)
        person, is_proven = db.session.execute(columns).one()
        return person, is_proven


@pytest.fixture
def addresses(app: Flask, cast: Cast, party: Party) -> Callable[..., dict[str, str]]:
    own_secret = make_own_link(cast.guest, cast.url).rpartition("/")[2]

    def build(method: str, person_id: int, face_id: int, photo: str = "b.jpg") -> dict[str, str]:
        values: dict[str, Any] = dict.fromkeys(
            ("correction_id", "upload_id", "deletion_id", "guest_id", "link_id", "token_id"), 1
        )
        values |= {
            **{"room_code": cast.code, "secret": cast.host_secret, "own_secret": own_secret},
            **{"photo_id": party.photos[photo], "digest": party.digests[photo], "side": 320},
            **{"ending": "webp", "kind": "png", "person_id": person_id, "face_id": face_id},
            **{"waiting_id": 1, "stamp": "none", "factor": 1, "column": 0, "row": 0},
        }
        adapter = app.url_map.bind("localhost")
        return {
            rule.endpoint: adapter.build(
                rule.endpoint, {name: values.get(name, 1) for name in rule.arguments}, method
            )
            for rule in app.url_map.iter_rules()
            if "room_code" in rule.arguments and method in (rule.methods or set())
        }

    return build


def leaks(rows: Rows, url: str, answer: TestResponse) -> list[str]:
    """List what an answer tells of others: names, albums, faces and pictures of these."""
    text = LANGUAGE_FORM.sub("", answer.data.decode(errors="replace").replace(url, ""))
    headers = str(answer.headers)
    signs = [
        f"/people/{rows.blanche}\\b",
        f'name="(people|person|with|into)"\\s+value="{rows.blanche}"',
        "Blanche",
    ]
    signs += [f"/faces/{face}\\b" for face in rows.others]
    signs += [f'data-face="{face}"' for face in rows.others]
    return [sign for sign in signs if re.search(sign, text) or re.search(sign, headers)]


@pytest.mark.parametrize(("setting", "name"), CASES)
def test_no_address_shows_anybody_else(
    app: Flask,
    cast: Cast,
    rows: Rows,
    addresses: Callable[..., dict[str, str]],
    setting: str,
    name: str,
) -> None:
    client = getattr(cast, name)
    prove(app, client, cast, rows.rosa)
    assert any(
        leaks(rows, url, client.get(url, buffered=True))
        for url in addresses("GET", rows.rosa, rows.rosas[0], "a.jpg").values()
    )
    set_room(app, cast.room_id, **SETTINGS[setting])
    arguments = ["fix=1", "choose=1", "find=b", "nameless=1", f"faces={rows.unsorted}"]
    arguments += [f"{name}={rows.blanche}" for name in ("people", "person", "with")]
    arguments += [f"faces={rows.blanches[0]}", f"people={rows.rosa},{rows.blanche}"]

    wrong: dict[str, object] = {}
    for photo, queries in (("a.jpg", arguments), ("d.jpg", [])):
        for url in addresses("GET", rows.rosa, rows.rosas[0], photo).values():
            asked = [(url, {}), (url, {"HX-Request": "true"})]
            for address, headers in [*asked, *((f"{url}?{query}", {}) for query in queries)]:
                answer = client.get(address, headers=headers, buffered=True)
                if found := leaks(rows, address, answer):
                    wrong[address] = found

    assert wrong == {}


@pytest.mark.parametrize(("setting", "name"), CASES)
def test_albums_and_faces_of_others_are_not_there(
    app: Flask,
    cast: Cast,
    rows: Rows,
    addresses: Callable[..., dict[str, str]],
    setting: str,
    name: str,
) -> None:
    client = getattr(cast, name)
    prove(app, client, cast, rows.rosa)
    set_room(app, cast.room_id, **SETTINGS[setting])
    named = re.compile(r"/(people|faces)/\d+")

    for face in rows.others:
        for endpoint, url in addresses("GET", rows.blanche, face).items():
            if named.search(url):
                answer = client.get(url, buffered=True)
                assert answer.status_code in (403, 404), (endpoint, answer.status_code)


@pytest.mark.parametrize(("setting", "name"), CASES)
def test_no_form_changes_anything_but_wrong_faces_in_the_own_album(
    app: Flask,
    cast: Cast,
    rows: Rows,
    addresses: Callable[..., dict[str, str]],
    setting: str,
    name: str,
) -> None:
    client = getattr(cast, name)
    prove(app, client, cast, rows.rosa)
    before = who_is_who(app, cast.room_id)
    set_room(app, cast.room_id, **SETTINGS[setting])
    parts = ("corrections", "suggestions")
    common: dict[str, object] = {"answer": "yes", "name": "x", "is_sure": "1"}

    for person_id, faces in (
        (rows.blanche, [rows.blanches[0]]),
        (rows.blanche, [rows.unsorted]),
        (rows.rosa, [rows.blanches[0]]),
        (rows.rosa, [rows.unsorted]),
        (rows.rosa, [rows.rosas[0], rows.unsorted]),
    ):
        for into in (rows.rosa, rows.blanche, "new"):
            for endpoint, url in addresses("POST", person_id, faces[0]).items():
                if endpoint.partition(".")[0] not in parts or endpoint == "corrections.undo":
                    continue
                data = common | {"into": into, "person": person_id, "faces": faces}
                data |= {"face": faces[0], "first": rows.rosas[0], "second": faces[0]}
                answer = client.post(url, data=data)
                assert answer.status_code in (303, 403, 404, 422), endpoint
                assert "Blanche" not in answer.text

    assert who_is_who(app, cast.room_id) == before
    set_room(app, cast.room_id, faces_for=FacesFor.EVERYBODY, audience=Audience.EVERYBODY)
    page = cast.host.get(f"{cast.url}/people").text
    assert "Blanche" in page
    assert "Rosa" in page


@pytest.mark.parametrize("setting", ["faces for self", "photos of oneself"])
def test_wrong_faces_leave_the_own_album_and_come_back(
    app: Flask, cast: Cast, rows: Rows, setting: str
) -> None:
    prove(app, cast.guest, cast, rows.rosa)
    with app.app_context():
        verbs.move_faces(Author(cast.room_id), [rows.blanches[0]], rows.rosa, is_sure=True)
    set_room(app, cast.room_id, guests_may_correct=False, **SETTINGS[setting])
    url = f"{cast.url}/people/{rows.rosa}"
    assert f"{url}/faces" in cast.guest.get(url).text
    page = cast.guest.get(f"{url}/faces").text
    (form,) = tags_of(page, "form", action=f"{url}/reject")
    assert {tag["value"] for tag in tags_of(page, "input", name="faces")} == {
        str(face) for face in (*rows.rosas, rows.blanches[0])
    }
    for missing in ("/faces/move", "/faces/remove"):
        assert f"{cast.url}{missing}" not in page

    answer = cast.guest.post(form["action"], data={"faces": rows.blanches[0]})

    assert answer.status_code == 303
    assert faces_of(app, rows.rosa) == rows.rosas
    (undo,) = undo_addresses(cast.guest.get(url).text)
    assert cast.guest.post(undo).status_code == 303
    assert rows.blanches[0] in faces_of(app, rows.rosa)


def test_who_sees_only_themselves_undoes_nothing_else(app: Flask, cast: Cast, rows: Rows) -> None:
    """What hosts and guests corrected while the room was open stays as it is."""
    prove(app, cast.guest, cast, rows.rosa)
    prove(app, cast.host, cast, rows.rosa)
    for client in (cast.guest, cast.host):
        client.post(f"{cast.url}/people/{rows.blanche}/merge", data={"into": rows.rosa, **SURE})
        (undo, *_) = undo_addresses(client.get(f"{cast.url}/people/{rows.rosa}").text)
        set_room(app, cast.room_id, faces_for=FacesFor.SELF)

        assert client.post(undo).status_code == 403
        assert "merged" not in client.get(f"{cast.url}/corrections").text

        set_room(app, cast.room_id, faces_for=FacesFor.EVERYBODY)
        assert client.post(undo).status_code == 303


SURE = {"is_sure": "1"}


@pytest.mark.parametrize(("setting", "name"), CASES)
def test_a_choice_from_a_list_is_no_proof(
    app: Flask, cast: Cast, rows: Rows, setting: str, name: str
) -> None:
    client, guest = getattr(cast, name), {"guest": "Gustav", "host": "Hanna"}[name]
    client.post(f"{cast.url}/me/person", data={"person": rows.blanche})
    assert who(app, guest) == (rows.blanche, False)
    make_own_link(client, cast.url, "album")
    set_room(app, cast.room_id, **SETTINGS[setting])

    answer = client.post(f"{cast.url}/me/person", data={"person": rows.rosa})

    assert answer.status_code == 403
    assert who(app, guest) == (rows.blanche, False)
    for path in ("", "/people", "/me", "/photos", f"/people/{rows.blanche}"):
        assert "Blanche" not in client.get(cast.url + path).text
    page = client.get(f"{cast.url}/me").text
    assert tags_of(page, "button", name="person") == []
    is_open = setting in ("faces for self", "photos of oneself")
    assert bool(tags_of(page, "form", action=f"{cast.url}/me/selfie")) == is_open


@pytest.mark.parametrize(("setting", "name"), CASES)
def test_an_album_shared_before_shows_only_who_was_found(
    app: Flask, cast: Cast, rows: Rows, setting: str, name: str
) -> None:
    client = getattr(cast, name)
    client.post(f"{cast.url}/me/person", data={"person": rows.rosa})
    link = make_own_link(client, cast.url, "album")
    addresses = (link, f"{link}/album.atom", f"{link}/album.zip")
    set_room(app, cast.room_id, **SETTINGS[setting])

    assert {cast.stranger.get(url, buffered=True).status_code for url in addresses} == {404}

    prove(app, client, cast, rows.rosa)
    is_open = setting in ("faces for self", "photos of oneself")
    assert {cast.stranger.get(url, buffered=True).status_code for url in addresses} == {
        200 if is_open else 404
    }


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_script_sees_nobody_where_faces_are_for_oneself(
    app: Flask, cast: Cast, rows: Rows, setting: str
) -> None:
    prove(app, cast.host, cast, rows.rosa)
    page = cast.host.post(f"{cast.url}/tokens", data={"name": "Booth", "read": "1"}).text
    (field,) = tags_of(page, "input", id="token")
    headers = {"Authorization": f"Bearer {field['value']}"}
    asked = ("/people", f"/people/{rows.rosa}/photos", "/photos")
    assert cast.stranger.get("/api/v1/people", headers=headers).status_code == 200
    set_room(app, cast.room_id, **SETTINGS[setting])

    people, album, photos = (cast.stranger.get(f"/api/v1{path}", headers=headers) for path in asked)

    is_seen = "faces_for" not in SETTINGS[setting]  # hosts see all photos of the others
    assert (people.json["people"] != []) == is_seen  # type: ignore[index]
    assert album.status_code == (200 if is_seen else 404)
    faces = [face for photo in photos.json["photos"] for face in photo["faces"]]  # type: ignore[index]
    assert (faces != []) == is_seen


def test_a_host_reads_why_nobody_is_shown(app: Flask, cast: Cast, rows: Rows) -> None:
    set_room(app, cast.room_id, faces_for=FacesFor.SELF)

    page = cast.host.get(f"{cast.url}/people").text

    assert "everybody sees only their own album" in page
    assert tags_of(page, "a", href=f"{cast.url}/me")
    home = cast.host.get(cast.url).text
    assert "2 people" not in home
    assert "faces in" not in home
    assert cast.host.get(f"{cast.url}/people/unsorted").status_code == 404


def test_who_found_themselves_sees_themselves(app: Flask, cast: Cast, rows: Rows) -> None:
    for client in (cast.guest, cast.host):
        prove(app, client, cast, rows.rosa)
    set_room(app, cast.room_id, faces_for=FacesFor.SELF)

    for client in (cast.guest, cast.host):
        for path in ("", "/me", "/people", f"/people/{rows.rosa}"):
            assert f"/people/{rows.rosa}" in client.get(cast.url + path).text
        assert client.get(f"{cast.url}/faces/{rows.rosas[0]}.jpg", buffered=True).status_code == 200
        assert client.get(f"{cast.url}/people/{rows.rosa}/album.zip", buffered=True).data


def test_nobody_takes_people_home_where_faces_are_for_oneself(
    app: Flask, cast: Cast, rows: Rows, run_jobs: Callable[[], None]
) -> None:
    set_room(app, cast.room_id, faces_for=FacesFor.SELF)
    cast.host.post(f"{cast.url}/take-home", data={"by": "person", "has_encodings": "1"})
    run_jobs()

    links = [tag["href"] for tag in tags_of(cast.host.get(f"{cast.url}/take-home").text, "a")]
    (link,) = [link for link in links if ".zip" in link and "take-home" in link]
    content = cast.host.get(link, buffered=True).data

    assert b"room.json" in content
    assert b"Blanche" not in content
    assert b'encoding":"' not in content


# ---- Finding oneself ------------------------------------------------------------------------


def search(client: FlaskClient, cast: Cast, picture: bytes) -> TestResponse:
    files = [(io.BytesIO(picture), "me.jpg")]
    return client.post(f"{cast.url}/me/selfie", data={"picture": files})


@pytest.mark.parametrize("setting", ["faces for self", "photos of oneself"])
def test_a_selfie_is_proof(app: Flask, cast: Cast, rows: Rows, setting: str) -> None:
    set_room(app, cast.room_id, **SETTINGS[setting])
    album = f"{cast.url}/people/{rows.rosa}"
    assert cast.guest.get(album).status_code == 404

    page = search(cast.guest, cast, draw_photo(RED, seed=77)).text

    (button,) = tags_of(page, "button", name="face")  # nobody who only looks a little alike
    assert [tag["src"][:23] for tag in tags_of(page, "img", width="96")] == [
        "data:image/jpeg;base64,"
    ]
    for name in ("Rosa", "Blanche", "3 photos", "/faces/", "/people/"):
        assert name not in page.partition("<main")[2]
    answer = cast.guest.post(f"{cast.url}/me/face", data={"face": button["value"]})
    assert (answer.status_code, answer.location) == (303, album)
    assert who(app, "Gustav") == (rows.rosa, True)
    assert cast.guest.get(album).status_code == 200


def test_a_single_face_that_is_nobodys_becomes_an_album(
    app: Flask, cast: Cast, rows: Rows, run_jobs: Callable[[], None]
) -> None:
    set_room(app, cast.room_id, audience=Audience.SELF)

    page = search(cast.guest, cast, draw_photo(GREEN, seed=77)).text
    (button,) = tags_of(page, "button", name="face")
    answer = cast.guest.post(f"{cast.url}/me/face", data={"face": button["value"]})
    run_jobs()

    person, is_proven = who(app, "Gustav")
    assert is_proven
    assert answer.location == f"{cast.url}/people/{person}"
    assert cast.guest.get(answer.location).status_code == 200
    assert faces_of(app, person) == [rows.unsorted]


def test_a_proof_is_for_one_guest_of_one_room(
    app: Flask, cast: Cast, rows: Rows, make_room: Callable[..., object]
) -> None:
    set_room(app, cast.room_id, audience=Audience.SELF)
    page = search(cast.guest, cast, draw_photo(BLUE, seed=77)).text
    (button,) = tags_of(page, "button", name="face")
    other = app.test_client()
    other.post(f"{cast.url}/join", data={"name": "Otto"})
    code = make_room().room.code  # type: ignore[attr-defined]
    cast.guest.post(f"/rooms/{code}/join", data={"name": "Gustav elsewhere"})

    for client, url in ((other, cast.url), (cast.guest, f"/rooms/{code}")):
        answer = client.post(f"{url}/me/face", data={"face": button["value"]})
        assert answer.status_code == 422

    assert who(app, "Otto") == (None, False)
    assert who(app, "Gustav elsewhere") == (None, False)


@pytest.mark.parametrize("setting", ["drop box", "later", "later, some day", "no faces"])
def test_where_nobody_can_be_found_a_sentence_says_so(
    app: Flask, cast: Cast, rows: Rows, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = search(cast.guest, cast, draw_photo(BLUE, seed=77)).text
    button, *_ = tags_of(page, "button", name="face")
    set_room(app, cast.room_id, **SETTINGS[setting])
    monkeypatch.setattr(
        "photoshare.services.mine.find_me.analyse_decoded",
        lambda *_of, **_how: pytest.fail("it was searched"),
    )

    answer = search(cast.guest, cast, draw_photo(BLUE, seed=77))

    assert answer.status_code == 403
    assert any(
        sentence in answer.text
        for sentence in ("No faces are searched", "once the photos are shown", "Only the host sees")
    )
    late = cast.guest.post(f"{cast.url}/me/face", data={"face": button["value"]})
    assert late.status_code == 403
    assert who(app, "Gustav") == (None, False)


def test_a_selfie_in_an_open_room_is_proof_for_later_and_a_choice_is_not(
    app: Flask, cast: Cast, rows: Rows
) -> None:
    page = search(cast.guest, cast, draw_photo(BLUE, seed=77)).text
    offer = tags_of(page, "button", name="face")[0]["value"]
    cast.guest.post(f"{cast.url}/me/face", data={"face": offer})
    assert who(app, "Gustav") == (rows.blanche, True)

    cast.guest.post(f"{cast.url}/me/person", data={"person": rows.rosa})
    assert who(app, "Gustav") == (rows.rosa, False)

    cast.guest.post(f"{cast.url}/me/face", data={"face": offer})
    cast.guest.post(f"{cast.url}/me/person/forget")
    assert who(app, "Gustav") == (None, False)


def test_a_merge_keeps_the_proof_and_gives_none(app: Flask, cast: Cast, rows: Rows) -> None:
    prove(app, cast.guest, cast, rows.blanche)
    cast.host.post(f"{cast.url}/me/person", data={"person": rows.blanche})
    set_room(app, cast.room_id, audience=Audience.SELF)

    with app.app_context():
        verbs.merge_people(Author(cast.room_id), rows.blanche, rows.rosa, is_sure=True)

    assert who(app, "Gustav") == (rows.rosa, True)
    assert who(app, "Hanna") == (rows.rosa, False)
