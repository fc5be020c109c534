"""A photo that breaks the analysis only harms itself."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.errors import ModelError
from photoshare.faces.types import AnalysedFace, LocatedFace, RgbImage
from photoshare.jobs import tasks
from photoshare.models import Face, Job, Photo
from photoshare.services.people import storing
from photoshare.services.people.storing import FoundFace
from photoshare.services.rooms.rooms import NewRoom
from photoshare.services.work import photo_queue
from photoshare.services.work.photo_queue import MAX_ATTEMPTS, ClaimedPhoto
from photoshare.services.work.progress import room_progress
from photoshare.web.site import Site
from tests.fakes import POISON, RED, FakeFaceEngine, draw_photo


def states(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Photo.state).order_by(Photo.id)))


def test_a_photo_that_raises_is_tried_three_times_and_then_marked_failed(
    app: Flask,
    site: Site,
    engine: FakeFaceEngine,
    make_room: Callable[..., NewRoom],
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> None:
    room_id = make_room().room.id
    add_photo(room_id, draw_photo(POISON))
    add_photo(room_id, draw_photo(RED, seed=2))
    add_photo(room_id, draw_photo(RED, seed=3))

    run_jobs()

    assert states(app) == ["failed", "analysed", "analysed"]
    assert engine.searches == MAX_ATTEMPTS + 2


def test_a_photo_that_kills_the_process_is_given_up_after_three_kills(
    app: Flask,
    site: Site,
    engine: FakeFaceEngine,
    red_photo: int,
    run_jobs: Callable[[], None],
) -> None:
    with app.app_context():
        db.session.execute(update(Photo).values(state="analysing", attempts=MAX_ATTEMPTS))
        db.session.commit()

    site.jobs.recover()
    run_jobs()

    assert states(app) == ["failed"]
    assert engine.searches == 0


def test_an_orderly_stop_gives_the_photo_in_hand_back_and_uses_up_no_attempt(
    app: Flask,
    site: Site,
    engine: FakeFaceEngine,
    red_photo: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_searching, may_end = threading.Event(), threading.Event()

    def slow_locate(image: RgbImage) -> list[LocatedFace]:
        is_searching.set()
        may_end.wait(timeout=60)
        return []

    monkeypatch.setattr(engine, "locate", slow_locate)
    monkeypatch.setattr("photoshare.jobs.runner.STOP_WAIT_S", 0.01)
    site.jobs.start()
    assert is_searching.wait(timeout=60)

    has_ended = site.jobs.stop()

    assert not has_ended
    may_end.set()
    with site.jobs._busy, app.app_context():  # the thread has ended; its late result is not stored
        photo = db.session.scalars(select(Photo)).one()
        assert (photo.state, photo.attempts) == ("waiting", 0)


def test_an_engine_that_cannot_be_loaded_fails_the_job_with_its_sentence_and_no_photo(
    app: Flask,
    site: Site,
    make_room: Callable[..., NewRoom],
    add_photo: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_engine() -> FakeFaceEngine:
        raise ModelError("The models are gone. Install the packages again.")

    room_id = make_room().room.id
    add_photo(room_id, draw_photo(RED))
    workplace = replace(site.jobs._workplace, make_engine=no_engine)
    monkeypatch.setattr(site.jobs, "_workplace", workplace)

    with app.app_context():
        site.jobs.search_photos(room_id)
    site.jobs.run_pending()

    assert states(app) == ["waiting"]
    with app.app_context():
        assert db.session.scalars(select(Job.state)).all() == ["failed"]
        assert room_progress(room_id).error == "The models are gone. Install the packages again."


def test_a_photo_that_was_in_hand_at_a_crash_is_tried_alone(
    app: Flask,
    site: Site,
    engine: FakeFaceEngine,
    make_room: Callable[..., NewRoom],
    add_photo: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that an innocent photo beside a poisonous one is not blamed three times."""
    room_id = make_room().room.id
    for number in range(4):
        add_photo(room_id, draw_photo(RED, seed=number))
    with app.app_context():
        suspects = select(Photo.id).order_by(Photo.id).limit(2)
        db.session.execute(update(Photo).where(Photo.id.in_(suspects)).values(attempts=1))
        db.session.commit()
    in_hand: list[int] = []
    lock = threading.Lock()
    companions: list[tuple[bool, int]] = []
    analyse = tasks._analyse

    def watched(claimed: ClaimedPhoto, workplace: tasks.Workplace) -> list[FoundFace]:
        with lock:
            in_hand.append(claimed.id)
            companions.append((claimed.is_retry, len(in_hand)))
        try:
            return analyse(claimed, workplace)
        finally:
            with lock:
                in_hand.remove(claimed.id)

    monkeypatch.setattr(tasks, "_analyse", watched)
    monkeypatch.setattr(engine, "photos_at_once", 2)

    site.jobs.run_pending()

    assert states(app) == ["analysed"] * 4
    assert [is_retry for is_retry, _ in companions] == [False, False, True, True]
    assert [count for is_retry, count in companions if is_retry] == [1, 1]


