"""Keyboard and screen reader: the focus stays, progress is announced without chatter."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ALL_FOUND, ANALYSIS_MS
from tests.fakes import draw_photo

pytestmark = pytest.mark.browser

COUNT_ANNOUNCEMENTS = """() => {
    window.announced = [];
    for (const region of document.querySelectorAll("[role=status]")) {
        new MutationObserver(() => window.announced.push(region.textContent))
            .observe(region, {childList: true, subtree: true, characterData: true});
    }
}"""


@pytest.fixture
def room(open_page: Callable[..., Page], address: str, event_photos: list[Path]) -> Page:
    """Open a room with five photos and two people, as its host."""
    page = open_page()
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill("Keyboard party")
    page.get_by_role("button", name="Create the room").click()
    page.get_by_role("link", name="Room", exact=True).click()
    page.locator("input[type=file]").set_input_files(event_photos)
    expect(page.locator("#job-status")).to_contain_text(ALL_FOUND, timeout=ANALYSIS_MS)
    return page


def test_the_focus_stays_where_the_page_changes(room: Page) -> None:
    card = room.locator(".people-strip .person").nth(1)
    card.focus()
    with room.expect_response(room.url):
        room.evaluate("htmx.trigger(document.body, 'people-changed')")
    expect(room.locator(".htmx-request, .htmx-settling")).to_have_count(0)
    expect(card).to_be_focused()

    tile = room.locator(".photo-grid .tile").nth(2)
    tile.focus()
    with room.expect_response(room.url):
        room.evaluate("htmx.trigger(document.body, 'photos-changed')")
    expect(room.locator(".htmx-request, .htmx-settling")).to_have_count(0)
    expect(tile).to_be_focused()

    room.goto(f"{room.url}/guests")
    again = room.get_by_role("button", name="Search again")
    again.focus()
    with room.expect_response("**/jobs"):
        room.keyboard.press("Enter")
    expect(room.locator(".htmx-request, .htmx-settling")).to_have_count(0)
    expect(again).to_be_focused()


def test_naming_keeps_the_focus_and_closing_its_toast_gives_it_back(room: Page) -> None:
    room.locator(".people-strip .person").first.click()
    room.wait_for_url("**/people/*")  # loaded, with the script that moves the focus
    name = room.locator(".rename summary")
    name.press("Enter")
    field = room.get_by_label("Name", exact=True)
    expect(field).to_be_focused()
    field.fill("Barack")
    field.press("Enter")
    expect(room.locator(".toast")).to_have_text(re.compile("Name saved."))
    expect(name).to_be_focused()

    for _step in range(20):
        room.keyboard.press("Shift+Tab")
        if room.get_by_role("button", name="Close").evaluate("e => e === document.activeElement"):
            break
    room.keyboard.press("Enter")

    expect(room.locator(".toast")).to_have_count(0)
    assert room.evaluate("document.activeElement !== document.body")


def test_escape_leads_from_a_photo_to_its_tile(room: Page) -> None:
    room.locator("#all-photos").click()
    tiles = room.locator(".tile")
    tiles.nth(1).focus()
    room.keyboard.press("Enter")
    room.wait_for_url("**/photos/*")
    first = room.url
    room.keyboard.press("ArrowRight")
    room.wait_for_url(lambda url: url != first)

    room.keyboard.press("Escape")

    room.wait_for_url("**/photos")
    expect(tiles.nth(2)).to_be_focused()


def test_an_upload_of_many_photos_is_said_in_few_sentences(room: Page, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(20)]
    for number, file in enumerate(files):
        file.write_bytes(draw_photo(seed=number, image_format="PNG"))
    room.evaluate(COUNT_ANNOUNCEMENTS)

    room.locator("input[type=file]").set_input_files(files)

    expect(room.locator(".upload-summary")).to_have_text("20 photos added", timeout=60_000)
    expect(room.locator(".upload-spoken")).to_have_text("20 photos added")
    expect(room.locator("#job-spoken")).to_contain_text("25 photos", timeout=ANALYSIS_MS)
    assert len(room.evaluate("window.announced")) <= 8


def test_without_javascript_no_button_is_shown_that_needs_it(
    room: Page, open_page: Callable[..., Page]
) -> None:
    plain = open_page(java_script_enabled=False, storage_state=room.context.storage_state())
    for path in ("", "/photos/1", "/share", "/poster", "/wall"):
        plain.goto(room.url + path)
        for button in plain.locator(".needs-js").all():
            expect(button).to_be_hidden()


def test_in_forced_colours_a_choice_is_seen(room: Page) -> None:
    room.emulate_media(forced_colors="active")
    room.locator("#all-photos").click()
    room.locator(".selection > summary").click()
    boxes = room.locator(".pick input")
    boxes.first.check()

    ticked, plain = (
        box.evaluate("e => getComputedStyle(e).backgroundColor")
        for box in (boxes.first, boxes.nth(1))
    )

    assert ticked != plain
