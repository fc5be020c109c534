"""POST /rooms/<code>/me/selfie and /me/face: find oneself by a picture that nothing keeps."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from sqlalchemy import select
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import Guest
from photoshare.rates import Limit
from photoshare.serving import request_bodies
from photoshare.web.requests import attempts
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import BLUE, CYAN, GREEN, RED, YELLOW, FakeFaceEngine, draw_photo
from tests.helpers import face_on, faces_of, tags_of
from tests.live import LiveServer, serving
from tests.web.conftest import Party

SEARCH, CHOOSE = "/me/selfie", "/me/face"
BOUNDARY = "a-boundary"


def search(client: FlaskClient, cast: Cast, *pictures: bytes) -> TestResponse:
    files = [(io.BytesIO(picture), "me.jpg") for picture in pictures]
    return client.post(cast.url + SEARCH, data={"picture": files})


def form_of(picture: bytes) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="me.jpg"\r\n\r\n'
    )
    return head.encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()


def search_live(live: LiveServer, cast: Cast, picture: bytes) -> tuple[int, str]:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    answer = live.ask(
        cast.guest, cast.url + SEARCH, method="POST", body=form_of(picture), Content_Type=kind
    )
    return answer.status, answer.content.decode()


def offers_of(page: str) -> list[tuple[str, list[int]]]:
    """List what the buttons send, with what it says: room, guest, face, owner, is a person."""
    values = [tag["value"] for tag in tags_of(page, "button", name="face")]
    return [(value, URLSafeTimedSerializer("").loads_unsafe(value)[1]) for value in values]


def people_of(page: str) -> list[str]:
    return [str(owner) for _, (*_asked, owner, is_person) in offers_of(page) if is_person]


def face_offers(page: str) -> list[str]:
    return [value for value, (*_asked, is_person) in offers_of(page) if not is_person]


def own_person(app: Flask) -> int | None:
    with app.app_context():
        return db.session.scalars(select(Guest.person_id).where(Guest.name == "Gustav")).one()


def test_the_own_page_offers_it_without_a_script_too(cast: Cast, party: Party) -> None:
    page = cast.guest.get(f"{cast.url}/me").text

    (form,) = tags_of(page, "form", action=cast.url + SEARCH)
    assert (form["method"], form["enctype"]) == ("post", "multipart/form-data")
    assert [tag.attributes.get("capture") for tag in tags_of(page, "input", name="picture")] == [
        "user",
        None,
    ]
    assert "Find me" in page


@pytest.mark.parametrize("colour", [RED, BLUE])
def test_the_most_similar_person_is_asked_about_first(
    app: Flask, cast: Cast, party: Party, colour: tuple[int, int, int]
) -> None:
    person = party.red if colour == RED else party.blue

    answer = search(cast.guest, cast, draw_photo(colour, seed=77))

    assert answer.status_code == 200
    assert "Is this you?" in answer.text
    assert people_of(answer.text)[0] == str(person)
    assert answer.headers["Cache-Control"] == "no-store"
    assert own_person(app) is None


def test_an_answer_is_one_tap(app: Flask, cast: Cast, party: Party) -> None:
    page = search(cast.guest, cast, draw_photo(BLUE, seed=77)).text

    (form,) = tags_of(page, "form", action=cast.url + CHOOSE)
    answer = cast.guest.post(form["action"], data={"face": offers_of(page)[0][0]})

    assert answer.status_code == 303
    assert own_person(app) == party.blue


def test_a_single_face_becomes_an_album_by_the_answer(
    app: Flask, cast: Cast, party: Party, run_jobs: Callable[[], None]
) -> None:
    """Green is unsorted in d.jpg; guests of this room may correct nothing else."""
    face = face_on(app, party.photos["d.jpg"], None)
    page = search(cast.guest, cast, draw_photo(GREEN, seed=77)).text
    (offer, *_) = face_offers(page)

    answer = cast.guest.post(cast.url + CHOOSE, data={"face": offer})
    run_jobs()

    person = own_person(app)
    assert answer.status_code == 303
    assert person is not None
    assert answer.headers["Location"].endswith(f"/people/{person}")
    assert faces_of(app, person) == [face]
    assert "Gustav" in cast.host.get(f"{cast.url}/corrections").text


def test_nobody_can_take_a_face_that_they_were_not_asked_about(
    app: Flask, cast: Cast, party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    (offer, *_) = face_offers(search(cast.guest, cast, draw_photo(GREEN, seed=77)).text)

    assert cast.host.post(cast.url + CHOOSE, data={"face": offer}).status_code == 422
    assert cast.guest.post(cast.url + CHOOSE, data={"face": "1"}).status_code == 422
    assert cast.guest.post(cast.url + CHOOSE).status_code == 422
    now = TimestampSigner("").get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: now + 601)
    assert cast.guest.post(cast.url + CHOOSE, data={"face": offer}).status_code == 422
    assert own_person(app) is None


def test_several_faces_are_asked_about_one_by_one(cast: Cast, party: Party) -> None:
    page = search(cast.guest, cast, draw_photo(RED, BLUE, seed=77)).text

    assert "Which face is yours?" in page
    assert len(tags_of(page, "details", name="pictured-face")) == 2
    assert {str(party.red), str(party.blue)} <= set(people_of(page))
    assert all(
        tag["src"].startswith(("data:image/jpeg;base64,", cast.url)) for tag in tags_of(page, "img")
    )


def test_a_picture_without_a_face_says_what_to_do(cast: Cast, party: Party) -> None:
    answer = search(cast.guest, cast, draw_photo(seed=77))

    assert answer.status_code == 422
    assert "Please try one that shows your face" in answer.text
    assert tags_of(answer.text, "form", action=cast.url + SEARCH)


@pytest.mark.parametrize(
    ("picture", "words"),
    [(b"", "Please take a picture"), (b"no picture", "read as a photo")],
)
def test_what_is_no_picture_is_refused_in_words(
    cast: Cast, party: Party, picture: bytes, words: str
) -> None:
    answer = search(cast.guest, cast, picture)

    assert (answer.status_code, words in answer.text) == (422, True)


def test_who_is_like_nobody_is_told_so(cast: Cast, party: Party) -> None:
    page = search(cast.guest, cast, draw_photo(YELLOW, seed=77)).text

    assert "Nobody here looks much like you yet" in page
    assert "Yes, that&#39;s me" not in page


def test_a_hidden_person_is_found_by_the_host_only(cast: Cast, party: Party) -> None:
    assert cast.host.post(f"{cast.url}/people/{party.blue}/hide").status_code == 303

    for client, is_found in ((cast.host, True), (cast.guest, False)):
        page = search(client, cast, draw_photo(BLUE, seed=77)).text
        assert (str(party.blue) in people_of(page)) == is_found
        with_faces = [tag["src"] for tag in tags_of(page, "img")]
        for face in faces_of(cast.host.application, party.blue):
            assert is_found or f"{cast.url}/faces/{face}.jpg" not in with_faces


def test_an_empty_room_has_nobody(cast: Cast) -> None:
    assert "Nobody here" in search(cast.guest, cast, draw_photo(RED)).text


def test_a_guest_may_look_ten_times_a_minute(
    cast: Cast, party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "SEARCHES", (Limit(2, 60),))
    picture = draw_photo(RED, seed=77)

    assert [search(cast.guest, cast, picture).status_code for _ in range(3)] == [200, 200, 429]
    assert search(cast.host, cast, picture).status_code == 200


@pytest.fixture
def no_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever would go to the disk on its way fails."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))


def test_the_picture_is_written_nowhere(
    app: Flask,
    site: Site,
    cast: Cast,
    party: Party,
    engine: FakeFaceEngine,
    no_temporary_folder: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    picture = draw_photo(CYAN, seed=77) + bytes(range(256)) * 12_000  # 3 MB, as of a phone
    encodings: list[bytes] = []
    find_faces = engine.find_faces

    def noted(*of: object) -> object:
        found = find_faces(*of)  # type: ignore[arg-type]
        encodings.extend(face.encoding.tobytes() for face in found)
        return found

    engine.find_faces = noted  # type: ignore[method-assign, assignment]
    with serving(app) as live:
        status, page = search_live(live, cast, picture)

    assert (status, "Nobody here" in page) == (200, True)
    assert len(encodings) == 1
    stored = b"".join(path.read_bytes() for path in site.settings.data.rglob("*") if path.is_file())
    pixels = picture.index(b"\xff\xda") + 14  # after what every JPEG has
    for part in (picture[pixels : pixels + 64], bytes(range(256)) * 2, encodings[0][:64]):
        assert part not in stored
    assert "me.jpg" not in stored.decode("latin-1") + caplog.text


def test_a_picture_that_takes_too_much_memory_is_refused(
    app: Flask,
    cast: Cast,
    party: Party,
    no_temporary_folder: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture = draw_photo(RED, seed=77) + bytes(3_000_000)
    with serving(app) as live:
        monkeypatch.setattr(request_bodies, "MOST_SELFIE_MB", 2)
        status, page = search_live(live, cast, picture)
        assert (status, "larger than 2 MB" in page) == (422, True)

        monkeypatch.setattr(request_bodies, "MOST_SELFIE_MB", 9)
        monkeypatch.setattr(request_bodies, "PRIVATE_MB_AT_ONCE", 2)
        status, page = search_live(live, cast, picture)
        assert (status, "Please try again" in page) == (503, True)

        monkeypatch.setattr(request_bodies, "PRIVATE_MB_AT_ONCE", 4)
        assert search_live(live, cast, picture)[0] == 200  # what was refused takes none any more
