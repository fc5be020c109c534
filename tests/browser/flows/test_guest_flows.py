"""What a guest does: join, add photos, look at them, select some, download their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.flows.conftest import ALL_SIZES, FOUND, SOON_MS, Flow, content_of, watch
from tests.browser.test_select import drag

pytestmark = pytest.mark.browser


def test_a_broken_policy_and_a_refused_request_are_noticed(browser: Browser, address: str) -> None:
    page = browser.new_page()
    problems: list[str] = []
    said: list[str] = []
    watch(page, problems)
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{address}/nowhere")
    page.evaluate("document.body.append(Object.assign(new Image(), { src: 'http://[::1]:9/x' }))")

    page.wait_for_function("document.images.length > 1")
    expect(page.locator("img").last).to_be_attached()
    page.wait_for_timeout(100)
    page.context.close()
    assert problems == [f"404 {address}/nowhere"]
    assert any(text.startswith("policy: img-src http://[::1]:9/x") for text in said)


def test_join_and_add(flow: Flow, shots: list[Path], hold: Path) -> None:
    party = flow.begin()
    page = flow.open()

    page.goto(party.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Garden party")
    flow.step(page, "1-invitation")
    page.get_by_label("Your name").fill("Gustav")
    flow.press(page.get_by_role("button", name="Join the room"))
    expect(page.get_by_text("waiting for its first photo")).to_be_visible()
    flow.step(page, "2-empty-room")
    hold.touch()
    page.locator("input[type=file]").set_input_files(shots)
    expect(page.locator(".upload-summary")).to_have_text("8 photos added", timeout=SOON_MS)
    expect(page.locator(".upload-pictures canvas.is-safe")).to_have_count(8)
    expect(page.get_by_role("link", name="Now find yourself")).to_be_visible()
    expect(page.locator("#job-status progress")).to_be_visible()
    expect(page.locator("#job-status")).to_contain_text("Finding people: 0 of 8 photos")
    expect(page.locator(".photo-grid .tile")).to_have_count(8)
    flow.step(page, "3-safe")
    hold.unlink()
    expect(page.locator("#job-status")).to_contain_text(FOUND, timeout=SOON_MS)
    expect(page.locator(".people-strip [data-person]")).to_have_count(4)
    flow.step(page, "4-people")


@ALL_SIZES
def test_album_and_photos(flow: Flow, shots: list[Path]) -> None:
    page = flow.join(flow.begin())
    flow.add(page, page.url, shots)

    flow.press(page.locator(".people-strip [data-person]").first)
    expect(page.locator(".tile")).to_have_count(3)
    flow.step(page, "1-album")
    flow.press(page.get_by_role("heading", name="Who's this?"))
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.get_by_label("Name", exact=True).fill("Anna")
    flow.press(page.get_by_role("button", name="Save"))
    expect(page.locator(".toast")).to_contain_text("Name saved.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Anna")
    flow.step(page, "2-named")
    flow.press(page.get_by_role("button", name="Close"))
    expect(page.locator(".toast")).to_have_count(0)
    album = page.url
    flow.press(page.locator(".tile").first)
    page.wait_for_url("**/photos/*")
    expect(page.get_by_role("link", name="Previous")).to_have_count(0)
    first = page.url
    flow.step(page, "3-photo")
    page.get_by_role("link", name="Next").press("Enter")  # on phones it is for keyboards only
    page.wait_for_url(lambda url: url != first)
    second = page.url
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: url != second)
    expect(page.get_by_role("link", name="Next")).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(second)
    page.get_by_role("link", name="Previous").press("Enter")
    page.wait_for_url(first)
    flow.press(page.get_by_role("button", name="Faces"))
    expect(page.locator(".faces")).to_have_css("opacity", "1")
    flow.step(page, "4-faces")
    page.keyboard.press("Escape")
    page.wait_for_url(album)
    expect(page.get_by_role("heading", level=1)).to_have_text("Anna")
    flow.press(page.locator(".tile").last)
    page.wait_for_url("**/photos/*")
    last = page.url
    page.go_back()
    page.wait_for_url(album)
    page.go_forward()
    page.wait_for_url(last)
    flow.press(page.get_by_role("link", name="Anna's album"))
    page.wait_for_url(album)
    flow.step(page, "5-album-again")


def test_select_and_download(flow: Flow, shots: list[Path], tmp_path: Path) -> None:
    page = flow.join(flow.begin())
    flow.add(page, page.url, shots)
    flow.press(page.locator("#all-photos"))
    expect(page.locator(".tile")).to_have_count(8)
    flow.press(page.locator(".selection > summary"))
    cells = page.locator(".cell")
    expect(page.get_by_role("button", name="Download (zip)")).to_be_disabled()
    flow.step(page, "1-select")

    if flow.is_touch:
        for number in (0, 1, 2):
            cells.nth(number).tap()
    else:
        drag(page, cells.nth(0), cells.nth(2))
    flow.press(cells.nth(1))
    expect(page.locator("[data-chosen]")).to_have_text("2 selected")
    flow.step(page, "2-chosen")
    with page.expect_download() as saved:
        flow.press(page.get_by_role("button", name="Download (zip)"))
    assert saved.value.suggested_filename == "Garden party - selected.zip"
    newest_first = shots[::-1]
    assert content_of(saved.value, tmp_path) == {
        newest_first[number].name: newest_first[number].read_bytes() for number in (0, 2)
    }
    flow.press(page.get_by_role("button", name="Clear"))
    expect(page.locator("[data-chosen]")).to_have_text("0 selected")


def test_take_home(flow: Flow, shots: list[Path], tmp_path: Path) -> None:
    page = flow.join(flow.begin())
    flow.add(page, page.url, shots)
    flow.press(page.locator("#all-people"))
    expect(page.locator("#people-grid [data-person]")).to_have_count(4)
    flow.step(page, "1-people")
    flow.press(page.locator("#people-grid [data-person]").first)
    expect(page.locator(".tile")).to_have_count(3)

    with page.expect_download() as saved:
        flow.press(page.get_by_role("link", name="Download (zip)"))
    flow.step(page, "2-album")
    names = {"cake.jpg", "dance.jpg", "garden.jpg"}
    assert content_of(saved.value, tmp_path) == {
        shot.name: shot.read_bytes() for shot in shots if shot.name in names
    }


def test_delete_own_photo(flow: Flow, shots: list[Path]) -> None:
    party = flow.begin()
    flow.add(party.host, party.url, shots[:1])
    page = flow.join(party)
    flow.add(page, page.url, shots[1:3])
    flow.press(page.locator(".tile").last)  # the host's
    page.wait_for_url("**/photos/*")
    expect(page.get_by_role("link", name="Delete")).to_have_count(0)
    flow.press(page.get_by_role("link", name="All photos"))
    page.wait_for_url("**/photos?*")  # where one was; the own photos are above
    page.goto(f"{party.url}/photos")
    flow.press(page.locator(".tile").first)
    page.wait_for_url("**/photos/*")

    flow.press(page.get_by_role("link", name="Delete"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete this photo?")
    flow.step(page, "1-question")
    flow.press(page.get_by_role("link", name="Keep it"))
    flow.press(page.get_by_role("link", name="Delete"))
    flow.press(page.get_by_role("button", name="Delete photo"))
    expect(page.locator(".toast")).to_contain_text("1 photo deleted.")
    page.goto(f"{party.url}/photos")
    expect(page.locator(".tile")).to_have_count(2)
    flow.step(page, "2-deleted")
