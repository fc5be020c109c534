"""One photo in full screen: steps, swipes, pinch, faces, and the back button."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

ANALYSIS_MS = 120_000  # upper bound for five photos on a slow machine
TOUCH = """([points]) => {
    const frame = document.querySelector(".photo-frame");
    for (const [type, id, x, y] of points) {
        frame.dispatchEvent(new PointerEvent(type, {
            pointerId: id, clientX: x, clientY: y, bubbles: true, pointerType: "touch",
        }));
    }
}"""


@pytest.fixture(scope="module")
def room_url(browser, address: str, event_photos: list[Path]) -> Iterator[str]:
    page = browser.new_page()
    page.goto(address)
    page.get_by_label("Title").fill("Viewer party")
    page.get_by_role("button", name="Create the room").click()
    url = page.get_by_label("Guest link").input_value()
    page.goto(url)
    page.locator("input[type=file]").set_input_files(event_photos)
    expect(page.locator("#job-status")).to_contain_text("2 people found", timeout=ANALYSIS_MS)
    page.context.close()
    return url


@pytest.fixture
def viewer(room_url: str, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Join the room and open the newest photo from the grid of all photos."""

    def open_viewer(**options: object) -> Page:
        page = open_page(**options)
        page.goto(room_url)
        page.get_by_role("button", name=re.compile("Join|Raum betreten|ادخل الغرفة")).click()
        page.goto(f"{room_url}/photos")
        page.locator(".tile").first.click()
        page.wait_for_url("**/photos/*")
        return page

    return open_viewer


def touch(page: Page, *points: tuple[str, int, int, int]) -> None:
    # setPointerCapture does not know synthetic pointers; it knows real fingers.
    page.evaluate("Element.prototype.setPointerCapture = () => {}")
    page.evaluate(TOUCH, [[list(point) for point in points]])


def swipe(page: Page, start: int, end: int) -> None:
    touch(
        page,
        ("pointerdown", 5, start, 300),
        ("pointermove", 5, (start + end) // 2, 302),
        ("pointermove", 5, end, 304),
        ("pointerup", 5, end, 304),
    )


def scale_of(page: Page) -> float:
    return page.evaluate(
        "new DOMMatrix(getComputedStyle(document.querySelector('.photo-frame')).transform).a"
    )


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def test_stepping_leaves_one_entry_in_the_history(viewer: Callable[..., Page]) -> None:
    page = viewer()
    first = page.url
    title = page.title()

    page.get_by_role("link", name="Next").click()
    page.wait_for_url(lambda url: url != first)
    second = page.url
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: url != second)
    assert page.title() != title
    page.reload()
    assert page.url not in (first, second)
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(second)
    page.go_back()
    page.wait_for_url("**/photos")
    page.go_forward()
    page.wait_for_url(second)


def test_a_step_shows_what_was_loaded_before(viewer: Callable[..., Page]) -> None:
    page = viewer()
    first = page.url
    page.wait_for_load_state("networkidle")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.evaluate("window.isSame = true")

    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: url != first)

    expect(page.locator("#viewer-status")).to_have_text(re.compile("^Photo "))
    assert page.evaluate("window.isSame")
    assert page.url not in requests


def test_escape_leads_back_to_the_album_at_its_place(viewer: Callable[..., Page]) -> None:
    page = viewer(viewport={"width": 390, "height": 300})
    page.go_back()
    page.mouse.wheel(0, 200)
    page.wait_for_function("window.scrollY > 50")
    page.locator(".tile").last.scroll_into_view_if_needed()
    before = page.evaluate("window.scrollY")
    page.locator(".tile").last.click()
    page.wait_for_url(lambda url: not url.endswith("/photos"))

    page.keyboard.press("Escape")

    page.wait_for_url("**/photos")
    page.wait_for_load_state()  # static/timeline.js goes there before
    after = page.evaluate("window.scrollY")
    assert after > 0
    assert abs(after - before) < 300


def test_who_came_by_a_link_finds_the_album_by_escape(
    viewer: Callable[..., Page], room_url: str
) -> None:
    page = viewer()
    address = page.url
    page.goto("about:blank")
    page.goto(address)

    page.keyboard.press("Escape")

    page.wait_for_url("**/photos")


def test_a_swipe_steps_and_a_pinch_zooms(viewer: Callable[..., Page]) -> None:
    page = viewer(**PHONE)
    first = page.url

    swipe(page, 200, 190)
    swipe(page, 100, 300)  # there is none before the newest
    assert page.url == first
    touch(
        page,
        ("pointerdown", 1, 180, 300),
        ("pointerdown", 2, 220, 300),
        ("pointermove", 1, 120, 300),
        ("pointermove", 2, 280, 300),
        ("pointerup", 1, 120, 300),
        ("pointerup", 2, 280, 300),
    )
    assert scale_of(page) == pytest.approx(4, rel=0.1)
    swipe(page, 300, 100)  # moves within the photo
    assert page.url == first
    page.keyboard.press("Escape")
    page.wait_for_function(
        "!document.querySelector('.photo-frame').classList.contains('is-zoomed')"
    )
    assert page.url == first
    swipe(page, 300, 100)
    page.wait_for_url(lambda url: url != first)
    swipe(page, 100, 300)
    page.wait_for_url(first)


def test_a_double_tap_zooms_and_a_tap_shows_the_faces(
    viewer: Callable[..., Page], room_url: str
) -> None:
    page = viewer(**PHONE)
    page.goto(f"{room_url}/photos")
    page.get_by_role("link", name="Photo together.jpg").click()
    tap = [("pointerdown", 1, 200, 700), ("pointerup", 1, 200, 700)]
    expect(page.locator(".faces")).to_have_css("opacity", "0")

    touch(page, *tap)
    expect(page.locator(".faces")).to_have_css("opacity", "1")
    expect(page.get_by_role("button", name="Faces")).to_have_attribute("aria-pressed", "true")
    touch(page, *tap)
    expect(page.locator(".faces")).to_have_css("opacity", "0")
    touch(page, *tap, *tap)
    expect(page.locator(".photo-frame")).to_have_class(re.compile("is-zoomed"))
    expect(page.locator(".faces")).to_have_css("opacity", "0")


def test_the_link_of_a_photo_is_copied(viewer: Callable[..., Page]) -> None:
    page = viewer(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.share = undefined")

    page.get_by_role("button", name="Link").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_photo_that_was_deleted_meanwhile_is_told(
    viewer: Callable[..., Page], room_url: str
) -> None:
    page = viewer()
    first = page.url
    page.route("**/photos/*", lambda route: route.fulfill(status=404, body="gone"))
    page.evaluate(
        "import(document.querySelector('script[src$=\"/viewer.js\"]').src)"
        ".then(({ pages }) => pages.clear())"
    )

    page.keyboard.press("ArrowRight")

    page.wait_for_url(lambda url: url != first)
    expect(page.locator("body")).to_have_text("gone")


def test_in_arabic_the_next_photo_is_to_the_left(viewer: Callable[..., Page]) -> None:
    page = viewer(locale="ar")
    first = page.url
    following = page.locator(".viewer a[rel=next]").get_attribute("href")
    assert following

    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**{following}")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(first)
    swipe(page, 200, 500)
    page.wait_for_url(f"**{following}")
