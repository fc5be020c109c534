"""The queue of what waits for a host's yes, and what whoever uploaded it sees of it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import Face, Photo, WaitingPhoto
from tests.clips.drawing import draw_clip
from tests.conftest import Cast
from tests.fakes import BLUE, RED, draw_photo
from tests.helpers import HX, guest_of, insert_waiting, moderate, row_counts, tags_of
from tests.live import serving


@pytest.fixture
def room(app: Flask, cast: Cast) -> Cast:
    """The cast, in a room whose host looks at photos first."""
    moderate(app, cast.room_id)
    return cast


def upload(client: FlaskClient, url: str, *contents: bytes, **how: object) -> TestResponse:
    files = [(io.BytesIO(content), f"{number}.jpg") for number, content in enumerate(contents)]
    return client.post(f"{url}/photos", data={"photos": files}, **how)


def waiting_ids(app: Flask) -> list[int]:
    with app.app_context():
        return list(db.session.scalars(select(WaitingPhoto.id).order_by(WaitingPhoto.id)))


def test_the_switch_is_in_the_settings(cast: Cast) -> None:
    form = {"title": "Party", "is_moderated": "1"}
    (before,) = tags_of(cast.host.get(f"{cast.url}/settings").text, "input", name="is_moderated")

    cast.host.post(f"{cast.url}/settings", data=form)

    (after,) = tags_of(cast.host.get(f"{cast.url}/settings").text, "input", name="is_moderated")
    assert ("checked" in before.attributes, "checked" in after.attributes) == (False, True)


def test_an_upload_answers_that_it_waits(room: Cast) -> None:
    first = upload(room.guest, room.url, draw_photo(RED), headers=HX)
    again = upload(room.guest, room.url, draw_photo(RED), headers=HX)
    plain = upload(room.guest, room.url, draw_photo(BLUE), follow_redirects=True)

    assert (first.status_code, again.status_code) == (202, 200)
    assert "is waiting for the host" in first.text
    assert "HX-Trigger" not in first.headers
    assert "is waiting for the host" in again.text
    assert 'class="is-known"' in again.text
    assert "1 photo sent to the host" in plain.text


def test_a_host_adds_at_once(room: Cast) -> None:
    answer = upload(room.host, room.url, draw_photo(RED), headers=HX)

    assert answer.status_code == 201
    assert "is-waiting" not in answer.text


def test_the_question_for_known_photos_is_answered_to_who_sent_them_only(room: Cast) -> None:
    content = draw_photo(RED)
    upload(room.guest, room.url, content)
    form = {"sha256": hashlib.sha256(content).hexdigest()}
    room.stranger.post(f"{room.url}/join")

    asked = [
        client.post(f"{room.url}/uploads/known", data=form).get_json()["known"]
        for client in (room.guest, room.stranger, room.host)
    ]
    begun = room.stranger.post(f"{room.url}/uploads", data=form | {"size": 9, "file_name": "a"})

    assert asked == [[form["sha256"]], [], []]
    assert begun.status_code == 201, "the whole file is asked for, as of an unknown one"


def test_a_host_adds_and_refuses_with_one_tap_each(
    app: Flask, room: Cast, run_jobs: Callable[[], None]
) -> None:
    upload(room.guest, room.url, draw_photo(RED), draw_photo(BLUE))
    red, blue = waiting_ids(app)
    page = room.host.get(f"{room.url}/waiting").text
    assert page.count('value="yes"') == 3, "one each, and all of Gustav"
    run_jobs()
    assert row_counts(app, [Face]) == {"face": 0}

    added = room.host.post(f"{room.url}/waiting/{red}", data={"answer": "yes"})
    refused = room.host.post(f"{room.url}/waiting/{blue}", data={"answer": "no"})
    run_jobs()

    assert (added.status_code, refused.status_code) == (303, 303)
    assert row_counts(app, [Photo, WaitingPhoto, Face]) == {
        "photo": 1,
        "waiting_photo": 0,
        "face": 1,
    }
    page = room.host.get(f"{room.url}/waiting").text
    assert "1 photo added to the room." in page
    assert "1 photo refused." in page


def test_a_decided_card_stays_in_its_place(app: Flask, room: Cast) -> None:
    upload(room.guest, room.url, draw_photo(RED), draw_photo(BLUE))
    red, _ = waiting_ids(app)

    answer = room.host.post(f"{room.url}/waiting/{red}", data={"answer": "yes"}, headers=HX)

    (card,) = tags_of(answer.text, "li")
    assert card["id"] == f"waiting-{red}"
    assert "Accepted" in answer.text
    (head,) = tags_of(answer.text, "h2")
    assert head["hx-swap-oob"] == "true"
    assert "1 photo is waiting for you" in answer.text


def test_deciding_about_what_is_decided_says_so(app: Flask, room: Cast) -> None:
    upload(room.guest, room.url, draw_photo(RED))
    (red,) = waiting_ids(app)
    for answer in ("no", "no", "yes"):
        said = room.host.post(f"{room.url}/waiting/{red}", data={"answer": answer})

    assert said.status_code == 404
    assert "no longer waiting" in said.text


def test_a_form_without_an_answer_decides_nothing(app: Flask, room: Cast) -> None:
    upload(room.guest, room.url, draw_photo(RED))
    (red,) = waiting_ids(app)

    assert room.host.post(f"{room.url}/waiting/{red}").status_code == 422
    assert waiting_ids(app) == [red]


def test_all_of_a_guest_are_added_at_once_and_refused_after_a_question(
    app: Flask, room: Cast
) -> None:
    guest = guest_of(app, room.guest, room.room_id)
    room.stranger.post(f"{room.url}/join", data={"name": "Stella"})
    other = guest_of(app, room.stranger, room.room_id)
    upload(room.guest, room.url, draw_photo(RED), draw_photo(BLUE))
    insert_waiting(app, room.room_id, other, 3)
    of_guest, of_other = (f"{room.url}/waiting/of/{one}" for one in (guest, other))

    asked = room.host.post(of_other, data={"answer": "no"})
    assert asked.status_code == 303
    question = room.host.get(asked.location).text
    assert "Stella · 3 photos" in question
    assert len(waiting_ids(app)) == 5
    room.host.post(of_other, data={"answer": "no", "is_sure": "1"})
    room.host.post(of_guest, data={"answer": "yes"})

    assert row_counts(app, [Photo, WaitingPhoto]) == {"photo": 2, "waiting_photo": 0}


def test_what_waits_when_moderation_ends_is_added_with_one_tap(app: Flask, room: Cast) -> None:
    upload(room.guest, room.url, draw_photo(RED), draw_photo(BLUE))
    saved = room.host.post(
        f"{room.url}/settings", data={"title": "Party"}, follow_redirects=True
    ).text
    assert tags_of(saved, "a", href=f"{room.url}/waiting"), "they wait until the host decides"

    room.host.post(f"{room.url}/waiting/all")

    assert row_counts(app, [Photo, WaitingPhoto]) == {"photo": 2, "waiting_photo": 0}
    assert (
        tags_of(room.host.get(f"{room.url}/settings").text, "a", href=f"{room.url}/waiting") == []
    )


def test_hosts_see_how_many_wait_on_the_home_and_on_manage(room: Cast) -> None:
    upload(room.guest, room.url, draw_photo(RED), draw_photo(BLUE))

    for page in ("", "/waiting/note"):
        assert "2 photos are waiting for you" in room.host.get(f"{room.url}{page}").text
    for page in ("/share", "/guests", "/settings", "/waiting"):
        assert 'class="tab-count">2</b>' in room.host.get(f"{room.url}{page}").text


def test_who_sent_photos_sees_that_they_wait_and_may_take_them_back(app: Flask, room: Cast) -> None:
    upload(room.guest, room.url, draw_photo(RED), draw_photo(BLUE))
    red, blue = waiting_ids(app)
    for page in ("", "/me"):
        assert "2 of your photos are waiting" in room.guest.get(f"{room.url}{page}").text
    pictures = tags_of(room.guest.get(f"{room.url}/me").text, "img")
    small = [tag["src"] for tag in pictures if "/waiting/" in tag["src"]]
    assert [room.guest.get(url, buffered=True).mimetype for url in small] == ["image/jpeg"] * 2

    room.guest.post(f"{room.url}/waiting/{red}/withdraw")

    assert waiting_ids(app) == [blue]
    assert "1 of your photos is waiting" in room.guest.get(f"{room.url}/me").text
    assert room.guest.get(small[0]).status_code == 404


def test_the_addresses_of_pictures_are_of_those_who_may_see_them(app: Flask, room: Cast) -> None:
    upload(room.guest, room.url, draw_photo(RED))
    room.stranger.post(f"{room.url}/join")
    page = room.host.get(f"{room.url}/waiting").text
    picture = next(tag["src"] for tag in tags_of(page, "img") if "/waiting/" in tag["src"])
    digest = picture.rpartition("/")[2].partition("-")[0]

    statuses = [
        one.get(picture, buffered=True).status_code
        for one in (room.host, room.guest, room.stranger)
    ]
    wrong = room.host.get(picture.replace(digest, "0" * 16))

    assert statuses == [200, 200, 404]
    assert wrong.status_code == 404
    sent = room.host.get(picture, buffered=True)
    assert sent.headers["Cache-Control"].startswith("private")


def test_removing_a_guest_with_photos_removes_what_waits_as_well(app: Flask, room: Cast) -> None:
    upload(room.guest, room.url, draw_photo(RED))
    guest = guest_of(app, room.guest, room.room_id)

    room.host.post(f"{room.url}/guests/{guest}/remove", data={"with_photos": "1"})

    assert row_counts(app, [WaitingPhoto]) == {"waiting_photo": 0}


def test_a_removed_guests_photos_wait_without_a_name(app: Flask, room: Cast) -> None:
    upload(room.guest, room.url, draw_photo(RED), draw_photo(BLUE))
    guest = guest_of(app, room.guest, room.room_id)

    room.host.post(f"{room.url}/guests/{guest}/remove")
    room.host.get(room.url)  # takes the message

    page = room.host.get(f"{room.url}/waiting").text
    assert "A guest" in page
    assert "Gustav" not in page


def test_the_work_of_a_tap_does_not_grow_with_the_room(app: Flask, room: Cast) -> None:
    guest = guest_of(app, room.guest, room.room_id)
    ids = insert_waiting(app, room.room_id, guest, 100)

    answer = room.host.post(f"{room.url}/waiting/{ids[0]}", data={"answer": "no"}, headers=HX)

    assert len(answer.data) < 2000
    page = room.host.get(f"{room.url}/waiting")
    assert page.text.count("waiting-card") == 48
    assert "page=2" in page.text


def test_an_upload_waits_through_a_real_server(app: Flask, room: Cast) -> None:
    content = draw_photo(RED)
    boundary = "-----42"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="photos"; filename="ä.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode() + content
    body += f"\r\n--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"

    with serving(app) as server:
        sent = server.ask(
            room.guest,
            f"{room.url}/photos",
            method="POST",
            body=body,
            Content_Type=kind,
            HX_Request="true",
        )
        (photo,) = waiting_ids(app)
        decided = server.ask(
            room.host,
            f"{room.url}/waiting/{photo}",
            method="POST",
            body=b"answer=yes",
            Content_Type="application/x-www-form-urlencoded",
        )

    assert sent.status == 202
    assert b"is-waiting" in sent.content
    assert decided.status == 303
    assert row_counts(app, [Photo, WaitingPhoto]) == {"photo": 1, "waiting_photo": 0}


def test_a_large_photo_in_pieces_waits_as_well(app: Flask, room: Cast) -> None:
    content = draw_photo(RED)
    facts = {"size": len(content), "file_name": "large.jpg"}
    begun = room.guest.post(f"{room.url}/uploads", data=facts)

    sent = room.guest.post(f"{begun.location}?offset=0", data=content)

    assert sent.status_code in (202, 303)
    assert row_counts(app, [Photo, WaitingPhoto]) == {"photo": 0, "waiting_photo": 1}


def test_a_host_plays_a_video_before_deciding(
    app: Flask, cast: Cast, add_photo: Callable[..., int]
) -> None:
    moderate(app, cast.room_id)
    content = draw_clip(RED)
    guest_id = guest_of(app, cast.guest, cast.room_id)
    waiting_id = add_photo(cast.room_id, content, "a.mp4", guest_id=guest_id)

    page = cast.host.get(f"{cast.url}/waiting/{waiting_id}").text
    (video,) = tags_of(page, "video")

    assert cast.host.get(video["src"], buffered=True).data == content
    assert cast.guest.get(video["src"], buffered=True).data == content
    assert cast.stranger.get(video["src"]).status_code == 404
