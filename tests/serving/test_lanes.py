"""serving.lanes: uploads and checks of secrets have threads of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from photoshare.serving.lanes import SECRETS, UPLOADS, Lanes


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


NOWHERE = ["", "*", "/", "//", "/party", "party", "/\x00", "http://x/rooms", "/rooms/\xff/photos/"]


@pytest.mark.parametrize("path", NOWHERE)
def test_a_form_to_nowhere_is_a_page(lanes: Lanes, path: str) -> None:
    assert lanes._lane("POST", path) is lanes._pages
