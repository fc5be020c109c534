"""Measure the processor time of every page and poll in a large room, beside 99 other rooms.

``./run.sh python benchmarks/large_room.py`` inserts the rows of a room of 20,000 photos, 60,000
faces and 300 people, requests all pages through the app as a guest and as the host, and prints the
milliseconds of processor time of each, slowest first: the median of several, and of the first
ones after a change of the room, when most of the cache is stale. Every page was
requested once before, since after a start templates are compiled and encodings read; the time this
took, and its slowest page, are printed separately. ``--data FOLDER`` keeps the rooms for the
next run. No page waits for others here, and no picture is sent; compare only
numbers of one machine.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from flask import Flask
from flask.testing import FlaskClient
from own_server import ROOT

sys.path.insert(0, str(ROOT))

from photoshare import create_app
from photoshare.db import db, upgrade_schema
from photoshare.models import Guest, Room
from photoshare.services.corrections.change import change_of_room
from photoshare.services.downloads.zip_shelf import ZipShelf
from photoshare.services.rooms import entering, rooms, sessions
from photoshare.web.site import site_of

DEEP = "20260501T060000000000-1"  # the cursor of a photo in the middle
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}  # so that compression is part of the time
UNSORTED_SHARE = 0.15  # of the faces
HEART_EVERY = 10  # photos
TIMED_SHARE = 0.9  # of the photos have a capture time
NOISE = 0.04  # of each number of an encoding around its person's: 0.45 apart, as in dlib's
ENCODING_SIZE = 128
LIMIT_MS = 100
CHANGES = 3  # of the room, for each page


@dataclass
class RoomSize:
    """The size of a made-up room."""

    photos: int
    faces_per_photo: int
    people: int


@dataclass
class Client:
    """A browser that has joined the large room."""

    name: str
    http: FlaskClient


class Answer(NamedTuple):
    """The result of one request, and its cost."""

    milliseconds: float
    status: int


class Row(NamedTuple):
    """The milliseconds of one page: the median, and the median of the first after a change."""

    median: float
    first: float
    name: str


def encodings(rng: np.random.Generator, people: np.ndarray) -> np.ndarray:
    """Make unit-length encodings: near each other for one person, anywhere without one (-1)."""
    centres = rng.normal(size=(people.max() + 1, ENCODING_SIZE))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    found = rng.normal(size=(len(people), ENCODING_SIZE)) * NOISE
    found[people >= 0] += centres[people[people >= 0]]
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found.astype("<f4")


def fill(database: sqlite3.Connection, room_id: int, size: RoomSize, seed: int) -> None:
    """Write the rows of a room: photos of 60 guests, faces, people, corrections, a finished job."""
    guests = [
        insert(database, "guest", room_id=room_id, name=f"Guest {number}", is_host=0)
        for number in range(60)
    ]
    photos = fill_photos(database, room_id, size.photos, guests, random.Random(seed))
    database.executemany(
        "INSERT OR IGNORE INTO heart (photo_id, guest_id) VALUES (?, ?)",
        zip(photos[::HEART_EVERY], itertools.cycle(guests), strict=False),
    )
    people = fill_faces(database, room_id, size, photos, np.random.default_rng(seed))
    for number, person in enumerate(people[1::2]):
        name = f"Person {2 * number + 1}"
        correction = insert(
            database,
            "correction",
            room_id=room_id,
            guest_id=guests[number % 60],
            kind="name",
            name=name,
        )
        database.execute(
            "INSERT INTO correction_face (correction_id, face_id, side, is_carried, person_before,"
            " person_after) SELECT ?, id, 0, 0, person_id, person_id FROM face WHERE person_id = ?",
            (correction, person),
        )
    done = {"kind": "process_photos", "state": "done", "photos_done": size.photos}
    insert(database, "job", time_column="queued_at", room_id=room_id, **done)


def insert(
    database: sqlite3.Connection, table: str, *, time_column: str = "created_at", **values: object
) -> int:
    """Insert one row; return its id."""
    values[time_column] = "2026-05-01 12:00:00.000000"
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    query = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
    return database.execute(query, tuple(values.values())).lastrowid or 0


def fill_photos(
    database: sqlite3.Connection, room_id: int, count: int, guests: list[int], rnd: random.Random
) -> list[int]:
    """Write the photos of one day, most of them with a capture time; return the ids."""

    def moment(day: int) -> str:
        return f"2026-05-0{day} {rnd.randrange(24):02}:{rnd.randrange(60):02}:00.000000"

    first = (database.execute("SELECT max(id) FROM photo").fetchone()[0] or 0) + 1
    ids = range(first, first + count)
    database.executemany(
        "INSERT INTO photo (id, room_id, guest_id, sha256, file_name, image_format, size_bytes,"
        " width, height, captured_at, placeholder, created_at, state, attempts, engine, crc32,"
        " clean_crc32, cleaning_rules) VALUES (?, ?, ?, ?, ?, 'JPEG', 4000000, 4000, 3000, ?, ?, ?,"
        " 'analysed', 1, 'onnx', 1, 1, 1)",
        (
            (
                *(number, room_id, rnd.choice(guests), f"{number:064x}", f"IMG_{number}.jpg"),
                *(moment(1) if rnd.random() < TIMED_SHARE else None, rnd.randbytes(300), moment(2)),
            )
            for number in ids
        ),
    )
    return list(ids)


def fill_faces(
    database: sqlite3.Connection,
    room_id: int,
    size: RoomSize,
    photos: list[int],
    rng: np.random.Generator,
) -> list[int]:
    """Write people and faces, none on the last photos; return the ids of the people."""
    photos = photos[: max(1, len(photos) * 19 // 20)]
    count = size.photos * size.faces_per_photo
    weights = 1 / np.arange(1, size.people + 1) ** 0.7  # a few are in very many photos
    owners = rng.choice(size.people, size=count, p=weights / weights.sum())
    owners[rng.random(count) < UNSORTED_SHARE] = -1
    owners[: size.people] = np.arange(size.people)  # everyone has a face
    people = [
        insert(
            database,
            "person",
            room_id=room_id,
            name=f"Person {number}" if number % 2 else None,
            is_hidden=number % 20 == 19,
            is_corrected=number % 2,
        )
        for number in range(size.people)
    ]
    packed = encodings(rng, owners)
    edges = rng.integers(40, 400, size=count).tolist()
    database.executemany(
        "INSERT INTO face (photo_id, person_id, top, right, bottom, left, score, is_face, encoding)"
        " VALUES (?, ?, 100, ?, ?, 100, 1.0, 1, ?)",
        (
            (
                photos[number * len(photos) // count],
                None if owner < 0 else people[owner],
                *[100 + edges[number]] * 2,
                packed[number].tobytes(),
            )
            for number, owner in enumerate(owners.tolist())
        ),
    )
    return people


def make_rooms(app: Flask, large: RoomSize, others: int) -> None:
    """Make the large room, the first one, and the others, unless they exist."""
    with app.app_context():
        upgrade_schema()
        path = db.engine.url.database
        assert path is not None
        if (
            entering.list_joined_rooms({})
            or db.session.execute(db.text("SELECT 1 FROM room")).first()
        ):
            return
        for number in range(others + 1):
            rooms.create_room(f"Room {number}")
        db.session.remove()
    storage = site_of(app).storage
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA synchronous = OFF")
        fill(database, 1, large, 1)
        for sha256, size in database.execute("SELECT sha256, size_bytes FROM photo"):
            original = storage.original(1, sha256)  # for zips; a sparse file takes no space
            original.parent.mkdir(parents=True, exist_ok=True)
            original.touch()
            os.truncate(original, size)
        for number in range(others):
            fill(database, number + 2, RoomSize(1000, 3, 30), number + 2)


def join(app: Flask, *, is_host: bool) -> Client:
    """Let a browser into the large room, with a row and a cookie like the app's."""
    http = app.test_client()
    with app.app_context():
        room = db.session.get_one(Room, 1)
        guest = Guest(room_id=room.id, name="Gustav", is_host=is_host)
        db.session.add(guest)
        db.session.commit()
        token = sessions.open_session(guest, "computer")
    with http.session_transaction() as session:
        session["tokens"] = {"1": token}
    return Client("host" if is_host else "guest", http)


