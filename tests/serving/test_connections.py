"""Slow, silent and many connections to the real server, through real sockets.

The deadlines are scaled down, so that each test takes seconds; the real ones are in
photoshare/serving/connections.py.
"""

from __future__ import annotations

import contextlib
import socket
import time
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.servers import free_port, server, wait_until_it_serves
from tests.serving.test_server import room_with_large_photos

pytestmark = pytest.mark.slow

LIMITS = {"HEADERS_S": 2, "BODY_S": 2, "BODY_BYTES": 1000, "IDLE_S": 2, "STALLED_S": 4}
NEVER = {name: 600 for name in LIMITS if name.endswith("_S")}
PAGE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEADERS = b"POST /join HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\n"


@contextlib.contextmanager
def running(data: Path, changes: str = "", /, *, most: int = 1000, **limits: int) -> Iterator[int]:
    """Run the server with other limits and changes; yield its port."""
    port = free_port()
    changes += "".join(f"connections.{name} = {value}\n" for name, value in limits.items())
    script = (
        "import sys\nfrom photoshare import server\nfrom photoshare.serving import connections\n"
        f"{changes}server.CONNECTION_LIMIT = {most}\nsys.exit(server.main(sys.argv[1:]))\n"
    )
    with server(data, port, ("-c", script), PYTHONPATH=str(ROOT)) as process:
        wait_until_it_serves(process, port)
        yield port


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """The port of a server with short deadlines, and the code of a room whose zip has 48 MB."""
    data = tmp_path_factory.mktemp("hasty")
    code = room_with_large_photos(data)
    with running(data, **LIMITS) as port:
        yield port, code


def connect(port: int, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))


def answer_of(connection: socket.socket) -> bytes:
    """Return the status line, or nothing if the server closed the connection silently."""
    with contextlib.suppress(ConnectionResetError):
        return connection.recv(65536).partition(b"\r\n")[0]
    return b""


def is_answered(port: int, source: str = "127.0.0.1") -> bool:
    with connect(port, source) as connection:
        connection.sendall(PAGE)
        return answer_of(connection) == b"HTTP/1.1 200 OK"


def refuses(connection: socket.socket, content: bytes) -> bool:
    """Whether the other side has closed, and so refuses anything sent."""
    time.sleep(0.2)
    try:
        connection.sendall(content)
    except OSError:
        return True
    return False


def is_cut_off(connection: socket.socket, content: bytes) -> bool:
    """Send byte by byte, five per second; return whether the other side closes before the end."""
    connection.settimeout(0.2)
    for byte in content:
        try:
            connection.sendall(bytes([byte]))
            if not connection.recv(65536):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_headers_that_come_drop_by_drop_are_cut_off(hasty: tuple[int, str]) -> None:
    with connect(hasty[0]) as slow:
        assert is_cut_off(slow, b"GET / HTTP/1.1\r\nX: " + b"x" * 100)


def test_a_second_request_has_the_same_deadline(hasty: tuple[int, str]) -> None:
    with connect(hasty[0]) as slow:
        slow.sendall(PAGE)
        while b"</html>" not in slow.recv(65536):
            pass

        assert is_cut_off(slow, b"GET / HTTP/1.1\r\nX: " + b"x" * 100)


def test_a_pause_of_our_own_is_not_held_against_a_guest(tmp_path: Path) -> None:
    pausing = """
import time
class Pausing(connections.Channel):
    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        time.sleep(3)
connections.Server.channel_class = Pausing
"""
    with running(tmp_path, pausing, **LIMITS) as port:
        assert is_answered(port)


def test_who_comes_while_another_is_cut_off_is_answered(tmp_path: Path) -> None:
    """The server looks for late connections just before it asks the system which have news."""
    pausing = """
import time
look_for_late = connections.Server.maintenance
def look_and_pause(self, now):
    look_for_late(self, now)
    time.sleep(0.3)
connections.Server.maintenance = look_and_pause
"""
    limits = {**NEVER, "HEADERS_S": 1}
    with running(tmp_path, pausing, **limits) as port, contextlib.ExitStack() as stack:
        silent = []
        for _ in range(30):
            silent.append(stack.enter_context(connect(port)))
            assert is_answered(port)
            time.sleep(0.1)

        assert answer_of(silent[0]) == b""


def test_empty_lines_do_not_keep_a_connection(hasty: tuple[int, str]) -> None:
    with connect(hasty[0]) as slow:
        assert is_cut_off(slow, b"\r\n\r\n" * 25)


def test_a_body_that_makes_no_progress_is_cut_off(hasty: tuple[int, str]) -> None:
    with connect(hasty[0]) as slow:
        slow.sendall(HEADERS)

        assert is_cut_off(slow, b"x" * 100)


