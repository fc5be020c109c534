"""photoshare.services.people.grouping: the rows that an analysis writes."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from photoshare.db import db
from photoshare.faces.grouping.plan import GroupPlan, plan_groups
from photoshare.models import (
    PHOTO_ANALYSED,
    PHOTO_ANALYSING,
    PHOTO_WAITING,
    Face,
    Person,
    Photo,
)
from photoshare.services.corrections import verbs
from photoshare.services.people import grouping, people, storing
from photoshare.services.people.storing import FoundFace
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Author
from photoshare.services.work.photo_queue import ClaimedPhoto
from photoshare.web.site import Site
from tests.helpers import count_change, host_access, insert_photos, row_counts
from tests.services.analysed import RULE, claim, crops, found, people_of_faces, photo_row, store

pytestmark = pytest.mark.usefixtures("app_ctx")


def test_an_analysis_is_stored_with_its_faces_and_crops(
    site: Site, room_id: int, waiting: list[int]
) -> None:
    claimed = claim(room_id)

    store(site, claimed, 0, 30)

    photo = db.session.get_one(Photo, claimed.id)
    assert (photo.state, photo.engine) == (PHOTO_ANALYSED, "fake")
    assert [face.location for face in photo.faces] == [(0, 50, 50, 0), (0, 150, 50, 100)]
    assert [face.person_id for face in photo.faces] == [None, None]
    names = [f"{claimed.sha256}-face-0-{left + 50}-50-{left}.jpg" for left in (0, 100)]
    assert crops(site) == sorted(names)


def test_a_photo_without_faces_is_analysed_too(
    site: Site, room_id: int, waiting: list[int]
) -> None:
    store(site, claim(room_id))

    assert photo_row(waiting[0]) == (PHOTO_ANALYSED, 1)
    assert people_of_faces() == []


def test_the_second_face_of_somebody_makes_them_a_person(
    site: Site, room_id: int, waiting: list[int]
) -> None:
    store(site, claim(room_id), 0, 30)
    store(site, claim(room_id), 1)

    first, stranger, second = people_of_faces()
    assert first == second is not None
    assert stranger is None


def test_two_alike_faces_of_one_photo_are_two_people(
    site: Site, room_id: int, waiting: list[int]
) -> None:
    store(site, claim(room_id), 0, 1)
    store(site, claim(room_id), 0, 1)

    a1, a2, b1, b2 = people_of_faces()
    assert a1 != a2 or a1 is None
    assert b1 != b2 or b1 is None
    assert (a1 or a2) is not None


def test_a_photo_that_was_deleted_while_it_was_analysed_leaves_nothing(
    app: Flask, site: Site, room_id: int, waiting: list[int]
) -> None:
    store(site, claim(room_id), 0)
    crops_before = crops(site)
    claimed = claim(room_id)
    db.session.execute(delete(Photo).where(Photo.id == claimed.id))
    db.session.commit()

    store(site, claimed, 0)

    assert people_of_faces() == [None]
    assert row_counts(app)["person"] == 0
    assert crops(site) == crops_before


def store_together(site: Site, *photos: tuple[ClaimedPhoto, list[FoundFace]]) -> None:
    storing.store_analysis(photos, rule=RULE, storage=site.storage)


def test_two_photos_of_somebody_new_that_arrive_together_make_them_a_person(
    site: Site, room_id: int, waiting: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[GroupPlan] = []

    def plan_noted(*arguments: Any, **values: Any) -> GroupPlan:
        plans.append(plan_groups(*arguments, **values))
        return plans[-1]

    monkeypatch.setattr(grouping, "plan_groups", plan_noted)

    store_together(site, (claim(room_id), found(0, 30)), (claim(room_id), found(60, 1, 90)))

    one, stranger, _, same, _ = people_of_faces()
    assert one == same is not None
    assert stranger is None
    assert len(plans) == 1
    assert [photo_row(photo)[0] for photo in waiting[:2]] == [PHOTO_ANALYSED] * 2


def test_photos_searched_again_together_keep_their_faces(
    site: Site, room_id: int, waiting: list[int]
) -> None:
    """Some faces of each are found again, some are not, some are new."""
    first, second = claim(room_id), claim(room_id)
    store_together(site, (first, found(0, 30)), (second, found(1)))
    ids = list(db.session.scalars(select(Face.id).order_by(Face.id)))
    db.session.execute(update(Photo).values(state=PHOTO_ANALYSING))
    db.session.commit()

    store_together(site, (first, found(0)), (second, found(1, 60)))

    faces = [tuple(row) for row in db.session.execute(select(Face.id, Face.photo_id))]
    assert sorted(faces)[:2] == [(ids[0], first.id), (ids[2], second.id)]
    assert [photo for _, photo in sorted(faces)] == [first.id, second.id, second.id]
    one, same, other = people_of_faces()
    assert one == same is not None
    assert other is None


def test_of_photos_stored_together_one_that_was_deleted_leaves_nothing(
    app: Flask,
    site: Site,
    room_id: int,
    waiting: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even if it is deleted while a plan that includes it is being made."""
    kept, gone = claim(room_id), claim(room_id)

    def plan_during_which_it_is_deleted(*arguments: Any, **values: Any) -> GroupPlan:
        db.session.execute(delete(Photo).where(Photo.id == gone.id))
        db.session.commit()
        return plan_groups(*arguments, **values)

    monkeypatch.setattr(grouping, "plan_groups", plan_during_which_it_is_deleted)

    store_together(site, (kept, found(0)), (gone, found(0, 30)))

    assert people_of_faces() == [None]
    assert row_counts(app)["person"] == 0
    assert photo_row(kept.id) == (PHOTO_ANALYSED, 1)
    assert len(crops(site)) == 1


