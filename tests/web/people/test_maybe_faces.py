"""The doubtful faces of an album, and POST /rooms/<code>/people/<id>/maybe."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import (
    HX,
    counted_queries,
    face_at,
    faces_of,
    give_photos,
    insert_face,
    insert_person,
    insert_photos,
    let_guests_correct,
    row_counts,
    tags_of,
    undo_addresses,
    who_is_who,
)
from tests.web.conftest import Doubt


def reply(
    client: FlaskClient,
    cast: Cast,
    person_id: object,
    face: object,
    answer: str,
    headers: dict[str, str] | None = None,
) -> TestResponse:
    url = f"{cast.url}/people/{person_id}/maybe"
    return client.post(url, data={"face": face, "answer": answer}, headers=headers)


def album(client: FlaskClient, cast: Cast, person_id: int) -> str:
    answer = client.get(f"{cast.url}/people/{person_id}")
    assert answer.status_code == 200
    return answer.text


def asked(page: str) -> list[str]:
    return [tag["value"] for tag in tags_of(page, "input", type="hidden", name="face")]


def text_of(page: str) -> str:
    """Remove the tags of the line with the counts."""
    return page.replace('<a href="#maybe">', "").replace("</a>", "")


def test_the_album_says_what_is_sure_and_what_is_not(app: Flask, cast: Cast, doubt: Doubt) -> None:
    page = album(cast.host, cast, doubt.lea)

    assert "3 photos, maybe 1 more" in text_of(page)
    assert "1 face that might be Lea" in page
    assert asked(page) == [str(doubt.stray)]
    assert tags_of(page, "img", src=f"{cast.url}/faces/{doubt.stray}.jpg")


def test_an_album_without_doubt_says_nothing_of_it(cast: Cast, doubt: Doubt) -> None:
    page = album(cast.host, cast, doubt.twin)

    assert "2 photos" in page
    assert "maybe " not in text_of(page)
    assert asked(page) == []


def test_what_is_doubtful_is_not_in_the_album(cast: Cast, doubt: Doubt) -> None:
    page = album(cast.host, cast, doubt.lea)

    photo = f"{cast.url}/photos/{doubt.photos[5]}?person={doubt.lea}"
    assert not tags_of(page, "a", href=photo)


def test_a_face_beside_the_person_is_never_a_maybe(app: Flask, cast: Cast, doubt: Doubt) -> None:
    insert_face(app, cast.room_id, doubt.photos[0], encoding=face_at(-0.35), left=90)

    assert asked(album(cast.host, cast, doubt.lea)) == [str(doubt.stray)]


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_plain_form_answers_and_goes_back(
    app: Flask, cast: Cast, doubt: Doubt, answer: str, run_jobs: Callable[[], None]
) -> None:
    answered = reply(cast.host, cast, doubt.lea, doubt.stray, answer)

    assert (answered.status_code, answered.location) == (303, f"{cast.url}/people/{doubt.lea}")
    run_jobs()
    page = album(cast.host, cast, doubt.lea)
    is_yes = answer == "yes"
    assert (doubt.stray in faces_of(app, doubt.lea)) is is_yes
    assert ("Photo added to the album." in page) is is_yes
    assert ("Face kept out of the album." in page) is not is_yes
    assert ("4 photos" in page) is is_yes
    assert asked(page) == []


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_htmx_gets_the_other_doubtful_faces_and_the_message(
    app: Flask, cast: Cast, doubt: Doubt, answer: str
) -> None:
    (photo,) = insert_photos(app, cast.room_id, 1, seed="more")
    other = insert_face(app, cast.room_id, photo, encoding=face_at(-0.378))
    assert asked(album(cast.host, cast, doubt.lea)) == [str(doubt.stray), str(other)]

    answered = reply(cast.host, cast, doubt.lea, doubt.stray, answer, HX)

    assert answered.status_code == 200
    assert "<html" not in answered.text
    (root, *_others) = tags_of(answered.text)
    assert (root.name, root["id"]) == ("section", "maybe")
    assert asked(answered.text) == [str(other)]
    assert answered.headers["HX-Trigger"] == "photos-changed"
    assert tags_of(answered.text, "div", **{"hx-swap-oob": "beforeend:#toasts"})
    assert len(undo_addresses(answered.text)) == 1


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_the_message_undoes_it(app: Flask, cast: Cast, doubt: Doubt, answer: str) -> None:
    before = who_is_who(app, cast.room_id)
    answered = reply(cast.host, cast, doubt.lea, doubt.stray, answer, HX)

    cast.host.post(undo_addresses(answered.text)[0])

    assert who_is_who(app, cast.room_id) == before
    assert asked(album(cast.host, cast, doubt.lea)) == [str(doubt.stray)]


@pytest.mark.parametrize("headers", [None, HX])
@pytest.mark.parametrize("answer", ["", "later", "maybe"])
def test_another_answer_is_refused(
    app: Flask, cast: Cast, doubt: Doubt, answer: str, headers: dict[str, str] | None
) -> None:
    refused = reply(cast.host, cast, doubt.lea, doubt.stray, answer, headers)

    assert refused.status_code == 422
    assert "Please choose an answer." in refused.text
    assert row_counts(app)["correction"] == 1  # Lea's name


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_face_of_the_person_by_now_is_refused(
    app: Flask, cast: Cast, doubt: Doubt, answer: str
) -> None:
    face = faces_of(app, doubt.lea)[1]

    assert reply(cast.host, cast, doubt.lea, face, answer).status_code == 422


@pytest.mark.parametrize("answer", ["yes", "no"])
@pytest.mark.parametrize("face", ["", "x", "0", "-1", "999", "9" * 30])
def test_an_unknown_face_is_refused(
    app: Flask, cast: Cast, doubt: Doubt, face: str, answer: str
) -> None:
    assert reply(cast.host, cast, doubt.lea, face, answer).status_code == 404
    assert row_counts(app)["correction"] == 1


@pytest.mark.parametrize("person_id", ["999", "x", "0"])
def test_an_unknown_person_is_not_found(cast: Cast, doubt: Doubt, person_id: str) -> None:
    assert reply(cast.host, cast, person_id, doubt.stray, "yes").status_code == 404


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_faces_and_people_of_another_room_are_not_found(
    app: Flask, cast: Cast, doubt: Doubt, make_room: Callable[..., NewRoom], answer: str
) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 2))
    before = who_is_who(app, other_id)

    assert reply(cast.host, cast, person_id, doubt.stray, answer).status_code == 404
    assert reply(cast.host, cast, doubt.lea, next(iter(before)), answer).status_code == 404
    assert who_is_who(app, other_id) == before
    assert faces_of(app, None) == [doubt.stray]


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_guest_sees_them_but_is_told_that_only_the_host_can(
    app: Flask, cast: Cast, doubt: Doubt, answer: str
) -> None:
    page = album(cast.guest, cast, doubt.lea)

    assert "maybe 1 more" in text_of(page)
    assert asked(page) == []
    assert reply(cast.guest, cast, doubt.lea, doubt.stray, answer).status_code == 403
    assert faces_of(app, None) == [doubt.stray]


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_guest_may_with_the_hosts_switch(
    app: Flask, cast: Cast, doubt: Doubt, answer: str
) -> None:
    let_guests_correct(app, cast.room_id)

    assert asked(album(cast.guest, cast, doubt.lea)) == [str(doubt.stray)]
    assert reply(cast.guest, cast, doubt.lea, doubt.stray, answer).status_code == 303


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_guest_may_on_their_own_photos(app: Flask, cast: Cast, doubt: Doubt, answer: str) -> None:
    give_photos(app, cast.guest, doubt.photos)

    assert asked(album(cast.guest, cast, doubt.lea)) == [str(doubt.stray)]
    assert reply(cast.guest, cast, doubt.lea, doubt.stray, answer).status_code == 303


def test_a_stranger_finds_nothing(app: Flask, cast: Cast, doubt: Doubt) -> None:
    assert reply(cast.stranger, cast, doubt.lea, doubt.stray, "yes").status_code == 404
    assert faces_of(app, None) == [doubt.stray]


def test_another_site_cannot(app: Flask, cast: Cast, doubt: Doubt) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}

    assert reply(cast.host, cast, doubt.lea, doubt.stray, "yes", headers).status_code == 403
    assert faces_of(app, None) == [doubt.stray]


def test_the_address_takes_only_post(cast: Cast, doubt: Doubt) -> None:
    assert cast.host.get(f"{cast.url}/people/{doubt.lea}/maybe").status_code == 405


def test_the_number_of_queries_does_not_grow_with_the_faces(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    album(cast.host, cast, doubt.lea)  # reads the faces of the room, once for all
    with counted_queries(app) as before:
        album(cast.host, cast, doubt.lea)
    for number, photo in enumerate(insert_photos(app, cast.room_id, 20, seed="more")):
        insert_face(app, cast.room_id, photo, encoding=face_at(-0.36 - number / 10_000))
    assert len(asked(album(cast.host, cast, doubt.lea))) == 21

    with counted_queries(app) as after:
        album(cast.host, cast, doubt.lea)

    assert len(before) == len(after) > 0
