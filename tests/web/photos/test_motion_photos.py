"""A motion photo's movie: for whom it plays, and how it is saved."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import PHOTO_ANALYSED, Person, Photo, Room
from photoshare.services.downloads.checksums import measure_room
from photoshare.services.visibility.covering import count_covering
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.helpers import insert_person, insert_photos
from tests.metadata.motion_drawing import PLACE, draw_motion_photo, draw_movie
from tests.metadata.samples import SECRETS


@pytest.fixture(scope="module")
def movie() -> bytes:
    return draw_movie()


@pytest.fixture(params=["attributes", "HEIC"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def content(kind: str, movie: bytes) -> bytes:
    return draw_motion_photo(kind, movie)


@pytest.fixture
def address(
    app: Flask, cast: Cast, add_photo: Callable[..., int], content: bytes, kind: str
) -> Callable[..., str]:
    photo_id = add_photo(cast.room_id, content, f"PXL_1.MP.{'heic' if kind == 'HEIC' else 'jpg'}")
    with app.app_context():
        digest = db.session.get_one(Photo, photo_id).sha256[:16]
    return lambda name: f"{cast.url}/photos/{photo_id}/{digest}/{name}"


def get(client: FlaskClient, url: str, status: int = 200, **headers: str) -> bytes:
    answer = client.get(url, headers={key.capitalize(): value for key, value in headers.items()})
    assert answer.status_code == status
    return bytes(answer.data)


def test_an_upload_knows_where_its_movie_begins(
    app: Flask, address: Callable[..., str], content: bytes, movie: bytes
) -> None:
    with app.app_context():
        assert db.session.scalars(select(Photo.movie_start)).all() == [content.index(movie)]


def test_the_movie_plays_in_parts_and_without_its_place(
    cast: Cast, address: Callable[..., str], movie: bytes
) -> None:
    whole = get(cast.guest, address("movie"))

    assert len(whole) == len(movie)
    assert PLACE.encode() not in whole
    assert get(cast.guest, address("movie"), 206, range="bytes=100-299") == whole[100:300]
    assert cast.guest.get(address("movie")).mimetype == "video/mp4"
    assert cast.stranger.get(address("movie")).status_code == 404


def test_a_room_that_keeps_metadata_sends_the_movie_as_it_is(
    app: Flask, cast: Cast, address: Callable[..., str], movie: bytes, content: bytes
) -> None:
    with app.app_context():
        db.session.execute(update(Room).values(keeps_metadata=True))
        db.session.commit()

    assert get(cast.guest, address("movie")) == movie
    assert get(cast.guest, address("with-movie")) == content


def test_the_usual_download_has_no_movie_and_the_other_both(
    cast: Cast, address: Callable[..., str], movie: bytes
) -> None:
    still, both = get(cast.guest, address("download")), get(cast.guest, address("with-movie"))

    assert b"mp4" not in still
    assert b"MotionPhoto" not in still
    assert b"MotionPhoto" in both
    assert len(both) > len(movie)
    assert [secret for secret in (*SECRETS, PLACE.encode()) if secret in both] == []


def test_a_zip_has_the_movie_where_everything_behind_is_asked_for(
    cast: Cast, address: Callable[..., str]
) -> None:
    still, both = get(cast.guest, address("download")), get(cast.guest, address("with-movie"))

    assert photos_in(cast.guest, f"{cast.url}/photos.zip") == [still]
    assert photos_in(cast.guest, f"{cast.url}/photos.zip?behind=1") == [both]
    assert "behind=1" in get(cast.guest, f"{cast.url}/photos").decode()
    listed = cast.guest.get(f"{cast.url}/photos/files?behind=1").json
    assert [row[0] for row in listed or []] == [address("with-movie")]


def photos_in(client: FlaskClient, url: str) -> list[bytes]:
    """Return what a zip has; reading it compares every checksum."""
    packed = zipfile.ZipFile(io.BytesIO(get(client, url)))
    return [packed.read(name) for name in packed.namelist()]


def test_the_page_offers_it(app: Flask, cast: Cast, address: Callable[..., str]) -> None:
    page = cast.guest.get(address("movie").rpartition("/")[0].rpartition("/")[0]).text

    assert address("movie") in page
    assert address("with-movie") in page


def cover_faces(app: Flask, room_id: int, *, keeps_metadata: bool = False) -> None:
    """Let someone who isn't on the motion photo be covered in the room."""
    hidden = insert_person(app, room_id, insert_photos(app, room_id, 1), "Lea")
    with app.app_context():
        db.session.execute(update(Room).values(covers_faces=True, keeps_metadata=keeps_metadata))
        db.session.execute(update(Photo).values(state=PHOTO_ANALYSED, engine="fake"))
        asked = update(Person).where(Person.id == hidden)
        db.session.execute(asked.values(is_hidden=True, has_asked=True))
        count_covering(room_id)
        db.session.commit()


def test_where_faces_are_covered_originals_have_no_movie_either(
    app: Flask, cast: Cast, address: Callable[..., str], content: bytes
) -> None:
    cover_faces(app, cast.room_id, keeps_metadata=True)
    photo_id = address("").split("/")[4]
    zipped = f"{cast.url}/photos.zip?photos={photo_id}"

    assert get(cast.host, address("original")) == content
    assert photos_in(cast.host, zipped) == [content]
    sent = [get(cast.guest, address(name)) for name in ("download", "original")]
    sent += [*photos_in(cast.guest, zipped), *photos_in(cast.guest, f"{zipped}&behind=1")]
    for still in sent:
        assert b"mp4" not in still
        assert still == sent[0]


def test_where_faces_are_covered_there_is_no_movie(
    app: Flask, cast: Cast, address: Callable[..., str]
) -> None:
    cover_faces(app, cast.room_id)

    assert cast.host.get(address("movie")).status_code == 200
    still, both = get(cast.guest, address("download")), get(cast.host, address("with-movie"))
    photo_id = address("").split("/")[4]
    zipped = f"{cast.url}/photos.zip?behind=1&photos={photo_id}"
    assert photos_in(cast.host, zipped) == [both]
    assert photos_in(cast.guest, zipped) == [still]
    for name in ("movie", "with-movie"):
        assert cast.guest.get(address(name)).status_code == 404
    page = cast.guest.get(address("movie").rpartition("/")[0].rpartition("/")[0]).text
    assert "movie" not in page


def test_a_photo_without_a_movie_has_none(
    app: Flask, cast: Cast, address: Callable[..., str]
) -> None:
    with app.app_context():
        db.session.execute(update(Photo).values(movie_start=None))
        db.session.commit()

    assert cast.guest.get(address("movie")).status_code == 404
    assert cast.guest.get(address("with-movie")).status_code == 404


def test_a_wrong_start_sends_nothing(app: Flask, cast: Cast, address: Callable[..., str]) -> None:
    with app.app_context():
        db.session.execute(update(Photo).values(movie_start=100))
        db.session.commit()

    assert cast.guest.get(address("movie")).status_code == 404


def test_photos_of_before_are_read_when_they_are_measured_again(
    app: Flask, cast: Cast, site: Site, address: Callable[..., str], content: bytes, movie: bytes
) -> None:
    with app.app_context():
        db.session.execute(update(Photo).values(movie_start=None, camera=None, crc32=None))
        db.session.commit()

        measure_room(cast.room_id, site.storage, is_stopping=lambda: False)

        db.session.expire_all()
        assert db.session.scalars(select(Photo.movie_start)).all() == [content.index(movie)]
    assert io.BytesIO(get(cast.guest, address("movie"))).read(8)[4:] == b"ftyp"
