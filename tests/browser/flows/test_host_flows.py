"""What a host does: open a room, invite, set it up, show it on a wall, delete it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.flows.conftest import SOON_MS, Flow

pytestmark = pytest.mark.browser


def test_invite(flow: Flow) -> None:
    page = flow.open(permissions=["clipboard-read", "clipboard-write"])

    page.goto(flow.address)
    flow.step(page, "1-start")
    flow.press(page.get_by_role("link", name="Create a room"))
    page.get_by_label("Title").fill("Garden party")
    page.get_by_label("Your name").fill("Hanna")
    flow.step(page, "2-form")
    flow.press(page.get_by_role("button", name="Create the room"))
    link = page.get_by_label("Guest link").input_value()
    assert link.startswith(f"{flow.address}/rooms/")
    assert page.get_by_label("Host link").input_value().startswith(f"{link}/host/")
    code = page.get_by_alt_text("QR code of the guest link")
    assert code.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    flow.step(page, "3-links")
    flow.press(page.get_by_role("button", name="Copy").first)
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link
    code.scroll_into_view_if_needed()
    flow.step(page, "4-copied")

    flow.press(page.get_by_role("link", name="Settings"))
    page.get_by_role("textbox", name="Title").fill("Garden party of the Müllers")
    flow.press(page.get_by_label("Guests can fix names"))
    flow.step(page, "5-settings")
    flow.press(page.get_by_role("button", name="Save"))
    expect(page.locator(".toast")).to_contain_text("Room settings saved.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Garden party of the Müllers")
    expect(page.get_by_label("Guests can fix names")).to_be_checked()
    flow.step(page, "6-saved")


def test_wall(flow: Flow, shots: list[Path]) -> None:
    party = flow.begin()
    host = party.host
    flow.step(host, "1-share")
    flow.press(host.get_by_role("link", name="Live wall"))
    expect(host.get_by_text("Be the first")).to_be_visible()
    flow.step(host, "2-invitation")

    guest = flow.join(party)
    shown = host.locator(".wall-photo.is-shown .wall-picture")
    flow.add(guest, party.url, shots[:1])
    expect(shown).to_be_visible(timeout=SOON_MS)
    expect(host.locator(".wall-photo")).to_have_count(1)
    first = shown.get_attribute("src")
    expect(host.get_by_text("by Gustav")).to_be_visible()
    flow.step(host, "3-first-photo")
    flow.add(guest, party.url, shots[1:2])
    expect(shown.last).not_to_have_attribute("src", first or "", timeout=SOON_MS)
    expect(host.locator(".wall-photo")).to_have_count(1)
    flow.step(host, "4-next-photo")
    if not flow.is_touch:
        host.mouse.move(200, 200)
    flow.press(host.get_by_role("link", name="Room"))
    host.wait_for_url(party.url)


def test_delete_room(flow: Flow, shots: list[Path]) -> None:
    party = flow.begin()
    guest = flow.join(party)
    flow.add(guest, party.url, shots[:3])
    host = party.host
    host.goto(party.url)

    flow.press(host.get_by_role("link", name="Manage"))
    flow.press(host.get_by_role("link", name="Guests"))
    expect(host.get_by_role("heading", name="Guests", exact=True)).to_be_visible()
    flow.press(host.get_by_role("link", name="Settings"))
    host.get_by_role("link", name="Delete this room").scroll_into_view_if_needed()
    flow.step(host, "1-manage")
    flow.press(host.get_by_role("link", name="Delete this room"))
    expect(host.get_by_text("3 photos and all people, faces and guests")).to_be_visible()
    flow.step(host, "2-question")
    guest.goto("about:blank")  # an open room would go on asking, and be told that it is gone
    flow.press(host.get_by_role("link", name="Keep it"))
    flow.press(host.get_by_role("link", name="Delete this room"))
    host.get_by_label("Type the room's title to delete it").fill("garden party")
    flow.press(host.get_by_role("button", name="Delete the room"))
    expect(host.get_by_role("heading", name="“Garden party” is in the bin")).to_be_visible()
    flow.step(host, "3-in-the-bin")
    assert guest.request.get(party.url).status == 404
    flow.press(host.get_by_text("Delete now"))
    flow.press(host.get_by_role("button", name="Delete everything"))
    expect(host.get_by_role("heading", name="“Garden party” is gone for good")).to_be_visible()
    with host.expect_download() as report:
        flow.press(host.get_by_role("link", name="Download the report"))
    assert '"photos": 3' in report.value.path().read_text(encoding="utf-8")
    flow.step(host, "4-gone")
    assert host.request.get(party.url).status == 404
