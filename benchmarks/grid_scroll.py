"""Measure how smoothly a grid of many photos scrolls in Chromium.

``./run.sh python benchmarks/grid_scroll.py PHOTO [COUNT]`` makes a room of COUNT photos (2,000 by
default: copies of one photo, each under a name of its own), starts a server of its own on loopback,
scrolls the whole grid down in steps of a third of a screen, and prints how many photos came, the
long frames, the shift of the layout, and whether any photo came twice. Needs the packages of the
tests (``./run.sh test``) and Debian's Chromium.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from photoshare import images  # noqa: E402
from photoshare.services.pictures import render_eagerly  # noqa: E402

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
LONG_FRAME_MS = 50  # what the Long Tasks API calls long; a screen shows 60 frames a second
WATCH = """() => {
  window.frames_ms = []; window.shift = 0; window.long_tasks = [];
  let last = performance.now();
  const tick = (now) => { frames_ms.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  new PerformanceObserver((list) => list.getEntries().forEach(
    (entry) => { if (!entry.hadRecentInput) shift += entry.value; }
  )).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => list.getEntries().forEach(
    (entry) => long_tasks.push(entry.duration)
  )).observe({ type: "longtask", buffered: true });
}"""


def fill(data: Path, photo: Path, count: int) -> None:
    """Put copies of a photo into the room, with the pictures that an upload makes."""
    decoded = images.decode_upright(photo, at_least_px=640)
    folder = data / "rooms" / "1" / "derived"
    folder.mkdir(parents=True)
    rows = []
    made = render_eagerly(decoded.image)
    for number in range(count):
        sha256 = f"{number:016x}".ljust(64, "0")
        for variant, content in made.items():
            (folder / f"{sha256}-{variant}").write_bytes(content)
        rows.append((1, sha256, f"IMG_{number}.jpg", 1, decoded.width, decoded.height))
    with sqlite3.connect(data / "photoshare.sqlite") as database:
        database.executemany(
            "INSERT INTO photo (room_id, sha256, file_name, image_format, size_bytes, width, "
            "height, created_at, state, attempts, cleaning_rules) VALUES "
            "(?, ?, ?, 'JPEG', ?, ?, ?, '2026-05-01 12:00:00', 'analysed', 1, 1)",
            rows,
        )


def scroll(page: Page, count: int) -> dict[str, float]:
    """Scroll to the end; return the figures."""
    page.evaluate(WATCH)
    steps = 0
    height = page.viewport_size["height"] if page.viewport_size else 800
    waited = 0
    while steps < 20_000:
        page.mouse.wheel(0, height / 3)
        page.wait_for_timeout(30)
        steps += 1
        at_end = page.evaluate("innerHeight + scrollY >= document.body.scrollHeight - 4")
        if at_end and page.locator(".tile").count() >= count:
            break
        waited += at_end
    frames = page.evaluate("frames_ms")
    links = page.evaluate("[...document.querySelectorAll('.tile')].map((tile) => tile.href)")
    return {
        "photos": len(links),
        "different photos": len(set(links)),
        "steps": steps,
        "steps that met the end and had to wait": waited,
        "frames": len(frames),
        "frames over 50 ms": sum(ms > LONG_FRAME_MS for ms in frames),
        "longest frame, ms": round(max(frames)),
        "long tasks of scripts": len(page.evaluate("long_tasks")),
        "layout shift": round(page.evaluate("shift"), 4),
    }


def main(photo: Path, count: int) -> None:
    """Make the room, start the server, scroll at two widths, print."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        environ = {**os.environ, "PHOTOSHARE_DATA": data, "PYTHONPATH": str(ROOT)}
        created = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app", "rooms", "create", "--title", "Grid"],
            env=environ,
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        room = json.loads(created.stdout)["guest_url"].replace(":8000", f":{port}")
        fill(Path(data), photo, count)
        server = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), str(port)], env=environ, stdout=subprocess.PIPE
        )
        try:
            assert server.stdout is not None
            server.stdout.readline()  # it serves
            browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
            for width, height in ((1280, 800), (390, 844)):
                page = browser.new_context(viewport={"width": width, "height": height}).new_page()
                page.goto(room)
                page.get_by_role("button", name="Join").click()
                page.goto(f"{room}/photos")
                print(width, json.dumps(scroll(page, count)), flush=True)
            browser.close()
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000)
