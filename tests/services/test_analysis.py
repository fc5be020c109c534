"""photoshare.services.analysis: the work list, and what an analysis leaves in the tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from photoshare.db import db
from photoshare.faces.engines.dlib_format import ENCODING_SIZE
from photoshare.faces.types import AnalysedFace
from photoshare.models import (
    PHOTO_ANALYSED,
    PHOTO_ANALYSING,
    PHOTO_FAILED,
    PHOTO_WAITING,
    Face,
    Person,
    Photo,
)
from photoshare.services import analysis, corrections, grouping, people, rooms
from photoshare.services.analysis import MAX_ATTEMPTS, ClaimedPhoto
from photoshare.services.authors import Author
from photoshare.services.grouping import FoundFace, GroupingRule
from photoshare.web.site import Site
from tests.helpers import at_first_claim, count_change, host_access, insert_photos, row_counts

pytestmark = pytest.mark.usefixtures("app_ctx")
RULE = GroupingRule(engine_name="fake", eps=0.25, min_samples=2)


@pytest.fixture
def room_id() -> int:
    return rooms.create_room("Party").room.id


@pytest.fixture
def waiting(app: Flask, room_id: int) -> list[int]:
    """Four photos that wait."""
    return insert_photos(app, room_id, 4, state=PHOTO_WAITING)


def claim(room_id: int) -> ClaimedPhoto:
    claimed = analysis.claim_photo(room_id)
    assert claimed is not None
    return claimed


def photo_row(photo_id: int) -> tuple[str, int]:
    db.session.rollback()
    row = db.session.execute(select(Photo.state, Photo.attempts).where(Photo.id == photo_id)).one()
    return tuple(row)


def found(*places: int) -> list[FoundFace]:
    """Faces on a circle, a tenth apart from place to place."""
    faces = []
    for number, place in enumerate(places):
        encoding = np.zeros(ENCODING_SIZE, dtype=np.float32)
        encoding[:2] = np.cos(place / 10), np.sin(place / 10)
        left = number * 100
        faces.append(AnalysedFace((0, left + 50, 50, left), 1.0, encoding))
    return [FoundFace(face, b"jpeg") for face in faces]


def store(site: Site, claimed: ClaimedPhoto, *places: int) -> None:
    grouping.store_analysis([(claimed, found(*places))], rule=RULE, storage=site.storage)


def people_of_faces() -> list[int | None]:
    db.session.rollback()
    return list(db.session.scalars(select(Face.person_id).order_by(Face.id)))


def crops(site: Site) -> list[str]:
    return sorted(path.name for path in (site.storage.data / "rooms").rglob("*-face-*"))


def test_photos_are_claimed_in_the_order_of_their_upload(room_id: int, waiting: list[int]) -> None:
    claimed = [claim(room_id).id for _photo in waiting]

    assert claimed == waiting
    assert analysis.claim_photo(room_id) is None


def test_a_photo_that_somebody_else_took_this_moment_is_not_claimed(
    app: Flask, room_id: int, waiting: list[int]
) -> None:
    """Between the look at the table and the claim it is deleted, or taken."""
    with at_first_claim(app, f"DELETE FROM photo WHERE id = {waiting[0]}"):
        claimed = claim(room_id)

    assert claimed.id == waiting[1]
    assert photo_row(waiting[2]) == (PHOTO_WAITING, 0)


def again(room_id: int, *, is_first_attempt: bool = False) -> list[int]:
    """Take all photos that wait for another search."""
    photos = analysis.SecondSearch(room_id)
    taken = []
    while (claimed := photos.claim(is_first_attempt=is_first_attempt)) is not None:
        taken.append(claimed.id)
    return taken


def test_photos_that_were_searched_before_wait_in_another_list(
    app: Flask, room_id: int, waiting: list[int]
) -> None:
    searched = insert_photos(app, room_id, 3, seed="searched")
    analysis.analyse_again(room_id)

    assert again(room_id) == searched[::-1]
    assert [claim(room_id).id for _photo in waiting] == waiting


def test_of_photos_that_are_searched_again_those_that_failed_once_come_last(
    app: Flask, room_id: int
) -> None:
    first, second, third = insert_photos(app, room_id, 3, state=PHOTO_WAITING, engine="old")
    photos = analysis.SecondSearch(room_id)
    claimed = photos.claim()
    assert claimed is not None
    analysis.fail_attempt(claimed.id)

    assert (claimed.id, again(room_id, is_first_attempt=True)) == (third, [second, first])
    last = analysis.SecondSearch(room_id).claim()
    assert last is not None
    assert (last.id, last.is_retry) == (third, True)


def test_a_photo_that_waits_to_be_searched_again_and_is_deleted_is_left_out(
    app: Flask, room_id: int
) -> None:
    first, second, _third = insert_photos(app, room_id, 3, state=PHOTO_WAITING, engine="old")
    photos = analysis.SecondSearch(room_id)
    assert photos.claim() is not None
    db.session.execute(delete(Photo).where(Photo.id == second))
    db.session.commit()

    claimed = photos.claim(is_first_attempt=True)

    assert claimed is not None
    assert claimed.id == first
    assert photos.claim() is None


def test_only_photos_of_another_engine_are_outdated(app: Flask, room_id: int) -> None:
    assert not analysis.has_searched_photos()
    insert_photos(app, room_id, 2)
    (old,) = insert_photos(app, room_id, 1, seed="old", engine="old")
    insert_photos(app, room_id, 1, seed="new", state=PHOTO_WAITING)
    insert_photos(app, room_id, 1, seed="failed", state=PHOTO_FAILED)
    assert analysis.has_searched_photos()
    assert analysis.count_outdated("fake") == (1, 3)

    assert analysis.analyse_outdated_again("fake") == 1

    assert again(room_id) == [old]


def test_a_photo_that_failed_once_comes_last(room_id: int, waiting: list[int]) -> None:
    analysis.fail_attempt(claim(room_id).id)

    claimed = [claim(room_id).id for _photo in waiting]

    assert claimed == [*waiting[1:], waiting[0]]


def test_a_claim_counts_its_attempt_before_the_photo_is_touched(
    room_id: int, waiting: list[int]
) -> None:
    claim(room_id)

    assert photo_row(waiting[0]) == (PHOTO_ANALYSING, 1)


def test_photos_of_another_room_are_not_claimed(waiting: list[int]) -> None:
    assert analysis.claim_photo(rooms.create_room("Other").room.id) is None


def test_three_failures_are_enough(app: Flask, room_id: int) -> None:
    (photo_id,) = insert_photos(app, room_id, 1, state=PHOTO_WAITING)
    rows = []
    for _attempt in range(MAX_ATTEMPTS):
        analysis.fail_attempt(claim(room_id).id)
        rows.append(photo_row(photo_id))

    assert rows == [(PHOTO_WAITING, 1), (PHOTO_WAITING, 2), (PHOTO_FAILED, 3)]
    assert analysis.claim_photo(room_id) is None


def test_a_failure_of_a_photo_that_is_not_in_hand_changes_nothing(waiting: list[int]) -> None:
    analysis.fail_attempt(waiting[0])

    assert photo_row(waiting[0]) == (PHOTO_WAITING, 0)


def test_a_crash_gives_the_photo_back_and_counts_its_attempt(
    room_id: int, waiting: list[int]
) -> None:
    claim(room_id)

    analysis.release_claims(count_attempt=True)

    assert photo_row(waiting[0]) == (PHOTO_WAITING, 1)


def test_an_orderly_stop_gives_the_photo_back_without_an_attempt(
    room_id: int, waiting: list[int]
) -> None:
    claim(room_id)

    analysis.release_claims(count_attempt=False)

    assert [photo_row(photo_id) for photo_id in waiting] == [(PHOTO_WAITING, 0)] * 4


def test_a_photo_that_crashed_the_process_three_times_is_left_alone(
    app: Flask, room_id: int
) -> None:
    (photo_id,) = insert_photos(app, room_id, 1, state=PHOTO_WAITING)
    for _crash in range(MAX_ATTEMPTS):
        claim(room_id)
        analysis.release_claims(count_attempt=True)

    analysis.fail_exhausted_photos()

    assert photo_row(photo_id) == (PHOTO_FAILED, MAX_ATTEMPTS)


def test_a_photo_with_attempts_left_is_not_given_up(room_id: int, waiting: list[int]) -> None:
    claim(room_id)
    analysis.release_claims(count_attempt=True)

    analysis.fail_exhausted_photos()

    assert photo_row(waiting[0]) == (PHOTO_WAITING, 1)


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
    grouping.store_analysis(photos, rule=RULE, storage=site.storage)


def test_two_photos_of_somebody_new_that_arrive_together_make_them_a_person(
    site: Site, room_id: int, waiting: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = []
    plan_groups = grouping.plan_groups
    monkeypatch.setattr(
        grouping, "plan_groups", lambda *args, **more: plans.append(1) or plan_groups(*args, **more)
    )

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
    """Even where it is deleted while the plan is made that counts on it."""
    kept, gone = claim(room_id), claim(room_id)
    plan_groups = grouping.plan_groups

    def plan_during_which_it_is_deleted(*arguments: Any, **values: Any) -> Any:
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
    """Lea, in the two photos that come first."""
    store(site, claim(room_id), 0)
    store(site, claim(room_id), 1)
    (card,) = people.list_people(room_id)
    corrections.name_person(Author(room_id), card.id, "Lea")
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
    plan_groups = grouping.plan_groups

    def plan_and_delete(*args, **kwargs):
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
