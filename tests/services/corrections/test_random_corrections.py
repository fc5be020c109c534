"""A thousand random corrections, undos, new photos, groupings: corrections hold throughout."""

from __future__ import annotations

import contextlib
import random
from dataclasses import replace

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.errors import InvalidInputError, NotFoundError, SameNameError
from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from photoshare.faces.grouping.constraints import resolve_constraints
from photoshare.faces.types import AnalysedFace
from photoshare.models import PHOTO_WAITING, Correction, Face, Person, Photo
from photoshare.services.corrections import events, verbs
from photoshare.services.people import grouping, storing
from photoshare.services.people.grouping import GroupingRule
from photoshare.services.people.storing import FoundFace
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Author
from photoshare.services.work import photo_queue
from photoshare.services.work.photo_queue import ClaimedPhoto
from photoshare.web.site import Site
from tests.helpers import insert_photos

# Other tests walk the same lines once; tracing a thousand steps doubles their time.
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

RULE = GroupingRule(engine_name="fake", eps=0.325, min_samples=2)
OTHER = replace(RULE, engine_name="other")
SIZE_OF = {"fake": ENCODING_SIZE, "other": 2 * ENCODING_SIZE}
ENGINE_CHANGES = 0.2  # of the searches again
STEPS = 1000
FEW_PHOTOS, MANY_PHOTOS = 10, 40
REFUSALS = (InvalidInputError, NotFoundError, SameNameError)  # of corrections that make no sense


class Party:
    """A room, and random actions in it by a seed."""

    def __init__(self, app: Flask, site: Site, seed: int) -> None:
        self.app, self.site = app, site
        self.random = random.Random(seed)
        self.noise = np.random.default_rng(seed)
        self.looks = self.noise.normal(size=(12, ENCODING_SIZE)).astype(np.float32)
        self.room_id = rooms.create_room("Party").room.id
        self.author = Author(self.room_id)
        self.photo_count = 0
        self.rule = RULE

    def faces(self) -> dict[int, Face]:
        db.session.rollback()
        query = select(Face).join(Photo).where(Photo.room_id == self.room_id)
        return {face.id: face for face in db.session.scalars(query)}

    def some_faces(self, most: int = 3) -> list[int]:
        known = [face.id for face in self.faces().values() if face.is_face]
        return self.random.sample(known, min(len(known), self.random.randint(1, most)))

    def someone(self) -> int:
        people = list(db.session.scalars(select(Person.id)))
        return self.random.choice(people) if people else 0

    def add_photo(self) -> None:
        self.photo_count += 1
        insert_photos(self.app, self.room_id, 1, seed=f"new{self.photo_count}", state=PHOTO_WAITING)
        self.analyse(photo_queue.claim_photo(self.room_id))

    def analyse(self, claimed: ClaimedPhoto | None) -> None:
        assert claimed is not None
        found = []
        for place in range(self.random.randint(0, 3)):
            look = self.looks[self.random.randrange(len(self.looks))]
            encoding = look + self.noise.normal(scale=0.25, size=ENCODING_SIZE)
            location = (0, place * 100 + 60, 60, place * 100)
            panel = place + 1 if claimed.id % 3 == 0 else 0  # every third photo is a collage
            encoding = np.resize(encoding, SIZE_OF[self.rule.engine_name])
            face = AnalysedFace(location, 1.0, encoding.astype(np.float32), panel=panel)
            found.append(FoundFace(face, b"jpeg"))
        storing.store_analysis([(claimed, found)], rule=self.rule, storage=self.site.storage)

    def analyse_again(self) -> None:
        """Search a photo again: some of its faces are found again, some are not.

        Now and then another engine does it, and all later searches until the next change.
        """
        if self.random.random() < ENGINE_CHANGES:
            self.rule = OTHER if self.rule is RULE else RULE
        photo_id = self.random.choice(list(db.session.scalars(select(Photo.id))))
        query = update(Photo).where(Photo.id == photo_id)
        db.session.execute(query.values(state=PHOTO_WAITING, attempts=0))
        db.session.commit()
        self.analyse(photo_queue.SecondSearch(self.room_id).claim())

    def undo_something(self) -> None:
        query = select(Correction.id).where(Correction.undone_at.is_(None))
        if known := list(db.session.scalars(query)):
            verbs.undo(self.author, self.random.choice(known))

    def correct(self) -> None:
        """Make a correction, and check at once that it holds."""
        author, person, faces = self.author, self.someone(), self.some_faces()
        other, is_sure = self.someone(), self.random.random() < 0.3
        match self.random.randrange(9):
            case 0:
                verbs.name_person(author, person, f"name {person}", is_another=True)
                assert db.session.get_one(Person, person).name == f"name {person}"
            case 1:
                verbs.merge_people(author, person, other, is_sure=is_sure)
                assert db.session.get(Person, person) is None
            case 2:
                verbs.move_faces(author, faces, other or None, is_sure=is_sure)
                assert len({db.session.get_one(Face, face).person_id for face in faces}) == 1
            case 3:
                theirs = [face.id for face in self.faces().values() if face.person_id == person]
                verbs.reject_faces(author, person, theirs[:1])
                assert db.session.get_one(Face, theirs[0]).person_id != person
            case 4:
                verbs.mark_not_faces(author, faces[:1])
                assert not db.session.get_one(Face, faces[0]).is_face
            case 5:
                verbs.hide_person(author, person)
                assert db.session.get_one(Person, person).is_hidden
            case 6:
                verbs.choose_cover(author, faces[0])
            case 7:
                verbs.mark_different(author, faces[:1], self.some_faces(1))
            case 8:
                verbs.mark_same(author, faces[:1], self.some_faces(1), is_sure=is_sure)


