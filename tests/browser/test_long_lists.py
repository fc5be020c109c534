"""Long lists: only a screenful ahead is loaded, and scrolling loads the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from photoshare import create_app
from photoshare.db import db, upgrade_schema
from photoshare.services.paging import PEOPLE_PAGE_SIZE
from photoshare.services.photos.listing import PAGE_SIZE
from photoshare.services.rooms import rooms
from tests.browser.conftest import QUICK_ENVIRON, QUICK_SERVER
from tests.helpers import insert_person, insert_photos
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = pytest.mark.browser

PHOTOS = 6 * PAGE_SIZE
PEOPLE = PEOPLE_PAGE_SIZE + 3
QUIET_MS = 3000  # the whole room once loaded within five seconds
WINDOWS = [(1280, 800), (390, 844)]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served room of many photos and people, without their files; its address."""
    data: Path = tmp_path_factory.mktemp("many")
    app = create_app({"data": data})
    with app.app_context():
        upgrade_schema()
        new = rooms.create_room("Many")
        room_id, code = new.room.id, new.room.code
    photos = insert_photos(app, room_id, PHOTOS)
    for photo in photos[:PEOPLE]:
        insert_person(app, room_id, [photo])
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    port = free_port()
    with server(data, port, QUICK_SERVER, **QUICK_ENVIRON) as process:
        wait_until_it_serves(process, port)
        yield f"http://127.0.0.1:{port}/rooms/{code}"


@pytest.fixture
def open_room(browser: Browser, room: str) -> Iterator[Callable[[str, tuple[int, int]], Page]]:
    """Open a page of the room as a guest, in a window of this size."""
    contexts = []

    def look(path: str, size: tuple[int, int]) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        contexts.append(context)
        page = context.new_page()
        page.goto(room)
        page.get_by_role("button", name="Join").click()
        page.goto(f"{room}{path}")
        return page

    yield look
    for context in contexts:
        context.close()


def end_of_grid(page: Page) -> float:
    """Return how many screens below the top of the window the loaded photos end."""
    end: float = page.evaluate(
        "document.querySelector('.photo-grid').getBoundingClientRect().bottom / innerHeight"
    )
    return end


@pytest.mark.parametrize("size", WINDOWS)
@pytest.mark.parametrize("path", ["/photos", ""])
def test_without_a_scroll_no_more_is_loaded_than_a_screen_ahead(
    open_room: Callable[[str, tuple[int, int]], Page], path: str, size: tuple[int, int]
) -> None:
    page = open_room(path, size)
    page.wait_for_timeout(QUIET_MS)

    tiles = page.locator(".photo-grid .tile").count()
    without_last_page = end_of_grid(page) * (tiles - PAGE_SIZE) / tiles
    assert tiles < PHOTOS
    # The last page that was loaded was needed: without it there was less than a screen below.
    assert tiles == PAGE_SIZE or without_last_page < 2


@pytest.mark.parametrize("size", WINDOWS)
def test_scrolling_brings_every_photo_once_before_the_end_is_in_sight(
    open_room: Callable[[str, tuple[int, int]], Page], size: tuple[int, int]
) -> None:
    page = open_room("/photos", size)
    tiles = page.locator(".photo-grid .tile")
    expect(tiles.first).to_be_visible()

    while page.locator(".photo-grid > .more").count():
        before = tiles.count()
        page.evaluate(
            "document.querySelector('.photo-grid > .more')"
            ".scrollIntoView({ block: 'start', behavior: 'instant' })"
            " || window.scrollBy(0, -1.8 * innerHeight)"  # the end is still below the window
        )
        expect(tiles).not_to_have_count(before)

    links = page.evaluate("[...document.querySelectorAll('.tile')].map((tile) => tile.href)")
    assert len(links) == len(set(links)) == PHOTOS


@pytest.mark.parametrize("size", WINDOWS)
def test_rows_fill_the_line(
    open_room: Callable[[str, tuple[int, int]], Page], size: tuple[int, int]
) -> None:
    page = open_room("/photos", size)
    grid = page.locator("#photo-grid").bounding_box()

    rows: dict[int, float] = {}
    for cell in page.locator(".photo-page").first.locator(".cell").all():
        box = cell.bounding_box()
        assert box
        rows[round(box["y"])] = box["x"] + box["width"]
    *full, _last = rows.values()

    assert grid
    assert len(full) > 3
    assert all(abs(end - grid["x"] - grid["width"]) < 1 for end in full)


def test_people_come_by_a_button_and_not_by_themselves(
    open_room: Callable[[str, tuple[int, int]], Page],
) -> None:
    page = open_room("/people", WINDOWS[0])
    people = page.locator("#people-grid [data-person]")
    page.mouse.wheel(0, 3000)
    page.wait_for_timeout(QUIET_MS)
    expect(people).to_have_count(PEOPLE_PAGE_SIZE)

    page.locator("#people-grid").get_by_role("link", name="Show more").click()

    expect(people).to_have_count(PEOPLE)
    expect(page.locator("#people-grid").get_by_role("link", name="Show more")).to_have_count(0)
