"""A shared album shows the photos of one person to someone who is not in the room, and no more."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import ExifTags, Image
from sqlalchemy import select

from photoshare.db import db
from photoshare.models import Face, Person, Photo
from tests.clips.drawing import draw_clip
from tests.conftest import Cast
from tests.fakes import RED
from tests.helpers import (
    HX,
    guest_of,
    insert_face,
    make_own_link,
    new_face,
    row_counts,
    set_password,
    set_title_and_end,
)
from tests.web.conftest import Party

SERIAL = "SN-0815-4711"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def shared(cast: Cast, party: Party) -> str:
    """The path of the album of the cast's guest, who is in a.jpg, b.jpg and d.jpg."""
    cast.guest.post(f"{cast.url}/me/person", data={"person": party.red})
    return make_own_link(cast.guest, cast.url, "album")


def addresses(app: Flask, shared: str, photo_id: int, digest: str) -> dict[str, str]:
    """Return the address of every route of a shared album, about one photo that does not move."""
    values = {
        "album_secret": shared.rpartition("/")[2],
        **{"photo_id": photo_id, "digest": digest, "side": 320, "ending": "webp"},
    }
    adapter = app.url_map.bind("localhost")
    return {
        rule.endpoint: adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments})
        for rule in app.url_map.iter_rules()
        if "album_secret" in rule.arguments and rule.endpoint != "shared_album.clip"
    }


def statuses(app: Flask, urls: dict[str, str]) -> dict[str, int]:
    """Ask for every address, each by a browser without a cookie."""
    return {
        name: app.test_client().get(url, buffered=True).status_code for name, url in urls.items()
    }


def walk(app: Flask, party: Party, shared: str, photo: str = "a.jpg") -> dict[str, int]:
    return statuses(app, addresses(app, shared, party.photos[photo], party.digests[photo]))


def test_a_stranger_sees_the_photos_of_one_person(app: Flask, party: Party, shared: str) -> None:
    answers = walk(app, party, shared)

    assert len(answers) == 6
    assert set(answers.values()) == {200}


def test_a_stranger_plays_a_video_of_it_until_its_guest_takes_it_back(
    app: Flask, cast: Cast, party: Party, shared: str, add_photo: Callable[..., int]
) -> None:
    content = draw_clip(RED)
    clip = add_photo(cast.room_id, content, "clip.mp4")
    other = add_photo(cast.room_id, draw_clip(RED, seed=1), "other.mp4")
    with app.app_context():
        db.session.add(new_face(clip, party.red))
        db.session.commit()
        digests = {one: db.session.get_one(Photo, one).sha256[:16] for one in (clip, other)}
    played, of_other = (f"{shared}/photos/{one}/{digests[one]}/clip" for one in (clip, other))
    stranger = app.test_client()

    assert f'src="{played}"' in stranger.get(f"{shared}/photos/{clip}").text
    assert stranger.get(played, buffered=True).data[:8] == content[:8]
    assert stranger.get(of_other).status_code == 404
    cast.guest.post(f"{cast.url}/me/links/album/remove")
    assert stranger.get(played).status_code == 404


def test_every_route_only_reads(app: Flask, shared: str) -> None:
    methods = {
        method
        for rule in app.url_map.iter_rules()
        if "album_secret" in rule.arguments
        for method in rule.methods or ()
    }

    assert methods == {"GET", "HEAD", "OPTIONS"}


def test_no_photo_of_others_is_shown(app: Flask, party: Party, shared: str) -> None:
    answers = walk(app, party, shared, "c.jpg")

    of_album = {"shared_album.show", "shared_album.album_zip", "shared_album.feed"}
    assert {name for name, status in answers.items() if status == 200} == of_album
    assert set(answers.values()) == {200, 404}
    packed = app.test_client().get(f"{shared}/album.zip").data
    assert sorted(zipfile.ZipFile(io.BytesIO(packed)).namelist()) == ["a.jpg", "b.jpg", "d.jpg"]


def test_nothing_tells_of_the_room(app: Flask, cast: Cast, party: Party, shared: str) -> None:
    """Neither its code, title and guests, nor the names, faces and photos of others."""
    cast.host.post(f"{cast.url}/people/{party.blue}/name", data={"name": "Bluebert"})
    cast.host.post(f"{cast.url}/me/name", data={"name": "Hosta"})
    urls = addresses(app, shared, party.photos["a.jpg"], party.digests["a.jpg"])
    answers = [app.test_client().get(url, buffered=True) for url in urls.values()]

    said = b"".join(f"{answer.headers}".encode() + answer.data for answer in answers)

    for secret in (cast.code, "Party", "Bluebert", "Hosta", "/rooms/", "/faces/", "people/"):
        assert secret.encode() not in said.replace(b'href="/rooms"', b""), secret
    for name in ("c.jpg", "e.jpg"):
        assert party.digests[name].encode() not in said
    assert all(answer.headers["Referrer-Policy"] == "strict-origin" for answer in answers)


