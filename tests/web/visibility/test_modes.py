"""Nobody learns of a photo that the mode of the room hides from them: a walk over every route.

The addresses are made from the app's own, so that a new route is walked as well. Each is asked for
by name of what is hidden, and of what is not; in no answer may there be anything of a hidden photo.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import (
    Audience,
    Face,
    Heart,
    Person,
    Photo,
    Room,
    utc_now,
)
from tests.conftest import Cast
from tests.helpers import HX, row_counts
from tests.web.visibility.conftest import (
    ADA,
    ADDED,
    BEN,
    BINNED,
    BLUE_NAME,
    BULK,
    BULK_NAME,
    CY,
    DORA,
    FOR_THEM,
    NAMES_SEEN,
    NO_ROW,
    PHOTOS,
    RESTRICTED,
    TOTAL,
    WAITING,
    Crowd,
    client_of,
    pixels_of,
)

# Queries with which pages show something else; the braces name what is walked by.
QUERIES = {
    "albums.room_zip": ["photos={photo}", "guest={guest}", "people={person}", "by={guest}"],
    "albums.several": ["people={person}"],
    "jobs.current": ["seen=1-1-1"],
    "me.show": ["page=1", "find={name}"],
    "people.choose_faces": ["photos={photo}"],
    "people.choose_person": ["faces={face}"],
    "people.index": ["find={name}", "choose=1"],
    "photos.files": ["photos={photo}", "guest={guest}", "person={person}", "without_faces=1"],
    "photos.ids": ["day={day}", "day={day}&by={guest}"],
    "photos.index": [
        *("by={guest}", "with={person}", "without_faces=1", "favourites=1", "order=hearts"),
        *("order=oldest", "day={day}", "after=20200101T000000000000-1"),
    ],
    "photos.show": ["guest={guest}", "person={person}", "by={guest}", "without_faces=1"],
    "wall.photos": ["after=0", "after={photo}"],
    "wall.show": ["before={photo}"],
}
# They end the sessions of whoever asks.
ENDING = ("me.leave", "own_links.make", "own_links.become", "rooms.become_host", "rooms.join")


def choose(app: Flask, crowd: Crowd, audience: Audience, *, is_over: bool = False) -> None:
    """Choose the mode of the room; of a later time, one that has come or not."""
    later = utc_now() + timedelta(hours=-1 if is_over else 1)
    values = {"audience": audience, "revealed_at": later if audience == Audience.LATER else None}
    with app.app_context():
        db.session.execute(update(Room).where(Room.id == crowd.room_id).values(values))
        db.session.commit()


def seen_by(name: str, audience: Audience) -> set[str]:
    return ADDED[name] | (FOR_THEM[name] if audience == Audience.SELF else set())


def values_of(crowd: Crowd, photo: str, *, is_hidden: bool) -> dict[str, object]:
    """Fill every address with the ids of a photo and of what belongs to whoever added it."""
    uploader = PHOTOS[photo][0] or ADA
    return {
        "room_code": crowd.code,
        "photo_id": crowd.photos[photo],
        "digest": crowd.hashes[photo][:16],
        "side": 320,
        "ending": "webp",
        "kind": "svg",
        "person_id": crowd.people["blue" if is_hidden else "red"],
        "face_id": crowd.faces.get(photo, crowd.faces["blue-alone.jpg"]),
        "correction_id": 1,
        "factor": 1,
        "column": 0,
        "row": 0,
        "deletion_id": crowd.deletion_id,
        "upload_id": 1,
        "guest_id": crowd.guests[uploader],
        "stamp": "none",
        "link_id": 1,
        "token_id": 1,
        "waiting_id": crowd.waiting_id,
        "secret": "none",
        "own_secret": crowd.own_secret,
        "album_secret": crowd.album_secret,
    }


def addresses(
    app: Flask, crowd: Crowd, values: dict[str, object], method: str = "GET"
) -> Iterator[tuple[str, str]]:
    """List the endpoint and the address of every route of a room, and of a shared album."""
    adapter = app.url_map.bind("localhost")
    words = {
        "photo": values["photo_id"],
        "guest": values["guest_id"],
        "person": values["person_id"],
        "face": values["face_id"],
        "name": BLUE_NAME[:3],
        "day": utc_now().date().isoformat(),
    }
    for rule in app.url_map.iter_rules():
        if method not in (rule.methods or ()) or not rule.arguments & {"room_code", "album_secret"}:
            continue
        url = adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments}, method)
        yield rule.endpoint, url
        for query in QUERIES.get(rule.endpoint, []) if method == "GET" else []:
            yield rule.endpoint, f"{url}?{query.format(**words)}"


def check_hides(crowd: Crowd, seen: set[str], who: str, url: str, said: bytes) -> None:
    """Check that nothing of the photos that aren't seen is in an answer."""
    text = said.decode(errors="replace").replace(url, "").replace(url.replace("&", "&amp;"), "")
    hidden = PHOTOS.keys() - seen
    for name in {*hidden, BULK_NAME, BINNED, WAITING} - seen:
        assert name not in text, (url, name)
    if "twice.jpg" in seen and who != ADA:
        assert "twice.jpg" not in text, (url, "the other one's name of the file")
    for name in (ADA, BEN, CY, DORA, BLUE_NAME):
        is_named = name in NAMES_SEEN[who] and (name != DORA or "ben-alone.jpg" in seen)
        if not is_named and not url.startswith(f"{crowd.url}/mine/"):  # Ben's own link
            assert name not in text, (url, name)
    for name in hidden:
        assert crowd.hashes[name][:16] not in text, (url, name)
        assert pixels_of(crowd.contents[name]) not in said, (url, name)
        assert crowd.pictures[name] not in said, (url, name)
    ids = {crowd.photos[name] for name in hidden}
    if BULK_NAME not in seen:
        ids |= {photo_id for photo_id, _ in crowd.bulk}
        digests = {sha256[:16] for _, sha256 in crowd.bulk}
        assert not digests & set(re.findall(r"[0-9a-f]{16}", text)), url
    told = re.findall(r"photos/(\d+)|tile-(\d+)|name=\"photos\"\s+value=\"(\d+)\"|\[(\d+),", text)
    assert not ids & {int(number) for one in told for number in one if number}, url
    numbers = {BULK, TOTAL - len(seen & PHOTOS.keys())} if BULK_NAME not in seen else set()
    for number in {TOTAL, *numbers}:
        assert not re.search(rf"\b{number}\b|\b{number:,}\b", text), (url, number)


