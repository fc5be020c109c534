"""The owner logs in, looks after the rooms and logs out: on a phone and on a desktop."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import QUICK_ENVIRON, QUICK_SERVER, save_screenshot
from tests.browser.test_accessibility import SCHEMES, violations
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = pytest.mark.browser

PASSWORD = "acde-fhjk-mnpr-twxy"
SIZES = {390: 844, 1280: 860}  # width and height in pixels
ROOMS = (
    *("Lea & Tom's wedding", "Grandma's 90th", "Trip to the sea", "Office party", "Reunion"),
    *("Summer camp", "A very long title of a room, as somebody typed it on a phone one evening"),
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, empty_data: Path) -> Iterator[str]:
    """Address of a server on which the owner's password opens rooms."""
    port, data = free_port(), tmp_path_factory.mktemp("served")
    shutil.copytree(empty_data, data, dirs_exist_ok=True)
    environ = {"PHOTOSHARE_ROOM_CREATION": "password", "PHOTOSHARE_OWNER_PASSWORD": PASSWORD}
    with server(data, port, QUICK_SERVER, **environ, **QUICK_ENVIRON) as process:
        wait_until_it_serves(process, port)
        yield f"http://127.0.0.1:{port}"


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/owner")
    page.get_by_label("Owner's password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="The owner's page")).to_be_visible()


def add_room(page: Page, address: str, title: str) -> None:
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Create the room").click()
    expect(page.get_by_label("Guest link")).to_be_visible()


def problems_of(page: Page, name: str) -> dict[tuple[str, int, str], list[str]]:
    """Look at a page in both sizes and schemes."""
    found: dict[tuple[str, int, str], list[str]] = {}
    for width, height in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            save_screenshot(page, f"pages/{name}-{width}-{scheme}")
            problems = violations(page, only_colours=scheme == "dark")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                problems.append("wider than the screen")
            if problems:
                found[name, width, scheme] = problems
    return found


def test_the_owner_logs_in_and_every_page_fits(
    open_page: Callable[..., Page], address: str
) -> None:
    page = open_page()
    page.goto(f"{address}/owner")
    found = problems_of(page, "owner-login")
    page.goto(f"{address}/rooms")
    found |= problems_of(page, "owner-create-room")
    log_in(page, address)
    found |= problems_of(page, "owner-empty")
    for title in ROOMS:
        add_room(page, address, title)
    page.goto(f"{address}/owner")
    found |= problems_of(page, "owner-rooms")

    page.get_by_role("searchbox").fill("lea tom")
    expect(page.locator("#room-list li")).to_have_count(1)
    page.get_by_role("link", name="Lea & Tom's wedding").click()
    found |= problems_of(page, "owner-room")
    page.get_by_role("button", name="End it now").click()
    expect(page.get_by_role("heading", name="ended")).to_be_visible()
    page.get_by_role("button", name="Make a new host link").click()
    expect(page.get_by_label("Host link")).to_have_value(address_of_a_host_link(address))
    found |= problems_of(page, "owner-host-link")
    page.go_back()
    page.get_by_role("link", name="Delete this room…").click()
    page.get_by_label("Type the room's title").fill("Lea")
    page.get_by_role("button", name="Delete the room").click()
    expect(page.locator("#title-problem")).to_be_visible()
    found |= problems_of(page, "owner-delete")
    page.get_by_label("Type the room's title").fill("lea & tom's wedding")
    page.get_by_role("button", name="Delete the room").click()
    expect(page.get_by_role("heading", name="In the bin", exact=True)).to_be_visible()
    found |= problems_of(page, "owner-bin")
    page.get_by_role("button", name="Delete now").click()
    expect(page.get_by_role("heading", name="is gone for good")).to_be_visible()
    page.goto(f"{address}/owner")
    page.get_by_role("link", name="Trip to the sea").click()
    page.get_by_role("button", name="Open it as a host").click()
    expect(page.get_by_role("link", name="Manage")).to_be_visible()
    page.goto(f"{address}/owner")
    page.get_by_role("button", name="Log out here").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()

    assert found == {}


def address_of_a_host_link(address: str) -> re.Pattern[str]:
    return re.compile(re.escape(address) + r"/rooms/[a-z0-9-]+/host/[\w-]+")


@pytest.mark.parametrize("language", ["de", "ar"])
def test_it_fits_in_other_languages(
    open_page: Callable[..., Page], address: str, language: str
) -> None:
    page = open_page(locale=language)
    page.goto(f"{address}/owner")
    page.locator("[name=owner_password]").fill(PASSWORD)
    page.locator("main form button").click()
    expect(page.locator("#server-state")).to_be_visible()
    found = problems_of(page, f"owner-rooms-{language}")
    page.locator("#room-list a").first.click()
    found |= problems_of(page, f"owner-room-{language}")

    assert found == {}


def test_it_works_without_javascript(open_page: Callable[..., Page], address: str) -> None:
    page = open_page(java_script_enabled=False)
    log_in(page, address)
    add_room(page, address, "Without a script")

    page.goto(f"{address}/owner")
    page.get_by_role("searchbox").fill("without")
    page.get_by_role("button", name="Find", exact=True).click()
    page.get_by_role("link", name="Without a script").click()
    page.get_by_role("link", name="Delete this room…").click()
    page.get_by_label("Type the room's title").fill("Without a script")
    page.get_by_role("button", name="Delete the room").click()

    expect(page.locator(".toasts")).to_contain_text("The room is in the bin.")
    page.get_by_role("button", name="Restore").click()
    expect(page.locator(".toasts")).to_contain_text("The room is back")
