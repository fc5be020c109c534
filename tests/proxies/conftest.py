"""Fixtures: PhotoShare behind a real proxy, configured by the documented recipe.

Only the port of PhotoShare is replaced in the recipe; the listening port, the
certificate and the test's folders are added around it.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from photoshare import create_app
from photoshare.db import db, upgrade_schema
from photoshare.metadata.clean import CLEANING_RULES
from photoshare.models import Photo
from photoshare.services.rooms import rooms
from photoshare.web.site import site_of
from tests.conftest import ROOT
from tests.helpers import insert_photos
from tests.servers import free_port, server

DOCUMENT = (ROOT / "docs/deployment.md").read_text()
PHOTOS, PHOTO_BYTES = 5, 450_000_000  # more than 2 GB in all
STALLED_S = 4  # how long a reader may pause, scaled down from ten minutes
START_S = 30
KINDS = [(program, prefix) for program in ("nginx", "caddy") for prefix in ("", "/photos")]


def recipes(language: str) -> list[str]:
    """Return the fenced blocks of a language from the documentation."""
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.M | re.S)


def nginx_config(folder: Path, port: int, app_port: int) -> str:
    http_part, server_part = recipes("nginx")
    folders = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    recipe = server_part.replace("127.0.0.1:8000", f"127.0.0.1:{app_port}")
    return f"""
        {user} daemon off; pid {folder}/pid; error_log {folder}/errors;
        events {{}}
        http {{
            access_log off; {folders}
            {http_part}
            server {{
                listen 127.0.0.1:{port} ssl;
                ssl_certificate {folder}/certificate.pem; ssl_certificate_key {folder}/key.pem;
                {recipe}
            }}
        }}"""


def caddy_config(folder: Path, port: int, app_port: int) -> str:
    global_part, site_part = recipes("caddyfile")
    recipe = site_part.replace("127.0.0.1:8000", f"127.0.0.1:{app_port}")
    return f"""
{{
    admin off
    auto_https off
{global_part}
}}
https://localhost:{port} {{
    bind 127.0.0.1
    tls {folder}/certificate.pem {folder}/key.pem
{recipe}
}}
"""


def program_of(name: str) -> str:
    """Find a program, or skip the test."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("TEST_TOOLS") == "required":
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")
    return found


def make_certificate(folder: Path) -> None:
    subprocess.run(
        [
            program_of("openssl"),
            *[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
            ],
            *[
                "-addext",
                "subjectAltName=DNS:localhost",
                "-keyout",
                "key.pem",
                "-out",
                "certificate.pem",
            ],
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@contextlib.contextmanager
def proxy(name: str, folder: Path, port: int, app_port: int) -> Iterator[None]:
    program = program_of(name)
    make_certificate(folder)
    config = folder / "config"
    if name == "nginx":
        config.write_text(nginx_config(folder, port, app_port))
        command = [program, "-p", str(folder), "-e", f"{folder}/errors", "-c", str(config)]
    else:
        config.write_text(caddy_config(folder, port, app_port))
        command = [program, "run", "--adapter", "caddyfile", "--config", str(config)]
    environ = {
        **os.environ,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, env=environ, stdout=said, stderr=said)
    try:
        wait_for_port(port, process, folder)
        yield
    finally:
        process.terminate()
        process.wait(START_S)


def wait_for_port(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    pytest.fail((folder / "said").read_text())


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Returns redirects as they are."""

    def redirect_request(self, *_args: object) -> None:
        """Follow none."""


@dataclass
class Answer:
    """All of an answer."""

    status: int
    headers: Message
    body: bytes


@dataclass
class Site:
    """PhotoShare behind a proxy, and a browser that has joined nothing yet."""

    url: str  # with the prefix
    code: str
    prefix: str
    certificate: Path
    proxy: str
    counter: Path  # where PhotoShare records how many bytes it has sent
    cookies: CookieJar = field(default_factory=CookieJar)

    @property
    def room(self) -> str:
        return f"/rooms/{self.code}"

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    @contextlib.contextmanager
    def open(
        self, path: str, body: bytes | dict[str, str] | None = None, **headers: str
    ) -> Iterator[http.client.HTTPResponse | urllib.error.HTTPError]:
        """Send a request to a path of PhotoShare, as a form if ``body`` is a mapping."""
        content = urllib.parse.urlencode(body).encode() if isinstance(body, dict) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=self.trust),
            urllib.request.HTTPCookieProcessor(self.cookies),
            NoRedirect(),
        )
        request = urllib.request.Request(self.url + path, content, named)
        try:
            answer = opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            yield answer

    def ask(self, path: str, body: bytes | dict[str, str] | None = None, **headers: str) -> Answer:
        """Send a request; return the whole answer."""
        with self.open(path, body, **headers) as answer:
            return Answer(answer.status or 0, answer.headers, answer.read())

    def join(self) -> None:
        answer = self.ask(f"{self.room}/join", {"name": "Gustav"}, Origin=self.origin)
        assert answer.status == 303
        assert answer.headers["Location"] == f"{self.prefix}{self.room}?entered=1"

    def bytes_sent(self) -> int:
        """Count what PhotoShare has sent to the proxy."""
        return int.from_bytes(self.counter.read_bytes(), "big")

    @property
    def origin(self) -> str:
        """The Origin that a browser sends with a form of this site."""
        return self.url.removesuffix(self.prefix)


def fill_room(data: Path) -> str:
    """Make a room of more than 2 GB of sparse files; return its code."""
    app = create_app({"data": data})
    with app.app_context():
        upgrade_schema()
        room = rooms.create_room("Party").room
        room_id, code = room.id, room.code
    ids = insert_photos(
        app,
        room_id,
        PHOTOS,
        size_bytes=PHOTO_BYTES,
        crc32=1,
        clean_crc32=1,
        cleaning_rules=CLEANING_RULES,
    )
    with app.app_context():
        for photo_id in ids:
            photo = db.session.get_one(Photo, photo_id)
            path = site_of(app).storage.original(room_id, photo.sha256)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.truncate(PHOTO_BYTES)
        db.engine.dispose()
    return code


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: "".join(kind))
def _running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    name, prefix = request.param
    program_of(name)
    folder = tmp_path_factory.mktemp(name)
    code = fill_room(folder / "data")
    port, app_port = free_port(), free_port()
    url = f"https://localhost:{port}{prefix}"
    counter = folder / "sent"
    program = (str(ROOT / "tests/proxies/impatient.py"), str(counter), str(STALLED_S))
    environ = {
        "PHOTOSHARE_TRUSTED_PROXY": "127.0.0.1",
        "PHOTOSHARE_PUBLIC_URL": url,
        "PYTHONPATH": str(ROOT),
        "PHOTOSHARE_MIN_FREE_MB": "0",
    }
    if prefix:
        environ["PHOTOSHARE_URL_PREFIX"] = prefix
    with (
        server(folder / "data", app_port, program, **environ) as process,
        proxy(name, folder, port, app_port),
    ):
        assert process.stdout is not None
        assert process.stdout.readline()  # it serves
        yield Site(url, code, prefix, folder / "certificate.pem", name, counter)


@pytest.fixture
def site(_running: Site) -> Site:
    """A separate browser for each test."""
    _running.cookies = CookieJar()
    return _running
