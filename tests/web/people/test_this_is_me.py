"""POST /rooms/<code>/me/person and /me/person/forget: which person a guest is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import Guest
from photoshare.services.corrections import verbs
from photoshare.services.people import grouping
from photoshare.services.people.grouping import GroupingRule
from photoshare.services.rooms.entering import Author
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import (
    HX,
    counted_queries,
    face_at,
    face_on,
    faces_of,
    flat,
    give_photos,
    insert_person,
    insert_photos,
    let_guests_correct,
    tags_of,
    undo_addresses,
)
from tests.web.conftest import Doubt, Party

PATH, FORGET = "/me/person", "/me/person/forget"


def choose(
    client: FlaskClient, cast: Cast, person_id: object, headers: dict[str, str] | None = None
) -> TestResponse:
    return client.post(cast.url + PATH, data={"person": person_id}, headers=headers)


def own_page(client: FlaskClient, cast: Cast) -> str:
    return client.get(f"{cast.url}/me").text


def own_person(app: Flask, name: str = "Gustav") -> int | None:
    with app.app_context():
        return db.session.scalars(select(Guest.person_id).where(Guest.name == name)).one()


def choices(page: str) -> list[str]:
    return [tag["value"] for tag in tags_of(page, "button", name="person")]


def test_the_page_asks_who_the_guest_is(cast: Cast, party: Party) -> None:
    page = own_page(cast.guest, cast)

    assert choices(page) == [str(party.red), str(party.blue)]
    assert "Which one is you?" in page
    assert tags_of(page, "form", action=cast.url + PATH, method="post")


def test_a_room_without_people_asks_nothing(cast: Cast) -> None:
    assert "Which one is you?" not in own_page(cast.guest, cast)


def test_who_is_called_like_the_guest_comes_first(app: Flask, cast: Cast, party: Party) -> None:
    with app.app_context():
        verbs.name_person(Author(cast.room_id), party.blue, "gustav")

    assert choices(own_page(cast.guest, cast)) == [str(party.blue), str(party.red)]


@pytest.mark.parametrize("headers", [None, HX])
def test_the_own_album_comes_first_then(
    app: Flask, cast: Cast, party: Party, headers: dict[str, str] | None
) -> None:
    answer = choose(cast.guest, cast, party.blue, headers=headers)

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{party.blue}")
    assert "Here you are!" in cast.guest.get(answer.location).text
    page = own_page(cast.guest, cast)
    assert own_person(app) == party.blue
    assert "2 photos" in page
    assert tags_of(page, "a", href=f"{cast.url}/people/{party.blue}")
    (link,) = tags_of(page, "a", href=f"{cast.url}/people/{party.blue}/album.zip")
    assert cast.guest.get(link["href"], buffered=True).status_code == 200
    assert page.index("Your photos</h2>") < page.index("My uploads")
    assert choices(page) == []


def test_an_album_has_a_button_for_who_is_not_it_yet(cast: Cast, party: Party) -> None:
    url = f"{cast.url}/people/{party.red}"
    assert choices(cast.guest.get(url).text) == [str(party.red)]

    choose(cast.guest, cast, party.red)

    page = cast.guest.get(url).text
    assert choices(page) == []
    assert "This is you." in page
    assert choices(cast.guest.get(f"{cast.url}/people/{party.blue}").text) == [str(party.blue)]


def test_nobody_else_sees_it(cast: Cast, party: Party) -> None:
    paths = ["", "/people", f"/people/{party.red}", "/share", "/corrections"]
    before = [cast.host.get(cast.url + path).text for path in paths]

    choose(cast.guest, cast, party.red)

    assert [cast.host.get(cast.url + path).text for path in paths] == before
    assert "Which one is you?" in own_page(cast.host, cast)


def test_that_is_not_me(app: Flask, cast: Cast, party: Party) -> None:
    choose(cast.guest, cast, party.red)
    (form,) = tags_of(own_page(cast.guest, cast), "form", action=cast.url + FORGET)

    answer = cast.guest.post(form["action"])

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/me")
    assert own_person(app) is None
    page = own_page(cast.guest, cast)
    assert "Got it, that&#39;s not you." in page
    assert "Which one is you?" in page


def test_who_chooses_nobody_is_asked_again(app: Flask, cast: Cast, party: Party) -> None:
    for data in ({}, {"person": ""}, {"person": "x"}):
        answer = cast.guest.post(cast.url + PATH, data=data)

        assert answer.status_code == 422
        assert "Please select at least one person." in answer.text
        assert choices(answer.text)
    assert own_person(app) is None


@pytest.mark.parametrize("number", [0, -1, 999, 2**63 - 1, 2**63, 10**30])
def test_nobody_is_somebody_who_is_not_there(
    app: Flask, cast: Cast, party: Party, number: int
) -> None:
    assert choose(cast.guest, cast, number).status_code in (404, 422)
    assert own_person(app) is None


def test_nobody_is_somebody_of_another_room(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    person = insert_person(app, other_id, insert_photos(app, other_id, 2), "Tim")

    for client in (cast.guest, cast.host):
        assert choose(client, cast, person).status_code == 404
    assert own_person(app) is None


def test_a_guest_is_nobody_who_is_hidden(app: Flask, cast: Cast, party: Party) -> None:
    cast.host.post(f"{cast.url}/people/{party.blue}/hide")

    hidden, nowhere = (choose(cast.guest, cast, number) for number in (party.blue, 999))

    assert (hidden.status_code, hidden.data) == (nowhere.status_code, nowhere.data)
    assert hidden.status_code == 404
    assert choices(own_page(cast.guest, cast)) == [str(party.red)]
    assert choose(cast.host, cast, party.blue).status_code == 303


def test_who_was_hidden_later_is_not_shown_to_the_guest(cast: Cast, party: Party) -> None:
    choose(cast.guest, cast, party.blue)
    cast.host.post(f"{cast.url}/people/{party.blue}/hide")

    page = own_page(cast.guest, cast)
    assert f"/people/{party.blue}" not in page
    assert "Which one is you?" in page

    cast.host.post(f"{cast.url}/people/{party.blue}/show")
    assert f"{cast.url}/people/{party.blue}/album.zip" in own_page(cast.guest, cast)


@pytest.mark.parametrize("into_named", [True, False])
def test_a_merge_takes_the_guest_along(
    app: Flask, cast: Cast, doubt: Doubt, into_named: bool
) -> None:
    person, into = (doubt.twin, doubt.lea) if into_named else (doubt.lea, doubt.twin)
    choose(cast.guest, cast, person)
    choose(cast.host, cast, into)

    cast.host.post(f"{cast.url}/people/{person}/merge", data={"into": into})

    assert own_person(app) == into
    assert own_person(app, "Hanna") == into


def test_the_undoing_of_a_merge_gives_everybody_their_own(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    choose(cast.guest, cast, doubt.twin)
    choose(cast.host, cast, doubt.lea)
    merged = cast.host.post(f"{cast.url}/people/{doubt.twin}/merge", data={"into": doubt.lea})
    (undo,) = undo_addresses(cast.host.get(merged.location).text)

    cast.host.post(undo)

    assert own_person(app) == doubt.twin
    assert own_person(app, "Hanna") == doubt.lea


def test_of_two_merges_the_second_undone_nobody_gets_a_strangers_photos(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    third = insert_person(
        app, cast.room_id, insert_photos(app, cast.room_id, 2, seed="x"), encoding=face_at(0.9)
    )
    choose(cast.guest, cast, third)
    choose(cast.host, cast, doubt.lea)
    with app.app_context():
        verbs.merge_people(Author(cast.room_id), third, doubt.twin)
        second = verbs.merge_people(Author(cast.room_id), doubt.twin, doubt.lea)
    assert own_person(app) == doubt.lea

    with app.app_context():
        verbs.undo(Author(cast.room_id), second)

    assert own_person(app) is None  # they are asked again, never shown Lea's
    assert own_person(app, "Hanna") == doubt.lea


def test_a_merge_of_others_changes_nothing(app: Flask, cast: Cast, doubt: Doubt) -> None:
    other = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 2, seed="x"))
    choose(cast.guest, cast, other)

    cast.host.post(f"{cast.url}/people/{doubt.twin}/merge", data={"into": doubt.lea})

    assert own_person(app) == other


def test_who_was_taken_to_pieces_is_asked_again(app: Flask, cast: Cast, doubt: Doubt) -> None:
    choose(cast.guest, cast, doubt.twin)
    first, second = faces_of(app, doubt.twin)

    cast.host.post(f"{cast.url}/faces/move", data={"faces": [first], "into": doubt.lea})
    assert own_person(app) == doubt.twin
    rejected = cast.host.post(f"{cast.url}/people/{doubt.twin}/reject", data={"faces": [second]})

    assert own_person(app) is None
    assert "Which one is you?" in own_page(cast.guest, cast)
    *_, undo = undo_addresses(cast.host.get(rejected.location).text)
    cast.host.post(undo)
    assert own_person(app) == doubt.twin


def test_people_whom_the_grouping_joins_take_the_guest_along(app: Flask, cast: Cast) -> None:
    photos = insert_photos(app, cast.room_id, 5)
    few = insert_person(app, cast.room_id, photos[:2])
    many = insert_person(app, cast.room_id, photos[2:])
    for guest, person in ((cast.guest, few), (cast.host, many)):
        choose(guest, cast, person)

    with app.app_context():
        grouping.group_unsorted_faces(
            cast.room_id, GroupingRule(engine_name="fake", eps=0.325, min_samples=2)
        )

    (stays,) = {person for person in (few, many) if faces_of(app, person)}
    assert own_person(app) == own_person(app, "Hanna") == stays


def test_the_last_photo_takes_the_person_with_it(app: Flask, cast: Cast) -> None:
    (photo,) = insert_photos(app, cast.room_id, 1)
    person = insert_person(app, cast.room_id, [photo])
    choose(cast.guest, cast, person)

    cast.host.post(f"{cast.url}/photos/{photo}/delete")

    assert own_person(app) is None
    assert cast.guest.get(f"{cast.url}/me").status_code == 200


def test_the_guests_name_is_offered_to_who_may_give_it(
    app: Flask, cast: Cast, party: Party
) -> None:
    choose(cast.guest, cast, party.red)
    url = f"{cast.url}/people/{party.red}/name"
    assert not tags_of(own_page(cast.guest, cast), "form", action=url)

    let_guests_correct(app, cast.room_id)
    page = own_page(cast.guest, cast)
    assert tags_of(page, "form", action=url, method="post")
    assert tags_of(page, "input", type="hidden", name="name", value="Gustav")
    assert f"{cast.url}/people/{party.red}" in page
    cast.guest.post(url, data={"name": "Gustav"})

    assert not tags_of(own_page(cast.guest, cast), "form", action=url)


def test_who_added_all_of_their_photos_may_give_the_name(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    give_photos(app, cast.guest, doubt.photos[3:5])
    choose(cast.guest, cast, doubt.twin)

    assert "Name this album “Gustav”" in own_page(cast.guest, cast)


def test_the_forms_take_only_post_and_only_their_own(app: Flask, cast: Cast, party: Party) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}

    for path in (PATH, FORGET):
        assert cast.guest.get(cast.url + path).status_code == 405
        assert cast.stranger.post(cast.url + path, data={"person": party.red}).status_code == 404
    assert choose(cast.guest, cast, party.red, headers=foreign).status_code == 403
    assert own_person(app) is None
    choose(cast.guest, cast, party.red)
    assert cast.guest.post(cast.url + FORGET, headers=foreign).status_code == 403
    assert own_person(app) == party.red


@pytest.mark.parametrize("is_chosen", [True, False])
def test_the_number_of_queries_does_not_grow_with_the_people(
    app: Flask, cast: Cast, is_chosen: bool
) -> None:
    room_id = cast.room_id
    first = insert_person(app, room_id, insert_photos(app, room_id, 1, seed="first"))
    if is_chosen:
        choose(cast.guest, cast, first)
    own_page(cast.guest, cast)
    with counted_queries(app) as before:
        own_page(cast.guest, cast)
    for number in range(20):
        photos = insert_photos(app, room_id, 2, seed=str(number))
        insert_person(app, room_id, photos)

    with counted_queries(app) as after:
        page = own_page(cast.guest, cast)

    assert len(before) == len(after) > 0
    assert len(choices(page)) == (0 if is_chosen else 21)


def test_an_album_that_a_correction_changed_says_so(app: Flask, cast: Cast, party: Party) -> None:
    """One photo goes and another comes: the number is the same."""
    choose(cast.guest, cast, party.blue)
    choose(cast.host, cast, party.blue)
    album = f"{cast.url}/people/{party.blue}"
    for client in (cast.guest, cast.host):
        assert "were taken out" not in client.get(album).text
    gone = face_on(app, party.photos["c.jpg"], party.blue)
    come = face_on(app, party.photos["d.jpg"], None)

    cast.host.post(f"{cast.url}/faces/move", data={"faces": gone, "into": "new"})
    cast.host.post(f"{cast.url}/faces/move", data={"faces": come, "into": party.blue})

    assert "changed" in flat(cast.guest.get(cast.url).text).partition("own-row")[2][:900]
    assert "were taken out" not in cast.host.get(album).text  # who did it knows
    assert "were taken out" in cast.guest.get(album).text
    assert "were taken out" not in cast.guest.get(album).text


def test_an_album_to_which_only_photos_came_says_nothing_of_losses(
    app: Flask, cast: Cast, party: Party
) -> None:
    choose(cast.guest, cast, party.blue)
    album = f"{cast.url}/people/{party.blue}"
    cast.guest.get(album)
    come = face_on(app, party.photos["d.jpg"], None)

    cast.host.post(f"{cast.url}/faces/move", data={"faces": come, "into": party.blue})

    assert "were taken out" not in cast.guest.get(album).text
