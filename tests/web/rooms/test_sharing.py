"""GET /rooms/<code>/poster and /rooms/<code>/qr.<kind>."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from photoshare.web.pages.links import qr_code_uri
from tests.conftest import Cast
from tests.helpers import tags_of


def test_the_poster_shows_title_code_and_link(cast: Cast) -> None:
    page = cast.guest.get(f"{cast.url}/poster").text

    link = f"http://localhost{cast.url}"
    assert "Share your photos here" in page
    assert ">Party</p>" in page
    assert f">{link}</p>" in page
    (code,) = tags_of(page, "img")
    assert code["src"] == qr_code_uri(link)
    assert cast.host_secret not in page


def test_the_poster_speaks_of_the_password_where_there_is_one(cast: Cast) -> None:
    sentence = "Ask the host for the password."
    assert sentence not in cast.host.get(f"{cast.url}/poster").text
    cast.host.post(f"{cast.url}/settings", data={"title": "Party", "password": "secret"})

    assert sentence in cast.host.get(f"{cast.url}/poster").text
    assert "secret" not in cast.host.get(f"{cast.url}/poster").text


def test_the_code_is_a_png_large_enough_for_print(cast: Cast) -> None:
    answer = cast.guest.get(f"{cast.url}/qr.png")

    assert answer.mimetype == "image/png"
    assert f"filename=photoshare-{cast.code}.png" in answer.headers["Content-Disposition"]
    with Image.open(io.BytesIO(answer.data)) as picture:
        assert picture.width == picture.height >= 1000
        colours = picture.convert("RGB").getcolors() or []
        assert {colour for _count, colour in colours} == {(0, 0, 0), (255, 255, 255)}


def test_the_code_is_an_svg_as_well(cast: Cast) -> None:
    answer = cast.guest.get(f"{cast.url}/qr.svg")

    assert answer.mimetype == "image/svg+xml"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert b"<svg" in answer.data
    assert b"script" not in answer.data


@pytest.mark.parametrize("path", ["/poster", "/qr.png", "/qr.svg"])
def test_a_stranger_finds_nothing(cast: Cast, path: str) -> None:
    assert cast.stranger.get(cast.url + path).status_code == 404


@pytest.mark.parametrize("path", ["/qr.gif", "/qr.html", "/qr."])
def test_other_kinds_are_not_there(cast: Cast, path: str) -> None:
    assert cast.host.get(cast.url + path).status_code == 404


@pytest.mark.parametrize("path", ["/poster", "/qr.png"])
def test_the_addresses_take_only_get(cast: Cast, path: str) -> None:
    assert cast.host.post(cast.url + path).status_code == 405
