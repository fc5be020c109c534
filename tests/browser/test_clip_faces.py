"""Faces of videos in the browser: they lead to when they are seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.clips.drawing import draw_clip
from tests.fakes import GREEN, GREY

pytestmark = pytest.mark.browser

SOON_MS = 60_000


@pytest.fixture
def clip_page(open_page: Callable[..., Page], address: str, tmp_path: Path) -> Page:
    """Add a video in whose second half someone is seen; return the host's page of it."""
    clip = tmp_path / "clip.webm"
    looks = {"size": (640, 360), "seconds": 6, "container": "webm", "codec": "libvpx-vp9"}
    clip.write_bytes(draw_clip(GREY, GREEN, **looks))  # type: ignore[arg-type]
    host = open_page()
    host.goto(f"{address}/rooms")
    host.get_by_label("Title").fill("Clips")
    host.get_by_role("button", name="Create the room").click()
    url = host.get_by_label("Guest link").input_value()
    host.goto(url)
    host.locator("input[type=file]").set_input_files(clip)
    expect(host.locator(".upload-summary")).to_contain_text("1 photo added", timeout=SOON_MS)
    host.goto(url)
    expect(host.locator("#job-status")).to_contain_text("1 face in 1 photo", timeout=SOON_MS)
    host.goto(f"{url}/photos")
    host.get_by_role("link", name="Video clip.webm").click()
    return host


def test_the_picture_of_a_face_plays_the_video_from_when_it_is_seen(clip_page: Page) -> None:
    face = clip_page.locator("[data-at-ms]")
    at_s = int(face.get_attribute("data-at-ms") or 0) / 1000
    where = clip_page.url

    face.click()

    video = clip_page.locator("video.clip")
    expect(video).to_be_visible()
    assert 3 <= at_s < 6
    assert video.evaluate("video => video.currentTime") >= at_s - 0.1
    assert clip_page.url == where
    clip_page.get_by_role("link", name="Unsorted").click()
    expect(clip_page).to_have_url(f"{where.split('/photos/')[0]}/people/unsorted")
