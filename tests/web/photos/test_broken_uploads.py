"""An upload that broke off on its way is no photo, although the half that came could be shown."""

from __future__ import annotations

import contextlib
import hashlib
import socket

import pytest
from flask import Flask
from sqlalchemy import func, select

from photoshare.models import Photo, db
from tests.conftest import Cast
from tests.live import LiveServer, serving
from tests.pictures.odd_jpegs import jpeg

PHOTO = jpeg()
MOST_OF_IT = PHOTO[: len(PHOTO) * 9 // 10]  # a file like this is taken
BOUNDARY = "----photo"
HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photos"; filename="a.jpg"\r\n'
    "Content-Type: image/jpeg\r\n\r\n"
).encode()
END = f"\r\n--{BOUNDARY}--\r\n".encode()


def photos_in(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Photo)) or 0


def send(server: LiveServer, cast: Cast, body: bytes, declared: int, headers: str = "") -> bytes:
    """Send a request by hand, and close our half; return what is answered."""
    cookie = cast.guest.get_cookie("photoshare")
    assert cookie is not None
    head = (
        f"POST {cast.url}/photos HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Cookie: photoshare={cookie.value}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {declared}\r\nConnection: close\r\n{headers}\r\n"
    ).encode()
    with contextlib.closing(socket.create_connection(("127.0.0.1", server.port), 30)) as connection:
        connection.sendall(head + body)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while block := connection.recv(65536):
            answer += block
        return answer


def test_a_photo_whose_connection_breaks_is_not_kept(app: Flask, cast: Cast) -> None:
    whole = HEAD + PHOTO + END
    with serving(app) as server:
        for kept in (HEAD + MOST_OF_IT, whole[: -len(END)], whole[:-1]):
            assert send(server, cast, kept, len(whole)) == b""

        assert photos_in(app) == 0
        assert b" 303 " in send(server, cast, whole, len(whole)).partition(b"\r\n")[0]
        assert photos_in(app) == 1


@pytest.mark.parametrize("tail", [b"", END[:-6], END[:-4], b"\r\n--"])
def test_a_form_without_its_end_adds_nothing(app: Flask, cast: Cast, tail: bytes) -> None:
    """A proxy that lost the connection to the phone may send on what it has, as if it were all."""
    body = HEAD + MOST_OF_IT + tail
    with serving(app) as server:
        answer = send(server, cast, body, len(body))

    assert photos_in(app) == 0
    assert not answer.startswith(b"HTTP/1.1 5")


@pytest.mark.parametrize("is_cut", [True, False])
def test_a_file_without_its_end_is_taken_and_taken_home(
    app: Flask, cast: Cast, is_cut: bool
) -> None:
    """It came completely: whoever sent it has no more of it, and sees it everywhere else."""
    content = MOST_OF_IT if is_cut else PHOTO[:-2]
    body = HEAD + content + END
    digest = hashlib.sha256(content).hexdigest()[:16]
    with serving(app) as server:
        answer = send(server, cast, body, len(body))
        assert b" 303 " in answer.partition(b"\r\n")[0]
        with app.app_context():
            photo_id = db.session.scalar(select(Photo.id))

        taken = server.ask(cast.guest, f"{cast.url}/photos/{photo_id}/{digest}/download")

    assert taken.status == 200
    assert taken.content == content
