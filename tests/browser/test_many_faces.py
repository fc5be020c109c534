"""The page of a group photo: sixty faces, each distinguishable from its neighbours."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from photoshare.db import db
from photoshare.models import PHOTO_ANALYSED, Person, Photo
from photoshare.services.corrections import verbs
from photoshare.services.rooms.entering import Author
from tests.conftest import Cast
from tests.fakes import FakeFaceEngine
from tests.helpers import count_change, new_face
from tests.live import serving

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 4000, 2600
ROWS, COLUMNS = 5, 12
NAMES = ("Maximiliane Oberhuber-Schmidt", "Lea", "Jean-Baptiste", "عبد الرحمن", "Tom", "王小明")


def group_photo() -> tuple[bytes, list[tuple[int, int, int, int]]]:
    """Draw people in rows, those behind smaller; the first and last of a row touch the edge."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), "#9fb6c8")
    draw = ImageDraw.Draw(picture)
    places = []
    for row in range(ROWS):
        side = 80 + 30 * row
        for column in range(COLUMNS):
            left = column * (WIDTH - side) // (COLUMNS - 1)
            top = 250 + row * 430 + (column % 2) * 90
            draw.rectangle((left - 30, top + side, left + side + 30, top + side + 300), "#43536b")
            draw.ellipse((left, top, left + side, top + side), "#e8b48f")
            places.append((top, left + side, top + side, left))
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=80)
    return content.getvalue(), places


@pytest.fixture
def crowd_url(app: Flask, cast: Cast, add_photo: Callable[..., int]) -> str:
    """Add a photo of sixty people to the room, five in six with a name."""
    content, places = group_photo()
    photo_id = add_photo(cast.room_id, content)
    with app.app_context():
        photo = db.session.get_one(Photo, photo_id)
        photo.state, photo.engine = PHOTO_ANALYSED, FakeFaceEngine.name
        people = [Person(room_id=cast.room_id) for _ in places]
        db.session.add_all(people)
        db.session.flush()
        for person, (top, right, bottom, left) in zip(people, places, strict=True):
            edges = {"top": top, "right": right, "bottom": bottom, "left": left}
            db.session.add(new_face(photo_id, person.id, **edges))
        ids = [person.id for person in people]
        count_change(cast.room_id)
        for number, person_id in enumerate(ids):
            if number % 6:
                name = f"{NAMES[number % len(NAMES)]} {number}"
                verbs.name_person(Author(cast.room_id), person_id, name)
    return f"{cast.url}/photos/{photo_id}"


@pytest.fixture
def open_crowd(
    app: Flask, cast: Cast, browser: Browser, crowd_url: str
) -> Iterator[Callable[..., Page]]:
    """Open the photo with the cookie of the host."""
    cookie = cast.host.get_cookie("photoshare")
    assert cookie is not None
    contexts = []
    with serving(app) as served:
        address = f"http://127.0.0.1:{served.port}"

        def open_page(**options: Any) -> Page:
            context = browser.new_context(**options)
            contexts.append(context)
            context.add_cookies([{"name": "photoshare", "value": cookie.value, "url": address}])
            page = context.new_page()
            page.goto(address + crowd_url)
            return page

        yield open_page
        for context in contexts:
            context.close()


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])


# Of all outlines and visible names: left, top, right, bottom on the screen.
LAYOUT = """() => {
    const edges = (element) => {
        const { left, top, right, bottom } = element.getBoundingClientRect();
        return [left, top, right, bottom];
    };
    const layer = document.querySelector(".faces");
    const seen = [...layer.querySelectorAll("text")]
        .filter((name) => getComputedStyle(name).visibility === "visible");
    const scale = layer.getScreenCTM().a;
    const { width, height } = layer.viewBox.baseVal;
    const corner = layer.getScreenCTM();
    return {
        picture: [corner.e, corner.f, corner.e + width * scale, corner.f + height * scale],
        outlines: [...layer.querySelectorAll("rect")].map((rect) => {
            const stroke = parseFloat(getComputedStyle(rect).strokeWidth) * scale;
            const [left, top, right, bottom] = edges(rect);
            const half = stroke / 2;
            return [left - half, top - half, right + half, bottom + half, stroke];
        }),
        names: seen.map((name) => [...edges(name), name.textContent]),
        fonts: seen.map((name) => parseFloat(getComputedStyle(name).fontSize) * scale),
        scrolls: document.documentElement.scrollWidth - innerWidth,
    };
}"""


