"""The API through the real server, as scripts use it: names in ten scripts, zips in parts."""

# ruff: noqa: RUF001 - letters of many scripts are what this is about

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from flask import Flask

from photoshare.services.corrections import verbs
from photoshare.services.rooms.entering import Author
from tests.conftest import ROOT, Cast
from tests.fakes import GREEN, draw_photo
from tests.helpers import set_title_and_end
from tests.live import LiveServer, serving
from tests.tools import find_tool
from tests.web.api.conftest import Script
from tests.web.conftest import Party

NAMES = [
    *("Anna’s wedding", "Hochzeit Müller", "Wesele Łukasza i Żanety", "Свадьба Ольги"),
    *(
        "حفل زفاف",
        "חתונה של דנה",
        "शादी की पार्टी",
        "婚礼",
        "結婚式パーティー",
        "งานแต่งงาน",
        "Γάμος",
        "ქორწილი",
    ),
    *('"100%" \\ / <b>', "Tom 💍"),
]


@pytest.fixture
def live(app: Flask) -> Iterator[LiveServer]:
    with serving(app) as server:
        yield server


@pytest.fixture
def fetch(live: LiveServer, script: Script) -> Callable[..., tuple[int, Any, bytes]]:
    """Ask the server as a short program does: status, headers, content."""

    def fetch(path: str, data: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://127.0.0.1:{live.port}/api/v1{path}"
        try:
            with urlopen(Request(url, data, script.headers | headers)) as answer:
                return answer.status, answer.headers, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    return fetch


def form_of(content: bytes, name: str) -> bytes:
    name = name.replace("\\", "\\\\").replace('"', "%22")  # as curl and browsers do
    head = f'--x\r\nContent-Disposition: form-data; name="photo"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--x--\r\n"


@pytest.mark.parametrize("name", NAMES)
def test_names_in_any_script_arrive_and_come_back(
    app: Flask, cast: Cast, party: Party, fetch: Callable[..., Any], name: str
) -> None:
    with app.app_context():
        set_title_and_end(cast.room_id, name, None)
        verbs.name_person(Author(cast.room_id), party.red, name, is_another=True)
    content = draw_photo(GREEN, seed=7)
    kind = "multipart/form-data; boundary=x"

    status, _headers, told = fetch("/photos", form_of(content, f"{name}.jpg"), Content_Type=kind)
    added = json.loads(told)

    assert (status, added["is_duplicate"]) == (201, False)
    photo = json.loads(fetch(f"/photos/{added['id']}")[2])
    assert photo["file_name"].replace("%22", '"').endswith(f"{name}.jpg".rpartition("/")[2])
    assert photo["uploader"] == "Hanna"
    assert json.loads(fetch("/room")[2])["title"] == name
    people = json.loads(fetch("/people")[2])["people"]
    assert people[0] == {"id": party.red, "name": name, "photo_count": 3}
    status, headers, zipped = fetch(f"/people/{party.red}/zip")
    assert headers["Content-Disposition"].isascii()
    assert len(zipfile.ZipFile(io.BytesIO(zipped)).namelist()) == 3


def test_a_zip_is_continued_after_a_break(party: Party, fetch: Callable[..., Any]) -> None:
    status, headers, whole = fetch("/zip")
    half, etag = len(whole) // 2, headers["ETag"]

    parts = [
        fetch("/zip", Range=f"bytes=0-{half - 1}", If_Range=etag),
        fetch("/zip", Range=f"bytes={half}-", If_Range=etag),
    ]

    assert (status, int(headers["Content-Length"])) == (200, len(whole))
    assert [status for status, _headers, _part in parts] == [206, 206]
    assert b"".join(part for _status, _headers, part in parts) == whole
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert opened.testzip() is None
        assert len(opened.namelist()) == 5


def test_all_photos_are_listed_page_by_page_while_others_are_added(
    party: Party, fetch: Callable[..., Any]
) -> None:
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = json.loads(fetch(f"/photos?limit=2{cursor and f'&cursor={cursor}'}")[2])
        seen += [photo["id"] for photo in page["photos"]]
        cursor = page["next_cursor"]
        if len(seen) == 2:
            kind = "multipart/form-data; boundary=x"
            fetch("/photos", form_of(draw_photo(GREEN, seed=8), "late.jpg"), Content_Type=kind)

    assert seen == sorted(party.photos.values(), reverse=True)


def test_a_photo_is_what_a_guest_gets(
    cast: Cast, party: Party, live: LiveServer, fetch: Callable[..., Any]
) -> None:
    photo_id, digest = party.photos["a.jpg"], party.digests["a.jpg"]

    status, headers, content = fetch(f"/photos/{photo_id}/original")

    page = live.ask(cast.guest, f"{cast.url}/photos/{photo_id}/{digest}/download")
    assert (status, content) == (200, page.content)
    assert headers["Content-Disposition"] == page.headers["Content-Disposition"]


def test_the_examples_of_the_documentation_work(
    app: Flask, party: Party, live: LiveServer, script: Script, tmp_path: Path
) -> None:
    curl = find_tool("curl", "curl")
    text = (ROOT / "docs/api.md").read_text()
    examples = re.findall(r"^curl [^`]*?(?<!\\)$", text, re.M)
    (tmp_path / "IMG_0001.jpg").write_bytes(draw_photo(GREEN, seed=7))
    known = {"https://photos.example.org": f"http://127.0.0.1:{live.port}", "$TOKEN": script.token}
    known["/people/3/"] = f"/people/{party.red}/"
    outputs = []

    for example in examples:
        for said, meant in known.items():
            example = example.replace(said, meant)
        words = shlex.split(example.replace("\\\n", " "))
        done = subprocess.run(
            [curl, "--noproxy", "*", *words[1:]],
            cwd=tmp_path,
            capture_output=True,
            check=True,
            timeout=60,
        )
        outputs.append(done.stdout)

    assert len(examples) == 3
    listed, added, _saved = outputs
    assert len(json.loads(listed)["photos"]) == 5
    assert json.loads(added)["is_duplicate"] is False
    (saved,) = tmp_path.glob("*.zip")
    assert len(zipfile.ZipFile(saved).namelist()) == 3
