"""mine.hiding: what someone asked for themselves lasts, whatever happens to their faces."""

from __future__ import annotations

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.errors import NotAllowedError, NotFoundError
from photoshare.models import Face, Guest, GuestSession, Person, Room
from photoshare.services.corrections import verbs
from photoshare.services.corrections.events import CorrectionKind
from photoshare.services.corrections.oneself import find_own
from photoshare.services.mine import hiding
from photoshare.services.people import grouping, storing
from photoshare.services.people.room_faces import load_room_faces
from photoshare.services.photos import delete_photos, restore_photos
from photoshare.services.rooms import entering, sessions
from photoshare.services.rooms.entering import Access, Author
from photoshare.services.work import photo_queue
from photoshare.web.site import Site
from tests.helpers import host_access, insert_photos
from tests.services.analysed import RULE, claim, found, store

pytestmark = pytest.mark.usefixtures("app_ctx")


@pytest.fixture
def lea(app: Flask, site: Site, room_id: int) -> Access:
    """A guest in the room who is on three photos, each with someone else beside her."""
    insert_photos(app, room_id, 3, state="waiting")
    for _ in range(3):
        store(site, claim(room_id), 0, 20)
    room = db.session.get_one(Room, room_id)
    guest = entering.join_room(room, password="", name="Lea")
    sessions.open_session(guest, "phone")
    person_id = db.session.scalars(select(Face.person_id).where(Face.left == 0)).first()
    guest.person_id = guest.said_person_id = person_id
    db.session.commit()
    return Access(room, guest)


def faces(access: Access) -> list[Face]:
    db.session.rollback()
    query = select(Face).where(Face.person_id == access.guest.person_id).order_by(Face.id)
    return list(db.session.scalars(query))


def state(access: Access) -> tuple[bool, bool]:
    db.session.rollback()
    found = db.session.get_one(Person, access.guest.person_id)
    return found.is_hidden, found.has_asked


def test_it_outlasts_grouping_all_faces_again(site: Site, lea: Access) -> None:
    hiding.hide_me(lea, site.storage, forgets=True)

    grouping.group_unsorted_faces(lea.room.id, RULE)

    assert state(lea) == (True, True)
    assert len(faces(lea)) == 3


def test_a_search_that_was_under_way_does_not_bring_the_face_back(site: Site, lea: Access) -> None:
    photo_queue.analyse_again(lea.room.id)
    claimed = photo_queue.SecondSearch(lea.room.id).claim()
    assert claimed is not None
    hiding.hide_me(lea, site.storage, forgets=True)

    storing.store_analysis([(claimed, found(0, 20))], rule=RULE, storage=site.storage)

    assert [face.encoding for face in faces(lea)] == [None] * 3
    everybody = db.session.scalars(select(Face).where(Face.photo_id == claimed.id)).all()
    assert len(everybody) == 2, "nobody new stands where the face is"


