"""Coming back from a photo lands where one was, deep in a long list, and loads nothing between."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from photoshare import create_app
from photoshare.db import close_database, upgrade_schema
from photoshare.services.photos.listing import PAGE_SIZE
from photoshare.services.rooms import rooms
from tests.browser.conftest import CHROMIUM_NAMES, CHROMIUM_OPTIONS
from tests.helpers import insert_photos
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = pytest.mark.browser

DAYS, PHOTOS_A_DAY = 5, 2 * PAGE_SIZE + 10
DEPTH = 5  # pages scrolled through
STEPS = 40  # of a screen and a bit; more than all pages have
PATIENCE_MS = 30_000  # a busy machine takes seconds for a page
MOST_PX = 2  # the height of a row is rounded either way
WAS_CACHED = "addEventListener('pageshow', (event) => { window.wasCached = event.persisted; })"
CELLS = """() => Object.fromEntries([...document.querySelectorAll('.photo-grid .cell')]
    .map((cell) => [cell.querySelector('.tile').id, cell.getBoundingClientRect()])
    .filter(([, box]) => box.bottom > 60 && box.top < innerHeight)
    .map(([id, box]) => [id, Math.round(box.top)]))"""


class _Storable(BaseHTTPRequestHandler):
    """Pass requests on, and let the browser keep pages: Chromium's cache leaves "no-store" out."""

    protocol_version = "HTTP/1.1"
    port: int

    def do_GET(self) -> None:
        """Pass a request on."""
        self._pass_on(None)

    def do_POST(self) -> None:
        """Pass a form on."""
        self._pass_on(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _pass_on(self, body: bytes | None) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        headers = {name: text for name, text in self.headers.items() if name != "Connection"}
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        self.send_response(answer.status)
        for name, text in answer.getheaders():
            if name not in ("Connection", "Content-Length", "Date", "Server"):
                self.send_header(name, text.replace("no-store", "max-age=0"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_details: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int, str]]:
    """A served room of several days, without files: ports without and with the cache, its path."""
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
        handler = type("Storable", (_Storable,), {"port": port})
        proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield port, proxy.server_address[1], f"/rooms/{code}"
        proxy.shutdown()
        proxy.server_close()


@pytest.fixture
def open_list(browser: Browser, ports: tuple[int, int, str]) -> Iterator[Callable[[bool], Page]]:
    """Open the list of photos on a phone whose browser keeps pages for going back, or does not."""
    opened = []

    def open_list(is_cached: bool) -> Page:
        chromium = browser.browser_type.launch(
            # Only Chromium with a window keeps pages.
            executable_path=next(filter(None, map(shutil.which, CHROMIUM_NAMES[is_cached:])), None),
            args=CHROMIUM_OPTIONS,
            ignore_default_args=["--disable-back-forward-cache"] if is_cached else None,
        )
        opened.append(chromium)
        context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
        context.add_init_script(WAS_CACHED)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        room = f"http://127.0.0.1:{ports[is_cached]}{ports[2]}"
        page.goto(room)
        page.get_by_role("button", name="Join").click()
        page.goto(f"{room}/photos")
        return page

    yield open_list
    for chromium in opened:
        chromium.close()


def tiles(page: Page) -> int:
    return page.locator(".photo-grid .tile").count()


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    for _ in range(PATIENCE_MS // 100):
        if is_so():
            return
        page.wait_for_timeout(100)
    pytest.fail("it took too long")


def in_sight(page: Page) -> dict[str, int]:
    """Return the tiles on the screen with their distance from its top."""
    return dict(page.evaluate(CELLS))


def scroll_deep(page: Page) -> None:
    """Scroll down through pages and up by some screens, until the address says where that is."""
    while (before := tiles(page)) < DEPTH * PAGE_SIZE:
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        wait_until(page, lambda: tiles(page) > before)  # called at once
    page.evaluate("window.scrollBy(0, -2 * innerHeight)")
    first = page.evaluate(
        "() => [...document.querySelectorAll('.cell')].find((cell) =>"
        " cell.getBoundingClientRect().bottom > document.querySelector('.site-header')"
        ".getBoundingClientRect().bottom).dataset.at"
    )
    wait_until(page, lambda: f"at={first}" in page.url)


@pytest.mark.parametrize("is_cached", [False, True], ids=["anew", "from the browser's cache"])
def test_coming_back_shows_what_was_there(
    open_list: Callable[[bool], Page], is_cached: bool
) -> None:
    page = open_list(is_cached)
    scroll_deep(page)
    before, loaded = in_sight(page), tiles(page)
    tapped = page.locator(f"#{list(before)[len(before) // 2]}")

    tapped.click()
    expect(page.locator(".viewer")).to_be_visible(timeout=PATIENCE_MS)
    page.evaluate("history.back()")
    expect(tapped).to_be_visible(timeout=PATIENCE_MS)
    wait_until(page, lambda: in_sight(page).keys() == before.keys())

    after = in_sight(page)
    assert all(abs(after[tile] - before[tile]) <= MOST_PX for tile in before), (before, after)
    assert page.evaluate("window.wasCached") == is_cached
    assert tiles(page) == loaded if is_cached else tiles(page) <= 3 * PAGE_SIZE


def test_scrolling_up_from_there_brings_every_photo_and_moves_nothing(
    open_list: Callable[[bool], Page],
) -> None:
    page = open_list(False)
    scroll_deep(page)

    page.goto(page.url)  # as from a bookmark
    above = page.locator(".photo-grid > .is-before")
    assert tiles(page) <= 3 * PAGE_SIZE
    for _ in range(STEPS):
        if not above.count():
            break
        wait_until(page, lambda: not page.locator(".htmx-request").count())
        seen = in_sight(page)
        page.evaluate("window.scrollBy(0, -1.2 * innerHeight)")
        page.wait_for_timeout(500)
        # At the top, no step is left but to wait for the photos above.
        wait_until(page, lambda: not above.count() or page.evaluate("scrollY") > 0)
        seen_again = in_sight(page)
        shifts = {seen_again[tile] - seen[tile] for tile in seen_again.keys() & seen.keys()}
        assert max(shifts, default=0) - min(shifts, default=0) <= MOST_PX, "rows broke anew"

    assert not above.count()
    links = page.evaluate("[...document.querySelectorAll('.tile')].map((tile) => tile.href)")
    assert len(links) == len(set(links)) > (DEPTH - 2) * PAGE_SIZE
    first = page.evaluate("document.querySelector('.moment-head h2').textContent")
    assert first == "Sunday, July 5, 2026"


def test_the_photos_above_come_where_scripts_arrive_late(
    open_list: Callable[[bool], Page],
) -> None:
    def late(route: Route) -> None:
        sleep(2)
        route.continue_()

    page = open_list(False)
    scroll_deep(page)
    # htmx waits for every script; timeline.js has seen long before what is near.
    page.route("**/select-photos*", late)

    page.goto(page.url)

    wait_until(page, lambda: tiles(page) > PAGE_SIZE)
