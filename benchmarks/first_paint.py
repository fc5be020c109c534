"""Measure how soon a room is visible over a slow connection, and whether the layout shifts.

``./run.sh python benchmarks/first_paint.py PHOTO [COUNT]`` opens the page of a room of COUNT photos
(500 by default) in Chromium at two widths over the "Fast 3G" of Chromium's developer tools, first
without a cache and then as a returning guest, and prints the times of first and largest paint,
the layout shift, and the bytes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from copied_room import SIZES, join, launch, served_room
from playwright.sync_api import Page, sync_playwright

# Chromium's developer tools: 1.6 Mbit/s down, 750 kbit/s up, 150 ms, each with their own factors.
FAST_3G = {
    "offline": False,
    "downloadThroughput": 1.6e6 / 8 * 0.9,
    "uploadThroughput": 750e3 / 8 * 0.9,
    "latency": 150 * 3.75,
}
SETTLED_MS = 6000  # after the page has loaded: late pictures could still shift it
WATCH = """
window.paints = {}; window.shift = 0;
new PerformanceObserver((list) => list.getEntries().forEach(
  (entry) => Object.assign(paints, { largest: entry.startTime, element: entry.element?.tagName })
)).observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => list.getEntries().forEach(
  (entry) => { if (!entry.hadRecentInput) shift += entry.value; }
)).observe({ type: "layout-shift", buffered: true });
"""


def measure(page: Page, room: str, *, is_first: bool) -> dict[str, object]:
    """Open the room over the slow connection; return the figures."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": is_first})
    session.send("Network.emulateNetworkConditions", FAST_3G)
    received = {"bytes": 0}
    session.on(
        "Network.loadingFinished",
        lambda event: received.update(bytes=received["bytes"] + event["encodedDataLength"]),
    )
    page.add_init_script(WATCH)
    page.goto(room)
    page.wait_for_timeout(SETTLED_MS)
    timing = page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    paints = page.evaluate("paints")
    return {
        "first byte, ms": round(timing["responseStart"]),
        "first paint, ms": round(first),
        "largest paint, ms": round(paints["largest"]),
        "of": paints["element"],
        "layout shift": round(page.evaluate("shift"), 4),
        "kB": round(received["bytes"] / 1000),
    }


def main(photo: Path, count: int) -> None:
    """Make the room, measure at two widths, print."""
    with served_room(photo, count) as room, sync_playwright() as playwright:
        browser = launch(playwright)
        for size in SIZES:
            for visit in ("first", "back"):
                figures = measure(join(browser, room, size), room, is_first=visit == "first")
                print(size[0], visit, json.dumps(figures), flush=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 500)
