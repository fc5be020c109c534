"""GET /rooms/<code> and /rooms/<code>/photos: the grid, page by page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from photoshare.services.photos.listing import PAGE_SIZE
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.pages.template_helpers import SHAPES
from tests.conftest import ROOT, Cast
from tests.helpers import (
    HX,
    counted_queries,
    guest_of,
    insert_person,
    insert_photos,
    place_at,
    tags_of,
)

TILE = {"class": "tile"}
SHAPE_RULE = re.compile(r"\.shape-(\d+) \{\s+--ratio: ([\d.]+);\s+\}")


def test_a_room_without_photos_says_so(cast: Cast) -> None:
    answer = cast.guest.get(f"{cast.url}/photos")

    assert answer.status_code == 200
    assert "No photos yet." in answer.text


def test_the_newest_upload_comes_first(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, 3)

    tiles = tags_of(cast.guest.get(f"{cast.url}/photos").text, "a", **TILE)

    assert [tile["href"] for tile in tiles] == [f"{cast.url}/photos/{id_}" for id_ in reversed(ids)]


def test_a_page_ends_at_its_size_and_leads_to_the_next(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, PAGE_SIZE + 1)

    first = cast.guest.get(f"{cast.url}/photos").text
    second = cast.guest.get(f"{cast.url}/photos?after={place_at(app, ids[1])}").text

    assert (len(tags_of(first, "a", **TILE)), len(tags_of(second, "a", **TILE))) == (PAGE_SIZE, 1)
    (more,) = tags_of(first, "a", href=f"{cast.url}/photos?after={place_at(app, ids[1])}")
    assert more["hx-get"] == more["href"]
    assert "?before" not in first
    assert tags_of(second, "a", href=f"{cast.url}/photos?before={place_at(app, ids[0])}")
    assert "?after" not in second


def test_a_full_last_page_leads_nowhere(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, PAGE_SIZE)

    assert "?after" not in cast.guest.get(f"{cast.url}/photos").text


def test_htmx_gets_the_tiles_without_a_page_around_them(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, PAGE_SIZE + 1)

    answer = cast.guest.get(f"{cast.url}/photos?after={place_at(app, ids[1])}", headers=HX)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "<main" not in answer.text
    assert len(tags_of(answer.text, "a", **TILE)) == 1


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_a_page_that_the_history_asks_for_is_whole(cast: Cast, header: str) -> None:
    answer = cast.guest.get(f"{cast.url}/photos", headers=HX | {header: "true"})

    assert "<html" in answer.text


@pytest.mark.parametrize("headers", [{}, HX])
def test_caches_are_told_that_one_address_has_two_answers(
    cast: Cast, headers: dict[str, str]
) -> None:
    answer = cast.guest.get(f"{cast.url}/photos", headers=headers)

    assert "HX-Request" in answer.vary
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("headers", [{}, HX])
def test_behind_the_last_photo_there_is_nothing_and_no_way_on(
    app: Flask, cast: Cast, headers: dict[str, str]
) -> None:
    ids = insert_photos(app, cast.room_id, 3)

    answer = cast.guest.get(f"{cast.url}/photos?after={place_at(app, ids[0])}", headers=headers)

    assert answer.status_code == 200
    assert not tags_of(answer.text, "a", **TILE)
    assert "No photos" not in answer.text
    assert "?after" not in answer.text


@pytest.mark.parametrize("cursor", ["after=x", "after=", "before=x", "after=99999999999999999999"])
def test_a_place_that_is_none_is_the_first_page(app: Flask, cast: Cast, cursor: str) -> None:
    insert_photos(app, cast.room_id, 1)

    page = cast.guest.get(f"{cast.url}/photos?{cursor}").text

    assert len(tags_of(page, "a", **TILE)) == 1


def test_every_picture_comes_in_sizes_with_its_place_kept_free(app: Flask, cast: Cast) -> None:
    (photo_id,) = insert_photos(app, cast.room_id, 1, width=4000, height=3000)

    page = cast.guest.get(f"{cast.url}/photos").text

    (source,), (image,) = tags_of(page, "source"), tags_of(page, "img")
    assert source["type"] == "image/webp"
    assert [part.split()[1] for part in source["srcset"].split(", ")] == [
        "320w",
        "640w",
        "1280w",
        "2000w",
    ]
    assert source["srcset"].replace(".webp", ".jpg") == image["srcset"]
    assert source["sizes"] == image["sizes"] == "(max-width: 48rem) min(51vw, 100vw), 19rem"
    assert (image["width"], image["height"], image["loading"]) == ("4000", "3000", "lazy")
    assert image["src"].startswith(f"{cast.url}/photos/{photo_id}/")


def test_a_small_or_upright_photo_names_its_true_widths(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, 1, width=300, height=400)

    (image,) = tags_of(cast.guest.get(f"{cast.url}/photos").text, "img")

    assert [part.split()[1] for part in image["srcset"].split(", ")] == ["240w", "300w"]


@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [(4000, 3000, 133), (3000, 4000, 75), (1080, 1920, 56), (1000, 1000, 100), (9000, 500, 300)],
)
def test_a_tile_has_the_shape_of_its_photo(
    app: Flask, cast: Cast, width: int, height: int, shape: int
) -> None:
    insert_photos(app, cast.room_id, 1, width=width, height=height)

    page = cast.guest.get(f"{cast.url}/photos").text

    assert tags_of(page, "div", **{"class": f"cell shape-{shape}"})


def test_the_style_sheet_knows_every_shape() -> None:
    css = (ROOT / "static" / "styles" / "photo-grid.css").read_text(encoding="utf-8")

    shapes = {int(name): float(ratio) for name, ratio in SHAPE_RULE.findall(css)}

    assert shapes == {shape: shape / 100 for shape in SHAPES}


def test_a_few_pixels_stand_for_a_photo_until_it_is_there(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, 1, placeholder=b"RIFF")
    insert_photos(app, cast.room_id, 1, seed="old")  # from a time without them

    images = tags_of(cast.guest.get(f"{cast.url}/photos").text, "img")

    sources = [image["src"] for image in images if image["src"].startswith("data:")]
    assert sources == ["data:image/webp;base64,UklGRg=="]
    assert len(images) == 3


def test_the_words_for_a_photo_name_who_is_in_it(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, 2)
    insert_person(app, cast.room_id, ids[:1], "Lea")
    bystander = insert_person(app, cast.room_id, ids, "Tom")
    cast.host.post(f"{cast.url}/people/{bystander}/hide")

    def words(client: FlaskClient) -> list[str]:
        page = client.get(f"{cast.url}/photos").text
        boxes = [
            tag["aria-label"] for tag in tags_of(page, "input", name="photos", type="checkbox")
        ]
        alternatives = [tag["alt"] for tag in tags_of(page, "img") if "srcset" in tag.attributes]
        assert boxes == [f"Select {words}" for words in alternatives]
        return alternatives

    assert words(cast.guest) == ["Photo photo-1.jpg", "Photo with Lea"]
    assert words(cast.host) == ["Photo with Tom", "Photo with Lea and Tom"]


def test_photos_can_be_selected_and_downloaded_without_a_script(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, 2)

    page = cast.guest.get(f"{cast.url}/photos").text

    (form,) = tags_of(page, "form", id="selection")
    assert (form["method"], form["action"]) == ("get", f"{cast.url}/photos.zip")
    boxes = tags_of(page, "input", name="photos", form="selection")
    assert [box["value"] for box in boxes] == [str(id_) for id_ in reversed(ids)]


def test_photos_of_another_room_are_not_shown(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    insert_photos(app, make_room("Other").room.id, 2)

    assert tags_of(cast.guest.get(f"{cast.url}/photos").text, "a", **TILE) == []


@pytest.mark.parametrize("path", ["", "/photos", "/people", "/people/unsorted"])
def test_the_number_of_queries_does_not_grow_with_the_photos(
    app: Flask, cast: Cast, path: str
) -> None:
    guest_id = guest_of(app, cast.guest, cast.room_id)
    few = insert_photos(app, cast.room_id, 2, guest_id=guest_id)
    insert_person(app, cast.room_id, few)
    with counted_queries(app) as before:
        assert cast.guest.get(cast.url + path).status_code == 200
    many = insert_photos(app, cast.room_id, 40, guest_id=guest_id, seed="more")
    for photo_id in many[:20]:
        insert_person(app, cast.room_id, [photo_id])

    with counted_queries(app) as after:
        assert cast.guest.get(cast.url + path).status_code == 200

    assert len(before) == len(after) > 0


def test_the_grid_asks_again_when_photos_were_added(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, PAGE_SIZE + 1)

    (grid,) = tags_of(cast.guest.get(f"{cast.url}/photos").text, "div", id="photo-grid")

    assert grid["hx-trigger"].startswith("photo-added from:body")
    assert "photos-changed from:body" in grid["hx-trigger"]
    (new,) = insert_photos(app, cast.room_id, 1, seed="new")
    first = tags_of(cast.guest.get(grid["hx-get"], headers=HX).text, "a", **TILE)[0]
    assert first["href"] == f"{cast.url}/photos/{new}"


def test_a_persons_album_tells_its_story_from_the_start(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, 3)
    person_id = insert_person(app, cast.room_id, ids)

    tiles = tags_of(cast.guest.get(f"{cast.url}/people/{person_id}").text, "a", **TILE)

    assert [int(tile["href"].split("/")[-1].split("?")[0]) for tile in tiles] == ids


def test_a_stranger_finds_nothing(cast: Cast) -> None:
    assert cast.stranger.get(f"{cast.url}/photos").status_code == 303


def test_the_address_takes_no_put(cast: Cast) -> None:
    assert cast.guest.put(f"{cast.url}/photos").status_code == 405