def list_pages(app: Flask) -> tuple[str, dict[str, str]]:
    """Return the room's address, and the paths to request below it, by name."""
    with app.app_context():
        url = "/rooms/" + db.session.get_one(Room, 1).code
        of_room = [
            db.session.execute(db.text(f"SELECT id FROM {rows} LIMIT 1")).scalar_one()
            for rows in (
                "person WHERE room_id = 1 ORDER BY id",
                "person WHERE room_id = 1 AND id > 150 AND NOT is_hidden ORDER BY id",
                "face WHERE person_id IS NULL ORDER BY id",
                "photo WHERE room_id = 1 AND id > 9000 ORDER BY id",
            )
        ]
        db.session.remove()
    largest, smaller, unsorted, photo = of_room
    both, digest = f"people={largest},{smaller}", f"{photo:064x}"[:16]
    return url, {
        "status poll, news": "/jobs/current?seen=x HX",
        "status page": "/jobs/current",
        "room": "",
        "photos": "/photos",
        "photos, deep page": f"/photos?after={DEEP}",
        "photos, deep page by htmx": f"/photos?after={DEEP} HX",
        "photos, page before": f"/photos?before={DEEP}",
        "photos by hearts": "/photos?order=hearts",
        "photos by hearts, deep page": f"/photos?order=hearts&after=0-{DEEP} HX",
        "photos without faces": "/photos/without-faces",
        "photo": f"/photos/{photo}",
        "photo by hearts": f"/photos/{photo}?order=hearts",
        "photo in an album": f"/photos/{photo}?person={largest}",
        "photo in a small album": f"/photos/{photo}?person={smaller}",
        "photo among those without faces": f"/photos/{photo}?without_faces=1",
        "photo of several people": f"/photos/{photo}?{both}&match=all",
        "photo, question before deletion": f"/photos/{photo}/delete",
        "people": "/people",
        "people by htmx": "/people HX",
        "people, found": "/people?find=person+1 HX",
        "people, by name": "/people?find=&sort=name HX",
        "people to name": "/people/names",
        "people, second page": "/people?page=2 HX",
        "people, second page to choose from": "/people?page=2&choose=1 HX",
        "hidden people": "/people/hidden",
        "album, the largest": f"/people/{largest}",
        "album, a smaller one": f"/people/{smaller}",
        "album, deep page": f"/people/{largest}?after={DEEP} HX",
        "several people together": f"/people/several?{both}&match=all",
        "several people, any": f"/people/several?{both}",
        "faces of a person": f"/people/{largest}/faces",
        "faces of a person, deep page": f"/people/{largest}/faces?page=10",
        "unsorted faces": "/people/unsorted",
        "unsorted faces, deep page": "/people/unsorted?page=50",
        "face": f"/faces/{unsorted}",
        "whose are these faces": f"/faces/move?faces={unsorted}",
        "merge with whom": f"/people/{largest}/merge",
        "merge with whom, found": f"/people/{largest}/merge?find=person+1 HX",
        "same person?": "/people/same",
        "corrections": "/corrections",
        "corrections, deep page": "/corrections?page=4",
        "me": "/me",
        "me, second page to choose from": "/me?page=2 HX",
        "manage": "/share",
        "poster": "/poster",
        "question before the room's deletion": "/delete",
        "wall": "/wall",
        "wall, its first photos": "/wall/photos",
        "wall, nothing new": "/wall/photos?after=99999999",
        "face picture (none there)": f"/faces/{unsorted}.jpg",
        "picture (none there)": f"/photos/{photo}/{digest}-640.webp",
        "zip of a small album, head": f"/people/{smaller}/album.zip HEAD",
        "zip of the room, head": "/photos.zip HEAD",
    }


