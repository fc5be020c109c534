"""Navigation through a room, and the same pages in a right-to-left language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.flows.conftest import ALL_SIZES, SIZES, Flow

pytestmark = pytest.mark.browser
THUMB_PX = 120  # from the lower edge: the reach of a thumb with one hand
TARGET_PX = 44  # for a thumb, at least


@ALL_SIZES
def test_navigation(flow: Flow, shots: list[Path]) -> None:
    page = flow.join(flow.begin())
    flow.add(page, page.url, shots[:3])
    links = page.get_by_role("navigation", name="Room").get_by_role("link")
    expect(links).to_have_text(["Room", "Photos", "People", "Add", "Me"])
    if flow.is_touch:
        for link in links.all():
            box = link.bounding_box()
            assert box
            assert box["y"] > SIZES[flow.width] - THUMB_PX
            assert min(box["width"], box["height"]) >= TARGET_PX
    else:
        box = links.first.bounding_box()
        assert box
        assert box["y"] < 60

    def go(name: str) -> None:
        flow.press(links.filter(has_text=name))

    for name, path in {"Photos": "/photos", "People": "/people", "Me": "/me"}.items():
        go(name)
        page.wait_for_url(f"**{path}")
        expect(links.filter(has_text=name)).to_have_attribute("aria-current", "page")
        flow.step(page, name.lower())
    with page.expect_file_chooser() as chooser:  # from any page, with one tap
        go("Add")
    assert chooser.value.is_multiple()
    flow.step(page, "add")


def test_languages(flow: Flow, shots: list[Path]) -> None:
    party = flow.begin()
    flow.add(party.host, party.url, shots[:3])
    page = flow.open()

    def speak(language: str, direction: str) -> None:
        page.locator("select[name=language]").select_option(language)
        flow.press(page.locator(".language-form button"))
        expect(page.locator("html")).to_have_attribute("dir", direction)
        expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))

    page.goto(flow.address)
    flow.step(page, "1-start")
    speak("ar", "rtl")
    flow.step(page, "2-start-arabic")
    page.goto(party.url)
    flow.step(page, "3-invitation-arabic")
    flow.press(page.locator("main form button"))
    expect(page.locator(".tile")).to_have_count(3)
    flow.step(page, "4-room-arabic")
    flow.press(page.locator(".tile").first)
    page.wait_for_url("**/photos/*")
    first = page.url
    page.keyboard.press("ArrowLeft")  # onwards, when reading from right to left
    page.wait_for_url(lambda url: url != first)
    flow.step(page, "5-photo-arabic")
    page.goto(f"{party.url}/me")
    flow.step(page, "6-me-arabic")
    speak("en", "ltr")
    expect(page.get_by_role("link", name="Photos", exact=True)).to_be_visible()
    assert not re.search("[\u0600-\u06ff]", page.locator("h1").inner_text())
