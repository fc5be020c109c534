"""GET /rooms/<code>/photos/<id>/<digest>-<side>.<ending> and /faces/<id>.jpg."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import Face
from photoshare.pictures import decoding
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.web.conftest import Party

FOR_EVER = "private, max-age=31536000, immutable"


def get(client: FlaskClient, url: str, **headers: str) -> TestResponse:
    return client.get(url, headers=headers, buffered=True)  # buffered: the file is closed


def photo_url(cast: Cast, party: Party, name: str = "a.jpg", tail: str = "") -> str:
    return f"{cast.url}/photos/{party.photos[name]}/{party.digests[name]}{tail}"


@pytest.mark.parametrize("side", [320, 640, 1280, 2000])
@pytest.mark.parametrize(
    ("ending", "image_format", "content_type"),
    [("webp", "WEBP", "image/webp"), ("jpg", "JPEG", "image/jpeg")],
)
def test_the_smaller_pictures_have_their_size_and_format(
    app: Flask,
    cast: Cast,
    add_photo: Callable[..., int],
    side: int,
    ending: str,
    image_format: str,
    content_type: str,
) -> None:
    content = draw_photo(RED, width=1600, height=800, image_format="PNG")
    photo_id = add_photo(cast.room_id, content, "a.png")
    digest = hashlib.sha256(content).hexdigest()[:16]

    answer = get(cast.guest, f"{cast.url}/photos/{photo_id}/{digest}-{side}.{ending}")

    assert (answer.status_code, answer.content_type) == (200, content_type)
    width = min(side, 1600)
    with Image.open(io.BytesIO(answer.data)) as picture:
        assert (picture.format, picture.size) == (image_format, (width, width // 2))


def test_a_picture_that_was_lost_is_made_again(cast: Cast, party: Party, site: Site) -> None:
    derived = site.storage.room_folder(cast.room_id) / "derived"
    url = photo_url(cast, party, tail="-320.webp")
    before = get(cast.guest, url).data
    shutil.rmtree(derived)

    assert get(cast.guest, url).data == before
    assert [path.name.partition("-")[2] for path in derived.iterdir()] == ["320.webp"]


def test_a_face_that_was_lost_is_cut_out_again(
    app: Flask, cast: Cast, party: Party, site: Site
) -> None:
    url = all_urls(app, cast, party)[-1]
    before = get(cast.guest, url).data
    shutil.rmtree(site.storage.room_folder(cast.room_id) / "derived")

    assert get(cast.guest, url).data == before


def test_a_picture_is_made_once(cast: Cast, party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    decode_upright = decoding.decode_upright

    def note(*arguments: object, **values: object) -> decoding.DecodedPhoto:
        decoded.append(arguments)
        return decode_upright(*arguments, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(decoding, "decode_upright", note)

    for _ in range(3):
        assert get(cast.guest, photo_url(cast, party, tail="-1280.jpg")).status_code == 200

    assert len(decoded) == 1


def test_a_photo_that_is_deleted_while_its_picture_is_made_leaves_nothing(
    cast: Cast, party: Party, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode_upright = decoding.decode_upright

    def delete_meanwhile(path: Path, **values: int) -> decoding.DecodedPhoto:
        decoded = decode_upright(path, **values)
        site.storage.delete_photo(cast.room_id, path.name)
        return decoded

    monkeypatch.setattr(decoding, "decode_upright", delete_meanwhile)

    assert get(cast.guest, photo_url(cast, party, tail="-1280.jpg")).status_code == 404
    derived = site.storage.room_folder(cast.room_id) / "derived"
    assert not [path for path in derived.iterdir() if path.name.startswith(party.digests["a.jpg"])]


def all_urls(app: Flask, cast: Cast, party: Party) -> list[str]:
    with app.app_context():
        face_id = db.session.scalars(select(Face.id)).first()
    tails = ("-320.webp", "-640.webp", "-1280.webp", "-2000.jpg")
    urls = [photo_url(cast, party, tail=tail) for tail in tails]
    return [*urls, f"{cast.url}/faces/{face_id}.jpg"]


def test_pictures_are_kept_by_this_browser_alone_and_never_sniffed(
    app: Flask, cast: Cast, party: Party
) -> None:
    for url in all_urls(app, cast, party):
        answer = get(cast.guest, url)

        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == FOR_EVER
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_picture_that_the_browser_has_is_not_sent_again(cast: Cast, party: Party) -> None:
    url = photo_url(cast, party, tail="-320.webp")
    etag = get(cast.guest, url).headers["ETag"]

    answer = get(cast.guest, url, **{"If-None-Match": etag})

    assert (answer.status_code, answer.data) == (304, b"")


@pytest.mark.parametrize("tail", ["-320.webp", "-2000.jpg", "/download", "/original"])
def test_a_wrong_digest_is_not_found(cast: Cast, party: Party, tail: str) -> None:
    right = photo_url(cast, party, tail=tail)
    digest = party.digests["a.jpg"]

    for wrong in (
        "0" * 16,
        digest[:-1],
        digest + "0",
        digest.upper() + "x",
        party.digests["b.jpg"],
    ):
        assert get(cast.guest, right.replace(digest, wrong)).status_code == 404


@pytest.mark.parametrize("tail", ["-321.webp", "-0.jpg", "-huge.jpg", "-320.png", "-clean.jpg"])
def test_an_unknown_size_is_not_found(cast: Cast, party: Party, tail: str) -> None:
    assert get(cast.guest, photo_url(cast, party, tail=tail)).status_code == 404


def test_a_photo_of_another_room_is_not_found(
    app: Flask, cast: Cast, party: Party, make_room: Callable[..., NewRoom]
) -> None:
    other = make_room("Other").room
    cast.stranger.post(f"/rooms/{other.code}/join")

    for url in all_urls(app, cast, party):
        answer = get(cast.stranger, url.replace(cast.code, other.code))

        assert answer.status_code == 404


def test_a_stranger_gets_no_byte(app: Flask, cast: Cast, party: Party) -> None:
    for url in all_urls(app, cast, party):
        answer = get(cast.stranger, url)

        assert answer.status_code == 404
        assert answer.mimetype == "text/html"


def test_the_picture_of_a_face_is_a_small_square(app: Flask, cast: Cast, party: Party) -> None:
    answer = get(cast.guest, all_urls(app, cast, party)[-1])

    assert answer.content_type == "image/jpeg"
    with Image.open(io.BytesIO(answer.data)) as picture:
        assert picture.size == (192, 192)


def test_an_unknown_face_is_not_found(cast: Cast, party: Party) -> None:
    assert get(cast.guest, f"{cast.url}/faces/999.jpg").status_code == 404


def test_a_file_that_is_gone_is_not_found(app: Flask, cast: Cast, party: Party, site: Site) -> None:
    shutil.rmtree(site.storage.data / "rooms")

    for url in all_urls(app, cast, party):
        assert get(cast.guest, url).status_code == 404


def test_a_picture_does_not_write_the_cookie_again(app: Flask, cast: Cast, party: Party) -> None:
    for url in all_urls(app, cast, party):
        assert "Set-Cookie" not in get(cast.guest, url).headers
