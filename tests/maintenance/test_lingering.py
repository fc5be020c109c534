"""Deleted data is gone: every file of the data folder is searched, through a real server.

Shortly after a deletion, and after an orderly stop of the server, no byte is left of what was
deleted: encodings, names, file names, hashes, titles.
"""

from __future__ import annotations

import base64
import io
import os
import random
import shutil
import signal
import sqlite3
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from flask import Flask

from photoshare import create_app
from photoshare.db import close_database, db, upgrade_schema
from photoshare.models import PHOTO_ANALYSED, Photo, Upload
from photoshare.services.corrections import verbs
from photoshare.services.people.people import insert_person
from photoshare.services.photos import adding
from photoshare.services.rooms import entering, rooms
from photoshare.services.rooms.entering import Author
from photoshare.web.site import site_of
from tests.fakes import GREEN, draw_photo
from tests.helpers import count_change, new_face
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]

PATIENCE_S = 60  # the server needs a few seconds; a busy machine more
chance = random.Random(11)


@dataclass
class Party:
    """A room on the disk, and the bytes of its contents."""

    code: str
    host_secret: str
    person_id: int = 0
    photo_ids: list[int] = field(default_factory=list)
    face_ids: list[int] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    encodings: list[bytes] = field(default_factory=list)


def encoding() -> bytes:
    """Make an encoding of random bytes that can be found among all others."""
    return bytes(chance.randrange(1, 60) for _ in range(512))  # small positive float32s


def fill(app: Flask, title: str, person: str, count: int) -> Party:
    """Make a room with photos of one person, who was named twice."""
    with app.app_context():
        new = rooms.create_room(title)
        party, room_id = Party(new.room.code, new.host_secret), new.room.id
        guest = entering.join_room(new.room, password="", name=f"Guest of {title}")
        site = site_of(app)
        for number in range(count):
            content = draw_photo(GREEN, seed=chance.randrange(10**6))
            name = f"{title} {number} IMG.jpg"
            stream = io.BytesIO(content)
            added = adding.add_photo(
                room_id,
                stream,
                name,
                guest_id=guest.id,
                storage=site.storage,
                settings=site.settings,
                decoders=site.decoders,
            )
            photo = db.session.get_one(Photo, added.photo_id)
            photo.state = PHOTO_ANALYSED
            db.session.commit()
            party.photo_ids.append(photo.id)
            party.hashes.append(photo.sha256.encode())
        party.person_id = insert_faces(party, room_id)
        verbs.name_person(Author(room_id, guest.id), party.person_id, f"First {person}")
        verbs.name_person(Author(room_id, guest.id), party.person_id, person)
        row = Upload(room_id=room_id, guest_id=guest.id, size_bytes=9, sha256=None)
        row.fingerprint = row.file_name = f"unfinished of {title}"
        db.session.add(row)
        db.session.commit()
    return party


def insert_faces(party: Party, room_id: int) -> int:
    person_id = insert_person(room_id)
    for photo_id in party.photo_ids:
        party.encodings.append(encoding())
        face = new_face(photo_id, person_id, encoding=party.encodings[-1])
        db.session.add(face)
        db.session.flush()
        party.face_ids.append(face.id)
    count_change(room_id)
    return person_id


class Browser:
    """A browser in a room of the running server, or in none."""

    def __init__(self, port: int, code: str | None = None) -> None:
        self._base = f"http://127.0.0.1:{port}" + (f"/rooms/{code}" if code else "")
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def post(self, path: str, **form: object) -> None:
        data = urllib.parse.urlencode(form, doseq=True).encode()
        with self._opener.open(self._base + path, data, timeout=PATIENCE_S) as answer:
            assert answer.status == 200, path

    def get(self, path: str) -> None:
        self._opener.open(self._base + path, timeout=PATIENCE_S).close()


def found(data: Path, secrets: list[bytes]) -> dict[bytes, set[str]]:
    """Return which secrets are in which files of a folder, or in their names.

    Reports of deleted rooms have the titles of these, on purpose, and no other secret.
    """
    hits: dict[bytes, set[str]] = {}
    for path in data.rglob("*"):
        if path.parent.name == "reports":
            text = path.read_bytes()
            assert not any(secret in text for secret in secrets if secret != b"Ended party")
            continue
        try:
            content = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:  # just deleted
            continue
        for secret in secrets:
            if secret in content or secret in path.name.encode():
                hits.setdefault(secret, set()).add(path.name)
    return hits


