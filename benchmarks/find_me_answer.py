"""Measure how long a guest who looks for themselves waits, while photos are being searched.

``./run.sh python benchmarks/find_me_answer.py PORTRAIT FOLDER`` makes a room of 2,000 photos and
6,000 made-up faces on a server of its own on loopback. Of a server that has just started, it asks
with the portrait at once, and of another one six seconds after the page with the form was opened,
as long as a selfie takes. Then it adds all photos of the folder to a second room, and asks twenty
times while those are being searched. Prints the seconds from the request to the last byte of the
answer, the server's memory (Linux only), and whether the search went on all the while.
"""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import large_room
from large_room import RoomSize
from own_server import ROOT, OwnServer, memory_mb
from page_times import Browser

sys.path.insert(0, str(ROOT))

from photoshare.config import Settings
from photoshare.faces.engines.choose import GRAPHS_FOLDER, choose_engine
from photoshare.metadata.clean import CLEANING_RULES

ROOM = RoomSize(photos=2000, faces_per_photo=3, people=60)
ASKS = 20
ASKERS = 4  # browsers, since each may only ask ten times a minute
SELFIE_S = 6.0  # to take one, or to choose a picture
PAUSE_S = 0.5


def main(portrait: Path, folder: Path) -> None:
    """Make the rooms, measure, print."""
    with tempfile.TemporaryDirectory() as data:
        server = OwnServer(Path(data))
        room = server.make_room()
        other = server.make_room()
        fill(Path(data), portrait)
        with server:
            idle_mb = memory(server)
            print(f"just started: {ask(joined(room), room, portrait):.2f} s")
            print(f"memory: {idle_mb:.0f} MB before, {memory(server):.0f} MB after the answer")
        with server:
            guest = joined(room)
            guest.get(f"{room['guest_url']}/me")
            time.sleep(SELFIE_S)
            print(f"just started, after the page: {ask(guest, room, portrait):.2f} s")
        command = [sys.executable, "-m", "flask", "--app", "app", "rooms", "import"]
        command += [other["code"], str(folder)]
        subprocess.run(command, env=server.environ, cwd=ROOT, check=True, capture_output=True)
        with server:
            measure_busy(server, room, portrait)


def measure_busy(server: OwnServer, room: dict[str, str], portrait: Path) -> None:
    """Ask while the photos of the other room are searched."""
    guests = [joined(room) for _ in range(ASKERS)]
    begin, waiting = time.monotonic(), count_waiting(server.data)
    while count_waiting(server.data) > waiting - 4 and time.monotonic() < begin + 60:
        time.sleep(PAUSE_S)  # until the search is under way
    times = []
    for number in range(ASKS):
        times.append(ask(guests[number % ASKERS], room, portrait))
        time.sleep(PAUSE_S)
    left = count_waiting(server.data)
    print(
        f"while {waiting - left} photos were searched: the first of {ASKS} {times[0]:.2f} s, "
        f"median {statistics.median(times):.2f} s, longest {max(times[1:]):.2f} s of the others; "
        f"{memory(server):.0f} MB"
    )
    if not left:
        print("the search ended before the last answer: give it more photos")


def fill(data: Path, portrait: Path) -> None:
    """Write the rows of the large room, as if this server's engine had searched it."""
    engine = choose_engine(Settings().engine, data / GRAPHS_FOLDER).engine
    large_room.ENCODING_SIZE = engine.encoding_size
    with sqlite3.connect(data / "photoshare.sqlite") as database:
        large_room.fill(database, 1, ROOM, 1)
        size = portrait.stat().st_size
        known = "UPDATE photo SET engine = ?, size_bytes = ?, cleaning_rules = ?"
        database.execute(known, (engine.name, size, CLEANING_RULES))
        hashes = [sha256 for (sha256,) in database.execute("SELECT sha256 FROM photo")]
    for sha256 in hashes:  # else they count as lost
        original = data / "rooms" / "1" / "originals" / sha256
        original.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(portrait, original)


def joined(room: dict[str, str]) -> Browser:
    """Join the room as a guest."""
    browser = Browser()
    browser.post(f"{room['guest_url']}/join", b"name=", "application/x-www-form-urlencoded")
    return browser


def ask(guest: Browser, room: dict[str, str], portrait: Path) -> float:
    """Look for the portrait in the room; return the seconds until the answer was there."""
    boundary = uuid.uuid4().hex
    head = f'Content-Disposition: form-data; name="picture"; filename="{portrait.name}"'
    body = b"\r\n".join(
        [
            f"--{boundary}\r\n{head}\r\n".encode(),
            portrait.read_bytes(),
            f"--{boundary}--\r\n".encode(),
        ]
    )
    begin = time.perf_counter()
    guest.post(f"{room['guest_url']}/me/selfie", body, f"multipart/form-data; boundary={boundary}")
    return time.perf_counter() - begin


def count_waiting(data: Path) -> int:
    """Count the photos that have not been searched."""
    with sqlite3.connect(data / "photoshare.sqlite") as database:
        query = "SELECT count(*) FROM photo WHERE state != 'analysed' AND room_id = 2"
        return int(database.execute(query).fetchone()[0])


def memory(server: OwnServer) -> float:
    """Return the memory of the server in MB."""
    return memory_mb(server.process.pid, "VmRSS")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
