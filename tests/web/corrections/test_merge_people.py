"""GET and POST /rooms/<code>/people/<id>/merge."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import PHOTO_WAITING, Face, Job, Room
from photoshare.services.people import people
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import (
    HX,
    counted_queries,
    face_at,
    faces_of,
    form_with,
    give_photos,
    host_access,
    insert_person,
    insert_photos,
    let_guests_correct,
    tags_of,
    undo_addresses,
    who_is_who,
)
from tests.web.conftest import Doubt, Party


def merge(
    client: FlaskClient,
    cast: Cast,
    person_id: int,
    into: object,
    headers: dict[str, str] | None = None,
) -> TestResponse:
    url = f"{cast.url}/people/{person_id}/merge"
    return client.post(url, data={"into": into}, headers=headers)


def choices(client: FlaskClient, cast: Cast, person_id: int) -> list[str]:
    answer = client.get(f"{cast.url}/people/{person_id}/merge")
    assert answer.status_code == 200
    return [tag["value"] for tag in tags_of(answer.text, "button", name="into")]


def test_the_most_alike_come_first(app: Flask, cast: Cast, doubt: Doubt) -> None:
    far = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 9, seed="far"))
    near = insert_person(
        app, cast.room_id, insert_photos(app, cast.room_id, 1, seed="n"), encoding=face_at(0.33)
    )

    assert choices(cast.host, cast, doubt.twin)[0] == str(near)
    assert set(choices(cast.host, cast, doubt.twin)) == {str(near), str(doubt.lea), str(far)}


def test_people_whom_the_running_engine_has_not_searched_yet_are_the_last_choices(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    old = insert_photos(app, cast.room_id, 3, seed="old", state=PHOTO_WAITING, engine="old")
    alike, beside = (insert_person(app, cast.room_id, old[start:]) for start in (0, 2))

    assert choices(cast.host, cast, doubt.twin)[-2:] == [str(alike), str(beside)]
    assert str(alike) not in choices(cast.host, cast, beside)
    assert choices(cast.host, cast, alike) == choices(cast.host, cast, beside)


def test_who_is_on_a_photo_with_somebody_is_no_choice(cast: Cast, party: Party) -> None:
    page = cast.host.get(f"{cast.url}/people/{party.red}/merge").text

    assert tags_of(page, "button", name="into") == []
    assert "No one else could be this person." in page
    everybody = cast.host.get(f"{cast.url}/people/{party.red}/merge?beside=1").text
    assert [tag["value"] for tag in tags_of(everybody, "button", name="into")] == [str(party.blue)]


def test_a_plain_form_merges_and_shows_both_in_one_album(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    both = sorted(faces_of(app, doubt.lea) + faces_of(app, doubt.twin))

    answer = merge(cast.host, cast, doubt.twin, doubt.lea)

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{doubt.lea}")
    assert faces_of(app, doubt.lea) == both
    page = cast.host.get(answer.location).text
    assert "Merged into one person." in page
    assert "Lea</h1>" in page
    assert "5 photos" in page
    assert faces_of(app, doubt.twin) == []


def test_the_one_with_a_name_gives_it(app: Flask, cast: Cast, doubt: Doubt) -> None:
    merge(cast.host, cast, doubt.lea, doubt.twin)

    with app.app_context():
        assert people.get_card(host_access(cast.room_id), doubt.twin).name == "Lea"


def test_the_message_undoes_it(app: Flask, cast: Cast, doubt: Doubt) -> None:
    before = who_is_who(app, cast.room_id)
    page = cast.host.get(merge(cast.host, cast, doubt.twin, doubt.lea).location).text

    (undo,) = undo_addresses(page)
    assert cast.host.post(undo).status_code == 303

    assert who_is_who(app, cast.room_id) == before


def test_a_merge_holds_when_the_faces_are_looked_at_again(
    app: Flask, cast: Cast, doubt: Doubt, run_jobs: Callable[[], None]
) -> None:
    merge(cast.host, cast, doubt.twin, doubt.lea)
    with app.app_context():
        assert db.session.scalars(select(Job.kind)).all() == ["cluster_room"]

    run_jobs()

    assert len(faces_of(app, doubt.lea)) == 5


@pytest.mark.parametrize("headers", [None, HX])
def test_two_on_one_photo_are_asked_about_and_shown(
    app: Flask,
    cast: Cast,
    party: Party,
    run_jobs: Callable[[], None],
    headers: dict[str, str] | None,
) -> None:
    before = who_is_who(app, cast.room_id)
    both = sorted(faces_of(app, party.red) + faces_of(app, party.blue))

    answer = merge(cast.host, cast, party.red, party.blue, headers)

    assert answer.status_code == 422
    assert "Both appear in the photo a.jpg. Are they really the same person?" in answer.text
    assert len(tags_of(answer.text, "rect", width="60")) == 2  # the outlines, not the icons
    assert ("<html" in answer.text) == (headers is None)
    assert who_is_who(app, cast.room_id) == before
    url, fields = form_with(answer.text, "is_sure")
    done = cast.host.post(url, data=fields)
    assert (done.status_code, done.location) == (303, f"{cast.url}/people/{party.blue}")
    run_jobs()
    assert sorted(faces_of(app, party.blue)) == both

    (undo,) = undo_addresses(cast.host.get(done.location).text)
    cast.host.post(undo)
    run_jobs()
    assert who_is_who(app, cast.room_id) == before


def test_a_guest_who_may_not_correct_is_not_asked(cast: Cast, party: Party) -> None:
    assert merge(cast.guest, cast, party.red, party.blue).status_code == 403


def test_two_panels_of_a_collage_merge_without_a_question(
    app: Flask, cast: Cast, party: Party
) -> None:
    with app.app_context():
        in_a = Face.photo_id == party.photos["a.jpg"]
        db.session.execute(update(Face).where(in_a, Face.person_id == party.red).values(panel=1))
        db.session.execute(update(Face).where(in_a, Face.person_id == party.blue).values(panel=2))
        db.session.execute(update(Room).values(revision=Room.revision + 1))
        db.session.commit()

    assert str(party.blue) in choices(cast.host, cast, party.red)
    assert merge(cast.host, cast, party.red, party.blue).status_code == 303


def test_nobody_merges_with_themselves(cast: Cast, doubt: Doubt) -> None:
    assert merge(cast.host, cast, doubt.lea, doubt.lea).status_code == 422


def test_a_guest_is_told_that_only_the_host_can(app: Flask, cast: Cast, doubt: Doubt) -> None:
    before = who_is_who(app, cast.room_id)

    assert merge(cast.guest, cast, doubt.twin, doubt.lea).status_code == 403
    assert who_is_who(app, cast.room_id) == before


@pytest.mark.parametrize("count", [1, 2])
def test_a_guest_may_merge_whom_only_their_own_photos_show(
    app: Flask, cast: Cast, doubt: Doubt, count: int
) -> None:
    give_photos(app, cast.guest, doubt.photos[3 : 3 + count])

    answer = merge(cast.guest, cast, doubt.twin, doubt.lea)

    assert answer.status_code == (303 if count == 2 else 403)


def test_a_guest_may_with_the_hosts_switch(app: Flask, cast: Cast, doubt: Doubt) -> None:
    let_guests_correct(app, cast.room_id)

    assert merge(cast.guest, cast, doubt.twin, doubt.lea).status_code == 303


@pytest.mark.parametrize("into", ["", "999", "x", "0", "-1", "9" * 30, "new"])
def test_an_unknown_other_is_not_found(cast: Cast, doubt: Doubt, into: str) -> None:
    assert merge(cast.host, cast, doubt.lea, into).status_code == 404


@pytest.mark.parametrize("tail", ["999", "x"])
def test_an_unknown_person_is_not_found(cast: Cast, doubt: Doubt, tail: str) -> None:
    url = f"{cast.url}/people/{tail}/merge"

    assert cast.host.get(url).status_code == 404
    assert cast.host.post(url, data={"into": doubt.lea}).status_code == 404


def test_people_of_another_room_are_not_found(
    app: Flask, cast: Cast, doubt: Doubt, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    foreign = insert_person(app, other_id, insert_photos(app, other_id, 1), "Tom")
    before = who_is_who(app, other_id)

    assert merge(cast.host, cast, foreign, doubt.lea).status_code == 404
    assert merge(cast.host, cast, doubt.lea, foreign).status_code == 404
    assert cast.host.get(f"{cast.url}/people/{foreign}/merge").status_code == 404
    assert who_is_who(app, other_id) == before
    assert str(foreign) not in choices(cast.host, cast, doubt.lea)


def test_a_stranger_finds_nothing(app: Flask, cast: Cast, doubt: Doubt) -> None:
    before = who_is_who(app, cast.room_id)

    assert merge(cast.stranger, cast, doubt.twin, doubt.lea).status_code == 404
    assert cast.stranger.get(f"{cast.url}/people/{doubt.lea}/merge").status_code == 404
    assert who_is_who(app, cast.room_id) == before


def test_another_site_cannot_merge(app: Flask, cast: Cast, doubt: Doubt) -> None:
    answer = merge(cast.host, cast, doubt.twin, doubt.lea, {"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert len(faces_of(app, doubt.twin)) == 2


def test_the_address_takes_only_get_and_post(cast: Cast, doubt: Doubt) -> None:
    assert cast.host.put(f"{cast.url}/people/{doubt.lea}/merge").status_code == 405


def test_the_number_of_queries_does_not_grow_with_the_people(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    url = f"{cast.url}/people/{doubt.lea}/merge"
    cast.host.get(url)  # reads the faces of the room, once for all
    with counted_queries(app) as before:
        cast.host.get(url)
    for number in range(8):
        photos = insert_photos(app, cast.room_id, 1, seed=f"more{number}")
        insert_person(app, cast.room_id, photos)
    cast.host.get(url)

    with counted_queries(app) as after:
        cast.host.get(url)

    assert len(before) == len(after) > 0


def test_an_old_link_leads_to_who_has_the_photos_now(app: Flask, cast: Cast, doubt: Doubt) -> None:
    third = insert_person(
        app, cast.room_id, insert_photos(app, cast.room_id, 2, seed="x"), encoding=face_at(0.9)
    )
    url = f"{cast.url}/people/{third}"
    merge(cast.host, cast, third, doubt.twin)
    assert cast.guest.get(url).location == f"{cast.url}/people/{doubt.twin}"
    merged = merge(cast.host, cast, doubt.twin, doubt.lea)

    assert cast.guest.get(url).location == f"{cast.url}/people/{doubt.lea}"
    assert cast.guest.get(url).status_code == 302  # it may be undone
    assert cast.guest.get(url, follow_redirects=True).status_code == 200
    assert cast.stranger.get(url).location.startswith(f"{cast.url}?")  # the invitation

    undo = undo_addresses(cast.host.get(merged.location).text)[-1]
    cast.host.post(undo)
    assert cast.guest.get(url).location == f"{cast.url}/people/{doubt.twin}"
    assert cast.guest.get(f"{cast.url}/people/{doubt.twin}").status_code == 200


def test_an_old_link_leads_no_guest_to_a_hidden_person(cast: Cast, doubt: Doubt) -> None:
    url = f"{cast.url}/people/{doubt.twin}"
    merge(cast.host, cast, doubt.twin, doubt.lea)
    cast.host.post(f"{cast.url}/people/{doubt.lea}/hide")

    assert cast.guest.get(url).status_code == 404
    assert cast.guest.get(url).data == cast.guest.get(f"{cast.url}/people/999").data
    assert cast.host.get(url).location == f"{cast.url}/people/{doubt.lea}"


def test_an_old_link_leads_into_no_other_room(
    app: Flask, cast: Cast, doubt: Doubt, make_room: Callable[..., NewRoom]
) -> None:
    other = make_room("Other")
    cast.guest.post(f"/rooms/{other.room.code}/join")
    merge(cast.host, cast, doubt.twin, doubt.lea)

    assert cast.guest.get(f"/rooms/{other.room.code}/people/{doubt.twin}").status_code == 404
