"""Photos shared from a phone's gallery reach the room; the poster is one sheet of paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ARTEFACTS
from tests.fakes import draw_photo

pytestmark = pytest.mark.browser

SHARE = """(address) => {
    const form = document.createElement("form");
    form.id = "share";
    form.action = address;
    form.method = "post";
    form.enctype = "multipart/form-data";
    const input = document.createElement("input");
    input.type = "file";
    input.name = "photos";
    input.multiple = true;
    input.id = "gallery";
    form.append(input);
    document.body.append(form);
}"""


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("sea & sky.png", "größe.png")]
    for number, path in enumerate(paths):
        path.write_bytes(draw_photo(seed=number, image_format="PNG", width=150))
    return paths


def make_room(page: Page, address: str, title: str) -> str:
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Create the room").click()
    return page.get_by_label("Guest link").input_value()


def share(page: Page, address: str, pictures: list[Path]) -> None:
    """Send the form that the phone would send."""
    page.evaluate(SHARE, f"{address}/share-target")
    page.locator("#gallery").set_input_files(pictures)
    page.evaluate("document.getElementById('share').submit()")


def test_shared_photos_wait_on_the_phone_until_the_room_is_chosen(
    open_page: Callable[..., Page], address: str, pictures: list[Path]
) -> None:
    page = open_page()
    make_room(page, address, "First party")
    make_room(page, address, "Second party")
    page.evaluate("navigator.serviceWorker.register('/service-worker.js')")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")

    letter = pictures[0].with_name("letter.jpg")
    letter.write_bytes(b"Dear Lea,")

    share(page, address, [*pictures, letter])

    expect(page).to_have_url(re.compile(r"/share-target$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Which room are the photos for?")
    page.get_by_role("link", name="First party").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("First party")
    expect(page.locator(".photo-grid .tile")).to_have_count(2)
    expect(page.locator(".upload-list li")).to_have_text("letter.jpgThis isn't a photo or a video.")
    assert "shared" not in page.url
    assert page.evaluate("caches.has('shared-photos')") is False
    page.reload()
    expect(page.locator(".photo-grid .tile")).to_have_count(2)
    names = [tile.get_attribute("alt") or "" for tile in page.locator(".tile picture img").all()]
    assert sorted(names) == ["Photo größe.png", "Photo sea & sky.png"]


def test_without_the_service_worker_they_go_to_the_only_room(
    open_page: Callable[..., Page], address: str, pictures: list[Path]
) -> None:
    page = open_page()
    url = make_room(page, address, "Only party")

    share(page, address, pictures)

    page.wait_for_url(url)
    expect(page.locator("#toasts")).to_contain_text("2 photos uploaded.")
    expect(page.locator(".photo-grid .tile")).to_have_count(2)


@pytest.mark.parametrize("sheet", ["A4", "A6"])
def test_the_poster_is_one_sheet(open_page: Callable[..., Page], address: str, sheet: str) -> None:
    page = open_page()
    url = make_room(page, address, "A wedding with a title that takes more than one line, easily")
    page.goto(f"{url}/poster")

    ARTEFACTS.mkdir(exist_ok=True)
    pdf = page.pdf(path=ARTEFACTS / f"poster-{sheet}.pdf", format=sheet)

    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
