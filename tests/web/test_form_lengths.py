"""No text of a form exceeds the limit of its field: checked before any view sees it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from photoshare.config.owner import MAX_PASSWORD
from photoshare.services.rooms.entering import MAX_NAME, MAX_TYPED_CODE
from photoshare.services.rooms.rooms import MAX_TITLE, NewRoom
from photoshare.web.requests.security import FILE_ENDPOINTS, LONGER_FIELDS, MAX_FIELD
from tests.conftest import ROOT, Cast
from tests.helpers import row_counts

TEMPLATES = {path: path.read_text() for path in (ROOT / "templates").rglob("*.html")}
FIELDS = sorted(
    {name for html in TEMPLATES.values() for name in re.findall(r'\bname="(\w+)"', html)}
    | {"file_name", "modified", "sha256", "size"}  # sent by our script
)
MAXIMA = {
    "title": MAX_TITLE,
    "name": MAX_NAME,
    "password": MAX_PASSWORD,
    "room_code": MAX_TYPED_CODE,
}


def addresses(app: Flask) -> list[str]:
    """List every address that accepts a form, for the room with the id 1."""
    return [
        re.sub(r"<int:\w+>", "1", rule.rule)
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint not in FILE_ENDPOINTS
    ]


def test_every_form_refuses_every_endless_text(app: Flask, cast: Cast) -> None:
    before, asked = row_counts(app), 0
    for address in addresses(app):
        filled = address.replace("<room_code>", cast.code).replace("<secret>", cast.host_secret)
        for name in FIELDS:
            text = "1" * (LONGER_FIELDS.get(name, MAX_FIELD) + 1)
            answer = cast.host.post(filled, data={name: text})

            assert answer.status_code == 422, (address, name)
            assert "Please shorten your text" in answer.text
            asked += 1

    assert asked > 200
    assert row_counts(app) == before


@pytest.mark.parametrize("name", MAXIMA)
def test_what_a_browser_lets_one_type_is_what_the_server_takes(name: str) -> None:
    tags = [
        tag
        for html in TEMPLATES.values()
        for tag in re.findall(r"<input[^>]*>", html)
        if f'name="{name}"' in tag and 'type="hidden"' not in tag
    ]

    assert tags
    for tag in tags:
        length = re.search(r'maxlength="(\d+)"', tag)
        assert length, tag
        assert int(length[1]) <= MAXIMA[name]


def test_an_endless_password_is_not_even_hashed(
    app: Flask, make_room: Callable[..., NewRoom], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = make_room("Locked", password="open sesame").room.code
    checked: list[str] = []
    monkeypatch.setattr(
        "photoshare.services.rooms.entering.is_right", lambda _hash, text: checked.append(text)
    )
    client: FlaskClient = app.test_client()

    for data in ({"password": "x" * (MAX_PASSWORD + 1)}, {"name": "x" * (MAX_NAME + 1)}):
        answer = client.post(f"/rooms/{code}/join", data=data)

        assert answer.status_code == 422
        assert "characters long" in answer.text
    assert checked == []
