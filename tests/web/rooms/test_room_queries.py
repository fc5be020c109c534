"""Every page and poll only reads rows of its own room, by an index; a walk over all routes."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy import event, text

from photoshare.db import db
from photoshare.models import WaitingPhoto
from photoshare.services import health
from photoshare.services.rooms.rooms import NewRoom
from photoshare.services.shelf import forget_room
from tests.conftest import Cast
from tests.fakes import GREEN, draw_photo
from tests.helpers import (
    HX,
    TABLES,
    guest_access,
    insert_face,
    insert_person,
    insert_photos,
    insert_waiting,
    make_own_link,
    moderate,
    place_at,
)
from tests.web.conftest import Party

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]  # its plans and steps

TABLE_NAMES = "|".join(model.__tablename__ for model in TABLES)
# "SCAN face", "SCAN face USING INDEX ...": row by row, of any room.
SCAN = re.compile(rf"\bSCAN ({TABLE_NAMES})(_\d+)?\b")
OTHER_ROOMS = 12
# What distinguishes the pages of one address.
ARGUMENTS = {
    "albums.room_zip": ["", "people={red},{blue}&match=any", "photos={photo}"],
    "albums.several": ["people={red},{blue}&match=all", "people={red},{blue}&after={place}"],
    "guests.index": ["", "page=2", "find=a"],
    "jobs.current": ["", "seen=x"],
    "me.show": ["", "page=2", "after={place}"],
    "people.choose_faces": ["photos={photo}"],
    "people.choose_other": ["", "page=2"],
    "people.choose_person": ["faces={face}", "faces={face}&page=2"],
    "people.faces": ["", "page=1"],
    "people.index": ["", "page=2", "choose=1"],
    "people.show": ["", "after={place}", "before={place}"],
    "photos.index": [
        "",
        *("after={place}", "before={place}", "at={place}", "day=2026-07-04", "order=oldest"),
        *("by={guest}", "with={red},{blue}", "without_faces=1&after={place}"),
    ],
    "photos.show": ["", "person={red}", "people={red},{blue}", "without_faces=1", "guest={guest}"],
    "wall.photos": ["", "after={photo}"],
    "wall.show": ["", "before={photo}"],
}


@dataclass
class Walk:
    """Everything a browser can request by GET."""

    addresses: list[str]
    app: Flask
    cast: Cast

    def go(self) -> Iterator[str]:
        """Request everything: pages as a guest and as the host, partials by htmx."""
        for who, headers in (("guest", {}), ("guest", HX), ("host", {})):
            client: FlaskClient = getattr(self.cast, who)
            for address in self.addresses:
                with self.app.app_context():
                    forget_room(self.cast.room_id)  # the cache would hide its queries
                answer = client.get(address, headers=headers)
                answer.close()
                assert answer.status_code < 500, address
                yield f"{who} {address} {'by htmx' if headers else ''}"


@pytest.fixture
def walk(
    app: Flask,
    cast: Cast,
    party: Party,
    add_photo: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> Walk:
    monkeypatch.setattr(health, "KEPT_S", 0)  # by the clock, one walk would ask and the next not
    photo = party.photos["a.jpg"]
    with app.app_context():
        face, guest = (
            db.session.execute(text(query)).scalar_one()
            for query in (
                "SELECT id FROM face WHERE person_id IS NULL",
                "SELECT id FROM guest WHERE NOT is_host",
            )
        )
    cast.guest.post(f"{cast.url}/me/person", data={"person": party.red})
    own_secret, album_secret = (
        make_own_link(cast.guest, cast.url, kind).rpartition("/")[2] for kind in ("guest", "album")
    )
    named = {"red": party.red, "blue": party.blue, "photo": photo, "face": face, "guest": guest}
    values = {
        "room_code": cast.code,
        "person_id": party.red,
        "photo_id": photo,
        "face_id": face,
        "digest": party.digests["a.jpg"],
        "side": 640,
        "ending": "webp",
        "kind": "svg",
        "purpose": "any",
        "size": 192,
        "secret": cast.host_secret,
        "own_secret": own_secret,
        "album_secret": album_secret,
        "factor": 1,
        "column": 0,
        "row": 0,
        "deletion_id": 1,
        "guest_id": guest,
        "link_id": 1,
        "stamp": "none",
        "room_id": cast.room_id,
    }
    moderate(app, cast.room_id)
    waiting = add_photo(cast.room_id, draw_photo(GREEN, seed=7), guest_id=guest)
    with app.app_context():
        digest = db.session.get_one(WaitingPhoto, waiting).sha256[:16]
    of_waiting = {"waiting_id": waiting, "digest": digest}
    place = place_at(app, photo)
    addresses = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and not rule.endpoint.endswith("static"):
                known = values | (of_waiting if "waiting_id" in rule.arguments else {})
                path = url_for(rule.endpoint, **{name: known[name] for name in rule.arguments})
                for arguments in ARGUMENTS.get(rule.endpoint, [""]):
                    query = arguments.format(place=place, **named)
                    addresses.append(f"{path}?{query}" if query else path)
    return Walk(addresses, app, cast)


def add_other_rooms(app: Flask, make_room: Callable[..., NewRoom], count: int) -> None:
    """Fill other rooms besides the cast's: people, unsorted faces, photos without faces."""
    for _ in range(count):
        room_id = make_room("Another").room.id
        photos = insert_photos(app, room_id, 12)
        insert_person(app, room_id, photos[:4], "Lea")
        insert_person(app, room_id, photos[2:6])
        for photo in photos[3:9]:
            insert_face(app, room_id, photo)
        with app.app_context():
            guest_id = guest_access(room_id).guest.id
        insert_waiting(app, room_id, guest_id, 12)


