"""No address sends another guest the video of someone who asked not to be shown.

The addresses come from the app, so that a new one is tried, too.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import PHOTO_ANALYSED, Behind, Face, Photo, Room
from tests.clips.drawing import draw_pictures, draw_scenes
from tests.fakes import BLUE, GREY, RED
from tests.helpers import make_own_link
from tests.web.mine.conftest import MARK, Hideout, shows_mark
from tests.web.mine.test_covered_faces import addresses, values_of


def draw_eyes() -> bytes:
    """Draw a video of eyes like those of who hides."""
    picture = np.full((480, 640, 3), GREY, np.uint8)
    for left in (200, 300):
        picture[200:216, left : left + 16] = MARK
    return draw_pictures([picture], seconds_each=2)


CLIP = draw_eyes()
DIGEST = hashlib.sha256(CLIP).hexdigest()[:16]
PLAYED = {"photos.clip", "photos.download", "albums.room_zip", "albums.person_zip"}


@pytest.fixture
def clip(
    app: Flask,
    hideout: Hideout,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> int:
    """Add a video with the faces of who is red and of who is blue."""
    photo_id = add_photo(hideout.cast.room_id, CLIP, "clip.mp4")
    run_jobs()
    with app.app_context():
        for person_id, left in ((hideout.red, 0), (hideout.blue, 320)):
            known = db.session.query(Face).where(Face.person_id == person_id).first()
            assert known is not None
            values = {
                column.name: getattr(known, column.name)
                for column in Face.__table__.columns
                if column.name not in ("id", "area")
            }
            place = {"top": 100, "bottom": 300, "left": left + 50, "right": left + 250}
            db.session.add(Face(**{**values, "photo_id": photo_id, **place}))
        db.session.commit()
    return photo_id


def cover(app: Flask, hideout: Hideout) -> None:
    with app.app_context():
        here = update(Room).where(Room.id == hideout.cast.room_id)
        db.session.execute(here.values(covers_faces=True))
        db.session.commit()
    hideout.hide()


def urls_of(app: Flask, hideout: Hideout, clip: int, person_id: int) -> dict[str, str]:
    values = values_of(hideout, person_id) | {"photo_id": clip, "digest": DIGEST}
    with app.app_context():
        values["face_id"] = (
            db.session.query(Face.id).where(Face.photo_id == clip).order_by(Face.left).all()[-1][0]
        )
    return addresses(app, values)


def where_sent(client: FlaskClient, urls: dict[str, str]) -> set[str]:
    """Return the endpoints that send the moving picture, or the marked poster."""
    sent = set()
    for endpoint, url in urls.items():
        answer = client.get(url, buffered=True)
        if answer.status_code != 200:
            continue
        contents = [answer.data]
        if answer.mimetype == "application/zip":
            with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
                contents = [packed.read(name) for name in packed.namelist()]
        for content in contents:
            is_picture = content.startswith((b"\xff\xd8", b"RIFF"))
            if b"ftyp" in content[:16] or (
                is_picture and f"/{clip_of(urls)}/" in url and shows_mark(content)
            ):
                sent.add(endpoint)
    return sent


def clip_of(urls: dict[str, str]) -> str:
    return urls["photos.clip"].split("/")[4]


def test_everybody_gets_it_while_nobody_hides(app: Flask, hideout: Hideout, clip: int) -> None:
    urls = urls_of(app, hideout, clip, hideout.blue)

    assert where_sent(hideout.other, urls) == PLAYED | {"photos.picture"}


def test_others_never_get_it(
    app: Flask, hideout: Hideout, clip: int, run_jobs: Callable[[], None]
) -> None:
    cover(app, hideout)
    run_jobs()

    for person_id in (hideout.red, hideout.blue):
        urls = urls_of(app, hideout, clip, person_id)
        assert where_sent(hideout.other, urls) == set()
        assert where_sent(hideout.cast.stranger, urls) == set()


def test_the_host_and_they_themselves_do(
    app: Flask, hideout: Hideout, clip: int, run_jobs: Callable[[], None]
) -> None:
    cover(app, hideout)
    run_jobs()
    urls = urls_of(app, hideout, clip, hideout.blue)

    assert where_sent(hideout.cast.guest, urls) == PLAYED | {"photos.picture"}
    assert where_sent(hideout.cast.host, urls) >= PLAYED | {"photos.original"}


def test_the_page_says_why_and_offers_nothing(app: Flask, hideout: Hideout, clip: int) -> None:
    cover(app, hideout)

    page = hideout.other.get(f"{hideout.url}/photos/{clip}").text
    refused = hideout.other.get(f"{hideout.url}/photos/{clip}/{DIGEST}/clip")

    assert "<video" not in page
    assert f"{DIGEST}/download" not in page
    assert "Someone in this video has asked not to be shown" in page
    assert refused.status_code == 403
    assert "Someone in this video has asked not to be shown" in refused.text


def test_the_zip_says_what_is_missing(
    app: Flask, hideout: Hideout, clip: int, run_jobs: Callable[[], None]
) -> None:
    cover(app, hideout)
    run_jobs()

    answer = hideout.other.get(f"{hideout.url}/photos.zip", buffered=True)

    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert "clip.mp4" not in packed.namelist()
        assert len(packed.namelist()) == 4
        (note,) = (name for name in packed.namelist() if name.endswith(".txt"))
        assert "1 video isn't in this zip" in packed.read(note).decode()


def test_the_wall_shows_a_covered_picture_to_hosts_too(
    app: Flask, hideout: Hideout, clip: int
) -> None:
    cover(app, hideout)

    entries = hideout.cast.host.get(f"{hideout.url}/wall/photos").get_json()

    (entry,) = (entry for entry in entries if entry["id"] == clip)
    assert entry["clip"] is None
    assert not shows_mark(hideout.cast.host.get(entry["src"], buffered=True).data)


def test_saving_one_by_one_leaves_it_out(app: Flask, hideout: Hideout, clip: int) -> None:
    cover(app, hideout)

    files = hideout.other.get(f"{hideout.url}/photos/files").get_json()

    assert len(files) == 3
    assert not any(DIGEST in address for address, _ in files)


def test_a_shared_album_shows_a_covered_picture(app: Flask, hideout: Hideout, clip: int) -> None:
    cover(app, hideout)
    shared = make_own_link(hideout.other, hideout.url, "album")
    page = hideout.other.get(f"{shared}/photos/{clip}")

    played = hideout.cast.stranger.get(f"{shared}/photos/{clip}/{DIGEST}/clip")

    assert "<video" not in page.text
    assert played.status_code in (403, 404)


def test_unsearched_videos_are_withheld_while_somebody_hides(
    app: Flask,
    hideout: Hideout,
    add_photo: Callable[..., int],
) -> None:
    cover(app, hideout)
    photo_id = add_photo(hideout.cast.room_id, CLIP, "clip.mp4")
    with app.app_context():
        assert db.session.get_one(Photo, photo_id).engine is None

    url = f"{hideout.url}/photos/{photo_id}/{DIGEST}"

    assert hideout.other.get(f"{url}/clip").status_code == 503  # until it is known
    assert not shows_mark(hideout.other.get(f"{url}-640.jpg", buffered=True).data)
    assert hideout.cast.host.get(f"{url}/clip", buffered=True).status_code == 200


def test_whoever_hides_is_found_in_a_video_and_it_is_withheld(
    app: Flask, hideout: Hideout, add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> None:
    cover(app, hideout)
    content = draw_scenes([BLUE], [RED])
    photo_id = add_photo(hideout.cast.room_id, content, "both.mp4")
    run_jobs()
    with app.app_context():
        people = set(db.session.scalars(select(Face.person_id).where(Face.photo_id == photo_id)))

    url = f"{hideout.url}/photos/{photo_id}/{hashlib.sha256(content).hexdigest()[:16]}/clip"

    assert people == {hideout.red, hideout.blue}
    assert hideout.other.get(url).status_code == 403
    assert hideout.cast.guest.get(url, buffered=True).status_code == 200
    assert hideout.cast.host.get(url, buffered=True).status_code == 200


@pytest.mark.parametrize("is_movie_in_front", [False, True])
def test_the_movie_of_a_live_photo_is_withheld_with_its_still(
    app: Flask,
    hideout: Hideout,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
    is_movie_in_front: bool,
) -> None:
    """It shows whom the still shows, even if the search overlooks them there."""
    cover(app, hideout)
    run_jobs()
    movie = add_photo(hideout.cast.room_id, CLIP, "movie.mp4")
    still = hideout.photos["red.jpg"]
    front, behind = (movie, still) if is_movie_in_front else (still, movie)
    with app.app_context():
        searched = update(Photo).where(Photo.id == movie)
        db.session.execute(searched.values(state=PHOTO_ANALYSED, engine="fake"))
        stand = update(Photo).where(Photo.id == behind)
        db.session.execute(stand.values(front_id=front, behind_as=Behind.MOVIE))
        db.session.commit()

    url = f"{hideout.url}/photos/{movie}/{DIGEST}"
    files = hideout.other.get(f"{hideout.url}/photos/files?behind=1").get_json()

    for name in ("clip", "download"):
        assert hideout.other.get(f"{url}/{name}", buffered=True).status_code == 403
        assert hideout.cast.guest.get(f"{url}/{name}", buffered=True).status_code == 200
    assert not shows_mark(hideout.other.get(f"{url}-640.jpg", buffered=True).data)
    assert not any(DIGEST in address for address, _ in files)
    assert "movie.mp4" not in names_in(hideout.other, f"{hideout.url}/photos.zip?behind=1")
    assert "movie.mp4" in names_in(hideout.cast.guest, f"{hideout.url}/photos.zip?behind=1")


def names_in(client: FlaskClient, url: str) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(client.get(url, buffered=True).data)) as packed:
        return packed.namelist()
