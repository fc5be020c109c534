"""GET and POST /rooms/<code>/faces/move."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photoshare.services.people.shown_faces import FACES_PAGE_SIZE
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import (
    counted_queries,
    face_at,
    face_on,
    faces_of,
    form_with,
    give_photos,
    insert_face,
    insert_person,
    insert_photos,
    let_guests_correct,
    tags_of,
    undo_addresses,
    who_is_who,
)
from tests.web.conftest import Doubt, Party


def page_for(client: FlaskClient, cast: Cast, *faces: object) -> TestResponse:
    return client.get(f"{cast.url}/faces/move", query_string={"faces": faces})


def move(
    client: FlaskClient,
    cast: Cast,
    faces: list[int],
    into: object,
    headers: dict[str, str] | None = None,
) -> TestResponse:
    data = {"faces": faces, "into": into}
    return client.post(f"{cast.url}/faces/move", data=data, headers=headers)


def choices(page: str) -> list[str]:
    return [tag["value"] for tag in tags_of(page, "button", name="into")]


def test_the_page_shows_the_faces_and_the_most_alike_people(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    page = page_for(cast.host, cast, doubt.stray).text

    (form,) = tags_of(page, "form", method="post")
    assert form["action"] == f"{cast.url}/faces/move"
    assert [tag["value"] for tag in tags_of(page, "input", name="faces")] == [str(doubt.stray)]
    assert choices(page) == ["new", str(doubt.lea), str(doubt.twin)]


def test_who_is_on_the_same_photo_is_no_choice(app: Flask, cast: Cast, party: Party) -> None:
    (green,) = faces_of(app, None)  # beside red

    assert choices(page_for(cast.host, cast, green).text) == ["new", str(party.blue)]


def test_the_page_keeps_the_order_and_shows_a_face_once(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    first, second, third = faces_of(app, doubt.lea)

    page = page_for(cast.host, cast, third, first, second, first).text

    shown = [tag["value"] for tag in tags_of(page, "input", name="faces")]
    assert shown == [str(third), str(first), str(second)]


@pytest.mark.parametrize("faces", [[], [""]])
def test_without_a_face_the_page_says_so(cast: Cast, doubt: Doubt, faces: list[str]) -> None:
    answer = page_for(cast.host, cast, *faces)

    assert answer.status_code == 200
    assert "No faces selected." in answer.text
    assert tags_of(answer.text, "button", name="into") == []


def test_the_page_takes_no_more_faces_than_one_can_choose(cast: Cast, doubt: Doubt) -> None:
    assert page_for(cast.host, cast, *[doubt.stray] * 5000).status_code == 200
    assert page_for(cast.host, cast, *range(1, FACES_PAGE_SIZE + 2)).status_code == 422
    assert page_for(cast.host, cast, *range(1, 50_000)).status_code == 422


def test_a_plain_form_moves_faces_to_somebody(app: Flask, cast: Cast, doubt: Doubt) -> None:
    face = faces_of(app, doubt.twin)[0]

    answer = move(cast.host, cast, [face, doubt.stray], doubt.lea)

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{doubt.lea}")
    assert {face, doubt.stray} < set(faces_of(app, doubt.lea))
    page = cast.host.get(answer.location).text
    assert "Faces moved." in page
    assert "5 photos" in page


def test_a_plain_form_makes_somebody_new(app: Flask, cast: Cast, doubt: Doubt) -> None:
    faces = faces_of(app, doubt.lea)[:2]

    answer = move(cast.host, cast, faces, "new")

    new_id = int(answer.location.rpartition("/")[2])
    assert answer.location == f"{cast.url}/people/{new_id}"
    assert new_id not in (doubt.lea, doubt.twin)
    assert faces_of(app, new_id) == faces
    assert len(faces_of(app, doubt.lea)) == 1


def test_one_unsorted_face_can_be_a_person(
    app: Flask, cast: Cast, doubt: Doubt, run_jobs: Callable[[], None]
) -> None:
    answer = move(cast.host, cast, [doubt.stray], "new")

    run_jobs()

    assert cast.guest.get(answer.location).status_code == 200


@pytest.mark.parametrize("into", ["new", "lea"])
def test_the_message_undoes_it(app: Flask, cast: Cast, doubt: Doubt, into: str) -> None:
    before = who_is_who(app, cast.room_id)
    target = doubt.lea if into == "lea" else into
    page = cast.host.get(move(cast.host, cast, faces_of(app, doubt.twin), target).location).text

    (undo,) = undo_addresses(page)
    cast.host.post(undo)

    assert who_is_who(app, cast.room_id) == before


def test_a_moved_face_stays_when_the_faces_are_looked_at_again(
    app: Flask, cast: Cast, party: Party, run_jobs: Callable[[], None]
) -> None:
    face = face_on(app, party.photos["b.jpg"], party.red)
    move(cast.host, cast, [face], party.blue)

    run_jobs()

    assert face in faces_of(app, party.blue)


def test_two_faces_of_one_photo_are_asked_about(app: Flask, cast: Cast, party: Party) -> None:
    before = who_is_who(app, cast.room_id)
    (green,) = faces_of(app, None)  # beside red

    answer = move(cast.host, cast, [green], party.red)

    assert answer.status_code == 422
    assert "Both appear in the photo d.jpg. Are they really the same person?" in answer.text
    both = [face_on(app, party.photos["a.jpg"], person) for person in (party.red, party.blue)]
    assert move(cast.host, cast, both, "new").status_code == 422
    assert who_is_who(app, cast.room_id) == before
    url, fields = form_with(answer.text, "is_sure")
    assert cast.host.post(url, data=fields).status_code == 303
    assert green in faces_of(app, party.red)


def test_who_is_there_already_is_refused(app: Flask, cast: Cast, doubt: Doubt) -> None:
    assert move(cast.host, cast, faces_of(app, doubt.lea), doubt.lea).status_code == 422


def test_no_face_is_refused(cast: Cast, doubt: Doubt) -> None:
    for into in ("new", doubt.lea):
        answer = move(cast.host, cast, [], into)

        assert answer.status_code == 422
        assert "Please select at least one face." in answer.text


@pytest.mark.parametrize("into", ["", "x", "0", "-1", "999", "9" * 30, "NEW"])
def test_an_unknown_person_is_not_found(app: Flask, cast: Cast, doubt: Doubt, into: str) -> None:
    before = who_is_who(app, cast.room_id)

    assert move(cast.host, cast, [doubt.stray], into).status_code == 404
    assert who_is_who(app, cast.room_id) == before


@pytest.mark.parametrize("face", [999, 0, -1, 2**63 - 1])
def test_an_unknown_face_is_not_found(app: Flask, cast: Cast, doubt: Doubt, face: int) -> None:
    before = who_is_who(app, cast.room_id)

    assert page_for(cast.host, cast, doubt.stray, face).status_code in (404, 422)
    for into in ("new", doubt.lea):
        assert move(cast.host, cast, [doubt.stray, face], into).status_code == 404
    assert who_is_who(app, cast.room_id) == before


def test_faces_of_another_room_are_not_found(
    app: Flask, cast: Cast, doubt: Doubt, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    foreign = insert_person(app, other_id, insert_photos(app, other_id, 2))
    before, own = who_is_who(app, other_id), who_is_who(app, cast.room_id)

    for faces in ([*before], [doubt.stray, *before]):
        assert page_for(cast.host, cast, *faces).status_code == 404
        assert move(cast.host, cast, faces, "new").status_code == 404
        assert move(cast.host, cast, faces, doubt.lea).status_code == 404
    assert move(cast.host, cast, [doubt.stray], foreign).status_code == 404
    assert (who_is_who(app, other_id), who_is_who(app, cast.room_id)) == (before, own)


def test_a_guest_may_on_their_own_photos(app: Flask, cast: Cast, doubt: Doubt) -> None:
    give_photos(app, cast.guest, doubt.photos[:1])
    mine, theirs, _third = faces_of(app, doubt.lea)

    assert move(cast.guest, cast, [theirs], "new").status_code == 403
    assert move(cast.guest, cast, [mine, theirs], doubt.twin).status_code == 403
    assert len(faces_of(app, doubt.lea)) == 3
    assert move(cast.guest, cast, [mine], doubt.twin).status_code == 303
    assert mine in faces_of(app, doubt.twin)


def test_a_guest_may_with_the_hosts_switch(app: Flask, cast: Cast, doubt: Doubt) -> None:
    let_guests_correct(app, cast.room_id)

    assert move(cast.guest, cast, [doubt.stray], doubt.lea).status_code == 303


def test_a_stranger_finds_nothing(app: Flask, cast: Cast, doubt: Doubt) -> None:
    assert page_for(cast.stranger, cast, doubt.stray).status_code == 404
    assert move(cast.stranger, cast, [doubt.stray], "new").status_code == 404
    assert faces_of(app, None) == [doubt.stray]


def test_another_site_cannot(app: Flask, cast: Cast, doubt: Doubt) -> None:
    answer = move(cast.host, cast, [doubt.stray], "new", {"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert faces_of(app, None) == [doubt.stray]


def test_the_address_takes_only_get_and_post(cast: Cast, doubt: Doubt) -> None:
    assert cast.host.put(f"{cast.url}/faces/move").status_code == 405


def test_the_number_of_queries_does_not_grow_with_the_faces(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    photos = insert_photos(app, cast.room_id, 30, seed="more")
    faces = [insert_face(app, cast.room_id, photo, encoding=face_at(1.0)) for photo in photos]
    page_for(cast.host, cast, doubt.stray)  # reads the faces of the room, once for all
    with counted_queries(app) as before:
        page_for(cast.host, cast, doubt.stray)
    with counted_queries(app) as after:
        page_for(cast.host, cast, *faces)
    assert len(before) == len(after) > 0

    with counted_queries(app) as before:
        move(cast.host, cast, faces[:2], doubt.lea)
    with counted_queries(app) as after:
        move(cast.host, cast, faces[2:], doubt.lea)

    assert len(before) == len(after) > 0