def ask(client: Client, address: str) -> Answer:
    """Request a page; a word after the address says how."""
    path, _, how = address.partition(" ")
    headers = BROWSER | ({"HX-Request": "true"} if how == "HX" else {})
    begin = time.process_time()
    answer = client.http.open(path, method="HEAD" if how == "HEAD" else "GET", headers=headers)
    milliseconds = (time.process_time() - begin) * 1000
    return Answer(milliseconds, answer.status_code)


def poll_address(client: Client, url: str) -> str:
    """Find the address that a page's status polls when nothing has happened."""
    page = client.http.get(f"{url}/jobs/current", headers={"HX-Request": "true"}).text
    return page.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&") + " HX"


def forget_zips(shelf: ZipShelf) -> None:
    """Take all zips off their shelf."""
    for key in list(shelf._zips):
        shelf.forget(key)


def warm_up(app: Flask, client: Client) -> None:
    """Request everything once, as after a start, and report what was slow."""
    url, pages = list_pages(app)
    gc.freeze()  # as the server does
    times = {name: ask(client, url + address).milliseconds for name, address in pages.items()}
    slow = sorted(((ms, name) for name, ms in times.items() if ms > LIMIT_MS), reverse=True)
    print(f"after the start, as {client.name}: {sum(times.values()):.0f} ms in all")
    for milliseconds, name in slow:
        print(f"  {milliseconds:7.1f}  {name}")


def measure(app: Flask, client: Client, repeats: int) -> list[Row]:
    """Request everything, first after a change of the room, and then again."""
    url, pages = list_pages(app)
    found = []
    for name, address in {"status poll, nothing new": "", **pages}.items():
        firsts, times = [], []
        for _ in range(CHANGES):
            with app.app_context(), change_of_room(1):
                pass  # settles all corrections, and counts as a change
            forget_zips(site_of(app).zips)  # as for the first reader after a new photo
            is_poll = not address and name != "room"
            whole = poll_address(client, url) if is_poll else url + address
            first = ask(client, whole)
            firsts.append(first.milliseconds)
            times += [ask(client, whole).milliseconds for _ in range(repeats)]
        name = f"{client.name}: {name} ({first.status})"
        found.append(Row(statistics.median(times), statistics.median(firsts), name))
    return found


def main() -> None:
    """Make the rooms, request all pages, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--photos", type=int, default=20_000)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--others", type=int, default=99)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = create_app({"data": options.data or Path(folder), "min_free_mb": 0})
        make_rooms(app, RoomSize(options.photos, 3, options.people), options.others)
        guest, host = join(app, is_host=False), join(app, is_host=True)
        warm_up(app, guest)
        warm_up(app, host)
        rows = measure(app, guest, options.repeats) + measure(app, host, options.repeats)
    print(" median    first  (ms of processor time)")
    for row in sorted(rows, reverse=True):
        mark = "  !" if max(row.median, row.first) > LIMIT_MS else ""
        print(f"{row.median:7.1f}  {row.first:7.1f}  {row.name}{mark}")


if __name__ == "__main__":
    main()
