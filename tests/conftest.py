"""Fixtures: an app with its own folder, the cast of a room, real face pictures."""

from __future__ import annotations

import gc
import io
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from coverage import Coverage
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from photoshare import create_app, factory
from photoshare.config import Settings, load_settings
from photoshare.db import db, upgrade_schema
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.services.photos import adding
from photoshare.services.rooms import hashing, rooms
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site, site_of
from tests import postgresql
from tests.fakes import FakeFaceEngine
from tests.scenes import Scenes
from tests.shared_work import share_queries, share_work

ROOT = Path(__file__).resolve().parent.parent
SHARED_PHOTOS = ROOT.parent / "shared" / "photos"
COOKIE = "photoshare"  # of a guest's session
SLOW_METHOD = hashing.SLOW_METHOD  # of the product
QUICK_METHOD = "scrypt:128:8:1"


share_work()
DECODERS = DecoderPool()  # of all tests: starting a process takes longer than decoding a picture
_connections: list[Any] = []  # sqlite3's, or psycopg's


@event.listens_for(Engine, "connect")
def _note_connection(connection: Any, _record: object) -> None:
    _connections.append(connection)
    if os.fsync is _no_sync and isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF").close()


def _no_sync(_descriptor: int) -> None:
    """Stand in for ``os.fsync``."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="leave out what takes long")


def pytest_configure(config: pytest.Config) -> None:
    """With --fast, try few made-up examples of each property."""
    if config.getoption("fast"):
        hypothesis.settings.register_profile("fast", max_examples=10, deadline=None)
        hypothesis.settings.load_profile("fast")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --fast, keep the first case of each test that needs no browser and is not slow."""
    if not config.getoption("fast"):
        return
    kept: dict[tuple[str, str], pytest.Item] = {}
    for item in items:
        if not any(item.get_closest_marker(name) for name in ("browser", "slow")):
            kept.setdefault(_test_of(item), item)
    left_out = set(items) - set(kept.values())
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = kept.values()


def pytest_collection_finish() -> None:
    """Leave what is imported out of the search for garbage."""
    gc.collect()
    gc.freeze()


def _test_of(item: pytest.Item) -> tuple[str, str]:
    """Name a test by its file and function, whatever the case."""
    return str(item.path), getattr(item, "originalname", item.name)


_measured: set[tuple[str, str]] = set()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Measure coverage at the first case of a test; the others walk the same lines.

    Tracing takes half as long as the test itself.
    """
    coverage, test = Coverage.current(), _test_of(item)
    if coverage is None or test not in _measured:
        _measured.add(test)
        return (yield)
    coverage.stop()
    try:
        return (yield)
    finally:
        coverage.start()


@pytest.fixture(autouse=True)
def _close_connections() -> Iterator[None]:
    """Close what a test's apps have opened; otherwise Python 3.13 warns."""
    yield
    while _connections:
        _connections.pop().close()
    if postgresql.IS_CHOSEN:
        postgresql.cluster().take_back()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("PHOTOSHARE_")]:
        monkeypatch.delenv(variable)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bring nothing to the disk itself, but in tests marked ``durable``: none cuts the power."""
    if request.node.get_closest_marker("durable") is None:
        monkeypatch.setattr(os, "fsync", _no_sync)


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords as the product does, with 128 rounds instead of 32,768."""
    monkeypatch.setattr(hashing, "SLOW_METHOD", QUICK_METHOD)


@pytest.fixture(scope="session", autouse=True)
def _postgresql() -> None:
    """With TEST_DATABASE=postgresql, give every data folder a database there."""
    if not postgresql.IS_CHOSEN:
        return

    def load(
        config: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
    ) -> Settings:
        settings = load_settings(config, environ)
        if settings.database_url:
            return settings
        url = postgresql.cluster().of_folder(settings.data)
        return replace(settings, database_url=url)

    pytest.MonkeyPatch().setattr(factory, "load_settings", load)


@pytest.fixture(autouse=True)
def _sqlite_only(request: pytest.FixtureRequest) -> None:
    """Leave out on PostgreSQL what is about SQLite's files."""
    if postgresql.IS_CHOSEN and request.node.get_closest_marker("sqlite"):
        pytest.skip("about SQLite's own files and words")


@pytest.fixture
def engine() -> FakeFaceEngine:
    return FakeFaceEngine()


def copy_data(source: Path, target: Path) -> None:
    """Copy a data folder that nobody uses, and its database."""
    shutil.copytree(source, target)
    if postgresql.IS_CHOSEN:
        postgresql.cluster().copy(source, target)


