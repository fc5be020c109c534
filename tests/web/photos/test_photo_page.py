"""GET /rooms/<code>/photos/<id>."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask

from photoshare.db import db
from photoshare.models import Photo
from photoshare.services.corrections import verbs
from photoshare.services.rooms.entering import Author
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import flat, insert_photos, tags_of
from tests.web.conftest import Party


def photo_page(cast: Cast, photo_id: int, query: str = "") -> str:
    answer = cast.guest.get(f"{cast.url}/photos/{photo_id}{query}")
    assert answer.status_code == 200
    return answer.text


def link(page: str, rel: str) -> str | None:
    tags = tags_of(page, "a", rel=rel)
    return tags[0]["href"] if tags else None


def album_of(page: str) -> str:
    """Return the address of the album that a photo leads back to, without the place in it."""
    path, _, query = (link(page, "up") or "").partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("at=")]
    assert len(kept) < len(query.split("&")), "it does not lead back to the photo"
    return "?".join([path, *kept])


def test_it_shows_the_photo_and_what_is_known_of_it(app: Flask, cast: Cast, party: Party) -> None:
    page = photo_page(cast, party.photos["a.jpg"])

    digest = party.digests["a.jpg"]
    url = f"{cast.url}/photos/{party.photos['a.jpg']}/{digest}"
    (picture,) = tags_of(page, "img", src=f"{url}-1280.jpg")
    assert (picture["width"], picture["height"]) == ("200", "100")
    assert '<bdi>a.jpg</bdi>·<bdi dir="ltr">200 \u00d7 100</bdi>·' in flat(page)
    assert tags_of(page, "a", href=f"{url}/download")


def test_previous_and_next_walk_through_the_room(cast: Cast, party: Party) -> None:
    names = sorted(party.photos, reverse=True)  # the newest first, as in the grid
    for before, name, after in zip([None, *names], names, [*names[1:], None], strict=False):
        page = photo_page(cast, party.photos[name])

        assert link(page, "prev") == (before and f"{cast.url}/photos/{party.photos[before]}")
        assert link(page, "next") == (after and f"{cast.url}/photos/{party.photos[after]}")
        assert album_of(page) == f"{cast.url}/photos"


def test_previous_and_next_stay_in_a_persons_album(cast: Cast, party: Party) -> None:
    page = photo_page(cast, party.photos["b.jpg"], f"?person={party.red}")

    query = f"?person={party.red}"
    assert link(page, "prev") == f"{cast.url}/photos/{party.photos['a.jpg']}{query}"
    assert link(page, "next") == f"{cast.url}/photos/{party.photos['d.jpg']}{query}"
    assert album_of(page) == f"{cast.url}/people/{party.red}"


def test_previous_and_next_stay_among_the_photos_without_faces(cast: Cast, party: Party) -> None:
    page = photo_page(cast, party.photos["e.jpg"], "?without_faces=1")

    assert link(page, "prev") is None
    assert link(page, "next") is None
    assert album_of(page) == f"{cast.url}/photos?without_faces=1"


def test_every_outline_leads_to_the_album_of_its_face(cast: Cast, party: Party) -> None:
    page = photo_page(cast, party.photos["a.jpg"])

    (drawing,) = tags_of(page, "svg", **{"class": "faces"})
    outlines = tags_of(page, "rect")
    assert drawing["viewbox"] == "0 0 200 100"
    places = [tuple(tag[key] for key in ("x", "y", "width", "height")) for tag in outlines]
    assert places == [("20", "20", "60", "60"), ("120", "20", "60", "60")]
    links = [tag["href"] for tag in tags_of(page, "a", tabindex="-1")]
    assert links == [f"{cast.url}/people/{party.red}", f"{cast.url}/people/{party.blue}"]


def test_an_unsorted_face_leads_to_the_unsorted_faces(cast: Cast, party: Party) -> None:
    page = photo_page(cast, party.photos["d.jpg"])

    links = [tag["href"] for tag in tags_of(page, "a", tabindex="-1")]
    assert links == [f"{cast.url}/people/{party.red}", f"{cast.url}/people/unsorted"]


def test_a_photo_without_faces_says_so(cast: Cast, party: Party) -> None:
    page = photo_page(cast, party.photos["e.jpg"])

    assert "No faces found in this photo." in page
    assert tags_of(page, "rect") == []


@pytest.mark.parametrize(
    ("state", "sentence"),
    [("waiting", "hasn't been searched"), ("failed", "Couldn't look for faces")],
)
def test_a_photo_that_was_not_searched_says_so(
    app: Flask, cast: Cast, state: str, sentence: str
) -> None:
    (photo_id,) = insert_photos(app, cast.room_id, 1, state=state)

    assert sentence in photo_page(cast, photo_id)


def test_names_are_text_and_never_tags(app: Flask, cast: Cast, party: Party) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    with app.app_context():
        photo = db.session.get_one(Photo, party.photos["a.jpg"])
        photo.file_name = evil
        guest_id = photo.guest_id
        db.session.commit()
        verbs.name_person(Author(cast.room_id), party.red, "</title><script>x</script>")
    assert guest_id is None

    for path in (f"/photos/{party.photos['a.jpg']}", "/photos", "", f"/people/{party.red}"):
        page = cast.guest.get(cast.url + path).text

        scripts = [tag.attributes.get("src", "inline") for tag in tags_of(page, "script")]
        assert scripts
        assert all(source.startswith(("/static/", "/vendor/")) for source in scripts)
        assert not any("onerror" in tag.attributes for tag in tags_of(page))


def test_the_words_for_who_cannot_see_it_name_the_people(
    app: Flask, cast: Cast, party: Party
) -> None:
    with app.app_context():
        verbs.name_person(Author(cast.room_id), party.red, "Ruth")
        verbs.name_person(Author(cast.room_id), party.blue, "Ben")

    pages = [photo_page(cast, party.photos[name]) for name in ("a.jpg", "b.jpg", "e.jpg")]

    words = [tags_of(page, "img", draggable="false")[0]["alt"] for page in pages]
    assert words == ["Photo with Ben and Ruth", "Photo with Ruth", "Photo e.jpg"]


def test_it_says_which_of_how_many_it_is_and_when_it_was_taken(
    app: Flask, cast: Cast, party: Party
) -> None:
    with app.app_context():
        photo = db.session.get_one(Photo, party.photos["b.jpg"])
        photo.captured_at = datetime(2026, 7, 4, 18, 30, 5)
        db.session.commit()

    page = flat(photo_page(cast, party.photos["b.jpg"], f"?person={party.red}"))

    assert '<span class="viewer-count">1 of 3</span>' in page
    assert '<time datetime="2026-07-04T18:30:05">Sat, Jul 4, 2026, 6:30\u202fPM</time>' in page


def test_the_counter_follows_the_order_of_the_album(cast: Cast, party: Party) -> None:
    names = sorted(party.photos, reverse=True)  # the newest first, as in the grid
    for number, name in enumerate(names, start=1):
        page = flat(photo_page(cast, party.photos[name]))

        assert f'<span class="viewer-count">{number} of 5</span>' in page
        (viewer,) = tags_of(page, "article")
        assert viewer["data-first"] == f"{cast.url}/photos/{party.photos[names[0]]}"


def test_a_photo_without_a_capture_time_says_when_it_was_added(cast: Cast, party: Party) -> None:
    assert "added " in photo_page(cast, party.photos["a.jpg"])


def test_named_people_come_first_and_unsorted_faces_last(
    app: Flask, cast: Cast, party: Party
) -> None:
    with app.app_context():
        verbs.name_person(Author(cast.room_id), party.blue, "Ben")

    pages = [flat(photo_page(cast, party.photos[name])) for name in ("a.jpg", "d.jpg")]

    strips = [page.partition('class="face-strip')[2].partition("</ul>")[0] for page in pages]
    words = [re.findall("<span>([^<]+)</span>", strip) for strip in strips]
    assert words == [["Ben", "Who's this?"], ["Who's this?", "Unsorted"]]


def test_faces_are_fixed_in_one_mode_that_works_without_a_script(cast: Cast, party: Party) -> None:
    url = f"{cast.url}/photos/{party.photos['a.jpg']}"
    (mode,) = tags_of(cast.host.get(f"{url}?person={party.red}").text, "a", id="to-mode")

    page = cast.host.get(mode["href"]).text

    faces = [tag["href"] for tag in tags_of(page, "a", **{"class": "person"})]
    assert len(faces) == 2
    assert all(re.match(rf"{cast.url}/faces/\d+(\?|$)", face) for face in faces)
    assert link(page, "next") == (
        f"{cast.url}/photos/{party.photos['b.jpg']}?fix=1&person={party.red}"
    )
    (done,) = tags_of(page, "a", id="to-mode")
    assert done["href"] == f"{url}?person={party.red}"


def test_who_may_correct_nothing_is_not_offered_to(cast: Cast, party: Party) -> None:
    for query in ("", "?fix=1"):
        page = photo_page(cast, party.photos["a.jpg"], query)

        assert tags_of(page, "a", id="to-mode") == []
        assert tags_of(page, "a", href=f"{cast.url}/people/{party.red}")


def test_only_a_large_photo_has_tiles(app: Flask, cast: Cast, party: Party) -> None:
    (small,) = tags_of(photo_page(cast, party.photos["a.jpg"]), "figure")
    with app.app_context():
        photo = db.session.get_one(Photo, party.photos["a.jpg"])
        photo.width, photo.height = 16000, 3200
        db.session.commit()

    (large,) = tags_of(photo_page(cast, party.photos["a.jpg"]), "figure")

    digest = party.digests["a.jpg"]
    assert (small["data-tiles"], small["data-factors"]) == ("", "")
    assert large["data-tiles"] == f"{cast.url}/photos/{party.photos['a.jpg']}/{digest}/tiles"
    assert (large["data-tile-px"], large["data-factors"]) == ("1024", "1 2 4")


def test_its_link_for_the_room_names_no_album(cast: Cast, party: Party) -> None:
    page = photo_page(cast, party.photos["b.jpg"], f"?person={party.red}")

    (button,) = [tag for tag in tags_of(page, "button") if "data-share-url" in tag.attributes]
    assert button["data-share-url"] == f"{cast.url}/photos/{party.photos['b.jpg']}"


def test_only_who_may_delete_is_offered_to(cast: Cast, party: Party) -> None:
    url = f"{cast.url}/photos/{party.photos['a.jpg']}"

    assert tags_of(cast.host.get(url).text, "a", href=f"{url}/delete")
    assert not tags_of(cast.guest.get(url).text, "a", href=f"{url}/delete")


@pytest.mark.parametrize("path", ["/photos/999", "/photos/x", "/photos/-1"])
def test_an_unknown_photo_is_not_found(cast: Cast, path: str) -> None:
    assert cast.guest.get(cast.url + path).status_code == 404


def test_a_photo_of_another_room_is_not_found(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom], add_photo: Callable[..., int]
) -> None:
    photo_id = add_photo(make_room("Other").room.id, draw_photo(RED))

    assert cast.guest.get(f"{cast.url}/photos/{photo_id}").status_code == 404


def test_the_album_of_an_unknown_person_is_not_found(cast: Cast, party: Party) -> None:
    url = f"{cast.url}/photos/{party.photos['a.jpg']}?person=999"

    assert cast.guest.get(url).status_code == 404


def test_a_stranger_finds_nothing(cast: Cast, party: Party) -> None:
    url = f"{cast.url}/photos/{party.photos['a.jpg']}"

    assert cast.stranger.get(url).status_code == 303


@pytest.mark.parametrize(
    "path",
    ["/photos/{}", "/photos/{}/delete", "/people/{}", "/people/{}/album.zip", "/faces/{}.jpg"],
)
def test_a_number_that_no_database_holds_is_not_found(cast: Cast, path: str) -> None:
    assert cast.guest.get(cast.url + path.format("9" * 30)).status_code == 404
