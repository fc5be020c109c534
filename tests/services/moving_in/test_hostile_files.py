"""A room file may come from anybody: it is refused in one sentence, and nothing of it stays."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select

from photoshare import create_app
from photoshare.db import db
from photoshare.errors import PhotoshareError, RoomFileError
from photoshare.models import Room, encoding_to_bytes
from photoshare.services.corrections import verbs
from photoshare.services.moving_in import opening
from photoshare.services.moving_in.importing import Server, import_room
from photoshare.services.moving_in.restored import EngineHere
from photoshare.services.moving_in.unfinished import marks
from photoshare.services.photos import adding, hearts
from photoshare.services.rooms import entering, rooms
from photoshare.services.rooms.entering import Access, Author
from photoshare.services.take_home.exporting import export_room
from photoshare.services.take_home.room_file import Choice
from photoshare.web.site import Site, site_of
from tests.conftest import DECODERS, copy_data
from tests.fakes import BLUE, RED, FakeFaceEngine, draw_photo
from tests.helpers import row_counts

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def files(empty_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The content of a room file: two photos, two people, corrections, a guest and a host."""
    folder = tmp_path_factory.mktemp("good")
    copy_data(empty_data, folder / "data")
    app = create_app(
        {"data": folder / "data", "min_free_mb": 0},
        make_engine=lambda settings: FakeFaceEngine(),
        decoders=DECODERS,
    )
    site = site_of(app)
    with app.app_context():
        new = rooms.create_room("Party")
        guest = entering.join_room(new.room, password="", name="Gustav")
        entering.become_host(new.room, secret=new.host_secret, name="Hanna")
        for seed, name in enumerate(("one.jpg", "two.jpg")):
            photo = adding.add_photo(
                new.room.id,
                io.BytesIO(draw_photo(RED, BLUE, seed=seed)),
                name,
                guest_id=guest.id,
                storage=site.storage,
                settings=site.settings,
                decoders=site.decoders,
            )
        hearts.give_heart(Access(new.room, guest), photo.photo_id, is_given=True)
        room_id = new.room.id
    site.jobs.run_pending()
    with app.app_context():
        author = Author(room_id)
        verbs.undo(author, verbs.hide_person(author, 1))
        verbs.name_person(author, 1, "Red")
        verbs.choose_cover(author, 1)
        verbs.merge_people(author, 2, 1, is_sure=True)
        export_room(room_id, Choice(), site.storage, folder / "good.zip")
        db.engine.dispose()
    with zipfile.ZipFile(folder / "good.zip") as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.fixture
def take_in_file(app: Flask, site: Site, tmp_path: Path) -> Callable[[Path], None]:
    """Make a room of a file; after a refusal, everything is as it was."""

    def take_in_file(path: Path) -> None:
        before = row_counts(app), everything(tmp_path)
        here = EngineHere(FakeFaceEngine.name, FakeFaceEngine.encoding_size)
        try:
            with app.app_context():
                import_room(path, Server(site.storage, site.settings, site.decoders, here))
        except PhotoshareError:
            assert (row_counts(app), everything(tmp_path)) == before
            assert marks(site.settings.data) == []
            raise

    return take_in_file


@pytest.fixture
def take_in(take_in_file: Callable[[Path], None], tmp_path: Path) -> Callable[[Files], None]:
    """Pack files, and make a room of them."""

    def take_in(files: Files) -> None:
        with zipfile.ZipFile(tmp_path / "room.zip", "w") as packed:
            for name, content in files.items():
                packed.writestr(name, content)
        take_in_file(tmp_path / "room.zip")

    return take_in


def everything(folder: Path) -> set[str]:
    """List all files of the test, but those that every deletion may make in the data folder."""
    of_app = {"reserve", "files.lock"}
    return {
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and path.name not in of_app and "sqlite" not in path.name
    }


def with_line(files: Files, table: str, change: Callable[[dict[str, Any]], object]) -> Files:
    """Change the last line of a table."""
    name = f"room/{table}.jsonl"
    *lines, last = files[name].splitlines()
    values = json.loads(last)
    change(values)
    return files | {name: b"\n".join([*lines, json.dumps(values).encode()])}


