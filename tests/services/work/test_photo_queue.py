"""photoshare.services.work.photo_queue: claiming and requeuing photos."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import delete

from photoshare.db import db
from photoshare.models import (
    PHOTO_ANALYSING,
    PHOTO_FAILED,
    PHOTO_WAITING,
    Photo,
)
from photoshare.services.rooms import rooms
from photoshare.services.work import photo_queue
from photoshare.services.work.photo_queue import MAX_ATTEMPTS
from tests.helpers import at_first_claim, insert_photos
from tests.services.analysed import claim, photo_row

pytestmark = pytest.mark.usefixtures("app_ctx")


def test_photos_are_claimed_in_the_order_of_their_upload(room_id: int, waiting: list[int]) -> None:
    claimed = [claim(room_id).id for _photo in waiting]

    assert claimed == waiting
    assert photo_queue.claim_photo(room_id) is None


def test_a_photo_that_somebody_else_took_this_moment_is_not_claimed(
    app: Flask, room_id: int, waiting: list[int]
) -> None:
    """Between reading the table and the claim it is deleted or claimed."""
    with at_first_claim(app, f"DELETE FROM photo WHERE id = {waiting[0]}"):
        claimed = claim(room_id)

    assert claimed.id == waiting[1]
    assert photo_row(waiting[2]) == (PHOTO_WAITING, 0)


def again(room_id: int, *, is_first_attempt: bool = False) -> list[int]:
    """Claim all photos that wait for another search."""
    photos = photo_queue.SecondSearch(room_id)
    taken = []
    while (claimed := photos.claim(is_first_attempt=is_first_attempt)) is not None:
        taken.append(claimed.id)
    return taken


def test_photos_that_were_searched_before_wait_in_another_list(
    app: Flask, room_id: int, waiting: list[int]
) -> None:
    searched = insert_photos(app, room_id, 3, seed="searched")
    photo_queue.analyse_again(room_id)

    assert again(room_id) == searched[::-1]
    assert [claim(room_id).id for _photo in waiting] == waiting


def test_of_photos_that_are_searched_again_those_that_failed_once_come_last(
    app: Flask, room_id: int
) -> None:
    first, second, third = insert_photos(app, room_id, 3, state=PHOTO_WAITING, engine="old")
    photos = photo_queue.SecondSearch(room_id)
    claimed = photos.claim()
    assert claimed is not None
    photo_queue.fail_attempt(claimed.id)

    assert (claimed.id, again(room_id, is_first_attempt=True)) == (third, [second, first])
    last = photo_queue.SecondSearch(room_id).claim()
    assert last is not None
    assert (last.id, last.is_retry) == (third, True)


def test_a_photo_that_waits_to_be_searched_again_and_is_deleted_is_left_out(
    app: Flask, room_id: int
) -> None:
    first, second, _third = insert_photos(app, room_id, 3, state=PHOTO_WAITING, engine="old")
    photos = photo_queue.SecondSearch(room_id)
    assert photos.claim() is not None
    db.session.execute(delete(Photo).where(Photo.id == second))
    db.session.commit()

    claimed = photos.claim(is_first_attempt=True)

    assert claimed is not None
    assert claimed.id == first
    assert photos.claim() is None


def test_only_photos_of_another_engine_are_outdated(app: Flask, room_id: int) -> None:
    assert not photo_queue.has_searched_photos()
    insert_photos(app, room_id, 2)
    (old,) = insert_photos(app, room_id, 1, seed="old", engine="old")
    insert_photos(app, room_id, 1, seed="new", state=PHOTO_WAITING)
    insert_photos(app, room_id, 1, seed="failed", state=PHOTO_FAILED)
    assert photo_queue.has_searched_photos()
    assert photo_queue.count_outdated("fake") == (1, 3)

    assert photo_queue.analyse_outdated_again("fake") == 1

    assert again(room_id) == [old]


def test_a_photo_that_failed_once_comes_last(room_id: int, waiting: list[int]) -> None:
    photo_queue.fail_attempt(claim(room_id).id)

    claimed = [claim(room_id).id for _photo in waiting]

    assert claimed == [*waiting[1:], waiting[0]]


def test_a_claim_counts_its_attempt_before_the_photo_is_touched(
    room_id: int, waiting: list[int]
) -> None:
    claim(room_id)

    assert photo_row(waiting[0]) == (PHOTO_ANALYSING, 1)


def test_photos_of_another_room_are_not_claimed(waiting: list[int]) -> None:
    assert photo_queue.claim_photo(rooms.create_room("Other").room.id) is None


def test_three_failures_are_enough(app: Flask, room_id: int) -> None:
    (photo_id,) = insert_photos(app, room_id, 1, state=PHOTO_WAITING)
    rows = []
    for _attempt in range(MAX_ATTEMPTS):
        photo_queue.fail_attempt(claim(room_id).id)
        rows.append(photo_row(photo_id))

    assert rows == [(PHOTO_WAITING, 1), (PHOTO_WAITING, 2), (PHOTO_FAILED, 3)]
    assert photo_queue.claim_photo(room_id) is None


def test_a_failure_of_a_photo_that_is_not_in_hand_changes_nothing(waiting: list[int]) -> None:
    photo_queue.fail_attempt(waiting[0])

    assert photo_row(waiting[0]) == (PHOTO_WAITING, 0)


def test_a_crash_gives_the_photo_back_and_counts_its_attempt(
    room_id: int, waiting: list[int]
) -> None:
    claim(room_id)

    photo_queue.release_claims(count_attempt=True)

    assert photo_row(waiting[0]) == (PHOTO_WAITING, 1)


def test_an_orderly_stop_gives_the_photo_back_without_an_attempt(
    room_id: int, waiting: list[int]
) -> None:
    claim(room_id)

    photo_queue.release_claims(count_attempt=False)

    assert [photo_row(photo_id) for photo_id in waiting] == [(PHOTO_WAITING, 0)] * 4


def test_a_photo_that_crashed_the_process_three_times_is_left_alone(
    app: Flask, room_id: int
) -> None:
    (photo_id,) = insert_photos(app, room_id, 1, state=PHOTO_WAITING)
    for _crash in range(MAX_ATTEMPTS):
        claim(room_id)
        photo_queue.release_claims(count_attempt=True)

    photo_queue.fail_exhausted_photos()

    assert photo_row(photo_id) == (PHOTO_FAILED, MAX_ATTEMPTS)


def test_a_photo_with_attempts_left_is_not_given_up(room_id: int, waiting: list[int]) -> None:
    claim(room_id)
    photo_queue.release_claims(count_attempt=True)

    photo_queue.fail_exhausted_photos()

    assert photo_row(waiting[0]) == (PHOTO_WAITING, 1)
