"""Run the app behind the real waitress: Flask's test client does not encode headers."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

import waitress
from flask import Flask
from flask.testing import FlaskClient
from waitress import wasyncore
from waitress.channel import HTTPChannel

from photoshare.serving.request_bodies import Parser, Task

LOOP_S = 0.05  # how soon the loop notices that it should end


@dataclass(frozen=True)
class Answer:
    """An answer received through the socket."""

    status: int
    headers: Message
    content: bytes


@dataclass(frozen=True)
class LiveServer:
    """A running server, with requests like those of Flask's test client."""

    port: int

    def ask(
        self,
        client: FlaskClient,
        url: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        **headers: str,
    ) -> Answer:
        """Send a request with a test client's cookies; ``_`` in a header's name is a hyphen."""
        cookie = client.get_cookie("photoshare")
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if cookie is not None:
            sent["Cookie"] = f"photoshare={cookie.value}"
        with contextlib.closing(self.connection()) as connection:
            connection.request(method, url, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def connection(self) -> http.client.HTTPConnection:
        """Open a separate connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection whose bodies are received as by the real server."""

    parser_class, task_class = Parser, Task


@contextlib.contextmanager
def serving(app: Flask) -> Iterator[LiveServer]:
    """Serve an app on loopback, in threads of this process, until the end of the block."""
    connections: dict[int, wasyncore.dispatcher] = {}
    server = waitress.create_server(app, connections, listen="127.0.0.1:0", threads=2)
    server.channel_class, server.logs_access = _Channel, False
    has_to_stop = threading.Event()

    def run() -> None:
        while not has_to_stop.is_set():
            wasyncore.loop(timeout=LOOP_S, count=1, map=connections)

    loop = threading.Thread(target=run)
    loop.start()
    try:
        yield LiveServer(server.effective_port)
    finally:
        has_to_stop.set()
        loop.join()
        server.task_dispatcher.shutdown()
        for connection in list(connections.values()):
            connection.handle_close()  # with the files it was sending
        wasyncore.close_all(connections)
