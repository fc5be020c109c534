"""Coming back from a photo lands where one was, deep in a long list, and loads nothing between."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from photoshare import create_app
from photoshare.db import close_database, upgrade_schema
from photoshare.services.photos.listing import PAGE_SIZE
from photoshare.services.rooms import rooms
from tests.browser.conftest import CHROMIUM_OPTIONS
from tests.helpers import insert_photos
from tests.serving.test_server import free_port, server, wait_until_it_serves

pytestmark = pytest.mark.browser

DAYS, PHOTOS_A_DAY = 6, 2 * PAGE_SIZE + 10
DEPTH = 6  # pages scrolled through
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
QUIET_MS = 800  # in which a page that is wanted arrives
MOST_PX = 2  # a pixel of a row's height may be rounded either way


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served room of several days, without the files of its photos; its address."""
    data: Path = tmp_path_factory.mktemp("deep")
    app = create_app({"data": data})
    with app.app_context():
        upgrade_schema()
        new = rooms.create_room("Deep")
        room_id, code = new.room.id, new.room.code
    for day in range(DAYS):
        taken = datetime(2026, 7, 1, 12) + timedelta(days=day)
        insert_photos(app, room_id, PHOTOS_A_DAY, seed=str(day), captured_at=taken)
    with app.app_context():
        close_database()
    port = free_port()
    with server(data, port) as process:
        wait_until_it_serves(process, port)
        yield f"http://127.0.0.1:{port}/rooms/{code}"


@pytest.fixture(params=["no back/forward cache", "back/forward cache"])
def deep_page(request: pytest.FixtureRequest, browser: Browser, room: str) -> Iterator[Page]:
    """The list of photos on a phone, with the browser's back/forward cache or without."""
    chromium = browser
    if request.param == "back/forward cache":
        chromium = browser.browser_type.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=CHROMIUM_OPTIONS,
            ignore_default_args=["--disable-back-forward-cache"],
        )
    context = chromium.new_context(**PHONE)
    page = context.new_page()
    page.goto(room)
    page.get_by_role("button", name="Join").click()
    page.goto(f"{room}/photos")
    yield page
    context.close()
    if chromium is not browser:
        chromium.close()


def tiles(page: Page) -> int:
    return page.locator(".photo-grid .tile").count()


def scroll_deep(page: Page) -> None:
    while tiles(page) < DEPTH * PAGE_SIZE:
        before = tiles(page)
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        expect(page.locator(".photo-grid .tile")).not_to_have_count(before)
    page.wait_for_timeout(QUIET_MS)
    page.mouse.wheel(0, -2000)
    page.wait_for_timeout(QUIET_MS)


TOPS = """() => [...document.querySelectorAll('.photo-grid .tile')]
    .map((tile) => [tile.id, Math.round(tile.getBoundingClientRect().top)])
    .filter(([, top]) => top > -100 && top < innerHeight)"""


def in_sight(page: Page) -> dict[str, int]:
    """Return the tiles on the screen with their distance from its top."""
    return dict(page.evaluate(TOPS))


def test_coming_back_shows_what_was_there(deep_page: Page) -> None:
    page = deep_page
    scroll_deep(page)
    before = in_sight(page)
    loaded = tiles(page)
    tapped = list(before)[len(before) // 2]

    page.locator(f"#{tapped}").click()
    expect(page.locator(".viewer")).to_be_visible()
    page.go_back()
    expect(page.locator(f"#{tapped}")).to_be_visible()
    page.wait_for_timeout(QUIET_MS)

    after = in_sight(page)
    assert after.keys() == before.keys()
    assert all(abs(after[tile] - before[tile]) <= MOST_PX for tile in before), (before, after)
    assert tiles(page) <= max(3 * PAGE_SIZE, loaded if page.evaluate(WAS_CACHED) else 0)


WAS_CACHED = "performance.getEntriesByType('navigation')[0].type !== 'back_forward'"


def test_scrolling_up_from_there_brings_every_photo_and_moves_nothing(deep_page: Page) -> None:
    page = deep_page
    scroll_deep(page)
    address = page.evaluate("location.href")

    page.goto(address)  # as from a bookmark
    page.wait_for_timeout(QUIET_MS)
    assert tiles(page) <= 3 * PAGE_SIZE
    while page.locator(".photo-grid > .is-before").count():
        before, seen = tiles(page), in_sight(page)
        page.evaluate("window.scrollBy(0, -0.8 * innerHeight)")
        page.wait_for_timeout(QUIET_MS / 2)
        if tiles(page) > before and page.evaluate("scrollY > innerHeight"):
            again = in_sight(page)
            shifts = {again[tile] - seen[tile] for tile in again.keys() & seen.keys()}
            assert len(shifts) <= 1, "the rows in sight were broken anew"

    links = page.evaluate("[...document.querySelectorAll('.tile')].map((tile) => tile.href)")
    assert len(links) == len(set(links)) > DEPTH * PAGE_SIZE - PAGE_SIZE
    newest = page.evaluate("document.querySelector('.moment-head h2').textContent")
    assert newest == "Monday, July 6, 2026"
