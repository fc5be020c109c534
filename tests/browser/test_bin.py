"""The bin on a phone: photos, and the room, are deleted and come back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


@pytest.fixture(params=[(PHONE, "light", True), (DESKTOP, "dark", True), (PHONE, "dark", False)])
def host(
    open_page: Callable[..., Page],
    address: str,
    event_photos: list[Path],
    request: pytest.FixtureRequest,
) -> Page:
    """A browser that hosts a room with two photos, with a script or without."""
    viewport, scheme, has_script = request.param
    page = open_page(viewport=viewport, color_scheme=scheme, java_script_enabled=has_script)
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill("Garden party")
    page.get_by_role("button", name="Create the room").click()
    room = page.url.removesuffix("/share")
    for photo in event_photos[:2]:
        content: FilePayload = {
            "name": photo.name,
            "mimeType": "image/jpeg",
            "buffer": photo.read_bytes(),
        }
        answer = page.request.post(
            f"{room}/photos", multipart={"photos": content}, headers={"Origin": address}
        )
        assert answer.ok
    page.goto(f"{room}/photos")
    return page


def has_no_scrollbar(page: Page) -> bool:
    box = page.locator("html").bounding_box()
    main = page.locator("main").bounding_box()
    assert box is not None
    assert main is not None
    return main["width"] <= box["width"]


def test_a_photo_and_the_room_are_deleted_and_come_back(
    host: Page, take_screenshot: Callable[[Page, str], None]
) -> None:
    assert host.viewport_size is not None
    room, name = host.url.removesuffix("/photos"), f"bin-{host.viewport_size['width']}"
    host.locator("a.tile").first.click()
    host.get_by_role("link", name="Delete…").click()
    expect(host.get_by_text("They stay in the bin for 7 days")).to_be_visible()
    host.get_by_role("button", name="Delete photo").click()
    expect(host.locator("a.tile")).to_have_count(1)

    host.goto(f"{room}/me")
    host.get_by_role("link", name="Bin of the room").click()
    picture = host.locator(".delete-previews img")
    expect(picture).to_have_count(1)
    assert has_no_scrollbar(host)
    take_screenshot(host, f"{name}-photos")
    host.get_by_role("button", name="Restore").click()
    expect(host.get_by_text("The bin is empty.")).to_be_visible()
    host.goto(f"{room}/photos")
    expect(host.locator("a.tile")).to_have_count(2)

    host.goto(f"{room}/settings")
    take_screenshot(host, f"{name}-settings")
    host.get_by_role("link", name="Delete this room").click()
    host.get_by_label("Type the room's title to delete it").fill("Garden")
    host.get_by_role("button", name="Delete the room").click()
    expect(host.get_by_text("That isn't the room's title.")).to_be_visible()
    take_screenshot(host, f"{name}-question")
    host.get_by_label("Type the room's title to delete it").fill("garden party")
    host.get_by_role("button", name="Delete the room").click()
    expect(host.get_by_role("heading", name="“Garden party” is in the bin")).to_be_visible()
    assert has_no_scrollbar(host)
    take_screenshot(host, f"{name}-room")
    host.get_by_role("button", name="Restore the room").click()
    expect(host.get_by_role("heading", name="Garden party")).to_be_visible()
    host.goto(f"{room}/photos")
    expect(host.locator("a.tile")).to_have_count(2)


def test_a_room_is_ended_with_one_tap_and_opened_again(
    host: Page, take_screenshot: Callable[[Page, str], None]
) -> None:
    room = host.url.removesuffix("/photos")
    host.goto(f"{room}/settings")
    host.get_by_role("button", name="End it now").click()
    expect(host.locator(".ended-note")).to_contain_text("This room ended on")
    assert host.viewport_size is not None
    take_screenshot(host, f"bin-{host.viewport_size['width']}-ended")
    host.get_by_role("button", name="Open it again").click()
    expect(host.locator(".ended-note")).to_have_count(0)
