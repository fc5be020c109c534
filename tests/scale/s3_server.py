"""A server that speaks S3, in a process of its own, behind a line that can be cut."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from photoshare.config import Settings, load_settings
from tests.servers import free_port

START_S = 60  # moto imports half of boto first
BLOCK = 1 << 16
KEY_ID, KEY = "AKIAPHOTOSHARE", "a-key-that-no-log-may-show"
REFUSAL = (
    b"<?xml version='1.0'?><Error><Code>%s</Code><Message>no</Message>"
    b"<RequestId>1</RequestId></Error>"
)


class Line:
    """A TCP line to a port of this machine that can be cut, or answers in its place."""

    def __init__(self, target: int) -> None:
        self.is_cut = False
        self.answers: list[bytes] = []  # to the next requests, each closing its connection
        self.requests = 0  # connections, which the answers above make requests
        self._target, self._open = target, set[socket.socket]()
        self._flows = threading.Event()
        self._flows.set()
        self.waiting = 0  # directions that have something to pass on while it is held
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let nothing through until the end of the block; connections stay."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    def cut(self) -> None:
        """Close every connection, and each new one at once."""
        self.is_cut = True
        self.break_off()

    def break_off(self) -> None:
        """Close every connection that is open now."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            self.requests += 1
            if self.is_cut:
                return
            if self.answers:
                near.recv(BLOCK)
                near.sendall(self.answers.pop(0))
                near.shutdown(socket.SHUT_WR)
                while near.recv(BLOCK):
                    pass
                return
            with socket.create_connection(("127.0.0.1", self._target)) as far:
                self._open |= {near, far}
                back = threading.Thread(target=self._copy, args=(far, near), daemon=True)
                back.start()
                self._copy(near, far)
                back.join()
                self._open -= {near, far}

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(BLOCK):
                if not self._flows.is_set():
                    self.waiting += 1
                    self._flows.wait()
                    self.waiting -= 1
                target.sendall(block)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@dataclass
class S3:
    """A running moto, with a bucket for whoever asks."""

    direct_port: int
    line: Line
    buckets: int = field(default=0)

    def settings(self, data: Path, **more: object) -> dict[str, object]:
        """Name settings with a new bucket, reached through the line that can be cut."""
        self.buckets += 1
        name = f"photos-{self.buckets}"
        url = f"http://127.0.0.1:{self.direct_port}/{name}"
        with urllib.request.urlopen(urllib.request.Request(url, method="PUT")):
            pass
        return {
            "data": data,
            "min_free_mb": 0,
            "storage": f"s3://{name}/our/party",
            "s3_endpoint": f"http://127.0.0.1:{self.line.port}",
            "s3_access_key_id": KEY_ID,
            "s3_secret_access_key": KEY,
        } | more

    def refuse(self, code: str, status: str, *, times: int) -> None:
        """Answer the next requests with an error, and open no others' connections."""
        body = REFUSAL % code.encode()
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.line.answers = [head.encode() + body] * times
        self.line.break_off()


def checked(settings: dict[str, object]) -> Settings:
    return load_settings(settings, environ={})


def environ_of(settings: dict[str, object]) -> dict[str, str]:
    """Write settings as variables; the data folder is the starter's."""
    return {
        f"PHOTOSHARE_{name.upper()}": str(value)
        for name, value in settings.items()
        if name != "data"
    }


@contextlib.contextmanager
def running_s3() -> Iterator[S3]:
    """Start moto on loopback."""
    pytest.importorskip("moto", reason="moto is in requirements-scale-dev.txt")
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    line = Line(port)
    try:
        deadline = time.monotonic() + START_S
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/"):
                    break
            except OSError:
                assert process.poll() is None, "moto has ended"
                assert time.monotonic() < deadline, "moto doesn't answer"
                time.sleep(0.1)
        yield S3(port, line)
    finally:
        line.close()
        process.kill()
        process.wait()
