"""Measure how long pages take while photos are uploaded and searched for faces.

``./run.sh python benchmarks/page_times.py FOLDER`` starts its own server on loopback, uploads
the photos of the folder one after another, requests pages all the while, and prints how long
they took, and the server's peak memory (Linux only). Stops by itself after at most ten minutes.
"""

from __future__ import annotations

import http.cookiejar
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from pathlib import Path

from own_server import OwnServer, memory_mb

PAGES = ("", "/people", "/photos", "/jobs/current")
PAUSE_S = 0.05  # between two pages: a few impatient guests
LONGEST_RUN_S = 600


class Browser:
    """A guest with a cookie."""

    def __init__(self) -> None:
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def get(self, url: str) -> str:
        """Request a page."""
        with self._opener.open(url) as answer:
            return str(answer.read().decode())

    def post(self, url: str, body: bytes = b"", content_type: str = "text/plain") -> None:
        """Send a form."""
        headers = {"Content-Type": content_type, "HX-Request": "true"}
        try:
            self._opener.open(urllib.request.Request(url, body, headers)).close()
        except urllib.error.HTTPError as refusal:
            print(f"refused with {refusal.code}: {url}", file=sys.stderr)

    def upload(self, url: str, photo: Path) -> None:
        """Send one photo."""
        boundary = uuid.uuid4().hex
        head = f'Content-Disposition: form-data; name="photos"; filename="{photo.name}"'
        body = b"\r\n".join(
            [
                f"--{boundary}\r\n{head}\r\n".encode(),
                photo.read_bytes(),
                f"--{boundary}--\r\n".encode(),
            ]
        )
        self.post(url, body, f"multipart/form-data; boundary={boundary}")


def measure(room: str, browser: Browser, photos: list[Path]) -> dict[str, list[float]]:
    """Request pages before, during and after the uploads, until every photo is searched."""
    times: dict[str, list[float]] = {"idle": [], "uploading": [], "searching": []}
    is_uploaded = threading.Event()

    def upload_all() -> None:
        for photo in photos:
            browser.upload(f"{room}/photos", photo)
        is_uploaded.set()

    def ask(phase: str) -> str:
        for page in PAGES:
            start = time.perf_counter()
            text = browser.get(room + page)
            times[phase].append(time.perf_counter() - start)
            time.sleep(PAUSE_S)
        return text

    for _ in range(10):
        ask("idle")
    threading.Thread(target=upload_all, daemon=True).start()
    end = time.monotonic() + LONGEST_RUN_S
    while time.monotonic() < end:
        was_uploaded = is_uploaded.is_set()
        if " found." in ask("searching" if was_uploaded else "uploading") and was_uploaded:
            break
    return times


def main(folder: Path) -> None:
    """Start a server, measure, print."""
    photos = sorted(path for path in folder.rglob("*") if path.is_file())
    with tempfile.TemporaryDirectory() as data:
        server = OwnServer(Path(data))
        room = server.make_room()
        with server:
            browser = Browser()
            browser.post(room["host_url"])
            start = time.perf_counter()
            times = measure(room["guest_url"], browser, photos)
            seconds = time.perf_counter() - start
            peak = memory_mb(server.process.pid, "VmHWM")
    print(f"{len(photos)} files in {seconds:.0f} s")
    for phase, values in times.items():
        values.sort()
        if values:
            median, p95 = values[len(values) // 2], values[int(len(values) * 0.95)]
            print(
                f"{phase:>10}: {len(values)} pages, median {median * 1000:.0f} ms, "
                f"p95 {p95 * 1000:.0f} ms, longest {values[-1] * 1000:.0f} ms"
            )
    if peak:
        print(f"peak memory of the server: {peak:.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
