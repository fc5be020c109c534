"""Measure how smoothly a grid of many photos scrolls in Chromium.

``./run.sh python benchmarks/grid_scroll.py PHOTO [COUNT]`` makes a room of COUNT photos (2,000 by
default), scrolls the whole grid down in steps of a third of a screen, and prints how many photos
were loaded, the long frames, the layout shift, and whether any photo appeared twice.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from copied_room import SIZES, join, launch, served_room
from playwright.sync_api import Page, sync_playwright

LONG_FRAME_MS = 50  # the Long Tasks API's definition; a screen shows 60 frames a second
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
    """Make the room, scroll at two widths, print."""
    with served_room(photo, count) as room, sync_playwright() as playwright:
        browser = launch(playwright)
        for size in SIZES:
            page = join(browser, room, size)
            page.goto(f"{room}/photos")
            print(size[0], json.dumps(scroll(page, count)), flush=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000)
