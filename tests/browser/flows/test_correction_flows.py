"""Corrections by hand: faces removed from or moved to an album, two people merged."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.flows.conftest import ALL_SIZES, Flow

pytestmark = pytest.mark.browser


def everybody(page: Page) -> Locator:
    return page.locator(".people-strip [data-person], #people-grid [data-person]")


def open_first_album(flow: Flow, page: Page) -> str:
    """Open the album of the person in most photos; return its address."""
    flow.press(everybody(page).first)
    page.wait_for_url("**/people/*")
    expect(page.locator(".tile")).to_have_count(3)
    return page.url


def undo(flow: Flow, page: Page) -> None:
    flow.press(page.locator(".toast").get_by_role("button", name="Undo"))
    expect(page.locator(".toast").last).to_contain_text("undone")


def test_reject_a_face(flow: Flow, shots: list[Path]) -> None:
    party = flow.begin()
    page = party.host
    flow.add(page, party.url, shots)
    album = open_first_album(flow, page)
    flow.press(page.get_by_text("More", exact=True))
    flow.step(page, "1-what-is-wrong")
    flow.press(page.get_by_role("link", name="These aren't all the same person"))
    faces = page.locator("[data-pick]")
    expect(faces).to_have_count(3)
    flow.press(faces.first)
    expect(page.locator("[data-chosen]")).to_have_text("1 selected")
    flow.step(page, "2-chosen")

    flow.press(page.get_by_role("button", name="Not this person"))
    expect(page.locator(".toast")).to_be_visible()
    expect(faces).to_have_count(2)
    flow.step(page, "3-told")
    undo(flow, page)
    flow.step(page, "4-undone")
    page.goto(album)
    expect(page.locator(".tile")).to_have_count(3)


@ALL_SIZES
def test_move_a_face(flow: Flow, shots: list[Path]) -> None:
    party = flow.begin()
    page = party.host
    flow.add(page, party.url, shots)
    album = open_first_album(flow, page)
    flow.press(page.locator(".tile").first)
    page.wait_for_url("**/photos/*")
    length = page.evaluate("history.length")
    flow.press(page.get_by_role("link", name="Fix faces"))
    expect(page.get_by_role("heading", name="Which face is wrong?")).to_be_visible()
    expect(page.locator(".faces")).to_have_css("opacity", "1")
    expect(page.get_by_role("link", name="Done")).to_be_focused()
    assert page.evaluate("history.length") == length, "it is the same page"
    flow.press(page.get_by_role("link", name="Fix Who's this?").first)
    flow.step(page, "1-face")
    flow.press(page.get_by_role("button", name="Someone else"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Who's this?")
    flow.step(page, "2-who")

    flow.press(page.get_by_role("button", name="Someone new"))
    expect(page.locator(".toast")).to_be_visible()
    expect(page.get_by_role("heading", name="Which face is wrong?")).to_be_visible()
    flow.step(page, "3-told")
    undo(flow, page)
    expect(page.get_by_role("heading", name="Which face is wrong?")).to_be_visible()
    page.goto(album)
    expect(page.locator(".tile")).to_have_count(3)


def test_answer_the_question(flow: Flow, shots: list[Path]) -> None:
    party = flow.begin()
    page = party.host
    flow.add(page, party.url, shots)
    flow.press(page.locator("#all-people"))
    expect(everybody(page)).to_have_count(4)
    flow.press(page.get_by_role("link", name="Same person?"))
    expect(page.get_by_text("1 question left")).to_be_visible()
    flow.step(page, "1-question")

    flow.press(page.get_by_role("button", name="Same person"))
    expect(page.locator(".toast")).to_contain_text("Merged into one person.")
    expect(page.get_by_text("no open questions")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Same person?")
    flow.step(page, "2-answered")
    flow.press(page.get_by_role("link", name="All people"))
    expect(everybody(page)).to_have_count(3)
    flow.press(page.get_by_role("link", name="Changes"))
    expect(page.get_by_text("Hanna merged two people")).to_be_visible()
    flow.step(page, "3-history")
    flow.press(page.get_by_role("button", name="Undo"))
    expect(page.locator(".toast")).to_contain_text("undone")
    expect(page.locator(".history .is-undone")).to_have_count(1)
    flow.step(page, "4-undone")
    flow.press(page.get_by_role("link", name="All people"))
    expect(everybody(page)).to_have_count(4)
