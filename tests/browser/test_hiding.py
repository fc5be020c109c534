"""A guest on a phone hides themselves; another phone no longer shows them, and the host is told."""

from __future__ import annotations

import io
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import (
    ALL_FOUND,
    ANALYSIS_MS,
    QUICK_ENVIRON,
    QUICK_SERVER,
)
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = [pytest.mark.browser, pytest.mark.sqlite]

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, empty_data: Path) -> Path:
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(empty_data, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def address(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    hold = tmp_path_factory.mktemp("hold") / "held"
    port = free_port()
    with server(data, port, QUICK_SERVER, HOLD=str(hold), **QUICK_ENVIRON) as process:
        wait_until_it_serves(process, port)
        yield f"http://127.0.0.1:{port}"


def let_cover(data: Path) -> None:
    """Let the room cover faces, as its host may."""
    with sqlite3.connect(data / "photoshare.sqlite") as connection:
        connection.execute("UPDATE room SET covers_faces = 1")
    connection.close()


def has_red(page: Page, selector: str) -> bool:
    """Whether a picture on the page shows a red face with its white eyes."""
    shown = "async image => { await image.decode(); return image.currentSrc; }"
    source = page.locator(selector).first.evaluate(shown)
    content = page.request.get(source).body()
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    width, height = picture.size
    row = [picture.getpixel((x, round(height * 232 / 600))) for x in range(width)]
    return any(min(pixel) > 225 for pixel in row if isinstance(pixel, tuple))


def test_who_hides_is_seen_by_nobody_else(
    browser: Browser,
    address: str,
    data: Path,
    event_photos: list[Path],
    open_page: Callable[..., Page],
    take_screenshot: Callable[[Page, str], None],
) -> None:
    host = browser.new_page()
    host.goto(f"{address}/rooms")
    host.get_by_label("Title").fill("Hide and seek")
    host.get_by_role("button", name="Create the room").click()
    url = host.get_by_label("Guest link").input_value()
    host.goto(url)
    host.locator("input[type=file]").set_input_files(event_photos)
    expect(host.locator("#job-status")).to_contain_text(ALL_FOUND, timeout=ANALYSIS_MS)
    let_cover(data)
    guest, other = (open_page(viewport=PHONE) for _ in range(2))
    for page in (guest, other):
        page.goto(url)
        page.get_by_role("button", name="Join the room").click()
    other.goto(f"{url}/people")
    expect(other.locator("a.person[data-person]")).to_have_count(2)
    guest.goto(f"{url}/me")
    guest.get_by_role("button", name="This is me").first.click()  # in most photos: red
    expect(guest.get_by_text("This is you.")).to_be_visible()
    album = guest.url
    other.goto(album)
    other.locator(".photo-grid a").first.click()
    assert has_red(other, ".photo-frame img")
    photo = other.url.partition("?")[0]

    wall = browser.new_page()
    wall.goto(url)
    wall.get_by_role("button", name="Join the room").click()
    wall.goto(f"{url}/wall")
    picture = wall.locator(".wall-photo.is-shown .wall-picture").first
    expect(picture).to_have_attribute("src", re.compile(r"-2000\.jpg$"))

    guest.goto(f"{url}/me")
    guest.get_by_role("link", name="Hide me…").click()
    take_screenshot(guest, "hide-me")
    guest.get_by_role("button", name="Hide me").click()

    expect(guest.get_by_role("heading", name="You're hidden")).to_be_visible()
    take_screenshot(guest, "hidden")
    assert guest.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    expect(picture).to_have_attribute("src", re.compile(r"\?c=1-all$"))
    wall.context.close()
    other.goto(f"{url}/people")
    expect(other.locator("a.person[data-person]")).to_have_count(1)
    answer = other.request.get(album)
    assert answer.status == 404
    other.goto(photo)
    assert not has_red(other, ".photo-frame img")
    take_screenshot(other, "covered")
    guest.goto(photo)
    assert has_red(guest, ".photo-frame img")
    host.goto(f"{url}/people/hidden")
    expect(host.get_by_text("They asked not to be shown.")).to_be_visible()
    host.context.close()
