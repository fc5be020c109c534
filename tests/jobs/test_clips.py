"""Jobs that find who is in a clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import Face, Photo
from photoshare.services.rooms.rooms import NewRoom
from photoshare.services.work import photo_queue
from photoshare.services.work.photo_queue import MAX_ATTEMPTS
from photoshare.web.site import Site
from tests.clips.drawing import draw_scenes
from tests.fakes import BLUE, GREEN, POISON, RED, FakeFaceEngine, draw_photo
from tests.jobs.killing import kill_until
from tests.jobs.test_crew import FakeCrew


def faces_on(app: Flask, photo_id: int) -> list[tuple[int | None, int | None]]:
    """List whose face is when in a clip."""
    with app.app_context():
        query = select(Face.person_id, Face.at_ms).where(Face.photo_id == photo_id)
        return [(row.person_id, row.at_ms) for row in db.session.execute(query.order_by(Face.id))]


def state_of(app: Flask, photo_id: int) -> tuple[str, int]:
    with app.app_context():
        photo = db.session.get_one(Photo, photo_id)
        return photo.state, photo.attempts


@pytest.fixture
def room_id(make_room: Callable[..., NewRoom]) -> int:
    return make_room().room.id


@pytest.fixture
def add(room_id: int, add_photo: Callable[..., int]) -> Callable[..., int]:
    return partial(add_photo, room_id)


def test_a_clip_is_in_the_album_of_everybody_in_it(
    app: Flask, add: Callable[..., int], run_jobs: Callable[[], None]
) -> None:
    photos = [add(draw_photo(RED, GREEN, seed=seed)) for seed in range(3)]
    clip = add(draw_scenes([RED], [GREEN], [RED], [BLUE]), "clip.mp4")
    run_jobs()

    of_clip, of_photo = faces_on(app, clip), faces_on(app, photos[0])

    assert [person for person, _ in of_photo] == [person for person, _ in of_clip[:2]]
    assert len(of_clip) == 3  # red, though seen in two scenes, is one face
    assert [person is None for person, _ in of_clip] == [False, False, True]
    times = [at_ms for _, at_ms in of_clip if at_ms is not None]
    assert 1000 <= times[1] < 2000
    assert 3000 <= times[2] < 4000
    assert [at_ms for _, at_ms in of_photo] == [None, None]


def test_two_people_seen_together_in_a_clip_are_two_faces(
    app: Flask, add: Callable[..., int], run_jobs: Callable[[], None]
) -> None:
    clip = add(draw_scenes([RED, BLUE], [RED, BLUE]), "clip.mp4")
    run_jobs()

    with app.app_context():
        locations = [face.location for face in db.session.scalars(select(Face))]

    assert len(faces_on(app, clip)) == 2
    assert [left for _, _, _, left in sorted(locations, key=lambda edges: edges[3])] == [20, 120]


def test_every_face_of_a_clip_has_its_picture(
    app: Flask, add: Callable[..., int], run_jobs: Callable[[], None], site: Site, room_id: int
) -> None:
    add(draw_scenes([RED], [BLUE]), "clip.mp4")
    run_jobs()

    with app.app_context():
        faces = list(db.session.scalars(select(Face)))
        crops = {
            site.storage.face_crop(room_id, face.photo.sha256, face.location, face.at_ms)
            for face in faces
        }

    assert len(crops) == 2  # though both are at the same place
    assert all(path.is_file() for path in crops)


def test_workers_search_the_frames_of_a_clip(
    app: Flask,
    add: Callable[..., int],
    run_jobs: Callable[[], None],
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    engine: FakeFaceEngine,
) -> None:
    crew = FakeCrew()
    workplace = replace(site.jobs._workplace, crew=crew)  # type: ignore[arg-type]
    monkeypatch.setattr(site.jobs, "_workplace", workplace)
    clip = add(draw_scenes([RED, BLUE], [RED], [GREEN]), "clip.mp4")
    run_jobs()

    assert len(faces_on(app, clip)) == 3
    assert len(crew.suspicious) >= 3
    assert engine.searches == 0


def test_a_clip_that_breaks_the_engine_fails_and_costs_nothing_else(
    app: Flask, add: Callable[..., int], run_jobs: Callable[[], None]
) -> None:
    clip = add(draw_scenes([RED], [POISON]), "clip.mp4")
    photo = add(draw_photo(RED))
    run_jobs()

    assert state_of(app, clip) == ("failed", MAX_ATTEMPTS)
    assert state_of(app, photo)[0] == "analysed"
    assert faces_on(app, clip) == []


def test_a_damaged_clip_fails(
    app: Flask, add: Callable[..., int], run_jobs: Callable[[], None], site: Site, room_id: int
) -> None:
    clip = add(draw_scenes([RED]), "clip.mp4")
    with app.app_context():
        sha256 = db.session.get_one(Photo, clip).sha256
        site.storage.original(room_id, sha256).write_bytes(b"nothing to be seen")
    run_jobs()

    assert state_of(app, clip) == ("failed", MAX_ATTEMPTS)


def test_a_second_search_keeps_the_faces_of_a_clip_and_their_people(
    app: Flask, add: Callable[..., int], run_jobs: Callable[[], None], room_id: int
) -> None:
    for seed in range(3):
        add(draw_photo(RED, seed=seed))
    clip = add(draw_scenes([RED], [BLUE]), "clip.mp4")
    run_jobs()
    before = ids_on(app, clip)
    with app.app_context():
        photo_queue.analyse_again(room_id)
    run_jobs()

    assert ids_on(app, clip) == before
    assert len(before) == 2


def ids_on(app: Flask, photo_id: int) -> list[tuple[int, int | None]]:
    with app.app_context():
        query = select(Face.id, Face.person_id).where(Face.photo_id == photo_id)
        return [(row.id, row.person_id) for row in db.session.execute(query.order_by(Face.id))]


def test_a_second_search_does_not_bring_back_a_forgotten_face(
    app: Flask, add: Callable[..., int], run_jobs: Callable[[], None], room_id: int
) -> None:
    clip = add(draw_scenes([RED], [BLUE]), "clip.mp4")
    run_jobs()
    before = ids_on(app, clip)
    with app.app_context():
        gone = {"encoding": None, "quality": None, "is_forgotten": True}
        db.session.execute(update(Face).where(Face.id == before[1][0]).values(gone))
        photo_queue.analyse_again(room_id)
    run_jobs()

    assert ids_on(app, clip) == before
    with app.app_context():
        forgotten = db.session.get_one(Face, before[1][0])
        assert (forgotten.is_forgotten, forgotten.encoding) == (True, None)


@pytest.mark.slow
def test_a_clip_that_is_interrupted_again_and_again_costs_only_itself(
    app: Flask, add: Callable[..., int], tmp_path: Path
) -> None:
    clip = add(draw_scenes(*[[RED], [BLUE]] * 6, seconds_each=0.6), "clip.mp4")
    photos = [add(draw_photo(RED, seed=seed)) for seed in range(6)]
    everything = [clip, *photos]

    kill_until(
        lambda: all(state_of(app, one)[0] in ("analysed", "failed") for one in everything),
        tmp_path,
        FakeFaceEngine,
        searches=5,
        seconds=120,
    )

    assert state_of(app, clip)[0] == "failed"
    assert [state_of(app, one)[0] for one in photos] == ["analysed"] * 6
