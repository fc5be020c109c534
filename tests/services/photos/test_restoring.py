"""photos.restoring: undoing a deletion leaves nothing changed; what was said meanwhile holds."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare.db import db
from photoshare.errors import NotAllowedError, NotFoundError
from photoshare.models import (
    ApartLinks,
    Correction,
    CorrectionFace,
    Face,
    Guest,
    Heart,
    Person,
    Photo,
    utc_now,
)
from photoshare.services.corrections import verbs
from photoshare.services.photos import adding, deleting
from photoshare.services.photos.restoring import find_undoable, restore_photos
from photoshare.services.rooms.entering import Access, Author
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo
from tests.helpers import guest_access, host_access, insert_person, insert_photos, row_counts
from tests.services.corrections.test_random_corrections import REFUSALS, Party

pytestmark = pytest.mark.usefixtures("app_ctx")

TABLES = (Photo, Face, Person, Correction, CorrectionFace, ApartLinks, Guest, Heart)


def everything() -> dict[str, set[tuple[Any, ...]]]:
    """Read all rows of what a room consists of, except that photos are compared again."""
    db.session.rollback()
    known = {
        table: [column for column in table.__table__.columns if column.name != "paired_by"]
        for table in TABLES
    }
    return {
        table.__tablename__: {tuple(row) for row in db.session.execute(select(*columns))}
        for table, columns in known.items()
    }


def delete(access: Access, ids: list[int], site: Site) -> int:
    done = deleting.delete_photos(access, ids, site.storage)
    assert done.deletion_id is not None
    return done.deletion_id


@pytest.mark.parametrize("seed", range(6))
def test_an_undone_deletion_has_never_been(app: Flask, site: Site, seed: int) -> None:
    party = Party(app, site, seed)
    for _ in range(12):
        party.add_photo()
    for _ in range(25):
        with contextlib.suppress(*REFUSALS):
            party.correct()
    access = host_access(party.room_id)
    before = everything()
    ids = list(db.session.scalars(select(Photo.id)))
    some = party.random.sample(ids, party.random.randint(1, len(ids)))

    deletion_id = delete(access, some, site)
    assert row_counts(app)["photo"] == len(ids) - len(some)
    count = restore_photos(access, deletion_id, site.storage)

    assert count == len(some)
    after = everything()
    for table, rows in before.items():
        assert after[table] == rows, table


def test_somebody_who_was_on_no_other_photo_comes_back_as_who_they_were(
    app: Flask, site: Site, room_id: int
) -> None:
    (photo,) = insert_photos(app, room_id, 1)
    lea = insert_person(app, room_id, [photo], "Lea")
    verbs.hide_person(Author(room_id), lea)
    deletion_id = delete(host_access(room_id), [photo], site)
    assert db.session.get(Person, lea) is None

    restore_photos(host_access(room_id), deletion_id, site.storage)

    person = db.session.get_one(Person, lea)
    assert (person.name, person.is_hidden) == ("Lea", True)


def test_faces_come_back_to_whoever_their_person_is_by_then(
    app: Flask, site: Site, room_id: int
) -> None:
    ids = insert_photos(app, room_id, 3)
    lea, twin = insert_person(app, room_id, ids[:1], "Lea"), insert_person(app, room_id, ids[1:])
    deletion_id = delete(host_access(room_id), ids[2:], site)
    verbs.merge_people(Author(room_id), twin, lea)

    restore_photos(host_access(room_id), deletion_id, site.storage)

    people = db.session.scalars(select(Face.person_id).where(Face.photo_id == ids[2])).all()
    assert people == [lea]


def test_a_photo_that_was_added_again_stays_once(site: Site, room_id: int) -> None:
    photo = draw_photo(RED)

    def add() -> int:
        return adding.add_photo(
            room_id,
            io.BytesIO(photo),
            "a.jpg",
            guest_id=None,
            storage=site.storage,
            settings=site.settings,
            decoders=site.decoders,
        ).photo_id

    deletion_id = delete(host_access(room_id), [add()], site)
    again = add()

    assert restore_photos(host_access(room_id), deletion_id, site.storage) == 0
    assert list(db.session.scalars(select(Photo.id))) == [again]


def test_the_files_of_a_photo_that_was_added_again_outlive_the_deletion(
    app: Flask, site: Site, room_id: int
) -> None:
    def add() -> int:
        return adding.add_photo(
            room_id,
            io.BytesIO(draw_photo(RED)),
            "a.jpg",
            guest_id=None,
            storage=site.storage,
            settings=site.settings,
            decoders=site.decoders,
        ).photo_id

    delete(host_access(room_id), [add()], site)
    sha256 = db.session.get_one(Photo, add()).sha256

    assert deleting.delete_for_good(site.storage, deleting.is_over(utc_now())) == 1

    assert site.storage.original(room_id, sha256).is_file()
    assert row_counts(app)["deletion"] == 0


def test_after_its_time_a_deletion_is_gone_for_good(app: Flask, site: Site, room_id: int) -> None:
    deletion_id = delete(host_access(room_id), insert_photos(app, room_id, 2), site)
    deletion_time = utc_now()
    assert find_undoable(host_access(room_id)) is not None

    deleting.delete_for_good(site.storage, deleting.is_over(deletion_time))

    assert find_undoable(host_access(room_id)) is None
    with pytest.raises(NotFoundError):
        restore_photos(host_access(room_id), deletion_id, site.storage)
    assert row_counts(app)["photo"] == 0


def test_what_can_still_be_undone_stays(app: Flask, site: Site, room_id: int) -> None:
    before = utc_now()
    delete(host_access(room_id), insert_photos(app, room_id, 1), site)

    assert deleting.delete_for_good(site.storage, deleting.is_over(before)) == 0

    assert row_counts(app)["deletion"] == 1


def test_a_guest_undoes_their_own_deletions_only(app: Flask, site: Site, room_id: int) -> None:
    gustav, other = guest_access(room_id), guest_access(room_id, "Olga")
    mine = insert_photos(app, room_id, 2, guest_id=gustav.guest.id)
    (others,) = insert_photos(app, room_id, 1, seed="other")
    deletion_id = delete(gustav, [*mine, others], site)

    assert list(db.session.scalars(select(Photo.id))) == [others]
    assert find_undoable(other) is None
    with pytest.raises(NotFoundError):
        restore_photos(other, deletion_id, site.storage)
    with pytest.raises(NotAllowedError):
        deleting.delete_photos(other, [others], site.storage)
    assert restore_photos(gustav, deletion_id, site.storage) == 2


def test_on_a_full_disk_photos_are_gone_at_once(
    app: Flask, site: Site, room_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = insert_photos(app, room_id, 2)
    monkeypatch.setattr(type(site.storage), "has_free_space", lambda _storage: False)

    done = deleting.delete_photos(host_access(room_id), ids, site.storage)

    assert (done.count, done.deletion_id) == (2, None)
    assert row_counts(app)["deletion"] == 0
