"""Several web processes on one PostgreSQL database and one data folder, of which one is killed."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from photoshare import create_app
from photoshare.databases.postgresql import UPLOADS, try_alone
from photoshare.databases.processes import Processes
from photoshare.databases.shared_rates import SharedTurns
from photoshare.db import db, upgrade_schema
from photoshare.errors import PhotoshareError
from photoshare.services.rooms import rooms
from photoshare.services.work import job_table
from photoshare.services.work.job_table import JobKind
from photoshare.web.site import site_of
from tests import postgresql
from tests.fakes import BLUE, RED, FakeFaceEngine, draw_photo
from tests.helpers import insert_photos
from tests.maintenance.test_full_disk import Browser, make_room
from tests.servers import free_port, refusal, server, wait_until_it_serves
from tests.tools import flask

pytestmark = pytest.mark.scale

PROCESSES, GUESTS, PHOTOS_EACH = 3, 6, 10
DONE_WITHIN_S = 60
# The server with an engine that needs no files, and some time for each photo.
PROGRAM = """
import functools, sys, time
from pathlib import Path
from photoshare import factory, server
from tests.fakes import FakeFaceEngine

class SlowEngine(FakeFaceEngine):
    def locate(self, image):
        while Path("/nowhere").exists():
            time.sleep(0.02)
        time.sleep(0.03)
        return super().locate(image)

