"""How much one guest, one address and one room may send."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photoshare import create_app
from photoshare.db import db
from photoshare.services.rooms import rooms
from tests.conftest import copy_data
from tests.fakes import RED, FakeFaceEngine, draw_photo
from tests.helpers import HX, flat, row_counts


@pytest.fixture
def limited(tmp_path: Path, empty_data: Path) -> Iterator[Flask]:
    """An app where a guest may send three files an hour, and a room holds 35 photos."""
    copy_data(empty_data, tmp_path / "limited")
    app = create_app(
        {
            "data": tmp_path / "limited",
            "min_free_mb": 0,
            "max_uploads_per_hour": 3,
            "max_room_photos": 35,
        },
        make_engine=lambda _settings: FakeFaceEngine(),
    )
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def url(limited: Flask) -> str:
    with limited.app_context():
        return f"/rooms/{rooms.create_room('Party').room.code}"


@pytest.fixture
def join(limited: Flask, url: str) -> Callable[..., FlaskClient]:
    def join(address: str = "127.0.0.1") -> FlaskClient:
        client = limited.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        assert client.post(f"{url}/join").status_code == 303
        return client

    return join


def send(client: FlaskClient, url: str, *seeds: int, headers: dict[str, str] = HX) -> TestResponse:
    files = [(io.BytesIO(draw_photo(RED, seed=seed)), f"{seed}.jpg") for seed in seeds]
    return client.post(f"{url}/photos", data={"photos": files}, headers=headers)


def test_a_guest_sends_so_many_files_an_hour_and_no_more(
    limited: Flask, url: str, join: Callable[..., FlaskClient]
) -> None:
    guest = join()
    assert [send(guest, url, seed).status_code for seed in range(3)] == [201, 201, 201]

    answers = [
        send(guest, url, 3),
        guest.post(f"{url}/uploads", data={"file_name": "a", "size": 9}, headers=HX),
        send(guest, url, 3, headers={}),
    ]

    assert [answer.status_code for answer in answers] == [429, 429, 429]
    assert all("more than the 3 photos" in answer.text for answer in answers)
    assert row_counts(limited)["photo"] == 3
    assert send(join(), url, 3).status_code == 201  # another guest


def test_a_plain_form_with_too_many_files_is_refused_whole_and_not_counted(
    limited: Flask, url: str, join: Callable[..., FlaskClient]
) -> None:
    guest = join()

    assert send(guest, url, 0, 1, 2, 3, headers={}).status_code == 429
    assert send(guest, url, 0, 1, 2, headers={}).status_code == 303
    assert row_counts(limited)["photo"] == 3


def test_files_that_are_refused_count_too(url: str, join: Callable[..., FlaskClient]) -> None:
    guest = join()
    for _ in range(3):
        data = {"photos": (io.BytesIO(b"no photo"), "a.jpg")}
        assert guest.post(f"{url}/photos", data=data, headers=HX).status_code == 422

    assert send(guest, url, 0).status_code == 429


def test_going_on_with_an_upload_does_not_count(url: str, join: Callable[..., FlaskClient]) -> None:
    guest = join()

    for _ in range(5):
        answer = guest.post(f"{url}/uploads", data={"file_name": "a", "size": 9}, headers=HX)

    assert answer.status_code == 201


def test_joining_again_does_not_help_from_the_same_address(
    url: str, join: Callable[..., FlaskClient]
) -> None:
    answers = [send(join(), url, seed).status_code for seed in range(31)]

    assert answers == [201] * 30 + [429]
    assert send(join("10.0.0.2"), url, 31).status_code == 201


def test_a_full_room_says_so_and_names_what_is_not_taken(
    limited: Flask, url: str, join: Callable[..., FlaskClient]
) -> None:
    for number in range(12):
        seeds = range(3 * number, min(3 * number + 3, 34))
        send(join(f"10.0.1.{number}"), url, *seeds, headers={})
    assert row_counts(limited)["photo"] == 34

    plain = send(join("10.0.0.3"), url, 34, 35, headers={})
    ours = send(join("10.0.0.4"), url, 36)

    assert plain.status_code == 200
    assert "1 of 2 files uploaded" in plain.text
    assert '35.jpg</span>:<span class="reason">This room is full: it has 35 photos' in flat(
        plain.text
    )
    assert ours.status_code == 507
    assert row_counts(limited)["photo"] == 35
