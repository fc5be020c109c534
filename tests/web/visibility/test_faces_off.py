"""services.visibility.face_switch: faces of a room are searched for nobody, and all of them go."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare.db import close_database, db
from photoshare.maintenance.deleted_bytes import empty_wal
from photoshare.models import (
    PHOTO_WAITING,
    ApartLinks,
    Correction,
    CorrectionFace,
    Deletion,
    Face,
    FacesFor,
    Guest,
    Job,
    OwnLink,
    Person,
    Photo,
    Room,
)
from photoshare.services.corrections import verbs
from photoshare.services.people import grouping, room_faces, room_people
from photoshare.services.people.room_people import load_everybody
from photoshare.services.photos import deleting, restoring
from photoshare.services.rooms.entering import Author
from photoshare.services.shelf import current_revision
from photoshare.services.visibility import face_switch
from photoshare.services.visibility.face_switch import finish_switches, switch_faces
from photoshare.services.work import job_table, leftovers, photo_queue
from photoshare.services.work.progress import room_progress
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import host_access, row_counts
from tests.services.analysed import RULE, claim, crops, store
from tests.web.conftest import Party

FACE_TABLES = (Face, Person, Correction, CorrectionFace, ApartLinks)
Add = Callable[..., int]


def switch(app: Flask, site: Site, room_id: int, faces_for: FacesFor = FacesFor.NOBODY) -> None:
    with app.app_context():
        switch_faces(room_id, faces_for, site.storage)


def encodings_of(app: Flask) -> list[bytes]:
    with app.app_context():
        return [one for one in db.session.scalars(select(Face.encoding)) if one]


def photo_rows(app: Flask, room_id: int) -> set[tuple[str, str | None, int]]:
    with app.app_context():
        columns = (Photo.state, Photo.engine, Photo.face_count)
        rows = db.session.execute(select(*columns).where(Photo.room_id == room_id))
        return {(state, engine, count) for state, engine, count in rows}


@pytest.fixture
def corrected(app: Flask, cast: Cast, party: Party) -> Party:
    """The party, in which people were named, apart, and found by a guest."""
    with app.app_context():
        author = Author(cast.room_id)
        verbs.name_person(author, party.blue, "Blanche")
        (red, *_), (blue, *_) = (
            db.session.scalars(select(Face.id).where(Face.person_id == person)).all()
            for person in (party.red, party.blue)
        )
        verbs.mark_different(author, [red], [blue])
    cast.guest.post(f"{cast.url}/me/person", data={"person": party.blue})
    cast.guest.post(f"{cast.url}/me/links/album")
    return party


def test_nothing_of_a_face_is_left_and_photos_keep_everything_else(
    app: Flask, site: Site, cast: Cast, corrected: Party
) -> None:
    photo = cast.guest.get(f"{cast.url}/photos/{corrected.photos['a.jpg']}")
    assert photo.status_code == 200
    assert crops(site) != []

    switch(app, site, cast.room_id)

    assert set(row_counts(app, FACE_TABLES).values()) == {0}
    assert crops(site) == []
    assert photo_rows(app, cast.room_id) == {(PHOTO_WAITING, None, 0)}
    with app.app_context():
        assert set(db.session.scalars(select(Guest.person_id))) == {None}
        assert set(db.session.scalars(select(Guest.said_person_id))) == {None}
        assert db.session.scalars(select(OwnLink)).all() == []
        assert load_everybody(cast.room_id).people == []
    zipped = cast.guest.get(f"{cast.url}/photos.zip", buffered=True)
    assert (zipped.status_code, zipped.data.count(b"PK\x01\x02")) == (200, 5)


@pytest.mark.sqlite
def test_no_encoding_is_in_any_file_of_the_data_folder(
    app: Flask, site: Site, cast: Cast, corrected: Party
) -> None:
    encodings = encodings_of(app)
    with app.app_context():
        deleting.delete_photos(host_access(cast.room_id), [corrected.photos["c.jpg"]], site.storage)
    cast.host.post(f"{cast.url}/take-home", data={"has_encodings": "1"})
    site.jobs.run_pending()
    assert all(is_found(site.settings.data, one) for one in encodings)

    switch(app, site, cast.room_id)
    with app.app_context():
        close_database()
    empty_wal(site.settings.database)

    assert not any(is_found(site.settings.data, one) for one in encodings)
    assert not is_found(site.settings.data, b"Blanche")


def is_found(data: Path, secret: bytes) -> bool:
    texts = (secret, base64.b64encode(secret))
    return any(
        text in path.read_bytes() for path in data.rglob("*") if path.is_file() for text in texts
    )


def test_the_bin_gives_photos_back_without_faces(
    app: Flask, site: Site, cast: Cast, corrected: Party
) -> None:
    with app.app_context():
        host = host_access(cast.room_id)
        ids = [corrected.photos["a.jpg"], corrected.photos["c.jpg"]]
        deletion_id = deleting.delete_photos(host, ids, site.storage, album="Blanche").deletion_id
    assert deletion_id is not None
    switch(app, site, cast.room_id)

    with app.app_context():
        (deletion,) = db.session.scalars(select(Deletion)).all()
        assert deletion.album is None
        for word in ("encoding", "Blanche"):
            assert word not in deletion.rows
        restoring.restore_photos(host_access(cast.room_id), deletion_id, site.storage)

    assert photo_rows(app, cast.room_id) == {(PHOTO_WAITING, None, 0)}
    assert set(row_counts(app, FACE_TABLES).values()) == {0}


def test_faces_of_a_bin_that_the_switch_has_not_reached_do_not_come_back(
    app: Flask, site: Site, cast: Cast, corrected: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        ids = [corrected.photos["a.jpg"]]
        deleting.delete_photos(host_access(cast.room_id), ids, site.storage)
        monkeypatch.setattr(face_switch, "delete_faces_in_bin", lambda _room_id: False)
        switch_faces(cast.room_id, FacesFor.NOBODY, site.storage)
        (deletion,) = db.session.scalars(select(Deletion)).all()
        assert '"encoding"' in deletion.rows
        restoring.restore_photos(host_access(cast.room_id), deletion.id, site.storage)

    assert row_counts(app, (Face,)) == {"face": 0}


def test_nobody_searches_photos_of_such_a_room(
    app: Flask,
    site: Site,
    cast: Cast,
    party: Party,
    add_photo: Add,
) -> None:
    switch(app, site, cast.room_id)
    add_photo(cast.room_id, draw_photo(RED, seed=5), "new.jpg")
    cast.host.post(f"{cast.url}/jobs")

    with app.app_context():
        site.jobs.search_photos(cast.room_id)
        site.jobs.search_again(cast.room_id)
        site.jobs.search_restored(cast.room_id)
        photo_queue.analyse_outdated_again("another")
        job_table.enqueue_waiting_photos()
        searches = Job.kind.in_(job_table.FACE_SEARCH)
        queued = select(Job.id).where(Job.state == "queued", searches)
        assert db.session.scalars(queued).all() == []
        assert photo_queue.claim_photo(cast.room_id) is None
        assert photo_queue.SecondSearch(cast.room_id).claim() is None
    site.jobs.run_pending()

    assert photo_rows(app, cast.room_id) == {(PHOTO_WAITING, None, 0)}
    with app.app_context():
        progress = room_progress(cast.room_id)
        states = (progress.is_working, progress.is_searching_again, progress.is_grouping)
        assert not any(states)
    for client in (cast.guest, cast.host):
        for path in ("", "/jobs/current", "/people", "/me", "/guests", "/photos"):
            page = client.get(cast.url + path).text
            assert "Finding people:" not in page
            assert "been searched" not in page


def test_switched_back_everything_is_searched_from_nothing(
    app: Flask, site: Site, cast: Cast, corrected: Party
) -> None:
    switch(app, site, cast.room_id)
    switch(app, site, cast.room_id, FacesFor.EVERYBODY)

    site.jobs.run_pending()

    with app.app_context():
        people = load_everybody(cast.room_id).people
    assert [(card.name, card.photo_count) for card in people] == [(None, 3), (None, 2)]
    assert not {card.id for card in people} & {corrected.red, corrected.blue}


@pytest.mark.parametrize("is_swept_first", [False, True])
def test_what_is_in_hand_while_it_is_switched_stores_nothing(
    app: Flask, site: Site, cast: Cast, add_photo: Add, is_swept_first: bool
) -> None:
    add_photo(cast.room_id, draw_photo(RED))
    with app.app_context():
        claimed = claim(cast.room_id)
        switch_faces(cast.room_id, FacesFor.NOBODY, site.storage)
        if is_swept_first:
            finish_switches(site.storage)
        store(site, claimed, 1, 2)

    assert row_counts(app, (Face,)) == {"face": 0}
    assert crops(site) == []
    assert photo_rows(app, cast.room_id) == {(PHOTO_WAITING, None, 0)}


def test_grouping_that_was_in_hand_keeps_nothing_in_memory(
    app: Flask,
    site: Site,
    cast: Cast,
    party: Party,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load, is_switched = room_faces.load_room_faces, False

    def load_then_switch(room_id: int, engine_name: str) -> room_faces.RoomFaces:
        nonlocal is_switched
        loaded = load(room_id, engine_name)
        if not is_switched:
            is_switched = True
            switch_faces(room_id, FacesFor.NOBODY, site.storage)
        return loaded

    monkeypatch.setattr(grouping, "load_room_faces", load_then_switch)
    with app.app_context():
        grouping.group_unsorted_faces(cast.room_id, RULE)

        kept = room_faces._shelf.find_all(cast.room_id, current_revision(cast.room_id))
        assert [len(room.ids) for room in kept] in ([], [0])
        assert room_people.load_everybody(cast.room_id).people == []


def test_a_switch_that_was_killed_is_finished_by_the_sweep(
    app: Flask, site: Site, cast: Cast, corrected: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_some, portions = face_switch._forget_some_faces, 0
    monkeypatch.setattr(face_switch, "PHOTOS_AT_ONCE", 2)

    def die_in_the_second(room_id: int) -> bool:
        nonlocal portions
        portions += 1
        if portions == 2:
            raise KeyboardInterrupt
        return forget_some(room_id)

    monkeypatch.setattr(face_switch, "_forget_some_faces", die_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        switch(app, site, cast.room_id)
    monkeypatch.setattr(face_switch, "_forget_some_faces", forget_some)
    assert row_counts(app, (Face,))["face"] > 0
    assert "Blanche" not in cast.guest.get(f"{cast.url}/people").text
    assert cast.host.get(f"{cast.url}/people/{corrected.blue}").status_code == 404

    with app.app_context():
        leftovers.sweep(site.storage, older_than=0)

    assert set(row_counts(app, FACE_TABLES).values()) == {0}
    assert crops(site) == []
    with app.app_context():
        before = db.session.scalar(select(Room.revision))
        leftovers.sweep(site.storage, older_than=0)
        assert db.session.scalar(select(Room.revision)) == before


def test_another_room_keeps_its_faces(
    app: Flask,
    site: Site,
    cast: Cast,
    party: Party,
    make_room: Callable[..., object],
) -> None:
    other = make_room("Other").room.id  # type: ignore[attr-defined]
    before = row_counts(app, FACE_TABLES)

    switch(app, site, other)

    assert row_counts(app, FACE_TABLES) == before
