"""A motion photo plays on a press, in the place of the photo, and then the photo is there again."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.fakes import RED, draw_photo
from tests.metadata.motion_drawing import draw_motion_photo, draw_movie

pytestmark = pytest.mark.browser

CODECS = {"h264": "libx264", "vp9": "libvpx-vp9"}
CAN_PLAY = """() => ({
    h264: document.createElement("video").canPlayType('video/mp4; codecs="avc1.42E01E"'),
    vp9: document.createElement("video").canPlayType('video/mp4; codecs="vp09.00.10.08"'),
})"""


def make_room(page: Page, address: str, path: Path) -> None:
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill("Motion")
    page.get_by_role("button", name="Create the room").click()
    url = page.get_by_label("Guest link").input_value()
    page.goto(url)
    page.locator("input[type=file]").set_input_files(path)
    expect(page.locator(".upload-summary")).to_have_text("1 photo added")
    page.goto(f"{url}/photos")
    page.locator(".tile").first.click()
    page.wait_for_url("**/photos/*")


def motion_photo(folder: Path, movie: bytes) -> Path:
    still = io.BytesIO()
    with Image.open(io.BytesIO(draw_photo(RED, width=160, height=120))) as drawn:
        drawn.save(still, "JPEG")
    path = folder / "PXL_1.MP.jpg"
    path.write_bytes(draw_motion_photo("attributes", movie, still=still.getvalue()))
    return path


def test_the_movie_plays_on_a_press(
    open_page: Callable[..., Page], address: str, tmp_path: Path
) -> None:
    page = open_page()
    page.goto(address)
    can_play = page.evaluate(CAN_PLAY)
    codec = next((codec for name, codec in CODECS.items() if can_play[name]), None)
    if codec is None:
        pytest.skip("this Chromium plays neither H.264 nor VP9 in MP4")
    make_room(page, address, motion_photo(tmp_path, draw_movie(codec)))
    expect(page.locator(".motion-movie")).to_have_count(0)

    with page.expect_response(lambda answer: answer.url.endswith("/movie")) as answer:
        page.get_by_role("link", name="Play the movie").click()

    assert answer.value.status in (200, 206)
    movie = page.locator("video.motion-movie")
    expect(movie).to_have_js_property("videoWidth", 160)
    page.wait_for_function("() => !document.querySelector('.motion-movie')")  # at its end
    expect(page.locator("#to-movie")).not_to_have_class("is-playing")


def test_a_second_press_stops_it(
    open_page: Callable[..., Page], address: str, tmp_path: Path
) -> None:
    page = open_page()
    make_room(page, address, motion_photo(tmp_path, draw_movie()))
    page.route("**/movie", lambda route: None)  # which never comes

    page.locator("#to-movie").click()
    expect(page.locator(".motion-movie")).to_have_count(1)
    page.locator("#to-movie").click()

    expect(page.locator(".motion-movie")).to_have_count(0)


def test_a_movie_that_does_not_play_is_said_and_the_photo_stays(
    open_page: Callable[..., Page], address: str, tmp_path: Path
) -> None:
    page = open_page()
    make_room(page, address, motion_photo(tmp_path, draw_movie()))
    page.route("**/movie", lambda route: route.fulfill(status=200, body=b"no movie"))

    page.locator("#to-movie").click()

    expect(page.locator("#viewer-status")).to_have_text("This browser can't play the movie.")
    expect(page.locator(".motion-movie")).to_have_count(0)
    expect(page.locator(".photo-frame picture img")).to_be_visible()
