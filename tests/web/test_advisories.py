"""Mistakes of other photo servers that must not happen here, each with its source."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import ExifTags, Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from photoshare import create_app
from photoshare.db import db
from photoshare.models import Face
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import RED, draw_photo, fits, psd
from tests.helpers import (
    HX,
    guest_of,
    row_counts,
    set_title_and_end,
    tags_of,
)
from tests.web.conftest import Party

PASSWORD = "open sesame"
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def upload(client: FlaskClient, url: str, content: bytes, name: str) -> TestResponse:
    data = {"photos": (io.BytesIO(content), name)}
    return client.post(f"{url}/photos", data=data, headers=HX)


def test_cve_2026_61838_a_zip_needs_the_password_too(
    app: Flask, make_room: Callable[..., NewRoom], add_photo: Callable[..., int]
) -> None:
    room = make_room("Locked", password=PASSWORD).room
    add_photo(room.id, draw_photo(RED))
    client = app.test_client()
    client.get(f"/rooms/{room.code}")

    answer = client.get(f"/rooms/{room.code}/photos.zip", buffered=True)

    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_cve_2026_61611_passwords_cannot_be_guessed_fast(
    app: Flask, make_room: Callable[..., NewRoom]
) -> None:
    room = make_room("Locked", password=PASSWORD).room
    tries = [
        app.test_client().post(f"/rooms/{room.code}/join", data={"password": f"{number}"})
        for number in range(22)
    ]

    assert [answer.status_code for answer in tries] == [422] * 20 + [429] * 2


def test_cve_2026_22784_one_unlock_opens_one_room(
    app: Flask, make_room: Callable[..., NewRoom]
) -> None:
    one, other = (make_room(name, password=PASSWORD).room for name in ("One", "Other"))
    client = app.test_client()

    client.post(f"/rooms/{one.code}/join", data={"password": PASSWORD})

    assert client.get(f"/rooms/{one.code}/photos").status_code == 200
    assert client.get(f"/rooms/{other.code}/photos").status_code == 303  # to the invitation


def test_immich_29599_thumbnails_need_the_password_too(
    app: Flask, cast: Cast, party: Party
) -> None:
    photo = f"{cast.url}/photos/{party.photos['a.jpg']}/{party.digests['a.jpg']}"
    with app.app_context():
        face_id = db.session.scalars(select(Face.id)).first()

    for url in (f"{photo}-320.webp", f"{photo}-2000.jpg", f"{cast.url}/faces/{face_id}.jpg"):
        assert cast.guest.get(url, buffered=True).status_code == 200
        assert cast.stranger.get(url, buffered=True).status_code == 404


def test_immich_29599_smaller_pictures_tell_no_place(
    cast: Cast, add_photo: Callable[..., int], app: Flask
) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 12.0, 30.0)
    buffer = io.BytesIO()
    Image.new("RGB", (100, 100)).save(buffer, "JPEG", exif=exif)
    add_photo(cast.room_id, buffer.getvalue())

    page = cast.guest.get(cast.url).text

    pictures = [
        picture["src"] for picture in tags_of(page, "img") if "icon.svg" not in picture["src"]
    ]
    assert len(pictures) > 1
    for source in pictures:
        is_placeholder, _, encoded = source.partition("base64,")
        content = cast.guest.get(source, buffered=True).data
        if is_placeholder.startswith("data:"):
            content = base64.b64decode(encoded)
        with Image.open(io.BytesIO(content)) as sent:
            assert not sent.getexif()


@pytest.mark.parametrize(
    "name", ["../../../evil.jpg", "..\\..\\evil.jpg", "/etc/evil.jpg", "C:\\evil.jpg", "a\0b.jpg"]
)
def test_cve_2026_62679_a_file_name_is_never_a_path(site: Site, cast: Cast, name: str) -> None:
    root = site.storage.data.parent
    before = {path for path in root.rglob("*") if path.is_file()}

    assert upload(cast.guest, cast.url, draw_photo(RED), name).status_code == 201

    new = {path for path in root.rglob("*") if path.is_file()} - before
    ours = {path for path in new if path.name.startswith(("photoshare.sqlite", "files.lock"))}
    assert all(site.storage.room_folder(cast.room_id) in path.parents for path in new - ours)
    assert not any("evil" in path.name for path in new)
    with zipfile.ZipFile(
        io.BytesIO(cast.guest.get(f"{cast.url}/photos.zip", buffered=True).data)
    ) as archive:
        (entry,) = archive.namelist()
        assert not set(entry) & set("/\\:\0")


@pytest.mark.parametrize(
    "tail",
    ["../../secret_key", "..%2f..%2fsecret_key", "%2e%2e/secret_key", "....//secret_key"],
)
def test_cve_2026_62679_no_address_leads_out_of_a_folder(cast: Cast, tail: str) -> None:
    for folder in ("/static/any/", "/vendor/htmx-2.0.3/", f"{cast.url}/photos/"):
        assert cast.guest.get(folder + tail, buffered=True).status_code == 404


def test_cve_2026_61610_a_photo_of_another_room_looks_like_none(
    cast: Cast, make_room: Callable[..., NewRoom], add_photo: Callable[..., int]
) -> None:
    foreign = add_photo(make_room("Other").room.id, draw_photo(RED))

    for path in ("/photos/{}", "/photos/{}/delete"):
        there = cast.host.get(cast.url + path.format(foreign))
        nowhere = cast.host.get(cast.url + path.format(9999))

        assert (there.status_code, there.data) == (nowhere.status_code, nowhere.data)


def test_cve_2026_61610_the_same_photo_in_another_room_is_no_duplicate(
    cast: Cast, make_room: Callable[..., NewRoom], add_photo: Callable[..., int]
) -> None:
    add_photo(make_room("Other").room.id, draw_photo(RED))

    answer = upload(cast.guest, cast.url, draw_photo(RED), "a.jpg")

    assert answer.status_code == 201
    assert "already" not in answer.text


def test_cve_2026_57568_titles_and_names_are_never_tags(
    app: Flask, cast: Cast, party: Party
) -> None:
    cast.host.post(f"{cast.url}/settings", data={"title": EVIL})
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": EVIL})
    cast.stranger.post(f"{cast.url}/join", data={"name": EVIL})
    uploaded = upload(cast.stranger, cast.url, draw_photo(RED, seed=5), EVIL[2:] + ".jpg")
    refused = upload(cast.stranger, cast.url, b"no picture", EVIL[2:] + ".jpg")

    paths = ("", "/photos", "/people", f"/people/{party.red}", "/share", "/delete", "/jobs/current")
    pages = [cast.host.get(cast.url + path).text for path in paths]
    photo_id = max(party.photos.values()) + 1
    pages += [cast.host.get(f"{cast.url}/photos/{photo_id}{tail}").text for tail in ("", "/delete")]
    pages += [app.test_client().get(cast.url).text, uploaded.text, refused.text]
    assert sum("&lt;script&gt;" in page for page in pages) == len(pages)
    for page in pages:
        assert all("src" in tag.attributes for tag in tags_of(page, "script"))
        assert not any("onerror" in tag.attributes for tag in tags_of(page))


def test_cve_2026_53662_no_form_leads_to_an_address_from_the_request(cast: Cast) -> None:
    query = "?next=https://evil.example&continue=//evil.example"

    for path, own in (("/join", f"{cast.url}?entered=1"), ("/jobs", cast.url)):
        answer = cast.guest.post(cast.url + path + query, data={"next": "https://evil.example"})

        assert answer.location == own


def test_cve_2026_96271_a_guest_id_from_a_form_is_not_believed(app: Flask, cast: Cast) -> None:
    host_id = guest_of(app, cast.host, cast.room_id)
    data = {"photos": (io.BytesIO(draw_photo(RED)), "a.jpg"), "guest_id": str(host_id)}

    cast.guest.post(f"{cast.url}/photos", data=data)

    assert "Photo a.jpg by Gustav" in cast.guest.get(cast.url).text


def test_immich_drop_54_an_ended_room_takes_no_upload(cast: Cast, app: Flask) -> None:
    with app.app_context():
        set_title_and_end(cast.room_id, "Party", date(2020, 1, 1))

    assert upload(cast.guest, cast.url, draw_photo(RED), "a.jpg").status_code == 403
    assert row_counts(app)["photo"] == 0


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP"])
def test_immich_folio_378_an_address_from_a_header_is_not_believed(
    app: Flask, make_room: Callable[..., NewRoom], header: str
) -> None:
    room = make_room("Locked", password=PASSWORD).room
    tries = [
        app.test_client().post(
            f"/rooms/{room.code}/join",
            data={"password": "guess"},
            headers={header: f"10.0.0.{number}"},
        )
        for number in range(21)
    ]

    assert tries[-1].status_code == 429


def test_immich_folio_378_every_server_has_a_key_of_its_own(tmp_path: Path) -> None:
    keys = [create_app({"data": tmp_path / name}).secret_key for name in ("a", "b")]

    assert keys[0] != keys[1]
    assert all(len(key or "") == 64 for key in keys)
    assert create_app({"data": tmp_path / "a"}).secret_key == keys[0]
    assert (tmp_path / "a" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    client.post(f"{cast.url}/join", data={"name": "Greta"})
    cookie = client.get_cookie("photoshare")

    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.path) == (True, "Lax", "/")
    assert not cookie.secure  # the address of this test is plain http


def test_the_cookie_is_for_https_only_where_the_public_address_is(tmp_path: Path) -> None:
    app = create_app({"data": tmp_path / "d", "public_url": "https://photos.example.org"})

    assert app.config["SESSION_COOKIE_SECURE"]


def test_the_cookie_holds_no_password(app: Flask, make_room: Callable[..., NewRoom]) -> None:
    room = make_room("Locked", password=PASSWORD).room
    client = app.test_client()
    client.post(f"/rooms/{room.code}/join", data={"password": PASSWORD})

    with client.session_transaction() as session:
        assert PASSWORD not in str(dict(session))
        assert set(session["tokens"]) == {str(room.id)}


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "content",
    [psd(), fits(), EPS, SVG, b"GIMP", b"%PDF-1.7"],
    ids=["psd", "fits", "eps", "svg", "gimp", "pdf"],
)
def test_cve_2026_40192_only_the_listed_formats_are_decoded(
    app: Flask, cast: Cast, content: bytes
) -> None:
    answer = upload(cast.guest, cast.url, content, "photo.jpg")

    assert answer.status_code == 422
    assert "This file can&#39;t be read as a photo" in answer.text
    assert row_counts(app)["photo"] == 0


def test_cve_2024_49767_a_form_has_its_limits(app: Flask, cast: Cast) -> None:
    assert app.config["MAX_CONTENT_LENGTH"] <= 1_000_000  # of all forms except the upload
    assert app.config["MAX_FORM_PARTS"] == 2000
    assert app.config["MAX_FORM_MEMORY_SIZE"] <= 1_000_000

    answer = cast.host.post(
        f"{cast.url}/settings",
        data={"title": "x" * 505_000},  # more would make the test client use a file
        content_type="multipart/form-data",
    )

    assert answer.status_code == 413


def test_nothing_is_fetched_from_an_address_that_a_guest_names(app: Flask, cast: Cast) -> None:
    data = {"photos": "https://evil.example/a.jpg", "url": "https://evil.example/a.jpg"}

    assert cast.guest.post(f"{cast.url}/photos", data=data).status_code == 422
    assert row_counts(app)["photo"] == 0


def test_cve_2024_49767_a_plain_form_is_not_read_into_memory_without_end(
    app: Flask, cast: Cast
) -> None:
    answer = cast.stranger.post("/join", data={"room_code": "x" * 2_000_000})

    assert answer.status_code == 413
