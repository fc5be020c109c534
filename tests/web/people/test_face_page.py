"""GET /rooms/<code>/faces/<id>."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import (
    counted_queries,
    face_on,
    faces_of,
    flat,
    give_photos,
    insert_person,
    insert_photos,
    let_guests_correct,
    tags_of,
)
from tests.web.conftest import Doubt, Party


def face_page(client: FlaskClient, cast: Cast, face_id: int) -> str:
    answer = client.get(f"{cast.url}/faces/{face_id}")
    assert answer.status_code == 200
    return answer.text


def actions(cast: Cast, page: str) -> list[str]:
    """List the addresses of the page's form and its buttons, below the room."""
    found = [tag["formaction"] for tag in tags_of(page, "button") if "formaction" in tag.attributes]
    found += [tag["action"] for tag in tags_of(page, "form")]
    return sorted(url.removeprefix(cast.url) for url in found)


def test_it_shows_the_face_on_its_photo(app: Flask, cast: Cast, party: Party) -> None:
    photo_id = party.photos["a.jpg"]
    face = face_on(app, photo_id, party.blue)

    page = face_page(cast.guest, cast, face)

    assert "Someone without a name</h1>" in flat(page)
    assert tags_of(page, "img", src=f"{cast.url}/faces/{face}.jpg")
    assert tags_of(page, "a", href=f"{cast.url}/photos/{photo_id}")
    assert tags_of(page, "a", href=f"{cast.url}/people/{party.blue}")
    (overlay,) = tags_of(page, "svg", **{"class": "faces"})
    assert overlay["viewbox"] == "0 0 200 100"
    outline = tags_of(page, "rect")[-1]  # those before it are drawn in icons
    assert [outline[key] for key in ("x", "y", "width", "height")] == ["120", "20", "60", "60"]


def test_the_host_is_offered_every_correction(app: Flask, cast: Cast, doubt: Doubt) -> None:
    face = faces_of(app, doubt.lea)[0]

    page = face_page(cast.host, cast, face)

    assert "Lea</h1>" in flat(page)
    assert actions(cast, page) == [
        f"/faces/{face}/cover",
        "/faces/move",
        "/faces/remove",
        f"/people/{doubt.lea}/reject",
    ]
    assert [tag["value"] for tag in tags_of(page, "input", name="faces")] == [str(face)]


def test_an_unsorted_face_can_only_be_named_or_removed(cast: Cast, doubt: Doubt) -> None:
    page = face_page(cast.host, cast, doubt.stray)

    assert "Not sorted yet</h1>" in flat(page)
    assert actions(cast, page) == ["/faces/move", "/faces/remove"]


def test_every_button_works(app: Flask, cast: Cast, doubt: Doubt) -> None:
    first, second, third = faces_of(app, doubt.lea)
    for face, path in (
        (first, f"/faces/{first}/cover"),
        (second, f"/people/{doubt.lea}/reject"),
        (third, "/faces/remove"),
    ):
        assert path in actions(cast, face_page(cast.host, cast, face))
        url = f"{cast.url}/faces/{face}"

        answer = cast.host.post(
            cast.url + path, data={"faces": face}, headers={"Referer": f"http://localhost{url}"}
        )

        assert answer.status_code == 303
        assert cast.host.get(answer.location).status_code == 200


def test_guests_are_offered_corrections_on_their_own_photos_only(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    give_photos(app, cast.guest, doubt.photos[:1])
    mine, theirs, _third = faces_of(app, doubt.lea)

    assert actions(cast, face_page(cast.guest, cast, theirs)) == []
    assert len(actions(cast, face_page(cast.guest, cast, mine))) == 4


def test_guests_are_offered_corrections_by_the_hosts_switch(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    let_guests_correct(app, cast.room_id)

    assert len(actions(cast, face_page(cast.guest, cast, faces_of(app, doubt.lea)[0]))) == 4


@pytest.mark.parametrize("tail", ["999", "x", "0", "-1", "9" * 30])
def test_an_unknown_face_is_not_found(cast: Cast, doubt: Doubt, tail: str) -> None:
    assert cast.host.get(f"{cast.url}/faces/{tail}").status_code == 404


def test_a_face_of_another_room_is_not_found(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 1))
    (face,) = faces_of(app, person_id)

    there, nowhere = (cast.host.get(f"{cast.url}/faces/{number}") for number in (face, 9999))

    assert (there.status_code, there.data) == (nowhere.status_code, nowhere.data)
    assert there.status_code == 404


def test_a_stranger_finds_nothing(cast: Cast, doubt: Doubt) -> None:
    assert cast.stranger.get(f"{cast.url}/faces/{doubt.stray}").status_code == 404


def test_the_address_takes_only_get(cast: Cast, doubt: Doubt) -> None:
    assert cast.host.post(f"{cast.url}/faces/{doubt.stray}").status_code == 405


def test_the_number_of_queries_does_not_grow_with_the_faces(app: Flask, cast: Cast) -> None:
    small = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 1))
    large = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 40, seed="more"))
    with counted_queries(app) as before:
        face_page(cast.host, cast, faces_of(app, small)[0])

    with counted_queries(app) as after:
        face_page(cast.host, cast, faces_of(app, large)[0])

    assert len(before) == len(after) > 0
