"""Kill the server by SIGKILL again and again, and count what was lost: nothing may be.

``./run.sh python benchmarks/kill_anywhere.py [--kills 60] [--photos 100] [--seed N]``. A third of
the kills meets the upgrade of a database that a former version left, at a random statement. The
others meet a server that takes photos, whole and in pieces, deletes some, names and merges people
and takes it back, sends zips, and makes and deletes rooms; some of them meet its start. After
every kill the server starts again, and what it had acknowledged is compared: photos bit for bit,
deletions, names and merges; no photo may be analysed again, unless it was in hand. Needs the
packages of the tests (``./run.sh test``).
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import http.client
import http.cookiejar
import io
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from killed_server import COLOURS
from own_server import ROOT
from sqlalchemy import event

sys.path.insert(0, str(ROOT))

from photoshare.db import db, upgrade_schema
from tests.fakes import draw_photo
from tests.old_databases import NAME, PHOTOS, make_old_database, new_app, revisions

SERVER = [sys.executable, str(ROOT / "benchmarks" / "killed_server.py")]
FIRST_WIDTH = 200  # pixels; every photo is one wider, so that the engine's log can tell them apart
START_WAIT_S = 120
END_WAIT_S = 300
KILL_AFTER_S = (0.05, 1.5)  # of work
KILL_IN_START_S = (0.3, 2.5)  # after the process was made
SHARE_OF_UPGRADES = 1 / 3
SHARE_OF_STARTS = 1 / 5  # of the other kills
LAST_MERGE = (
    "SELECT MAX(id) FROM correction WHERE kind = 'merge' AND undone_at IS NULL AND id IN (SELECT "
    "correction_id FROM correction_face JOIN face ON face.id = face_id WHERE face.person_id = ?)"
)
PEOPLE_OF_PHOTOS = (
    "SELECT DISTINCT person_id FROM face JOIN photo ON photo.id = photo_id WHERE sha256 IN (?, ?)"
)


class Lost(Exception):
    """The server died before it answered: what was asked for may have been done or not."""


class Browser:
    """A browser with a cookie that survives the server."""

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def ask(
        self, path: str, body: bytes | None = None, kind: str = ""
    ) -> tuple[bytes, http.client.HTTPMessage]:
        """Ask, and read the answer to its end."""
        headers = {"Content-Type": kind, "HX-Request": "true"} if kind else {}
        request = urllib.request.Request(self._root + path, body, headers)
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()[:300]
            raise AssertionError(f"{path} answered {error.code}: {text!r}") from error
        except (OSError, http.client.HTTPException) as error:
            raise Lost(path) from error

    def form(self, path: str, **fields: object) -> bytes:
        """Send a form as a page without scripts does."""
        return self.ask(path, urllib.parse.urlencode(fields).encode())[0]

    def make_room(self) -> str:
        """Make a room; return its address."""
        found = re.search(rb"/rooms/[a-z0-9-]+", self.form("/rooms", title="Party"))
        assert found is not None
        return found[0].decode()

    def upload(self, room: str, name: str, content: bytes) -> None:
        """Send a photo as a whole."""
        head = f'Content-Disposition: form-data; name="photos"; filename="{name}"'
        body = b"--x\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n--x--\r\n"
        self.ask(f"{room}/photos", body, "multipart/form-data; boundary=x")

    def upload_in_pieces(self, room: str, name: str, content: bytes) -> None:
        """Send a photo in three pieces, from where an earlier try got to."""
        about = urllib.parse.urlencode({"file_name": name, "modified": 1, "size": len(content)})
        kind = "application/x-www-form-urlencoded"
        _, headers = self.ask(f"{room}/uploads", about.encode(), kind)
        offset, piece = int(headers["Upload-Offset"]), len(content) // 3 + 1
        while True:
            address = f"{headers['Location']}?offset={offset}"
            _, answer = self.ask(
                address, content[offset : offset + piece], "application/octet-stream"
            )
            if "Upload-Offset" not in answer:
                return
            offset = int(answer["Upload-Offset"])


@dataclass
class Fact:
    """A value that was acknowledged, and those that were asked for when the server died."""

    value: object
    doubts: set[object] = field(default_factory=set)

    @contextlib.contextmanager
    def changing(self, value: object) -> Iterator[None]:
        """Make a change: known if it was acknowledged, in doubt if not."""
        self.doubts.add(value)
        yield
        self.value, self.doubts = value, set()

    def settle(self, found: object) -> bool:
        """Take what is there for the truth from now on; return whether it could be."""
        is_possible = found == self.value or found in self.doubts
        self.value, self.doubts = found, set()
        return is_possible


@dataclass
class KnownPhoto:
    """A photo of the party: its bytes, and whether the room has it."""

    number: int
    colour: int
    is_anchor: bool  # never deleted, so that its person stays
    content: bytes
    is_there: Fact = field(default_factory=lambda: Fact(False))
    was_deleted: bool = False
    begun: int = 0  # searches that the engine has noted
    in_hand: int = 0  # kills that met it there

    @property
    def name(self) -> str:
        """Its file name."""
        return f"{self.number}.jpg"

    @property
    def sha256(self) -> str:
        """By which the server knows it."""
        return hashlib.sha256(self.content).hexdigest()


class Party:
    """What was said to the server, and what it said; compared with what it has."""

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
        """Read the line that says so."""
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

    # What guests and hosts do, each in a thread of its own until the server dies.

    def work(self) -> list[threading.Thread]:
        """Let everybody begin."""
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
        """Choose a photo that no other thread has in hand."""
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
        """Take the next photo with a camera: two of everybody first, then whoever comes."""
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
        self.count["photos deleted"] += 1
        self._busy.discard(photo.number)
        self.is_over.wait(choice.uniform(0.1, 0.4))
        return True

    def _correct(self, choice: random.Random) -> bool:
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
            self.other_host.form(f"{room}/delete")
        self.count["rooms deleted"] += 1
        self.is_over.wait(choice.uniform(0.3, 1))
        return True

    # What the server has.

    def _ask_database(self, query: str, *values: object) -> list[tuple]:
        database = sqlite3.connect(f"file:{self.data / 'photoshare.sqlite'}?mode=ro", uri=True)
        try:
            return database.execute(query, values).fetchall()
        finally:
            database.close()

    def _person(self, colour: int) -> int | None:
        """Find who a colour is, by its two photos that stay."""
        anchors = [p.sha256 for p in self.photos if p.is_anchor and p.colour == colour]
        if len(anchors) < 2:
            return None
        rows = self._ask_database(PEOPLE_OF_PHOTOS, *anchors)
        return rows[0][0] if len(rows) == 1 else None

    def note_analyses(self) -> None:
        """After a kill, before the next start: what was searched, and what was in hand."""
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
        """Compare everything that was acknowledged with what is there."""
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
            if not is_there and not photo.was_deleted:
                photo.was_deleted = False  # it was in doubt, and is sent again
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
        """Make a room, and kill the server so many times."""
        self.start()
        self.wait_until_it_serves()
        self.room = self.host.make_room()
        for number in range(kills):
            if number and self.choice.random() < SHARE_OF_STARTS:
                self.process.terminate()
                self.process.wait()
                self.start()
                time.sleep(self.choice.uniform(*KILL_IN_START_S))
                threads = []
                self.count["kills in a start"] += 1
            else:
                threads = self.work()
                time.sleep(self.choice.uniform(*KILL_AFTER_S))
            self.kill()
            self.is_over.set()
            for thread in threads:
                thread.join()
            self.note_analyses()
            self.start()
            self.wait_until_it_serves()
            self.compare()
        self._end()

    def _end(self) -> None:
        """Let the rest be uploaded and analysed, and take everything home."""
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
        waiting = "SELECT COUNT(*) FROM photo WHERE state IN ('waiting', 'analysing')"
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
        failed = self._ask_database("SELECT file_name FROM photo WHERE state != 'analysed'")
        self.faults += [f"{name} was given up" for (name,) in failed]
        self.count["photos alive at the end"] = len(alive)

    def report(self) -> int:
        """Print the figures; return the exit code."""
        for name, number in self.count.items():
            print(f"{name}: {number}")
        print(f"faults: {len(self.faults)}")
        for fault in self.faults[:20]:
            print(f"  {fault}")
        return 1 if self.faults else 0


class Upgrades:
    """Kills in the upgrade of the databases that former versions left."""

    def __init__(self, folder: Path, party: Party) -> None:
        self._folder, self._party = folder, party
        self._statements: dict[str, int] = {}

    def run(self, kills: int) -> None:
        """Kill so many upgrades, those of all versions in turn."""
        former = revisions()[:-1]
        for number in range(kills):
            self._kill_one(former[number % len(former)], self._folder / f"upgrade-{number}")

    def _kill_one(self, revision: str, data: Path) -> None:
        make_old_database(data, revision)
        originals = {path.name: path.read_bytes() for path in data.glob("rooms/1/originals/*")}
        statement = self._party.choice.randint(1, self._count_statements(revision, data))
        log = self._folder / "upgrade-searches"
        environ = {**os.environ, "PHOTOSHARE_DATA": str(data)}
        command = [*SERVER, str(self._party.port), str(log), str(statement)]
        done = subprocess.run(command, env=environ, capture_output=True, check=False)
        faults = self._party.faults
        if done.returncode != -signal.SIGKILL:
            faults.append(f"the upgrade of {revision} was not killed at statement {statement}")
        self._party.count["kills"] += 1
        self._party.count["kills in an upgrade"] += 1
        where = f"after a kill at statement {statement} of the upgrade of {revision}"
        try:
            with new_app(data).app_context():
                upgrade_schema()
                db.engine.dispose()
        except Exception as error:
            faults.append(f"{where}: {error!r}")
            return
        database = sqlite3.connect(data / "photoshare.sqlite")
        query = (
            "SELECT sha256, person.name, state FROM photo JOIN face ON photo_id = photo.id "
            "JOIN person ON person.id = person_id"
        )
        rows = database.execute(query).fetchall()
        said = database.execute("SELECT COUNT(*) FROM correction WHERE kind = 'name'").fetchall()
        (version,) = database.execute("SELECT version_num FROM alembic_version").fetchall()
        database.close()
        if {row[0] for row in rows} != set(originals) or len(rows) != PHOTOS:
            faults.append(f"{where}: {len(rows)} photos")
        if {row[1:] for row in rows} != {(NAME, "analysed")} or said != [(1,)]:
            faults.append(f"{where}: the name or the analysis is lost")
        if version != (revisions()[-1],):
            faults.append(f"{where}: the schema is {version}")

    def _count_statements(self, revision: str, data: Path) -> int:
        """Count the statements of an upgrade, on a copy."""
        if revision not in self._statements:
            copy = data.with_name(f"{data.name}-copy")
            shutil.copytree(data, copy)
            statements = 0

            def count(*_statement: object) -> None:
                nonlocal statements
                statements += 1

            with new_app(copy).app_context():
                event.listen(db.engine, "before_cursor_execute", count)
                upgrade_schema()
                db.engine.dispose()
            self._statements[revision] = statements
        return self._statements[revision]


def main() -> int:
    """Kill, compare, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--photos", type=int, default=100, help="acknowledged, at least")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    print(f"seed: {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        party = Party(Path(name), options.photos, options.seed)
        of_upgrades = round(options.kills * SHARE_OF_UPGRADES)
        Upgrades(Path(name), party).run(of_upgrades)
        try:
            party.run(options.kills - of_upgrades)
        finally:
            party.is_over.set()
            if party.process.poll() is None:
                party.process.kill()
                party.process.wait()
        return party.report()


if __name__ == "__main__":
    sys.exit(main())
