"""A guest hides themselves: nobody else sees their album, and the host only that they asked."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import Face, Person, Photo
from tests.helpers import guest_of
from tests.web.mine.conftest import Hideout

SENTENCE = "They asked not to be shown. Only they can change that while they"


def person(app: Flask, person_id: int) -> tuple[bool, bool]:
    with app.app_context():
        found = db.session.get_one(Person, person_id)
        return found.is_hidden, found.has_asked


def test_whoever_asks_is_seen_by_themselves_and_the_host_only(app: Flask, hideout: Hideout) -> None:
    album = f"{hideout.url}/people/{hideout.red}"
    assert hideout.other.get(album).status_code == 200
    page = hideout.cast.guest.get(f"{hideout.url}/me/hide").text
    assert "Hide you?" in page

    hideout.hide()

    assert person(app, hideout.red) == (True, True)
    answers = [client.get(album).status_code for client in (hideout.other, hideout.cast.guest)]
    assert answers == [404, 200]
    assert "You're hidden" in hideout.cast.guest.get(f"{hideout.url}/me").text
    assert f'href="{album}"' not in hideout.other.get(f"{hideout.url}/people").text
    assert "They asked not to be shown." in hideout.cast.host.get(album).text
    hidden = hideout.cast.host.get(f"{hideout.url}/people/hidden").text
    assert "They asked not to be shown." in hidden


def test_the_log_and_the_history_do_not_name_who_asked(hideout: Hideout) -> None:
    hideout.hide()

    log = hideout.cast.host.get(f"{hideout.url}/activity").text
    assert "Someone asked not to be shown" in log
    history = hideout.cast.host.get(f"{hideout.url}/corrections").text
    assert "Gustav" not in history


def test_who_asked_is_shown_again_by_themselves_only(app: Flask, hideout: Hideout) -> None:
    hideout.hide()
    show = f"{hideout.url}/people/{hideout.red}/show"

    answer = hideout.cast.host.post(show)

    assert answer.status_code == 403
    assert SENTENCE in answer.text
    assert hideout.other.post(f"{hideout.url}/me/show").status_code == 303
    assert person(app, hideout.red) == (True, True)
    assert hideout.cast.guest.post(f"{hideout.url}/me/show").status_code == 303
    assert person(app, hideout.red) == (False, False)


def test_it_outlasts_leaving_until_the_host_shows_them(app: Flask, hideout: Hideout) -> None:
    hideout.hide()
    hideout.cast.guest.post(f"{hideout.url}/leave")
    assert person(app, hideout.red) == (True, True)

    assert hideout.cast.host.post(f"{hideout.url}/people/{hideout.red}/show").status_code == 303

    assert person(app, hideout.red) == (False, False)


def test_a_removed_guest_can_be_shown_again(app: Flask, hideout: Hideout) -> None:
    hideout.hide()
    guest_id = guest_of(app, hideout.cast.guest, hideout.cast.room_id)
    hideout.cast.host.post(f"{hideout.url}/guests/{guest_id}/remove")

    assert hideout.cast.host.post(f"{hideout.url}/people/{hideout.red}/show").status_code == 303

    assert person(app, hideout.red) == (False, False)


def test_each_of_two_who_are_the_same_takes_back_what_they_asked(
    app: Flask, hideout: Hideout
) -> None:
    hideout.other.post(f"{hideout.url}/me/person", data={"person": hideout.red})
    hideout.hide()
    assert hideout.other.post(f"{hideout.url}/me/hide").status_code == 303

    hideout.cast.guest.post(f"{hideout.url}/me/show")
    assert person(app, hideout.red) == (True, True)
    hideout.other.post(f"{hideout.url}/me/show")

    assert person(app, hideout.red) == (False, False)


def test_a_merge_leaves_them_hidden(app: Flask, hideout: Hideout) -> None:
    hideout.hide()

    hideout.cast.host.post(
        f"{hideout.url}/people/{hideout.red}/merge", data={"into": hideout.blue, "is_sure": "1"}
    )

    assert person(app, hideout.blue) == (True, True)


def test_who_has_not_said_who_they_are_is_asked_first(app: Flask, hideout: Hideout) -> None:
    hideout.cast.guest.post(f"{hideout.url}/me/person/forget")

    asked = hideout.cast.guest.get(f"{hideout.url}/me/hide")
    posted = hideout.cast.guest.post(f"{hideout.url}/me/hide")

    assert "First say which one is you" in asked.text
    assert posted.status_code == 422
    assert person(app, hideout.red) == (False, False)


def test_a_forgotten_face_stays_in_the_own_album_and_is_searched_again_on_request(
    app: Flask, hideout: Hideout, run_jobs: Callable[[], None]
) -> None:
    def encoded() -> list[bool]:
        with app.app_context():
            query = select(Face.encoding).where(Face.person_id == hideout.red).order_by(Face.id)
            return [encoding is not None for encoding in db.session.scalars(query)]

    assert encoded() == [True, True]
    hideout.hide(forget="1")
    assert encoded() == [False, False]
    page = hideout.cast.guest.get(f"{hideout.url}/me").text
    assert "Search my face again" in page
    with app.app_context():
        db.session.execute(update(Photo).values(state="waiting"))
        db.session.commit()
    run_jobs()
    assert encoded() == [False, False]

    hideout.cast.guest.post(f"{hideout.url}/me/search-again")
    run_jobs()

    assert encoded() == [True, True]
    assert person(app, hideout.red) == (True, True)
