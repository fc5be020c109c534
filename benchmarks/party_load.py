"""Load a server with a whole party, uploading, browsing and zips at once; then count every photo.

``./run.sh python benchmarks/party_load.py [--kill] [--guests N] [--photos N] [--clips N]`` starts
its own server on loopback, with the settings of the environment, and makes its own photos (noise,
12 megapixels, 4 MB each) and clips (1080p, 8 seconds, 8 MB each): every third file of a guest
is a clip, unless ``--clips`` says otherwise. Each guest sends three files at a time, as the
browser's queue does; equally many others look at pages and thumbnails; three
download the room's zip. With ``--kill`` the server is killed with SIGKILL halfway and started
again, and guests retry as the queue does.
Prints what failed, how long pages took, and the peak memory (Linux only). Needs 8 GB of disk.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import random
import re
import signal
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from own_server import OwnServer, memory_mb
from party_files import clip_with_number, make_clip, make_photos, with_number

AT_ONCE = 3  # uploads of one guest, as in static/upload.js
PAGES = ("", "/people", "/photos", "/jobs/current")
THUMBNAILS = 6  # requested with each page
THINK_S = (0.5, 2.0)  # between two pages of one guest
ZIPS = 3
LONGEST_RUN_S = 1500
KNOWN_AT_ONCE = 500  # hashes in one request


@dataclass
class Result:
    """The results; filled by many threads, each line atomically."""

    acknowledged: set[str] = field(default_factory=set)  # SHA-256
    pages_s: list[float] = field(default_factory=list)
    pictures_s: list[float] = field(default_factory=list)
    uploads_s: list[float] = field(default_factory=list)
    zips: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    tried_again: int = 0


class Guest:
    """A browser with a cookie and a connection for each thread."""

    def __init__(self, port: int, room: str) -> None:
        self._port, self._room = port, room
        self._local = threading.local()
        self._cookie = ""
        answer, _ = self.ask("POST", "/join", b"name=Guest", "application/x-www-form-urlencoded")
        self._cookie = answer.headers["Set-Cookie"].split(";")[0]

    def ask(
        self, method: str, path: str, body: bytes | None = None, content_type: str = ""
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a request within the room, or for an absolute path of the server."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=300)
            self._local.connection = connection
        headers = {"Cookie": self._cookie}
        if content_type:
            headers |= {"Content-Type": content_type, "HX-Request": "true"}
        where = path if path.startswith("/rooms/") else f"/rooms/{self._room}{path}"
        try:
            connection.request(method, where, body, headers)
            answer = connection.getresponse()
            return answer, answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            self._local.connection = None
            raise

    def upload(self, name: str, content: bytes) -> int:
        """Send one photo; return the status."""
        head = f'Content-Disposition: form-data; name="photos"; filename="{name}"'
        body = b"--x\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n--x--\r\n"
        self._local.connection = None  # one that was idle for a minute is closed by the server
        return self.ask("POST", "/photos", body, "multipart/form-data; boundary=x")[0].status

    def download(self) -> str:
        """Read the room's zip to its end; return what arrived."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=300)
        connection.request(
            "GET", f"/rooms/{self._room}/photos.zip", headers={"Cookie": self._cookie}
        )
        answer = connection.getresponse()
        announced, came = int(answer.headers["Content-Length"]), 0
        while block := answer.read(1 << 20):
            came += len(block)
        connection.close()
        if answer.status != 200 or came != announced:
            raise http.client.HTTPException(f"zip: {answer.status}, {came} of {announced} bytes")
        return f"{came / 1e6:.0f} MB"

    def count_known(self, hashes: list[str]) -> int:
        """Ask how many of these photos the room has."""
        count = 0
        for start in range(0, len(hashes), KNOWN_AT_ONCE):
            some = hashes[start : start + KNOWN_AT_ONCE]
            body = "&".join(f"sha256={sha256}" for sha256 in some).encode()
            _, text = self.ask("POST", "/uploads/known", body, "application/x-www-form-urlencoded")
            count += len(json.loads(text)["known"])
        return count


