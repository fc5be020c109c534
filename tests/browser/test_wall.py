"""The live wall: new photos appear by themselves, a lost connection does no harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.fakes import draw_photo

pytestmark = pytest.mark.browser

SOON_MS = 20_000  # two polls of the wall's script, on a slow machine


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.png" for name in ("first", "second", "third")]
    for number, path in enumerate(paths):
        path.write_bytes(draw_photo(seed=number, image_format="PNG", width=150))
    return paths


@pytest.fixture
def party(open_page: Callable[..., Page], address: str) -> tuple[Page, str]:
    """Create a room; return the host's page and the room's address."""
    host = open_page()
    host.goto(f"{address}/rooms")
    host.get_by_label("Title").fill("Wall party")
    host.get_by_role("button", name="Create the room").click()
    return host, host.get_by_label("Guest link").input_value()


def add(host: Page, url: str, *paths: Path) -> None:
    host.goto(url)
    host.locator("input[type=file]").set_input_files(paths)
    expect(host.locator(".photo-grid .tile").first).to_be_visible()


def wall_of(open_page: Callable[..., Page], host: Page, url: str, **options: object) -> Page:
    page = open_page(storage_state=host.context.storage_state(), **options)
    page.goto(f"{url}/wall")
    return page


def test_new_photos_appear_and_nothing_has_to_be_touched(
    open_page: Callable[..., Page], party: tuple[Page, str], pictures: list[Path]
) -> None:
    host, url = party
    wall = wall_of(open_page, host, url)
    expect(wall.locator("#wall")).to_have_class("wall is-empty is-idle", timeout=SOON_MS)
    expect(wall.locator("#wall")).to_have_css("cursor", "none")
    expect(wall.get_by_text("Be the first")).to_be_visible()

    add(host, url, pictures[0])

    shown = wall.locator(".wall-photo.is-shown .wall-picture")
    expect(shown).to_be_visible(timeout=SOON_MS)
    expect(wall.locator(".wall-invitation img")).to_be_visible()
    first = shown.get_attribute("src")
    add(host, url, pictures[1])
    expect(shown.last).not_to_have_attribute("src", first or "", timeout=SOON_MS)
    wall.mouse.move(10, 10)
    expect(wall.locator("#wall")).not_to_have_class("wall is-idle")


def test_it_goes_on_after_a_lost_connection(
    open_page: Callable[..., Page], party: tuple[Page, str], pictures: list[Path]
) -> None:
    host, url = party
    add(host, url, pictures[0])
    wall = wall_of(open_page, host, url)
    is_lost = True

    def lose(route: Route) -> None:
        if is_lost:
            route.fulfill(status=502, body="bad gateway")
        else:
            route.continue_()

    wall.route("**/wall/photos?*", lose)
    problem = wall.locator(".wall-problem")
    expect(problem).to_have_text("Connection lost. Reconnecting…", timeout=2 * SOON_MS)
    shown = wall.locator(".wall-photo.is-shown .wall-picture")
    expect(shown.first).to_be_visible()
    is_lost = False
    expect(problem).to_be_empty(timeout=2 * SOON_MS)


def test_a_room_that_was_deleted_is_told_and_asked_for_no_more(
    open_page: Callable[..., Page], party: tuple[Page, str], pictures: list[Path], address: str
) -> None:
    host, url = party
    add(host, url, pictures[0])
    wall = wall_of(open_page, host, url)
    headers = {"Origin": address}
    assert host.request.post(f"{url}/delete", form={"title": "Wall party"}, headers=headers).ok

    expect(wall.locator(".wall-problem")).to_have_text(
        "This room is no longer open.", timeout=SOON_MS
    )


def test_who_wants_less_motion_gets_less(
    open_page: Callable[..., Page], party: tuple[Page, str], pictures: list[Path]
) -> None:
    host, url = party
    add(host, url, pictures[0])
    still = wall_of(open_page, host, url, reduced_motion="reduce")
    moving = wall_of(open_page, host, url, reduced_motion="no-preference")

    expect(still.locator(".wall-picture")).to_have_css("animation-name", "none")
    expect(still.locator(".wall-photo")).to_have_css("transition-duration", "0s")
    expect(moving.locator(".wall-picture")).to_have_css("animation-name", "drift")


def test_it_stands_still_while_it_is_paused(
    open_page: Callable[..., Page], party: tuple[Page, str], pictures: list[Path]
) -> None:
    host, url = party
    add(host, url, *pictures[:2])
    wall = wall_of(open_page, host, url)
    shown = wall.locator(".wall-photo.is-shown .wall-picture")
    first = shown.get_attribute("src")
    wall.get_by_role("button", name="Pause").click()
    expect(wall.get_by_role("button", name="Continue")).to_be_focused()

    wall.wait_for_timeout(10_000)  # longer than a photo is shown
    expect(shown).to_have_attribute("src", first or "")
    expect(shown).to_have_css("animation-play-state", "paused")
    wall.locator("h1").evaluate("e => document.activeElement.blur()")
    wall.keyboard.press("Space")

    expect(wall.get_by_role("button", name="Pause")).to_be_visible()
    expect(shown.last).not_to_have_attribute("src", first or "", timeout=SOON_MS)


def test_without_javascript_the_photos_follow_each_other(
    open_page: Callable[..., Page], party: tuple[Page, str], pictures: list[Path]
) -> None:
    host, url = party
    add(host, url, *pictures[:2])
    wall = wall_of(open_page, host, url, java_script_enabled=False)
    first = wall.locator(".wall-picture").get_attribute("src")

    expect(wall.locator(".wall-picture")).not_to_have_attribute("src", first or "", timeout=SOON_MS)


def test_it_shows_the_code_of_a_new_guest_link(
    open_page: Callable[..., Page], party: tuple[Page, str], pictures: list[Path]
) -> None:
    host, url = party
    add(host, url, pictures[0])
    wall = wall_of(open_page, host, url)
    code = wall.locator(".wall-invitation img")
    before = code.get_attribute("src")

    host.goto(f"{url}/guest-link")
    host.get_by_role("button", name="Make a new link").click()
    new = host.get_by_label("Guest link").input_value()

    wall.wait_for_url(f"{new}/wall", timeout=SOON_MS)
    assert code.get_attribute("src") != before