def test_a_photo_that_was_given_back_meanwhile_is_not_stored_twice(
    site: Site, room_id: int, waiting: list[int]
) -> None:
    claimed = claim(room_id)
    store(site, claimed, 0)

    store(site, claimed, 0)

    assert people_of_faces() == [None]


def test_a_disk_that_is_full_at_the_crops_stores_no_faces(
    site: Site, room_id: int, waiting: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_target: object, _content: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(site.storage, "write_derived", no_space)

    with pytest.raises(OSError, match="no space"):
        store(site, claim(room_id), 0)

    assert people_of_faces() == []
    assert photo_row(waiting[0]) == (PHOTO_ANALYSING, 1)


def named_person(site: Site, room_id: int) -> int:
    """Lea, in the first two photos."""
    store(site, claim(room_id), 0)
    store(site, claim(room_id), 1)
    (card,) = people.list_people(room_id)
    verbs.name_person(Author(room_id), card.id, "Lea")
    return card.id


def test_a_new_face_joins_a_named_person_and_moves_nobody(
    site: Site, room_id: int, waiting: list[int]
) -> None:
    lea = named_person(site, room_id)

    store(site, claim(room_id), 1, 30)
    store(site, claim(room_id), 31)

    first, second, third, *others = people_of_faces()
    assert [first, second, third] == [lea] * 3
    assert others[0] == others[1] != lea
    assert people.get_card(host_access(room_id), lea).name == "Lea"


def test_grouping_the_room_again_moves_renames_and_deletes_nobody(
    app: Flask, site: Site, room_id: int, waiting: list[int]
) -> None:
    lea = named_person(site, room_id)
    store(site, claim(room_id), 30)

    for _time in range(2):
        grouping.group_unsorted_faces(room_id, RULE)

    assert people_of_faces() == [lea, lea, None]
    assert [(card.id, card.name) for card in people.list_people(room_id)] == [(lea, "Lea")]


def test_a_person_put_together_by_hand_stays_however_unlike_the_faces(
    site: Site, room_id: int, waiting: list[int]
) -> None:
    lea = named_person(site, room_id)
    store(site, claim(room_id), 90)
    db.session.execute(update(Face).values(person_id=lea))
    count_change(room_id)

    grouping.group_unsorted_faces(room_id, RULE)

    assert people_of_faces() == [lea] * 3


def test_grouping_finds_a_person_among_the_unsorted_faces(
    site: Site, room_id: int, waiting: list[int]
) -> None:
    named_person(site, room_id)
    db.session.execute(update(Face).values(person_id=None))
    count_change(room_id)

    grouping.group_unsorted_faces(room_id, RULE)

    first, second = people_of_faces()
    assert first == second is not None


def test_grouping_a_room_without_faces_is_no_error(app: Flask, room_id: int) -> None:
    grouping.group_unsorted_faces(room_id, RULE)

    assert row_counts(app)["person"] == 0


def test_a_person_deleted_while_the_groups_were_planned_stays_deleted(
    site: Site, room_id: int, waiting: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    lea = named_person(site, room_id)

    def plan_and_delete(*args: Any, **kwargs: Any) -> GroupPlan:
        if people.list_people(room_id):
            db.session.execute(delete(Person).where(Person.id == lea))
            count_change(room_id)
        return plan_groups(*args, **kwargs)

    monkeypatch.setattr(grouping, "plan_groups", plan_and_delete)
    store(site, claim(room_id), 1)

    assert lea not in people_of_faces()
    assert lea not in [card.id for card in people.list_people(room_id)]


def test_rooms_are_grouped_each_on_their_own(
    app: Flask, site: Site, room_id: int, waiting: list[int]
) -> None:
    other_id = rooms.create_room("Other").room.id
    insert_photos(app, other_id, 1, state=PHOTO_WAITING)
    lea = named_person(site, room_id)

    store(site, claim(other_id), 0)

    assert people_of_faces() == [lea, lea, None]
