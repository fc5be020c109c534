"""POST /rooms/<code>/faces/<id>/cover."""

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
    counted_queries,
    face_on,
    faces_of,
    give_photos,
    host_access,
    insert_person,
    insert_photos,
    let_guests_correct,
    row_counts,
    tags_of,
    undo_addresses,
)
from tests.web.conftest import Doubt, Party


def choose(
    client: FlaskClient, cast: Cast, face_id: object, headers: dict[str, str] | None = None
) -> TestResponse:
    return client.post(f"{cast.url}/faces/{face_id}/cover", headers=headers)


def cover_of(app: Flask, cast: Cast, person_id: int) -> int:
    with app.app_context():
        return people.get_card(host_access(cast.room_id), person_id).cover_face_id


def test_a_plain_form_chooses_and_shows_the_album(app: Flask, cast: Cast, party: Party) -> None:
    face = face_on(app, party.photos["d.jpg"], party.red)
    assert cover_of(app, cast, party.red) != face

    answer = choose(cast.host, cast, face)

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{party.red}")
    assert cover_of(app, cast, party.red) == face
    assert "Cover changed." in cast.host.get(answer.location).text
    for path in ("", "/people", f"/people/{party.red}"):
        page = cast.guest.get(cast.url + path).text
        assert tags_of(page, "img", src=f"{cast.url}/faces/{face}.jpg")


def test_the_message_undoes_it(app: Flask, cast: Cast, party: Party) -> None:
    before = cover_of(app, cast, party.red)
    face = face_on(app, party.photos["d.jpg"], party.red)
    page = cast.host.get(choose(cast.host, cast, face).location).text

    (undo,) = undo_addresses(page)
    cast.host.post(undo)

    assert cover_of(app, cast, party.red) == before


def test_a_cover_that_leaves_the_person_gives_way_to_another(
    app: Flask, cast: Cast, party: Party
) -> None:
    face = face_on(app, party.photos["d.jpg"], party.red)
    choose(cast.host, cast, face)

    cast.host.post(f"{cast.url}/people/{party.red}/reject", data={"faces": face})

    assert cover_of(app, cast, party.red) in faces_of(app, party.red)


def test_an_unsorted_face_is_no_cover(app: Flask, cast: Cast, doubt: Doubt) -> None:
    answer = choose(cast.host, cast, doubt.stray)

    assert answer.status_code == 422
    assert "This face doesn&#39;t belong to anyone yet." in answer.text


@pytest.mark.parametrize("face", ["999", "x", "0"])
def test_an_unknown_face_is_not_found(cast: Cast, doubt: Doubt, face: str) -> None:
    assert choose(cast.host, cast, face).status_code == 404


def test_a_face_of_another_room_is_not_found(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 2))

    assert choose(cast.host, cast, faces_of(app, person_id)[1]).status_code == 404
    assert row_counts(app)["correction"] == 0


def test_a_guest_may_on_their_own_photos(app: Flask, cast: Cast, doubt: Doubt) -> None:
    give_photos(app, cast.guest, doubt.photos[1:2])
    theirs, mine, _third = faces_of(app, doubt.lea)

    assert choose(cast.guest, cast, theirs).status_code == 403
    assert choose(cast.guest, cast, mine).status_code == 303
    assert cover_of(app, cast, doubt.lea) == mine


def test_a_guest_may_with_the_hosts_switch(app: Flask, cast: Cast, doubt: Doubt) -> None:
    let_guests_correct(app, cast.room_id)

    assert choose(cast.guest, cast, faces_of(app, doubt.lea)[0]).status_code == 303


def test_a_stranger_finds_nothing(app: Flask, cast: Cast, doubt: Doubt) -> None:
    before = cover_of(app, cast, doubt.lea)

    assert choose(cast.stranger, cast, faces_of(app, doubt.lea)[0]).status_code == 404
    assert cover_of(app, cast, doubt.lea) == before


def test_another_site_cannot(app: Flask, cast: Cast, doubt: Doubt) -> None:
    face = faces_of(app, doubt.lea)[0]

    assert choose(cast.host, cast, face, {"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert cover_of(app, cast, doubt.lea) != face


def test_the_address_takes_only_post(cast: Cast, doubt: Doubt) -> None:
    assert cast.host.get(f"{cast.url}/faces/{doubt.stray}/cover").status_code == 405


def test_the_number_of_queries_does_not_grow_with_the_faces(app: Flask, cast: Cast) -> None:
    small = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 2))
    large = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 40, seed="more"))
    with counted_queries(app) as before:
        choose(cast.host, cast, faces_of(app, small)[1])

    with counted_queries(app) as after:
        choose(cast.host, cast, faces_of(app, large)[20])

    assert len(before) == len(after) > 0
