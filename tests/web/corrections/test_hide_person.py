"""POST /rooms/<code>/people/<id>/hide and /show: a bystander as seen by guests and the host."""

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


def hide(
    client: FlaskClient,
    cast: Cast,
    person_id: object,
    action: str = "hide",
    headers: dict[str, str] | None = None,
) -> TestResponse:
    return client.post(f"{cast.url}/people/{person_id}/{action}", headers=headers)


@pytest.fixture
def hidden(app: Flask, cast: Cast, party: Party) -> int:
    """The blue person of the party, whom the host has hidden."""
    assert hide(cast.host, cast, party.blue).status_code == 303
    return party.blue


def links(page: str) -> set[str]:
    return {tag["href"] for tag in tags_of(page, "a")}


def buttons(page: str) -> list[str]:
    return [tag["value"] for tag in tags_of(page, "button", name="into")]


def test_a_plain_form_hides_and_goes_back_to_the_album(cast: Cast, party: Party) -> None:
    answer = hide(cast.host, cast, party.blue)

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{party.blue}")
    page = cast.host.get(answer.location).text
    assert "Guests no longer see this person." in page
    assert "hidden from guests" in page
    assert tags_of(page, "form", action=f"{cast.url}/people/{party.blue}/show")


def test_a_photo_of_hidden_people_alone_tells_guests_nothing_of_faces(
    cast: Cast, party: Party, hidden: int
) -> None:
    url = f"{cast.url}/photos/{party.photos['c.jpg']}"

    assert "No faces found" not in cast.guest.get(url).text
    assert "Who is here?" not in cast.guest.get(url).text
    assert "Who is here?" in cast.host.get(url).text


def test_the_form_is_on_the_hosts_page_only(cast: Cast, party: Party) -> None:
    url = f"{cast.url}/people/{party.blue}"

    assert tags_of(cast.host.get(url).text, "form", action=f"{url}/hide")
    assert not tags_of(cast.guest.get(url).text, "form", action=f"{url}/hide")


@pytest.mark.parametrize("path", ["", "/people"])
@pytest.mark.parametrize("headers", [None, HX])
def test_guests_do_not_see_the_card(
    cast: Cast, hidden: int, path: str, headers: dict[str, str] | None
) -> None:
    page = cast.guest.get(cast.url + path, headers=headers).text

    assert f"{cast.url}/people/{hidden}" not in links(page)
    assert f"{cast.url}/people" in page  # it is not an error page


def test_guests_count_without_the_person(cast: Cast, party: Party) -> None:
    hide(cast.host, cast, party.blue)

    assert ">1 person</span>" in cast.guest.get(f"{cast.url}/people").text
    status = cast.guest.get(f"{cast.url}/jobs/current", headers=HX).text
    assert "Finding people" in status  # the faces will be grouped again


def test_the_progress_does_not_count_the_person(
    cast: Cast, hidden: int, run_jobs: Callable[[], None]
) -> None:
    run_jobs()

    status = cast.guest.get(f"{cast.url}/jobs/current", headers=HX).text

    assert "4 faces in 5 photos, 1 person found." in status


@pytest.mark.parametrize(
    ("method", "tail"),
    [
        ("GET", ""),
        ("GET", "/album.zip"),
        ("GET", "/faces"),
        ("GET", "/merge"),
        ("POST", "/merge"),
        ("POST", "/name"),
        ("POST", "/reject"),
        ("POST", "/maybe"),
    ],
)
def test_the_album_looks_to_guests_as_if_it_were_not_there(
    cast: Cast, party: Party, hidden: int, method: str, tail: str
) -> None:
    url, data = cast.url + "/people/{}" + tail, {"into": party.red, "answer": "no"}
    there = cast.guest.open(url.format(hidden), method=method, data=data, buffered=True)
    nowhere = cast.guest.open(url.format(999), method=method, data=data, buffered=True)

    assert (there.status_code, there.data) == (nowhere.status_code, nowhere.data)
    assert there.status_code == 404
    if method == "GET":
        assert cast.host.get(url.format(hidden), buffered=True).status_code == 200


def test_the_face_is_on_no_page_for_guests(
    app: Flask, cast: Cast, party: Party, hidden: int
) -> None:
    face_id = face_on(app, party.photos["a.jpg"], hidden)

    for path in (f"/faces/{face_id}", f"/faces/{face_id}.jpg", f"/faces/move?faces={face_id}"):
        assert cast.guest.get(cast.url + path, buffered=True).status_code == 404
        assert cast.host.get(cast.url + path, buffered=True).status_code == 200


