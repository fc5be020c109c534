"""From the link to the zip of one's own photos, by a selfie: five taps on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import make_searched_room
from tests.fakes import BLUE, draw_photo

pytestmark = pytest.mark.browser

MOST_TAPS = 5


@pytest.fixture(scope="module")
def room_url(browser: Browser, address: str, event_photos: list[Path]) -> str:
    return make_searched_room(browser, address, event_photos, "Find me")


def test_link_join_selfie_album_zip(
    open_page: Callable[..., Page], room_url: str, tmp_path: Path
) -> None:
    selfie = tmp_path / "selfie.jpg"
    selfie.write_bytes(draw_photo(BLUE, seed=99))
    page = open_page(viewport={"width": 390, "height": 844})
    taps = 0

    page.goto(room_url)
    page.get_by_role("button", name="Join the room").click()
    page.get_by_role("link", name="Find yourself").click()
    taps += 2
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Take a selfie").click()
    taps += 1
    chooser.value.set_files(selfie)
    page.get_by_role("button", name="Yes, that's me").click()
    taps += 1
    expect(page.get_by_text("This is you.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download (zip)").click()
    taps += 1

    assert Path(download.value.path()).stat().st_size > selfie.stat().st_size
    assert taps <= MOST_TAPS


def test_it_works_without_a_script(browser: Browser, room_url: str, tmp_path: Path) -> None:
    selfie = tmp_path / "selfie.jpg"
    selfie.write_bytes(draw_photo(BLUE, seed=98))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(room_url)
    page.get_by_role("button", name="Join the room").click()
    page.goto(f"{room_url}/me")

    page.locator("input[name=picture]").nth(1).set_input_files(selfie)
    page.get_by_role("button", name="Find me").click()

    expect(page.get_by_role("heading", name="Is this you?")).to_be_visible()
    page.get_by_role("button", name="Yes, that's me").click()
    expect(page.get_by_text("This is you.")).to_be_visible()
    context.close()
