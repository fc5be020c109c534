"""A toast disappears by itself, but not while it is hovered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def told(open_page: Callable[..., Page], address: str) -> Callable[..., Page]:
    """Open the page that reports a saved name."""

    def tell(**options: object) -> Page:
        page = open_page(**options)
        page.clock.install()
        page.goto(f"{address}/rooms")
        page.get_by_label("Title").fill("Toast party")
        page.get_by_role("button", name="Create the room").click()
        page.get_by_role("link", name="Me", exact=True).click()
        page.get_by_label("Name").fill("Hanna")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".toast")).to_have_text("Your name is saved.")
        return page

    return tell


def test_it_goes_by_itself(told: Callable[..., Page]) -> None:
    page = told()

    page.clock.run_for(5_000)
    expect(page.locator(".toast")).to_be_visible()
    page.clock.run_for(5_000)
    expect(page.locator(".toast")).to_have_count(0)


def test_it_waits_for_who_points_at_it_and_goes_at_a_click(told: Callable[..., Page]) -> None:
    page = told()

    page.locator(".toast").hover()
    page.clock.run_for(60_000)
    expect(page.locator(".toast")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    page.clock.run_for(1_000)
    expect(page.locator(".toast")).to_have_count(0)


def test_on_a_phone_it_lies_over_the_bar_and_hides_nothing_of_it(
    told: Callable[..., Page],
) -> None:
    page = told(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)

    toast, bar = (page.locator(place).bounding_box() for place in (".toast", ".room-nav"))
    assert toast
    assert bar
    assert toast["y"] + toast["height"] <= bar["y"]
    assert bar["y"] + bar["height"] == 844
    assert bar["height"] >= 44


def test_without_javascript_it_is_a_line_of_the_page(
    told: Callable[..., Page], open_page: Callable[..., Page], address: str
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill("Quiet party")
    page.get_by_role("button", name="Create the room").click()
    page.get_by_role("link", name="Me", exact=True).click()
    page.get_by_label("Name").fill("Hanna")
    page.get_by_role("button", name="Save").click()

    toast, heading = (page.locator(place).bounding_box() for place in (".toast", "h1"))
    assert toast
    assert heading
    assert toast["y"] + toast["height"] <= heading["y"]
    expect(page.get_by_role("button", name="Close")).to_be_hidden()
