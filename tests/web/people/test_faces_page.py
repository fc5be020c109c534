"""GET /rooms/<code>/people/<id>/faces, and the choice of unsorted faces."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from photoshare.services.people.shown_faces import FACES_PAGE_SIZE
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import (
    counted_queries,
    faces_of,
    give_photos,
    insert_face,
    insert_person,
    insert_photos,
    let_guests_correct,
    tags_of,
)
from tests.web.conftest import Doubt


def faces_page(client: FlaskClient, cast: Cast, person_id: object, query: str = "") -> str:
    answer = client.get(f"{cast.url}/people/{person_id}/faces{query}")
    assert answer.status_code == 200
    return answer.text


def choices(page: str) -> list[int]:
    return [int(tag["value"]) for tag in tags_of(page, "input", type="checkbox", name="faces")]


def pictures(page: str) -> list[str]:
    return [tag["src"] for tag in tags_of(page, "img")]


def test_the_host_can_tick_every_face_of_the_person(app: Flask, cast: Cast, doubt: Doubt) -> None:
    page = faces_page(cast.host, cast, doubt.lea)

    faces = faces_of(app, doubt.lea)
    assert choices(page) == faces
    assert pictures(page) == [f"{cast.url}/faces/{face}.jpg" for face in faces]
    assert "3 faces" in page
    labels = [tag["aria-label"] for tag in tags_of(page, "input", name="faces")]
    assert labels == [f"Face in photo-{number}.jpg" for number in range(3)]


def test_its_buttons_take_out_move_and_remove(cast: Cast, doubt: Doubt) -> None:
    page = faces_page(cast.host, cast, doubt.lea)

    (form,) = tags_of(page, "form")
    assert form["action"] == f"{cast.url}/people/{doubt.lea}/reject"
    others = [
        tag["formaction"] for tag in tags_of(page, "button") if "formaction" in tag.attributes
    ]
    assert others == [f"{cast.url}/faces/move", f"{cast.url}/faces/remove"]


def test_a_guest_can_tick_faces_on_their_own_photos_only(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    give_photos(app, cast.guest, [doubt.photos[1], doubt.photos[3]])
    (mine,) = faces_of(app, doubt.lea)[1:2]

    page = faces_page(cast.guest, cast, doubt.lea)

    assert choices(page) == [mine]
    assert len(pictures(page)) == 3
    assert "You can correct faces in photos you added." in page


def test_a_guest_can_tick_all_with_the_hosts_switch(app: Flask, cast: Cast, doubt: Doubt) -> None:
    let_guests_correct(app, cast.room_id)

    page = faces_page(cast.guest, cast, doubt.lea)

    assert choices(page) == faces_of(app, doubt.lea)
    assert "photos you added" not in page


def test_unsorted_faces_can_be_ticked_alike(app: Flask, cast: Cast, doubt: Doubt) -> None:
    url = f"{cast.url}/people/unsorted"
    (photo,) = insert_photos(app, cast.room_id, 1, seed="mine")
    mine = insert_face(app, cast.room_id, photo)
    give_photos(app, cast.guest, [photo])

    assert choices(cast.host.get(url).text) == [doubt.stray, mine]
    assert choices(cast.guest.get(url).text) == [mine]
    assert len(pictures(cast.guest.get(url).text)) == 2


def test_many_faces_have_pages(app: Flask, cast: Cast) -> None:
    photos = insert_photos(app, cast.room_id, FACES_PAGE_SIZE + 2)
    person_id = insert_person(app, cast.room_id, photos)
    url = f"{cast.url}/people/{person_id}/faces"

    first, second = (faces_page(cast.host, cast, person_id, f"?page={n}") for n in (1, 2))

    assert choices(first) + choices(second) == faces_of(app, person_id)
    assert len(choices(second)) == 2
    assert f"{FACES_PAGE_SIZE + 2} faces" in second
    assert tags_of(first, "a", rel="next", href=f"{url}?page=2")
    assert tags_of(second, "a", rel="prev", href=f"{url}?page=1")
    for page in ("3", "0", "-1", "9" * 30):
        assert cast.host.get(f"{url}?page={page}").status_code == 404


def test_a_whole_page_can_be_moved_at_once(app: Flask, cast: Cast) -> None:
    photos = insert_photos(app, cast.room_id, FACES_PAGE_SIZE)
    person_id = insert_person(app, cast.room_id, photos)
    chosen = choices(faces_page(cast.host, cast, person_id))

    answer = cast.host.get(f"{cast.url}/faces/move", query_string={"faces": chosen})

    assert answer.status_code == 200
    assert len(tags_of(answer.text, "input", name="faces")) == FACES_PAGE_SIZE


@pytest.mark.parametrize("tail", ["999", "x", "0", "9" * 30])
def test_an_unknown_person_is_not_found(cast: Cast, doubt: Doubt, tail: str) -> None:
    assert cast.host.get(f"{cast.url}/people/{tail}/faces").status_code == 404


def test_a_person_of_another_room_is_not_found(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 1))

    assert cast.host.get(f"{cast.url}/people/{person_id}/faces").status_code == 404


def test_a_stranger_finds_nothing(cast: Cast, doubt: Doubt) -> None:
    assert cast.stranger.get(f"{cast.url}/people/{doubt.lea}/faces").status_code == 404


def test_the_address_takes_only_get(cast: Cast, doubt: Doubt) -> None:
    assert cast.host.post(f"{cast.url}/people/{doubt.lea}/faces").status_code == 405


def test_who_may_correct_nothing_gets_no_buttons_for_it(cast: Cast, doubt: Doubt) -> None:
    for path in (f"people/{doubt.lea}/faces", "people/unsorted"):
        page = cast.guest.get(f"{cast.url}/{path}").text

        assert pictures(page)
        assert choices(page) == []
        assert tags_of(page, "button") == []


def test_a_form_without_a_face_leads_back_to_its_page(cast: Cast, doubt: Doubt) -> None:
    url = f"{cast.url}/people/{doubt.lea}"

    for referrer, is_ours in (
        (f"http://localhost{url}/faces?page=1", True),
        (f"http://elsewhere{url}/faces?page=1", False),
        ("http://localhost//elsewhere/faces?page=1", False),
        ("http://[", False),
    ):
        answer = cast.host.post(f"{url}/reject", headers={"Referer": referrer})

        assert answer.status_code == 422
        assert bool(tags_of(answer.text, "a", href=f"{url}/faces?page=1")) is is_ours
        assert "elsewhere" not in answer.text


def test_the_number_of_queries_does_not_grow_with_the_faces(app: Flask, cast: Cast) -> None:
    small = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 2))
    large = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 40, seed="more"))
    with counted_queries(app) as before:
        faces_page(cast.host, cast, small)

    with counted_queries(app) as after:
        faces_page(cast.host, cast, large)

    assert len(before) == len(after) > 0