class Party:
    """The guests, and what they do until all photos are safe."""

    def __init__(
        self, port: int, room: str, guests: int, photos: int, *, clips: int, is_killed: bool
    ) -> None:
        self.result = Result()
        self.is_over = threading.Event()
        self._pictures = make_photos()
        self._clip, self._clips = make_clip(), clips
        self._is_killed = is_killed
        self._port, self._room = port, room
        self._guests, self._photos = guests, photos

    def run(self) -> float:
        """Do everything; return the seconds until the last photo was safe."""
        senders = [Guest(self._port, self._room) for _ in range(self._guests)]
        others = [Guest(self._port, self._room) for _ in range(self._guests + ZIPS)]
        start = time.monotonic()
        threads = [
            threading.Thread(target=self._browse, args=(guest, number), daemon=True)
            for number, guest in enumerate(others[ZIPS:])
        ]
        threads += [
            threading.Thread(
                target=self._download, args=(guest, (number + 1) / (ZIPS + 1)), daemon=True
            )
            for number, guest in enumerate(others[:ZIPS])
        ]
        for thread in threads:
            thread.start()
        with ThreadPoolExecutor(self._guests * AT_ONCE) as pool:
            for number in range(self._photos):
                for index, guest in enumerate(senders):
                    pool.submit(self._send, guest, index * self._photos + number)
        seconds = time.monotonic() - start
        for thread in threads[self._guests :]:
            thread.join(timeout=300)
        self.is_over.set()
        for thread in threads:
            thread.join(timeout=60)
        return seconds

    def share_of_uploads(self) -> float:
        """Return the share of uploads that is done, from 0 to 1."""
        return len(self.result.acknowledged) / (self._guests * self._photos)

    def _send(self, guest: Guest, number: int) -> None:
        name, content = self._make(number)
        sha256 = hashlib.sha256(content).hexdigest()
        delay = 0.5
        while not self.is_over.is_set():
            start = time.perf_counter()
            try:
                status = guest.upload(name, content)
            except (OSError, http.client.HTTPException) as error:
                if not self._is_killed:
                    self.result.failures.append(f"upload: {error!r}")
                    return
                self.result.tried_again += 1
                time.sleep(delay * (0.5 + random.random() / 2))
                delay = min(2 * delay, 8)
                continue
            self.result.uploads_s.append(time.perf_counter() - start)
            if status in (200, 201):
                self.result.acknowledged.add(sha256)
            else:
                self.result.failures.append(f"upload: status {status}")
            return

    def _make(self, number: int) -> tuple[str, bytes]:
        """Make a file as no other, and name it."""
        if self._clips and number % self._clips == 0:
            return f"{number}.mp4", clip_with_number(self._clip, number)
        return f"{number}.jpg", with_number(self._pictures[number % len(self._pictures)], number)

    def _browse(self, guest: Guest, seed: int) -> None:
        choice = random.Random(seed)
        seen: set[str] = set()  # pictures are immutable, so a browser requests each once
        while not self.is_over.is_set():
            try:
                text = self._timed(guest, choice.choice(PAGES), self.result.pages_s)
                new = set(re.findall(r'(/rooms/[^" ]+-320\.webp)', text)) - seen
                for picture in sorted(new)[:THUMBNAILS]:
                    self._timed(guest, picture, self.result.pictures_s)
                    seen.add(picture)
            except (OSError, http.client.HTTPException) as error:
                if not self._is_killed:
                    self.result.failures.append(f"page: {error!r}")
            time.sleep(choice.uniform(*THINK_S))

    def _timed(self, guest: Guest, path: str, times: list[float]) -> str:
        start = time.perf_counter()
        answer, body = guest.ask("GET", path)
        times.append(time.perf_counter() - start)
        if answer.status not in (200, 204):
            self.result.failures.append(f"{path}: status {answer.status}")
        return body.decode(errors="replace")

    def _download(self, guest: Guest, begin_at: float) -> None:
        while self.share_of_uploads() < begin_at and not self.is_over.is_set():
            time.sleep(0.1)
        try:
            self.result.zips.append(guest.download())
        except (OSError, http.client.HTTPException) as error:
            if not self._is_killed:
                self.result.failures.append(f"zip: {error!r}")


