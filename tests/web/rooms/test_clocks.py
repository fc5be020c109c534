"""Camera clocks, as a host puts them right on their page."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from PIL import ExifTags, Image
from sqlalchemy import insert, select

from photoshare.db import db
from photoshare.models import ClockSuggestion, Photo
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import HX, flat, guest_of, moderate, undo_addresses

NOON = datetime(2026, 7, 4, 12)
CANON = "Canon EOS R6"


def photo_of(seed: int, *, camera: tuple[str, str] = ("Canon", CANON), gps: bool = False) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = str(seed)  # no two files are equal
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = camera
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:07:04 12:00:00"
    if gps:
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        place[ExifTags.GPS.GPSDateStamp] = "2026:07:04"
        place[ExifTags.GPS.GPSTimeStamp] = (11.0, 4.0, 0.0)
    stream = io.BytesIO()
    with Image.open(io.BytesIO(draw_photo(RED, seed=seed))) as drawn:
        drawn.save(stream, "JPEG", exif=exif)
    return stream.getvalue()


def add(cast: Cast, *seeds: int, **how: Any) -> None:
    for seed in seeds:
        data = {"photos": (io.BytesIO(photo_of(seed, **how)), f"{seed}.jpg")}
        assert cast.guest.post(f"{cast.url}/photos", data=data, headers=HX).status_code in (
            201,
            202,
        )


def times(app: Flask) -> list[datetime | None]:
    with app.app_context():
        return list(db.session.scalars(select(Photo.captured_at).order_by(Photo.id)))


def put(app: Flask, cast: Cast, **amount: str) -> Any:
    form = {"guest": str(guest_of(app, cast.guest, cast.room_id)), "camera": CANON}
    return cast.host.post(f"{cast.url}/clocks", data=form | {"direction": "forward"} | amount)


def test_an_upload_says_its_camera_and_how_far_its_clock_is_off(app: Flask, cast: Cast) -> None:
    add(cast, 1, gps=True)

    with app.app_context():
        photo = db.session.scalars(select(Photo)).one()
        assert (photo.camera, photo.clock_ahead_s) == (CANON, 56 * 60)


def test_the_page_lists_cameras_and_puts_one_right(app: Flask, cast: Cast) -> None:
    add(cast, 1, 2)
    page = cast.host.get(f"{cast.url}/clocks").text
    assert CANON in page
    assert "2 photos" in page

    answer = put(app, cast, hours="1", minutes="4")

    assert answer.status_code == 303
    assert times(app) == [NOON + timedelta(hours=1, minutes=4)] * 2
    page = cast.host.get(f"{cast.url}/clocks").text
    assert "Put forward by 1 hr, 4 min." in page
    history = flat(cast.host.get(f"{cast.url}/corrections").text)
    assert f"put the clock of Gustav's {CANON} forward by 1 hr, 4 min" in history.replace(
        "&#39;", "'"
    )


def test_photos_added_later_follow_and_undo_takes_all_back(app: Flask, cast: Cast) -> None:
    add(cast, 1)
    put(app, cast, direction="back", minutes="30")
    add(cast, 2)
    assert times(app) == [NOON - timedelta(minutes=30)] * 2

    undo = undo_addresses(cast.host.get(f"{cast.url}/clocks").text)[0]
    assert cast.host.post(undo).location.endswith("/clocks")

    assert times(app) == [NOON] * 2


def test_a_photo_that_waited_follows(app: Flask, cast: Cast) -> None:
    add(cast, 1)
    put(app, cast, hours="1")
    moderate(app, cast.room_id)
    add(cast, 2)

    assert cast.host.post(f"{cast.url}/waiting/all", data={"answer": "yes"}).status_code == 303

    assert times(app) == [NOON + timedelta(hours=1)] * 2


@pytest.mark.parametrize(
    "amount", [{}, {"minutes": "x"}, {"hours": "-1"}, {"days": "9" * 7}, {"days": "30000"}]
)
def test_what_is_no_time_is_said_beside_the_form(
    app: Flask, cast: Cast, amount: dict[str, str]
) -> None:
    add(cast, 1)

    answer = put(app, cast, **amount)

    assert answer.status_code == 422
    assert "field-problem" in answer.text
    assert times(app) == [NOON]


def suggest(app: Flask, cast: Cast) -> dict[str, str]:
    """Let a photo's camera be 64 minutes behind, as it seems; return whose, as a form says it."""
    add(cast, 1)
    with app.app_context():
        photo = db.session.scalars(select(Photo)).one()
        said = {"room_id": cast.room_id, "guest_id": photo.guest_id, "camera": CANON}
        pair = {"photo_id": photo.id, "other_id": photo.id}
        about = {"shift_s": 3840, "evidence": "moments"}
        db.session.execute(insert(ClockSuggestion).values(said | about | pair))
        db.session.commit()
        return {"guest": str(photo.guest_id), "camera": CANON}


def test_a_suggestion_is_taken_by_one_press(app: Flask, cast: Cast) -> None:
    form = suggest(app, cast)
    page = cast.host.get(f"{cast.url}/clocks").text
    assert "seems to be 1 hr, 4 min behind" in page

    answer = cast.host.post(f"{cast.url}/clocks/suggestion", data=form)

    assert answer.status_code == 303
    assert times(app) == [NOON + timedelta(seconds=3840)]
    assert "seems to be" not in cast.host.get(f"{cast.url}/clocks").text
    again = cast.host.post(f"{cast.url}/clocks/suggestion", data=form)
    assert again.status_code == 404


