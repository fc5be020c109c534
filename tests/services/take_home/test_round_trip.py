"""A room with a thousand random corrections is the same room on another server, and stays so."""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import func, select

from photoshare import create_app
from photoshare.db import db
from photoshare.errors import InvalidInputError, NotFoundError, SameNameError
from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from photoshare.faces.types import AnalysedFace
from photoshare.models import Audience, Correction, Face, FacesFor, Guest, Person, Photo, Room
from photoshare.services.corrections import verbs
from photoshare.services.corrections.events import OF_ONESELF, CorrectionKind
from photoshare.services.mine import hiding
from photoshare.services.moving_in.importing import ImportedRoom, Server, import_room
from photoshare.services.moving_in.restored import EngineHere
from photoshare.services.people import grouping, storing
from photoshare.services.people.grouping import GroupingRule
from photoshare.services.people.storing import FoundFace
from photoshare.services.photos import adding, hearts
from photoshare.services.rooms import entering, rooms
from photoshare.services.rooms.entering import Access, Author
from photoshare.services.take_home.exporting import export_room
from photoshare.services.take_home.room_file import Choice
from photoshare.services.work import photo_queue
from photoshare.web.site import Site, site_of
from tests.conftest import DECODERS, copy_data
from tests.fakes import FakeFaceEngine, draw_photo
from tests.services.take_home.rooms_compared import described

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

RULE = GroupingRule(engine_name=FakeFaceEngine.name, eps=0.325, min_samples=2)
PHOTOS, STEPS, FURTHER_STEPS = 24, 1000, 100
REFUSALS = (InvalidInputError, NotFoundError, SameNameError)


class Talk:
    """What is said in a room, by a seed: the same in two rooms that are the same.

    Nothing is chosen by an id, but by a place among those of its kind.
    """

    def __init__(self, app: Flask, room_id: int, seed: int) -> None:
        self.app, self.room_id, self.random = app, room_id, random.Random(seed)
        self.said = self.undone = 0

    def go_on(self, steps: int) -> None:
        with self.app.app_context():
            for _ in range(steps):
                kind = self.random.random()
                if kind < 0.1:
                    grouping.group_unsorted_faces(self.room_id, RULE)
                elif kind < 0.3:
                    self.undo_something()
                else:
                    with contextlib.suppress(*REFUSALS):
                        self.correct()
                        self.said += 1

    def ids(self, kind: type[Person | Guest | Correction], *which: object) -> list[int]:
        db.session.rollback()
        query = select(kind.id).where(kind.room_id == self.room_id, *which)  # type: ignore[arg-type]
        return list(db.session.scalars(query.order_by(kind.id)))

    def faces(self, *which: object) -> list[int]:
        query = select(Face.id).join(Photo).where(Photo.room_id == self.room_id, *which)  # type: ignore[arg-type]
        return list(db.session.scalars(query.order_by(Face.id)))

    def some_faces(self, most: int = 3) -> list[int]:
        known = self.faces(Face.is_face)
        return self.random.sample(known, min(len(known), self.random.randint(1, most)))

    def someone(self) -> int:
        people = self.ids(Person)
        return self.random.choice(people) if people else 0

    def undo_something(self) -> None:
        of_others = Correction.kind.not_in(OF_ONESELF)
        known = self.ids(Correction, Correction.undone_at.is_(None), of_others)
        if known:
            verbs.undo(Author(self.room_id), self.random.choice(known))
            self.undone += 1

    def hide(self) -> None:
        """Let a guest ask for themselves, or take that back."""
        guest = db.session.get_one(Guest, self.random.choice(self.ids(Guest)))
        someone = self.someone()
        if guest.person_id is None and someone:
            guest.person_id = guest.said_person_id = someone
            db.session.commit()
        access = Access(db.session.get_one(Room, self.room_id), guest)
        if self.random.random() < 0.4:
            hiding.show_me(access)
        else:
            forgets = self.random.random() < 0.5
            hiding.hide_me(access, site_of(self.app).storage, forgets=forgets)

    def correct(self) -> None:
        guest_id = self.random.choice([None, *self.ids(Guest)])
        author = Author(self.room_id, guest_id)
        person, other, faces = self.someone(), self.someone(), self.some_faces()
        is_sure, name = self.random.random() < 0.3, f"Name {self.random.randrange(50)} ज़ोया"
        others, theirs = self.some_faces(1), self.faces(Face.person_id == person)
        actions: tuple[Callable[[], object], ...] = (
            lambda: verbs.mark_not_faces(author, faces[:1]),  # the rarest: soon none would be left
            lambda: verbs.name_person(author, person, name, is_another=True),
            lambda: verbs.merge_people(author, person, other, is_sure=is_sure),
            lambda: verbs.move_faces(author, faces, other or None, is_sure=is_sure),
            lambda: verbs.reject_faces(author, person, theirs[:1]),
            lambda: verbs.hide_person(author, person),
            lambda: verbs.show_person(author, person),
            lambda: verbs.choose_cover(author, faces[0]),
            lambda: verbs.mark_different(author, faces[:1], others),
            lambda: verbs.mark_same(author, faces[:1], others, is_sure=is_sure),
            self.hide,
        )
        (action,) = self.random.choices(actions, [1] + [4] * 9 + [2])
        action()


@pytest.fixture
def other_app(tmp_path: Path, empty_data: Path) -> Iterator[Flask]:
    """Another server."""
    copy_data(empty_data, tmp_path / "other")
    app = create_app(
        {"data": tmp_path / "other", "min_free_mb": 0},
        make_engine=lambda settings: FakeFaceEngine(),
        decoders=DECODERS,
    )
    yield app
    with app.app_context():
        db.engine.dispose()


