"""Who sees what, chosen on a phone; and what a guest reads of it before joining."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import ALL_FOUND, ANALYSIS_MS

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def room_url(open_page: Callable[..., Page], address: str) -> str:
    """Host link of a room that was made in another browser than `host`."""
    page = open_page()
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill("Garden party")
    page.get_by_role("button", name="Create the room").click()
    return page.get_by_label("Host link").input_value()


@pytest.fixture
def host(open_page: Callable[..., Page], room_url: str) -> Page:
    """A host in Berlin, at the page that says who sees what."""
    page = open_page(viewport=PHONE, timezone_id="Europe/Berlin")
    page.goto(room_url)
    page.get_by_role("button", name="Host this room").click()
    page.goto(f"{guest_link(room_url)}/settings")
    page.get_by_role("link", name="Choose who sees what").click()
    return page


def guest_link(host_link: str) -> str:
    return host_link.partition("/host/")[0]


def test_a_host_shows_all_later_by_the_clock_of_their_phone(
    host: Page, open_page: Callable[..., Page], room_url: str
) -> None:
    host.get_by_role("radio", name="Everybody, but later").check()
    host.get_by_role("button", name="Save").click()
    field = host.get_by_label("Shown from")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(
        "Please choose the day and time from which everybody sees all photos."
    )
    field.fill("2099-07-05T20:00")
    host.get_by_role("button", name="Save").click()

    expect(host.get_by_text("Saved. It counts from now on.")).to_be_visible()
    expect(host.get_by_label("Shown from")).to_have_value("2099-07-05T20:00")
    elsewhere = open_page(
        storage_state=host.context.storage_state(), timezone_id="America/New_York"
    )
    elsewhere.goto(host.url)
    expect(elsewhere.get_by_label("Shown from")).to_have_value("2099-07-05T14:00")
    guest = open_page(viewport=PHONE)
    guest.goto(guest_link(room_url))
    expect(guest.get_by_text("everybody sees all of them later")).to_be_visible()


def test_the_page_goes_by_the_keyboard_alone(host: Page) -> None:
    host.get_by_role("radio", name="Everybody sees everything For a wedding").focus()
    host.keyboard.press("ArrowDown")
    host.keyboard.press("ArrowDown")
    expect(host.get_by_role("radio", name="Only you see them")).to_be_checked()
    host.get_by_label("Last day").focus()
    host.keyboard.press("Enter")

    expect(host.get_by_text("Saved. It counts from now on.")).to_be_visible()
    expect(host.get_by_role("group", name="Who sees the photos")).to_be_visible()
    expect(host.get_by_role("radio", name="Only you see them")).to_be_checked()


def test_without_a_script_faces_are_switched_off_after_a_question(
    host: Page, browser: Browser, room_url: str, event_photos: list[Path]
) -> None:
    url = guest_link(room_url)
    host.goto(url)
    host.locator("input[type=file]").set_input_files(event_photos)
    expect(host.locator("#job-status")).to_contain_text(ALL_FOUND, timeout=ANALYSIS_MS)
    state = host.context.storage_state()
    page = browser.new_page(storage_state=state, java_script_enabled=False, viewport=PHONE)
    page.goto(f"{url}/visibility")
    expect(page.get_by_text("In UTC, since this browser runs no scripts.")).to_be_visible()
    page.get_by_role("radio", name="Nobody's").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("2 people with their albums, names")).to_be_visible()
    page.get_by_role("button", name="Switch off and delete").click()

    expect(page.get_by_role("radio", name="Nobody's")).to_be_checked()
    stranger = browser.new_page(java_script_enabled=False, viewport=PHONE)
    stranger.goto(url)
    expect(stranger.get_by_text("No faces are searched in this room.")).to_be_visible()
    stranger.locator("main").get_by_role("link", name="What is stored about you").click()
    expect(stranger.get_by_role("heading", name="What is stored about you")).to_be_visible()
    page.context.close()
    stranger.context.close()