@pytest.fixture(scope="session")
def empty_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder made once, with the database of the migrations, for every test to copy."""
    folder = tmp_path_factory.mktemp("empty")
    app = create_app({"data": folder})
    with app.app_context():
        upgrade_schema()
        db.engine.dispose()
    return folder


@pytest.fixture(scope="session")
def empty_database(empty_data: Path) -> Path:
    return empty_data / "photoshare.sqlite"


@pytest.fixture
def app(tmp_path: Path, engine: FakeFaceEngine, empty_data: Path) -> Iterator[Flask]:
    """An app with an empty database; jobs run only when a test calls `run_jobs`."""
    copy_data(empty_data, tmp_path / "data")  # with the key that signs all tests' cookies
    app = create_app(
        {"data": tmp_path / "data", "min_free_mb": 0},
        make_engine=lambda settings: engine,
        decoders=DECODERS,
    )
    app.testing = True
    with app.app_context():
        share_queries(db.engine)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def site(app: Flask) -> Site:
    return site_of(app)


@pytest.fixture
def app_ctx(app: Flask) -> Iterator[None]:
    """For tests of services, which need the database but no request."""
    with app.app_context():
        yield


@pytest.fixture
def run_jobs(site: Site) -> Callable[[], None]:
    """Do all queued background work in the test's own thread."""
    return site.jobs.run_pending


@dataclass
class Cast:
    """The people of every web test: a host and a guest of one room, and a stranger."""

    code: str
    room_id: int
    host_secret: str
    host: FlaskClient
    guest: FlaskClient
    stranger: FlaskClient

    @property
    def url(self) -> str:
        return f"/rooms/{self.code}"


@pytest.fixture
def make_room(app: Flask) -> Callable[..., NewRoom]:
    def make(title: str = "Party", **values: object) -> NewRoom:
        with app.app_context():
            new = rooms.create_room(title, **values)  # type: ignore[arg-type]
            db.session.refresh(new.room)
            db.session.expunge(new.room)
            return new

    return make


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    return Scenes(tmp_path_factory.mktemp("scenes"))


@pytest.fixture
def cast(app: Flask, make_room: Callable[..., NewRoom], scenes: Scenes) -> Cast:
    def enter() -> tuple[str, int, str, list[str]]:
        new = make_room()
        url = f"/rooms/{new.room.code}"
        host, guest = app.test_client(), app.test_client()
        assert host.post(f"{url}/host/{new.host_secret}", data={"name": "Hanna"}).status_code == 303
        assert guest.post(f"{url}/join", data={"name": "Gustav"}).status_code == 303
        cookies = [cookie.value for one in (host, guest) if (cookie := one.get_cookie(COOKIE))]
        return new.room.code, new.room.id, new.host_secret, cookies

    code, room_id, host_secret, cookies = scenes.play(app, "cast", enter)
    host, guest, stranger = app.test_client(), app.test_client(), app.test_client()
    for client, cookie in zip((host, guest), cookies, strict=True):
        client.set_cookie(COOKIE, cookie)
    return Cast(code, room_id, host_secret, host, guest, stranger)


@pytest.fixture
def add_photo(app: Flask, site: Site) -> Callable[..., int]:
    """Add a picture to a room without the web; return the photo's id."""

    def add(room_id: int, content: bytes, file_name: str = "photo.jpg", **values: object) -> int:
        with app.app_context():
            return adding.add_photo(
                room_id,
                io.BytesIO(content),
                file_name,
                guest_id=values.get("guest_id"),  # type: ignore[arg-type]
                storage=site.storage,
                settings=site.settings,
                decoders=site.decoders,
            ).photo_id

    return add


@pytest.fixture(scope="session")
def face_pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Real faces by file name, from the sources of face_recognition fetched by run.sh test."""
    archives = list((ROOT / ".cache").glob("face_recognition-*.tar.gz"))
    if not archives:
        pytest.skip("the sources of face_recognition are not in .cache; ./run.sh test fetches them")
    folder = tmp_path_factory.mktemp("faces")
    pictures = {}
    with tarfile.open(archives[0]) as archive:
        for member in archive.getmembers():
            name = Path(member.name).name
            if "/tests/test_images/" in member.name and name.endswith((".jpg", ".png")):
                content = archive.extractfile(member)
                assert content is not None
                pictures[name] = folder / name
                pictures[name].write_bytes(content.read())
    return pictures


@pytest.fixture(scope="session")
def shared_photos() -> Path:
    """The folder of labelled photographs that some developers have; not part of the project."""
    if not SHARED_PHOTOS.is_dir():
        pytest.skip("the folder ../shared/photos with labelled photographs is not there")
    return SHARED_PHOTOS
