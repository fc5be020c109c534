"""Two phones as one guest, an album for a friend, and news in the title and on the icon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ANALYSIS_MS, make_searched_room
from tests.browser.drawing import draw_shot
from tests.fakes import RED

pytestmark = pytest.mark.browser

# A page that believes it is installed, and remembers what it told the icon.
INSTALLED = """
const real = window.matchMedia.bind(window);
window.matchMedia = (query) =>
  query === "(display-mode: standalone)" ? { matches: true, addEventListener() {} } : real(query);
window.badges = [];
navigator.setAppBadge = async (number) => window.badges.push(number);
"""


@pytest.fixture(scope="module")
def room_url(browser: Browser, address: str, event_photos: list[Path]) -> str:
    return make_searched_room(browser, address, event_photos, "Own links")


def join_as_someone(page: Page, room_url: str, name: str) -> None:
    """Join, and be the person with most photos."""
    page.goto(room_url)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join the room").click()
    page.get_by_role("link", name="Find yourself").click()
    page.locator(".self-choice").first.click()
    expect(page.get_by_text("This is you.")).to_be_visible()


def test_a_second_phone_and_a_partner(
    open_page: Callable[..., Page], browser: Browser, room_url: str
) -> None:
    phone = open_page(viewport={"width": 390, "height": 844})
    join_as_someone(phone, room_url, "Mara")

    phone.goto(f"{room_url}/me")
    phone.get_by_role("link", name="Be yourself on another device").click()
    phone.get_by_role("button", name="Make my link").click()
    phone.get_by_role("button", name="Make a link to my album").click()
    link = phone.get_by_label("My link", exact=True).input_value()
    album = phone.get_by_label("Link to my album").input_value()
    second = browser.new_context(java_script_enabled=False).new_page()
    second.goto(link)
    second.get_by_role("button", name="Yes, that's me").click()
    second.goto(f"{room_url}/me")
    partner = browser.new_context(java_script_enabled=False).new_page()
    partner.goto(album)
    partner.locator(".tile").first.click()
    partner.get_by_role("link", name="Next").click()
    with partner.expect_download() as download:
        partner.get_by_role("link", name="Download").click()

    expect(second.get_by_role("heading", name="Mara")).to_be_visible()
    assert Path(download.value.path()).stat().st_size > 1000
    phone.get_by_role("button", name="Take the link back").click()
    assert (partner.goto(album) or pytest.fail("no answer")).status == 404
    second.context.close()
    partner.context.close()


def test_new_photos_are_told_in_the_title_and_on_the_icon(
    open_page: Callable[..., Page], room_url: str, tmp_path: Path
) -> None:
    page = open_page()
    page.add_init_script(INSTALLED)
    join_as_someone(page, room_url, "Nia")
    page.goto(room_url)
    expect(page).to_have_title("Own links")
    more = tmp_path / "more.jpg"
    more.write_bytes(draw_shot((RED,), 77))

    page.locator("input[type=file]").set_input_files(more)

    expect(page).to_have_title("(1) Own links", timeout=ANALYSIS_MS)
    assert page.evaluate("window.badges.at(-1)") == 1
    page.get_by_text("1 new").click()
    expect(page.get_by_text("This is you.")).to_be_visible()
    assert page.evaluate("window.badges") == [0]
