"""What a messenger shows beside a link: Open Graph, with the app's own picture."""

from __future__ import annotations

import io

from flask import Flask
from PIL import Image

from tests.conftest import Cast
from tests.helpers import set_password, set_title_and_end, tags_of
from tests.live import serving
from tests.web.conftest import Party


def preview(page: str) -> dict[str, str]:
    return {
        tag["property"]: tag["content"]
        for tag in tags_of(page, "meta")
        if tag.attributes.get("property", "").startswith("og:")
    }


def test_a_room_is_shown_with_its_title_and_a_drawn_picture(cast: Cast) -> None:
    shown = preview(cast.stranger.get(cast.url).text)

    assert shown["og:title"] == "You're invited to Party"
    assert shown["og:description"].startswith("Add your photos")
    assert shown["og:url"] == f"http://localhost{cast.url}"
    assert shown["og:image"] == "http://localhost/link-picture.png"


def test_a_title_cannot_leave_its_attribute(app: Flask, cast: Cast) -> None:
    with app.app_context():
        set_title_and_end(cast.room_id, '"><script>', None)

    page = cast.stranger.get(cast.url).text

    assert preview(page)["og:title"] == "You're invited to \"><script>"
    assert not tags_of(page, "script", src="")
    assert '"><script>' not in page


def test_nothing_of_a_room_with_a_password_is_shown(app: Flask, cast: Cast) -> None:
    with app.app_context():
        set_password(cast.room_id, "open sesame")

    page = cast.stranger.get(cast.url).text

    assert preview(page)["og:title"] == "You're invited"
    assert "Party" not in page


def test_a_link_to_an_album_is_shown_like_its_room(cast: Cast, party: Party) -> None:
    page = cast.stranger.get(f"{cast.url}/people/{party.red}", follow_redirects=True).text

    shown = preview(page)
    assert shown == preview(cast.stranger.get(cast.url).text)
    assert not [url for url in shown.values() if "/photos/" in url or "/faces/" in url]


def test_the_picture_is_there_for_a_reader_without_cookies(app: Flask, cast: Cast) -> None:
    with serving(app) as server:
        page = server.ask(cast.stranger, cast.url, User_Agent="WhatsApp/2.24 A")
        address = preview(page.content.decode())["og:image"]
        answer = server.ask(cast.stranger, "/" + address.split("/", 3)[3])

    assert address.startswith(f"http://127.0.0.1:{server.port}/")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Set-Cookie"] is None
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == (1200, 630)
    assert len(answer.content) < 300_000  # larger ones are left out by WhatsApp
