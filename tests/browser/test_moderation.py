"""Photos wait for the host's yes, on a phone: nothing moves under the finger."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


def open_moderated_room(host: Page, address: str) -> str:
    """Create a room whose host looks at photos first; return its address."""
    host.goto(f"{address}/rooms")
    host.get_by_label("Title").fill("Garden party")
    host.get_by_label("Your name").fill("Hanna")
    host.get_by_role("button", name="Create the room").click()
    link = host.get_by_label("Guest link").input_value()
    host.get_by_role("link", name="Settings").click()
    host.get_by_label("Look at photos before they appear").check()
    host.get_by_role("button", name="Save").click()
    return link


def join(guest: Page, link: str, name: str) -> None:
    guest.goto(link)
    guest.get_by_label("Your name").fill(name)
    guest.get_by_role("button", name=re.compile("Join|enter", re.IGNORECASE)).click()
    guest.wait_for_url(link)


def test_photos_wait_and_are_decided_at_a_phone(
    open_page: Callable[..., Page],
    address: str,
    event_photos: list[Path],
    take_screenshot: Callable[[Page, str], None],
) -> None:
    host, guest = open_page(viewport=PHONE, has_touch=True), open_page(viewport=PHONE)
    link = open_moderated_room(host, address)
    join(guest, link, "Gustav")

    guest.set_input_files("input[name=photos]", event_photos)
    expect(guest.locator(".upload-summary")).to_have_text("5 photos are waiting for the host")
    expect(guest.locator("#waiting-note")).to_contain_text("5 of your photos are waiting")
    take_screenshot(guest, "moderation-1-sent")
    guest.goto(f"{link}/me")
    expect(guest.locator(".waiting-few img")).to_have_count(5)
    take_screenshot(guest, "moderation-2-me")

    host.goto(link)
    host.get_by_role("link", name="5 photos are waiting for you").tap()
    cards = host.locator(".waiting-card")
    expect(cards).to_have_count(5)
    take_screenshot(host, "moderation-3-queue")
    places = [card.bounding_box() for card in cards.all()]
    cards.nth(0).get_by_role("button", name="Accept").tap()
    expect(cards.nth(0)).to_have_text("Accepted")
    expect(host.locator("#waiting-count")).to_have_text("4 photos are waiting for you")
    cards.nth(1).get_by_role("button", name="Refuse").focus()
    host.keyboard.press("Enter")
    expect(cards.nth(1)).to_have_text("Refused")
    expect(cards.nth(1)).to_be_focused()
    take_screenshot(host, "moderation-4-decided")
    assert [card.bounding_box() for card in cards.all()] == places, "nothing moved"
    assert host.evaluate("document.documentElement.scrollWidth") == PHONE["width"]

    host.get_by_role("button", name="Accept all").tap()
    expect(host.locator(".toast")).to_contain_text("added to the room")
    guest.goto(f"{link}/photos")
    expect(guest.locator(".tile")).to_have_count(4)


def test_the_queue_needs_no_script(
    open_page: Callable[..., Page], address: str, event_photos: list[Path]
) -> None:
    host, guest = open_page(java_script_enabled=False, viewport=PHONE), open_page()
    link = open_moderated_room(host, address)
    join(guest, link, "Gustav")
    guest.set_input_files("input[name=photos]", event_photos[:2])
    expect(guest.locator(".upload-summary")).to_have_text("2 photos are waiting for the host")

    host.goto(f"{link}/waiting")
    host.get_by_role("button", name="Accept", exact=True).first.click()
    expect(host.locator(".toast")).to_contain_text("1 photo added to the room.")
    host.get_by_role("button", name="Refuse").click()

    expect(host.get_by_text("No photos are waiting")).to_be_visible()
