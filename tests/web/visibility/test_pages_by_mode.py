"""What a room says and does where guests don't see all photos."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import Audience, Guest, Photo, Room, utc_now
from photoshare.services.photos import deleting, restoring
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import HX, guest_of, host_access, insert_photos, tags_of
from tests.live import serving
from tests.web.conftest import Party

HASHES = "/uploads/known"
SELF_WORDS = "Here you see the photos of yourself, and what the host has marked for everybody."
HOST_WORDS = "Only the host sees the photos that guests add here. Below is what you added."
NOTHING_YET = "There's nothing for you to see here yet."


def choose(app: Flask, cast: Cast, audience: Audience, revealed_at: datetime | None = None) -> None:
    room = update(Room).where(Room.id == cast.room_id)
    with app.app_context():
        db.session.execute(room.values(audience=audience, revealed_at=revealed_at))
        db.session.commit()


@pytest.fixture
def other(app: Flask, cast: Cast) -> FlaskClient:
    """Another guest of the room."""
    client = app.test_client()
    client.post(f"{cast.url}/join", data={"name": "Olga"})
    return client


def upload(client: FlaskClient, cast: Cast, content: bytes, **headers: str) -> tuple[int, str]:
    files = {"photos": (BytesIO(content), "mine.jpg")}
    answer = client.post(f"{cast.url}/photos", data=files, headers=headers)
    return answer.status_code, answer.text + client.get(f"{cast.url}/me").text


@pytest.mark.parametrize("audience", [Audience.SELF, Audience.HOST, Audience.LATER])
@pytest.mark.parametrize("headers", [{}, HX], ids=["form", "script"])
def test_an_upload_is_answered_alike_whoever_added_the_same_before(
    app: Flask,
    cast: Cast,
    other: FlaskClient,
    audience: Audience,
    headers: dict[str, str],
) -> None:
    choose(app, cast, audience)
    same, new = draw_photo(RED, seed=1), draw_photo(RED, seed=2)
    upload(cast.guest, cast, same)
    name = "Olga"

    for_known = upload(other, cast, same, **headers)
    for_new = upload(other, cast, new, **headers)

    def said(answer: tuple[int, str]) -> tuple[int, bool, bool]:
        status, text = answer
        return status, "already here" in text, name in text

    assert said(for_known) == said(for_new)
    assert not said(for_known)[1]
    assert "Gustav" not in for_known[1]


def test_the_answers_of_pieces_tell_nothing_either(
    app: Flask, cast: Cast, other: FlaskClient, site: Site
) -> None:
    choose(app, cast, Audience.HOST)
    content = draw_photo(RED, seed=1)
    upload(cast.guest, cast, content)
    facts = {"file_name": "mine.jpg", "size": len(content)}
    facts["sha256"] = hashlib.sha256(content).hexdigest()

    known = other.post(cast.url + HASHES, data={"sha256": facts["sha256"]})
    begun = other.post(f"{cast.url}/uploads", data=facts, headers=HX)
    done = other.post(f"{begun.headers['Location']}?offset=0", data=content, headers=HX)

    assert known.json == {"known": []}
    assert (begun.status_code, done.status_code) == (201, 201)
    assert not any(path.is_file() for path in site.storage.room_folder(cast.room_id).glob("up*/*"))
    again = other.post(cast.url + HASHES, data={"sha256": facts["sha256"]})
    assert again.json == {"known": [facts["sha256"]]}


@pytest.mark.parametrize(
    ("audience", "words", "for_host"),
    [
        (Audience.SELF, SELF_WORDS, "what you have marked for everybody."),
        (Audience.HOST, HOST_WORDS, "Only hosts see the photos that guests add."),
        (Audience.LATER, "The photos are shown later.", "don't see the photos yet"),
    ],
)
def test_the_home_says_in_a_sentence_what_guests_see(
    app: Flask, cast: Cast, audience: Audience, words: str, for_host: str
) -> None:
    insert_photos(app, cast.room_id, 3)
    before = cast.guest.get(cast.url).text
    choose(app, cast, audience)

    home, photos = (cast.guest.get(cast.url + path).text for path in ("", "/photos"))

    assert words not in before
    assert words in home
    assert words in photos
    assert NOTHING_YET in photos
    assert "waiting for its first photo" not in home
    assert "3 photos" not in home
    assert for_host in cast.host.get(cast.url).text
    assert "3 photos" in cast.host.get(cast.url).text


def test_a_later_room_says_when_in_the_readers_time(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, 3)
    choose(app, cast, Audience.LATER, datetime(2126, 12, 5, 18, 0, tzinfo=UTC))

    for client in (cast.guest, cast.host):
        (time,) = tags_of(client.get(cast.url).text, "time", datetime="2126-12-05T18:00:00+00:00")
        assert "data-moment" in time.attributes
    assert "All photos are shown from" in cast.guest.get(cast.url).text


def test_once_the_time_has_come_a_later_room_is_like_any_other(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, 3)
    choose(app, cast, Audience.LATER, utc_now() - timedelta(seconds=1))

    for client in (cast.guest, cast.host):
        home = client.get(cast.url).text
        assert "3 photos" in home
        assert 'class="message"' not in home


def status(client: FlaskClient, cast: Cast, stamp: str) -> tuple[int, str]:
    answer = client.get(f"{cast.url}/jobs/current?seen={stamp}", headers=HX)
    return answer.status_code, answer.text


def stamp_of(page: str) -> str:
    (section,) = tags_of(page, "section", id="job-status")
    return section["hx-get"].partition("seen=")[2]


def test_the_poll_is_silent_about_what_others_do(
    app: Flask, cast: Cast, other: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    choose(app, cast, Audience.SELF)
    stamp = stamp_of(cast.guest.get(cast.url).text)

    upload(other, cast, draw_photo(RED, seed=1))
    waiting = status(cast.guest, cast, stamp)
    run_jobs()

    assert waiting == status(cast.guest, cast, stamp) == (204, "")
    upload(cast.guest, cast, draw_photo(RED, seed=2))
    code, text = status(cast.guest, cast, stamp)
    assert code == 200
    assert "photo" not in text.replace("photo-added", "").lower()


def test_the_poll_tells_at_once_that_the_photos_are_shown(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, 3)
    choose(app, cast, Audience.LATER, utc_now() + timedelta(hours=1))
    stamp = stamp_of(cast.guest.get(cast.url).text)
    choose(app, cast, Audience.LATER, utc_now() - timedelta(seconds=1))

    answer = cast.guest.get(f"{cast.url}/jobs/current?seen={stamp}", headers=HX)

    assert answer.status_code == 200
    assert "photos-changed" in str(answer.headers)


# ---- Marked for everybody ------------------------------------------------------------------------


def is_for_all(app: Flask, *photo_ids: int) -> list[bool]:
    with app.app_context():
        query = select(Photo.is_for_all).where(Photo.id.in_(photo_ids)).order_by(Photo.id)
        return list(db.session.scalars(query))


def test_a_host_marks_a_photo_for_everybody_where_guests_see_themselves(
    app: Flask, cast: Cast, party: Party
) -> None:
    photo = party.photos["a.jpg"]
    url = f"{cast.url}/photos/{photo}"
    assert "For everybody" not in cast.host.get(url).text
    choose(app, cast, Audience.SELF)
    before = cast.guest.get(url).status_code
    (button,) = tags_of(cast.host.get(url).text, "button", id=f"for-all-{photo}")

    answer = cast.host.post(f"{cast.url}/photos/for-all", data={"photos": photo, "is_for_all": "1"})

    assert (before, button["aria-pressed"]) == (404, "false")
    assert answer.status_code == 303
    assert cast.guest.get(url).status_code == 200
    assert "1 photo" in cast.guest.get(f"{cast.url}/photos").text
    page = cast.host.get(url).text
    assert "All guests see 1 photo now." in page
    (button,) = tags_of(page, "button", id=f"for-all-{photo}")
    assert button["aria-pressed"] == "true"
    cast.host.post(f"{cast.url}/photos/for-all", data={"photos": photo, "is_for_all": "0"})
    assert cast.guest.get(url).status_code == 404


def test_several_are_marked_from_the_selection(app: Flask, cast: Cast, party: Party) -> None:
    choose(app, cast, Audience.SELF)
    photos = [party.photos["a.jpg"], party.photos["c.jpg"]]
    page = cast.host.get(f"{cast.url}/photos").text
    values = [
        tag["value"]
        for tag in tags_of(page, "button", formaction=f"{cast.url}/photos/for-all")
        if tag["formmethod"] == "post"
    ]

    cast.host.post(f"{cast.url}/photos/for-all", data={"photos": photos, "is_for_all": "1"})

    assert values == ["1", "0"]
    assert is_for_all(app, *photos) == [True, True]
    assert "for-all" not in cast.guest.get(f"{cast.url}/photos").text
    assert "2 photos" in cast.guest.get(f"{cast.url}/photos").text


def test_only_a_host_marks_photos_and_only_of_the_room(
    app: Flask, cast: Cast, party: Party
) -> None:
    choose(app, cast, Audience.SELF)
    photo, url = party.photos["a.jpg"], f"{cast.url}/photos/for-all"

    answers = [
        client.post(url, data=data | {"is_for_all": "1"}).status_code
        for client, data in (
            (cast.guest, {"photos": photo}),
            (cast.host, {"photos": 10**9}),
            (cast.host, {}),
        )
    ]

    assert answers == [403, 404, 422]
    choose(app, cast, Audience.EVERYBODY)
    assert cast.host.post(url, data={"photos": photo, "is_for_all": "1"}).status_code == 422
    assert is_for_all(app, photo) == [False]


def test_what_is_marked_stays_so_in_the_bin(
    app: Flask, cast: Cast, party: Party, site: Site
) -> None:
    choose(app, cast, Audience.SELF)
    photo = party.photos["a.jpg"]
    cast.host.post(f"{cast.url}/photos/for-all", data={"photos": photo, "is_for_all": "1"})

    with app.app_context():
        access = host_access(cast.room_id)
        access.guest.id = guest_of(app, cast.host, cast.room_id)
        done = deleting.delete_photos(access, [photo], site.storage)
        restoring.restore_photos(access, done.deletion_id or 0, site.storage)

    assert is_for_all(app, photo) == [True]
    assert cast.guest.get(f"{cast.url}/photos/{photo}").status_code == 200


def test_the_cover_is_one_that_the_guest_sees(app: Flask, cast: Cast, party: Party) -> None:
    cast.host.post(f"{cast.url}/photos/{party.photos['a.jpg']}/cover")
    choose(app, cast, Audience.SELF)
    data = {"photos": party.photos["b.jpg"], "is_for_all": "1"}
    cast.host.post(f"{cast.url}/photos/for-all", data=data)

    covers = [
        tags_of(client.get(cast.url).text, "a", **{"class": "room-cover"})[0]["href"]
        for client in (cast.host, cast.guest)
    ]

    assert covers == [f"{cast.url}/photos/{party.photos[name]}" for name in ("a.jpg", "b.jpg")]


# ---- Through a real server -----------------------------------------------------------------------


def test_a_guest_of_a_real_server_sees_a_change_of_mode_with_the_next_request(
    app: Flask, cast: Cast, party: Party, other: FlaskClient
) -> None:
    photo, digest = party.photos["b.jpg"], party.digests["b.jpg"]
    with app.app_context():
        owner = guest_of(app, cast.guest, cast.room_id)
        db.session.execute(update(Photo).values(guest_id=owner))
        db.session.commit()
    of_photo = [
        f"{cast.url}/photos/{photo}",
        f"{cast.url}/photos/{photo}/{digest}-320.webp",
        f"{cast.url}/photos/{photo}/{digest}/download",
    ]
    lists = [
        f"{cast.url}{path}"
        for path in ("", "/photos", "/wall", "/wall/photos", "/photos/files", "/photos.zip", "/me")
    ]

    with serving(app) as server:
        shown = [server.ask(other, url).status for url in of_photo]
        choose(app, cast, Audience.SELF)
        hidden = [server.ask(other, url) for url in of_photo]
        for url in lists:
            said = server.ask(other, url).content
            assert b"b.jpg" not in said, url
            assert digest.encode() not in said, url
            assert party.contents["b.jpg"][-300:] not in said, url
        own = [server.ask(cast.guest, url).status for url in of_photo]
        choose(app, cast, Audience.LATER, utc_now() - timedelta(seconds=1))
        again = [server.ask(other, url).status for url in of_photo]

    assert shown == own == again == [200, 200, 200]
    assert [answer.status for answer in hidden] == [404, 404, 404]
    assert not any(b"Gustav" in answer.content for answer in hidden)
    with app.app_context():
        assert db.session.scalar(select(Guest.name).where(Guest.id == owner)) == "Gustav"
