"""Fixtures: what users do in several steps, on phone, tablet and desktop.

TEST_SCREENSHOTS=1 saves pictures in artefacts/flows/<width>/<flow>-<step>.png, and with
TEST_COLOR_SCHEME=dark those of the dark scheme.
"""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import APIRequestContext, Download, FilePayload, Locator, Page

from tests.browser.conftest import save_screenshot
from tests.browser.drawing import draw_shot
from tests.browser.flows.serve import LIKE_RED
from tests.fakes import BLUE, GREEN, RED

SOON_MS = 30_000  # upper bound for a few drawn photos on a slow machine
PHONE, TABLET, DESKTOP = 390, 768, 1280
SIZES = {PHONE: 844, TABLET: 1024, DESKTOP: 800}  # width and height in pixels
# For flows over what styles show otherwise on a tablet than on a desktop: the frame of a page in
# `test_navigation`, a photo and its faces. The others only look whether each step fits a tablet.
ALL_SIZES = pytest.mark.parametrize("flow", SIZES, indirect=True)
SCHEME = os.environ.get("TEST_COLOR_SCHEME", "light")
# Who is in each photo: three people, and one who may be the first.
SHOTS = {
    "cake.jpg": (RED,),
    "dance.jpg": (RED, GREEN),
    "garden.jpg": (RED,),
    "hall.jpg": (),
    "lake.jpg": (GREEN, BLUE),
    "night.jpg": (LIKE_RED,),
    "song.jpg": (BLUE,),
    "toast.jpg": (LIKE_RED,),
}
FOUND = "9 faces in 8 photos, 4 people found."
# Only what the window shows: other pictures load when they are scrolled to.
SHOWN = """[...document.images].filter(image => {
    const box = image.getBoundingClientRect();
    return box.top <= innerHeight && box.bottom >= 0;
})"""
PICTURES_ARE_THERE = f"() => {SHOWN}.every(image => image.complete)"
DECODE_PICTURES = (
    f"() => Promise.all({SHOWN}.map(image => image.decode()))"  # fails for a broken one
)
REPORT_VIOLATIONS = """document.addEventListener("securitypolicyviolation", event => {
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
});"""


@dataclass
class Party:
    """A room, and the browser of its host."""

    url: str
    host: Page


class Flow:
    """One flow at one width, with watched pages."""

    def __init__(self, name: str, width: int, address: str, open_page: Callable[..., Page]) -> None:
        self.address = address
        self.width = width
        self.is_touch = width == PHONE
        self._name = name
        self._open = open_page
        self._problems: list[str] = []

    def open(self, **options: object) -> Page:
        """Open a page in its own browser; `open_page` collects its console messages."""
        page = self._open(
            viewport={"width": self.width, "height": SIZES[self.width]},
            has_touch=self.is_touch,
            is_mobile=self.is_touch,
            color_scheme=SCHEME,
            **options,
        )
        return watch(page, self._problems)

    def press(self, place: Locator) -> None:
        """Tap or click."""
        if self.is_touch:
            place.tap()
        else:
            place.click()

    def step(self, page: Page, name: str) -> None:
        """Nothing may be wrong or wider than the screen."""
        page.wait_for_function(PICTURES_ARE_THERE, timeout=SOON_MS)
        page.evaluate(DECODE_PICTURES)
        self._look(page, self.width, name)
        if self.width == DESKTOP:
            page.set_viewport_size({"width": TABLET, "height": SIZES[TABLET]})
            self._look(page, TABLET, name)
            page.set_viewport_size({"width": DESKTOP, "height": SIZES[DESKTOP]})
        assert self._problems == [], name

    def _look(self, page: Page, width: int, name: str) -> None:
        folder = f"{width}" if SCHEME == "light" else f"{width}-dark"
        save_screenshot(page, f"flows/{folder}/{self._name}-{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)

    def begin(self, *, title: str = "Garden party") -> Party:
        """Create a room; its host is on the share page."""
        host = self.open()
        answer = self.post(host.request, f"{self.address}/rooms", title=title, name="Hanna")
        host.goto(answer)
        return Party(host.get_by_label("Guest link").input_value(), host)

    def join(self, party: Party, name: str = "Gustav", **options: object) -> Page:
        """Let a guest in; the page shows the room."""
        page = self.open(**options)
        self.post(page.request, f"{party.url}/join", name=name)
        page.goto(party.url)
        return page

    def post(self, request: APIRequestContext, url: str, **form: str | float | bool) -> str:
        """Send a form without a page; return the address it leads to."""
        answer = request.post(url, form=form, headers={"Origin": self.address})
        assert answer.ok, answer.text()
        return answer.url

    def add(self, page: Page, url: str, photos: list[Path]) -> None:
        """Add photos without the page; wait until the face search is done."""
        for photo in photos:
            file: FilePayload = {
                "name": photo.name,
                "mimeType": "image/jpeg",
                "buffer": photo.read_bytes(),
            }
            answer = page.request.post(
                f"{url}/photos", multipart={"photos": file}, headers={"Origin": self.address}
            )
            assert answer.ok, answer.text()
        deadline = time.monotonic() + SOON_MS / 1000
        while "found." not in page.request.get(f"{url}/jobs/current").text():
            assert time.monotonic() < deadline, "the search does not end"
            time.sleep(0.05)
        page.goto(url)


def watch(page: Page, problems: list[str]) -> Page:
    """Record every error answer; let policy violations reach the console."""
    page.add_init_script(REPORT_VIOLATIONS)
    page.on(
        "response",
        lambda answer: (
            problems.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
        ),
    )
    return page


def content_of(download: Download, folder: Path) -> dict[str, bytes]:
    """Read a zip saved by a browser: its files by name."""
    path = folder / "saved.zip"
    download.save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("shots")
    for seed, (name, colours) in enumerate(SHOTS.items()):
        (folder / name).write_bytes(draw_shot(colours, seed))
    return sorted(folder.iterdir())


@pytest.fixture(params=(PHONE, DESKTOP))
def flow(request: pytest.FixtureRequest, address: str, open_page: Callable[..., Page]) -> Flow:
    """The flow that a test is named after, on a phone and on a desktop."""
    name = request.function.__name__.removeprefix("test_").replace("_", "-")
    return Flow(name, request.param, address, open_page)
