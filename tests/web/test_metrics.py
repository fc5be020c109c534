"""GET /metrics, through waitress: off unless there is a token, and it names nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from photoshare import create_app
from photoshare.web.monitor import metrics
from photoshare.web.site import site_of
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.live import LiveServer, serving

pytestmark = pytest.mark.slow

TOKEN = "0123456789abcdef" * 2
BEARER = f"Bearer {TOKEN}"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOSHARE_METRICS_TOKEN", TOKEN)


@pytest.fixture
def live(app: Flask) -> Iterator[LiveServer]:
    with serving(app) as server:
        yield server


def numbers_of(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def read(app: Flask, live: LiveServer) -> tuple[str, dict[str, float]]:
    answer = live.ask(app.test_client(), "/metrics", Authorization=BEARER)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return answer.content.decode(), numbers_of(answer.content.decode())


def test_without_a_token_in_the_settings_there_is_no_such_page(tmp_path: Path) -> None:
    app = create_app({"data": tmp_path, "metrics_token": ""})
    with serving(app) as live:
        answer = live.ask(app.test_client(), "/metrics", Authorization=BEARER)

    assert answer.status == 404


@pytest.mark.parametrize(
    "sent", [None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"{BEARER}x", "Bearer \xe9"]
)
def test_only_the_token_opens_it(app: Flask, live: LiveServer, sent: str | None) -> None:
    headers = {} if sent is None else {"Authorization": sent}

    answer = live.ask(app.test_client(), "/metrics", method="GET", body=b"", **headers)

    assert (answer.status, answer.content) == (401, b"")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_requests_are_counted_by_endpoint_method_and_class_of_status(
    app: Flask, cast: Cast, live: LiveServer
) -> None:
    for _ in range(2):
        live.ask(cast.guest, cast.url)
    live.ask(cast.stranger, "/nowhere/at/all")
    live.ask(cast.stranger, "/", method="BREW")

    _, numbers = read(app, live)

    name = "photoshare_request_seconds_count"
    assert numbers[f'{name}{{endpoint="rooms.show",method="GET",status="2xx"}}'] == 2
    assert numbers[f'{name}{{endpoint="none",method="GET",status="4xx"}}'] == 1
    assert numbers[f'{name}{{endpoint="none",method="other",status="4xx"}}'] == 1
    buckets = [
        line for line in numbers if "request_seconds_bucket" in line and "rooms.show" in line
    ]
    assert len(buckets) == len(metrics.BUCKETS) + 1


def test_it_counts_what_the_server_holds(
    app: Flask,
    cast: Cast,
    live: LiveServer,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "COUNTS_S", 0)
    photo = add_photo(cast.room_id, draw_photo(RED, seed=1))
    add_photo(cast.room_id, draw_photo(RED, seed=2))
    _, before = read(app, live)
    run_jobs()
    archive = live.ask(cast.guest, f"{cast.url}/photos.zip")
    cast.host.post(f"{cast.url}/photos/{photo}/delete")
    _, after = read(app, live)

    assert before['photoshare_photos{state="waiting"}'] == 2
    assert after['photoshare_photos{state="analysed"}'] == 1
    assert after["photoshare_photos_received_total"] == 2, "a deleted photo was received as well"
    assert (after["photoshare_rooms"], after["photoshare_faces"]) == (1, 1)
    assert after["photoshare_zip_bytes_sent_total"] >= len(archive.content) > 0
    assert after["photoshare_zips_in_progress"] == 0
    assert after['photoshare_jobs{state="running"}'] == 0
    assert after["photoshare_disk_free_bytes"] > 0
    assert after["process_resident_memory_bytes"] > 1_000_000


def test_a_zip_that_is_being_sent_is_in_progress(
    app: Flask,
    cast: Cast,
    add_photo: Callable[..., int],
) -> None:
    add_photo(cast.room_id, draw_photo(RED))
    shelf = site_of(app).zips

    answer = cast.guest.get(f"{cast.url}/photos.zip")
    next(iter(answer.iter_encoded()))

    assert shelf.readers == 1
    answer.close()
    assert shelf.readers == 0


def test_it_names_no_room_guest_file_or_address(app: Flask, cast: Cast, live: LiveServer) -> None:
    live.ask(cast.guest, f"{cast.url}/people?find=Waldtraut")
    live.ask(cast.stranger, f"{cast.url}/host/{cast.host_secret}")

    text, _ = read(app, live)

    for secret in (cast.code, cast.host_secret, "Waldtraut", "Gustav", "Party", "127.0.0.1", TOKEN):
        assert secret not in text
    assert set(re.findall(r'(\w+)="', text)) == {
        *("endpoint", "method", "status", "le", "state", "version"),
    }