def test_the_photo_shows_guests_no_outline(cast: Cast, party: Party, hidden: int) -> None:
    url = f"{cast.url}/photos/{party.photos['a.jpg']}"

    assert len(tags_of(cast.host.get(url).text, "rect")) == 2
    page = cast.guest.get(url).text
    assert len(tags_of(page, "rect")) == 1
    assert f"{cast.url}/people/{hidden}" not in links(page)
    assert cast.guest.get(f"{url}?person={hidden}").status_code == 404
    assert cast.host.get(f"{url}?person={hidden}").status_code == 200


def test_the_photos_stay(cast: Cast, party: Party, hidden: int) -> None:
    page = cast.guest.get(f"{cast.url}/photos").text

    assert len(tags_of(page, "a", **{"class": "tile"})) == 5


def test_guests_are_offered_no_hidden_person(app: Flask, cast: Cast, doubt: Doubt) -> None:
    let_guests_correct(app, cast.room_id)
    hide(cast.host, cast, doubt.lea)

    paths = (f"/people/{doubt.twin}/merge", f"/faces/move?faces={doubt.stray}")
    for path in paths:
        offered = {
            name: buttons(client.get(cast.url + path).text)
            for name, client in (("guest", cast.guest), ("host", cast.host))
        }
        assert str(doubt.lea) not in offered["guest"]
        assert str(doubt.lea) in offered["host"]


def test_the_host_sees_which_choice_is_hidden(cast: Cast, doubt: Doubt) -> None:
    hide(cast.host, cast, doubt.lea)

    page = cast.host.get(f"{cast.url}/people/{doubt.twin}/merge").text

    assert "hidden from guests" in page


def test_guests_are_asked_nothing_about_the_person(app: Flask, cast: Cast, doubt: Doubt) -> None:
    let_guests_correct(app, cast.room_id)
    assert "Is this the same person?" in cast.guest.get(f"{cast.url}/people/same").text

    hide(cast.host, cast, doubt.lea)

    assert "Is this the same person?" not in cast.guest.get(f"{cast.url}/people/same").text
    assert "Is this the same person?" in cast.host.get(f"{cast.url}/people/same").text


@pytest.mark.parametrize("is_uploader", [True, False])
def test_guests_cannot_correct_the_person_by_any_form(
    app: Flask, cast: Cast, doubt: Doubt, is_uploader: bool
) -> None:
    if is_uploader:
        give_photos(app, cast.guest, doubt.photos)
    else:
        let_guests_correct(app, cast.room_id)
    faces, others = faces_of(app, doubt.lea), faces_of(app, doubt.twin)
    hide(cast.host, cast, doubt.lea)
    before = who_is_who(app, cast.room_id)
    pair = {"first": faces[0], "second": others[0]}
    forms: list[tuple[str, dict[str, object]]] = [
        (f"/people/{doubt.lea}/merge", {"into": doubt.twin}),
        (f"/people/{doubt.twin}/merge", {"into": doubt.lea}),
        (f"/people/{doubt.lea}/name", {"name": "Mine"}),
        (f"/people/{doubt.lea}/reject", {"faces": faces[:1]}),
        (f"/people/{doubt.twin}/reject", {"faces": [*others, *faces]}),
        ("/faces/move", {"faces": faces[:1], "into": "new"}),
        ("/faces/move", {"faces": [*others, *faces], "into": "new"}),
        ("/faces/move", {"faces": [doubt.stray], "into": doubt.lea}),
        ("/faces/remove", {"faces": faces}),
        ("/faces/remove", {"faces": [*others, *faces]}),
        (f"/faces/{faces[0]}/cover", {}),
        (f"/people/{doubt.lea}/maybe", {"face": doubt.stray, "answer": "yes"}),
        (f"/people/{doubt.twin}/maybe", {"face": faces[0], "answer": "yes"}),
        (f"/people/{doubt.twin}/maybe", {"face": faces[0], "answer": "no"}),
    ]
    if not is_uploader:
        forms += [
            ("/people/same", pair | {"answer": "yes"}),
            ("/people/same", pair | {"answer": "no"}),
            ("/people/same", {"first": faces[0], "second": faces[1], "answer": "yes"}),
            ("/people/same", {"first": faces[0], "second": doubt.stray, "answer": "yes"}),
        ]

    answers = [cast.guest.post(cast.url + path, data=data).status_code for path, data in forms]

    assert answers == [404] * len(forms)
    assert who_is_who(app, cast.room_id) == before