def check_everything_holds(party: Party) -> None:
    """Compare the rows of the room with its corrections."""
    faces = party.faces()
    said = events.load_events(party.room_id)
    scene_of = {face.id: (face.photo_id, face.panel) for face in faces.values()}
    links = resolve_constraints([event.constraint for event in said], scene_of)
    links_of: dict[tuple[int, tuple[int, int]], list[int | None]] = {}
    people_of: dict[int, set[int | None]] = {}
    for face in faces.values():
        assert face.is_face == (face.id not in links.not_faces)
        assert face.is_face or face.person_id is None
        assert face.bond_id == links.link_of.get(face.id)
        if face.person_id is not None:
            place = (face.person_id, scene_of[face.id])
            links_of.setdefault(place, []).append(face.bond_id)
        if face.bond_id is not None:
            people_of.setdefault(face.bond_id, set()).add(face.person_id)
    for same_scene in links_of.values():
        assert len(same_scene) == 1 or (len(set(same_scene)) == 1 and same_scene[0] is not None), (
            "someone is twice in a scene, and nobody said so"
        )
    for people in people_of.values():
        assert len(people) == 1, "linked faces are two people"
    for link, other in links.apart:
        assert people_of[link] - {None} != people_of[other] or people_of[link] == {None}
    people = set(db.session.scalars(select(Person.id)))
    assert people == {face.person_id for face in faces.values()} - {None}


def corrected_people(party: Party) -> dict[int, set[int]]:
    """List the faces of everyone who was named or corrected."""
    corrected = set(db.session.scalars(select(Person.id).where(Person.is_corrected)))
    return {
        person: {face.id for face in party.faces().values() if face.person_id == person}
        for person in corrected
    }


@pytest.mark.usefixtures("app_ctx")
def test_what_was_said_holds_through_a_thousand_steps(app: Flask, site: Site) -> None:
    party = Party(app, site, seed=4)
    said = refused = 0
    for _step in range(STEPS):
        before = corrected_people(party)
        kind = party.random.random()
        if party.photo_count < FEW_PHOTOS or (kind < 0.1 and party.photo_count < MANY_PHOTOS):
            party.add_photo()
        elif kind < 0.2:
            grouping.group_unsorted_faces(party.room_id, party.rule)
        elif kind < 0.25:
            party.analyse_again()
            before = {}  # faces that are not found again and have no correction are gone
        elif kind < 0.45:
            party.undo_something()
            before = {}
        else:
            before = {}
            said += 1
            with contextlib.suppress(*REFUSALS):
                party.correct()
                refused -= 1
            refused += 1
        for person, faces in before.items():
            assert faces <= corrected_people(party)[person], "someone who was corrected lost a face"
        check_everything_holds(party)

    assert said - refused > STEPS / 10, "hardly anything was said"
