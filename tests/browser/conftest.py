"""A real server with the real engine, and a real Chromium in front of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import ROOT
from tests.serving.test_server import free_port, server, wait_until_it_serves

ARTEFACTS = ROOT / "artefacts"
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
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running server, one per test file: a server allows 20 new rooms an hour."""
    port = free_port()
    with server(tmp_path_factory.mktemp("served"), port) as process:
        wait_until_it_serves(process, port)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Open pages in separate contexts; fail on script errors and on requests to other hosts."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_page(**options: object) -> Page:
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
def event_photos(
    face_pictures: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """Photos of an event: single people and two together."""
    folder = tmp_path_factory.mktemp("event")
    first, second = (
        Image.open(face_pictures[n]).convert("RGB") for n in ("obama2.jpg", "biden.jpg")
    )
    height = 700
    both = [
        image.resize((image.width * height // image.height, height)) for image in (first, second)
    ]
    together = Image.new("RGB", (sum(image.width for image in both), height))
    together.paste(both[0], (0, 0))
    together.paste(both[1], (both[0].width, 0))
    together.save(folder / "together.jpg")
    for name in ("obama.jpg", "obama2.jpg", "biden.jpg"):
        shutil.copy(face_pictures[name], folder / name)
    Image.effect_noise((900, 600), 30).convert("RGB").save(folder / "sea.png")
    return sorted(folder.iterdir())


@pytest.fixture
def take_screenshot() -> Callable[..., None]:
    """Keep a picture of a page in artefacts/."""

    def take(page: Page, name: str) -> None:
        ARTEFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTEFACTS / f"{name}.png")

    return take