@pytest.mark.parametrize("who", [ADA, BEN, CY])
@pytest.mark.parametrize("audience", RESTRICTED)
def test_no_page_tells_of_a_photo_that_is_not_shown(
    app: Flask, crowd: Crowd, audience: Audience, who: str
) -> None:
    choose(app, crowd, audience)
    seen, client = seen_by(who, audience), client_of(app, crowd.cookies[who])
    of_hidden = "ben-alone.jpg" if who in (ADA, CY) else "blue-alone.jpg"
    if who == BEN and audience != Audience.SELF:
        of_hidden = "ben-and-blue.jpg"
    of_seen = {ADA: "blue-alone.jpg", BEN: "of-ben.jpg", CY: "twice.jpg"}[who]
    count = 0

    for photo, is_hidden in ((of_hidden, True), (of_seen, False)):
        values = values_of(crowd, photo, is_hidden=is_hidden)
        for endpoint, url in addresses(app, crowd, values):
            if endpoint.startswith("shared_album.") and audience == Audience.SELF:
                continue  # Ben's own photos: walked below
            for headers in ({}, HX):
                answer = client.get(url, headers=headers, buffered=True)
                assert answer.status_code < 500 or "zip" in url, url
                check_hides(crowd, seen, who, url, answer.data + str(answer.headers).encode())
                count += 1

    assert count > 200


@pytest.mark.parametrize("who", [BEN, CY])
@pytest.mark.parametrize("audience", RESTRICTED)
def test_an_address_of_a_hidden_photo_is_like_one_that_does_not_exist(
    app: Flask, crowd: Crowd, audience: Audience, who: str
) -> None:
    choose(app, crowd, audience)
    client = client_of(app, crowd.cookies[who])
    values = values_of(crowd, "blue-alone.jpg", is_hidden=True)
    nothing = values | dict.fromkeys(("photo_id", "person_id", "face_id"), NO_ROW)
    before = row_counts(app, (Photo, Heart, Face, Person))
    form = {"photos": str(values["photo_id"]), "is_sure": "1", "is_given": "1", "is_for_all": "1"}
    count = 0

    for method in ("GET", "POST"):
        urls = zip(
            addresses(app, crowd, values, method),
            addresses(app, crowd, nothing, method),
            strict=True,
        )
        for (endpoint, url), (_, other) in urls:
            if url == other or endpoint in ENDING or endpoint.startswith("shared_album."):
                continue
            data = form if method == "POST" else None
            answers = [
                client.open(one, method=method, data=data, buffered=True) for one in (url, other)
            ]
            assert answers[0].status_code == answers[1].status_code, url
            if re.search(r"/photos/\d+", url):
                assert answers[0].status_code in (403, 404), url
            check_hides(crowd, seen_by(who, audience), who, url, answers[0].data)
            count += 1

    assert count > 30
    assert row_counts(app, (Photo, Heart, Face, Person)) == before


