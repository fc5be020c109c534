"""GET and POST /rooms/<code>/people/same, the question whether two are one person."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photoshare.services.people import suggestions
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import (
    HX,
    counted_queries,
    face_at,
    faces_of,
    flat,
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

PATH = "/people/same"


def fields_of(page: str) -> dict[str, list[str]]:
    """Collect the hidden fields of the question; empty if nothing is asked."""
    fields: dict[str, list[str]] = {}
    for tag in tags_of(page, "input", type="hidden"):
        fields.setdefault(tag["name"], []).append(tag["value"])
    return fields


def question(client: FlaskClient, cast: Cast) -> dict[str, list[str]]:
    answer = client.get(cast.url + PATH)
    assert answer.status_code == 200
    return fields_of(answer.text)


def reply(
    client: FlaskClient,
    cast: Cast,
    fields: Mapping[str, object],
    answer: str,
    headers: dict[str, str] | None = None,
) -> TestResponse:
    data = {**fields, "answer": answer}
    return client.post(cast.url + PATH, data=data, headers=headers)


def test_it_shows_faces_of_both(app: Flask, cast: Cast, doubt: Doubt) -> None:
    page = cast.host.get(cast.url + PATH).text

    asked = fields_of(page)
    assert int(asked["first"][0]) in faces_of(app, doubt.lea)
    assert int(asked["second"][0]) in faces_of(app, doubt.twin)
    assert len(tags_of(page, "img")) == 5
    answers = [tag["value"] for tag in tags_of(page, "button", name="answer")]
    assert answers == ["yes", "no", "later"]
    assert "2 questions left" in page


def counted(client: FlaskClient, cast: Cast) -> list[str]:
    """List the numbers on the chips of the people page."""
    page = client.get(f"{cast.url}/people").text
    return [part.partition("<")[0] for part in page.split('<span class="chip-count">')[1:]]


def test_the_people_page_says_how_many_are_open(app: Flask, cast: Cast, doubt: Doubt) -> None:
    assert counted(cast.host, cast) == ["1", "2"]  # one without a name, two questions
    assert counted(cast.guest, cast) == []


def test_no_page_waits_for_the_questions_of_a_very_large_room(
    app: Flask, cast: Cast, doubt: Doubt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggestions, "COUNTED_FACES", 0)
    assert counted(cast.host, cast) == ["1"]

    question(cast.host, cast)

    assert counted(cast.host, cast) == ["1", "2"]


def test_no_side_shows_more_than_four_faces(app: Flask, cast: Cast, doubt: Doubt) -> None:
    for person, distance in ((doubt.lea, 0.0), (doubt.twin, 0.35)):
        for photo in insert_photos(app, cast.room_id, 9, seed=f"{person}"):
            insert_face(app, cast.room_id, photo, person_id=person, encoding=face_at(distance))

    page = cast.host.get(cast.url + PATH).text

    assert len(tags_of(page, "img")) <= 8


def test_yes_makes_them_one_and_asks_on(app: Flask, cast: Cast, doubt: Doubt) -> None:
    answer = reply(cast.host, cast, question(cast.host, cast), "yes")

    assert (answer.status_code, answer.location) == (303, cast.url + PATH)
    assert len(faces_of(app, doubt.lea)) == 5
    page = cast.host.get(answer.location).text
    assert "Merged into one person." in page
    assert len(undo_addresses(page)) == 1


def test_no_keeps_them_two_and_does_not_ask_again(
    app: Flask, cast: Cast, doubt: Doubt, run_jobs: Callable[[], None]
) -> None:
    asked = question(cast.host, cast)
    before = who_is_who(app, cast.room_id)

    answer = reply(cast.host, cast, asked, "no")

    assert answer.status_code == 303
    page = cast.host.get(answer.location).text
    assert "Marked as different people." in page
    assert fields_of(page)["key"] != asked["key"]
    assert who_is_who(app, cast.room_id) == before
    run_jobs()
    assert question(cast.host, cast)["key"] != asked["key"]


def test_the_message_undoes_a_no(cast: Cast, doubt: Doubt) -> None:
    asked = question(cast.host, cast)
    page = cast.host.get(reply(cast.host, cast, asked, "no").location).text

    answer = cast.host.post(
        undo_addresses(page)[0], headers={"Referer": f"http://localhost{cast.url}{PATH}"}
    )

    assert answer.location == cast.url + PATH
    assert question(cast.host, cast)["key"] == asked["key"]


def test_htmx_shows_the_address_with_what_was_put_off(cast: Cast, doubt: Doubt) -> None:
    first = question(cast.host, cast)

    answer = reply(cast.host, cast, first, "later", headers=HX)

    url = f"{cast.url}{PATH}?later={first['key'][0]}"
    assert answer.headers["HX-Replace-Url"] == url
    assert fields_of(cast.host.get(url).text)["later"] == first["key"]


def test_an_undo_keeps_what_was_put_off(cast: Cast, doubt: Doubt) -> None:
    first = question(cast.host, cast)
    second = fields_of(cast.host.get(reply(cast.host, cast, first, "later").location).text)
    answered = reply(cast.host, cast, second, "no").location
    (undo,) = undo_addresses(cast.host.get(answered).text)

    answer = cast.host.post(undo, headers={"Referer": f"http://localhost{answered}"})

    assert answer.location == answered == f"{cast.url}{PATH}?later={first['key'][0]}"


def test_an_unsorted_face_joins_by_a_yes(app: Flask, cast: Cast, doubt: Doubt) -> None:
    pair = {"first": faces_of(app, doubt.lea)[0], "second": doubt.stray}

    assert reply(cast.host, cast, pair, "yes").status_code == 303
    assert doubt.stray in faces_of(app, doubt.lea)


def test_two_unsorted_faces_become_a_person(app: Flask, cast: Cast, doubt: Doubt) -> None:
    (photo,) = insert_photos(app, cast.room_id, 1, seed="more")
    other = insert_face(app, cast.room_id, photo, encoding=face_at(1.0))

    reply(cast.host, cast, {"first": doubt.stray, "second": other}, "yes")

    assert faces_of(app, None) == []
    assert row_counts(app)["person"] == 3


def test_later_puts_a_pair_off_and_says_nothing(app: Flask, cast: Cast, doubt: Doubt) -> None:
    first = question(cast.host, cast)

    answer = reply(cast.host, cast, first, "later")

    assert answer.status_code == 303
    page = cast.host.get(answer.location).text
    assert undo_addresses(page) == []
    second = fields_of(page)
    assert second["key"] != first["key"]
    assert second["later"] == first["key"]
    last = cast.host.get(reply(cast.host, cast, second, "later").location).text
    assert fields_of(last) == {}
    assert tags_of(last, "a", href=cast.url + PATH)  # ask the postponed pairs again
    assert row_counts(app)["correction"] == 1  # Lea's name
    assert question(cast.host, cast) == first


def test_what_was_put_off_stays_so_when_the_other_side_grows(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    put_off = question(cast.host, cast)["key"]
    for photo in insert_photos(app, cast.room_id, 5, seed="more"):
        insert_face(app, cast.room_id, photo, person_id=doubt.twin, encoding=face_at(0.34))

    page = cast.host.get(cast.url + PATH, query_string={"later": put_off}).text

    assert fields_of(page)["second"] == [str(doubt.stray)]


def test_htmx_gets_the_next_question_and_the_message(cast: Cast, doubt: Doubt) -> None:
    asked = question(cast.host, cast)

    answer = reply(cast.host, cast, asked, "no", HX)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    (root, *_others) = tags_of(answer.text)
    assert (root.name, root["id"]) == ("section", "pair")
    assert fields_of(answer.text)["key"] != asked["key"]
    assert tags_of(answer.text, "div", **{"hx-swap-oob": "beforeend:#toasts"})
    page = cast.host.get(cast.url + PATH).text
    assert tags_of(page, id="toasts")
    assert "Marked as different people." in answer.text
    assert len(undo_addresses(answer.text)) == 1
    assert "Marked as different people." not in page  # it was shown


def test_htmx_carries_along_what_was_put_off(cast: Cast, doubt: Doubt) -> None:
    first = question(cast.host, cast)

    second = fields_of(reply(cast.host, cast, first, "later", HX).text)
    last = reply(cast.host, cast, second, "later", HX).text

    assert second["later"] == first["key"]
    assert fields_of(last) == {}
    assert "Show the ones I saved for later" in last
    assert '<h1 id="pair-title" class="pair-title" hx-swap-oob="true">Same person?' in flat(last)


def test_a_pair_that_shares_a_photo_is_never_asked_about(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    insert_face(
        app, cast.room_id, doubt.photos[0], person_id=doubt.twin, encoding=face_at(0.34), left=90
    )

    asked = question(cast.host, cast)

    assert asked["second"] == [str(doubt.stray)]
    page = cast.host.get(cast.url + PATH, query_string={"later": asked["key"]}).text
    assert fields_of(page) == {}


def test_nothing_is_asked_where_nothing_is_doubtful(cast: Cast) -> None:
    page = cast.host.get(cast.url + PATH).text

    assert fields_of(page) == {}
    assert "there are no open questions" in page


@pytest.mark.parametrize("headers", [None, HX])
@pytest.mark.parametrize("answer", ["", "maybe"])
def test_another_answer_is_refused(
    app: Flask, cast: Cast, doubt: Doubt, answer: str, headers: dict[str, str] | None
) -> None:
    fields = question(cast.host, cast)

    refused = reply(cast.host, cast, fields, answer, headers)

    assert refused.status_code == 422
    assert "Please choose an answer." in refused.text
    assert row_counts(app)["correction"] == 1


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_one_person_by_now_is_refused(app: Flask, cast: Cast, doubt: Doubt, answer: str) -> None:
    first, second, _third = faces_of(app, doubt.lea)

    for pair in ({"first": first, "second": second}, {"first": first, "second": first}):
        assert reply(cast.host, cast, pair, answer).status_code == 422


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_one_unsorted_face_is_no_pair(app: Flask, cast: Cast, doubt: Doubt, answer: str) -> None:
    pair = {"first": doubt.stray, "second": doubt.stray}

    assert reply(cast.host, cast, pair, answer).status_code == 422
    assert faces_of(app, None) == [doubt.stray]


@pytest.mark.parametrize("answer", ["yes", "no"])
@pytest.mark.parametrize("face", ["", "x", "0", "-1", "999", "9" * 30])
def test_an_unknown_face_is_not_found(
    app: Flask, cast: Cast, doubt: Doubt, face: str, answer: str
) -> None:
    for pair in ({"first": face, "second": doubt.stray}, {"first": doubt.stray, "second": face}):
        assert reply(cast.host, cast, pair, answer).status_code == 404
    assert row_counts(app)["correction"] == 1


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_face_of_another_room_is_not_found(
    app: Flask, cast: Cast, doubt: Doubt, make_room: Callable[..., NewRoom], answer: str
) -> None:
    other_id = make_room("Other").room.id
    insert_person(app, other_id, insert_photos(app, other_id, 2))
    before = who_is_who(app, other_id)
    foreign = next(iter(before))

    for pair in (
        {"first": foreign, "second": doubt.stray},
        {"first": doubt.stray, "second": foreign},
    ):
        assert reply(cast.host, cast, pair, answer).status_code == 404
    assert who_is_who(app, other_id) == before
    assert faces_of(app, None) == [doubt.stray]


def test_guests_are_asked_by_the_hosts_switch_only(app: Flask, cast: Cast, doubt: Doubt) -> None:
    give_photos(app, cast.guest, doubt.photos)
    fields = question(cast.host, cast)
    url = cast.url + PATH
    assert cast.guest.get(url).status_code == 403
    assert reply(cast.guest, cast, fields, "yes").status_code == 403
    assert not tags_of(cast.guest.get(f"{cast.url}/people").text, "a", href=url)

    let_guests_correct(app, cast.room_id)

    assert tags_of(cast.guest.get(f"{cast.url}/people").text, "a", href=url)
    assert question(cast.guest, cast) == fields
    assert reply(cast.guest, cast, fields, "yes").status_code == 303
    assert len(faces_of(app, doubt.lea)) == 5


def test_a_stranger_finds_nothing(app: Flask, cast: Cast, doubt: Doubt) -> None:
    fields = question(cast.host, cast)

    assert cast.stranger.get(cast.url + PATH).status_code == 404
    assert reply(cast.stranger, cast, fields, "yes").status_code == 404
    assert len(faces_of(app, doubt.lea)) == 3


def test_another_site_cannot(app: Flask, cast: Cast, doubt: Doubt) -> None:
    fields = question(cast.host, cast)

    answer = reply(cast.host, cast, fields, "yes", {"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert len(faces_of(app, doubt.lea)) == 3


def test_the_address_takes_only_get_and_post(cast: Cast) -> None:
    assert cast.host.put(cast.url + PATH).status_code == 405


def test_the_number_of_queries_does_not_grow_with_the_questions(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    cast.host.get(cast.url + PATH)  # reads the faces of the room, once for all
    with counted_queries(app) as before:
        cast.host.get(cast.url + PATH)
    for number, photo in enumerate(insert_photos(app, cast.room_id, 8, seed="more")):
        insert_person(app, cast.room_id, [photo], encoding=face_at(0.36 + number / 1000))
    cast.host.get(cast.url + PATH)

    with counted_queries(app) as after:
        cast.host.get(cast.url + PATH)

    assert len(before) == len(after) > 0
