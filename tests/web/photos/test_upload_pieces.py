"""Requests of static/upload.js: POST /rooms/<code>/uploads, .../uploads/<id>, .../uploads/known."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photoshare.web.views.uploads import MAX_HASHES
from tests.conftest import Cast
from tests.fakes import BLUE, RED, draw_photo
from tests.helpers import HX, counted_queries, insert_photos, row_counts

CONTENT = draw_photo(RED)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def begin(
    client: FlaskClient, cast: Cast, content: bytes = CONTENT, **form: object
) -> TestResponse:
    data = {"file_name": "a.jpg", "size": len(content), "modified": "7"} | form
    return client.post(f"{cast.url}/uploads", data=data, headers=HX)


def add_piece(
    client: FlaskClient, place: str, offset: object, piece: bytes, **headers: str
) -> TestResponse:
    return client.post(f"{place}?offset={offset}", data=piece, headers=HX | headers)


def ask_known(client: FlaskClient, cast: Cast, *hashes: str) -> TestResponse:
    return client.post(f"{cast.url}/uploads/known", data={"sha256": list(hashes)})


def test_a_file_in_two_pieces_becomes_a_photo(cast: Cast) -> None:
    began = begin(cast.guest, cast, sha256=SHA256)
    assert (began.status_code, began.headers["Upload-Offset"]) == (201, "0")
    place = began.headers["Location"]

    first = add_piece(cast.guest, place, 0, CONTENT[:100])
    again = begin(cast.guest, cast, sha256=SHA256)
    last = add_piece(cast.guest, place, 100, CONTENT[100:])

    assert (first.status_code, first.headers["Upload-Offset"]) == (200, "100")
    assert (again.status_code, again.headers["Upload-Offset"]) == (201, "100")
    assert again.headers["Location"] == place
    assert (last.status_code, last.headers["HX-Trigger"]) == (201, "photo-added")
    assert "uploaded." in last.text
    assert "Photo a.jpg by Gustav" in cast.guest.get(cast.url).text


def test_the_photo_is_searched_for_faces_without_being_asked(
    cast: Cast, run_jobs: Callable[[], None]
) -> None:
    add_piece(cast.guest, begin(cast.guest, cast).headers["Location"], 0, CONTENT)
    run_jobs()

    assert "1 face in 1 photo" in cast.guest.get(f"{cast.url}/jobs/current").text


def test_a_wrong_offset_is_answered_with_the_right_one(cast: Cast) -> None:
    place = begin(cast.guest, cast).headers["Location"]
    add_piece(cast.guest, place, 0, CONTENT[:100])

    answer = add_piece(cast.guest, place, 0, CONTENT[:100])

    assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "100")


@pytest.mark.parametrize("offset", ["", "-1", "x", "1e3"])
def test_a_piece_without_an_offset_is_refused(cast: Cast, offset: str) -> None:
    place = begin(cast.guest, cast).headers["Location"]

    assert add_piece(cast.guest, place, offset, CONTENT).status_code == 422


def test_a_piece_over_the_setting_is_refused_by_its_length(cast: Cast) -> None:
    place = begin(cast.guest, cast, size=9_000_000).headers["Location"]

    assert add_piece(cast.guest, place, 0, bytes(8_000_002)).status_code == 413
    assert add_piece(cast.guest, place, 0, bytes(8_000_000)).status_code == 200


def test_a_file_that_is_no_photo_is_refused_with_the_reason(cast: Cast) -> None:
    place = begin(cast.guest, cast, b"no photo").headers["Location"]

    answer = add_piece(cast.guest, place, 0, b"no photo")

    assert answer.status_code == 422
    assert "This file can&#39;t be read as a photo" in answer.text
    assert add_piece(cast.guest, place, 0, b"no photo").status_code == 404


def test_a_file_over_the_limit_is_refused_before_it_is_sent(cast: Cast) -> None:
    answer = begin(cast.guest, cast, size=60_000_001)

    assert answer.status_code == 422
    assert "larger than 60 MB" in answer.text


@pytest.mark.parametrize("form", [{"size": "x"}, {"size": 0}, {"sha256": "F" * 64}])
def test_nonsense_about_a_file_is_refused(app: Flask, cast: Cast, form: dict[str, object]) -> None:
    assert begin(cast.guest, cast, CONTENT, **form).status_code == 422
    assert row_counts(app)["photo"] == 0


def test_a_photo_that_the_room_has_is_not_begun(cast: Cast) -> None:
    add_piece(cast.host, begin(cast.host, cast).headers["Location"], 0, CONTENT)

    answer = begin(cast.guest, cast, sha256=SHA256)

    assert answer.status_code == 200
    assert "was already here" in answer.text


def test_a_full_disk_is_said_so_and_the_upload_goes_on_later(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = begin(cast.guest, cast).headers["Location"]
    add_piece(cast.guest, place, 0, CONTENT[:100])

    class Usage:
        free = -1

    with monkeypatch.context() as patch:
        patch.setattr("photoshare.storage.local.shutil.disk_usage", lambda _folder: Usage)
        refused = [
            add_piece(cast.guest, place, 100, CONTENT[100:]),
            begin(cast.host, cast),
            cast.host.post(
                f"{cast.url}/photos", data={"photos": (io.BytesIO(CONTENT), "a.jpg")}, headers=HX
            ),
        ]

    assert [answer.status_code for answer in refused] == [507, 507, 507]
    assert all("disk is almost full" in answer.text for answer in refused)
    assert add_piece(cast.guest, place, 100, CONTENT[100:]).status_code == 201


@pytest.mark.parametrize("who", ["host", "stranger"])
def test_nobody_else_continues_an_upload(cast: Cast, who: str) -> None:
    place = begin(cast.guest, cast).headers["Location"]

    assert add_piece(getattr(cast, who), place, 0, CONTENT).status_code == 404


def test_a_stranger_can_neither_begin_nor_ask(cast: Cast) -> None:
    assert begin(cast.stranger, cast).status_code == 404
    assert ask_known(cast.stranger, cast, SHA256).status_code == 404


def test_an_upload_that_is_not_there_is_not_found(cast: Cast) -> None:
    assert add_piece(cast.guest, f"{cast.url}/uploads/7", 0, CONTENT).status_code == 404
    assert add_piece(cast.guest, f"{cast.url}/uploads/{10**30}", 0, CONTENT).status_code == 404


def test_another_site_can_do_nothing(app: Flask, cast: Cast) -> None:
    place = begin(cast.guest, cast).headers["Location"]
    headers = {"Sec-Fetch-Site": "cross-site"}

    assert add_piece(cast.guest, place, 0, CONTENT, **headers).status_code == 403
    for path in ("", "/known"):
        answer = cast.guest.post(f"{cast.url}/uploads{path}", data={}, headers=headers)
        assert answer.status_code == 403
    assert row_counts(app)["photo"] == 0


@pytest.mark.parametrize("path", ["", "/known", "/1"])
def test_the_addresses_take_only_post(cast: Cast, path: str) -> None:
    assert cast.guest.get(f"{cast.url}/uploads{path}").status_code == 405


def test_the_room_tells_which_photos_it_has_and_nothing_of_other_rooms(
    cast: Cast, make_room: Callable[..., object], add_photo: Callable[..., int]
) -> None:
    elsewhere = draw_photo(BLUE)
    add_photo(cast.room_id, CONTENT)
    add_photo(make_room("Other").room.id, elsewhere)  # type: ignore[attr-defined]
    other_sha256 = hashlib.sha256(elsewhere).hexdigest()

    answer = ask_known(cast.guest, cast, SHA256, other_sha256, "f" * 64)

    assert (answer.status_code, answer.json) == (200, {"known": [SHA256]})
    assert ask_known(cast.guest, cast).json == {"known": []}


@pytest.mark.parametrize(
    "hashes", [["x"], [SHA256.upper()], [SHA256 + "0"], [SHA256] * (MAX_HASHES + 1)]
)
def test_what_is_no_hash_is_refused(cast: Cast, hashes: list[str]) -> None:
    assert ask_known(cast.guest, cast, *hashes).status_code == 422


def test_the_query_count_does_not_grow_with_the_hashes(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, 50)

    counts = []
    for number in (1, MAX_HASHES):
        with counted_queries(app) as statements:
            ask_known(cast.guest, cast, *[f"{index:064x}" for index in range(number)])
        counts.append(len(statements))

    assert counts[0] == counts[1]
