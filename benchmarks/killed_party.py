"""Simulate a party whose server is killed, and compare what was acknowledged."""

from __future__ import annotations

import collections
import io
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from killed_guests import Browser, Fact, KnownPhoto, Lost, Refused
from killed_server import COLOURS
from own_server import ROOT

sys.path.insert(0, str(ROOT))

from tests.fakes import draw_photo

SERVER = [sys.executable, str(ROOT / "benchmarks" / "killed_server.py")]
FIRST_WIDTH = 200  # pixels; each photo is one wider, to tell them apart in the engine log
END_WAIT_S = 300
KILL_AFTER = (1, 15)  # acknowledgements, so that a busy machine is killed in its work as well
KILL_LATER_S = (0.0, 0.3)  # after the last of them
LONGEST_WORK_S = 120  # if nothing is acknowledged any more
KILL_IN_START = (0.1, 1.0)  # of the time that the first start took
SHARE_OF_STARTS = 1 / 5  # of the kills
LAST_MERGE = (
    "SELECT MAX(id) FROM correction WHERE kind = 'merge' AND undone_at IS NULL AND id IN (SELECT "
    "correction_id FROM correction_face JOIN face ON face.id = face_id WHERE face.person_id = ?)"
)
PEOPLE_OF_PHOTOS = (
    "SELECT DISTINCT person_id FROM face JOIN photo ON photo.id = photo_id WHERE sha256 IN (?, ?)"
)
# A kill can leave a room in the bin, where no job works on it.
SEARCHED = "photo JOIN room ON room.id = room_id WHERE binned_at IS NULL"