def test_a_stranger_to_the_room_stays_one(app: Flask, cast: Cast, shared: str) -> None:
    before, client = row_counts(app), app.test_client()

    page = client.get(shared)

    assert "Set-Cookie" not in page.headers
    assert client.get(f"{cast.url}/share").status_code == 404
    assert row_counts(app) == before


def test_a_correction_moves_a_photo_out_and_in_at_once(
    app: Flask, cast: Cast, party: Party, shared: str
) -> None:
    with app.app_context():
        face_id = db.session.scalars(
            select(Face.id).where(
                Face.photo_id == party.photos["b.jpg"], Face.person_id == party.red
            )
        ).one()
    cast.host.post(f"{cast.url}/faces/move", data={"faces": face_id, "into": party.blue})
    out = walk(app, party, shared, "b.jpg")
    cast.host.post(f"{cast.url}/faces/move", data={"faces": face_id, "into": party.red})
    back = walk(app, party, shared, "b.jpg")

    assert out["shared_album.picture"] == out["shared_album.download"] == 404
    assert out["shared_album.photo"] == 404
    assert out["shared_album.show"] == 200
    assert set(back.values()) == {200}


def taken_back(app: Flask, cast: Cast, party: Party) -> None:
    cast.guest.post(f"{cast.url}/me/links/album/remove")


def renewed(app: Flask, cast: Cast, party: Party) -> None:
    make_own_link(cast.guest, cast.url, "album")


def left(app: Flask, cast: Cast, party: Party) -> None:
    cast.guest.post(f"{cast.url}/leave")


def removed(app: Flask, cast: Cast, party: Party) -> None:
    cast.host.post(f"{cast.url}/guests/{guest_of(app, cast.guest, cast.room_id)}/remove")


def hidden(app: Flask, cast: Cast, party: Party) -> None:
    cast.host.post(f"{cast.url}/people/{party.red}/hide")


def forgotten(app: Flask, cast: Cast, party: Party) -> None:
    cast.guest.post(f"{cast.url}/me/person/forget")


def another(app: Flask, cast: Cast, party: Party) -> None:
    cast.guest.post(f"{cast.url}/me/person", data={"person": party.blue})


def ended(app: Flask, cast: Cast, party: Party) -> None:
    with app.app_context():
        set_title_and_end(cast.room_id, "Party", datetime.now(UTC).date() - timedelta(days=2))


def test_it_is_read_after_the_end_until_its_guest_takes_it_back(
    app: Flask, cast: Cast, party: Party, shared: str
) -> None:
    ended(app, cast, party)

    after = walk(app, party, shared)
    taken_back(app, cast, party)

    assert set(after.values()) == {200}
    assert set(walk(app, party, shared).values()) == {404}


def locked(app: Flask, cast: Cast, party: Party) -> None:
    with app.app_context():
        set_password(cast.room_id, "open sesame")


def deleted(app: Flask, cast: Cast, party: Party) -> None:
    answer = cast.host.post(f"{cast.url}/delete", data={"title": "Party"})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "end",
    [taken_back, renewed, left, removed, hidden, forgotten, another, locked, deleted],
)
def test_the_link_ends(
    app: Flask,
    cast: Cast,
    party: Party,
    shared: str,
    end: Callable[[Flask, Cast, Party], None],
) -> None:
    end(app, cast, party)

    answers = walk(app, party, shared)

    assert set(answers.values()) == {404}


def test_the_album_of_a_host_ends_alike(app: Flask, cast: Cast, party: Party) -> None:
    cast.host.post(f"{cast.url}/me/person", data={"person": party.red})
    shared = make_own_link(cast.host, cast.url, "album")
    before = walk(app, party, shared)

    hidden(app, cast, party)
    of_hidden = walk(app, party, shared)
    cast.host.post(f"{cast.url}/people/{party.red}/show")
    deleted(app, cast, party)

    assert set(before.values()) == {200}
    assert set(of_hidden.values()) == set(walk(app, party, shared).values()) == {404}


def test_a_new_password_lets_it_be_seen_again_once_its_guest_is_back(
    app: Flask, cast: Cast, party: Party, shared: str
) -> None:
    locked(app, cast, party)

    cast.guest.post(f"{cast.url}/join", data={"password": "open sesame"})

    assert set(walk(app, party, shared).values()) == {200}


def test_a_wrong_address_opens_nothing(app: Flask, cast: Cast, party: Party, shared: str) -> None:
    personal = make_own_link(cast.guest, cast.url).rpartition("/")[2]

    for secret in ("wrong", "x" * 300, personal, cast.host_secret):
        assert app.test_client().get(f"/shared/{secret}").status_code == 404
        assert app.test_client().get(f"/shared/{secret}/album.zip").status_code == 404
    wrong_digest = addresses(app, shared, party.photos["a.jpg"], "0" * 16)["shared_album.picture"]
    assert app.test_client().get(wrong_digest).status_code == 404


def test_guessing_is_limited_and_the_right_one_passes(app: Flask, shared: str) -> None:
    answers = [app.test_client().get(f"/shared/no{number}").status_code for number in range(22)]

    assert answers[-1] == 429
    assert app.test_client().get(shared).status_code == 200


