"""POST /rooms/<code>/people/<id>/name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photoshare.services.people import people
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import (
    HX,
    counted_queries,
    faces_of,
    form_with,
    give_photos,
    host_access,
    insert_face,
    insert_person,
    insert_photos,
    let_guests_correct,
    tags_of,
    undo_addresses,
)
from tests.web.conftest import Doubt, Party


def rename(
    client: FlaskClient,
    cast: Cast,
    person_id: int,
    name: str,
    headers: dict[str, str] | None = None,
) -> TestResponse:
    url = f"{cast.url}/people/{person_id}/name"
    return client.post(url, data={"name": name}, headers=headers)


def name_of(app: Flask, cast: Cast, person_id: int) -> str | None:
    with app.app_context():
        return people.get_card(host_access(cast.room_id), person_id).name


def test_a_plain_form_names_the_person_and_goes_back(app: Flask, cast: Cast, party: Party) -> None:
    answer = rename(cast.host, cast, party.red, "  Léa   Lang ")

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{party.red}")
    assert name_of(app, cast, party.red) == "Léa Lang"
    assert "Name saved." in cast.host.get(answer.location).text


def test_htmx_gets_the_form_back(app: Flask, cast: Cast, party: Party) -> None:
    answer = rename(cast.host, cast, party.red, "Lea", HX)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    (root, *_others) = tags_of(answer.text)
    assert (root.name, root["id"]) == ("form", "name-form")
    assert tags_of(answer.text, "input", name="name")[0]["value"] == "Lea"
    assert tags_of(answer.text, "div", **{"hx-swap-oob": "beforeend:#toasts"})
    assert "Name saved." in answer.text
    assert len(undo_addresses(answer.text)) == 1
    (heading,) = tags_of(answer.text, "h1", **{"hx-swap-oob": "true"})
    assert tags_of(cast.host.get(f"{cast.url}/people/{party.red}").text, "h1", id=heading["id"])
    assert "Lea</h1>" in answer.text
    assert name_of(app, cast, party.red) == "Lea"


def test_an_empty_name_takes_the_name_away(app: Flask, cast: Cast, party: Party) -> None:
    rename(cast.host, cast, party.red, "Lea")

    answer = rename(cast.host, cast, party.red, "   ")

    assert name_of(app, cast, party.red) is None
    page = cast.host.get(answer.location).text
    assert "Name deleted." in page
    assert len(undo_addresses(page)) == 1  # of the first message; nothing brings the name back
    cast.host.post(undo_addresses(page)[0])
    assert name_of(app, cast, party.red) is None


@pytest.mark.parametrize("headers", [None, HX])
def test_a_name_that_is_too_long_is_refused_and_kept_in_the_field(
    app: Flask, cast: Cast, party: Party, headers: dict[str, str] | None
) -> None:
    name = "<b>" + "x" * 60

    answer = rename(cast.host, cast, party.red, name, headers)

    assert answer.status_code == 422
    assert "up to 60 characters" in answer.text
    assert ("<html" in answer.text) is (headers is None)
    assert tags_of(answer.text, "input", name="name")[0]["value"] == name
    assert name_of(app, cast, party.red) is None


def test_the_message_undoes_it(app: Flask, cast: Cast, party: Party) -> None:
    rename(cast.host, cast, party.red, "Lea")
    page = cast.host.get(f"{cast.url}/people/{party.red}").text
    rename(cast.host, cast, party.red, "Tom")
    page = cast.host.get(f"{cast.url}/people/{party.red}").text

    (undo,) = undo_addresses(page)
    assert cast.host.post(undo).status_code == 303

    assert name_of(app, cast, party.red) == "Lea"


def ask_if_same(
    client: FlaskClient, cast: Cast, doubt: Doubt, name: str, headers: dict[str, str] | None = None
) -> str:
    answer = rename(client, cast, doubt.twin, name, headers)
    assert answer.status_code == 422
    assert "There&#39;s already a Lea. Is this the same person?" in answer.text
    assert ("<html" in answer.text) is (headers is None)
    return answer.text


@pytest.mark.parametrize("headers", [None, HX])
@pytest.mark.parametrize("name", ["Lea", " lEA "])
def test_a_name_that_somebody_has_is_a_question(
    app: Flask, cast: Cast, doubt: Doubt, name: str, headers: dict[str, str] | None
) -> None:
    page = ask_if_same(cast.host, cast, doubt, name, headers)

    assert tags_of(page, id="name-form")  # htmx puts it where the form was
    assert tags_of(page, "input", name="name")[0]["value"] == name
    assert name_of(app, cast, doubt.twin) is None
    assert len(faces_of(app, doubt.twin)) == 2


def test_the_answer_may_be_one_person(app: Flask, cast: Cast, doubt: Doubt) -> None:
    url, fields = form_with(ask_if_same(cast.host, cast, doubt, "Lea"), "into")

    answer = cast.host.post(url, data=fields)

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{doubt.lea}")
    assert name_of(app, cast, doubt.lea) == "Lea"
    assert len(faces_of(app, doubt.lea)) == 5


def test_the_answer_may_be_another_one(app: Flask, cast: Cast, doubt: Doubt) -> None:
    url, fields = form_with(ask_if_same(cast.host, cast, doubt, "Lea"), "is_another")

    answer = cast.host.post(url, data=fields)

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{doubt.twin}")
    assert name_of(app, cast, doubt.twin) == name_of(app, cast, doubt.lea) == "Lea"
    assert len(faces_of(app, doubt.twin)) == 2


def test_the_own_name_is_no_question(app: Flask, cast: Cast, doubt: Doubt) -> None:
    assert rename(cast.host, cast, doubt.lea, "LEA").status_code == 303
    assert name_of(app, cast, doubt.lea) == "LEA"


def merged_by(client: FlaskClient, page: str) -> TestResponse:
    """Press the button that makes the two one person."""
    url, fields = form_with(page, "into")
    return client.post(url, data=fields)


@pytest.mark.parametrize("headers", [None, HX])
def test_who_is_on_one_photo_with_their_namesake_is_hardly_the_same(
    app: Flask, cast: Cast, doubt: Doubt, headers: dict[str, str] | None
) -> None:
    insert_face(app, cast.room_id, doubt.photos[0], person_id=doubt.twin, left=90)

    answer = rename(cast.host, cast, doubt.twin, "Lea", headers)

    assert answer.status_code == 422
    assert "both are in the same photo, so they're probably two people." in answer.text
    question = merged_by(cast.host, answer.text)
    assert question.status_code == 422
    assert "Are they really the same person?" in question.text
    url, fields = form_with(answer.text, "is_another")
    assert cast.host.post(url, data=fields).status_code == 303
    assert name_of(app, cast, doubt.twin) == "Lea"


def test_a_name_of_another_room_is_no_question(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    insert_person(app, other_id, insert_photos(app, other_id, 1), "Tom")
    person_id = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 1))

    assert rename(cast.host, cast, person_id, "Tom").status_code == 303


def test_a_hidden_person_is_no_question_for_guests(app: Flask, cast: Cast, doubt: Doubt) -> None:
    let_guests_correct(app, cast.room_id)
    cast.host.post(f"{cast.url}/people/{doubt.lea}/hide")

    assert rename(cast.guest, cast, doubt.twin, "Lea").status_code == 303
    assert rename(cast.host, cast, doubt.twin, "Lea").status_code == 422


@pytest.mark.parametrize("count", [1, 2])
def test_a_guest_may_name_whom_only_their_own_photos_show(
    app: Flask, cast: Cast, doubt: Doubt, count: int
) -> None:
    give_photos(app, cast.guest, doubt.photos[3 : 3 + count])
    page = cast.guest.get(f"{cast.url}/people/{doubt.twin}").text

    answer = rename(cast.guest, cast, doubt.twin, "Tom")

    is_theirs = count == 2
    assert bool(tags_of(page, "form", id="name-form")) is is_theirs
    assert answer.status_code == (303 if is_theirs else 403)
    assert name_of(app, cast, doubt.twin) == ("Tom" if is_theirs else None)


def test_a_guest_may_with_the_hosts_switch(app: Flask, cast: Cast, doubt: Doubt) -> None:
    let_guests_correct(app, cast.room_id)
    page = cast.guest.get(f"{cast.url}/people/{doubt.twin}").text

    assert tags_of(page, "form", id="name-form")
    assert rename(cast.guest, cast, doubt.twin, "Tom").status_code == 303
    assert name_of(app, cast, doubt.twin) == "Tom"


def test_the_number_of_queries_does_not_grow_with_the_faces(app: Flask, cast: Cast) -> None:
    small = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 2))
    large = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 40, seed="more"))
    with counted_queries(app) as before:
        rename(cast.host, cast, small, "Lea")

    with counted_queries(app) as after:
        rename(cast.host, cast, large, "Tom")

    assert len(before) == len(after) > 0


def test_a_guest_is_told_that_only_the_host_can(app: Flask, cast: Cast, party: Party) -> None:
    answer = rename(cast.guest, cast, party.red, "Mine")

    assert answer.status_code == 403
    assert name_of(app, cast, party.red) is None


def test_a_stranger_finds_nothing(app: Flask, cast: Cast, party: Party) -> None:
    assert rename(cast.stranger, cast, party.red, "Mine").status_code == 404
    assert name_of(app, cast, party.red) is None


def test_an_unknown_person_is_not_found(cast: Cast) -> None:
    assert rename(cast.host, cast, 999, "Lea").status_code == 404
    assert rename(cast.host, cast, 999, "x" * 61).status_code == 404


def test_a_person_of_another_room_is_not_found(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 1), "Tom")

    assert rename(cast.host, cast, person_id, "Lea").status_code == 404
    with app.app_context():
        assert people.get_card(host_access(other_id), person_id).name == "Tom"


def test_another_site_cannot_rename(app: Flask, cast: Cast, party: Party) -> None:
    answer = rename(cast.host, cast, party.red, "Evil", {"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert name_of(app, cast, party.red) is None


def test_the_address_takes_only_post(cast: Cast, party: Party) -> None:
    assert cast.host.get(f"{cast.url}/people/{party.red}/name").status_code == 405


def test_a_new_name_is_shown_everywhere_as_text(cast: Cast, party: Party) -> None:
    rename(cast.host, cast, party.red, '<i>"Lea"</i>')

    for path in ("", "/people", f"/people/{party.red}", f"/photos/{party.photos['b.jpg']}"):
        page = cast.guest.get(cast.url + path).text

        assert "&lt;i&gt;" in page
        assert tags_of(page, "i") == []