def wait_until(is_true: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while not is_true() and time.monotonic() < end:
        time.sleep(0.2)
    return is_true()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def make_parties(data: Path) -> tuple[Party, Party]:
    app = create_app({"data": data, "min_free_mb": 0})
    with app.app_context():
        upgrade_schema()
    kept = fill(app, "Kept party", "Lea of the kept", 12)
    ended = fill(app, "Ended party", "Tom of the ended", 4)
    with app.app_context():
        close_database()
    return kept, ended


def test_nothing_is_left_of_what_was_deleted(data: Path) -> None:
    kept, ended = make_parties(data)
    no_faces, deleted = kept.face_ids[:2], kept.photo_ids[2:6]
    secrets = [
        *kept.encodings[:6],
        *kept.hashes[2:6],
        *(f"Kept party {number} IMG.jpg".encode() for number in range(2, 6)),
        b"Lea of the kept",
        b"Gerda the guest",
        *ended.encodings,
        *ended.hashes,
        b"Tom of the ended",
        b"Guest of Ended",
        b"Ended party",
        b"unfinished of Ended",
    ]
    staying = [*kept.encodings[6:], *kept.hashes[6:], b"Kept party 7 IMG.jpg", b"Guest of Kept"]
    port = free_port()
    with server(data, port, PHOTOSHARE_MIN_FREE_MB="0") as process:
        wait_until_it_serves(process, port)
        host, other_host = Browser(port, kept.code), Browser(port, ended.code)
        host.post(f"/host/{kept.host_secret}", name="Hanna")
        other_host.post(f"/host/{ended.host_secret}")
        gerda = Browser(port, kept.code)
        gerda.post("/join", name="Gerda the guest")
        crop = data / "rooms" / "1" / "derived"
        for face in no_faces:
            host.get(f"/faces/{face}.jpg")
        assert len(list(crop.glob("*-face-*"))) >= 2
        assert set(found(data, secrets)) == set(secrets)

        host.post("/faces/remove", faces=no_faces)
        for photo_id in deleted:
            host.post(f"/photos/{photo_id}/delete")
        host.post(f"/people/{kept.person_id}/name", name="")
        gerda.post("/leave")
        other_host.post("/delete", title="Ended party")
        in_bin = [*kept.hashes[2:6], *ended.encodings, *ended.hashes, b"Tom of the ended"]
        assert set(found(data, in_bin)) == set(in_bin), "until the time is over, or now"
        host.post("/bin/empty")
        other_host.post("/deleted/now")

        assert wait_until(lambda: not found(data, secrets)), found(data, secrets)
        assert wait_until(lambda: not list(crop.glob("*-face-*")))
        assert set(found(data, staying)) == set(staying)
        host.post(f"/people/{kept.person_id}/name", name="Lea of the kept")
        host.post(f"/people/{kept.person_id}/name", name="")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert "Traceback" not in errors
    assert found(data, secrets) == {}
    assert set(found(data, staying)) == set(staying)


def test_nothing_is_left_of_a_face_that_someone_had_forgotten(data: Path) -> None:
    kept, _ = make_parties(data)
    packed = [base64.b64encode(encoding) for encoding in kept.encodings]  # in the bin
    port = free_port()
    with server(data, port, PHOTOSHARE_MIN_FREE_MB="0") as process:
        wait_until_it_serves(process, port)
        host, lea = Browser(port, kept.code), Browser(port, kept.code)
        host.post(f"/host/{kept.host_secret}")
        lea.post("/join", name="Lea herself")
        lea.post("/me/person", person=kept.person_id)
        for photo_id in kept.photo_ids[:2]:
            host.post(f"/photos/{photo_id}/delete")
        assert set(found(data, packed)) == set(packed[:2])
        assert set(found(data, kept.encodings[2:])) == set(kept.encodings[2:])

        lea.post("/me/hide", forget=1)

        secrets = [*kept.encodings, *packed]
        assert wait_until(lambda: not found(data, secrets)), found(data, secrets)
        assert set(found(data, kept.hashes)) == set(kept.hashes), "the photos stay"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)

    assert found(data, secrets) == {}


KILLED_WHILE = """
import os, signal, sys
import photoshare.storage.local as local
from photoshare.services.rooms import rooms
from photoshare.server import main

def kill(*_arguments):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(*{places}[sys.argv.pop(1)], kill)
sys.exit(main())
"""
# Where the process dies: between the rows and the files of photos, before and after the files of a
# room go, and in the middle of its rows.
PLACES = """{
    "photos": (local.Storage, "delete_photo"),
    "files": (local.Storage, "empty_room_set_aside"),
    "rows": (rooms, "_delete_rows"),
    "end": (local.Storage, "forget_room_set_aside"),
}"""


@pytest.mark.parametrize("place", ["photos", "files", "rows", "end"])
def test_what_was_killed_while_it_emptied_the_bin_is_finished(data: Path, place: str) -> None:
    kept, ended = make_parties(data)
    secrets = [*ended.encodings, *ended.hashes, b"Tom of the ended"]
    if place == "photos":
        secrets = [*kept.hashes[:4], *kept.encodings[:4]]
    port = free_port()
    program = ("-c", KILLED_WHILE.replace("{places}", PLACES), place)
    with server(data, port, program, PHOTOSHARE_MIN_FREE_MB="0") as process:
        wait_until_it_serves(process, port)
        host = Browser(port, kept.code if place == "photos" else ended.code)
        host.post(f"/host/{(kept if place == 'photos' else ended).host_secret}")
        if place == "photos":
            host.post("/photos/delete", photos=kept.photo_ids[:4], is_sure=1)
        else:
            host.post("/delete", title="Ended party")
        with pytest.raises(OSError, match=r"."):  # the server dies of it
            host.post("/bin/empty" if place == "photos" else "/deleted/now")
        process.wait(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGKILL
    assert found(data, secrets), "it was killed in time"
    for path in (data / "rooms").rglob("*"):
        os.utime(path, (0, 0))  # as old as what the sweep removes: an hour

    with server(data, port := free_port(), PHOTOSHARE_MIN_FREE_MB="0") as process:
        wait_until_it_serves(process, port)

        assert wait_until(lambda: not found(data, secrets)), found(data, secrets)
    assert found(data, kept.hashes[4:])


def test_an_orderly_stop_leaves_everything_in_one_file(data: Path, tmp_path: Path) -> None:
    port = free_port()
    with server(data, port) as process:
        wait_until_it_serves(process, port)
        Browser(port).post("/rooms", title="Garden party", name="Hanna")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)

    assert sum(log.stat().st_size for log in data.glob("photoshare.sqlite-wal")) == 0
    shutil.copy(data / "photoshare.sqlite", tmp_path / "copy.sqlite")
    with sqlite3.connect(tmp_path / "copy.sqlite") as copy:
        assert copy.execute("SELECT title FROM room").fetchall() == [("Garden party",)]
        assert copy.execute("SELECT name FROM guest").fetchall() == [("Hanna",)]
    copy.close()
