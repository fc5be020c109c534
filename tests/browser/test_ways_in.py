"""The ways into a room in a real browser: problems in view, links that arrive, blocked cookies."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 500}, "has_touch": True, "is_mobile": True}
PASSWORD = "open sesame"


@pytest.fixture(scope="module")
def locked(browser: Browser, address: str) -> str:
    """Address of a room with a password, in which one person was named and renamed."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill("Locked party")
    page.get_by_text("Password and end date").click()
    page.get_by_label("Room password").fill(PASSWORD)
    page.get_by_role("button", name="Create the room").click()
    url: str = page.get_by_label("Guest link").input_value()
    context.close()
    return url


def test_a_refused_password_is_in_view_with_the_focus_and_leads_to_the_page_sent(
    open_page: Callable[..., Page], locked: str
) -> None:
    page = open_page(**PHONE)
    page.goto(f"{locked}/people")
    page.get_by_label("Room password").fill("wrong")
    page.get_by_label("Room password").press("Enter")

    field = page.get_by_label("Room password")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description("That password isn't right.")
    expect(page.get_by_text("That password isn't right.")).to_be_in_viewport(ratio=1)
    field.fill(PASSWORD)
    field.press("Enter")
    page.wait_for_url(f"{locked}/people")


def test_a_code_that_no_room_has_is_said_on_the_first_screen(
    open_page: Callable[..., Page], address: str
) -> None:
    page = open_page(**PHONE)
    page.goto(address)
    page.get_by_label("Room code").fill("acdef-hjkm-nprtw")
    page.get_by_role("button", name="Join").tap()

    expect(page.get_by_label("Room code")).to_be_focused()
    expect(page.get_by_text("There's no room with this code.")).to_be_in_viewport(ratio=1)


def test_a_refused_field_inside_closed_details_is_in_view(
    open_page: Callable[..., Page], address: str
) -> None:
    page = open_page(**PHONE)
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill("Party")
    page.get_by_text("Password and end date").tap()
    page.get_by_label("End date").fill("2020-01-01")
    page.get_by_role("button", name="Create the room").tap()

    expect(page.get_by_label("End date")).to_be_focused()
    expect(page.get_by_text("The end date is in the past.")).to_be_in_viewport(ratio=1)


def test_blocked_cookies_are_said_instead_of_inviting_again(
    open_page: Callable[..., Page], locked: str
) -> None:
    page = open_page(**PHONE)

    def without_cookie(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        page.context.clear_cookies()  # where fetching has put it
        kept = {name: text for name, text in answer.headers.items() if name != "set-cookie"}
        route.fulfill(response=answer, headers=kept)

    page.route(re.compile("/join$"), without_cookie)
    page.goto(locked)
    page.get_by_label("Room password").fill(PASSWORD)
    page.get_by_role("button", name="Join the room").tap()

    expect(page.get_by_role("heading", level=1)).to_have_text("This browser blocks cookies")
    page.get_by_role("link", name="Try again").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("You're invited")


def test_moments_are_in_the_time_zone_of_the_reader(
    open_page: Callable[..., Page], locked: str
) -> None:
    written = (
        "<time datetime='2026-12-31T23:30:00+00:00' data-moment>Dec 31, 2026, 11:30 PM UTC</time>"
    )

    def said_in(zone: str, **options: object) -> str:
        page = open_page(timezone_id=zone, locale="en-US", **options)

        def with_moment(route: Route) -> None:
            answer = route.fetch()
            route.fulfill(response=answer, body=answer.text().replace("<h1>", f"{written}<h1>"))

        page.route(locked, with_moment)
        page.goto(locked)
        page.wait_for_load_state("networkidle")
        return page.locator("time").inner_text().replace("\u202f", " ")

    assert said_in("America/New_York") == "Dec 31, 2026, 6:30 PM"
    assert said_in("Asia/Tokyo") == "Jan 1, 2027, 8:30 AM"
    assert said_in("Asia/Tokyo", java_script_enabled=False) == "Dec 31, 2026, 11:30 PM UTC"
