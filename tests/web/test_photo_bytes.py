"""GET /rooms/<code>/photos/<id>/<digest>-<variant>.jpg, .../original and /faces/<id>.jpg."""

from __future__ import annotations

import io
import shutil

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import Face, Photo
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.web.conftest import Party

FOR_EVER = "private, max-age=31536000, immutable"


def get(client: FlaskClient, url: str, **headers: str) -> TestResponse:
    return client.get(url, headers=headers, buffered=True)  # buffered: the file is closed


def photo_url(cast: Cast, party: Party, name: str = "a.jpg", tail: str = "") -> str:
    return f"{cast.url}/photos/{party.photos[name]}/{party.digests[name]}{tail}"


@pytest.fixture
def put(app: Flask, cast: Cast, add_photo):
    """Put a photo into the room; returns the address of its original."""

    def put_photo(content: bytes, file_name: str) -> str:
        photo_id = add_photo(cast.room_id, content, file_name)
        with app.app_context():
            sha256 = db.session.get_one(Photo, photo_id).sha256
        return f"{cast.url}/photos/{photo_id}/{sha256[:16]}/original"

    return put_photo


@pytest.mark.parametrize(("variant", "width"), [("thumb", 480), ("view", 600)])
def test_the_smaller_pictures_are_jpegs_of_their_size(
    cast: Cast, put, variant: str, width: int
) -> None:
    url = put(draw_photo(RED, width=600, height=300, image_format="PNG"), "a.png")

    answer = get(cast.guest, url.replace("/original", f"-{variant}.jpg"))

    assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
    with Image.open(io.BytesIO(answer.data)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (width, width // 2))


@pytest.mark.parametrize(
    ("image_format", "content_type", "file_name"),
    [
        ("JPEG", "image/jpeg", "a.jpg"),
        ("PNG", "image/png", "a.png"),
        ("WEBP", "image/webp", "a.webp"),
        ("GIF", "image/gif", "a.gif"),
        ("TIFF", "image/tiff", "a.tif"),
        ("BMP", "image/bmp", "a.bmp"),
        ("HEIF", "image/heif", "a.heic"),
        ("AVIF", "image/avif", "a.avif"),
    ],
)
def test_the_original_comes_bit_for_bit_with_its_own_type(
    cast: Cast, put, image_format: str, content_type: str, file_name: str
) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), RED).save(buffer, image_format)

    answer = get(cast.guest, put(buffer.getvalue(), file_name))

    assert answer.data == buffer.getvalue()
    assert answer.content_type == content_type
    assert answer.headers["Content-Disposition"] == f"attachment; filename={file_name}"


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("Zoë & 日本 😀.jpg", "Zoë & 日本 😀.jpg"),
        ('a"b\r\nSet-Cookie: x=1.jpg', "a_bSet-Cookie_ x=1.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("page.html", "page.html.jpg"),
    ],
)
def test_the_original_is_a_download_under_its_own_name_made_safe(
    cast: Cast, put, file_name: str, name: str
) -> None:
    answer = get(cast.guest, put(draw_photo(RED), file_name))

    kind, options = parse_options_header(answer.headers["Content-Disposition"])
    assert (kind, options["filename"]) == ("attachment", name)
    assert not any(cookie.startswith("x=") for cookie in answer.headers.getlist("Set-Cookie"))


def all_urls(app: Flask, cast: Cast, party: Party) -> list[str]:
    with app.app_context():
        face_id = db.session.scalars(select(Face.id)).first()
    tails = ("-thumb.jpg", "-view.jpg", "/original")
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
    url = photo_url(cast, party, tail="-thumb.jpg")
    etag = get(cast.guest, url).headers["ETag"]

    answer = get(cast.guest, url, **{"If-None-Match": etag})

    assert (answer.status_code, answer.data) == (304, b"")


def test_a_part_of_an_original_can_be_asked_for(cast: Cast, party: Party) -> None:
    answer = get(cast.guest, photo_url(cast, party, tail="/original"), Range="bytes=10-19")

    assert answer.status_code == 206
    assert answer.data == party.contents["a.jpg"][10:20]


@pytest.mark.parametrize("tail", ["-thumb.jpg", "-view.jpg", "/original"])
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


def test_an_unknown_variant_is_not_found(cast: Cast, party: Party) -> None:
    assert get(cast.guest, photo_url(cast, party, tail="-huge.jpg")).status_code == 404


def test_a_photo_of_another_room_is_not_found(
    app: Flask, cast: Cast, party: Party, make_room
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
