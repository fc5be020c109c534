"""GET /rooms/<code>/photos.zip and /rooms/<code>/people/<id>/album.zip."""

from __future__ import annotations

import io
import zipfile

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.http import parse_options_header

from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import insert_person, insert_photos, set_title_and_end
from tests.web.conftest import Party


def get_zip(client: FlaskClient, url: str):
    return client.get(url, buffered=True)


def opened(answer) -> zipfile.ZipFile:
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


def test_names_are_safe_and_unique_on_every_system(cast: Cast, add_photo) -> None:
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


def test_nobody_keeps_the_zip(cast: Cast, party: Party) -> None:
    answer = get_zip(cast.guest, f"{cast.url}/photos.zip")

    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_room_without_photos_is_a_zip_of_nothing(cast: Cast) -> None:
    with opened(get_zip(cast.guest, f"{cast.url}/photos.zip")) as archive:
        assert archive.namelist() == []


def test_photos_of_another_room_are_not_in_it(
    cast: Cast, party: Party, make_room, add_photo
) -> None:
    add_photo(make_room("Other").room.id, draw_photo(RED, seed=99), "secret.jpg")

    with opened(get_zip(cast.guest, f"{cast.url}/photos.zip")) as archive:
        assert "secret.jpg" not in archive.namelist()


def test_a_stranger_finds_nothing(cast: Cast, party: Party) -> None:
    for path in ("/photos.zip", f"/people/{party.red}/album.zip"):
        answer = get_zip(cast.stranger, cast.url + path)

        assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_an_unknown_person_is_not_found(app: Flask, cast: Cast, make_room) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 1))

    for unknown in (999, person_id):
        assert get_zip(cast.guest, f"{cast.url}/people/{unknown}/album.zip").status_code == 404
