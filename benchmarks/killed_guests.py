"""Browsers whose server may die, and what they know of what they asked for."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field


class Lost(Exception):
    """The server died before it answered: what was asked for may have been done or not."""


class Refused(Exception):
    """The server answered, but not as asked."""

    def __init__(self, path: str, status: int, text: bytes) -> None:
        super().__init__(f"{path} answered {status}: {text[:300]!r}")
        self.status = status


class Browser:
    """A browser with a cookie that survives the server."""

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def ask(
        self, path: str, body: bytes | None = None, kind: str = ""
    ) -> tuple[bytes, http.client.HTTPMessage]:
        """Ask, and read the answer to its end."""
        headers = {"Content-Type": kind, "HX-Request": "true"} if kind else {}
        request = urllib.request.Request(self._root + path, body, headers)
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(path, error.code, error.read()) from error
        except (OSError, http.client.HTTPException) as error:
            raise Lost(path) from error

    def form(self, path: str, **fields: object) -> bytes:
        """Send a form as a page without scripts does."""
        return self.ask(path, urllib.parse.urlencode(fields).encode())[0]

    def make_room(self) -> str:
        """Make a room; return its address."""
        found = re.search(rb"/rooms/[a-z0-9-]+", self.form("/rooms", title="Party"))
        assert found is not None
        return found[0].decode()

    def upload(self, room: str, name: str, content: bytes) -> None:
        """Send a photo as a whole."""
        head = f'Content-Disposition: form-data; name="photos"; filename="{name}"'
        body = b"--x\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n--x--\r\n"
        self.ask(f"{room}/photos", body, "multipart/form-data; boundary=x")

    def upload_in_pieces(self, room: str, name: str, content: bytes) -> None:
        """Send a photo in three pieces, from where an earlier try got to."""
        about = urllib.parse.urlencode({"file_name": name, "modified": 1, "size": len(content)})
        kind = "application/x-www-form-urlencoded"
        _, headers = self.ask(f"{room}/uploads", about.encode(), kind)
        offset, piece = int(headers["Upload-Offset"]), len(content) // 3 + 1
        while True:
            address = f"{headers['Location']}?offset={offset}"
            _, answer = self.ask(
                address, content[offset : offset + piece], "application/octet-stream"
            )
            if "Upload-Offset" not in answer:
                return
            offset = int(answer["Upload-Offset"])


@dataclass
class Fact:
    """A value that was acknowledged, and those that were asked for when the server died."""

    value: object
    doubts: set[object] = field(default_factory=set)

    @contextlib.contextmanager
    def changing(self, value: object) -> Iterator[None]:
        """Make a change: known if it was acknowledged, in doubt if not."""
        self.doubts.add(value)
        yield
        self.value, self.doubts = value, set()

    def settle(self, found: object) -> bool:
        """Take what is there for the truth from now on; return whether it could be."""
        is_possible = found == self.value or found in self.doubts
        self.value, self.doubts = found, set()
        return is_possible


@dataclass
class KnownPhoto:
    """A photo of the party: its bytes, and whether the room has it."""

    number: int
    colour: int
    is_anchor: bool  # never deleted, so that its person stays
    content: bytes
    is_there: Fact = field(default_factory=lambda: Fact(False))
    was_deleted: bool = False  # or its deletion was begun
    begun: int = 0  # searches that the engine has noted
    in_hand: int = 0  # kills that met it there

    @property
    def name(self) -> str:
        """Its file name."""
        return f"{self.number}.jpg"

    @property
    def sha256(self) -> str:
        """By which the server knows it."""
        return hashlib.sha256(self.content).hexdigest()