@pytest.mark.parametrize("who", [ADA, BEN, CY])
@pytest.mark.parametrize("audience", RESTRICTED)
def test_no_form_tells_of_a_photo_that_is_not_shown_or_changes_it(
    app: Flask, crowd: Crowd, audience: Audience, who: str
) -> None:
    choose(app, crowd, audience)
    hidden = "ben-alone.jpg" if who != BEN else "blue-alone.jpg"
    if who == BEN and audience != Audience.SELF:
        hidden = "ben-and-blue.jpg"
    values = values_of(crowd, hidden, is_hidden=True)
    ids = [crowd.photos[name] for name in PHOTOS.keys() - seen_by(who, audience)]
    form = {
        "photos": [str(photo_id) for photo_id in ids],
        "faces": str(values["face_id"]),
        "sha256": [crowd.hashes[name] for name in PHOTOS.keys() - seen_by(who, audience)],
        "person": str(crowd.people["blue"]),
        "is_sure": "1",
        "is_given": "1",
        "is_for_all": "0",
        "name": "Someone",
    }
    before = hidden_rows(app, ids)

    for endpoint, url in addresses(app, crowd, values, "POST"):
        if endpoint in ENDING or endpoint == "own_links.take_back":
            continue
        client = client_of(app, crowd.cookies[who])
        answer = client.post(url, data=form, buffered=True)
        assert answer.status_code < 500, url
        said = answer.data + str(answer.headers).encode()
        if endpoint not in ("uploads.begin", "uploads.known"):  # which may repeat what was asked
            check_hides(crowd, seen_by(who, audience), who, url, said)
        if endpoint == "uploads.known":
            assert answer.json == {"known": []}
        if endpoint == "me.rename":
            client.post(url, data={"name": who})

    assert hidden_rows(app, ids) == before


def hidden_rows(app: Flask, ids: list[int]) -> list[tuple[object, ...]]:
    columns = (Photo.id, Photo.guest_id, Photo.heart_count, Photo.is_for_all, Photo.face_count)
    with app.app_context():
        rows = db.session.execute(select(*columns).where(Photo.id.in_(ids)).order_by(Photo.id))
        cover = db.session.scalar(select(Room.cover_photo_id))
        return [*(tuple(row) for row in rows), (cover,)]


@pytest.mark.parametrize("audience", RESTRICTED)
def test_a_shared_album_shows_what_its_guest_sees(
    app: Flask, crowd: Crowd, audience: Audience
) -> None:
    choose(app, crowd, audience)
    hidden = {"ben-and-blue.jpg", "ben-alone.jpg"} if audience != Audience.SELF else set()
    seen = PHOTOS.keys() & seen_by(BEN, audience)

    for photo in PHOTOS:
        values = values_of(crowd, photo, is_hidden=False)
        for endpoint, url in addresses(app, crowd, values):
            if not endpoint.startswith("shared_album."):
                continue
            answer = app.test_client().get(url, buffered=True)
            check_hides(crowd, {*seen}, BEN, url, answer.data)
            if photo in hidden:
                assert answer.status_code == 404, url


@pytest.mark.parametrize(
    ("audience", "is_over"), [(Audience.EVERYBODY, False), (Audience.LATER, True)]
)
@pytest.mark.parametrize("who", [ADA, BEN, CY])
def test_where_all_is_shown_everybody_sees_it_at_once(
    app: Flask, crowd: Crowd, audience: Audience, is_over: bool, who: str
) -> None:
    client = client_of(app, crowd.cookies[who])
    choose(app, crowd, Audience.LATER)
    before = client.get(crowd.url).text
    choose(app, crowd, audience, is_over=is_over)

    home = client.get(crowd.url).text

    assert f"{TOTAL:,}" not in before
    assert f"{TOTAL:,} photos" in home
    for name, photo_id in crowd.photos.items():
        page = client.get(f"{crowd.url}/photos/{photo_id}")
        assert page.status_code == 200
        assert name in page.text
    known = client.post(f"{crowd.url}/uploads/known", data={"sha256": [*crowd.hashes.values()]})
    assert known.json is not None
    assert set(known.json["known"]) == set(crowd.hashes.values())


@pytest.mark.parametrize("audience", [*RESTRICTED, Audience.EVERYBODY])
def test_the_host_and_scripts_of_the_host_see_all_photos(
    app: Flask, cast: Cast, crowd: Crowd, audience: Audience
) -> None:
    choose(app, crowd, audience)

    assert f"{TOTAL:,} photos" in cast.host.get(crowd.url).text
    for name, photo_id in crowd.photos.items():
        assert name in cast.host.get(f"{crowd.url}/photos/{photo_id}").text
    bearer = {"Authorization": f"Bearer {crowd.token}"}
    script = app.test_client()
    room = script.get("/api/v1/room", headers=bearer).json
    assert room is not None
    assert room["photo_count"] == TOTAL
    for name, photo_id in crowd.photos.items():
        told = script.get(f"/api/v1/photos/{photo_id}", headers=bearer).json
        assert told is not None
        assert told["file_name"] == name
