"""Serve a room of many copies of one photo on loopback, for the measurements.

Needs the packages of the tests (``./run.sh test``) and Debian's Chromium.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from own_server import ROOT, OwnServer
from playwright.sync_api import Browser, Page, Playwright

sys.path.insert(0, str(ROOT))

from photoshare.pictures.rendering import render_photo

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SIZES = ((1280, 800), (390, 844))  # of the measured windows, in pixels


@contextlib.contextmanager
def served_room(photo: Path, count: int) -> Iterator[str]:
    """Serve a room of copies of a photo, each under its own name; yield its address."""
    with tempfile.TemporaryDirectory() as data:
        server = OwnServer(Path(data))
        room = server.make_room()["guest_url"]
        _fill(Path(data), photo, count)
        with server:
            yield room


def launch(playwright: Playwright) -> Browser:
    """Start Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    return playwright.chromium.launch(executable_path=chromium, args=OPTIONS)


def join(browser: Browser, room: str, size: tuple[int, int]) -> Page:
    """Join a room as a guest in a window of this size."""
    width, height = size
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    page.goto(room)
    page.get_by_role("button", name="Join").click()
    return page


def _fill(data: Path, photo: Path, count: int) -> None:
    """Add copies of a photo to the room, with the pictures that an upload makes."""
    rendered = render_photo(photo, max_megapixels=100)
    folder = data / "rooms" / "1" / "derived"
    folder.mkdir(parents=True)
    rows = []
    for number in range(count):
        sha256 = f"{number:016x}".ljust(64, "0")
        for variant, content in rendered.derived.items():
            (folder / f"{sha256}-{variant}").write_bytes(content)
        size = (rendered.width, rendered.height)
        rows.append((1, sha256, f"IMG_{number}.jpg", 1, *size, rendered.placeholder))
    with sqlite3.connect(data / "photoshare.sqlite") as database:
        database.executemany(
            "INSERT INTO photo (room_id, sha256, file_name, image_format, size_bytes, width, "
            "height, placeholder, created_at, state, attempts, cleaning_rules) VALUES "
            "(?, ?, ?, 'JPEG', ?, ?, ?, ?, '2026-05-01 12:00:00.000000', 'analysed', 1, 1)",
            rows,
        )
