"""Selecting by tap, Shift and drag; answering with keys; layout shifts on pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from tests.browser.conftest import ALL_FOUND, ANALYSIS_MS, EVENT

pytestmark = pytest.mark.browser

MOST_SHIFT = 0.05  # of the layout, as Chromium computes it
SHIFTS = """() => new Promise(resolve => {
    let sum = 0;
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) sum += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => resolve(sum), 300);
})"""


@dataclass
class Room:
    """A room with searched photos, and the state of its host's browser."""

    url: str
    host: StorageState


@pytest.fixture(scope="module")
def room(browser: Browser, address: str, event_photos: list[Path]) -> Room:
    page = browser.new_page()
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill("Garden party")
    page.get_by_role("button", name="Create the room").click()
    url = page.get_by_label("Guest link").input_value()
    page.get_by_role("link", name="Room", exact=True).click()
    page.locator("input[type=file]").set_input_files(event_photos)
    expect(page.locator("#job-status")).to_contain_text(ALL_FOUND, timeout=ANALYSIS_MS)
    found = Room(url, page.context.storage_state())
    page.context.close()
    return found


@pytest.fixture
def look_at(room: Room, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open a page of the room as its host."""

    def look(path: str, **options: object) -> Page:
        page = open_page(storage_state=room.host, **options)
        page.goto(f"{room.url}/{path}")
        return page

    return look


def drag(page: Page, first: Locator, *others: Locator) -> None:
    """Press the mouse on the first one, move over the others and release."""
    boxes = [place.bounding_box() for place in (first, *others)]
    middles = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes if box]
    assert len(middles) == len(boxes)
    page.mouse.move(*middles[0])
    page.mouse.down()
    for place in middles[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def chosen(page: Page) -> list[bool]:
    return [box.is_checked() for box in page.locator("[data-pick] input").all()]


def test_photos_are_chosen_by_taps_and_nothing_opens(look_at: Callable[..., Page]) -> None:
    page = look_at("photos")
    page.locator(".selection > summary").click()
    download = page.get_by_role("button", name="Download (zip)")
    count = page.locator("[data-chosen]")
    expect(count).to_have_text("0 selected")
    expect(download).to_be_disabled()

    page.locator(".cell").nth(1).click()

    expect(count).to_have_text("1 selected")
    expect(download).to_be_enabled()
    assert chosen(page) == [False, True, False, False, False]
    with page.expect_download() as saved:
        download.click()
    assert saved.value.suggested_filename == "Garden party - selected.zip"


def test_shift_chooses_all_between_two_clicks(look_at: Callable[..., Page]) -> None:
    page = look_at("photos")
    page.locator(".selection > summary").click()

    page.locator(".cell").nth(0).click()
    page.locator(".cell").nth(3).click(modifiers=["Shift"])

    expect(page.locator("[data-chosen]")).to_have_text("4 selected")
    assert chosen(page) == [True, True, True, True, False]


def test_dragging_chooses_what_lies_between_and_gives_back_what_it_leaves(
    look_at: Callable[..., Page],
) -> None:
    page = look_at("people/1/faces")
    faces = page.locator("[data-pick]")
    expect(faces).to_have_count(3)

    drag(page, faces.nth(0), faces.nth(2), faces.nth(1))
    assert chosen(page) == [True, True, False]
    expect(page.locator("[data-chosen]")).to_have_text("2 selected")
    drag(page, faces.nth(1), faces.nth(2))
    assert chosen(page) == [True, False, False]


def test_a_finger_that_moves_sideways_chooses_and_one_that_moves_up_scrolls(
    look_at: Callable[..., Page],
) -> None:
    page = look_at(
        "people/1/faces", viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True
    )
    page.evaluate("document.body.style.minHeight = '2000px'")  # there is something to scroll
    boxes = [face.bounding_box() for face in page.locator("[data-pick]").all()]
    first, second = (
        {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for box in boxes[:2]
        if box
    )

    def move_finger(start: dict[str, float], end: dict[str, float]) -> None:
        touch = page.context.new_cdp_session(page)
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [start]})
        for step in range(1, 9):
            point = {axis: start[axis] + (end[axis] - start[axis]) * step / 8 for axis in "xy"}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    move_finger(first, second)
    expect(page.locator("[data-chosen]")).to_have_text("2 selected")
    assert page.evaluate("scrollY") == 0
    page.keyboard.press("Escape")
    move_finger(first, {"x": first["x"], "y": first["y"] - 150})
    page.wait_for_function("scrollY > 0")
    expect(page.locator("[data-chosen]")).to_have_text("0 selected")


PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
HOLD_MS = 900  # twice as long as static/select-photos.js waits
# A phone's browser: it takes pictures to share, and tells how many it got.
SHARES = """navigator.canShare = ({ files }) => files.every(({ type }) => /^image/.test(type));
window.shared = [];
navigator.share = async ({ files }) => window.shared.push(files.map(({ name }) => name));"""


def test_a_long_press_begins_and_moving_on_chooses_more(look_at: Callable[..., Page]) -> None:
    page = look_at("photos", **PHONE)
    boxes = [cell.bounding_box() for cell in page.locator(".cell").all()[:2]]
    first, second = ({"x": box["x"] + 20, "y": box["y"] + 20} for box in boxes if box)
    touch = page.context.new_cdp_session(page)

    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [first]})
    page.wait_for_timeout(HOLD_MS)
    touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [second]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    expect(page.locator("[data-chosen]")).to_have_text("2 selected")
    assert page.url.endswith("/photos")


def test_a_day_is_deleted_by_three_taps_and_comes_back_by_one(
    look_at: Callable[..., Page], take_screenshot: Callable[..., None]
) -> None:
    page = look_at("photos", **PHONE)
    tiles = page.locator(".photo-grid .tile")
    count = tiles.count()
    day = page.locator("[data-select-day]").first

    day.tap()
    expect(day).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Delete…").tap()
    take_screenshot(page, "delete-question")
    page.get_by_role("button", name="Delete photos").tap()

    expect(page.locator(".toast")).to_contain_text("deleted.")
    assert tiles.count() < count
    page.locator(".toast").get_by_role("button", name="Undo").tap()
    expect(page.locator(".toast")).to_contain_text("back again.")
    expect(tiles).to_have_count(count)


def test_chosen_photos_go_into_the_gallery(look_at: Callable[..., Page]) -> None:
    page = look_at("photos", **PHONE)
    page.context.add_init_script(SHARES)
    page.reload()
    page.locator(".selection > summary").tap()
    page.locator(".cell").nth(0).tap()
    page.locator(".cell").nth(1).tap()

    page.get_by_role("button", name="Save to your gallery").tap()
    page.locator("#save-photos").get_by_role("button", name="Save", exact=True).tap()

    expect(page.locator("#save-photos")).to_be_hidden()
    assert [len(names) for names in page.evaluate("shared")] == [2]


def test_all_none_and_escape(look_at: Callable[..., Page]) -> None:
    page = look_at("photos")
    page.locator(".selection > summary").click()

    page.get_by_role("button", name="Select all").click()
    assert chosen(page) == [True] * 5
    expect(page.get_by_role("button", name="Select all")).to_be_hidden()
    page.get_by_role("button", name="Clear").click()
    assert not any(chosen(page))
    page.locator(".cell").first.click()
    page.keyboard.press("Escape")
    assert not any(chosen(page))
    expect(page.locator(".selection")).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(page.locator(".selection")).not_to_have_attribute("open", "")


def test_a_keyboard_chooses_faces(look_at: Callable[..., Page]) -> None:
    page = look_at("people/1/faces")
    buttons = page.locator("[data-for-chosen]")
    expect(buttons).to_have_count(3)
    for button in buttons.all():
        expect(button).to_be_disabled()

    page.locator("[data-pick] input").nth(1).focus()
    page.keyboard.press("Space")

    assert chosen(page) == [False, True, False]
    for button in buttons.all():
        expect(button).to_be_enabled()


def test_without_a_script_faces_are_plain_boxes(look_at: Callable[..., Page]) -> None:
    page = look_at("people/1/faces", java_script_enabled=False)

    page.locator("[data-pick]").nth(1).click()

    assert chosen(page) == [False, True, False]
    expect(page.locator("[data-chosen]")).to_be_hidden()
    page.get_by_role("button", name="Someone else…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who's this?")
    page.go_back()
    page.locator("[data-pick] input").nth(1).uncheck()
    page.get_by_role("button", name="Not a face").click()
    page.get_by_role("link", name="Go back").click()
    expect(page.locator("[data-pick]")).to_have_count(3)


def test_keys_answer_the_question_while_it_has_the_focus(look_at: Callable[..., Page]) -> None:
    page = look_at("people/same")
    page.evaluate("""() => {
        const pair = document.getElementById("pair");
        for (const key of "ynl") {
            const button = document.createElement("button");
            button.dataset.key = key;
            button.onclick = () => { document.title += key; };
            pair.append(button);
        }
        document.title = "";
    }""")

    expect(page.locator("#pair")).to_be_focused()
    page.keyboard.press("n")
    page.keyboard.press("Control+y")
    page.keyboard.press("x")
    page.keyboard.press("L")
    page.get_by_role("link", name="All people").focus()
    page.keyboard.press("y")

    assert page.title() == "nl"


def test_people_who_are_new_in_the_grid_pop_up(look_at: Callable[..., Page]) -> None:
    page = look_at("people")
    expect(page.locator("[data-person]")).to_have_count(2)
    expect(page.locator(".is-new")).to_have_count(0)

    page.evaluate("""() => {
        document.querySelector("[data-person='2']").remove();
        htmx.trigger(document.body, "people-changed");
    }""")

    expect(page.locator(".is-new")).to_have_attribute("data-person", "2")
    expect(page.locator("[data-person]")).to_have_count(2)


@pytest.mark.parametrize("width", [390, 768])
def test_rows_fill_the_line_and_nothing_moves_while_photos_load(
    look_at: Callable[..., Page], width: int
) -> None:
    page = look_at("photos", viewport={"width": width, "height": 800})

    shift = page.evaluate(SHIFTS)
    grid = page.locator("#photo-grid").bounding_box()
    full: list[float] = []
    for moment in page.locator(".moment").all():
        rows: dict[int, list[float]] = {}
        for cell in moment.locator(".cell").all():
            box = cell.bounding_box()
            assert box
            rows.setdefault(round(box["y"]), []).append(box["x"] + box["width"])
        full += [max(ends) for ends in rows.values()][:-1]  # the last row of a moment may be short

    assert shift < MOST_SHIFT
    assert grid
    assert all(abs(end - grid["x"] - grid["width"]) < 1 for end in full)


def test_nothing_is_painted_before_the_rows_are_whole(look_at: Callable[..., Page]) -> None:
    page = look_at("me")
    slow = page.context.new_cdp_session(page)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 20})
    page.add_init_script("""requestAnimationFrame(() => {
        window.cellsFirstSeen = document.querySelectorAll(".cell").length;
    });""")

    page.goto(page.url.replace("/me", "/photos"))

    assert page.evaluate("window.cellsFirstSeen") == len(EVENT)


def test_a_few_pixels_are_seen_until_a_photo_is_there(look_at: Callable[..., Page]) -> None:
    page = look_at("me")
    page.route("**/*.webp", lambda route: route.fulfill(status=404))
    page.goto(page.url)

    placeholder = page.locator(".placeholder").first
    expect(placeholder).to_be_visible()
    assert placeholder.evaluate("image => image.decode().then(() => image.naturalWidth)") <= 20
