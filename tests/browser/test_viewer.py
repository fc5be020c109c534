"""One photo in full screen: steps, swipes, pinch, faces, and the back button."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ANALYSIS_MS, make_searched_room

pytestmark = pytest.mark.browser

TOUCH = """([points]) => {
    const frame = document.querySelector(".photo-frame");
    for (const [type, id, x, y] of points) {
        frame.dispatchEvent(new PointerEvent(type, {
            pointerId: id, clientX: x, clientY: y, bubbles: true, pointerType: "touch",
        }));
    }
}"""


@pytest.fixture(scope="module")
def room_url(browser: Browser, address: str, event_photos: list[Path]) -> str:
    return make_searched_room(browser, address, event_photos, "Viewer party")


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


def offset_of(page: Page, selector: str) -> list[float]:
    """Where an element begins on the screen: x and y."""
    place: list[float] = page.locator(selector).evaluate(
        "one => [one.getBoundingClientRect().x, one.getBoundingClientRect().y]"
    )
    return place


def scale_of(page: Page) -> float:
    scale: float = page.evaluate(
        "new DOMMatrix(getComputedStyle(document.querySelector('.photo-frame')).transform).a"
    )
    return scale


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

    page.wait_for_url(re.compile(r"/photos\?at="))


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


def test_the_neighbours_follow_the_finger(viewer: Callable[..., Page]) -> None:
    page = viewer(**PHONE)
    expect(page.locator(".photo-neighbour.is-next img")).to_be_attached()
    first = page.url

    touch(page, ("pointerdown", 1, 300, 300), ("pointermove", 1, 200, 302))
    assert offset_of(page, ".photo-frame")[0] == -100
    assert offset_of(page, ".photo-neighbour.is-next")[0] == 390 + 24 - 100
    touch(page, ("pointermove", 1, 290, 302), ("pointerup", 1, 290, 302))
    assert page.url == first
    swipe(page, 300, 100)
    page.wait_for_url(lambda url: url != first)
    expect(page.locator(".photo-neighbour")).to_have_count(2)
    expect(page.locator(".viewer-count")).to_have_text(re.compile("^2 of "))


def test_a_swipe_down_leads_back_to_the_album(viewer: Callable[..., Page]) -> None:
    page = viewer(**PHONE)
    cdp = page.context.new_cdp_session(page)  # real touches: the browser would scroll
    for kind, y in [("touchStart", 200), *(("touchMove", y) for y in range(220, 400, 20))]:
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": 200, "y": y}]})
    assert offset_of(page, ".photo-strip")[1] > 100

    cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    page.wait_for_url("**/photos")


def test_letters_of_a_panorama_can_be_read_from_nearby(
    viewer: Callable[..., Page], room_url: str, tmp_path: Path
) -> None:
    Image.new("RGB", (9000, 1200), "#9bc").save(tmp_path / "panorama.jpg")
    page = viewer(**PHONE)
    page.goto(room_url)
    page.locator("input[type=file]").set_input_files(tmp_path / "panorama.jpg")
    panorama = page.get_by_role("link", name="Photo panorama.jpg").first
    panorama.wait_for(timeout=ANALYSIS_MS)
    page.goto(f"{room_url}/photos")
    panorama.click()
    page.wait_for_url("**/photos/*")
    assert page.locator(".photo-tiles img").count() == 0

    page.locator(".photo-frame").evaluate("""(one) => one.dispatchEvent(new WheelEvent("wheel", {
        bubbles: true, cancelable: true, ctrlKey: true, deltaY: -1000,
        clientX: 195, clientY: 300,
    }))""")

    tiles = page.locator(".photo-tiles img")
    expect(tiles.first).to_be_attached(timeout=ANALYSIS_MS)
    for tile in tiles.all():
        expect(tile).to_have_js_property("complete", value=True)
        expect(tile).not_to_have_js_property("naturalWidth", value=0)
    assert scale_of(page) == pytest.approx(9000 / 390, rel=0.01), "a pixel for each of the page"
    page.keyboard.press("Escape")  # all of the photo again
    page.keyboard.press("Escape")
    page.wait_for_url("**/photos")


def test_letters_of_a_long_screenshot_can_be_read_after_a_double_tap(
    viewer: Callable[..., Page], room_url: str, tmp_path: Path
) -> None:
    """Lines as thin as those of letters are seen in all parts of it, down to its end."""
    columns = np.where(np.arange(1080) // 6 % 2, 255, 0).astype(np.uint8)
    lines = Image.fromarray(np.tile(columns, (12_000, 1)))
    lines.save(tmp_path / "screenshot.png")
    page = viewer(**PHONE)
    page.goto(room_url)
    page.locator("input[type=file]").set_input_files(tmp_path / "screenshot.png")
    screenshot = page.get_by_role("link", name="Photo screenshot.png").first
    screenshot.wait_for(timeout=ANALYSIS_MS)
    page.goto(f"{room_url}/photos")
    screenshot.click()
    page.wait_for_url("**/photos/*")
    tap = [("pointerdown", 1, 195, 640), ("pointerup", 1, 195, 640)]

    touch(page, *tap, *tap)

    tiles = page.locator(".photo-tiles img")
    expect(tiles.first).to_be_attached(timeout=ANALYSIS_MS)
    for tile in tiles.all():
        expect(tile).to_have_js_property("complete", value=True)
    expect(page.locator(".photo-frame")).not_to_have_class(re.compile("is-settling"))
    with Image.open(io.BytesIO(page.screenshot())) as seen:
        middle = np.asarray(seen.convert("L").crop((60, 300, 330, 500)))
    assert middle.std() > 80  # grey, it would be nearly 0
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_url("**/photos")


def test_an_album_plays_by_itself_until_it_is_paused(
    viewer: Callable[..., Page], room_url: str
) -> None:
    page = viewer(reduced_motion="reduce")
    page.goto(f"{room_url}/photos")
    page.get_by_role("link", name="Slideshow").click()
    page.wait_for_url("**/photos/*")
    first = page.url
    button = page.get_by_role("button", name="Pause")

    expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_url(lambda url: url != first, timeout=ANALYSIS_MS)
    expect(page.locator(".viewer-actions")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Slideshow")).to_be_visible()
    expect(page.locator(".viewer-actions")).to_be_visible()


def test_no_language_is_wider_than_a_phone(
    viewer: Callable[..., Page], room_url: str, take_screenshot: Callable[..., None]
) -> None:
    page = viewer(**PHONE)
    page.goto(f"{room_url}/photos")
    page.locator(".tile[href]", has=page.locator("[alt*='together.jpg']")).click()
    page.wait_for_url("**/photos/*")
    for language in ("ar", "de", "en", "es", "fr", "hi", "pt", "zh"):
        page.set_extra_http_headers({"Accept-Language": language})
        page.reload()
        expect(page.locator("html")).to_have_attribute("lang", language)
        for width in (360, 390):
            page.set_viewport_size({"width": width, "height": 780})
            sides = page.evaluate("""[...document.querySelectorAll(
                ".viewer-bar > *, .viewer-actions > *, .viewer-actions span, .who-head > *"
            )].map((one) => one.getBoundingClientRect()).map(({ left, right }) => [left, right])""")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, language
            assert all(left >= 0 and right <= width for left, right in sides), (language, width)
        take_screenshot(page, f"viewer-390-{language}")


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
