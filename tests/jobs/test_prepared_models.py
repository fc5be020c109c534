"""The face models are loaded while a guest takes a selfie, and not before anybody needs them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from photoshare.jobs.runner import JobRunner
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import FakeFaceEngine


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Released once for every time that the models are loaded."""
    done = threading.Semaphore(0)
    monkeypatch.setattr(FakeFaceEngine, "warm_up", lambda _engine: done.release())
    return done


@pytest.fixture
def running(site: Site) -> Iterator[JobRunner]:
    site.jobs.start()
    yield site.jobs
    assert site.jobs.stop()


def test_the_page_with_the_form_loads_them_once(
    cast: Cast, running: JobRunner, loads: threading.Semaphore
) -> None:
    cast.guest.get(cast.url)
    assert not loads.acquire(blocking=False)

    cast.guest.get(f"{cast.url}/me")
    assert loads.acquire(timeout=60)

    cast.guest.get(f"{cast.url}/me")
    running.wake()
    assert not loads.acquire(blocking=False)


def test_where_no_face_is_searched_they_are_not_needed(
    cast: Cast, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[JobRunner] = []
    monkeypatch.setattr(JobRunner, "prepare_for_selfie", lambda runner: asked.append(runner))
    cast.guest.get(f"{cast.url}/me")
    cast.host.post(f"{cast.url}/visibility", data={"faces_for": "nobody"})
    cast.guest.get(f"{cast.url}/me")

    assert asked == [site.jobs]


def test_without_threads_nothing_is_loaded(site: Site, loads: threading.Semaphore) -> None:
    site.jobs.prepare_for_selfie()

    assert not loads.acquire(blocking=False)
