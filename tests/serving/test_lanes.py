"""serving.lanes: uploads and checks of secrets have threads of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from photoshare.serving.lanes import FETCHED, SECRETS, UPLOADS, Lanes


@pytest.fixture
def lanes(app: Flask) -> Iterator[Lanes]:
    lanes = Lanes(app, 1, url_prefix="/party")
    yield lanes
    lanes.shutdown(30)


def path_of(rule: str) -> str:
    return "/party" + re.sub(r"<[^>]+>", "7", rule)


def test_every_form_goes_to_the_lane_of_its_view(app: Flask, lanes: Lanes) -> None:
    forms = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    found = {rule.endpoint: lanes._lane("POST", path_of(rule.rule)) for rule in forms}

    assert {name for name, lane in found.items() if lane is lanes._uploads} == set(UPLOADS)
    assert {name for name, lane in found.items() if lane is lanes._secrets} == set(SECRETS)


def test_pages_at_the_same_addresses_wait_for_no_upload_and_no_secret(lanes: Lanes) -> None:
    for path in ("/party/rooms/7/photos", "/party/rooms/7/host/7", "/party/rooms/7/join"):
        assert lanes._lane("GET", path) is lanes._pages


def test_pictures_and_downloads_from_a_bucket_keep_no_page_waiting(app: Flask) -> None:
    lanes = Lanes(app, 1, url_prefix="/party", is_remote=True)
    room = "/party/rooms/7"
    addresses = {
        "photos.picture": f"{room}/photos/7/abc-640.webp",
        "photos.tile": f"{room}/photos/7/abc/tiles/1/0-0.webp",
        "photos.download": f"{room}/photos/7/abc/download",
        "photos.original": f"{room}/photos/7/abc/original",
        "people.face_picture": f"{room}/faces/7.jpg",
        "albums.person_zip": f"{room}/people/7/album.zip",
        "albums.room_zip": f"{room}/photos.zip",
        "shared_album.picture": "/party/shared/abc/photos/7/abc-640.webp",
        "shared_album.download": "/party/shared/abc/photos/7/abc/download",
        "shared_album.album_zip": "/party/shared/abc/album.zip",
        "api.original": "/party/api/v1/photos/7/original",
        "api.person_zip": "/party/api/v1/people/7/zip",
        "api.room_zip": "/party/api/v1/zip",
    }
    try:
        assert addresses.keys() == set(FETCHED)
        assert {lanes._lane("GET", path) for path in addresses.values()} == {lanes._fetched}
        assert lanes._lane("HEAD", addresses["albums.room_zip"]) is lanes._fetched
        assert lanes._lane("GET", f"{room}/photos") is lanes._pages
    finally:
        lanes.shutdown(30)


def test_files_of_this_disk_wait_for_nothing(lanes: Lanes) -> None:
    assert lanes._lane("GET", "/party/rooms/7/photos.zip") is lanes._pages


NOWHERE = ["", "*", "/", "//", "/party", "party", "/\x00", "http://x/rooms", "/rooms/\xff/photos/"]


@pytest.mark.parametrize("path", NOWHERE)
def test_a_form_to_nowhere_is_a_page(lanes: Lanes, path: str) -> None:
    assert lanes._lane("POST", path) is lanes._pages
