"""GET /rooms/<code>/jobs/current: the progress of the face search."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from flask import Flask, g, render_template

from photoshare.models import PHOTO_WAITING
from photoshare.services.rooms import rooms
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import BLUE, POISON, RED, FakeFaceEngine, draw_photo
from tests.helpers import HX, Tag, counted_queries, host_access, insert_photos, tags_of
from tests.web.conftest import Party

STATUS = "/jobs/current"


def status_of(cast: Cast, page: str) -> Tag:
    (status,) = tags_of(page, "section", id="job-status")
    return status


def test_it_tells_how_many_photos_are_done(app: Flask, cast: Cast, party: Party) -> None:
    insert_photos(app, cast.room_id, 3, state=PHOTO_WAITING)

    page = cast.guest.get(cast.url + STATUS, headers=HX).text

    assert "Finding people:" in page
    assert "5 of 8 photos" in page
    (bar,) = tags_of(page, "progress")
    assert (bar["value"], bar["max"]) == ("5", "8")


def test_it_tells_how_far_the_second_search_is(app: Flask, cast: Cast, party: Party) -> None:
    insert_photos(app, cast.room_id, 3, state=PHOTO_WAITING, engine="old")

    page = cast.guest.get(cast.url + STATUS, headers=HX).text

    assert "Searching again with a better face search:" in page
    assert "5 of 8 photos" in page
    assert "Finding people" not in page
    (bar,) = tags_of(page, "progress")
    assert (bar["value"], bar["max"]) == ("5", "8")
    assert "every 15s" in status_of(cast, page)["hx-trigger"], "nobody waits for it"
    whole = cast.guest.get(cast.url + STATUS).text
    assert tags_of(whole, "meta", **{"http-equiv": "refresh"})


def test_it_tells_what_was_found_in_the_end(cast: Cast, party: Party) -> None:
    page = cast.guest.get(cast.url + STATUS, headers=HX).text

    assert "6 faces in 5 photos, 2 people found." in page
    assert tags_of(page, "progress") == []


def test_it_asks_again_every_two_seconds_while_the_search_goes_on(
    cast: Cast, add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> None:
    add_photo(cast.room_id, draw_photo(RED))
    working = status_of(cast, cast.guest.get(cast.url + STATUS, headers=HX).text)
    run_jobs()
    done = status_of(cast, cast.guest.get(cast.url + STATUS, headers=HX).text)

    assert "every 2s" in working["hx-trigger"]
    assert "every 2s" not in done["hx-trigger"]
    assert "every 15s" in done["hx-trigger"]  # for changes by others
    assert "photo-added from:body" in working["hx-trigger"]
    assert "photo-added from:body" in done["hx-trigger"]


@pytest.mark.parametrize("path", ["", STATUS])
def test_nothing_changed_is_an_empty_answer(cast: Cast, party: Party, path: str) -> None:
    status = status_of(cast, cast.guest.get(cast.url + path).text)

    answer = cast.guest.get(status["hx-get"], headers=HX)

    assert (answer.status_code, answer.data) == (204, b"")
    assert "HX-Trigger" not in answer.headers


def test_to_find_nothing_new_costs_one_row(app: Flask, cast: Cast, party: Party) -> None:
    status = status_of(cast, cast.guest.get(cast.url).text)

    with counted_queries(app) as queries:
        answer = cast.guest.get(status["hx-get"], headers=HX)

    assert answer.status_code == 204
    assert len(queries) == 1  # the access check


def test_a_new_name_is_news_for_the_people_and_not_for_the_photos(
    app: Flask, cast: Cast, party: Party
) -> None:
    status = status_of(cast, cast.guest.get(cast.url).text)
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": "Lea"})

    answer = cast.guest.get(status["hx-get"], headers=HX)

    assert answer.headers["HX-Trigger"] == "people-changed"


def test_a_change_is_a_new_status_and_an_event_for_the_people(
    cast: Cast, party: Party, add_photo: Callable[..., int]
) -> None:
    status = status_of(cast, cast.guest.get(cast.url).text)
    add_photo(cast.room_id, draw_photo(BLUE, seed=9))

    answer = cast.guest.get(status["hx-get"], headers=HX)

    assert answer.status_code == 200
    assert answer.headers["HX-Trigger"] == "people-changed, photos-changed"
    assert "<html" not in answer.text
    assert status_of(cast, answer.text)["hx-get"] != status["hx-get"]


def test_photos_that_were_there_before_are_no_event_for_the_grid(
    cast: Cast, add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> None:
    add_photo(cast.room_id, draw_photo(RED))
    status = status_of(cast, cast.guest.get(cast.url).text)
    run_jobs()

    answer = cast.guest.get(status["hx-get"], headers=HX)

    assert answer.headers["HX-Trigger"] == "people-changed"


REFRESH = re.compile(r'<noscript>\s*<meta http-equiv="refresh" content="5">\s*</noscript>')


def test_without_javascript_its_page_renews_itself_only_while_the_search_goes_on(
    app: Flask, cast: Cast, party: Party
) -> None:
    done = cast.guest.get(cast.url + STATUS).text
    insert_photos(app, cast.room_id, 1, state=PHOTO_WAITING)
    working = cast.guest.get(cast.url + STATUS).text

    assert REFRESH.search(working)
    assert not REFRESH.search(done)


def test_the_room_never_renews_itself_and_leads_to_the_page_that_does(
    app: Flask, cast: Cast, party: Party
) -> None:
    assert "Follow the progress" not in cast.guest.get(cast.url).text
    insert_photos(app, cast.room_id, 1, state=PHOTO_WAITING)

    page = cast.guest.get(cast.url).text

    assert "http-equiv" not in page  # files chosen in the form would be gone
    without_script = re.search(r"<noscript>\s*<p>(.*)</p>\s*</noscript>", page)
    assert without_script is not None
    assert without_script[1] == f'<a href="{cast.url}{STATUS}">Follow the progress</a>'


def test_a_search_among_the_unsorted_faces_is_told_and_followed(app: Flask, cast: Cast) -> None:
    progress = SimpleNamespace(
        **{"stamp": "1-1-0-0-0-well", "photo_count": 1, "done_count": 1, "is_working": False},
        **{"is_grouping": True, "is_of_all": True},
    )
    with app.test_request_context(cast.url):
        g.room_code = cast.code
        access = host_access(cast.room_id)
        page = render_template("jobs/_status.html", access=access, progress=progress)

    assert "checking the unsorted faces again" in page
    assert "every 2s" in status_of(cast, page)["hx-trigger"]


def test_a_room_that_is_gone_is_asked_for_no_more(app: Flask, cast: Cast, site: Site) -> None:
    with app.app_context():
        rooms.delete_room(cast.room_id, site.storage)

    answer = cast.guest.get(cast.url + STATUS, headers=HX)

    assert answer.status_code == 404
    status = status_of(cast, answer.text)
    assert status["hx-swap-oob"] == "true"
    assert not {"hx-get", "hx-trigger"} & set(status.attributes)


def test_a_plain_browser_gets_a_page_whatever_it_has_seen(cast: Cast, party: Party) -> None:
    status = status_of(cast, cast.guest.get(cast.url).text)

    answer = cast.guest.get(status["hx-get"])

    assert answer.status_code == 200
    assert "<html" in answer.text


def test_the_address_has_two_answers_and_says_so(cast: Cast, party: Party) -> None:
    assert "HX-Request" in cast.guest.get(cast.url + STATUS, headers=HX).vary
    assert "HX-Request" in cast.guest.get(cast.url + STATUS).vary


def test_a_room_without_photos_has_nothing_to_tell(cast: Cast) -> None:
    page = cast.guest.get(cast.url + STATUS, headers=HX).text

    assert "Finding people" not in page
    assert "found." not in page


def test_a_photo_that_breaks_the_search_is_counted_and_costs_no_other(
    cast: Cast, add_photo: Callable[..., int], run_jobs: Callable[[], None], engine: FakeFaceEngine
) -> None:
    add_photo(cast.room_id, draw_photo(RED))
    add_photo(cast.room_id, draw_photo(POISON))
    run_jobs()

    page = cast.guest.get(cast.url + STATUS, headers=HX).text

    assert "1 face in 2 photos" in page
    assert "Couldn't look for faces in 1 photo." in page
    assert engine.searches == 4  # one good photo, and three attempts


def test_the_number_of_queries_does_not_grow_with_the_photos(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, 1)
    with counted_queries(app) as before:
        cast.guest.get(cast.url + STATUS, headers=HX)
    insert_photos(app, cast.room_id, 50, seed="more")

    with counted_queries(app) as after:
        cast.guest.get(cast.url + STATUS, headers=HX)

    assert len(before) == len(after) > 0


def test_a_stranger_finds_nothing(cast: Cast, party: Party) -> None:
    assert cast.stranger.get(cast.url + STATUS, headers=HX).status_code == 404