def test_silence_is_cut_off_in_every_phase(hasty: tuple[int, str]) -> None:
    with contextlib.ExitStack() as stack:
        silent = []
        for sent in (b"", b"GET / HT", HEADERS, HEADERS + b"name="):
            silent.append(stack.enter_context(connect(hasty[0])))
            silent[-1].sendall(sent)

        assert [answer_of(connection) for connection in silent] == [b""] * 4


def test_a_slow_upload_that_goes_on_arrives(hasty: tuple[int, str]) -> None:
    """For three times as long as a body may pause."""
    with connect(hasty[0]) as slow:
        slow.sendall(HEADERS)
        for _ in range(6):
            slow.sendall(b"x" * 15_000)
            time.sleep(LIMITS["BODY_S"] / 2)

        assert answer_of(slow).startswith(b"HTTP/1.1 422 ")


@contextlib.contextmanager
def download(port: int, code: str) -> Iterator[socket.socket]:
    """Request the zip of a room without reading it."""
    url = f"http://127.0.0.1:{port}/rooms/{code}"
    cookies = CookieJar()
    guest = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    guest.open(f"{url}/join", data=b"name=Gustav", timeout=30).close()
    cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", port))
        connection.sendall(zip_request(code, cookie))
        yield connection


def zip_request(code: str, cookie: str) -> bytes:
    lines = (f"GET /rooms/{code}/photos.zip HTTP/1.1", "Host: localhost", f"Cookie: {cookie}")
    return "\r\n".join((*lines, "", "")).encode()


def test_a_slow_download_that_goes_on_arrives_whole(hasty: tuple[int, str]) -> None:
    """It takes 48 MB at 4 MB/s: three times as long as a reader may pause."""
    with download(*hasty) as slow:
        head = slow.recv(4096)
        start = time.monotonic()
        count = len(head)
        while count < 48_000_000:
            block = slow.recv(400_000)
            assert block, f"cut off after {count} bytes"
            count += len(block)
            time.sleep(max(0.0, count / 4_000_000 - (time.monotonic() - start)))


def test_a_download_that_nobody_reads_is_cut_off(hasty: tuple[int, str]) -> None:
    with download(*hasty) as stalled:
        assert stalled.recv(10)
        time.sleep(LIMITS["STALLED_S"])

        assert any(refuses(stalled, b"x") for _ in range(50))


def test_requests_sent_along_hold_no_thread(tmp_path: Path) -> None:
    """Two downloads at once on each of nine connections, with no reader."""
    code = room_with_large_photos(tmp_path)
    with running(tmp_path, **NEVER) as port, contextlib.ExitStack() as stack:
        url = f"http://127.0.0.1:{port}/rooms/{code}"
        cookies = CookieJar()
        guest = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
        guest.open(f"{url}/join", data=b"name=Gustav", timeout=30).close()
        cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)
        for _ in range(9):
            stack.enter_context(connect(port)).sendall(2 * zip_request(code, cookie))
        time.sleep(1)

        assert is_answered(port)


def test_whoever_sends_a_request_at_once_gets_in_among_a_thousand_that_do_not(
    tmp_path: Path,
) -> None:
    """They come from many addresses, and ever more of them; no deadline helps."""
    with running(tmp_path, most=100, **NEVER) as port, contextlib.ExitStack() as stack:
        for number in range(300):
            slow = stack.enter_context(connect(port, f"127.0.1.{number % 250}"))
            slow.sendall(b"GET / HTTP/1.1\r\nX: ")
            if number % 30 == 0:
                assert is_answered(port)


def test_one_address_does_not_take_the_connections_of_others(tmp_path: Path) -> None:
    limits = {**NEVER, "MOST_OF_NETWORK": 20}
    with running(tmp_path, **limits) as port, contextlib.ExitStack() as stack:
        of_other = stack.enter_context(connect(port, "127.0.0.2"))
        first = stack.enter_context(connect(port, "127.0.0.3"))
        for _ in range(20):
            stack.enter_context(connect(port, "127.0.0.3"))

        assert answer_of(first) == b""  # of those from its address, it has waited longest
        of_other.sendall(PAGE)
        assert answer_of(of_other) == b"HTTP/1.1 200 OK"
        assert is_answered(port, "127.0.0.3")


def test_an_address_whose_connections_are_all_at_work_gets_no_more(tmp_path: Path) -> None:
    limits = {**NEVER, "MOST_OF_NETWORK": 20}
    with running(tmp_path, **limits) as port, contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(connect(port, "127.0.0.3")).sendall(HEADERS)
        time.sleep(1)

        assert not is_answered(port, "127.0.0.3")
        assert is_answered(port, "127.0.0.4")


def test_the_trusted_proxy_may_have_more_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOSHARE_TRUSTED_PROXY", "127.0.0.3")
    limits = {**NEVER, "MOST_OF_NETWORK": 20}
    with running(tmp_path, **limits) as port, contextlib.ExitStack() as stack:
        for _ in range(25):
            stack.enter_context(connect(port, "127.0.0.3")).sendall(HEADERS)
        time.sleep(1)

        assert is_answered(port, "127.0.0.3")
