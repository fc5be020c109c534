"""A small party from its first page to the zip, with photos that are in the public domain."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from playwright.sync_api import Page, expect
from skimage import data

pytestmark = pytest.mark.browser

ANALYSIS_MS = 120_000  # upper bound for a few photos on a slow machine


@pytest.fixture(scope="module")
def address(real_address: str) -> str:
    return real_address


@pytest.fixture
def mission_photos(tmp_path: Path) -> list[Path]:
    """An astronaut (NASA) in five photos that differ, and photos of things: all free to show."""
    portrait = Image.fromarray(np.ascontiguousarray(data.astronaut()))
    coffee = Image.fromarray(data.coffee())
    beside_coffee = Image.new("RGB", (512 + 600, 512))
    beside_coffee.paste(portrait, (0, 0))
    beside_coffee.paste(coffee.resize((600, 512)), (512, 0))
    photos = {
        "rocket.jpg": Image.fromarray(data.rocket()),
        "portrait.jpg": portrait,
        "close.jpg": portrait.crop((96, 0, 384, 288)).resize((900, 900)),
        "coffee.jpg": coffee,
        "break.jpg": beside_coffee,
        "evening.jpg": ImageEnhance.Brightness(portrait.crop((40, 0, 440, 420))).enhance(0.7),
        "tilted.jpg": portrait.rotate(8, Image.Resampling.BICUBIC).crop((60, 40, 420, 460)),
        "cat.jpg": Image.fromarray(data.chelsea()),
    }
    for name, photo in photos.items():
        photo.save(tmp_path / name, quality=92)
    return [tmp_path / name for name in photos]


def test_an_album_is_made_named_and_taken_home(
    open_page: Callable[..., Page],
    address: str,
    mission_photos: list[Path],
    take_screenshot: Callable[..., None],
) -> None:
    page = open_page(viewport={"width": 1280, "height": 860})
    page.goto(f"{address}/rooms")
    take_screenshot(page, "start")
    page.get_by_label("Title").fill("Mission party")
    page.get_by_role("button", name="Create the room").click()
    guest_link = page.get_by_label("Guest link").input_value()
    page.get_by_role("link", name="Room", exact=True).click()
    page.locator("input[type=file]").set_input_files(mission_photos)
    expect(page.locator("#job-status")).to_contain_text("1 person found", timeout=ANALYSIS_MS)
    page.reload()
    expect(page.locator(".photo-grid .tile")).to_have_count(len(mission_photos))
    take_screenshot(page, "room")

    page.locator(".people-strip .person").first.click()
    page.get_by_role("heading", name="Who's this?").click()
    page.get_by_label("Name", exact=True).fill("Eileen")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Eileen")
    page.reload()
    expect(page.locator(".tile")).to_have_count(5)
    take_screenshot(page, "album")
    archive = page.request.get(f"{page.url}/album.zip")
    with zipfile.ZipFile(io.BytesIO(archive.body())) as album:
        assert len(album.namelist()) == 5

    page.get_by_role("link", name="Photo with Eileen").first.click()
    expect(page.locator(".faces a")).to_have_count(1)
    take_screenshot(page, "photo")

    phone = open_page(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        has_touch=True,
        is_mobile=True,
        color_scheme="dark",
    )
    phone.goto(guest_link)
    phone.get_by_role("button", name="Join the room").click()
    expect(phone.locator(".photo-grid .tile")).to_have_count(len(mission_photos))
    phone.wait_for_load_state("networkidle")
    take_screenshot(phone, "phone-room")
