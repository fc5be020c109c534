"""Videos in the browser: they play, tell where they can't, and preview on the wall."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.clips.drawing import draw_clip
from tests.fakes import BLUE, GREEN, RED, draw_photo

pytestmark = pytest.mark.browser

SOON_MS = 30_000
GREEN_CLIP = draw_clip(GREEN, size=(640, 360), seconds=4, container="webm", codec="libvpx-vp9")
# Resolves once a video has moved on.
PLAYS = """video => new Promise((resolve) => {
  const look = () => (video.currentTime > 0.2 ? resolve(true) : requestAnimationFrame(look));
  look();
})"""


@pytest.fixture
def party(open_page: Callable[..., Page], address: str, tmp_path: Path) -> tuple[Page, str]:
    """Create a room with a photo and two videos; return the host's page and its address."""
    drawn = {
        "photo.jpg": draw_photo(RED),
        "plays.webm": GREEN_CLIP,
        "old.3gp": draw_clip(BLUE, size=(176, 144), container="3gp", codec="h263"),
    }
    for name, content in drawn.items():
        (tmp_path / name).write_bytes(content)
    host = open_page()
    host.goto(f"{address}/rooms")
    host.get_by_label("Title").fill("Clips")
    host.get_by_role("button", name="Create the room").click()
    url = host.get_by_label("Guest link").input_value()
    host.goto(url)
    host.locator("input[type=file]").set_input_files([tmp_path / name for name in drawn])
    expect(host.locator(".upload-summary")).to_have_text("3 photos added", timeout=SOON_MS)
    return host, url


def show(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/photos")
    page.get_by_role("link", name=f"Video {name}").click()


def test_a_video_plays_at_a_tap(party: tuple[Page, str]) -> None:
    host, url = party
    host.goto(f"{url}/photos")
    expect(host.locator(".tile-length")).to_have_count(2)
    show(host, url, "plays.webm")
    expect(host.locator("video.clip")).to_be_hidden()

    host.get_by_role("button", name="Play the video").click()

    video = host.locator("video.clip")
    expect(video).to_be_visible()
    expect(video).to_have_js_property("muted", False)
    assert host.locator("video.clip").evaluate(PLAYS, timeout=SOON_MS)
    expect(host.get_by_role("button", name="Play the video")).to_be_hidden()


def test_a_browser_that_cannot_play_it_says_so(party: tuple[Page, str]) -> None:
    host, url = party

    show(host, url, "old.3gp")

    expect(host.get_by_text("Your browser can't play this video (H.263).")).to_be_visible()
    expect(host.get_by_role("button", name="Play the video")).to_be_hidden()
    with host.expect_download() as download:
        host.get_by_role("link", name="Download it").click()
    assert download.value.suggested_filename == "old.3gp"


def test_stepping_on_stops_it(party: tuple[Page, str]) -> None:
    host, url = party
    show(host, url, "plays.webm")
    host.get_by_role("button", name="Play the video").click()
    assert host.locator("video.clip").evaluate(PLAYS, timeout=SOON_MS)
    playing = host.locator("video.clip").element_handle()
    where = host.url

    host.locator(".photo-nav a").first.click()

    expect(host).not_to_have_url(where)
    assert playing.evaluate("video => video.paused && !video.isConnected")


def test_the_wall_plays_it_without_a_sound(
    open_page: Callable[..., Page], party: tuple[Page, str]
) -> None:
    host, url = party
    digest = hashlib.sha256(GREEN_CLIP).hexdigest()[:16]
    wall = open_page(storage_state=host.context.storage_state())

    wall.goto(f"{url}/wall")

    video = wall.locator(f".wall-photo video[src*='{digest}']").first
    expect(video).to_be_attached(timeout=60_000)
    assert video.evaluate(PLAYS, timeout=SOON_MS)
    expect(video).to_have_js_property("muted", True)


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(party: tuple[Page, str]) -> None:
    host, url = party
    host.goto(url)
    sent: list[str] = []
    host.on("request", lambda request: sent.append(request.url))

    host.evaluate(
        """() => {
          const files = new DataTransfer();
          files.items.add(new File([new Uint8Array(61_000_000)], "large.jpg"));
          document.dispatchEvent(new DragEvent("drop", { dataTransfer: files }));
        }"""
    )

    expect(host.locator(".upload-note")).to_have_text("This file is larger than 60 MB.")
    assert not any("/uploads" in address for address in sent)