def layout_of(page: Page) -> dict[str, Any]:
    page.wait_for_selector(".faces.is-laid-out")
    page.evaluate("document.fonts.ready")
    layout: dict[str, Any] = page.evaluate(
        f"new Promise(done => requestAnimationFrame(() => done(({LAYOUT})())))"
    )
    return layout


def overlap(one: list[float], other: list[float]) -> bool:
    """Whether two boxes share more than the rounding of a pixel."""
    return all(
        min(one[side + 2], other[side + 2]) - max(one[side], other[side]) > 0.5 for side in (0, 1)
    )


def check_legible(layout: dict[str, Any]) -> None:
    left, top, right, bottom = layout["picture"]
    assert len(layout["outlines"]) == ROWS * COLUMNS
    for box in layout["outlines"]:
        assert min(box[0] - left, box[1] - top, right - box[2], bottom - box[3]) >= -0.1
        assert 1 <= box[4] <= 2.6, "seen, and not thicker than others"
        assert box[4] <= (box[2] - box[0]) / 5, "the face is seen within"
    for number, name in enumerate(layout["names"]):
        assert min(name[0] - left, right - name[2]) >= -1, name
        assert not any(overlap(name, other) for other in layout["names"][:number]), name
        faces = [box for box in layout["outlines"] if overlap(name, box)]
        assert faces == [], name
    assert all(13 <= size <= 14 for size in layout["fonts"])
    assert layout["scrolls"] <= 0, "the page does not go sideways"


@SIZES
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sixty_faces_are_outlined_legibly(
    size: dict[str, Any],
    scheme: str,
    open_crowd: Callable[..., Page],
    take_screenshot: Callable[..., None],
) -> None:
    page = open_crowd(**size, color_scheme=scheme)
    page.keyboard.press("f")
    expect(page.locator(".faces")).to_have_css("opacity", "1")
    layout = layout_of(page)

    take_screenshot(page, f"many-faces-{size['viewport']['width']}-{scheme}")
    check_legible(layout)
    assert len(layout["names"]) >= 8


def test_a_closer_look_shows_more_names_of_the_same_size(open_crowd: Callable[..., Page]) -> None:
    page = open_crowd(**PHONE)
    page.keyboard.press("f")
    before = layout_of(page)
    page.locator(".photo-frame").evaluate("""(one) => one.dispatchEvent(new WheelEvent("wheel", {
        bubbles: true, cancelable: true, ctrlKey: true, deltaY: -100 * Math.log(4),
        clientX: 195, clientY: 380,
    }))""")
    after = layout_of(page)

    check_legible(after)
    assert len(after["names"]) > 2 * len(before["names"])


def test_no_outline_has_a_negative_size_while_the_window_is_resized(
    open_crowd: Callable[..., Page],
) -> None:
    page = open_crowd(**DESKTOP)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.wait_for_load_state("networkidle")
    page.keyboard.press("f")
    for height in ("1px", "0", "3px", ""):
        page.locator(".viewer-stage").evaluate(
            """(stage, height) => new Promise((done) => {
                stage.style.alignSelf = height ? "start" : "";
                stage.style.height = height;
                requestAnimationFrame(() => requestAnimationFrame(done));
            })""",
            height,
        )

    assert problems == []
    check_legible(layout_of(page))


def test_every_face_is_reached_by_keyboard_and_shown_in_the_picture(
    open_crowd: Callable[..., Page],
) -> None:
    page = open_crowd(**DESKTOP)
    expect(page.locator(".faces")).to_have_css("opacity", "0")
    page.locator(".face-strip a").first.focus()
    told = set()
    while page.evaluate("Boolean(document.activeElement.closest('.face-strip'))"):
        [face] = page.locator(".faces a.is-told").all()
        told.add(face.get_attribute("data-face"))
        names = layout_of(page)["names"]
        assert len(names) <= 1
        page.keyboard.press("Tab")

    assert len(told) == ROWS * COLUMNS
    expect(page.locator(".faces a.is-told")).to_have_count(0)


def test_a_finger_may_miss_a_small_face_by_a_little(open_crowd: Callable[..., Page]) -> None:
    page = open_crowd(**PHONE)
    album = page.locator(".faces a").nth(20).get_attribute("href")
    page.keyboard.press("f")
    box = page.locator(".faces a").nth(20).locator("rect").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] - 4)

    page.wait_for_url(f"**{album}")