class Server(OwnServer):
    """The server, with the memory of it and its helpers."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.peak_alone_mb = self.peak_all_mb = 0.0
        self._is_over = threading.Event()

    def watch(self) -> None:
        """Record the memory twice a second, until `stop`."""
        while not self._is_over.wait(0.5):
            alone = memory_mb(self.process.pid, "VmRSS")
            helpers = sum(memory_mb(pid, "VmRSS") for pid in _children(self.process.pid))
            self.peak_alone_mb = max(self.peak_alone_mb, alone)
            self.peak_all_mb = max(self.peak_all_mb, alone + helpers)

    def kill(self) -> None:
        """End it as a power switch would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it in order."""
        self._is_over.set()
        super().stop()


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").glob("*/children")
            for child in task.read_text().split()
        ]
    except OSError:
        return []


def percentile(values: list[float], share: float) -> str:
    """Format a percentile in milliseconds."""
    return f"{sorted(values)[int((len(values) - 1) * share)] * 1000:.0f} ms" if values else "none"


def verify(data: Path, guest: Guest, acknowledged: set[str]) -> str:
    """Count the acknowledged photos that the server knows, and that are intact on its disk."""
    on_disk = {
        path.name
        for path in data.glob("rooms/*/originals/*")
        if hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    }
    known = guest.count_known(sorted(acknowledged))
    return f"{known} known and {len(acknowledged & on_disk)} whole of {len(acknowledged)}"


def main() -> None:
    """Run the party, print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--guests", type=int, default=30)
    parser.add_argument("--photos", type=int, default=20, help="of each guest")
    parser.add_argument("--clips", type=int, default=3, help="one clip in so many; 0: none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        server = Server(data)
        room = server.make_room()["code"]
        server.start()
        threading.Thread(target=server.watch, daemon=True).start()
        party = Party(
            server.port,
            room,
            options.guests,
            options.photos,
            clips=options.clips,
            is_killed=options.kill,
        )
        overtime = threading.Timer(LONGEST_RUN_S, party.is_over.set)
        overtime.daemon = True
        overtime.start()
        if options.kill:
            threading.Thread(target=_kill_in_the_middle, args=(server, party, data)).start()
        try:
            seconds = party.run()
            report(party.result, seconds, server)
            auditor = Guest(server.port, room)
            print("acknowledged photos:", verify(data, auditor, party.result.acknowledged))
        finally:
            server.stop()


def _kill_in_the_middle(server: Server, party: Party, data: Path) -> None:
    while party.share_of_uploads() < 0.5:
        time.sleep(0.05)
    server.kill()
    acknowledged = set(party.result.acknowledged)
    on_disk = {path.name for path in data.glob("rooms/*/originals/*")}
    print(f"killed: {len(acknowledged & on_disk)} of {len(acknowledged)} acknowledged are on disk")
    server.start()


def report(result: Result, seconds: float, server: Server) -> None:
    """Print the figures."""
    print(f"{len(result.acknowledged)} photos safe in {seconds:.0f} s")
    print(f"failed requests: {len(result.failures)} {result.failures[:3]}")
    print(f"tried again after the kill: {result.tried_again}")
    for name, values in (
        ("pages", result.pages_s),
        ("thumbnails", result.pictures_s),
        ("uploads", result.uploads_s),
    ):
        print(
            f"{name:>10}: {len(values)}, median {percentile(values, 0.5)}, "
            f"p95 {percentile(values, 0.95)}, longest {percentile(values, 1)}"
        )
    print(f"zips: {', '.join(result.zips) or 'none'}")
    print(
        f"peak memory: server {server.peak_alone_mb:.0f} MB, "
        f"with its decoders {server.peak_all_mb:.0f} MB"
    )


if __name__ == "__main__":
    main()
