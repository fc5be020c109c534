"""photoshare.serving.logs: neither guests' addresses nor the secrets of host links are logged."""

from __future__ import annotations

import http.client
import json
import logging
import signal
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from photoshare.serving.logs import DiscreetFormatter, JsonFormatter
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = pytest.mark.slow


def logged(message: str, *, keeps_addresses: bool = False) -> str:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, message, None, None)
    formatter = DiscreetFormatter(keeps_addresses=keeps_addresses)
    return formatter.format(record).partition(" INFO ")[2]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("limit (192.0.2.7 room) exceeded", "limit ([address] room) exceeded"),
        ("closing <HTTPChannel connected 192.0.2.7:50123 at 0x7f>", None),
        ("from ('2001:db8::7', 50123, 0, 0)", "from ('[address]', 50123, 0, 0)"),
        ("for [2001:db8:1:2:3:4:5:6]:443.", "for [[address]]:443."),
        ("from ::1", "from [address]"),
        ("from ::ffff:192.0.2.7, 10.0.0.1", "from [address], [address]"),
        ("from 192.0.2.7.", "from [address]."),
        ("at 12:34:56 photo 3 of 1.2 MB: a.b.c, x:y", "at 12:34:56 photo 3 of 1.2 MB: a.b.c, x:y"),
        ("File app.py, line 3", "File app.py, line 3"),
        ("lost /rooms/abc/host/S3cr_et-x", "lost /rooms/abc/host/…"),
        ("GET /rooms/abc/host/S3cret?x=1 'q'", "GET /rooms/abc/host/…?x=1 'q'"),
        ("GET /rooms/abc/mine/S3cret?x=1 'q'", "GET /rooms/abc/mine/…?x=1 'q'"),
        ("lost /shared/S3cret/album.zip", "lost /shared/…/album.zip"),
        ("no secret in /rooms/abc/photos", "no secret in /rooms/abc/photos"),
    ],
)
def test_addresses_and_secrets_are_left_out(message: str, expected: str | None) -> None:
    said = logged(message)

    assert "192.0.2.7" not in said
    if expected is not None:
        assert said == expected


def test_an_exception_is_formatted_alike() -> None:
    try:
        raise OSError("peer 192.0.2.7 is gone")
    except OSError as error:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "failed", None, None)
        record.exc_info = (OSError, error, error.__traceback__)

    said = DiscreetFormatter().format(record)

    assert "peer [address] is gone" in said
    assert "test_logs.py" in said


def test_debug_keeps_addresses_but_no_secret() -> None:
    said = logged("192.0.2.7 /rooms/a/host/s3", keeps_addresses=True)

    assert said == "192.0.2.7 /rooms/a/host/…"


@pytest.mark.parametrize("level", ["info", "debug"])
def test_a_server_logs_no_address_of_who_guesses_or_hangs_up(tmp_path: Path, level: str) -> None:
    """The limits, waitress and Flask all log; at "debug" the address appears, as proof."""
    port = free_port()
    with server(tmp_path, port, PHOTOSHARE_LOG_LEVEL=level) as process:
        wait_until_it_serves(process, port)
        for _ in range(22):  # more wrong codes than a minute allows
            try:
                form = b"room_code=aaaaa-aaaa-aaaaa"
                urllib.request.urlopen(f"http://127.0.0.1:{port}/join", form, timeout=60).close()
            except urllib.error.HTTPError as error:
                error.close()
        with socket.create_connection(("127.0.0.1", port), timeout=60) as broken:
            broken.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)

    assert errors.count("Too many wrong tries") == 1
    assert ("127.0.0.1" in errors) == (level == "debug")


def test_json_is_one_line_with_the_exception_and_no_address() -> None:
    try:
        raise OSError("peer 192.0.2.7 is gone")
    except OSError:
        caught = sys.exc_info()
    record = logging.LogRecord(
        "photoshare.x", logging.ERROR, "x.py", 1, "from %s", ("::1",), caught
    )
    record.created = 1783166400.5  # 2026-07-04 12:00:00.5 UTC

    line = JsonFormatter().format(record)

    entry = json.loads(line)
    assert "\n" not in line
    assert entry.pop("exception").endswith("OSError: peer [address] is gone")
    assert entry == {
        **{"time": "2026-07-04T12:00:00.500Z", "level": "error"},
        **{"logger": "photoshare.x", "message": "from [address]"},
    }


PATHS = {  # asked for: logged
    "/rooms/kafoo-bari-mosel/host/S3cret?x=W4ldtraut": "/rooms/…/host/…",
    "/rooms/kafoo-bari-mosel/mine/S3cret": "/rooms/…/mine/…",
    "/shared/S3cret/photos/7": "/shared/…/photos/7",
    "/rooms/kafoo-bari-mosel/photos?find=W4ldtraut": "/rooms/…/photos",
    "/room/kafoo-bari-mosel": "/room/…",
    "/a%0Ab": "/a%0Ab",
    "/192.0.2.7": "/[address]",
    "/healthz": "/healthz",
}


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_access_log_tells_no_secret(tmp_path: Path, log_format: str) -> None:
    port = free_port()
    environ = {"PHOTOSHARE_ACCESS_LOG": "on", "PHOTOSHARE_LOG_FORMAT": log_format}
    with server(tmp_path, port, **environ, PHOTOSHARE_LOG_LEVEL="error") as process:
        wait_until_it_serves(process, port)
        for path in PATHS:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", path)
            connection.getresponse().read()
            connection.close()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)

    for secret in ("127.0.0.1", "kafoo", "S3cret", "W4ldtraut", "192.0.2.7"):
        assert secret not in errors
    lines = errors.splitlines()[1:]  # without that of the wait
    if log_format == "json":
        entries = [json.loads(line) for line in lines]
        # Each thread writes its own line, so they may pass each other.
        assert sorted(entry["path"] for entry in entries) == sorted(PATHS.values())
        (last,) = (entry for entry in entries if entry["path"] == "/healthz")
        assert (last["method"], last["status"], last["logger"]) == ("GET", 200, "photoshare.access")
        assert last["bytes"] > 10
        assert last["milliseconds"] >= 0
    else:
        logged = [line.split(" GET ")[1].split()[0] for line in lines]
        assert sorted(logged) == sorted(PATHS.values())


def test_without_the_setting_no_access_is_logged(tmp_path: Path) -> None:
    port = free_port()
    with server(tmp_path, port) as process:
        wait_until_it_serves(process, port)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)

    assert "healthz" not in errors
