"""The manifest, its icons, the service worker, and photos shared from a phone's gallery."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import row_counts, tags_of


@pytest.fixture
def manifest(app: Flask) -> dict[str, Any]:
    answer = app.test_client().get("/manifest.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    manifest: dict[str, Any] = answer.get_json()
    return manifest


def test_every_page_names_the_manifest(app: Flask, cast: Cast) -> None:
    for page in (app.test_client().get("/").text, cast.guest.get(cast.url).text):
        assert tags_of(page, "link", rel="manifest")[0]["href"] == "/manifest.webmanifest"


def test_every_icon_has_the_size_that_it_says(app: Flask, manifest: dict[str, Any]) -> None:
    for icon in manifest["icons"]:
        answer = app.test_client().get(icon["src"])
        with Image.open(io.BytesIO(answer.data)) as picture:
            assert "x".join(map(str, picture.size)) == icon["sizes"]
            assert picture.format == "PNG"
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}


def test_a_maskable_icon_reaches_its_corners(app: Flask) -> None:
    corners = {}
    for purpose in ("any", "maskable"):
        answer = app.test_client().get(f"/app-icon-{purpose}-192.png")
        with Image.open(io.BytesIO(answer.data)) as picture:
            corners[purpose] = picture.convert("RGBA").getchannel("A").getpixel((0, 0))
            assert picture.convert("RGB").getpixel((96, 8)) == (0xC2, 0x44, 0x1D)

    assert corners == {"any": 0, "maskable": 255}


@pytest.mark.parametrize("name", ["any-64", "any-0", "any-100000", "other-192", "any--1"])
def test_no_other_icon_is_drawn(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/app-icon-{name}.png").status_code == 404


def test_everything_lies_under_the_url_prefix(app: Flask) -> None:
    client = app.test_client()
    manifest = client.get(
        "/manifest.webmanifest", environ_overrides={"SCRIPT_NAME": "/photos"}
    ).get_json()

    assert manifest["scope"] == manifest["start_url"] == "/photos/"
    assert manifest["share_target"]["action"] == "/photos/share-target"
    assert all(icon["src"].startswith("/photos/") for icon in manifest["icons"])


def test_the_service_worker_lies_at_the_root_and_is_always_fresh(app: Flask) -> None:
    answer = app.test_client().get("/service-worker.js", buffered=True)

    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_shared_photos_go_to_the_only_room(
    app: Flask, cast: Cast, manifest: dict[str, Any]
) -> None:
    share = manifest["share_target"]
    (field,) = share["params"]["files"]
    files = {field["name"]: (io.BytesIO(draw_photo(RED)), "from-gallery.jpg")}
    from_the_phone = {"Sec-Fetch-Site": "none"}

    answer = cast.guest.post(share["action"], data=files, headers=from_the_phone)

    assert (answer.status_code, answer.location) == (307, f"{cast.url}/photos")
    files = {field["name"]: (io.BytesIO(draw_photo(RED)), "from-gallery.jpg")}
    sent_on = cast.guest.post(answer.location, data=files, headers=from_the_phone)
    assert sent_on.status_code == 303
    assert row_counts(app)["photo"] == 1


def test_with_several_rooms_the_guest_chooses(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other = make_room("Other").room.code
    cast.guest.post(f"/rooms/{other}/join")

    answer = cast.guest.post("/share-target", data={"photos": (io.BytesIO(b"x"), "a.jpg")})

    assert (answer.status_code, answer.location) == (303, "/share-target?again=1")
    page = cast.guest.get(answer.location).text
    links = [tag["href"] for tag in tags_of(page, "a", **{"class": "room-link"})]
    assert links == [f"/rooms/{other}?shared=1#upload", f"{cast.url}?shared=1#upload"]
    assert "wasn't ready to keep them" in page
    assert "wasn't ready to keep them" not in cast.guest.get("/share-target").text
    assert row_counts(app)["photo"] == 0


def test_one_room_needs_no_choice(cast: Cast) -> None:
    answer = cast.guest.get("/share-target")

    assert (answer.status_code, answer.location) == (303, f"{cast.url}?shared=1#upload")
    page = cast.guest.get(answer.location).text
    assert "/shared.js" in page
    assert "/shared.js" not in cast.guest.get(cast.url).text


def test_a_stranger_is_told_to_join_first(app: Flask, cast: Cast) -> None:
    page = cast.stranger.get("/share-target").text

    assert "Join a room first" in page
    assert "Party" not in page
    assert cast.stranger.post("/share-target").location == "/share-target?again=1"


def test_another_site_shares_nothing(app: Flask, cast: Cast) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}

    assert cast.guest.post("/share-target", headers=foreign).status_code == 403


def test_the_start_page_lists_the_rooms_of_this_browser(app: Flask, cast: Cast) -> None:
    def listed(client: FlaskClient) -> list[str]:
        tags = tags_of(client.get("/").text, "a", **{"class": "room-link"})
        return [tag["href"] for tag in tags]

    assert listed(cast.guest) == [cast.url]
    assert listed(cast.stranger) == []
