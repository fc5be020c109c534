"""Guests cannot find hidden people: every address is requested with their ids.

The routes come from the app. Everything that an address may contain in its query or
path is tried with all of them, so that a new route cannot miss the check.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from photoshare.services.corrections import verbs
from photoshare.services.rooms.entering import Author
from tests.conftest import Cast
from tests.helpers import (
    faces_of,
    guest_of,
    insert_person,
    insert_photos,
    let_guests_correct,
    make_own_link,
    who_is_who,
)
from tests.web.conftest import Party

# Everything that an address or a form may contain: all are tried everywhere.
PEOPLE_ARGUMENTS = ("people", "person", "into", "with")
FACE_ARGUMENTS = ("face", "faces", "first", "second")
LANGUAGE_FORM = re.compile(rb'<form[^>]*action="/language".*?</form>', re.DOTALL)
# Where a visible person in the query changes the page: otherwise the walk proves nothing.
TAKES_PEOPLE = {
    ("albums.room_zip", "people"),
    ("albums.room_zip", "person"),
    ("albums.several", "people"),
    ("albums.room_zip", "with"),
    ("photos.confirm_delete", "people"),
    ("photos.confirm_delete", "person"),
    ("photos.confirm_delete", "with"),
    ("photos.files", "people"),
    ("photos.files", "person"),
    ("photos.files", "with"),
    ("photos.index", "with"),
    ("photos.show", "people"),
    ("photos.show", "person"),
    ("photos.show", "with"),
}


@dataclass
class Bystander:
    """A hidden person, in the photos a.jpg and c.jpg of the party, and one of their faces."""

    person_id: int
    face_id: int
    visible_id: int  # a person everyone can see
    visible_face_id: int


@pytest.fixture
def bystander(app: Flask, cast: Cast, party: Party) -> Bystander:
    let_guests_correct(app, cast.room_id)
    face, visible_face = faces_of(app, party.blue)[0], faces_of(app, party.red)[0]
    with app.app_context():
        verbs.name_person(Author(cast.room_id), party.blue, "Blanche")
        verbs.hide_person(Author(cast.room_id), party.blue)
    return Bystander(party.blue, face, party.red, visible_face)


@pytest.fixture
def addresses(app: Flask, cast: Cast, party: Party) -> Callable[..., dict[str, str]]:
    """Build the address of every route of the room that accepts a method, by endpoint."""
    own_secret = make_own_link(cast.guest, cast.url).rpartition("/")[2]

    def build(method: str, person_id: int, face_id: int) -> dict[str, str]:
        values = {
            "room_code": cast.code,
            "secret": cast.host_secret,
            "own_secret": own_secret,
            "photo_id": party.photos["b.jpg"],
            "digest": party.digests["b.jpg"],
            "side": 320,
            "ending": "webp",
            "kind": "png",
            "person_id": person_id,
            "face_id": face_id,
            "correction_id": 1,
            "upload_id": 1,
            "deletion_id": 1,
            "guest_id": 1,
            "link_id": 1,
            "token_id": 1,
            "waiting_id": 1,
            "stamp": "none",
            "factor": 1,
            "column": 0,
            "row": 0,
        }
        adapter = app.url_map.bind("localhost")
        return {
            rule.endpoint: adapter.build(
                rule.endpoint, {name: values[name] for name in rule.arguments}, method
            )
            for rule in room_rules(app, method)
        }

    return build


def room_rules(app: Flask, method: str) -> list[Rule]:
    return [
        rule
        for rule in app.url_map.iter_rules()
        if "room_code" in rule.arguments and method in (rule.methods or set())
    ]


def names_someone(app: Flask, method: str) -> set[str]:
    """List the endpoints with a person or a face in the path."""
    named = {"person_id", "face_id"}
    return {rule.endpoint for rule in room_rules(app, method) if named & set(rule.arguments)}


def answer_of(client: FlaskClient, url: str) -> tuple[int, bytes]:
    """Return status and body, without the form for the language, which repeats the address."""
    answer = client.get(url, buffered=True)
    return answer.status_code, LANGUAGE_FORM.sub(b"", answer.data)


def with_query(url: str, argument: str, value: int | str) -> str:
    return f"{url}?{argument}={value}"


def test_no_path_leads_a_guest_to_somebody_hidden(
    app: Flask, cast: Cast, bystander: Bystander, addresses: Callable[..., dict[str, str]]
) -> None:
    hidden = addresses("GET", bystander.person_id, bystander.face_id)
    endpoints = names_someone(app, "GET")

    guest = {endpoint: answer_of(cast.guest, hidden[endpoint])[0] for endpoint in endpoints}
    host = {endpoint: answer_of(cast.host, hidden[endpoint])[0] for endpoint in endpoints}

    assert len(endpoints) > 5
    for_hosts = {"bin.confirm_album": 403}  # whoever it names, and whether they exist or not
    assert guest == dict.fromkeys(endpoints, 404) | for_hosts
    assert host == dict.fromkeys(endpoints, 200)


def test_no_question_mark_leads_a_guest_to_somebody_hidden(
    cast: Cast, bystander: Bystander, addresses: Callable[..., dict[str, str]]
) -> None:
    """An argument with their id is refused, or makes no difference at all."""
    wrong = {}
    for endpoint, url in addresses("GET", bystander.visible_id, bystander.visible_face_id).items():
        plain = answer_of(cast.guest, url)
        tried: list[tuple[str, int | str]] = [
            *((name, bystander.person_id) for name in PEOPLE_ARGUMENTS),
            *((name, bystander.face_id) for name in FACE_ARGUMENTS),
            ("people", f"{bystander.visible_id},{bystander.person_id}"),
            ("faces", f"{bystander.visible_face_id},{bystander.face_id}"),
        ]
        for argument, value in tried:
            answer = answer_of(cast.guest, with_query(url, argument, value))
            if answer[0] not in (404, 422) and answer != plain:
                wrong[endpoint, argument, value] = answer[0]
            assert b"Blanche" not in answer[1]

    assert wrong == {}


def test_the_walk_reaches_every_address_that_takes_people(
    cast: Cast, bystander: Bystander, addresses: Callable[..., dict[str, str]]
) -> None:
    taking = set()
    for endpoint, url in addresses("GET", bystander.visible_id, bystander.visible_face_id).items():
        plain = answer_of(cast.host, url)
        for argument in PEOPLE_ARGUMENTS:
            visible = answer_of(cast.host, with_query(url, argument, bystander.visible_id))
            hidden = answer_of(cast.host, with_query(url, argument, bystander.person_id))
            if (visible[0], hidden[0]) == (200, 200) and plain not in (visible, hidden):
                taking.add((endpoint, argument))

    assert taking == TAKES_PEOPLE


def test_no_form_of_a_guest_changes_who_somebody_hidden_is(
    app: Flask, cast: Cast, bystander: Bystander, addresses: Callable[..., dict[str, str]]
) -> None:
    before = who_is_who(app, cast.room_id)
    theirs = {face for face, (person, _) in before.items() if person == bystander.person_id}
    in_path = addresses("POST", bystander.person_id, bystander.face_id)
    in_form = addresses("POST", bystander.visible_id, bystander.visible_face_id)
    form: dict[str, object] = dict.fromkeys(PEOPLE_ARGUMENTS, bystander.person_id)
    form |= dict.fromkeys(FACE_ARGUMENTS, bystander.face_id) | {"answer": "yes", "name": "x"}
    harmless = {"me.leave", "rooms.join", "rooms.become_host", "corrections.undo"}

    for endpoint in names_someone(app, "POST"):
        data = {"faces": bystander.visible_face_id, "name": "x", "answer": "yes"}
        assert cast.guest.post(in_path[endpoint], data=data).status_code in (403, 404), endpoint
    for endpoint in in_form.keys() - harmless:
        cast.guest.post(in_form[endpoint], data=form)

    after = who_is_who(app, cast.room_id)
    assert {face: after[face] for face in theirs} == {face: before[face] for face in theirs}
    assert "Blanche" in cast.host.get(f"{cast.url}/people/hidden").text


def test_the_photos_of_somebody_hidden_cannot_be_walked(
    cast: Cast, party: Party, bystander: Bystander
) -> None:
    url = f"{cast.url}/photos/{party.photos['a.jpg']}"

    for query in (
        f"people={bystander.person_id}",
        f"people={bystander.person_id}&match=all",
        f"people={bystander.visible_id},{bystander.person_id}",
        f"person={bystander.person_id}",
    ):
        assert cast.guest.get(f"{url}?{query}").status_code == 404
        assert cast.host.get(f"{url}?{query}").status_code == 200


def test_the_uploads_of_another_guest_are_walked_by_the_host_only(
    app: Flask, cast: Cast, party: Party
) -> None:
    other = app.test_client()
    other.post(f"{cast.url}/join")
    guest_id = guest_of(app, other, cast.room_id)
    url = f"{cast.url}/photos/{party.photos['a.jpg']}?guest={guest_id}"

    answers = [client.get(url).status_code for client in (cast.guest, other, cast.host)]

    assert answers == [404, 200, 200]
    assert cast.host.get(f"{cast.url}/photos/{party.photos['a.jpg']}?guest=999").status_code == 404


@pytest.mark.parametrize("path", ["/people/several", "/photos.zip", "/photos/{photo}"])
@pytest.mark.parametrize("match", ["all", "any"])
def test_more_people_than_anybody_chooses_are_refused_in_words(
    app: Flask, cast: Cast, party: Party, path: str, match: str
) -> None:
    people = [insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 1))]
    query = ",".join(map(str, [*people, *range(10_000, 11_100)]))

    answer = cast.guest.get(
        f"{cast.url}{path.format(photo=party.photos['a.jpg'])}?people={query}&match={match}"
    )

    assert answer.status_code == 422
    assert "Please select up to 100 people." in answer.text


def test_more_photos_than_anybody_selects_are_refused_in_words(cast: Cast, party: Party) -> None:
    query = ",".join(map(str, range(1, 5002)))

    answer = cast.guest.get(f"{cast.url}/photos.zip?photos={query}")

    assert answer.status_code == 422
    assert "5,000" in answer.text
