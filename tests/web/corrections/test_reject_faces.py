"""POST /rooms/<code>/people/<id>/reject."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import (
    counted_queries,
    face_on,
    faces_of,
    give_photos,
    insert_face,
    insert_person,
    insert_photos,
    let_guests_correct,
    row_counts,
    undo_addresses,
    who_is_who,
)
from tests.web.conftest import Doubt, Party


def reject(
    client: FlaskClient,
    cast: Cast,
    person_id: object,
    faces: Sequence[object],
    headers: dict[str, str] | None = None,
) -> TestResponse:
    url = f"{cast.url}/people/{person_id}/reject"
    return client.post(url, data={"faces": faces}, headers=headers)


def test_a_plain_form_takes_a_face_out_and_goes_back(app: Flask, cast: Cast, party: Party) -> None:
    face = face_on(app, party.photos["b.jpg"], party.red)

    answer = reject(cast.host, cast, party.red, [face])

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{party.red}")
    assert face not in faces_of(app, party.red)
    assert face in faces_of(app, None)
    page = cast.host.get(answer.location).text
    assert "Faces removed from the album." in page
    assert "2 photos" in page


def test_the_face_does_not_come_back_by_itself(
    app: Flask, cast: Cast, party: Party, run_jobs: Callable[[], None]
) -> None:
    face = face_on(app, party.photos["b.jpg"], party.red)
    reject(cast.host, cast, party.red, [face])

    run_jobs()  # it looks like the others, but was corrected

    assert face in faces_of(app, None)
    assert len(faces_of(app, party.red)) == 2


def test_the_message_undoes_it(app: Flask, cast: Cast, party: Party) -> None:
    before = who_is_who(app, cast.room_id)
    face = face_on(app, party.photos["b.jpg"], party.red)
    page = cast.host.get(reject(cast.host, cast, party.red, [face]).location).text

    (undo,) = undo_addresses(page)
    cast.host.post(undo)

    assert who_is_who(app, cast.room_id) == before


def test_without_any_face_the_album_is_gone(app: Flask, cast: Cast, party: Party) -> None:
    answer = reject(cast.host, cast, party.red, list(faces_of(app, party.red)))

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people")
    page = cast.host.get(answer.location).text
    assert cast.host.get(f"{cast.url}/people/{party.red}").status_code == 404
    cast.host.post(undo_addresses(page)[0])
    assert len(faces_of(app, party.red)) == 3


def test_faces_of_somebody_else_stay_where_they_are(app: Flask, cast: Cast, doubt: Doubt) -> None:
    others = faces_of(app, doubt.twin)

    reject(cast.host, cast, doubt.lea, [faces_of(app, doubt.lea)[0], *others])

    assert faces_of(app, doubt.twin) == others
    assert len(faces_of(app, doubt.lea)) == 2


@pytest.mark.parametrize("before", ["merged", "named"])
def test_faces_taken_out_together_are_not_taken_for_one_person(
    app: Flask, cast: Cast, doubt: Doubt, before: str
) -> None:
    if before == "merged":  # an older correction that all of them are one person
        cast.host.post(f"{cast.url}/people/{doubt.twin}/merge", data={"into": doubt.lea})
    chosen = faces_of(app, doubt.lea)[:2]

    reject(cast.host, cast, doubt.lea, [*chosen])

    assert faces_of(app, None) == [*chosen, doubt.stray]


def test_a_face_may_be_chosen_twice(app: Flask, cast: Cast, doubt: Doubt) -> None:
    face = faces_of(app, doubt.lea)[0]

    assert reject(cast.host, cast, doubt.lea, [face, face]).status_code == 303
    assert len(faces_of(app, doubt.lea)) == 2


@pytest.mark.parametrize("faces", [[], ["x"], [""], ["9" * 30]])
def test_no_face_is_refused(app: Flask, cast: Cast, doubt: Doubt, faces: list[object]) -> None:
    answer = reject(cast.host, cast, doubt.lea, faces)

    assert answer.status_code == 422
    assert "Please select at least one face." in answer.text
    assert row_counts(app)["correction"] == 1  # Lea's name


def test_only_faces_of_somebody_else_are_refused(app: Flask, cast: Cast, doubt: Doubt) -> None:
    answer = reject(cast.host, cast, doubt.lea, list(faces_of(app, doubt.twin)))

    assert answer.status_code == 422
    assert len(faces_of(app, doubt.twin)) == 2


@pytest.mark.parametrize("face", [999, 0, -1, 2**63 - 1])
def test_an_unknown_face_is_not_found(app: Flask, cast: Cast, doubt: Doubt, face: int) -> None:
    known = faces_of(app, doubt.lea)[0]

    assert reject(cast.host, cast, doubt.lea, [known, face]).status_code == 404
    assert len(faces_of(app, doubt.lea)) == 3


@pytest.mark.parametrize("person_id", ["999", "x", "0"])
def test_an_unknown_person_is_not_found(cast: Cast, doubt: Doubt, person_id: str) -> None:
    assert reject(cast.host, cast, person_id, [doubt.stray]).status_code == 404


def test_faces_of_another_room_are_not_found(
    app: Flask, cast: Cast, doubt: Doubt, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 2))
    before = who_is_who(app, other_id)

    assert reject(cast.host, cast, person_id, [*before]).status_code == 404
    assert reject(cast.host, cast, doubt.lea, [*before]).status_code == 404
    mixed = [*before, *faces_of(app, doubt.lea)]
    assert reject(cast.host, cast, doubt.lea, mixed).status_code == 404
    assert who_is_who(app, other_id) == before
    assert len(faces_of(app, doubt.lea)) == 3


def test_a_guest_may_on_their_own_photos(app: Flask, cast: Cast, doubt: Doubt) -> None:
    give_photos(app, cast.guest, doubt.photos[:1])
    mine, theirs, _third = faces_of(app, doubt.lea)

    assert reject(cast.guest, cast, doubt.lea, [theirs]).status_code == 403
    assert reject(cast.guest, cast, doubt.lea, [mine, theirs]).status_code == 403
    assert len(faces_of(app, doubt.lea)) == 3
    assert reject(cast.guest, cast, doubt.lea, [mine]).status_code == 303
    assert mine in faces_of(app, None)


def test_a_guest_may_with_the_hosts_switch(app: Flask, cast: Cast, doubt: Doubt) -> None:
    let_guests_correct(app, cast.room_id)

    assert reject(cast.guest, cast, doubt.lea, [faces_of(app, doubt.lea)[0]]).status_code == 303


def test_a_stranger_finds_nothing(app: Flask, cast: Cast, doubt: Doubt) -> None:
    assert reject(cast.stranger, cast, doubt.lea, [*faces_of(app, doubt.lea)]).status_code == 404
    assert len(faces_of(app, doubt.lea)) == 3


def test_another_site_cannot(app: Flask, cast: Cast, doubt: Doubt) -> None:
    faces: list[object] = [*faces_of(app, doubt.lea)]

    answer = reject(cast.host, cast, doubt.lea, faces, {"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert len(faces_of(app, doubt.lea)) == 3


def test_the_address_takes_only_post(cast: Cast, doubt: Doubt) -> None:
    assert cast.host.get(f"{cast.url}/people/{doubt.lea}/reject").status_code == 405


def test_the_number_of_queries_does_not_grow_with_the_faces(app: Flask, cast: Cast) -> None:
    small = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 3))
    large = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 40, seed="more"))
    insert_face(app, cast.room_id, insert_photos(app, cast.room_id, 1, seed="one")[0])
    with counted_queries(app) as before:
        reject(cast.host, cast, small, [*faces_of(app, small)[:2]])

    with counted_queries(app) as after:
        reject(cast.host, cast, large, [*faces_of(app, large)[:30]])

    assert len(before) == len(after) > 0
