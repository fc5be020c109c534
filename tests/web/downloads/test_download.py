"""GET /rooms/<code>/photos/<id>/<digest>/download and .../original: one photo to save."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import ExifTags, Image
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse

from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import tags_of

LATITUDE = (48.0, 12.0, 30.0)
SERIAL = "SN-0815-4711"


def get(client: FlaskClient, url: str, **headers: str) -> TestResponse:
    return client.get(url, headers=headers, buffered=True)


def photo_with_place(image_format: str = "JPEG") -> bytes:
    """Draw a photo with metadata of location, camera, time and orientation."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.DateTime] = "2024:05:06 07:08:09"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = LATITUDE
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] = SERIAL
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 60).convert("RGB").save(buffer, image_format, exif=exif.tobytes())
    return buffer.getvalue()


def keep_metadata(cast: Cast) -> None:
    cast.host.post(f"{cast.url}/settings", data={"title": "Party", "keep_metadata": "1"})


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_a_guest_gets_the_picture_without_its_place(
    cast: Cast, put: Callable[[bytes, str], str], image_format: str
) -> None:
    content = photo_with_place(image_format)

    answer = get(cast.guest, put(content, "a") + "/download")

    assert (answer.status_code, answer.content_length) == (200, len(answer.data))
    assert SERIAL.encode() in content
    assert SERIAL.encode() not in answer.data
    with Image.open(io.BytesIO(answer.data)) as sent, Image.open(io.BytesIO(content)) as original:
        assert sent.getexif().get_ifd(ExifTags.IFD.GPSInfo) == {}
        assert sent.getexif()[ExifTags.Base.DateTime] == "2024:05:06 07:08:09"
        orientation = ExifTags.Base.Orientation
        assert sent.getexif().get(orientation) == original.getexif().get(orientation)
        assert np.array_equal(np.asarray(sent), np.asarray(original))


def test_a_guest_gets_a_motion_photo_as_a_still_of_known_size(
    cast: Cast, put: Callable[[bytes, str], str]
) -> None:
    """Its movie is cut, so the copy is shorter than the original."""
    photo = photo_with_place()
    url = put(photo + b"\0\0\0\x18ftypmp42" + bytes(200_000), "a.jpg") + "/download"

    answer = get(cast.guest, url)
    end = get(cast.guest, url, Range="bytes=-2")

    assert answer.content_length == len(answer.data) < len(photo)
    assert (end.status_code, end.data) == (206, b"\xff\xd9")
    assert get(cast.host, url.replace("/download", "/original")).content_length > 200_000


def test_the_host_may_take_the_exact_original(cast: Cast, put: Callable[[bytes, str], str]) -> None:
    content = photo_with_place()
    url = put(content, "a.jpg")

    assert get(cast.host, url + "/original").data == content
    assert get(cast.host, url + "/download").data == get(cast.guest, url + "/download").data


def test_a_guest_may_not_take_the_exact_original(
    cast: Cast, put: Callable[[bytes, str], str]
) -> None:
    answer = get(cast.guest, put(photo_with_place(), "a.jpg") + "/original")

    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert "Only the host can download" in answer.text


def test_guests_get_the_exact_original_where_the_room_says_so(
    cast: Cast, put: Callable[[bytes, str], str]
) -> None:
    content = photo_with_place()
    url = put(content, "a.jpg")
    before = get(cast.guest, url + "/download")

    keep_metadata(cast)

    for tail in ("/download", "/original"):
        answer = get(cast.guest, url + tail, **{"If-None-Match": before.headers["ETag"]})
        assert (answer.status_code, answer.data) == (200, content)