class Party:
    """The requests to the server and its answers, to compare with its data."""

    def __init__(self, folder: Path, photos: int, seed: int) -> None:
        self.data, self.log = folder / "data", folder / "searches"
        self.log.touch()
        self.choice = random.Random(seed)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.host, self.other_host = Browser(self.port), Browser(self.port)
        self.colours = range(min(20, photos // 5))
        self.photos: list[KnownPhoto] = []
        self.wanted = photos
        self.names = {colour: Fact(None) for colour in self.colours[::2]}
        pairs = [
            (colour, colour + 2) for colour in self.colours[1::4] if colour + 2 in self.colours
        ]
        self.merged = {pair: Fact(False) for pair in pairs}
        self.gone_rooms: dict[str, Fact] = {}
        self.count = collections.Counter[str]()
        self.faults: list[str] = []
        self.is_over = threading.Event()

    def start(self) -> None:
        """Start the server and wait until it serves."""
        environ = {**os.environ, "PHOTOSHARE_DATA": str(self.data), "PHOTOSHARE_MIN_FREE_MB": "0"}
        self.process = subprocess.Popen(
            [*SERVER, str(self.port), str(self.log)],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=(self.log.with_name("errors")).open("a"),
        )

    def wait_until_it_serves(self) -> None:
        """Wait for the line that says that it serves."""
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            self.faults.append(f"the server does not start: exit code {self.process.wait()}")
            raise SystemExit(self.report())

    def kill(self) -> None:
        """End the server as a power switch would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.count["kills"] += 1
        print(f"kill {self.count['kills']}: {len(self.faults)} faults", file=sys.stderr, flush=True)

    # What guests and hosts do, each in its own thread until the server dies.

    def work(self) -> list[threading.Thread]:
        """Start all guests and hosts."""
        self.is_over.clear()
        works = (self._upload, self._upload, self._delete, self._correct, self._zip, self._end_room)
        seeds = [self.choice.random() for _ in works]
        threads = [
            threading.Thread(target=self._until_dead, args=(work, random.Random(seed)))
            for work, seed in zip(works, seeds, strict=True)
        ]
        self._lock = threading.Lock()
        self._busy: set[int] = set()
        for thread in threads:
            thread.start()
        return threads

    def _until_dead(self, work: Callable[[random.Random], bool], choice: random.Random) -> None:
        while not self.is_over.is_set():
            try:
                if not work(choice):
                    self.is_over.wait(0.05)
            except Lost:
                return
            except Exception as error:
                self.faults.append(f"{work.__name__}: {error!r}")
                return

    def _take(
        self, may_be: Callable[[KnownPhoto], bool], choice: random.Random
    ) -> KnownPhoto | None:
        """Choose a photo that no other thread is using."""
        with self._lock:
            fitting = [p for p in self.photos if p.number not in self._busy and may_be(p)]
            if not fitting:
                return None
            photo = choice.choice(fitting)
            self._busy.add(photo.number)
            return photo

    def _upload(self, choice: random.Random) -> bool:
        with self._lock:
            there = sum(bool(photo.is_there.value) for photo in self.photos)
            if there < self.wanted + 5 and all(
                p.is_there.value or p.was_deleted for p in self.photos
            ):
                self._invent(choice)
        photo = self._take(lambda p: not p.is_there.value and not p.was_deleted, choice)
        if photo is None:
            return False
        send = choice.choice([self.host.upload, self.host.upload_in_pieces])
        with photo.is_there.changing(True):
            send(self.room, photo.name, photo.content)
        self.count["photos acknowledged"] += 1
        self._busy.discard(photo.number)
        return True

    def _invent(self, choice: random.Random) -> None:
        """Create the next photo: first two of everyone, then of random people."""
        number = len(self.photos)
        is_anchor = number < 2 * len(self.colours)
        colour = number // 2 if is_anchor else choice.choice(self.colours)
        content = draw_photo(COLOURS[colour], seed=number, width=FIRST_WIDTH + number)
        self.photos.append(KnownPhoto(number, colour, is_anchor, content))

    def _delete(self, choice: random.Random) -> bool:
        photo = self._take(lambda p: bool(p.is_there.value) and not p.is_anchor, choice)
        if photo is None:
            return False
        ((photo_id,),) = self._ask_database("SELECT id FROM photo WHERE sha256 = ?", photo.sha256)
        photo.was_deleted = True
        with photo.is_there.changing(False):
            self.host.form(f"{self.room}/photos/{photo_id}/delete")
            self.host.form(f"{self.room}/bin/empty")
        self.count["photos deleted"] += 1
        self._busy.discard(photo.number)
        self.is_over.wait(choice.uniform(0.1, 0.4))
        return True

    def _correct(self, choice: random.Random) -> bool:
        try:
            return self._name_or_merge(choice)
        except Refused as refusal:
            if refusal.status != 404:  # the person has just been regrouped
                raise
            return False

    def _name_or_merge(self, choice: random.Random) -> bool:
        colour = choice.choice(list(self.colours))
        if colour in self.names and (person := self._person(colour)):
            name = f"Person {colour}, {choice.randrange(10**6)}"
            with self.names[colour].changing(name):
                self.host.form(f"{self.room}/people/{person}/name", name=name)
            self.count["names acknowledged"] += 1
            return True
        pair = next((pair for pair in self.merged if colour in pair), None)
        if pair is None or not (people := [self._person(colour) for colour in pair])[0]:
            return False
        is_merged = people[0] == people[1]
        if people[1] is None:
            return False
        if is_merged:
            ((correction,),) = self._ask_database(LAST_MERGE, people[0])
            with self.merged[pair].changing(False):
                self.host.form(f"{self.room}/corrections/{correction}/undo")
            self.count["merges undone"] += 1
        else:
            with self.merged[pair].changing(True):
                self.host.form(f"{self.room}/people/{people[0]}/merge", into=people[1])
            self.count["merges acknowledged"] += 1
        return True

    def _zip(self, _choice: random.Random) -> bool:
        before = {
            photo.name for photo in self.photos if photo.is_there.value and not photo.was_deleted
        }
        if not before:
            return False
        content, _ = self.host.ask(f"{self.room}/photos.zip")
        self._compare_zip(content, before)
        self.count["zips compared"] += 1
        self.is_over.wait(0.2)
        return True

    def _compare_zip(self, content: bytes, before: set[str]) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            wrong = {n for n in names if archive.read(n) != self.photos[int(n[:-4])].content}
        deleted = {photo.name for photo in self.photos if photo.was_deleted}
        if missing := before - names - deleted:
            self.faults.append(f"a zip lacks {missing}")
        if wrong:
            self.faults.append(f"a zip has other bytes for {wrong}")

    def _end_room(self, choice: random.Random) -> bool:
        room = self.other_host.make_room()
        self.gone_rooms[room] = Fact(False)
        for number in range(3):
            content = draw_photo(COLOURS[0], seed=number, width=2 * FIRST_WIDTH)
            self.other_host.upload(room, "a.jpg", content)
        with self.gone_rooms[room].changing(True):
            self.other_host.form(f"{room}/delete", title="Party")
            self.other_host.form(f"{room}/deleted/now")
        self.count["rooms deleted"] += 1
        self.is_over.wait(choice.uniform(0.3, 1))
        return True

    # What the server has.

    def _ask_database(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        database = sqlite3.connect(f"file:{self.data / 'photoshare.sqlite'}?mode=ro", uri=True)
        try:
            return database.execute(query, values).fetchall()
        finally:
            database.close()

    def _person(self, colour: int) -> int | None:
        """Find the person of a colour by its two permanent photos."""
        anchors = [p.sha256 for p in self.photos if p.is_anchor and p.colour == colour]
        if len(anchors) < 2:
            return None
        rows = self._ask_database(PEOPLE_OF_PHOTOS, *anchors)
        return rows[0][0] if len(rows) == 1 else None

    def note_analyses(self) -> None:
        """After a kill, before the next start, record which searches were done or interrupted."""
        begun = collections.Counter(map(int, self.log.read_text().split()))
        query = "SELECT sha256, state FROM photo WHERE room_id = (SELECT MIN(id) FROM room)"
        states = dict(self._ask_database(query))
        for photo in self.photos:
            searches = begun[FIRST_WIDTH + photo.number]
            if searches > 1 + photo.in_hand:
                self.faults.append(f"{photo.name} was searched {searches} times")
            photo.in_hand += states.get(photo.sha256) == "analysing"
        self.count["photos in hand at a kill"] = sum(photo.in_hand for photo in self.photos)

    def compare(self) -> None:
        """Compare everything that was acknowledged with the server's data."""
        faces = dict(
            self._ask_database(
                "SELECT sha256, COUNT(face.id) FROM photo LEFT JOIN face ON photo_id = photo.id "
                "WHERE room_id = (SELECT MIN(id) FROM room) GROUP BY photo.id"
            )
        )
        states = dict(self._ask_database("SELECT sha256, state FROM photo"))
        originals = {path.name: path for path in self.data.glob("rooms/1/originals/*")}
        for photo in self.photos:
            is_there = photo.sha256 in faces
            was_known = photo.is_there.value
            if not photo.is_there.settle(is_there):
                self.faults.append(f"{photo.name} is {'back' if was_known is False else 'lost'}")
            if is_there and (
                photo.sha256 not in originals
                or originals[photo.sha256].read_bytes() != photo.content
            ):
                self.faults.append(f"the bytes of {photo.name} are lost")
            wanted = 1 if states.get(photo.sha256) == "analysed" else 0
            if is_there and faces[photo.sha256] != wanted:
                self.faults.append(f"{photo.name} has {faces[photo.sha256]} faces")
        self._compare_corrections()
        for room, is_gone in self.gone_rooms.items():
            rows = self._ask_database("SELECT id FROM room WHERE code = ?", room.split("/")[-1])
            if is_gone.value and rows:
                self.faults.append(f"{room} is back")
        if self._ask_database("PRAGMA quick_check") != [("ok",)]:
            self.faults.append("the database is damaged")
        if self._ask_database("PRAGMA foreign_key_check"):
            self.faults.append("rows point nowhere")

    def _compare_corrections(self) -> None:
        for colour, fact in self.names.items():
            if fact.value is None and not fact.doubts:
                continue
            rows = self._ask_database("SELECT name FROM person WHERE id = ?", self._person(colour))
            known = fact.value
            if not fact.settle(rows[0][0] if rows else None):
                self.faults.append(f"the name {known!r} is {rows} now")
        for pair, fact in self.merged.items():
            first, second = (self._person(colour) for colour in pair)
            if first and second and not fact.settle(first == second):
                self.faults.append(f"the merge of {pair} does not hold")

    def run(self, kills: int) -> None:
        """Create a room, and kill the server this many times."""
        begin = time.monotonic()
        self.start()
        self.wait_until_it_serves()
        self.start_s = time.monotonic() - begin
        self.room = self.host.make_room()
        for number in range(kills):
            if number and self.choice.random() < SHARE_OF_STARTS:
                self.process.terminate()
                self.process.wait()
                self.start()
                time.sleep(self.choice.uniform(*KILL_IN_START) * self.start_s)
                threads = []
                self.count["kills in a start"] += 1
            else:
                threads = self.work()
                self._wait_for_acknowledgements(self.choice.randint(*KILL_AFTER))
                time.sleep(self.choice.uniform(*KILL_LATER_S))
            self.kill()
            self.is_over.set()
            for thread in threads:
                thread.join()
            self.note_analyses()
            self.start()
            self.wait_until_it_serves()
            self.compare()
        self._end()

    def _wait_for_acknowledgements(self, wanted: int) -> None:
        before, deadline = self.count.total(), time.monotonic() + LONGEST_WORK_S
        while self.count.total() < before + wanted and time.monotonic() < deadline:
            time.sleep(0.005)

    def _end(self) -> None:
        """Upload and analyse the rest, and download everything."""
        threads = self.work()
        deadline = time.monotonic() + END_WAIT_S
        while time.monotonic() < deadline:
            there = [photo for photo in self.photos if photo.is_there.value]
            if self.count["photos acknowledged"] >= self.wanted and len(there) >= self.wanted // 2:
                break
            time.sleep(0.1)
        self.is_over.set()
        for thread in threads:
            thread.join()
        waiting = f"SELECT COUNT(*) FROM {SEARCHED} AND state IN ('waiting', 'analysing')"
        while self._ask_database(waiting) != [(0,)] and time.monotonic() < deadline:
            time.sleep(0.1)
        self.compare()
        alive = {photo.name for photo in self.photos if photo.is_there.value}
        content, _ = self.host.ask(f"{self.room}/photos.zip")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if set(archive.namelist()) != alive:
                self.faults.append(f"the last zip differs by {set(archive.namelist()) ^ alive}")
        self._compare_zip(content, alive)
        self.process.terminate()
        self.process.wait()
        self.note_analyses()
        failed = self._ask_database(f"SELECT file_name FROM {SEARCHED} AND state != 'analysed'")
        self.faults += [f"{name} was given up" for (name,) in failed]
        self.count["photos alive at the end"] = len(alive)

    def report(self) -> int:
        """Print the figures; return the exit code."""
        for name, number in self.count.items():
            print(f"{name}: {number}")
        print(f"faults: {len(self.faults)}")
        for fault in self.faults[:20]:
            print(f"  {fault}")
        if self.faults:  # what the server said of it
            print(*self.log.with_name("errors").read_text().splitlines()[-200:], sep="\n  ")
        return 1 if self.faults else 0
