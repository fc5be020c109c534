"""Where faces can't be compared, photos are searched again, and what was said stays."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from photoshare import create_app
from photoshare.db import db
from photoshare.faces.types import FaceEngine
from photoshare.models import Face, Person, Photo, Room
from photoshare.services.corrections import verbs
from photoshare.services.rooms.entering import Author
from photoshare.web.site import site_of
from tests.conftest import DECODERS, Cast, copy_data
from tests.fakes import BLUE, GREEN, RED, BetterFaceEngine, FakeFaceEngine, draw_photo
from tests.helpers import give_photos, row_counts


@pytest.fixture
def room_file(
    app: Flask,
    cast: Cast,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
    tmp_path: Path,
) -> Callable[..., Path]:
    """Three people in four photos: Red is named, Blue hidden, Green's faces are not faces."""
    for seed, colours in enumerate([(RED, BLUE), (RED, BLUE), (GREEN,), (GREEN, RED)]):
        photo = add_photo(cast.room_id, draw_photo(*colours, seed=seed), f"{seed}.jpg")
    run_jobs()
    give_photos(app, cast.guest, [photo])
    with app.app_context():
        author, people = Author(cast.room_id), list(db.session.scalars(select(Person.id)))
        faces: dict[int | None, list[int]] = {person: [] for person in people}
        for face, person in db.session.execute(select(Face.id, Face.person_id)):
            faces[person].append(face)
        verbs.name_person(author, people[0], "Red")
        verbs.hide_person(author, people[1])
        verbs.mark_not_faces(author, faces[people[2]])

    def export(*options: str) -> Path:
        answered(app, "rooms", "export", cast.code, str(tmp_path / "room.zip"), *options)
        return tmp_path / "room.zip"

    return export


def answered(app: Flask, *arguments: str) -> dict[str, object]:
    result: Result = app.test_cli_runner().invoke(args=list(arguments))
    assert result.exit_code == 0, result.output
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


@pytest.fixture
def make_other(tmp_path: Path, empty_data: Path) -> Iterator[Callable[[type], Flask]]:
    """Start another server, with this engine."""
    apps = []

    def make(engine: type[FaceEngine]) -> Flask:
        copy_data(empty_data, tmp_path / "other")
        other = create_app(
            {"data": tmp_path / "other", "min_free_mb": 0},
            make_engine=lambda settings: engine(),
            decoders=DECODERS,
        )
        apps.append(other)
        return other

    yield make
    for other in apps:
        with other.app_context():
            db.engine.dispose()


def people_of(app: Flask) -> list[tuple[str | None, bool, list[str]]]:
    with app.app_context():
        db.session.rollback()
        return [
            (
                person.name,
                person.is_hidden,
                sorted(
                    db.session.scalars(
                        select(Photo.file_name).join(Face).where(Face.person_id == person.id)
                    )
                ),
            )
            for person in db.session.scalars(select(Person).order_by(Person.id))
        ]


WHO = [("Red", False, ["0.jpg", "1.jpg", "3.jpg"]), (None, True, ["0.jpg", "1.jpg"])]


@pytest.mark.parametrize("options", [(), ("--without-encodings",)], ids=str)
@pytest.mark.parametrize("kind", [FakeFaceEngine, BetterFaceEngine])
def test_the_same_people_are_there_after_the_search(
    room_file: Callable[..., Path],
    make_other: Callable[[type], Flask],
    options: tuple[str, ...],
    kind: type,
) -> None:
    other, file = make_other(kind), room_file(*options)

    made = answered(other, "rooms", "import-room", str(file))
    before = people_of(other)
    site_of(other).jobs.run_pending()

    is_searched = bool(options) or kind is BetterFaceEngine
    assert made["searched_again"] == (4 if is_searched else 0)
    assert before == people_of(other) == WHO
    with other.app_context():
        faces = db.session.scalars(select(Face)).all()
        assert {face.encoding is None for face in faces if face.is_face} == {False}
        assert {face.encoding for face in faces if not face.is_face} == {None}
        assert set(db.session.scalars(select(Photo.engine))) == {kind.name}  # type: ignore[attr-defined]


def test_without_encodings_there_are_none_in_the_file(room_file: Callable[..., Path]) -> None:
    with zipfile.ZipFile(room_file("--without-encodings")) as packed:
        faces = [json.loads(line) for line in packed.read("room/faces.jsonl").splitlines()]

    assert {face["encoding"] for face in faces} == {None}


def test_guests_and_hosts_come_by_new_links_only(
    app: Flask, room_file: Callable[..., Path], make_other: Callable[[type], Flask]
) -> None:
    other = make_other(FakeFaceEngine)

    made = answered(other, "rooms", "import-room", str(room_file()), "--password", "new")

    with app.app_context():
        code = db.session.scalars(select(Room.code)).one()
    assert made["code"] != code
    counts = row_counts(other)
    assert (counts["guest"], counts["guest_session"], counts["host_link"]) == (2, 0, 1)
    client = other.test_client()
    host = str(made["host_url"]).removeprefix("http://127.0.0.1:8000")
    assert client.post(host, data={"name": "Me"}).status_code == 303
    assert "Gustav" in client.get(f"/rooms/{made['code']}/guests").text
    stranger = other.test_client()
    page = f"/rooms/{made['code']}/join"
    assert stranger.post(page, data={"name": "x"}).status_code == 422
    assert stranger.post(page, data={"name": "x", "password": "new"}).status_code == 303


def test_a_file_that_is_none_is_refused_in_one_sentence(
    make_other: Callable[[type], Flask], tmp_path: Path
) -> None:
    (tmp_path / "x.zip").write_text("no zip")

    result = (
        make_other(FakeFaceEngine)
        .test_cli_runner()
        .invoke(args=["rooms", "import-room", str(tmp_path / "x.zip")])
    )

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "isn't a zip" in result.stderr
