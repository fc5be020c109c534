"""POST /rooms/<code>/photos/<id>/heart, the favourites, and the host's switch."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import Photo
from photoshare.services.photos.listing import PAGE_SIZE
from photoshare.services.rooms import rooms
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import HX, insert_photos, row_counts, tags_of
from tests.web.conftest import Party


def give(
    client: FlaskClient, cast: Cast, photo_id: int, *, is_given: bool = True, **options: Any
) -> TestResponse:
    data = {"is_given": "1" if is_given else "0"}
    return client.post(f"{cast.url}/photos/{photo_id}/heart", data=data, **options)


def hearts_of(app: Flask, photo_id: int) -> int | None:
    with app.app_context():
        return db.session.scalar(select(Photo.heart_count).where(Photo.id == photo_id))


def tiles(page: str) -> list[str]:
    return [tile["id"] for tile in tags_of(page, "a", **{"class": "tile"})]


def test_every_guest_has_one_heart_for_a_photo(app: Flask, cast: Cast) -> None:
    photo, _ = insert_photos(app, cast.room_id, 2)

    assert give(cast.guest, cast, photo).status_code == 303
    give(cast.guest, cast, photo)
    give(cast.host, cast, photo)
    assert hearts_of(app, photo) == 2
    give(cast.guest, cast, photo, is_given=False)
    give(cast.guest, cast, photo, is_given=False)

    assert hearts_of(app, photo) == 1


def test_htmx_gets_the_button_anew(app: Flask, cast: Cast) -> None:
    (photo,) = insert_photos(app, cast.room_id, 1)

    answer = give(cast.guest, cast, photo, headers=HX)

    (button,) = tags_of(answer.text, "button")
    assert button["aria-pressed"] == "true"
    assert tags_of(answer.text, "input", name="is_given", value="0")
    page = cast.guest.get(f"{cast.url}/photos/{photo}").text
    assert tags_of(page, "button", id=f"heart-{photo}", **{"aria-pressed": "true"})
    of_other = cast.host.get(f"{cast.url}/photos/{photo}").text
    assert tags_of(of_other, "button", id=f"heart-{photo}", **{"aria-pressed": "false"})


def test_the_favourites_are_a_filter_and_a_zip(app: Flask, cast: Cast, party: Party) -> None:
    liked = party.photos["b.jpg"]
    give(cast.guest, cast, liked)

    page = cast.host.get(f"{cast.url}/photos?favourites=1").text
    answer = cast.host.get(f"{cast.url}/photos.zip?favourites=1")

    assert tiles(page) == [f"tile-{liked}"]
    assert tags_of(page, "a", href=f"{cast.url}/photos.zip?favourites=1")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.namelist() == ["b.jpg"]


def test_photos_are_sorted_by_their_hearts(app: Flask, cast: Cast, party: Party) -> None:
    assert 'value="hearts"' not in cast.guest.get(f"{cast.url}/photos").text, "nobody gave one"
    for client, name in ((cast.guest, "b.jpg"), (cast.host, "b.jpg"), (cast.guest, "d.jpg")):
        give(client, cast, party.photos[name])
    in_order = [party.photos[name] for name in ("b.jpg", "d.jpg", "e.jpg", "c.jpg", "a.jpg")]

    assert tags_of(cast.guest.get(f"{cast.url}/photos").text, "input", value="hearts")
    page = cast.guest.get(f"{cast.url}/photos?order=hearts").text
    viewer = cast.guest.get(f"{cast.url}/photos/{in_order[1]}?order=hearts").text

    assert tiles(page) == [f"tile-{photo}" for photo in in_order]
    (chosen,) = tags_of(page, "input", value="hearts")
    assert "checked" in chosen.attributes
    (grid,) = tags_of(page, "div", id="photo-grid")
    assert not grid.attributes.keys() & {"data-moments", "hx-get"}
    assert not tags_of(page, "header", **{"class": "moment-head is-day"})
    (following,) = tags_of(viewer, "a", id="to-next")
    assert following["href"] == f"{cast.url}/photos/{in_order[2]}?order=hearts"


def test_the_pages_by_hearts_follow_each_other(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, PAGE_SIZE + 2)
    give(cast.guest, cast, ids[0])
    first = cast.guest.get(f"{cast.url}/photos?order=hearts").text
    (more,) = (tag for tag in tags_of(first, "a") if "after=" in tag["href"])

    second = cast.guest.get(more["href"], headers=HX).text

    assert tiles(first)[:2] == [f"tile-{ids[0]}", f"tile-{ids[-1]}"]
    assert tiles(second) == [f"tile-{ids[2]}", f"tile-{ids[1]}"]
    assert tiles(cast.guest.get(f"{cast.url}/photos?order=hearts&day=2026-07-04").text)


def test_the_host_can_switch_them_off(app: Flask, cast: Cast) -> None:
    (photo,) = insert_photos(app, cast.room_id, 1)
    give(cast.guest, cast, photo)

    cast.host.post(f"{cast.url}/settings", data={"title": "Party"})

    assert give(cast.guest, cast, photo).status_code == 403
    assert f"heart-{photo}" not in cast.guest.get(f"{cast.url}/photos/{photo}").text
    assert "tile-hearts" not in cast.guest.get(f"{cast.url}/photos").text
    cast.host.post(f"{cast.url}/settings", data={"title": "Party", "has_hearts": "1"})
    assert give(cast.guest, cast, photo).status_code == 303


def test_they_are_on_in_a_new_room(app: Flask, cast: Cast) -> None:
    with app.app_context():
        assert rooms.create_room("New").room.has_hearts


def test_they_go_with_their_photo_and_come_back_with_it(app: Flask, cast: Cast) -> None:
    (photo,) = insert_photos(app, cast.room_id, 1)
    give(cast.guest, cast, photo)
    answer = cast.host.post(f"{cast.url}/photos/{photo}/delete")
    assert row_counts(app)["heart"] == 0

    (undo,) = {
        form["action"]
        for form in tags_of(cast.host.get(answer.location).text, "form")
        if "/deletions/" in form["action"]
    }
    cast.host.post(undo)

    assert hearts_of(app, photo) == 1


def test_no_photo_of_another_room_gets_one(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    (photo,) = insert_photos(app, make_room("Other").room.id, 1)

    assert give(cast.guest, cast, photo).status_code == 404
    assert hearts_of(app, photo) == 0


def test_a_stranger_gives_none(app: Flask, cast: Cast) -> None:
    (photo,) = insert_photos(app, cast.room_id, 1)

    assert give(cast.stranger, cast, photo).status_code == 404
