"""A better engine: every photo is searched again, corrections hold, nobody waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from photoshare import create_app
from photoshare.db import db
from photoshare.models import Face, Guest, Job, Person, Photo
from photoshare.services.corrections import verbs
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Author
from photoshare.services.work import job_table, photo_queue
from photoshare.services.work.progress import room_progress
from photoshare.web.site import Site, site_of
from tests.fakes import (
    BLUE,
    CYAN,
    GREEN,
    MAGENTA,
    RED,
    STEP_PX,
    WHITE,
    YELLOW,
    BetterFaceEngine,
    ColourBlindEngine,
    draw_photo,
)
from tests.jobs.killing import kill_until

PHOTOS: list[tuple[tuple[int, int, int], ...]] = [
    (RED, GREEN),
    (RED, BLUE),
    (RED, CYAN),
    (GREEN, MAGENTA),
    (GREEN,),
    (GREEN,),
    (BLUE,),
    (BLUE, CYAN),
    (MAGENTA,),
    (YELLOW, RED),
    (YELLOW,),
    (WHITE,),
    (WHITE, RED),
    (RED, WHITE),
]
COLOURS = [colour for photo in PHOTOS for colour in photo]


@pytest.fixture
def engine() -> ColourBlindEngine:
    return ColourBlindEngine()


@dataclass
class Party:
    """A room that was searched by the old engine, with its corrections.

    Faces are given by the number of their photo and their index in it, from 0.
    """

    app: Flask
    room_id: int
    photos: list[int]
    people: dict[str, int] = field(default_factory=dict)

    def face(self, photo: int, place: int = 0) -> int:
        """Return the id of a face's row."""
        return self._rows()[photo, place][0]

    def person(self, photo: int, place: int = 0) -> int | None:
        """Return whose a face is."""
        return self._rows()[photo, place][1]

    def whose(self) -> dict[tuple[int, int], int | None]:
        """Return the person of every face."""
        return {where: person for where, (_, person) in self._rows().items()}

    def _rows(self) -> dict[tuple[int, int], tuple[int, int | None]]:
        numbers = {photo_id: number for number, photo_id in enumerate(self.photos)}
        with self.app.app_context():
            rows = db.session.execute(
                select(Face.photo_id, Face.left, Face.id, Face.person_id).where(Face.is_face)
            )
            return {
                (numbers[photo], left // STEP_PX): (face, person)
                for photo, left, face, person in rows
                if photo in numbers
            }

    def photos_of(self, person_id: int | None) -> set[int]:
        """Return the numbers of the photos of an album."""
        return {photo for (photo, _), person in self.whose().items() if person == person_id}


@pytest.fixture
def party(
    app: Flask,
    make_room: Callable[..., rooms.NewRoom],
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> Party:
    room_id = make_room().room.id
    photos = [add_photo(room_id, draw_photo(*who, seed=n)) for n, who in enumerate(PHOTOS)]
    run_jobs()
    party = Party(app, room_id, photos)
    author = Author(room_id)
    people = {
        "Lea": party.person(0, 0),
        "Mia": party.person(3, 1),
        "cyan": party.person(2, 1),
        "both": party.person(4),
        "hidden": party.person(11),
    }
    party.people = {name: person for name, person in people.items() if person is not None}
    assert len(set(party.people.values())) == len(people)
    assert party.person(6) == people["both"], "green and blue are one person so far"
    with app.app_context():
        verbs.name_person(author, party.people["Lea"], "Lea")
        verbs.choose_cover(author, party.face(2, 0))
        verbs.merge_people(author, party.people["cyan"], party.people["Mia"])
        verbs.name_person(author, party.people["Mia"], "Mia")
        verbs.reject_faces(author, party.people["Lea"], [party.face(12, 1)])
        verbs.hide_person(author, party.people["hidden"])
        verbs.mark_not_faces(author, [party.face(13, 1)])
        for name in ("Lea", "both"):
            db.session.add(
                Guest(
                    room_id=room_id,
                    name=name,
                    is_host=False,
                    person_id=party.people[name],
                    said_person_id=party.people[name],
                )
            )
        db.session.commit()
    return party


def better_app(tmp_path: Path) -> Flask:
    """Restart the server with the better engine; no thread runs yet."""
    return create_app(
        {"data": tmp_path / "data", "min_free_mb": 0},
        make_engine=lambda settings: BetterFaceEngine(),
    )


def check_what_was_said_holds(party: Party) -> None:
    """Whichever engine has found them, people are as they were corrected."""
    lea, mia = party.people["Lea"], party.people["Mia"]
    with party.app.app_context():
        person = db.session.get_one(Person, lea)
        assert (person.name, person.cover_face_id) == ("Lea", party.face(2, 0))
        assert db.session.get_one(Person, mia).name == "Mia"
        assert db.session.get_one(Person, party.people["hidden"]).is_hidden
        not_faces = db.session.scalars(select(Face.photo_id).where(~Face.is_face)).all()
        assert not_faces == [party.photos[13]]
        twice = select(Face.person_id).where(Face.person_id.is_not(None))
        twice = twice.group_by(Face.photo_id, Face.person_id).having(func.count() > 1)
        assert db.session.scalars(twice).all() == [], "someone is twice on a photo"
        names = db.session.scalars(select(Person.name).where(Person.name.is_not(None))).all()
        assert sorted(name or "" for name in names) == ["Lea", "Mia"]
    assert {0, 1, 2, 9, 13} <= party.photos_of(lea)
    assert party.photos_of(mia) == {2, 3, 7, 8}
    assert party.person(12, 1) != lea, "it is not she, as someone said"
    assert party.photos_of(party.people["hidden"]) == {11, 12}


def check_all_are_found_anew(party: Party) -> None:
    """In the end all faces are from the better engine, and grouped only by these."""
    check_what_was_said_holds(party)
    with party.app.app_context():
        assert set(db.session.scalars(select(Photo.engine))) == {"better"}
        assert set(db.session.scalars(select(Photo.state))) == {"analysed"}
        sizes = set(db.session.scalars(select(func.length(Face.encoding)).where(Face.is_face)))
        assert sizes == {4 * BetterFaceEngine.encoding_size}
        assert db.session.scalar(select(func.count(Face.id))) == len(COLOURS)
        progress = room_progress(party.room_id)
        assert (progress.again_count, progress.is_searching_again) == (0, False)
        guests = dict(db.session.execute(select(Guest.name, Guest.person_id)).all())
        people = set(db.session.scalars(select(Person.id)))
        assert set(party.whose().values()) - {None} == people, "an empty person is left"
    green, blue, yellow = (party.person(number) for number in (4, 6, 10))
    assert None not in (green, blue, yellow)
    assert len({green, blue, yellow, *party.people.values()}) == len(party.people) + 2
    assert green == party.people["both"], "an id goes on with most of its faces"
    assert party.photos_of(green) == {0, 3, 4, 5}
    assert party.photos_of(blue) == {1, 6, 7}
    assert party.photos_of(yellow) == {9, 10}
    assert guests == {"Lea": party.people["Lea"], "both": green}


def test_after_an_upgrade_every_photo_is_searched_again_and_what_was_said_holds(
    party: Party, tmp_path: Path
) -> None:
    party.app = better_app(tmp_path)

    site_of(party.app).jobs.run_pending()

    check_all_are_found_anew(party)


def test_the_room_is_usable_all_the_while(
    party: Party, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each single photo the corrections hold and every album has its photos."""
    site = site_of(app := better_app(tmp_path))
    party.app = app
    with app.app_context():
        assert photo_queue.analyse_outdated_again("better") == len(PHOTOS)
    seen: list[tuple[int, int]] = []

    finish = job_table.count_photo_done

    def looked_at(job_id: int) -> bool:
        is_running = finish(job_id)
        db.session.rollback()
        check_what_was_said_holds(party)
        progress = room_progress(party.room_id)
        seen.append((progress.found_again_count, progress.second_count))
        photos = {photo for photo, _ in party.whose()}
        assert photos >= set(range(len(PHOTOS))) - {10}  # only yellow: nobody was found there
        return is_running

    monkeypatch.setattr(job_table, "count_photo_done", looked_at)

    site.jobs.run_pending()

    assert seen == [(number, len(PHOTOS)) for number in range(1, len(PHOTOS) + 1)]
    check_all_are_found_anew(party)


def test_photos_of_people_with_names_come_first_and_the_newest_of_them(
    party: Party, tmp_path: Path
) -> None:
    party.app = better_app(tmp_path)
    with party.app.app_context():
        photo_queue.analyse_outdated_again("better")
        photos = photo_queue.SecondSearch(party.room_id)
        order = []
        while (claimed := photos.claim()) is not None:
            order.append(party.photos.index(claimed.id))

    # Lea, Mia and the hidden person are in the first ones.
    assert order == [13, 12, 11, 9, 8, 7, 3, 2, 1, 0, 10, 6, 5, 4]


def test_a_new_photo_goes_before_those_that_are_searched_again(
    party: Party,
    site: Site,
    add_photo: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    party.app = better_app(tmp_path)
    searched: list[int] = []
    finish = job_table.count_photo_done

    def noted(job_id: int) -> bool:
        is_running = finish(job_id)
        query = select(Photo.id).where(Photo.engine == "better", Photo.id.not_in(searched))
        searched.extend(db.session.scalars(query))
        if len(searched) == 3:
            new = add_photo(party.room_id, draw_photo(RED, seed=99))
            party.photos.append(new)
            job_table.enqueue_waiting_photos()
        return is_running

    monkeypatch.setattr(job_table, "count_photo_done", noted)

    site_of(party.app).jobs.run_pending()

    assert searched.index(party.photos[-1]) == 3
    assert party.person(len(PHOTOS)) == party.people["Lea"]
    assert len(searched) == len(PHOTOS) + 1
    assert party.photos_of(party.people["Mia"]) == {2, 3, 7, 8}


def test_who_came_in_first_and_was_not_known_yet_joins_who_they_are_by_and_by(
    party: Party, add_photo: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two new photos of Lea are searched before any of those by which she could be known."""
    for seed in (98, 99):
        party.photos.append(add_photo(party.room_id, draw_photo(RED, seed=seed)))
    party.app = better_app(tmp_path)
    people: list[tuple[int | None, ...]] = []
    finish = job_table.count_photo_done

    def noted(job_id: int) -> bool:
        whose = party.whose()
        people.append(tuple(whose.get((len(PHOTOS) + new, 0)) for new in (0, 1)))
        return finish(job_id)

    monkeypatch.setattr(job_table, "count_photo_done", noted)

    site_of(party.app).jobs.run_pending()

    lea = party.people["Lea"]
    new_person, same = people[1]
    assert new_person == same != lea, "Lea is not known to the better engine yet"
    assert people[2] == people[-1] == (lea, lea), "she is, as soon as one photo of her is searched"


@pytest.mark.slow
def test_killed_at_any_time_the_second_search_goes_on_and_what_was_said_holds(
    party: Party, tmp_path: Path
) -> None:
    def is_over() -> bool:
        with party.app.app_context():
            kinds = db.session.scalars(select(Job.kind).where(Job.state.in_(["queued", "running"])))
            left = select(func.count()).where(Photo.engine != "better")
            return not kinds.all() and db.session.scalar(left) == 0

    kills, _ = kill_until(
        is_over,
        tmp_path,
        BetterFaceEngine,
        searches=5,
        seconds=240,
        after_each=lambda: check_what_was_said_holds(party),
    )

    assert kills >= 3
    check_all_are_found_anew(party)


def test_a_photo_that_breaks_the_better_engine_keeps_its_faces(
    party: Party, tmp_path: Path
) -> None:
    party.app = better_app(tmp_path)
    with party.app.app_context():
        photo_queue.analyse_outdated_again("better")
        query = update(Photo).where(Photo.id == party.photos[1])
        db.session.execute(query.values(state="failed", attempts=photo_queue.MAX_ATTEMPTS))
        db.session.commit()

    site_of(party.app).jobs.run_pending()

    check_what_was_said_holds(party)
    with party.app.app_context():
        failed = db.session.get_one(Photo, party.photos[1])
        assert (failed.state, failed.engine) == ("failed", "colour-blind")
    assert party.person(1, 0) == party.people["Lea"]
    assert party.person(4) == party.people["both"] != party.person(6)


def test_where_the_engine_stays_nothing_is_searched_again(party: Party, tmp_path: Path) -> None:
    engine = ColourBlindEngine()
    same = create_app(
        {"data": tmp_path / "data", "min_free_mb": 0}, make_engine=lambda settings: engine
    )

    site_of(same).jobs.run_pending()

    assert engine.searches == 0