def with_room(files: Files, **values: object) -> Files:
    room = json.loads(files["room/room.json"]) | values
    return files | {"room/room.json": json.dumps(room).encode()}


def test_the_file_itself_is_taken_in(
    app: Flask, files: Files, take_in: Callable[[Files], None]
) -> None:
    take_in(files)

    assert row_counts(app)["room"] == 1


LIES: list[tuple[str, dict[str, object]]] = [
    ("faces", {"encoding": "AAAA"}),
    ("faces", {"encoding": "AAAAAA=="}),
    ("faces", {"encoding": "!"}),
    ("faces", {"encoding": 7}),
    ("faces", {"encoding": "AADAfw==" * 128}),
    ("faces", {"top": -1}),
    ("faces", {"bottom": 10**6}),
    ("faces", {"left": True}),
    ("faces", {"right": 0}),
    ("faces", {"panel": 10**9}),
    ("faces", {"score": "1"}),
    ("faces", {"quality": 1e300}),
    ("faces", {"photo": 10**9}),
    ("faces", {"person": 10**9}),
    ("faces", {"id": 1}),
    ("faces", {"is_face": None}),
    ("guests", {"name": "x" * 61}),
    ("guests", {"joined_at": "2026-01-01"}),
    ("guests", {"joined_at": "0001-01-01T00:00:00+14:00"}),
    ("guests", {"id": 10**30}),
    ("photos", {"files": []}),
    ("photos", {"files": [7]}),
    ("photos", {"files": ["../../etc/passwd"]}),
    ("photos", {"files": ["room/room.json"]}),
    ("photos", {"sha256": "0" * 64}),
    ("photos", {"state": "gone"}),
    ("photos", {"guest": 10**9}),
    ("photos", {"name": "\ud800"}),
    ("photos", {"added_at": None}),
    ("corrections", {"kind": "own"}),
    ("corrections", {"kind": "cover", "faces": [[1, 1, False, None, None]]}),
    ("corrections", {"faces": [[10**9, 0, False, None, None]]}),
    ("corrections", {"faces": [[1, 0, False, None, None]] * 2}),
    ("corrections", {"faces": [[1, 10**9, False, None, None]]}),
    ("corrections", {"faces": [[1, 0, False, "x", None]]}),
    ("corrections", {"faces": [1]}),
    ("corrections", {"undone_at": "2026-01-01T00:00:00+00:00"}),
    ("hearts", {"guest": None}),
    ("hearts", {"photo": -1}),
]


@pytest.mark.parametrize(("table", "lie"), LIES, ids=str)
def test_a_lie_is_refused(
    files: Files, take_in: Callable[[Files], None], table: str, lie: dict[str, object]
) -> None:
    with pytest.raises(PhotoshareError) as refusal:
        take_in(with_line(files, table, lambda values: values.update(lie)))

    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "lie",
    [
        {"title": ""},
        {"title": "x" * 200},
        {"ends_on": "soon"},
        {"format": "other"},
        {"version": "1"},
        {"version": 0},
        {"created_at": 5},
        {"audience": "friends"},
        {"faces_for": 1},
        {"revealed_at": "2026-12-05T20:00"},
        {"adds_until": "soon"},
        {"covers_faces": "yes"},
    ],
    ids=str,
)
def test_a_lie_about_the_room_is_refused(
    files: Files, take_in: Callable[[Files], None], lie: dict[str, object]
) -> None:
    with pytest.raises(PhotoshareError):
        take_in(with_room(files, **lie))


def test_an_older_file_says_nothing_of_who_sees_what(
    app: Flask, files: Files, take_in: Callable[[Files], None]
) -> None:
    said = json.loads(files["room/room.json"])
    for name in ("audience", "revealed_at", "faces_for", "adds_until", "covers_faces"):
        del said[name]

    take_in(files | {"room/room.json": json.dumps(said).encode()})

    with app.app_context():
        room = db.session.scalars(select(Room)).one()
        assert (room.audience, room.faces_for) == ("everybody", "everybody")


def test_a_newer_version_is_refused_with_what_to_do(
    files: Files, take_in: Callable[[Files], None]
) -> None:
    with pytest.raises(RoomFileError, match=r"newer PhotoShare .* Update PhotoShare"):
        take_in(with_room(files, version=2, title=["of another kind"]))