def plans_of(app: Flask, queries: set[tuple[str, tuple[object, ...]]]) -> dict[str, list[str]]:
    """Explain how each query finds its rows."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            query: [
                row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)
            ]
            for query, values in queries
        }


@contextlib.contextmanager
def noted_queries(app: Flask) -> Iterator[set[tuple[str, tuple[object, ...]]]]:
    queries: dict[str, tuple[object, ...]] = {}

    def note(
        _connection: object,
        _cursor: object,
        statement: str,
        parameters: tuple[object, ...],
        _context: object,
        _many: bool,
    ) -> None:
        queries[statement] = parameters

    found: set[tuple[str, tuple[object, ...]]] = set()
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)
        found.update(
            (query, values)
            for query, values in queries.items()
            if query.lstrip().upper().startswith(("SELECT", "WITH"))
        )


def test_no_query_of_a_page_or_a_poll_scans_a_table(app: Flask, walk: Walk) -> None:
    with noted_queries(app) as queries:
        assert len(list(walk.go())) > 100

    scans = {
        query: plan
        for query, plan in plans_of(app, queries).items()
        if any(SCAN.search(step) for step in plan)
    }
    assert len(queries) > 40
    assert scans == {}


def test_a_scan_would_be_seen(app: Flask) -> None:
    query = "SELECT count(*) FROM face JOIN photo ON photo.id = face.photo_id WHERE score = 1"

    ((_, plan),) = plans_of(app, {(query, ())}).items()

    assert any(SCAN.search(step) for step in plan), plan


class StepCounter:
    """Counts the instructions of SQLite's virtual machine, the same in every run."""

    def __init__(self) -> None:
        self.steps = 0

    def watch(self, connection: sqlite3.Connection) -> None:
        """Count the instructions of a connection."""
        connection.set_progress_handler(self._count, 1)

    def _count(self) -> int:
        self.steps += 1
        return 0


def steps_of(walk: Walk, counter: StepCounter) -> dict[str, int]:
    """Count the instructions of every request: the least of two walks.

    Newer versions of SQLite also count those that prepare a statement: every walk prepares all. But
    each connection does so by itself, and which one a request gets is up to the pool.
    """
    walks = [_steps_of_one(walk, counter) for _ in range(2)]
    return {request: min(steps[request] for steps in walks) for request in walks[0]}


def _steps_of_one(walk: Walk, counter: StepCounter) -> dict[str, int]:
    with walk.app.app_context():
        db.engine.dispose()
    found, before = {}, counter.steps
    for request in walk.go():
        found[request] = counter.steps - before
        before = counter.steps
    return found


@pytest.fixture
def counter(app: Flask) -> Iterator[StepCounter]:
    counter = StepCounter()

    def watch(connection: sqlite3.Connection, *_rest: object) -> None:
        counter.watch(connection)

    with app.app_context():
        engine = db.engine
        engine.dispose()
    event.listen(engine, "connect", watch)
    yield counter
    event.remove(engine, "connect", watch)


def test_other_rooms_cost_a_page_nothing(
    app: Flask, walk: Walk, counter: StepCounter, make_room: Callable[..., NewRoom]
) -> None:
    add_other_rooms(app, make_room, 1)
    steps_of(walk, counter)  # makes what is made once: pictures, checksums
    beside_one = steps_of(walk, counter)
    add_other_rooms(app, make_room, OTHER_ROOMS)
    beside_many = steps_of(walk, counter)

    assert sum(beside_one.values()) > 1000
    # A room's own pages do the same work; a few steps search for the end of an index.
    slower = {
        request: (steps, beside_many[request])
        for request, steps in beside_one.items()
        if beside_many[request] > steps + 20
    }
    assert slower == {}
