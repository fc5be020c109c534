"""Only the proxies of the settings may say who a guest is, by address, network or name."""

from __future__ import annotations

import contextlib
import http.client
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waitress import wasyncore
from waitress.task import ThreadedTaskDispatcher

from photoshare import networks
from photoshare.networks import TrustedProxies
from photoshare.serving.connections import Server
from photoshare.serving.resources import listen
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = pytest.mark.slow

GUEST = "192.0.2.7"
LOOP_S = 0.05


def who_asks(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with the address that the limits count by."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()]


@contextlib.contextmanager
def echoing(proxies: TrustedProxies, host: str = "127.0.0.1") -> Iterator[int]:
    """Serve `who_asks` with our waitress, in threads of this process; yield the port."""
    connections: dict[int, Any] = {}
    threads = ThreadedTaskDispatcher()
    threads.set_thread_count(2)
    listener = listen(host, 0)
    Server(who_asks, listener, threads, connections, most=100, proxies=proxies, options={})
    is_over = threading.Event()

    def run() -> None:
        while not is_over.is_set():
            wasyncore.loop(timeout=LOOP_S, count=1, map=connections)

    loop = threading.Thread(target=run)
    loop.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        is_over.set()
        loop.join()
        threads.shutdown()
        wasyncore.close_all(connections)


def seen_by(port: int, *, peer: str = "127.0.0.1", target: str = "127.0.0.1") -> str:
    """Ask as a peer that claims to speak for `GUEST` over https; return what the app sees."""
    connection = http.client.HTTPConnection(target, port, timeout=30, source_address=(peer, 0))
    with contextlib.closing(connection):
        headers = {"X-Forwarded-For": f"10.9.9.9, {GUEST}", "X-Forwarded-Proto": "https"}
        connection.request("GET", "/", headers=headers)
        return connection.getresponse().read().decode()


@pytest.mark.parametrize(
    "setting",
    [
        "127.0.0.3",
        "192.168.7.7, 127.0.0.3",
        "127.0.0.2/31",
        "10.0.0.0/8, 127.0.0.0/8, caddy.invalid",
        "::ffff:127.0.0.3",
        "::ffff:127.0.0.0/104",
    ],
)
def test_a_proxy_of_the_list_says_who_its_guest_is(setting: str) -> None:
    with echoing(TrustedProxies(setting)) as port:
        assert seen_by(port, peer="127.0.0.3") == f"{GUEST} https"


@pytest.mark.parametrize(
    "setting", ["", "127.0.0.4", "127.0.0.4/31, 10.0.0.0/8", "::1", "::/1", "caddy.invalid"]
)
def test_anyone_else_cannot_choose_an_address(setting: str) -> None:
    with echoing(TrustedProxies(setting)) as port:
        assert seen_by(port, peer="127.0.0.3") == "127.0.0.3 http"


@pytest.mark.parametrize(
    ("setting", "is_trusted"), [("127.0.0.1", True), ("127.0.0.0/8", True), ("::1", False)]
)
def test_a_listener_for_ipv6_knows_the_ipv4_proxy(setting: str, is_trusted: bool) -> None:
    """It sees ``::ffff:127.0.0.1``."""
    with echoing(TrustedProxies(setting), "::") as port:
        expected = f"{GUEST} https" if is_trusted else "::ffff:127.0.0.1 http"
        assert seen_by(port) == expected


@pytest.mark.parametrize(("setting", "is_trusted"), [("::1", True), ("fd00::/8", False)])
def test_a_proxy_may_have_an_ipv6_address(setting: str, is_trusted: bool) -> None:
    with echoing(TrustedProxies(setting), "::1") as port:
        expected = f"{GUEST} https" if is_trusted else "::1 http"
        assert seen_by(port, peer="::1", target="::1") == expected


@pytest.mark.parametrize(
    ("peer", "is_trusted"),
    [
        ("fd00::5", True),
        ("fd00::5%eth0", True),
        ("fd01::5", False),
        ("::ffff:10.1.2.3", True),
        ("10.1.2.3", True),
        ("::10.1.2.3", False),  # another address, whatever it looks like
        ("", False),
        ("caddy", False),
    ],
)
def test_only_what_matches_is_trusted(peer: str, is_trusted: bool) -> None:
    assert TrustedProxies("10.0.0.0/8, fd00::/16, caddy").trusts(peer) == is_trusted


class Names:
    """A name server whose answers a test changes."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str]] = {}

    def look_up(self, name: str, *_: object, **__: object) -> list[tuple[Any, ...]]:
        if name not in self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(0, 0, 0, "", (address, 0)) for address in self.addresses[name]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made.look_up)
    return made


def test_a_name_is_looked_up_again_since_containers_move(names: Names) -> None:
    proxies = TrustedProxies("caddy")
    names.addresses["caddy"] = ["172.18.0.2", "fd00::2"]
    proxies.refresh()
    before = [proxies.trusts(peer) for peer in ("172.18.0.2", "fd00::2", "172.18.0.9")]
    names.addresses["caddy"] = ["172.18.0.9"]
    proxies.refresh()

    assert before == [True, True, False]
    assert not proxies.trusts("172.18.0.2")
    assert proxies.trusts("172.18.0.9")


def test_a_lost_name_is_trusted_no_more_and_logged_once(
    names: Names, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    proxies = TrustedProxies("172.20.0.1, caddy")
    names.addresses["caddy"] = ["172.18.0.2"]
    proxies.refresh()
    del names.addresses["caddy"]
    proxies.refresh()
    proxies.refresh()
    is_trusted = proxies.trusts("172.18.0.2"), proxies.trusts("172.20.0.1")
    names.addresses["caddy"] = ["172.18.0.2"]
    proxies.refresh()

    assert is_trusted == (False, True)
    assert proxies.trusts("172.18.0.2")
    assert caplog.messages == [
        "The trusted proxy caddy can't be found (Name or service not known); until it can, "
        "nobody is trusted by that name.",
        "The trusted proxy caddy has been found.",
    ]


def test_the_names_are_looked_up_time_and_again(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "RESOLVE_EVERY_S", 0.01)
    names.addresses["caddy"] = ["172.18.0.2"]
    proxies, stopping = TrustedProxies("caddy"), threading.Event()
    proxies.keep_fresh(stopping)
    try:
        was_trusted = proxies.trusts("172.18.0.2")
        names.addresses["caddy"] = ["172.18.0.9"]
        while not proxies.trusts("172.18.0.9"):
            stopping.wait(0.01)
    finally:
        stopping.set()

    assert was_trusted, "a start waits for the first look"


def create_room(port: int) -> int:
    """Send the form of a page that a proxy serves as photos.example; return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        headers = {
            "X-Forwarded-Host": "photos.example",
            "Origin": "http://photos.example",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection.request("POST", "/rooms", "title=Party", headers)
        return connection.getresponse().status


@pytest.mark.parametrize(
    ("setting", "status", "missing"),
    [("localhost", 303, []), ("caddy.invalid,10.0.0.0/8", 403, ["caddy.invalid"])],
)
def test_the_server_itself_trusts_names(
    tmp_path: Path, setting: str, status: int, missing: list[str]
) -> None:
    port = free_port()
    environ = {"PHOTOSHARE_TRUSTED_PROXY": setting, "PHOTOSHARE_ROOM_CREATION": "open"}
    with server(tmp_path, port, **environ) as process:
        wait_until_it_serves(process, port)
        answered = create_room(port)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)

    assert answered == status
    assert [name for name in ("caddy.invalid",) if f"{name} can't be found" in errors] == missing
    assert "Traceback" not in errors
