"""GET /rooms/<code>/people/<id>/move: the faces of chosen photos of an album."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photoshare.services.people.shown_faces import FACES_PAGE_SIZE
from tests.conftest import Cast
from tests.helpers import (
    face_on,
    faces_of,
    give_photos,
    insert_face,
    let_guests_correct,
    tags_of,
    undo_addresses,
    who_is_who,
)
from tests.web.conftest import Doubt, Party


def choose(client: FlaskClient, cast: Cast, person: int, *photos: int) -> TestResponse:
    """Choose photos in an album, and go on to whose faces these are."""
    return client.get(f"{cast.url}/people/{person}/move", query_string={"photos": photos})


def chosen(answer: TestResponse) -> list[int]:
    return [int(tag["value"]) for tag in tags_of(answer.text, "input", name="faces")]


def offers(client: FlaskClient, address: str) -> list[str]:
    """Return which photos have to be among the chosen ones for the button to move faces."""
    buttons = tags_of(client.get(address).text, "button")
    return [
        tag["data-for-chosen"]
        for tag in buttons
        if tag.attributes.get("formaction", "").endswith("/move")
    ]


def test_the_faces_of_chosen_photos_move_and_come_back(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    before = who_is_who(app, cast.room_id)
    faces = [face_on(app, photo, doubt.lea) for photo in doubt.photos[:2]]

    answer = choose(cast.host, cast, doubt.lea, *doubt.photos[:2], doubt.photos[4])

    assert chosen(answer) == faces, "only hers, and only on these photos"
    assert tags_of(answer.text, "a", href=f"{cast.url}/people/{doubt.lea}"), "the way back"
    choices = [tag["value"] for tag in tags_of(answer.text, "button", name="into")]
    assert choices == ["new", str(doubt.twin)], "not whose they are already"
    data = {"faces": faces, "into": doubt.twin}
    done = cast.host.post(f"{cast.url}/faces/move", data=data)
    assert done.location == f"{cast.url}/people/{doubt.twin}"
    assert set(faces) < set(faces_of(app, doubt.twin))
    (undo,) = undo_addresses(cast.host.get(done.location).text)
    undone = cast.host.post(undo)
    assert undone.location == f"{cast.url}/people/{doubt.lea}"
    assert who_is_who(app, cast.room_id) == before


def test_a_photo_that_shows_the_other_already_is_asked_about(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    insert_face(app, cast.room_id, doubt.photos[0], doubt.twin)
    answer = choose(cast.host, cast, doubt.lea, doubt.photos[0])

    data = {"faces": chosen(answer), "into": doubt.twin}
    question = cast.host.post(f"{cast.url}/faces/move", data=data)

    assert question.status_code == 422
    assert tags_of(question.text, "input", name="is_sure")


def test_lists_without_a_person_do_not_offer_it(cast: Cast, party: Party) -> None:
    assert offers(cast.host, f"{cast.url}/people/{party.red}") == [""]
    for path in ("/photos", f"/photos?with={party.red}", f"/people/several?people={party.red}"):
        assert offers(cast.host, cast.url + path) == []


def test_guests_move_faces_on_their_own_photos(app: Flask, cast: Cast, party: Party) -> None:
    album = f"{cast.url}/people/{party.red}"
    a, b = party.photos["a.jpg"], party.photos["b.jpg"]
    assert offers(cast.guest, album) == []

    give_photos(app, cast.guest, [b])

    assert offers(cast.guest, album) == ["[data-deletable]"]
    answer = choose(cast.guest, cast, party.red, a, b)
    assert chosen(answer) == [face_on(app, b, party.red)]
    let_guests_correct(app, cast.room_id)
    assert offers(cast.guest, album) == [""]


def test_photos_of_nobody_or_of_others_leave_nothing_to_move(
    cast: Cast, party: Party, doubt: Doubt
) -> None:
    for photos in ((), (party.photos["e.jpg"],), (10**6,)):
        assert "No faces selected." in choose(cast.host, cast, party.red, *photos).text
    too_many = choose(cast.host, cast, party.red, *range(1, FACES_PAGE_SIZE + 2))
    assert too_many.status_code == 422
    assert choose(cast.host, cast, 10**6, party.photos["a.jpg"]).status_code == 404
    assert choose(cast.stranger, cast, party.red, party.photos["a.jpg"]).status_code == 404