def test_a_suggestion_is_put_aside_and_shown_again(app: Flask, cast: Cast) -> None:
    form = suggest(app, cast)
    page, badge = f"{cast.url}/clocks", 'class="tab-count"'
    assert badge in cast.host.get(f"{cast.url}/settings").text
    assert "Leave it" in cast.host.get(page).text

    answer = cast.host.post(f"{cast.url}/clocks/suggestion/dismiss", data=form)

    assert (answer.status_code, answer.location) == (303, page)
    aside = cast.host.get(page).text
    assert "Suggestion put aside." in aside
    assert "seems to be" not in aside
    assert "A suggestion for this clock was put aside." in aside
    assert badge not in cast.host.get(f"{cast.url}/settings").text
    assert times(app) == [NOON]
    assert cast.host.post(f"{cast.url}/clocks/suggestion", data=form).status_code == 404

    answer = cast.host.post(f"{cast.url}/clocks/suggestion/again", data=form)

    assert (answer.status_code, answer.location) == (303, page)
    again = cast.host.get(page).text
    assert "seems to be 1 hr, 4 min behind" in again
    assert "put aside" not in again
    assert cast.host.post(f"{cast.url}/clocks/suggestion/again", data=form).status_code == 404


def test_a_suggestion_put_aside_stays_away_when_clocks_are_compared_again(
    app: Flask, cast: Cast, run_jobs: Callable[[], None]
) -> None:
    add(cast, 1, 2, 3, gps=True)
    cast.host.post(f"{cast.url}/settings", data={"title": "Party", "time_zone": "Europe/Berlin"})
    cast.host.get(f"{cast.url}/clocks")
    run_jobs()
    form = {"guest": str(guest_of(app, cast.guest, cast.room_id)), "camera": CANON}
    cast.host.post(f"{cast.url}/clocks/suggestion/dismiss", data=form)

    cast.host.post(f"{cast.url}/clocks/check")
    run_jobs()

    page = cast.host.get(f"{cast.url}/clocks").text
    assert "seems to be" not in page
    assert "A suggestion for this clock was put aside." in page


@pytest.mark.parametrize("what", ["dismiss", "again"])
def test_guests_put_no_suggestion_aside(app: Flask, cast: Cast, what: str) -> None:
    form = suggest(app, cast)
    if what == "again":
        cast.host.post(f"{cast.url}/clocks/suggestion/dismiss", data=form)
    before = cast.host.get(f"{cast.url}/clocks").text.count("Leave it")

    assert cast.guest.post(f"{cast.url}/clocks/suggestion/{what}", data=form).status_code == 403

    assert cast.host.get(f"{cast.url}/clocks").text.count("Leave it") == before


def test_the_page_looks_at_the_clocks_by_itself(
    app: Flask, cast: Cast, run_jobs: Callable[[], None]
) -> None:
    add(cast, 1, 2, 3, gps=True)  # four minutes short of an hour ahead of UTC
    cast.host.post(f"{cast.url}/settings", data={"title": "Party", "time_zone": "Europe/Berlin"})
    assert "Comparing" in cast.host.get(f"{cast.url}/clocks").text
    assert cast.host.get(f"{cast.url}/clocks", headers=HX).status_code == 204

    run_jobs()

    page = cast.host.get(f"{cast.url}/clocks").text
    assert "Comparing" not in page
    assert "seems to be 1 hr, 4 min behind" in page
    assert cast.host.get(f"{cast.url}/clocks", headers=HX).status_code == 200


def test_it_looks_again_once_people_are_found(
    app: Flask, cast: Cast, site: Site, run_jobs: Callable[[], None]
) -> None:
    add(cast, 1)
    cast.host.get(f"{cast.url}/clocks")
    run_jobs()
    assert "Comparing" not in cast.host.get(f"{cast.url}/clocks").text

    with app.app_context():
        site.jobs.find_people(cast.room_id)
    run_jobs()

    assert "Comparing" in cast.host.get(f"{cast.url}/clocks").text


def test_zips_and_the_api_have_the_right_time(
    app: Flask, cast: Cast, run_jobs: Callable[[], None]
) -> None:
    add(cast, 1)
    run_jobs()

    def in_zip() -> tuple[str | None, tuple[int, ...]]:
        answer = cast.guest.get(f"{cast.url}/photos.zip")
        with zipfile.ZipFile(io.BytesIO(answer.data)) as made:
            return answer.headers["ETag"], made.infolist()[0].date_time

    tag, time = in_zip()
    put(app, cast, hours="1")
    tag_after, time_after = in_zip()

    assert time == (2026, 7, 4, 12, 0, 0)
    assert time_after == (2026, 7, 4, 13, 0, 0)
    assert tag != tag_after


def test_pages_that_poll_hear_of_it(app: Flask, cast: Cast) -> None:
    add(cast, 1)
    home = cast.guest.get(f"{cast.url}/photos").text
    put(app, cast, hours="13")
    later = cast.guest.get(f"{cast.url}/photos").text

    assert "July 4" in home
    assert "July 5" in later


def test_the_settings_lead_there(cast: Cast) -> None:
    assert f"{cast.url}/clocks" in cast.host.get(f"{cast.url}/settings").text