def celebrate(app: Flask, site: Site, seed: int) -> int:
    """Fill a room with photos of twelve people, as guests add and like them."""
    noise, chance = np.random.default_rng(seed), random.Random(seed)
    looks = noise.normal(size=(12, ENCODING_SIZE)).astype(np.float32)
    with app.app_context():
        new = rooms.create_room("Lea & Tom: कल", password="secret")
        guests = [entering.join_room(new.room, password="secret", name=name) for name in "ABC"]
        guests.append(entering.become_host(new.room, secret=new.host_secret, name="Hanna"))
        for number in range(PHOTOS):
            content = draw_photo(seed=number, width=400)
            added = adding.add_photo(
                new.room.id,
                io.BytesIO(content),
                f"फ़ोटो {number % 7}.jpg",
                guest_id=chance.choice([None, *(guest.id for guest in guests)]),
                storage=site.storage,
                settings=site.settings,
                decoders=site.decoders,
            )
            claimed = photo_queue.claim_photo(new.room.id)
            assert claimed is not None
            found = []
            for place in range(chance.randint(0, 4)):
                encoding = looks[chance.randrange(12)] + noise.normal(
                    scale=0.25, size=ENCODING_SIZE
                )
                location = (20, place * 100 + 80, 80, place * 100 + 20)
                panel = place + 1 if number % 3 == 0 else 0
                face = AnalysedFace(location, 1.0, encoding.astype(np.float32), panel=panel)
                if number % 5 == 0:
                    face = replace(face, at_ms=700 * place)
                found.append(FoundFace(face, b"jpeg"))
            storing.store_analysis([(claimed, found)], rule=RULE, storage=site.storage)
            for guest in chance.sample(guests, chance.randint(0, 3)):
                hearts.give_heart(Access(new.room, guest), added.photo_id, is_given=True)
        guests[0].person_id = guests[0].said_person_id = chance.choice(
            list(db.session.scalars(select(Person.id)))
        )
        new.room.cover_photo_id = added.photo_id
        db.session.get_one(Photo, added.photo_id).is_for_all = True
        new.room.guests_may_correct = True
        new.room.audience = Audience.LATER
        new.room.revealed_at = datetime(2026, 12, 5, 20, tzinfo=UTC)
        new.room.adds_until, new.room.covers_faces = date(2026, 12, 31), True
        db.session.commit()
        return new.room.id


def server_of(app: Flask) -> Server:
    site, engine = site_of(app), FakeFaceEngine
    return Server(
        site.storage, site.settings, site.decoders, EngineHere(engine.name, engine.encoding_size)
    )


def take_over(app: Flask, room_id: int, other: Flask, file: Path, choice: Choice) -> ImportedRoom:
    with app.app_context():
        export_room(room_id, choice, site_of(app).storage, file)
    with other.app_context():
        made = import_room(file, server_of(other))
        db.session.expunge_all()
        return made


def test_a_thousand_corrections_later_the_room_is_the_same_elsewhere(
    app: Flask, site: Site, other_app: Flask, tmp_path: Path
) -> None:
    with other_app.app_context():
        rooms.create_room("ids are different here")
        db.session.add(Person(room_id=1))
        db.session.commit()
    room_id = celebrate(app, site, seed=8)
    talk = Talk(app, room_id, seed=9)
    talk.go_on(STEPS)

    made = take_over(app, room_id, other_app, tmp_path / "room.zip", Choice())

    assert talk.said > STEPS / 4
    assert talk.undone > STEPS / 10
    with app.app_context():
        here = described(room_id)
    with other_app.app_context():
        there_id = db.session.scalars(select(Person.room_id).order_by(Person.id.desc())).first()
        assert there_id is not None
        there = described(there_id)
    for part, value in here.items():
        assert there[part] == value, part
    assert made.correction_count == len(here["corrections"]) > STEPS / 4
    assert {kind for kind, *_ in here["corrections"]} == {kind.value for kind in CorrectionKind} - {
        "clock"
    }
    for one, room in ((app, room_id), (other_app, there_id)):
        Talk(one, room, seed=10).go_on(FURTHER_STEPS)
    with app.app_context():
        here = timeless(described(room_id))
    with other_app.app_context():
        there = timeless(described(there_id))
    for part, value in here.items():
        assert there[part] == value, part


@pytest.mark.parametrize("faces_for", [FacesFor.SELF, FacesFor.NOBODY])
def test_a_room_in_which_nobody_is_shown_takes_no_people_along(
    app: Flask, site: Site, other_app: Flask, tmp_path: Path, faces_for: FacesFor
) -> None:
    room_id = celebrate(app, site, seed=8)
    with app.app_context():
        db.session.get_one(Room, room_id).faces_for = faces_for
        db.session.commit()

    made = take_over(app, room_id, other_app, tmp_path / "room.zip", Choice())

    with other_app.app_context():
        assert db.session.scalars(select(Room.faces_for)).all() == [faces_for]
        assert db.session.scalar(select(func.count(Photo.id))) == made.photo_count
        assert made.photo_count > 0
        assert db.session.scalars(select(Person.id)).all() == []
        assert db.session.scalars(select(Face.id)).all() == []


def timeless(room: dict[str, Any]) -> dict[str, Any]:
    """Leave out when something was said or undone: seconds apart in two rooms."""
    for part, times in (("corrections", (2, 3)), ("people", (3,))):
        room[part] = [
            tuple(bool(value) if place in times else value for place, value in enumerate(row))
            for row in room[part]
        ]
    return room