def test_a_search_planned_before_does_not_bring_the_face_back(
    site: Site, lea: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo_queue.analyse_again(lea.room.id)
    claimed = photo_queue.SecondSearch(lea.room.id).claim()
    assert claimed is not None
    plan = storing._plan
    is_first = [True]

    def hide_meanwhile(*arguments: object) -> object:
        planned = plan(*arguments)  # type: ignore[arg-type]
        if is_first.pop() if is_first else False:
            hiding.hide_me(lea, site.storage, forgets=True)
        return planned

    monkeypatch.setattr(storing, "_plan", hide_meanwhile)

    storing.store_analysis([(claimed, found(0, 20))], rule=RULE, storage=site.storage)

    assert [face.encoding for face in faces(lea)] == [None] * 3


def test_nothing_in_memory_knows_a_forgotten_face(site: Site, lea: Access) -> None:
    load_room_faces(lea.room.id, RULE.engine_name)
    forgotten = {face.id for face in faces(lea)}

    hiding.hide_me(lea, site.storage, forgets=True)

    room = load_room_faces(lea.room.id, RULE.engine_name)
    assert forgotten.isdisjoint(room.ids.tolist())
    assert len(room.ids) == 3
    assert len(room.faces.encodings) == 3
    assert np.all(room.faces.person_ids != lea.guest.person_id)


def test_a_face_on_a_photo_in_the_bin_is_forgotten_and_comes_back_so(
    app: Flask, site: Site, lea: Access
) -> None:
    host = host_access(lea.room.id)
    photo_id = faces(lea)[0].photo_id
    deletion_id = delete_photos(host, [photo_id], site.storage).deletion_id
    assert deletion_id is not None

    hiding.hide_me(lea, site.storage, forgets=True)
    restore_photos(host, deletion_id, site.storage)

    assert [(face.encoding, face.is_forgotten) for face in faces(lea)] == [(None, True)] * 3
    assert state(lea) == (True, True)


def test_the_photo_on_which_it_was_asked_may_go(site: Site, lea: Access) -> None:
    hiding.hide_me(lea, site.storage, forgets=False)
    host = host_access(lea.room.id)
    store_ids = [face.photo_id for face in faces(lea)]

    delete_photos(host, store_ids[:2], site.storage)

    assert state(lea) == (True, True)


def test_a_merge_leaves_them_hidden_and_its_undo_shows_the_other(site: Site, lea: Access) -> None:
    hiding.hide_me(lea, site.storage, forgets=False)
    own = lea.guest.person_id
    assert own is not None
    other = db.session.scalars(select(Face.person_id).where(Face.left > 0)).first()
    assert other is not None
    author = Author(lea.room.id)

    merge_id = verbs.merge_people(author, own, other, is_sure=True)

    found = db.session.get_one(Person, other)
    assert (found.is_hidden, found.has_asked) == (True, True)
    verbs.undo(author, merge_id)
    people = db.session.execute(select(Person.id, Person.has_asked).order_by(Person.id)).all()
    assert dict(map(tuple, people)) == {own: True, other: False}  # type: ignore[arg-type]


def test_the_host_shows_them_only_once_they_are_gone(site: Site, lea: Access) -> None:
    hiding.hide_me(lea, site.storage, forgets=False)
    own = lea.guest.person_id
    assert own is not None
    author = Author(lea.room.id)
    with pytest.raises(NotAllowedError, match="They asked not to be shown"):
        verbs.show_person(author, own)

    db.session.execute(update(Guest).values(person_id=None))
    db.session.delete(db.session.scalars(select(GuestSession)).one())
    db.session.commit()
    verbs.show_person(author, own)

    person = db.session.get_one(Person, own)
    assert (person.is_hidden, person.has_asked) == (False, False)


def test_what_was_asked_is_not_undone_by_another_way(site: Site, lea: Access) -> None:
    hiding.hide_me(lea, site.storage, forgets=True)

    for kind in (CorrectionKind.HIDE_ME, CorrectionKind.FORGET_ME):
        (asked,) = find_own(lea.room.id, lea.guest.id, kind)
        for author in (Author(lea.room.id), Author(lea.room.id, lea.guest.id, is_host=False)):
            with pytest.raises(NotFoundError):
                verbs.undo(author, asked.id)


def test_asking_twice_is_asking_once(site: Site, lea: Access) -> None:
    hiding.hide_me(lea, site.storage, forgets=False)
    hiding.hide_me(lea, site.storage, forgets=True)
    assert len(find_own(lea.room.id, lea.guest.id, CorrectionKind.HIDE_ME)) == 1

    hiding.show_me(lea)

    assert state(lea) == (False, False)
    assert hiding.find_hiding(lea) == hiding.Hiding(is_hidden=False, is_forgotten=True)
    assert [face.is_forgotten for face in faces(lea)] == [True] * 3


def test_addresses_of_pictures_change_with_every_change_of_who_is_hidden(
    site: Site, lea: Access
) -> None:
    def covering() -> int:
        db.session.rollback()
        return db.session.get_one(Room, lea.room.id).covering

    counts = [covering()]
    hiding.hide_me(lea, site.storage, forgets=False)
    counts.append(covering())
    verbs.reject_faces(Author(lea.room.id), lea.guest.person_id or 0, [faces(lea)[0].id])
    counts.append(covering())
    hiding.show_me(lea)
    counts.append(covering())

    assert counts[0] == 0
    assert counts == sorted(set(counts))