def test_what_cannot_be_stored_is_not_stored_by_half(
    app: Flask,
    site: Site,
    red_photo: int,
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_people(*_arguments: object, **_values: object) -> None:
        raise RuntimeError("the disk is full, for one")

    monkeypatch.setattr(storing, "write_plan", no_people)

    run_jobs()

    assert states(app) == ["failed"]
    with app.app_context():
        assert db.session.scalars(select(Face)).all() == []


@pytest.mark.parametrize("how", ["asked for", "uploaded again"])
def test_a_failed_photo_gets_another_chance(
    app: Flask,
    make_room: Callable[..., NewRoom],
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
    how: str,
) -> None:
    room_id = make_room().room.id
    add_photo(room_id, draw_photo(RED))
    with app.app_context():
        db.session.execute(update(Photo).values(state="failed", attempts=MAX_ATTEMPTS))
        db.session.commit()

    if how == "asked for":
        with app.app_context():
            photo_queue.retry_failed_photos(room_id)
    else:
        add_photo(room_id, draw_photo(RED))
    run_jobs()

    assert states(app) == ["analysed"]


@pytest.mark.parametrize("fault", ["its analysis", "its encoding"])
def test_of_photos_that_end_together_one_that_fails_costs_itself_only(
    app: Flask,
    site: Site,
    engine: FakeFaceEngine,
    make_room: Callable[..., NewRoom],
    add_photo: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    room_id = make_room().room.id
    for number, colour in enumerate((RED, POISON, RED)):
        add_photo(room_id, draw_photo(colour, seed=number))
    together: list[int] = []
    store, find_faces = storing.store_analysis, engine.find_faces

    def wait_for_all(futures: Any, **_: Any) -> Any:
        return concurrent.futures.wait(futures)

    def noticed(photos: Any, **values: Any) -> None:
        together.append(len(photos))
        store(photos, **values)

    def find_what_has_no_place(photo: Any, percent: float) -> list[AnalysedFace]:
        try:
            return find_faces(photo, percent)
        except RuntimeError:
            nowhere = np.full(engine.encoding_size, np.nan, dtype=np.float32)
            return [AnalysedFace((0, 60, 60, 0), 1.0, nowhere)]

    monkeypatch.setattr(tasks, "wait", wait_for_all)
    monkeypatch.setattr(storing, "store_analysis", noticed)
    monkeypatch.setattr(engine, "photos_at_once", 3)
    if fault == "its encoding":
        monkeypatch.setattr(engine, "find_faces", find_what_has_no_place)

    site.jobs.run_pending()

    assert states(app) == ["analysed", "failed", "analysed"]
    with app.app_context():
        red, same = db.session.scalars(select(Face.person_id))
        assert red == same is not None
        attempts = list(db.session.scalars(select(Photo.attempts).order_by(Photo.id)))
        assert attempts == [1, MAX_ATTEMPTS, 1]
    if fault == "its encoding":
        assert together[:4] == [3, 1, 1, 1]


def test_the_watch_goes_on_after_an_error(
    app: Flask,
    site: Site,
    make_room: Callable[..., NewRoom],
    add_photo: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = iter([True, True])
    was_analysed = threading.Event()
    store = storing.store_analysis

    def sometimes_failing() -> bool:
        if next(failures, False):
            raise RuntimeError("database is locked")
        return True

    def noticed(*arguments: Any, **values: Any) -> None:
        store(*arguments, **values)
        was_analysed.set()

    monkeypatch.setattr("photoshare.jobs.runner.WATCH_S", 0.01)
    site.jobs.start()
    monkeypatch.setattr("photoshare.services.work.job_table.has_queued_jobs", sometimes_failing)
    monkeypatch.setattr(storing, "store_analysis", noticed)

    add_photo(make_room().room.id, draw_photo(RED))

    assert was_analysed.wait(timeout=60)
    site.jobs.stop()
