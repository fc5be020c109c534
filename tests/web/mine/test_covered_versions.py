"""Who is covered is covered on all that is shown as one photo, and in all of its pictures."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import delete, update

from photoshare.db import db
from photoshare.models import Behind, Face, Photo
from photoshare.services.pictures.covered import delete_old_covers
from photoshare.web.site import Site
from tests.fakes import BLUE, RED
from tests.web.mine.conftest import Hideout, draw_marked
from tests.web.mine.test_covered_faces import addresses, values_of, where_seen


@pytest.fixture
def versions(
    app: Flask, covered: Hideout, add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> Hideout:
    """The same with a smaller copy of large.jpg behind it, on which nobody was recognised."""
    room_id, front = covered.cast.room_id, covered.photos["large.jpg"]
    copy = add_photo(room_id, draw_marked(RED, BLUE, seed=1, scale=6), "copy.jpg")
    run_jobs()
    with app.app_context():
        db.session.execute(delete(Face).where(Face.photo_id == copy))
        stand = update(Photo).where(Photo.id == copy)
        db.session.execute(stand.values(front_id=front, behind_as=Behind.VERSION))
        db.session.commit()
        covered.digests["copy.jpg"] = db.session.get_one(Photo, copy).sha256[:16]
    covered.photos["copy.jpg"] = copy
    return covered


@pytest.mark.parametrize("is_copy_in_front", [False, True])
def test_whoever_is_covered_on_one_version_is_on_all(
    app: Flask, versions: Hideout, run_jobs: Callable[[], None], is_copy_in_front: bool
) -> None:
    if is_copy_in_front:
        url = f"{versions.url}/photos/{versions.photos['copy.jpg']}/front"
        assert versions.cast.host.post(url).status_code == 303
    name = {"photo_id": versions.photos["copy.jpg"], "digest": versions.digests["copy.jpg"]}
    urls = addresses(app, values_of(versions, versions.blue) | name)
    zipped = f"{urls['albums.room_zip']}?behind=1"
    seen = {"photos.picture", "photos.download", "albums.room_zip"}
    assert versions.other.get(zipped).status_code == 503  # the covered copy isn't made yet
    run_jobs()

    assert where_seen(versions.other, urls | {"albums.room_zip": zipped}) == set()
    assert where_seen(versions.cast.host, urls) >= seen
    assert where_seen(versions.cast.guest, urls) >= seen
    assert len(names_in(versions.other, zipped)) == 4


def test_the_copies_of_versions_stay_while_they_are_shown(
    app: Flask, site: Site, versions: Hideout, run_jobs: Callable[[], None]
) -> None:
    zipped = f"{versions.url}/photos.zip?behind=1"
    assert versions.other.get(zipped).status_code == 503
    run_jobs()
    with app.app_context():
        delete_old_covers(site.storage, versions.cast.room_id)

    assert versions.other.get(zipped, buffered=True).status_code == 200


def names_in(client: FlaskClient, url: str) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(client.get(url, buffered=True).data)) as packed:
        return packed.namelist()


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "TIFF"])
def test_only_the_searched_picture_of_an_animation_is_sent(
    app: Flask,
    covered: Hideout,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
    image_format: str,
) -> None:
    """As a photo booth makes them: someone else may come in later."""
    first, second = (
        Image.open(io.BytesIO(draw_marked(colour, seed=seed, scale=4)))
        for colour, seed in ((BLUE, 4), (RED, 5))
    )
    buffer = io.BytesIO()
    first.save(buffer, image_format, save_all=True, append_images=[second])
    photo_id = add_photo(covered.cast.room_id, buffer.getvalue(), "booth.gif")
    run_jobs()
    with app.app_context():
        digest = db.session.get_one(Photo, photo_id).sha256[:16]
    url = f"{covered.url}/photos/{photo_id}/{digest}"
    zipped = f"{covered.url}/photos.zip?photos={photo_id}"
    covered.other.get(zipped)
    run_jobs()

    with zipfile.ZipFile(io.BytesIO(covered.other.get(zipped, buffered=True).data)) as packed:
        in_zip = [packed.read(name) for name in packed.namelist()]
    for content in (covered.other.get(f"{url}/download", buffered=True).data, *in_zip):
        with Image.open(io.BytesIO(content)) as sent:
            assert (sent.format, sent.size) == ("JPEG", first.size)
    assert len(in_zip) == 1
    for client in (covered.cast.guest, covered.cast.host):
        with Image.open(io.BytesIO(client.get(f"{url}/download", buffered=True).data)) as sent:
            assert getattr(sent, "n_frames", 1) == 2
    assert covered.other.get(f"{url}-640.jpg", buffered=True).status_code == 200
