"""Simulate browsers whose server may die, and record what it acknowledged."""

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
    """The server died before it answered: the request may or may not have been carried out."""


class Refused(Exception):
    """The server answered with a refusal."""

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
        """Send a request, and read the answer to its end."""
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
        """Create a room; return its address."""
        found = re.search(rb"/rooms/[a-z0-9-]+", self.form("/rooms", title="Party"))
        assert found is not None
        return found[0].decode()

    def upload(self, room: str, name: str, content: bytes) -> None:
        """Send a photo in one piece."""
        head = f'Content-Disposition: form-data; name="photos"; filename="{name}"'
        body = b"--x\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n--x--\r\n"
        self.ask(f"{room}/photos", body, "multipart/form-data; boundary=x")

    def upload_in_pieces(self, room: str, name: str, content: bytes) -> None:
        """Send a photo in three pieces, resuming an earlier try."""
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
    """A value that was acknowledged, and values that were requested when the server died."""

    value: object
    doubts: set[object] = field(default_factory=set)

    @contextlib.contextmanager
    def changing(self, value: object) -> Iterator[None]:
        """Make a change: known if it was acknowledged, in doubt if not."""
        self.doubts.add(value)
        yield
        self.value, self.doubts = value, set()

    def settle(self, found: object) -> bool:
        """Accept the found value from now on; return whether it is possible."""
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
    begun: int = 0  # searches logged by the engine
    in_hand: int = 0  # searches interrupted by a kill

    @property
    def name(self) -> str:
        """Its file name."""
        return f"{self.number}.jpg"

    @property
    def sha256(self) -> str:
        """Return the hash by which the server knows it."""
        return hashlib.sha256(self.content).hexdigest()