factory.create_app = functools.partial(
    factory.create_app, make_engine=lambda settings: SlowEngine()
)
sys.exit(server.main(sys.argv[1:]))
"""


@pytest.fixture
def url() -> str:
    cluster = postgresql.cluster()
    return cluster.url(cluster.new_database())


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]
    finally:
        engine.dispose()


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + DONE_WITHIN_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.1)


@dataclass
class Proxy:
    """Sends each request to the next server, and to another one if that has died."""

    ports: list[int]

    def __post_init__(self) -> None:
        self._next = itertools.count()

    def browser(self) -> ProxiedBrowser:
        return ProxiedBrowser(self)

    def port(self) -> int:
        return self.ports[next(self._next) % len(self.ports)]


class ProxiedBrowser(Browser):
    """A guest behind the proxy."""

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(proxy.port())
        self._proxy = proxy

    def ask(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        while True:
            self._root = f"http://127.0.0.1:{self._proxy.port()}"
            # A server that dies in the middle of an answer is asked again, as a browser's queue
            # does: what it had stored is a duplicate then.
            with contextlib.suppress(urllib.error.URLError, ConnectionError, OSError):
                return super().ask(path, body, headers)


def test_three_processes_and_one_is_killed_at_the_party(tmp_path: Path, url: str) -> None:
    ports = [free_port() for _ in range(PROCESSES)]
    proxy = Proxy(ports)
    sent: dict[str, set[str]] = {}
    failures: list[object] = []
    half = threading.Semaphore(0)

    def take_part(room: str, number: int) -> None:
        guest = proxy.browser()
        guest.ask(f"{room}/join", f"name=Guest{number}".encode())
        for one in range(PHOTOS_EACH):
            content = draw_photo(RED, BLUE, seed=number * PHOTOS_EACH + one)
            status, answer = guest.upload(room, content, f"{number}-{one}.jpg")
            if status not in (200, 201):
                failures.append((status, answer))
            sent[room].add(hashlib.sha256(content).hexdigest())
            half.release()
            for page in ("", "/people", "/photos", "/jobs/current"):
                status, answer = guest.ask(room + page)
                if status not in (200, 204, 286):
                    failures.append((page, status, answer[:300]))

    with contextlib.ExitStack() as stack:
        processes = []
        for port in ports:
            started = server(tmp_path / "data", port, ("-c", PROGRAM), PHOTOSHARE_DATABASE_URL=url)
            processes.append(stack.enter_context(started))
            wait_until_it_serves(processes[-1], port)
        places = [make_room(proxy.browser()) for _ in range(2)]
        sent |= {room: set() for room in places}
        with ThreadPoolExecutor(GUESTS) as pool:
            done = [pool.submit(take_part, places[number % 2], number) for number in range(GUESTS)]
            for _ in range(GUESTS * PHOTOS_EACH // 2):
                half.acquire()
            processes[0].kill()
            for one in done:
                one.result()
        unfinished = "SELECT count(*) FROM photo WHERE state != 'analysed'"
        wait_for(lambda: rows(url, unfinished) == [(0,)])
        wait_for(lambda: rows(url, "SELECT 1 FROM job WHERE state IN ('queued', 'running')") == [])
        assert [process.poll() is None for process in processes] == [False, True, True]

    assert failures == []
    codes = "SELECT room.code, photo.sha256 FROM photo JOIN room ON room.id = photo.room_id"
    stored = rows(url, codes)
    assert sorted(stored) == sorted(
        (room.rpartition("/")[2], sha256) for room, hashes in sent.items() for sha256 in hashes
    )
    originals = list((tmp_path / "data").glob("rooms/*/originals/*"))
    assert {path.name for path in originals} == set.union(*sent.values())
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in originals)
    per_photo = "SELECT count(*), face_count FROM face JOIN photo ON photo.id = photo_id "
    assert set(rows(url, per_photo + "GROUP BY photo.id")) == {(2, 2)}
    people = "SELECT room_id, count(*) FROM person GROUP BY room_id ORDER BY room_id"
    assert rows(url, people) == [(1, 2), (2, 2)]


def test_what_a_killed_process_had_in_hand_goes_on_in_another(tmp_path: Path, url: str) -> None:
    data, waits = tmp_path / "data", tmp_path / "waits"
    waits.touch()
    ports = [free_port(), free_port()]

    waiting = PROGRAM.replace('"/nowhere"', repr(str(waits)))
    with server(data, ports[0], ("-c", waiting), PHOTOSHARE_DATABASE_URL=url) as first:
        wait_until_it_serves(first, ports[0])
        browser = Browser(ports[0])
        room = make_room(browser)
        browser.upload(room, draw_photo(RED, BLUE), "one.jpg")
        wait_for(lambda: rows(url, "SELECT state FROM photo") == [("analysing",)])
        with server(data, ports[1], ("-c", PROGRAM), PHOTOSHARE_DATABASE_URL=url) as second:
            wait_until_it_serves(second, ports[1])
            # A start takes over nothing from the living.
            assert rows(url, "SELECT state, attempts FROM photo") == [("analysing", 1)]
            first.kill()
            wait_for(lambda: rows(url, "SELECT state FROM photo") == [("analysed",)])

    assert rows(url, "SELECT attempts, face_count FROM photo") == [(2, 2)]


def test_a_process_on_sqlite_and_one_on_postgresql_do_not_share_a_folder(
    tmp_path: Path, url: str
) -> None:
    data, port = tmp_path / "data", free_port()
    with server(data, port, ("-c", PROGRAM), PHOTOSHARE_DATABASE_URL=url) as process:
        wait_until_it_serves(process, port)

        said = refusal(data, free_port())

    assert "Another PhotoShare is already running" in said


@pytest.fixture
def apps(tmp_path: Path, url: str) -> Iterator[list[Flask]]:
    """Two apps as two processes have them."""
    made = [
        create_app(
            {"data": tmp_path / "data", "database_url": url, "min_free_mb": 0},
            make_engine=lambda _settings: FakeFaceEngine(),
        )
        for _ in range(2)
    ]
    with made[0].app_context():
        upgrade_schema()
    yield made
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def test_the_limits_of_a_network_hold_across_processes(apps: list[Flask]) -> None:
    with apps[0].app_context():
        code = rooms.create_room("Party", password="open sesame").room.code
    for number in range(20):
        guest = apps[number % 2].test_client()
        assert guest.post(f"/rooms/{code}/join", data={"password": "no"}).status_code == 422

    answers = [
        app.test_client().post(f"/rooms/{code}/join", data={"password": "no"}).status_code
        for app in apps
    ]

    assert answers == [429, 429]
    with apps[0].app_context():
        keys = db.session.scalars(text("SELECT key FROM attempts")).all()
    assert len(keys) == 2  # a minute and an hour
    assert all("127" not in bytes.fromhex(key).decode("latin-1") for key in keys)


def test_one_process_at_a_time_checks_guesses_beyond_the_limit(apps: list[Flask]) -> None:
    order: list[str] = []
    is_in = threading.Event()

    def follow() -> None:
        with apps[1].app_context():
            is_in.wait()
            with SharedTurns().take() as has_place:
                order.append(f"second {has_place}")

    with ThreadPoolExecutor(1) as pool, apps[0].app_context():
        following = pool.submit(follow)
        with SharedTurns().take():
            is_in.set()
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            wait_for(lambda: db.session.scalar(waiting) == 1)
            order.append("first")
        following.result()

    assert order == ["first", "second True"]


def test_one_process_is_on_duty_until_it_ends(apps: list[Flask]) -> None:
    with apps[0].app_context():
        one, other = Processes(db.engine), Processes(db.engine)
        one.announce()
        other.announce()
        assert set(one.living()) == {one.number, other.number}
        assert [one.is_on_duty(), other.is_on_duty(), one.is_on_duty()] == [True, False, True]

        one.leave()

        wait_for(other.is_on_duty)
        assert set(other.living()) == {other.number}
        other.leave()


def test_after_a_restart_of_postgresql_a_process_is_alive_again(apps: list[Flask]) -> None:
    with apps[0].app_context():
        process = Processes(db.engine)
        process.announce()
        kill = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        db.session.execute(text(kill))
        db.session.remove()

        wait_for(lambda: _is_alive(process))
        process.leave()


def _is_alive(process: Processes) -> bool:
    process.announce()
    with contextlib.suppress(PhotoshareError):
        return process.number in process.living()
    return False


def test_a_room_has_one_job_at_a_time_and_two_processes_two_rooms(apps: list[Flask]) -> None:
    with apps[0].app_context():
        first, second = (rooms.create_room("Party").room.id for _ in range(2))
        job_table.enqueue_job(first, JobKind.PROCESS_PHOTOS)
        job_table.enqueue_job(first, JobKind.CLUSTER_ROOM)
        job_table.enqueue_job(second, JobKind.PROCESS_PHOTOS)

        claimed = [job_table.claim_job(worker) for worker in (1, 2, 3)]

        assert [job and (job.room_id, job.kind) for job in claimed] == [
            (first, JobKind.PROCESS_PHOTOS),
            (second, JobKind.PROCESS_PHOTOS),
            None,
        ]


def test_only_the_jobs_of_the_dead_are_taken_over(apps: list[Flask]) -> None:
    with apps[0].app_context():
        living, dead = (rooms.create_room("Party").room.id for _ in range(2))
    for room_id in (living, dead):
        insert_photos(apps[0], room_id, 1, state="analysing", engine=None, seed=str(room_id))
    with apps[0].app_context():
        for worker, room_id in ((1, living), (2, dead)):
            job_table.enqueue_job(room_id, JobKind.PROCESS_PHOTOS)
            assert job_table.claim_job(worker)

        assert job_table.take_over({1, 3}) == 1

        jobs = db.session.execute(text("SELECT room_id, state FROM job ORDER BY room_id")).all()
        photos = db.session.execute(text("SELECT room_id, state FROM photo ORDER BY room_id"))
        assert [tuple(row) for row in jobs] == [(living, "running"), (dead, "queued")]
        assert [tuple(row) for row in photos] == [(living, "analysing"), (dead, "waiting")]


def test_who_was_taken_for_dead_neither_ends_nor_queues_what_another_does(
    apps: list[Flask],
) -> None:
    with apps[0].app_context():
        job_table.enqueue_job(rooms.create_room("Party").room.id, JobKind.CLUSTER_ROOM)
        former = job_table.claim_job(1)
        job_table.take_over({2})
        present = job_table.claim_job(2)
        assert former
        assert present

        job_table.finish_job(former)
        job_table.requeue_job(former)

        states = db.session.scalars(text("SELECT state FROM job")).all()
        job_table.finish_job(present)
        assert states == ["running"]
        assert db.session.scalars(text("SELECT state FROM job")).all() == ["done"]


def test_another_process_does_not_write_to_an_upload_in_hand(apps: list[Flask]) -> None:
    with apps[0].app_context(), try_alone(db.engine, UPLOADS, 7) as is_free:
        with try_alone(db.engine, UPLOADS, 7) as is_free_too:
            pass
        with try_alone(db.engine, UPLOADS, 8) as is_other_free:
            pass

    assert (is_free, is_free_too, is_other_free) == (True, False, True)


def test_processes_that_start_together_have_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one comes when the first one has seen that there is no key yet."""
    keys: list[object] = []
    touch = Path.touch

    def another_comes(path: Path, mode: int = 0o666, exist_ok: bool = True) -> None:
        monkeypatch.setattr(Path, "touch", touch)
        keys.append(create_app({"data": tmp_path / "data"}).secret_key)
        touch(path, mode, exist_ok)

    monkeypatch.setattr(Path, "touch", another_comes)
    keys.append(create_app({"data": tmp_path / "data"}).secret_key)

    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_process_with_another_data_folder_is_refused(
    tmp_path: Path, url: str, apps: list[Flask]
) -> None:
    with apps[0].app_context():
        room_id = rooms.create_room("Party").room.id
    insert_photos(apps[0], room_id, 1)

    said = refusal(tmp_path / "other", free_port(), PHOTOSHARE_DATABASE_URL=url)

    assert "isn't their data folder" in said


def test_a_password_is_neither_shown_nor_said(tmp_path: Path) -> None:
    url = "postgresql://photoshare:open-sesame@127.0.0.1:1/photoshare"

    said = refusal(tmp_path, free_port(), PHOTOSHARE_DATABASE_URL=url)
    shown = repr(site_of(create_app({"data": tmp_path, "database_url": url})).settings)

    assert "Connection refused" in said
    assert "open-sesame" not in said + shown


def test_the_backup_of_sqlite_names_the_one_of_postgresql(tmp_path: Path, url: str) -> None:
    data = tmp_path / "data"

    done = flask(data, "backup", str(tmp_path / "backup"), PHOTOSHARE_DATABASE_URL=url)

    assert done.returncode == 1
    assert "pg_dump" in done.stderr


def test_the_doctor_examines_postgresql(apps: list[Flask], tmp_path: Path, url: str) -> None:
    for where, is_good in ((url, True), ("postgresql://127.0.0.1:1/photoshare", False)):
        done = flask(tmp_path / "data", "doctor", PHOTOSHARE_DATABASE_URL=where)

        assert ("ok   Database: PostgreSQL, schema" in done.stdout) == is_good
        assert ("BAD  Database: PostgreSQL can't be reached" in done.stdout) != is_good
