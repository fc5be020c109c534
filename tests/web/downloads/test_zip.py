"""GET /rooms/<code>/photos.zip and /rooms/<code>/people/<id>/album.zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse

from photoshare.services.downloads import checksums
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import (
    counted_queries,
    insert_person,
    insert_photos,
    set_title_and_end,
    tags_of,
)
from tests.web.conftest import Party
from tests.web.downloads.test_download import SERIAL, keep_metadata, photo_with_place


def get_zip(client: FlaskClient, url: str) -> TestResponse:
    return client.get(url, buffered=True)


def opened(answer: TestResponse) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    return archive


def test_a_room_is_sent_with_every_original_bit_for_bit(cast: Cast, party: Party) -> None:
    answer = get_zip(cast.guest, f"{cast.url}/photos.zip")

    assert (answer.status_code, answer.content_type) == (200, "application/zip")
    with opened(answer) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == party.contents


def test_the_size_is_told_beforehand_and_exact(cast: Cast, party: Party) -> None:
    for path in ("/photos.zip", f"/people/{party.red}/album.zip"):
        answer = get_zip(cast.guest, cast.url + path)

        assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_photos_are_stored_and_not_compressed_again(cast: Cast, party: Party) -> None:
    with opened(get_zip(cast.guest, f"{cast.url}/photos.zip")) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_zip_of_a_person_holds_that_persons_photos_only(cast: Cast, party: Party) -> None:
    with opened(get_zip(cast.guest, f"{cast.url}/people/{party.blue}/album.zip")) as archive:
        assert archive.namelist() == ["a.jpg", "c.jpg"]


def test_names_are_safe_and_unique_on_every_system(
    cast: Cast, add_photo: Callable[..., int]
) -> None:
    names = [
        "image.jpg",
        "image.jpg",
        "IMAGE.JPG",
        "../../x",
        "..\\..\\x.jpg",
        "CON.jpg",
        "a:b?.jpg",
        "Zoë 日本 😀.jpg",
        "page.html",
    ]
    for seed, name in enumerate(names):
        add_photo(cast.room_id, draw_photo(RED, seed=seed), name)

    with opened(get_zip(cast.guest, f"{cast.url}/photos.zip")) as archive:
        assert archive.namelist() == [
            "image.jpg",
            "image (2).jpg",
            "IMAGE (3).JPG",
            "x.jpg",
            "x (2).jpg",
            "CON_.jpg",
            "a_b_.jpg",
            "Zoë 日本 😀.jpg",
            "page.html.jpg",
        ]


def test_the_zip_is_named_after_the_room_and_the_person(
    app: Flask, cast: Cast, party: Party
) -> None:
    with app.app_context():
        set_title_and_end(cast.room_id, "Léa/Tom: 😀", None)
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": '"Zoë"'})

    names = [
        parse_options_header(get_zip(cast.guest, cast.url + path).headers["Content-Disposition"])
        for path in (
            "/photos.zip",
            f"/people/{party.red}/album.zip",
            f"/people/{party.blue}/album.zip",
        )
    ]

    assert [(kind, options["filename"]) for kind, options in names] == [
        ("attachment", "Léa_Tom_ 😀.zip"),
        ("attachment", "Léa_Tom_ 😀 - _Zoë_.zip"),
        ("attachment", "Léa_Tom_ 😀 - album.zip"),
    ]


def test_a_zip_is_named_in_the_guests_language(cast: Cast, party: Party) -> None:
    german = {"Accept-Language": "de"}
    (photo_id, *_others) = party.photos.values()

    names = [
        parse_options_header(
            cast.guest.get(cast.url + path, headers=german).headers["Content-Disposition"]
        )[1]["filename"]
        for path in (f"/people/{party.red}/album.zip", f"/photos.zip?photos={photo_id}")
    ]

    assert [name.partition(" - ")[2] for name in names] == ["Album.zip", "Auswahl.zip"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("people={red},{blue}&match=all", ["a.jpg"]),
        ("people={red}&people={blue}&match=all", ["a.jpg"]),
        ("people={red},{blue}&match=any", ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]),
        ("people={red},{blue}", ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]),
        ("people={blue}&match=all", ["a.jpg", "c.jpg"]),
        ("photos={c},{a}", ["a.jpg", "c.jpg"]),
        ("photos={c}&photos={e}", ["c.jpg", "e.jpg"]),
        ("photos={a},99999", ["a.jpg"]),
    ],
)
def test_a_zip_holds_what_was_chosen(
    cast: Cast, party: Party, query: str, names: list[str]
) -> None:
    ids = {name.partition(".")[0]: id_ for name, id_ in party.photos.items()}
    query = query.format(red=party.red, blue=party.blue, **ids)

    with opened(get_zip(cast.guest, f"{cast.url}/photos.zip?{query}")) as archive:
        assert archive.namelist() == names


@pytest.mark.parametrize("path", ["/people/several", "/photos.zip"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("people=99999", 404),
        ("people=1,99999", 404),
        ("people=x", 422),
        ("people=-1", 422),
        ("people=" + ",".join(map(str, range(5001))), 422),
        ("people=99999999999999999999", 422),
    ],
)
def test_people_that_are_not_there_are_refused(
    cast: Cast, party: Party, path: str, query: str, status: int
) -> None:
    answer = get_zip(cast.guest, f"{cast.url}{path}?{query}")

    assert (answer.status_code, answer.mimetype) == (status, "text/html")


@pytest.mark.parametrize("query", ["photos=", "photos=x", "photos=1.5", "photos=²"])
def test_a_selection_of_nothing_is_refused(cast: Cast, party: Party, query: str) -> None:
    assert get_zip(cast.guest, f"{cast.url}/photos.zip?{query}").status_code == 422


def test_photos_of_another_room_cannot_be_selected(
    cast: Cast, party: Party, make_room: Callable[..., NewRoom], add_photo: Callable[..., int]
) -> None:
    foreign = add_photo(make_room("Other").room.id, draw_photo(RED, seed=99), "secret.jpg")

    answer = get_zip(cast.guest, f"{cast.url}/photos.zip?photos={foreign}")

    with opened(answer) as archive:
        assert archive.namelist() == []


def test_a_zip_holds_what_its_page_shows(cast: Cast, party: Party) -> None:
    names = {id_: name for name, id_ in party.photos.items()}
    together = f"?people={party.red},{party.blue}&match=all"
    pages = {
        "/photos": "/photos.zip",
        f"/people/{party.red}": f"/people/{party.red}/album.zip",
        f"/people/several{together}": f"/photos.zip{together}",
    }
    for page, archive_url in pages.items():
        tiles = tags_of(cast.guest.get(cast.url + page).text, "a", **{"class": "tile"})
        shown = {names[int(urlsplit(tile["href"]).path.rpartition("/")[2])] for tile in tiles}

        with opened(get_zip(cast.guest, cast.url + archive_url)) as archive:
            assert set(archive.namelist()) == shown


def test_the_photos_of_a_zip_tell_no_place_unless_the_host_asks(
    cast: Cast, add_photo: Callable[..., int]
) -> None:
    content = photo_with_place()
    add_photo(cast.room_id, content, "a.jpg")
    url = f"{cast.url}/photos.zip"

    for client in (cast.guest, cast.host):
        with opened(get_zip(client, url)) as archive:
            clean = archive.read("a.jpg")
            assert archive.testzip() is None
            assert SERIAL.encode() not in clean
            assert len(clean) < len(content)
    with opened(get_zip(cast.host, f"{url}?exact=1")) as archive:
        assert archive.read("a.jpg") == content
    assert get_zip(cast.guest, f"{url}?exact=1").status_code == 403
    keep_metadata(cast)
    for query in ("", "?exact=1"):
        with opened(get_zip(cast.guest, url + query)) as archive:
            assert archive.read("a.jpg") == content


def test_only_the_host_is_offered_exact_originals(cast: Cast, party: Party) -> None:
    page = f"{cast.url}/people/{party.red}"
    exact = f"{page}/album.zip?exact=1"

    assert tags_of(cast.host.get(page).text, "a", href=exact)
    assert not tags_of(cast.guest.get(page).text, "a", href=exact)
    exact_room = f"{cast.url}/photos.zip?exact=1"
    assert tags_of(cast.host.get(f"{cast.url}/guests").text, "a", href=exact_room)
    assert cast.guest.get(f"{cast.url}/guests").status_code == 403


def test_the_number_of_queries_does_not_grow_with_the_photos(
    app: Flask, cast: Cast, add_photo: Callable[..., int]
) -> None:
    url = f"{cast.url}/photos.zip"

    def queries() -> int:
        get_zip(cast.guest, url)  # measures the photos, once
        with counted_queries(app) as statements:
            assert get_zip(cast.guest, url).status_code == 200
        return len(statements)

    add_photo(cast.room_id, draw_photo(RED))
    few = queries()
    for seed in range(1, 8):
        add_photo(cast.room_id, draw_photo(RED, seed=seed))

    assert queries() == few > 0


def test_photos_that_were_analysed_are_not_read_before_the_zip_starts(
    cast: Cast, party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise AssertionError("a photo is measured again")

    monkeypatch.setattr(checksums, "_measure", fail)

    assert get_zip(cast.guest, f"{cast.url}/photos.zip").status_code == 200


def test_the_address_takes_no_post(cast: Cast, party: Party) -> None:
    for path in ("/photos.zip", f"/people/{party.red}/album.zip", "/people/several"):
        assert cast.guest.post(cast.url + path).status_code == 405


def test_a_room_without_photos_is_a_zip_of_nothing(cast: Cast) -> None:
    with opened(get_zip(cast.guest, f"{cast.url}/photos.zip")) as archive:
        assert archive.namelist() == []


def test_photos_of_another_room_are_not_in_it(
    cast: Cast, party: Party, make_room: Callable[..., NewRoom], add_photo: Callable[..., int]
) -> None:
    add_photo(make_room("Other").room.id, draw_photo(RED, seed=99), "secret.jpg")

    with opened(get_zip(cast.guest, f"{cast.url}/photos.zip")) as archive:
        assert "secret.jpg" not in archive.namelist()


def test_a_stranger_finds_nothing(cast: Cast, party: Party) -> None:
    for path in ("/photos.zip", f"/people/{party.red}/album.zip"):
        answer = get_zip(cast.stranger, cast.url + path)

        assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_an_unknown_person_is_not_found(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 1))

    for unknown in (999, person_id):
        assert get_zip(cast.guest, f"{cast.url}/people/{unknown}/album.zip").status_code == 404