def test_a_zip_that_is_not_ready_tells_how_far_it_is(app: Flask, party: Party, shared: str) -> None:
    with app.app_context():
        db.session.get_one(Photo, party.photos["a.jpg"]).crc32 = None
        db.session.commit()

    answer = app.test_client().get(f"{shared}/album.zip")
    poll = app.test_client().get(f"{shared}/album.zip", headers=HX)

    assert answer.status_code == 503
    assert "2 of 3 photos ready" in answer.text
    assert "/rooms/" not in answer.text
    assert "2 of 3 photos ready" in poll.text


def with_serial_number() -> bytes:
    """Draw a photo that tells the serial number of its camera."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] = SERIAL
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "grey").save(buffer, "JPEG", exif=exif.tobytes())
    return buffer.getvalue()


def test_a_stranger_gets_files_as_guests_do_whoever_shares_them(
    app: Flask, cast: Cast, add_photo: Callable[..., int], party: Party, shared: str
) -> None:
    content = with_serial_number()
    photo_id = add_photo(cast.room_id, content, "s.jpg")
    insert_face(app, cast.room_id, photo_id, person_id=party.red)
    cast.host.post(f"{cast.url}/me/person", data={"person": party.red})
    of_host = make_own_link(cast.host, cast.url, "album")
    path = f"/photos/{photo_id}/{hashlib.sha256(content).hexdigest()[:16]}/download"

    for link in (shared, of_host):
        alone = app.test_client().get(link + path, buffered=True).data
        packed = app.test_client().get(f"{link}/album.zip", buffered=True).data
        assert alone == cast.guest.get(cast.url + path, buffered=True).data
        assert alone == zipfile.ZipFile(io.BytesIO(packed)).read("s.jpg")
        assert SERIAL.encode() in content
        assert SERIAL.encode() not in alone


def test_only_who_is_someone_can_share(app: Flask, cast: Cast, party: Party) -> None:
    assert "Share my album" not in cast.guest.get(f"{cast.url}/me/links").text
    assert cast.guest.post(f"{cast.url}/me/links/album").status_code == 422


# ---- The feed ------------------------------------------------------------------------------------


def read_feed(client: FlaskClient, shared: str) -> ElementTree.Element:
    answer = client.get(f"{shared}/album.atom")
    assert answer.mimetype == "application/atom+xml"
    return ElementTree.fromstring(answer.data)


def test_the_feed_is_atom_with_an_entry_for_every_photo(
    app: Flask, cast: Cast, party: Party, shared: str
) -> None:
    feed = read_feed(app.test_client(), shared)

    entries = feed.findall(f"{ATOM}entry")
    assert feed.tag == f"{ATOM}feed"
    for element in (feed, *entries):
        for name in ("id", "title", "updated"):
            (only,) = element.findall(f"{ATOM}{name}")
            assert only.text
        datetime.fromisoformat(element.findtext(f"{ATOM}updated", ""))
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "PhotoShare"
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids) == 3
    assert [
        entry.findtext(f"{ATOM}id") for entry in read_feed(cast.guest, shared).iter(f"{ATOM}entry")
    ] == ids
    for entry in entries:
        link = entry.find(f"{ATOM}link")
        assert link is not None
        page = link.get("href", "").removeprefix("http://localhost")
        assert app.test_client().get(page).status_code == 200
        html = entry.findtext(f"{ATOM}content", "")
        picture = html.partition('src="http://localhost')[2].partition('"')[0]
        assert app.test_client().get(picture, buffered=True).status_code == 200


@pytest.mark.parametrize("name", ["<b>&\"'", "\x0b\x1b", "\ufffe", "Mara 🎉"])
def test_the_feed_is_well_formed_whatever_the_name(
    app: Flask, cast: Cast, shared: str, name: str
) -> None:
    cast.guest.post(f"{cast.url}/me/name", data={"name": name})

    title = read_feed(app.test_client(), shared).findtext(f"{ATOM}title")

    assert title


def test_a_feed_that_has_not_changed_is_not_sent_again(app: Flask, shared: str) -> None:
    etag = app.test_client().get(f"{shared}/album.atom").headers["ETag"]

    again = app.test_client().get(f"{shared}/album.atom", headers={"If-None-Match": etag})

    assert again.status_code == 304


def test_the_own_album_leads_to_the_links(
    app: Flask, cast: Cast, party: Party, shared: str
) -> None:
    for page in (f"{cast.url}/me", f"{cast.url}/people/{party.red}"):
        assert f'href="{cast.url}/me/links#my-album"' in cast.guest.get(page).text
    assert "/me/links#my-album" not in cast.guest.get(f"{cast.url}/people/{party.blue}").text


def test_a_link_to_someone_who_was_split_up_shows_nobody(
    app: Flask, party: Party, shared: str
) -> None:
    with app.app_context():
        db.session.delete(db.session.get_one(Person, party.red))
        db.session.commit()

    assert set(walk(app, party, shared).values()) == {404}
