"""POST /rooms/<code>/faces/remove."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import PHOTO_WAITING, Photo
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.helpers import (
    counted_queries,
    face_on,
    faces_of,
    give_photos,
    insert_person,
    insert_photos,
    let_guests_correct,
    row_counts,
    tags_of,
    undo_addresses,
    who_is_who,
)
from tests.web.conftest import Doubt, Party


def remove(
    client: FlaskClient, cast: Cast, faces: list[int], headers: dict[str, str] | None = None
) -> TestResponse:
    return client.post(f"{cast.url}/faces/remove", data={"faces": faces}, headers=headers)


def test_a_plain_form_removes_faces_and_shows_the_album(
    app: Flask, cast: Cast, party: Party
) -> None:
    face = face_on(app, party.photos["b.jpg"], party.red)

    answer = remove(cast.host, cast, [face])

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{party.red}")
    assert who_is_who(app, cast.room_id)[face] == (None, False)
    assert "Marked as not a face." in cast.host.get(answer.location).text


def test_it_leaves_every_page(app: Flask, cast: Cast, party: Party) -> None:
    photo_id = party.photos["b.jpg"]
    face = face_on(app, photo_id, party.red)
    unsorted_before = faces_of(app, None)

    remove(cast.host, cast, [face])

    for client in (cast.host, cast.guest):
        page = client.get(f"{cast.url}/photos/{photo_id}").text
        assert tags_of(page, "rect") == []
        assert "No faces found in this photo." in page
        for path in (f"/faces/{face}", f"/faces/{face}.jpg", f"/faces/move?faces={face}"):
            assert client.get(cast.url + path, buffered=True).status_code == 404
        pictures = tags_of(client.get(f"{cast.url}/people/unsorted").text, "img")
        assert len(pictures) == len(unsorted_before)
        assert "2 photos" in client.get(f"{cast.url}/people/{party.red}").text
        page = client.get(f"{cast.url}/photos/without-faces").text
        assert len(tags_of(page, "a", **{"class": "tile"})) == 2


@pytest.mark.parametrize(
    ("page", "comes_back"),
    [
        ("/people/unsorted", True),
        ("/people/{red}/faces", True),
        ("/photos/{photo}", True),
        ("/faces/{face}", False),  # its page is gone
        ("/faces/{face}.jpg", False),
        ("/people/{gone}/faces", False),
        ("", True),
    ],
)
def test_it_goes_back_to_the_page_it_came_from_if_that_is_still_there(
    app: Flask, cast: Cast, party: Party, page: str, comes_back: bool
) -> None:
    face = face_on(app, party.photos["b.jpg"], party.red)
    gone = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 1))
    values = {"red": party.red, "photo": party.photos["b.jpg"], "face": face, "gone": gone}
    path = cast.url + page.format(**values)

    answer = remove(
        cast.host, cast, [face, *faces_of(app, gone)], {"Referer": f"http://localhost{path}"}
    )

    assert answer.location == (path if comes_back else f"{cast.url}/people/{party.red}")
    assert cast.host.get(answer.location).status_code == 200


def test_a_new_analysis_does_not_bring_it_back(
    app: Flask, cast: Cast, party: Party, site: Site, run_jobs: Callable[[], None]
) -> None:
    face = face_on(app, party.photos["b.jpg"], party.red)
    remove(cast.host, cast, [face])
    with app.app_context():
        db.session.get_one(Photo, party.photos["b.jpg"]).state = PHOTO_WAITING
        db.session.commit()
    cast.host.post(f"{cast.url}/jobs")

    run_jobs()

    assert who_is_who(app, cast.room_id)[face] == (None, False)
    assert len(faces_of(app, party.red)) == 2
    assert row_counts(app)["face"] == 6


def test_the_message_undoes_it(app: Flask, cast: Cast, party: Party) -> None:
    before = who_is_who(app, cast.room_id)
    face = face_on(app, party.photos["b.jpg"], party.red)
    page = cast.host.get(remove(cast.host, cast, [face]).location).text

    (undo,) = undo_addresses(page)
    cast.host.post(undo)

    assert who_is_who(app, cast.room_id) == before


def test_no_face_is_refused(cast: Cast, doubt: Doubt) -> None:
    answer = remove(cast.host, cast, [])

    assert answer.status_code == 422
    assert "Please select at least one face." in answer.text


def test_what_is_no_face_already_is_not_found(app: Flask, cast: Cast, doubt: Doubt) -> None:
    remove(cast.host, cast, [doubt.stray])

    assert remove(cast.host, cast, [doubt.stray]).status_code == 404
    move = {"faces": doubt.stray, "into": doubt.lea}
    assert cast.host.post(f"{cast.url}/faces/move", data=move).status_code == 404
    for answer in ("yes", "no"):
        pair = {"first": faces_of(app, doubt.lea)[0], "second": doubt.stray, "answer": answer}
        assert cast.host.post(f"{cast.url}/people/same", data=pair).status_code == 404
        maybe = {"face": doubt.stray, "answer": answer}
        url = f"{cast.url}/people/{doubt.lea}/maybe"
        assert cast.host.post(url, data=maybe).status_code == 404


@pytest.mark.parametrize("face", [999, 0, -1, 2**63 - 1])
def test_an_unknown_face_is_not_found(app: Flask, cast: Cast, doubt: Doubt, face: int) -> None:
    assert remove(cast.host, cast, [doubt.stray, face]).status_code == 404
    assert faces_of(app, None) == [doubt.stray]


def test_faces_of_another_room_are_not_found(
    app: Flask, cast: Cast, doubt: Doubt, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    insert_person(app, other_id, insert_photos(app, other_id, 2))
    before = who_is_who(app, other_id)

    assert remove(cast.host, cast, [*before]).status_code == 404
    assert remove(cast.host, cast, [doubt.stray, *before]).status_code == 404
    assert who_is_who(app, other_id) == before
    assert faces_of(app, None) == [doubt.stray]


def test_a_guest_may_on_their_own_photos(app: Flask, cast: Cast, doubt: Doubt) -> None:
    give_photos(app, cast.guest, doubt.photos[:1])
    mine, theirs, _third = faces_of(app, doubt.lea)

    assert remove(cast.guest, cast, [theirs]).status_code == 403
    assert remove(cast.guest, cast, [mine, theirs]).status_code == 403
    assert len(faces_of(app, doubt.lea)) == 3
    assert remove(cast.guest, cast, [mine]).status_code == 303
    assert faces_of(app, doubt.lea) == [theirs, _third]


def test_a_guest_may_with_the_hosts_switch(app: Flask, cast: Cast, doubt: Doubt) -> None:
    let_guests_correct(app, cast.room_id)

    assert remove(cast.guest, cast, [doubt.stray]).status_code == 303


def test_a_stranger_finds_nothing(app: Flask, cast: Cast, doubt: Doubt) -> None:
    assert remove(cast.stranger, cast, [doubt.stray]).status_code == 404
    assert faces_of(app, None) == [doubt.stray]


def test_another_site_cannot(app: Flask, cast: Cast, doubt: Doubt) -> None:
    answer = remove(cast.host, cast, [doubt.stray], {"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert faces_of(app, None) == [doubt.stray]


def test_the_address_takes_only_post(cast: Cast, doubt: Doubt) -> None:
    assert cast.host.get(f"{cast.url}/faces/remove").status_code == 405


def test_the_number_of_queries_does_not_grow_with_the_faces(app: Flask, cast: Cast) -> None:
    small = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 3))
    large = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 40, seed="more"))
    with counted_queries(app) as before:
        remove(cast.host, cast, faces_of(app, small)[:2])

    with counted_queries(app) as after:
        remove(cast.host, cast, faces_of(app, large)[:30])

    assert len(before) == len(after) > 0
