"""POST /rooms/<code>/jobs."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import delete, select

from photoshare.db import db
from photoshare.models import Job, Person, Photo
from photoshare.services.people import people
from tests.conftest import Cast
from tests.helpers import HX, count_change, insert_photos, row_counts, tags_of
from tests.web.conftest import Party


def queued(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Job.kind).where(Job.state == "queued")))


def test_a_plain_form_starts_the_search_and_goes_back_to_the_room(app: Flask, cast: Cast) -> None:
    answer = cast.guest.post(f"{cast.url}/jobs")

    assert (answer.status_code, answer.location) == (303, cast.url)
    assert queued(app) == ["process_photos", "cluster_room"]


def test_htmx_gets_the_status(cast: Cast, party: Party) -> None:
    answer = cast.guest.post(f"{cast.url}/jobs", headers=HX)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert tags_of(answer.text)[0]["id"] == "job-status"


def test_the_form_works_with_and_without_javascript(cast: Cast, party: Party) -> None:
    page = cast.host.get(f"{cast.url}/guests").text
    (form,) = tags_of(page, "form", action=f"{cast.url}/jobs")

    assert (form["method"], form["hx-post"]) == ("post", f"{cast.url}/jobs")


def test_asking_twice_queues_once(app: Flask, cast: Cast) -> None:
    cast.guest.post(f"{cast.url}/jobs")
    cast.guest.post(f"{cast.url}/jobs")

    assert len(queued(app)) == 2


def test_it_sorts_the_unsorted_faces_again(
    app: Flask, cast: Cast, party: Party, run_jobs: Callable[[], None]
) -> None:
    with app.app_context():
        db.session.execute(delete(Person))
        count_change(cast.room_id)

    cast.guest.post(f"{cast.url}/jobs")
    run_jobs()

    with app.app_context():
        found = [card.photo_count for card in people.list_people(cast.room_id)]
    assert found == [3, 2]


def test_it_leaves_named_people_as_they_are(
    app: Flask, cast: Cast, party: Party, run_jobs: Callable[[], None]
) -> None:
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": "Lea"})
    with app.app_context():
        before = people.list_people(cast.room_id)

    cast.guest.post(f"{cast.url}/jobs")
    run_jobs()

    with app.app_context():
        assert people.list_people(cast.room_id) == before


def test_a_stranger_starts_nothing(app: Flask, cast: Cast) -> None:
    assert cast.stranger.post(f"{cast.url}/jobs").status_code == 404
    assert row_counts(app)["job"] == 0


def test_the_address_takes_only_post(cast: Cast) -> None:
    assert cast.guest.get(f"{cast.url}/jobs").status_code == 405


def test_photos_that_were_given_up_get_another_chance(
    app: Flask, cast: Cast, run_jobs: Callable[[], None]
) -> None:
    insert_photos(app, cast.room_id, 1, state="failed", attempts=3)

    cast.host.post(f"{cast.url}/jobs")

    with app.app_context():
        assert db.session.execute(select(Photo.state, Photo.attempts)).one() == ("waiting", 0)
