"""A real server, and a real Chromium in front of it.

Faces are drawn and found by a quick engine; a test of real ones asks for ``real_address``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.drawing import draw_shot
from tests.conftest import ROOT
from tests.fakes import BLUE, RED
from tests.servers import free_port, server, wait_until_it_serves

expect.set_options(timeout=20_000)  # ms; on busy processors five seconds are not enough

ARTEFACTS = ROOT / "artefacts"
QUICK_SERVER = ("-m", "tests.browser.flows.serve")
QUICK_ENVIRON = {"PYTHONPATH": str(ROOT)}
# Who is in each photo.
EVENT = {
    "biden.jpg": (BLUE,),
    "obama.jpg": (RED,),
    "obama2.jpg": (RED,),
    "sea.jpg": (),
    "together.jpg": (RED, BLUE),
}
# What the status says once all of them have been searched; "2 people found" comes before that.
ALL_FOUND = "5 faces in 5 photos, 2 people found"
ANALYSIS_MS = 120_000  # upper bound for five photos on a slow machine
# The first is Chromium without the window around the page, which takes half of the processor time.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
# Chromium's own requests to its makers' servers are switched off; as root it needs --no-sandbox.
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        if os.environ.get("TEST_BROWSER") == "required":
            pytest.fail("Chromium is required here, but not installed")
        pytest.skip("Chromium is not installed (Debian: apt install chromium-headless-shell)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def hold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """While this file exists, no photo is searched."""
    return tmp_path_factory.mktemp("hold") / "held"


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory, hold: Path, empty_data: Path
) -> Iterator[str]:
    """Address of a running server, one per test file: a server allows 20 new rooms an hour."""
    port = free_port()
    data = tmp_path_factory.mktemp("served")
    shutil.copytree(empty_data, data, dirs_exist_ok=True)
    with server(data, port, QUICK_SERVER, HOLD=str(hold), **QUICK_ENVIRON) as process:
        wait_until_it_serves(process, port)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def real_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running server with the engine that guests get."""
    port = free_port()
    with server(tmp_path_factory.mktemp("served"), port) as process:
        wait_until_it_serves(process, port)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Open pages in separate contexts; fail on script errors and on requests to other hosts."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
        page.on(
            "console",
            lambda message: (
                problems.append(message.text)
                if message.type == "error"
                and "status of 4" not in message.text  # refused on purpose
                and "status of 502" not in message.text  # a test's own
                and "Status Error Code 404" not in message.text  # htmx's message for the same
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                problems.append(f"request to {request.url}")
                if not request.url.startswith((address, "data:", "blob:"))
                else None
            ),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(scope="session")
def event_photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Drawn photos of an event: single people and two together."""
    folder = tmp_path_factory.mktemp("event")
    for seed, (name, colours) in enumerate(EVENT.items()):
        (folder / name).write_bytes(draw_shot(colours, seed))
    return sorted(folder.iterdir())


def save_screenshot(page: Page, name: str) -> None:
    """Keep a picture of a page in artefacts/, if TEST_SCREENSHOTS asks for pictures."""
    if os.environ.get("TEST_SCREENSHOTS"):
        # Hiding the caret would leave an empty style on the fields, which htmx then may not copy.
        path = ARTEFACTS / f"{name}.png"
        page.screenshot(path=path, animations="disabled", caret="initial")


@pytest.fixture
def take_screenshot() -> Callable[[Page, str], None]:
    return save_screenshot


def make_searched_room(browser: Browser, address: str, photos: list[Path], title: str) -> str:
    """Make a room with these photos, all of them searched; return its guest link."""
    page = browser.new_page()
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Create the room").click()
    url = page.get_by_label("Guest link").input_value()
    page.goto(url)
    page.locator("input[type=file]").set_input_files(photos)
    expect(page.locator("#job-status")).to_contain_text(ALL_FOUND, timeout=ANALYSIS_MS)
    page.context.close()
    return url
