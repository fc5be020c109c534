"""photoshare.services.work.job_table: the job table is the queue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db, utc_now
from photoshare.models import (
    JOB_DONE,
    JOB_FAILED,
    JOB_QUEUED,
    JOB_RUNNING,
    PHOTO_ANALYSED,
    PHOTO_ANALYSING,
    PHOTO_FAILED,
    PHOTO_WAITING,
    FacesFor,
    Job,
)
from photoshare.services.rooms import rooms
from photoshare.services.work import job_table, progress
from photoshare.services.work.effort import work_of
from photoshare.services.work.job_table import RETRY_AFTER, ClaimedJob, JobKind
from photoshare.services.work.progress import room_progress
from tests.helpers import at_first_claim, insert_person, insert_photos, new_face

pytestmark = pytest.mark.usefixtures("app_ctx")
PROCESS, CLUSTER = JobKind.PROCESS_PHOTOS, JobKind.CLUSTER_ROOM
AGAIN = JobKind.SEARCH_AGAIN


def states() -> list[tuple[int, str, str]]:
    db.session.rollback()
    rows = db.session.execute(select(Job.room_id, Job.kind, Job.state).order_by(Job.id))
    return [(room_id, kind, state) for room_id, kind, state in rows]


def claim() -> ClaimedJob:
    job = job_table.claim_job()
    assert job is not None
    return job


def test_a_job_that_is_queued_already_is_not_queued_again(room_id: int) -> None:
    job_table.enqueue_job(room_id, PROCESS)
    job_table.enqueue_job(room_id, PROCESS)

    assert states() == [(room_id, PROCESS, JOB_QUEUED)]


def test_a_job_that_runs_is_not_queued_again(room_id: int) -> None:
    job_table.enqueue_job(room_id, PROCESS)
    claim()

    job_table.enqueue_job(room_id, PROCESS)

    assert states() == [(room_id, PROCESS, JOB_RUNNING)]


def test_another_kind_and_another_room_are_queued_beside_it(room_id: int) -> None:
    other_id = rooms.create_room("Other").room.id
    for room, kind in ((room_id, PROCESS), (room_id, CLUSTER), (other_id, PROCESS)):
        job_table.enqueue_job(room, kind)

    assert len(states()) == 3


def test_a_job_that_is_done_can_be_queued_again(room_id: int) -> None:
    job_table.enqueue_job(room_id, PROCESS)
    job_table.finish_job(claim())

    job_table.enqueue_job(room_id, PROCESS)

    assert [state for _room, _kind, state in states()] == [JOB_DONE, JOB_QUEUED]


def test_the_oldest_job_is_claimed_first_and_only_once(room_id: int) -> None:
    job_table.enqueue_job(room_id, CLUSTER)
    job_table.enqueue_job(room_id, PROCESS)

    kinds = [claim().kind, claim().kind]

    assert kinds == [CLUSTER, PROCESS]
    assert job_table.claim_job() is None


def test_photos_that_are_searched_again_come_after_all_other_work(room_id: int) -> None:
    for kind in (AGAIN, CLUSTER, PROCESS):
        job_table.enqueue_job(room_id, kind)
    assert job_table.has_urgent_jobs()

    kinds = [claim().kind, claim().kind]

    assert kinds == [CLUSTER, PROCESS]
    assert not job_table.has_urgent_jobs()
    assert claim().kind == AGAIN


def test_a_job_that_somebody_else_took_this_moment_is_not_claimed(app: Flask, room_id: int) -> None:
    """Between reading the table and the claim the room is deleted, or the job is claimed."""
    other_id = rooms.create_room("Other").room.id
    for room in (room_id, other_id):
        job_table.enqueue_job(room, PROCESS)
    with at_first_claim(app, "UPDATE job SET state = 'failed' WHERE id = 1"):
        job = claim()

    assert job.room_id == other_id
    assert states()[0] == (room_id, PROCESS, JOB_FAILED)


def test_a_photo_of_a_job_that_was_given_back_is_not_counted(room_id: int) -> None:
    job_table.enqueue_job(room_id, PROCESS)
    job = claim()

    assert job_table.count_photo_done(job.id)
    job_table.requeue_job(job)
    assert not job_table.count_photo_done(job.id)
    assert not job_table.count_photo_done(job.id + 1)
    assert db.session.scalars(select(Job.photos_done)).one() == 1


def test_work_that_waits_is_seen(room_id: int) -> None:
    assert not job_table.has_queued_jobs()

    job_table.enqueue_job(room_id, PROCESS)
    assert job_table.has_queued_jobs()

    claim()
    assert not job_table.has_queued_jobs()


def test_what_ran_when_the_process_ended_is_queued_again(room_id: int) -> None:
    job_table.enqueue_job(room_id, PROCESS)
    job_table.finish_job(claim())
    job_table.enqueue_job(room_id, CLUSTER)
    claim()

    job_table.requeue_running_jobs()

    assert states() == [(room_id, PROCESS, JOB_DONE), (room_id, CLUSTER, JOB_QUEUED)]


def test_an_interrupted_job_is_queued_again_and_counts_from_nothing(room_id: int) -> None:
    job_table.enqueue_job(room_id, PROCESS)
    job = claim()
    job_table.count_photo_done(job.id)
    job_table.requeue_job(job)

    assert claim().id == job.id

    assert db.session.scalars(select(Job.photos_done)).one() == 0


def test_a_finished_job_forgets_its_forerunners(room_id: int) -> None:
    other_id = rooms.create_room("Other").room.id
    for room, kind in ((other_id, PROCESS), (room_id, CLUSTER), (room_id, PROCESS)):
        job_table.enqueue_job(room, kind)
        job_table.finish_job(claim())
    job_table.enqueue_job(room_id, PROCESS)

    job_table.finish_job(claim(), error="The disk is full.")

    assert states() == [
        (other_id, PROCESS, JOB_DONE),
        (room_id, CLUSTER, JOB_DONE),
        (room_id, PROCESS, JOB_FAILED),
    ]


def test_waiting_photos_get_a_job_and_only_one(app: Flask, room_id: int) -> None:
    insert_photos(app, room_id, 3, state=PHOTO_WAITING)

    job_table.enqueue_waiting_photos()
    job_table.enqueue_waiting_photos()

    assert states() == [(room_id, PROCESS, JOB_QUEUED)]


def test_photos_that_are_to_be_searched_again_get_a_job_of_their_own_the_newest_room_first(
    app: Flask, room_id: int
) -> None:
    other_id = rooms.create_room("Other").room.id
    for room in (room_id, other_id):
        insert_photos(app, room, 2, state=PHOTO_WAITING, engine="old")
    insert_photos(app, room_id, 1, seed="new", state=PHOTO_WAITING)

    for _time in range(2):
        job_table.enqueue_waiting_photos()

    assert states() == [
        (room_id, PROCESS, JOB_QUEUED),
        (other_id, AGAIN, JOB_QUEUED),
        (room_id, AGAIN, JOB_QUEUED),
    ]


@pytest.mark.parametrize("state", [PHOTO_ANALYSING, PHOTO_ANALYSED, PHOTO_FAILED])
def test_photos_that_do_not_wait_get_no_job(app: Flask, room_id: int, state: str) -> None:
    insert_photos(app, room_id, 1, state=state)

    job_table.enqueue_waiting_photos()

    assert states() == []


def test_photos_that_came_while_a_job_was_ending_get_another(app: Flask, room_id: int) -> None:
    job_table.enqueue_job(room_id, PROCESS)
    job_table.finish_job(claim())
    insert_photos(app, room_id, 1, state=PHOTO_WAITING)

    job_table.enqueue_waiting_photos()

    assert [state for _room, _kind, state in states()] == [JOB_DONE, JOB_QUEUED]


def test_a_room_whose_job_failed_rests_before_it_is_tried_again(app: Flask, room_id: int) -> None:
    insert_photos(app, room_id, 1, state=PHOTO_WAITING)
    job_table.enqueue_job(room_id, PROCESS)
    job_table.finish_job(claim(), error="The disk is full.")

    job_table.enqueue_waiting_photos()
    assert [state for _room, _kind, state in states()] == [JOB_FAILED]

    long_ago = utc_now() - RETRY_AFTER - timedelta(seconds=1)
    db.session.execute(update(Job).values(finished_at=long_ago))
    db.session.commit()
    job_table.enqueue_waiting_photos()
    assert [state for _room, _kind, state in states()] == [JOB_FAILED, JOB_QUEUED]


def test_an_empty_room_has_nothing_to_do(room_id: int) -> None:
    progress = room_progress(room_id)

    assert (progress.photo_count, progress.done_count, progress.is_working) == (0, 0, False)
    assert progress.photos_per_second is None
    assert progress.seconds_left is None


def test_progress_counts_the_rows_of_its_own_room(app: Flask, room_id: int) -> None:
    other_id = rooms.create_room("Other").room.id
    insert_person(app, other_id, insert_photos(app, other_id, 5))
    for number, state in enumerate([PHOTO_WAITING, PHOTO_ANALYSING, PHOTO_FAILED]):
        insert_photos(app, room_id, 1, state=state, sha256=str(number) * 64)
    (analysed,) = insert_photos(app, room_id, 1)
    insert_person(app, room_id, [analysed])
    db.session.add(new_face(analysed))
    db.session.commit()

    progress = room_progress(room_id)

    assert (progress.photo_count, progress.done_count, progress.failed_count) == (4, 2, 1)
    assert (progress.people_count, progress.face_count) == (1, 2)
    assert progress.is_working


def test_photos_that_are_to_be_searched_again_count_as_done_until_then(
    app: Flask, room_id: int
) -> None:
    insert_photos(app, room_id, 5)
    insert_photos(app, room_id, 3, seed="b", state=PHOTO_WAITING, engine="old")
    insert_photos(app, room_id, 1, seed="c", state=PHOTO_ANALYSING, engine="old")
    insert_photos(app, room_id, 1, seed="d", state=PHOTO_FAILED)

    progress = room_progress(room_id)

    assert (progress.photo_count, progress.done_count, progress.again_count) == (10, 10, 4)
    assert (progress.found_again_count, progress.second_count) == (5, 9)
    assert (progress.is_working, progress.is_searching_again) == (False, True)
    insert_photos(app, room_id, 1, seed="e", state=PHOTO_WAITING)
    progress = room_progress(room_id)
    assert (progress.photo_count, progress.done_count, progress.again_count) == (11, 10, 4)
    assert (progress.is_working, progress.is_searching_again) == (True, False)


def test_the_time_that_is_left_is_that_of_the_photos_that_are_searched_again(
    app: Flask, room_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert_photos(app, room_id, 10, state=PHOTO_WAITING, engine="old")
    job_table.enqueue_job(room_id, AGAIN)
    job = claim()
    job_table.count_photo_done(job.id)
    started_at = db.session.scalars(select(Job.started_at)).one()
    assert started_at is not None
    monkeypatch.setattr(progress, "utc_now", lambda: started_at + timedelta(seconds=2))

    assert room_progress(room_id).seconds_left == pytest.approx(20)


def test_the_rate_is_that_of_the_running_job(
    app: Flask, room_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert_photos(app, room_id, 10, state=PHOTO_WAITING)
    job_table.enqueue_job(room_id, PROCESS)
    job = claim()
    assert room_progress(room_id).photos_per_second is None
    for _photo in range(4):
        job_table.count_photo_done(job.id)
    started_at = db.session.scalars(select(Job.started_at)).one()
    assert started_at is not None
    monkeypatch.setattr(progress, "utc_now", lambda: started_at + timedelta(seconds=2))

    found = room_progress(room_id)

    assert found.photos_per_second == pytest.approx(2)
    assert found.seconds_left == pytest.approx(5)


def test_a_job_that_is_over_has_no_rate(room_id: int) -> None:
    job_table.enqueue_job(room_id, PROCESS)
    job = claim()
    job_table.count_photo_done(job.id)
    job_table.finish_job(job)

    assert room_progress(room_id).photos_per_second is None


def test_the_error_of_the_last_job_is_told(room_id: int) -> None:
    job_table.enqueue_job(room_id, PROCESS)
    job_table.finish_job(claim(), error="A model is missing.")

    assert room_progress(room_id).error == "A model is missing."


def test_the_stamp_stays_while_nothing_changes(app: Flask, room_id: int) -> None:
    insert_photos(app, room_id, 2, state=PHOTO_WAITING)

    assert room_progress(room_id).stamp == room_progress(room_id).stamp


def test_the_stamp_changes_with_every_number_that_is_shown(app: Flask, room_id: int) -> None:
    stamps = [room_progress(room_id).stamp]
    insert_photos(app, room_id, 1, state=PHOTO_WAITING, sha256="a" * 64)
    stamps.append(room_progress(room_id).stamp)
    (analysed,) = insert_photos(app, room_id, 1)
    stamps.append(room_progress(room_id).stamp)
    insert_photos(app, room_id, 1, state=PHOTO_FAILED, sha256="b" * 64)
    stamps.append(room_progress(room_id).stamp)
    insert_person(app, room_id, [analysed])
    stamps.append(room_progress(room_id).stamp)

    assert len(set(stamps)) == len(stamps)


def test_the_stamp_changes_when_a_job_fails(app: Flask, room_id: int) -> None:
    insert_photos(app, room_id, 1, state=PHOTO_WAITING)
    job_table.enqueue_job(room_id, PROCESS)
    job = claim()
    before = room_progress(room_id).stamp

    job_table.finish_job(job, error="A model is missing.")

    assert room_progress(room_id).stamp != before


def test_a_clip_counts_as_the_frames_that_are_searched_in_it(
    app: Flask, room_id: int, waiting: list[int]
) -> None:
    lengths = [None, 100, 4_900, 3_600_000]
    for number, length in enumerate(lengths):
        seed = f"clip-{number}"
        insert_photos(app, room_id, 1, seed=seed, state=PHOTO_WAITING, duration_ms=length)

    progress = room_progress(room_id)

    assert [work_of(length) for length in lengths] == [1, 1, 10, 60]
    assert progress.work_left == len(waiting) + 72
    assert progress.photo_count - progress.done_count == len(waiting) + 4


def test_photos_to_be_compared_get_a_job_where_no_search_does_it(app: Flask, room_id: int) -> None:
    without = rooms.create_room("Without faces").room
    without.faces_for = FacesFor.NOBODY
    db.session.commit()
    insert_photos(app, room_id, 1, state=PHOTO_WAITING, paired_by=None)
    insert_photos(app, without.id, 1, state=PHOTO_WAITING, paired_by=None)
    insert_photos(app, rooms.create_room("Compared").room.id, 1)

    for _time in range(2):
        job_table.enqueue_waiting_photos()

    found = [(room_id, PROCESS, JOB_QUEUED), (without.id, JobKind.FIND_VERSIONS, JOB_QUEUED)]
    assert sorted(states()) == found
    assert claim().kind == PROCESS  # they give way
    assert not job_table.has_urgent_jobs()
    assert claim().kind == JobKind.FIND_VERSIONS
