"""Make the picture strip of the README: a drawn party in a real room, seen on phones.

    ./run.sh python scripts/readme/pictures.py

Draws the photos (scenes.py), fills a room with them by the command line, serves it on a free port of
this machine, and takes pictures of its pages in Chromium. Only the search for faces is made up, since
drawn faces are none: an engine that knows where everybody stands. Needs the packages of the tests.
"""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask
from people import CAST
from PIL import ExifTags, Image, ImageDraw, ImageFilter
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from scenes import SCENES, Scene
from werkzeug.serving import make_server

from photoshare import create_app
from photoshare.faces.types import AnalysedFace, Doubt

STRIP = Path(__file__).resolve().parents[2] / "docs" / "screenshots" / "strip.webp"
PHONE: ViewportSize = {"width": 390, "height": 760}
SHOWN_PX = 520  # width of a phone in the strip; the README shows the strip at about half of that
GAP_PX = 64
TITLE = "Maya turns 30"


class Onlooker:
    """A face engine that knows the party: it tells a photo by its width, and a guest by name."""

    name = "onlooker"
    photos_at_once = 1
    encoding_size = len(CAST)
    eps = 0.3
    doubt = Doubt()
    smallest_face_percent = 1.0

    def warm_up(self) -> None:
        """Nothing to load."""

    def find_faces(self, photo: Any, _smallest_face_percent: float) -> list[AnalysedFace]:
        """Look up who stands where; no two faces of a guest are quite alike."""
        number = photo.size[0] % 100
        random = np.random.default_rng(number)
        found = []
        for guest in SCENES[number].guests:
            encoding = np.eye(len(CAST), dtype=np.float32)[list(CAST).index(guest.name)]
            encoding += random.normal(0, 0.01, len(CAST)).astype(np.float32)
            found.append(AnalysedFace(guest.face_box, 1.0, encoding))
        return found


def draw_photos(browser: Browser, folder: Path) -> None:
    """Write every scene as a photo with its time; the width ends with the number of the scene."""
    page = browser.new_page()
    for number, scene in enumerate(SCENES):
        width, height = scene.size
        page.set_viewport_size({"width": width + number, "height": height})
        page.set_content(f'<body style="margin:0;background:#4b2f4f">{scene.svg()}')
        exif = Image.Exif()
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = scene.taken
        photo = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        photo.save(folder / file_name(scene), quality=92, exif=exif)
    page.close()


def file_name(scene: Scene) -> str:
    """Name the photo of a scene."""
    return f"{scene.name.replace(' ', '-')}.jpg"


def names() -> list[dict[str, object]]:
    """List the corrections that give everybody their name, each by one of their faces."""
    corrections: dict[str, dict[str, object]] = {}
    for scene in SCENES:
        for guest in scene.guests:
            top, right, bottom, left = guest.face_box
            face = {
                "file": file_name(scene),
                "top": top,
                "right": right,
                "bottom": bottom,
                "left": left,
            }
            corrections[guest.name] = {"correction": "name", "person": face, "name": guest.name}
    return list(corrections.values())


def run(app: Flask, *arguments: str) -> Any:
    """Run a command of the command line; return what its JSON says."""
    result = app.test_cli_runner().invoke(args=arguments)
    if result.exit_code:
        raise SystemExit(f"{arguments}: {result.output} {result.exception}")
    return json.loads(result.stdout)


@contextmanager
def party(photos: Path, data: Path) -> Iterator[str]:
    """Serve a room with these photos, in which everybody has a name; yield its address."""

    def make_app() -> Flask:
        options = {"data": data, "min_free_mb": 0}
        return create_app(options, make_engine=lambda _settings: Onlooker())

    commands = make_app()
    room = run(commands, "rooms", "create", "--title", TITLE)
    run(commands, "rooms", "import", room["code"], str(photos), "--wait")
    (data / "names.json").write_text(json.dumps(names()))
    run(commands, "rooms", "correct", room["code"], str(data / "names.json"))
    app = make_app()  # the job thread of the first one ended with its import
    jobs = app.extensions["photoshare"].jobs
    jobs.start()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/rooms/{room['code']}"
    jobs.stop()
    server.shutdown()
    thread.join()


def take_pictures(browser: Browser, room: str) -> list[Image.Image]:
    """Visit the room as a guest on a phone: the room, one's own album, a photo with its faces."""

    def shown(page: Page, prepare: Callable[[Page], None] | None = None) -> Image.Image:
        page.wait_for_load_state("networkidle")
        if prepare:
            prepare(page)
        page.wait_for_timeout(700)  # until pictures and toasts have come to rest
        return Image.open(io.BytesIO(page.screenshot())).convert("RGB")

    context = browser.new_context(
        viewport=PHONE,
        device_scale_factor=2,
        has_touch=True,
        is_mobile=True,
        locale="en-GB",
        color_scheme="light",
    )
    page = context.new_page()
    page.goto(room)
    page.get_by_label("Your name").fill("Maya")
    page.get_by_role("button", name="Join the room").click()
    page.goto(room)
    page.get_by_text("Finding people").wait_for(state="hidden")
    pictures = [shown(page)]
    page.goto(f"{room}/people")
    page.locator(".people-grid .person", has_text="Maya").first.click()
    pictures.append(shown(page))
    page.goto(f"{room}/photos")
    page.locator(".photo-grid a", has=page.locator('img[alt*="Ruth"][alt*="Kofi"]')).first.click(
        timeout=5000
    )
    pictures.append(shown(page, lambda page: page.locator("[data-faces]").click()))
    context.close()
    return pictures


def compose(pictures: list[Image.Image]) -> Image.Image:
    """Put the screens side by side, with round corners and a soft shadow."""
    height = SHOWN_PX * PHONE["height"] // PHONE["width"]
    size = (GAP_PX + len(pictures) * (SHOWN_PX + GAP_PX), height + 2 * GAP_PX)
    strip = Image.linear_gradient("L").resize(size)
    strip = Image.composite(
        Image.new("RGB", size, "#e9c9d8"), Image.new("RGB", size, "#fbe3cf"), strip
    )
    shadow = Image.new("L", size)
    corners = Image.new("L", (SHOWN_PX * 2, height * 2))
    ImageDraw.Draw(corners).rounded_rectangle(
        (0, 0, SHOWN_PX * 2 - 1, height * 2 - 1), 88, fill=255
    )
    corners = corners.resize((SHOWN_PX, height), Image.Resampling.LANCZOS)
    places = [GAP_PX + number * (SHOWN_PX + GAP_PX) for number in range(len(pictures))]
    for left in places:
        shadow.paste(110, (left, GAP_PX + 14), corners)
    strip.paste(
        Image.new("RGB", size, "#4a2440"), (0, 0), shadow.filter(ImageFilter.GaussianBlur(22))
    )
    for left, picture in zip(places, pictures, strict=True):
        strip.paste(
            picture.resize((SHOWN_PX, height), Image.Resampling.LANCZOS), (left, GAP_PX), corners
        )
    return strip


def main() -> None:
    """Draw the party, visit it, and write the strip."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        photos, data = Path(folder, "photos"), Path(folder, "data")
        photos.mkdir()
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        draw_photos(browser, photos)
        with party(photos, data) as room:
            pictures = take_pictures(browser, room)
        browser.close()
        compose(pictures).save(STRIP, quality=86, method=6)


if __name__ == "__main__":
    main()