def test_only_the_host_is_offered_the_exact_original(
    cast: Cast, put: Callable[[bytes, str], str]
) -> None:
    url = put(photo_with_place(), "a.jpg")
    page = url.rpartition("/")[0]

    assert tags_of(cast.host.get(page).text, "a", href=url + "/original")
    assert not tags_of(cast.guest.get(page).text, "a", href=url + "/original")
    keep_metadata(cast)
    assert not tags_of(cast.host.get(page).text, "a", href=url + "/original")


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
def test_a_photo_that_tells_nothing_comes_bit_for_bit_with_its_own_type(
    cast: Cast,
    put: Callable[[bytes, str], str],
    image_format: str,
    content_type: str,
    file_name: str,
) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), RED).save(buffer, image_format)

    answer = get(cast.guest, put(buffer.getvalue(), file_name) + "/download")

    assert answer.data == buffer.getvalue()
    assert answer.content_type == content_type
    names = f"filename={file_name}; filename*=UTF-8''{file_name}"
    assert answer.headers["Content-Disposition"] == f"attachment; {names}"


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("Zoë & 日本 😀.jpg", "Zoë & 日本 😀.jpg"),
        ('a"b\r\nSet-Cookie: x=1.jpg', "a_bSet-Cookie_ x=1.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("page.html", "page.html.jpg"),
    ],
)
def test_it_is_saved_under_its_own_name_made_safe(
    cast: Cast, put: Callable[[bytes, str], str], file_name: str, name: str
) -> None:
    answer = get(cast.guest, put(draw_photo(RED), file_name) + "/download")

    kind, options = parse_options_header(answer.headers["Content-Disposition"])
    assert (kind, options["filename"]) == ("attachment", name)
    assert not any(cookie.startswith("x=") for cookie in answer.headers.getlist("Set-Cookie"))


def test_a_file_that_cannot_be_cleaned_is_given_as_a_new_jpeg(
    cast: Cast, put: Callable[[bytes, str], str]
) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), RED).save(buffer, "TIFF", big_tiff=True)
    url = put(buffer.getvalue(), "a.tif")

    answer = get(cast.guest, url + "/download")

    assert answer.content_type == "image/jpeg"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=a.tif.jpg;")
    with Image.open(io.BytesIO(answer.data)) as sent:
        assert (sent.format, sent.size) == ("JPEG", (64, 48))
    assert get(cast.host, url + "/original").data == buffer.getvalue()


def test_a_clean_copy_that_was_lost_is_made_again(
    cast: Cast, put: Callable[[bytes, str], str], site: Site
) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), RED).save(buffer, "TIFF", big_tiff=True)
    url = put(buffer.getvalue(), "a.tif") + "/download"
    before = get(cast.guest, url).data
    shutil.rmtree(site.storage.room_folder(cast.room_id) / "derived")

    assert get(cast.guest, url).data == before


def test_it_is_asked_for_every_time_and_not_sent_again(
    cast: Cast, put: Callable[[bytes, str], str]
) -> None:
    url = put(photo_with_place(), "a.jpg") + "/download"
    first = get(cast.guest, url)

    second = get(cast.guest, url, **{"If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"] == "private, no-cache"
    assert (second.status_code, second.data) == (304, b"")


def test_a_part_can_be_asked_for(cast: Cast, put: Callable[[bytes, str], str]) -> None:
    url = put(photo_with_place(), "a.jpg") + "/download"
    whole = get(cast.guest, url)

    part = get(cast.guest, url, Range="bytes=100-")

    assert (part.status_code, part.data) == (206, whole.data[100:])
    assert part.headers["Content-Range"] == f"bytes 100-{len(whole.data) - 1}/{len(whole.data)}"
    assert part.headers["ETag"] == whole.headers["ETag"]


@pytest.mark.parametrize("tail", ["/download", "/original"])
def test_a_lost_file_is_not_found(
    cast: Cast, put: Callable[[bytes, str], str], site: Site, tail: str
) -> None:
    url = put(photo_with_place(), "a.jpg")
    shutil.rmtree(site.storage.data / "rooms")

    assert get(cast.host, url + tail).status_code == 404


@pytest.mark.parametrize("tail", ["/download", "/original"])
def test_a_stranger_finds_nothing(
    app: Flask,
    cast: Cast,
    put: Callable[[bytes, str], str],
    make_room: Callable[..., NewRoom],
    tail: str,
) -> None:
    url = put(photo_with_place(), "a.jpg") + tail
    other = make_room("Other").room
    member = app.test_client()
    member.post(f"/rooms/{other.code}/join")

    assert get(cast.stranger, url).status_code == 404
    assert get(member, url.replace(cast.code, other.code)).status_code == 404
    assert cast.guest.post(url).status_code == 405
