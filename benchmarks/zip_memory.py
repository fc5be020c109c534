"""Measure the zip of a large room: memory, speed, and the time to resume in its middle.

``./run.sh python benchmarks/zip_memory.py [GB]`` makes a room of sparse photos of 4 MB (20 GB of
them by default, which take no space on the disk), starts its own server on loopback, downloads
the zip, discards it, and prints the figures (Linux only). ``--save FILE`` keeps the zip.
``--stalled N`` instead measures the memory of N downloads that begin but are not read: of the whole
room, then of N different selections of its photos, then after they were abandoned.
"""

from __future__ import annotations

import argparse
import contextlib
import http.cookiejar
import os
import sqlite3
import sys
import tempfile
import time
import urllib.request
import zlib
from pathlib import Path

from own_server import ROOT, OwnServer, memory_mb

sys.path.insert(0, str(ROOT))

from photoshare.metadata.clean import CLEANING_RULES

PHOTO_BYTES = 4_000_000
GB = 1_000_000_000
BLOCK = 1 << 20
SELECTED = 4000  # photos in a selection
GIVEN_BACK_S = 3  # after this, the server has noticed that its readers are gone


def fill(data: Path, room_id: int, count: int) -> None:
    """Add sparse originals and their rows to a room, measured and analysed."""
    folder = data / "rooms" / str(room_id) / "originals"
    folder.mkdir(parents=True)
    checksum = zlib.crc32(bytes(PHOTO_BYTES))
    rows = []
    for number in range(count):
        sha256 = f"{number:064x}"
        with (folder / sha256).open("wb") as file:
            file.truncate(PHOTO_BYTES)
        facts = (PHOTO_BYTES, checksum, checksum, PHOTO_BYTES, CLEANING_RULES)
        rows.append((room_id, sha256, f"IMG_{number}.jpg", *facts))
    with sqlite3.connect(data / "photoshare.sqlite") as database:
        database.executemany(
            "INSERT INTO photo (room_id, sha256, file_name, image_format, size_bytes, crc32, "
            "clean_crc32, clean_bytes, cleaning_rules, width, height, created_at, state, attempts) "
            "VALUES (?, ?, ?, 'JPEG', ?, ?, ?, ?, ?, 4000, 3000, '2026-05-01 12:00:00.000000', "
            "'analysed', 1)",
            rows,
        )


def download(
    opener: urllib.request.OpenerDirector, url: str, start: int, save: Path | None
) -> tuple[int, int, float, float]:
    """Read a zip from `start` on; return its size, the bytes read, seconds to the first and all."""
    begun = time.perf_counter()
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    with opener.open(request) as answer, (save or Path(os.devnull)).open("wb") as target:
        size = int(answer.headers["Content-Length"])
        first, read = 0.0, 0
        while block := answer.read(BLOCK):
            first = first or time.perf_counter() - begun
            read += len(block)
            target.write(block)
    return size, read, first, time.perf_counter() - begun


def stall(opener: urllib.request.OpenerDirector, urls: list[str]) -> contextlib.ExitStack:
    """Begin downloads, and read only the first bytes."""
    begun = time.perf_counter()
    readers = contextlib.ExitStack()
    seconds = []
    for url in urls:
        readers.enter_context(opener.open(url)).read(4)
        seconds.append(time.perf_counter() - begun)
        begun = time.perf_counter()
    print(f"first bytes after {seconds[0]:.2f} s, the last ones after {seconds[-1]:.2f} s")
    return readers


def measure_stalled(
    opener: urllib.request.OpenerDirector, url: str, count: int, photo_count: int, server: OwnServer
) -> None:
    """Print the memory of the server while many downloads are stalled."""

    def tell(what: str) -> None:
        print(f"{memory_mb(server.process.pid, 'VmRSS') - before:.0f} MB more {what}")

    before = memory_mb(server.process.pid, "VmRSS")
    print(f"memory {before:.0f} MB before; {photo_count} photos")
    with stall(opener, [url]):
        tell("with one download of the whole room")
        with stall(opener, [url] * count):
            tell(f"with {count} more stalled downloads of it")
    chosen = [range(first, first + SELECTED) for first in range(1, count + 1)]
    urls = [f"{url}?photos={','.join(map(str, numbers))}" for numbers in chosen]
    with stall(opener, urls):
        tell(f"with {count} stalled downloads of {SELECTED} photos each, all different")
    time.sleep(GIVEN_BACK_S)
    tell("when all were given up")
    peak = memory_mb(server.process.pid, "VmHWM") - before
    print(f"{peak:.0f} MB more at most")


def main() -> None:
    """Make the room, start the server, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("gb", nargs="?", type=float, default=20)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--stalled", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        server = OwnServer(Path(data))
        room = server.make_room()["guest_url"]
        fill(Path(data), 1, int(options.gb * GB / PHOTO_BYTES))
        with server:
            cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
            opener = urllib.request.build_opener(cookies)
            opener.open(f"{room}/join", b"").close()
            opener.open(f"{room}/photos").close()  # everything is loaded once
            if options.stalled:
                count = int(options.gb * GB / PHOTO_BYTES)
                measure_stalled(opener, f"{room}/photos.zip", options.stalled, count, server)
                return
            before = memory_mb(server.process.pid, "VmRSS")
            size, read, first, seconds = download(opener, f"{room}/photos.zip", 0, options.save)
            extra = memory_mb(server.process.pid, "VmHWM") - before
            print(f"{size / GB:.2f} GB told, {read / GB:.2f} GB read, {read == size}")
            print(f"first byte after {first:.2f} s, {read / 1e6 / seconds:.0f} MB/s")
            print(f"memory {before:.0f} MB before, {extra:.0f} MB more at most")
            middle = size * 3 // 4
            _, rest, first, _ = download(opener, f"{room}/photos.zip", middle, None)
            print(f"from 3/4 on: {rest == size - middle}, first byte after {first:.2f} s")


if __name__ == "__main__":
    main()