@pytest.mark.parametrize("line", [b"{", b"[]", b"7", b"\xff", b"[" * 100_000, b"1" * 5000])
@pytest.mark.parametrize("table", ["guests", "corrections"])
def test_what_is_not_json_is_refused(
    files: Files, take_in: Callable[[Files], None], table: str, line: bytes
) -> None:
    name = f"room/{table}.jsonl"

    with pytest.raises(RoomFileError, match="Line"):
        take_in(files | {name: files[name] + line})


@pytest.mark.parametrize("name", ["room/room.json", "room/faces.jsonl", "photos", "room"])
def test_a_file_that_is_missing_is_named(
    files: Files, take_in: Callable[[Files], None], name: str
) -> None:
    left = {key: content for key, content in files.items() if not key.startswith(name)}

    with pytest.raises(RoomFileError, match=r"missing|it has no"):
        take_in(left)


def test_an_original_that_is_no_picture_is_refused(
    files: Files, take_in: Callable[[Files], None]
) -> None:
    content = b"no picture"
    changed = with_line(
        files,
        "photos",
        lambda values: values.update(sha256=hashlib.sha256(content).hexdigest(), files=["x.jpg"]),
    )

    with pytest.raises(RoomFileError, match=r"x\.jpg .*can't be taken in"):
        take_in(changed | {"x.jpg": content})


def test_an_original_twice_is_refused(files: Files, take_in: Callable[[Files], None]) -> None:
    name = "room/photos.jsonl"
    first = json.loads(files[name].splitlines()[0])
    again = json.dumps(first | {"id": 10**6}).encode()

    with pytest.raises(RoomFileError, match="in it twice"):
        take_in(files | {name: files[name] + again})


def test_two_files_of_one_name_are_refused(
    files: Files, take_in_file: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate"):
            packed.writestr("room/room.json", b"{}")

    with pytest.raises(RoomFileError, match="two files of one name"):
        take_in_file(path)


def test_a_bomb_is_refused_before_it_is_unpacked(
    files: Files,
    take_in_file: Callable[[Path], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "bomb.zip"
    monkeypatch.setattr(opening, "MAX_TABLE_BYTES", 1 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content + b" " * (2 << 20) if "hearts" in name else content)

    with pytest.raises(RoomFileError, match="too large"):
        take_in_file(path)


def test_a_line_without_an_end_is_refused(
    files: Files, take_in: Callable[[Files], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MAX_LINE_BYTES", 5000)

    with pytest.raises(RoomFileError, match="more than any room has"):
        take_in(files | {"room/guests.jsonl": b" " * 6000})


def test_a_file_that_was_packed_again_is_taken_in(
    app: Flask, files: Files, take_in_file: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "again.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in reversed(files.items()):
            packed.writestr(name, content)

    take_in_file(path)

    assert row_counts(app)["room"] == 1


def test_the_length_of_encodings_is_that_of_their_engine_even_if_it_is_another(
    files: Files, take_in: Callable[[Files], None]
) -> None:
    short = base64.b64encode(encoding_to_bytes(np.ones(3, dtype=np.float32))).decode()
    name = "room/photos.jsonl"
    lines = [json.loads(line) | {"engine": "other"} for line in files[name].splitlines()]
    changed = files | {name: b"\n".join(json.dumps(line).encode() for line in lines)}

    with pytest.raises(RoomFileError, match="another length"):
        take_in(with_line(changed, "faces", lambda values: values.update(encoding=short)))


@pytest.mark.parametrize("seed", range(16))
def test_a_damaged_file_is_refused_or_harmless(
    app: Flask, files: Files, take_in_file: Callable[[Path], None], tmp_path: Path, seed: int
) -> None:
    """Bytes of the zip are changed or cut off; whatever is taken in has passed its checksums."""
    path, chance = tmp_path / "damaged.zip", random.Random(seed)
    with zipfile.ZipFile(path, "w", chance.choice([0, zipfile.ZIP_DEFLATED])) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    damaged = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 20)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    if chance.random() < 0.3:
        del damaged[chance.randrange(len(damaged)) :]
    path.write_bytes(damaged)

    with contextlib.suppress(PhotoshareError):
        take_in_file(path)

    assert row_counts(app)["photo"] in (0, 2)
