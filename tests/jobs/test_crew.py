"""Jobs whose photos are searched by workers on other machines, or no longer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare.db import db
from photoshare.errors import ModelError
from photoshare.faces.analysis import analyse_photo
from photoshare.models import Face, Job, Photo
from photoshare.services.rooms.rooms import NewRoom
from photoshare.services.work.photo_queue import MAX_ATTEMPTS
from photoshare.web.site import Site
from photoshare.workers.crew import WorkerLostError
from photoshare.workers.messages import Found
from tests.fakes import RED, FakeFaceEngine, draw_photo


@dataclass
class FakeCrew:
    """Workers that search with an engine of their own, until they have lost theirs."""

    count: int = 4
    answers: list[str] = field(default_factory=list)  # for the next photos, else all are searched
    engine: FakeFaceEngine = field(default_factory=FakeFaceEngine)
    suspicious: list[bool] = field(default_factory=list)
    here: int = 0

    def threads(self) -> int:
        return self.count

    def wait_for_first_look(self) -> None:
        """There is nothing to wait for."""

    def search(self, original: Path, *, is_suspicious: bool) -> Found | None:
        self.suspicious.append(is_suspicious)
        answer = self.answers.pop(0) if self.answers else "found"
        if answer == "lost":
            raise WorkerLostError("the worker that searched it was lost")
        if answer == "nobody":
            return None
        found = analyse_photo(original, self.engine)
        return [(face, found.cover_of(face)) for face in found.faces]

    @contextlib.contextmanager
    def turn_here(self, at_once: int) -> Iterator[None]:
        assert at_once == 1
        self.here += 1
        yield


@pytest.fixture
def crew(site: Site, monkeypatch: pytest.MonkeyPatch) -> FakeCrew:
    crew = FakeCrew()
    workplace = replace(site.jobs._workplace, crew=crew)  # type: ignore[arg-type]
    monkeypatch.setattr(site.jobs, "_workplace", workplace)
    return crew


@pytest.fixture
def three_photos(make_room: Callable[..., NewRoom], add_photo: Callable[..., int]) -> int:
    room_id = make_room().room.id
    for number in range(3):
        add_photo(room_id, draw_photo(RED, seed=number))
    return room_id


def photos(app: Flask) -> list[tuple[str, int]]:
    with app.app_context():
        rows = db.session.execute(select(Photo.state, Photo.attempts).order_by(Photo.id))
        return [(state, attempts) for state, attempts in rows]


def test_workers_search_and_the_server_loads_no_model(
    app: Flask,
    engine: FakeFaceEngine,
    crew: FakeCrew,
    three_photos: int,
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load() -> None:
        raise ModelError("loaded on the server")

    monkeypatch.setattr(engine, "warm_up", load)

    run_jobs()

    assert photos(app) == [("analysed", 1)] * 3
    assert (crew.engine.searches, engine.searches, crew.here) == (3, 0, 0)
    with app.app_context():
        assert len(db.session.scalars(select(Face.id)).all()) == 3


def test_what_no_worker_can_search_is_searched_here_in_the_same_attempt(
    app: Flask,
    engine: FakeFaceEngine,
    crew: FakeCrew,
    three_photos: int,
    run_jobs: Callable[[], None],
) -> None:
    crew.answers = ["found", "nobody", "nobody"]

    run_jobs()

    assert photos(app) == [("analysed", 1)] * 3
    assert (crew.engine.searches, engine.searches, crew.here) == (1, 2, 2)


def test_a_photo_whose_worker_was_lost_goes_to_another(
    app: Flask,
    engine: FakeFaceEngine,
    crew: FakeCrew,
    three_photos: int,
    run_jobs: Callable[[], None],
) -> None:
    crew.answers = ["lost"]

    run_jobs()

    assert sorted(photos(app)) == [("analysed", 1), ("analysed", 1), ("analysed", 2)]
    assert crew.suspicious == [False, False, False, True], "it comes last, and known as suspicious"
    assert engine.searches == 0


def test_a_photo_that_workers_are_lost_of_is_given_up(
    app: Flask, crew: FakeCrew, red_photo: int, run_jobs: Callable[[], None]
) -> None:
    crew.answers = ["lost"] * 10

    run_jobs()

    assert photos(app) == [("failed", MAX_ATTEMPTS)]


def test_a_damaged_model_of_the_server_is_not_the_photos_fault(
    app: Flask,
    engine: FakeFaceEngine,
    crew: FakeCrew,
    three_photos: int,
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise ModelError("The face model is damaged.")

    monkeypatch.setattr(engine, "warm_up", fail)
    crew.answers = ["nobody"] * 3

    run_jobs()

    assert photos(app) == [("waiting", 0)] * 3
    with app.app_context():
        assert db.session.scalars(select(Job.error)).all() == ["The face model is damaged."]
