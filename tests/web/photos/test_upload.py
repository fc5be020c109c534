"""POST /rooms/<code>/photos."""

from __future__ import annotations

import io
from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Cast
from tests.fakes import BLUE, RED, draw_photo
from tests.helpers import tags_of

HX = {"HX-Request": "true"}


def words(answer: TestResponse) -> str:
    """What a page says, with one blank wherever its template has several."""
    return " ".join(answer.text.split())


def send(
    client: FlaskClient,
    cast: Cast,
    *files: tuple[bytes, str],
    headers: dict[str, str] | None = None,
) -> TestResponse:
    data = {"photos": [(io.BytesIO(content), name) for content, name in files]}
    return client.post(f"{cast.url}/photos", data=data, headers=headers)


def test_a_plain_form_adds_photos_and_goes_back_to_the_room(cast: Cast) -> None:
    answer = send(cast.guest, cast, (draw_photo(RED), "a.jpg"), (draw_photo(BLUE), "b.jpg"))

    assert (answer.status_code, answer.location) == (303, cast.url)
    page = cast.guest.get(cast.url).text
    assert "2 photos uploaded." in page
    assert "Photo a.jpg by Gustav" in page


def test_our_script_gets_the_result_of_one_photo(cast: Cast) -> None:
    answer = send(cast.guest, cast, (draw_photo(RED), "a.jpg"), headers=HX)

    assert answer.status_code == 201
    assert answer.headers["HX-Trigger"] == "photo-added"
    assert "<html" not in answer.text
    assert "a.jpg</span>: uploaded." in words(answer)


def test_the_same_bytes_are_one_photo(cast: Cast) -> None:
    send(cast.guest, cast, (draw_photo(RED), "a.jpg"))

    answer = send(cast.host, cast, (draw_photo(RED), "other.jpg"), headers=HX)

    assert answer.status_code == 200
    assert "was already here" in answer.text


def test_a_bad_file_is_named_and_costs_nothing_else(cast: Cast) -> None:
    answer = send(cast.guest, cast, (b"no picture", "<b>.jpg"), (draw_photo(RED), "good.jpg"))

    assert answer.status_code == 200
    assert "1 of 2 files uploaded" in answer.text
    assert '&lt;b&gt;.jpg</span>: <span class="reason">This file can&#39;t be read' in words(answer)
    assert "good.jpg</span>: uploaded." in words(answer)
    assert tags_of(answer.text, "a", **{"class": "button", "href": cast.url})


def test_many_bad_files_are_all_named_and_leave_the_cookie_alone(cast: Cast) -> None:
    names = [f"{'long' * 20}-{number}.jpg" for number in range(60)]

    answer = send(cast.guest, cast, *((b"no picture", name) for name in names))

    assert answer.status_code == 422
    assert all(f"{name}</span>: " in words(answer) for name in names)
    assert "Set-Cookie" not in answer.headers


def test_a_photo_is_searched_for_faces_without_being_asked(
    cast: Cast, run_jobs: Callable[[], None]
) -> None:
    send(cast.guest, cast, (draw_photo(RED, BLUE), "a.jpg"))
    run_jobs()

    assert "2 faces in 1 photo" in cast.guest.get(f"{cast.url}/jobs/current").text


def test_an_upload_of_nothing_is_refused(cast: Cast) -> None:
    answer = cast.guest.post(f"{cast.url}/photos", data={})

    assert answer.status_code == 422
    assert "choose at least one photo" in answer.text


def test_a_stranger_cannot_upload(cast: Cast) -> None:
    assert send(cast.stranger, cast, (draw_photo(RED), "a.jpg")).status_code == 404


def test_another_site_cannot_upload(cast: Cast) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}

    assert send(cast.guest, cast, (draw_photo(RED), "a"), headers=headers).status_code == 403


def test_the_address_takes_only_get_and_post(cast: Cast) -> None:
    assert cast.guest.delete(f"{cast.url}/photos").status_code == 405
