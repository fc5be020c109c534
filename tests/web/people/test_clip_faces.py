"""Faces of clips on pages: their pictures, when they are seen, and the way there."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from photoshare.db import db
from photoshare.models import Face
from photoshare.web.site import Site
from tests.clips.drawing import draw_scenes
from tests.conftest import Cast
from tests.fakes import BLUE, RED, TOLERANCE, draw_photo
from tests.helpers import tags_of


@pytest.fixture
def clip_id(
    cast: Cast,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> int:
    """Add a clip of two people, one after the other, and photos of both."""
    for seed in range(2):
        add_photo(cast.room_id, draw_photo(RED, seed=seed))
        add_photo(cast.room_id, draw_photo(BLUE, seed=seed))
    clip = add_photo(cast.room_id, draw_scenes([RED], [BLUE]), "clip.mp4")
    run_jobs()
    return clip


def faces_of_clip(app: Flask, clip_id: int) -> list[Face]:
    with app.app_context():
        query = select(Face).where(Face.photo_id == clip_id).order_by(Face.at_ms)
        faces = list(db.session.scalars(query))
        for face in faces:
            assert face.photo
        db.session.expunge_all()
        return faces


def test_the_picture_of_a_face_is_made_again_from_its_own_frame(
    app: Flask, site: Site, cast: Cast, clip_id: int
) -> None:
    for face, colour in zip(faces_of_clip(app, clip_id), (RED, BLUE), strict=True):
        crop = site.storage.face_crop(cast.room_id, face.photo.sha256, face.location, face.at_ms)
        crop.unlink()

        with cast.guest.get(f"{cast.url}/faces/{face.id}.jpg") as answer:
            shown = np.asarray(Image.open(io.BytesIO(answer.data)))[96, 96].astype(int)

        assert np.abs(shown - colour).max() <= TOLERANCE


def test_a_face_of_the_strip_leads_to_when_it_is_seen_and_its_name_to_the_album(
    app: Flask, cast: Cast, clip_id: int
) -> None:
    red, blue = faces_of_clip(app, clip_id)

    page = cast.guest.get(f"{cast.url}/photos/{clip_id}").text

    times = [tag for tag in tags_of(page, "a") if "data-at-ms" in tag.attributes]
    assert {tag["data-at-ms"] for tag in times} == {str(red.at_ms), str(blue.at_ms)}
    for tag in times:
        address, _, moment = tag["href"].partition("#t=")
        assert address.endswith("/clip")
        assert float(moment) * 1000 == int(tag["data-at-ms"])
    albums = [tag["href"] for tag in tags_of(page, "a", **{"class": "person"})]
    assert f"{cast.url}/people/{red.person_id}" in albums
    assert f"{cast.url}/people/{blue.person_id}" in albums


def test_no_face_of_a_clip_is_drawn_over_its_poster(app: Flask, cast: Cast, clip_id: int) -> None:
    face = faces_of_clip(app, clip_id)[0]

    pages = [f"{cast.url}/photos/{clip_id}", f"{cast.url}/faces/{face.id}"]

    for address in pages:
        answer = cast.host.get(address)
        drawn = re.findall('<svg class="faces".*?</svg>', answer.text, re.DOTALL)
        assert answer.status_code == 200
        assert not any("<rect" in layer for layer in drawn)


def test_in_an_album_a_clip_begins_when_its_person_is_seen(
    app: Flask, cast: Cast, clip_id: int
) -> None:
    blue = faces_of_clip(app, clip_id)[1]

    in_album = cast.guest.get(f"{cast.url}/photos/{clip_id}?person={blue.person_id}").text
    in_room = cast.guest.get(f"{cast.url}/photos/{clip_id}").text

    assert blue.at_ms is not None
    (video,) = tags_of(in_album, "video")
    assert video["src"].endswith(f"/clip#t={blue.at_ms / 1000:g}")
    (video,) = tags_of(in_room, "video")
    assert video["src"].endswith("/clip")