def test_the_history_of_a_guest_does_not_show_the_face(
    app: Flask, cast: Cast, party: Party
) -> None:
    let_guests_correct(app, cast.room_id)
    cast.guest.post(f"{cast.url}/people/{party.blue}/name", data={"name": "Tom"})
    shown = [f"{cast.url}/faces/{face}.jpg" for face in faces_of(app, party.blue)]
    page = cast.guest.get(f"{cast.url}/corrections").text
    assert [tag["src"] for tag in tags_of(page, "img")] == shown

    hide(cast.host, cast, party.blue)

    page = cast.guest.get(f"{cast.url}/corrections").text
    assert tags_of(page, "img") == []
    assert "named this person Tom" in page
    page = cast.host.get(f"{cast.url}/corrections").text
    assert {tag["src"] for tag in tags_of(page, "img")} == set(shown)


def test_show_shows_the_person_to_everybody_again(cast: Cast, hidden: int) -> None:
    answer = hide(cast.host, cast, hidden, "show")

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{hidden}")
    assert cast.guest.get(f"{cast.url}/people/{hidden}").status_code == 200
    assert f"{cast.url}/people/{hidden}" in links(cast.guest.get(f"{cast.url}/people").text)
    assert "Everyone can see this person again." in cast.host.get(answer.location).text


@pytest.mark.parametrize("action", ["hide", "show"])
def test_the_message_undoes_it(cast: Cast, party: Party, action: str) -> None:
    if action == "show":
        hide(cast.host, cast, party.blue)
        cast.host.get(cast.url)  # takes the message
    page = cast.host.get(hide(cast.host, cast, party.blue, action).location).text

    (undo,) = undo_addresses(page)
    cast.host.post(undo)

    status = cast.guest.get(f"{cast.url}/people/{party.blue}").status_code
    assert status == (200 if action == "hide" else 404)


def test_hidden_stays_hidden_when_the_faces_are_looked_at_again(
    app: Flask,
    cast: Cast,
    party: Party,
    hidden: int,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> None:
    run_jobs()

    assert cast.guest.get(f"{cast.url}/people/{hidden}").status_code == 404
    assert len(faces_of(app, hidden)) == 2


def test_only_the_host_shows_somebody_again(app: Flask, cast: Cast, party: Party) -> None:
    give_photos(app, cast.guest, party.photos.values())
    let_guests_correct(app, cast.room_id)

    assert hide(cast.guest, cast, party.red, "show").status_code == 403


def test_a_guest_hides_whom_they_may_correct_and_takes_it_back(
    app: Flask, cast: Cast, party: Party
) -> None:
    assert hide(cast.guest, cast, party.red, "hide").status_code == 403
    let_guests_correct(app, cast.room_id)

    answer = hide(cast.guest, cast, party.red, "hide")

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people")
    (undo,) = undo_addresses(cast.guest.get(answer.location).text)
    assert cast.guest.get(f"{cast.url}/people/{party.red}").status_code == 404
    assert cast.guest.post(undo).status_code == 303
    assert cast.guest.get(f"{cast.url}/people/{party.red}").status_code == 200


@pytest.mark.parametrize("action", ["hide", "show"])
def test_a_stranger_finds_nothing(cast: Cast, party: Party, action: str) -> None:
    assert hide(cast.stranger, cast, party.red, action).status_code == 404


@pytest.mark.parametrize("action", ["hide", "show"])
@pytest.mark.parametrize("person_id", ["999", "x", "0"])
def test_an_unknown_person_is_not_found(
    app: Flask, cast: Cast, party: Party, action: str, person_id: str
) -> None:
    assert hide(cast.host, cast, person_id, action).status_code == 404
    assert row_counts(app)["correction"] == 0


def test_a_person_of_another_room_is_not_found(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other = make_room("Other")
    person_id = insert_person(app, other.room.id, insert_photos(app, other.room.id, 1))

    assert hide(cast.host, cast, person_id).status_code == 404
    guest = app.test_client()
    guest.post(f"/rooms/{other.room.code}/join")
    assert guest.get(f"/rooms/{other.room.code}/people/{person_id}").status_code == 200


@pytest.mark.parametrize("action", ["hide", "show"])
def test_another_site_cannot(cast: Cast, party: Party, action: str) -> None:
    answer = hide(cast.host, cast, party.red, action, {"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert cast.guest.get(f"{cast.url}/people/{party.red}").status_code == 200


@pytest.mark.parametrize("action", ["hide", "show"])
def test_the_address_takes_only_post(cast: Cast, party: Party, action: str) -> None:
    assert cast.host.get(f"{cast.url}/people/{party.red}/{action}").status_code == 405


def test_the_number_of_queries_does_not_grow_with_the_faces(app: Flask, cast: Cast) -> None:
    small = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 2))
    large = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 40, seed="more"))
    with counted_queries(app) as before:
        hide(cast.host, cast, small)

    with counted_queries(app) as after:
        hide(cast.host, cast, large)

    assert len(before) == len(after) > 0
