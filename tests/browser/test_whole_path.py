"""From an empty server to a zip of a guest's own photos."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import ANALYSIS_MS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(real_address: str) -> str:
    return real_address


@pytest.fixture(scope="session")
def event_photos(
    face_pictures: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """Photos of an event with real faces: single people and two together."""
    folder = tmp_path_factory.mktemp("event")
    first, second = (
        Image.open(face_pictures[n]).convert("RGB") for n in ("obama2.jpg", "biden.jpg")
    )
    height = 700
    both = [
        image.resize((image.width * height // image.height, height)) for image in (first, second)
    ]
    together = Image.new("RGB", (sum(image.width for image in both), height))
    together.paste(both[0], (0, 0))
    together.paste(both[1], (both[0].width, 0))
    together.save(folder / "together.jpg")
    for name in ("obama.jpg", "obama2.jpg", "biden.jpg"):
        shutil.copy(face_pictures[name], folder / name)
    Image.effect_noise((900, 600), 30).convert("RGB").save(folder / "sea.png")
    return sorted(folder.iterdir())


def name_person(page: Page, name: str) -> None:
    """Name the person whose album is open."""
    page.get_by_role("heading", name="Who's this?").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save").click()


def save_zip(page: Page, link: str, folder: Path) -> tuple[str, dict[str, bytes]]:
    """Follow a link to a zip; return its file name and its contents."""
    with page.expect_download() as download:
        page.get_by_role("link", name=link).click()
    download.value.save_as(folder / "saved.zip")
    with zipfile.ZipFile(folder / "saved.zip") as archive:
        assert archive.testzip() is None
        content = {name: archive.read(name) for name in archive.namelist()}
    return download.value.suggested_filename, content


def test_with_javascript(
    open_page: Callable[..., Page],
    address: str,
    event_photos: list[Path],
    take_screenshot: Callable[..., None],
    tmp_path: Path,
) -> None:
    page = open_page(viewport={"width": 1280, "height": 860})

    page.goto(f"{address}/rooms")
    take_screenshot(page, "path-start")
    page.get_by_label("Title").fill("Garden party")
    page.get_by_role("button", name="Create the room").click()
    guest_link = page.get_by_label("Guest link").input_value()
    assert guest_link.startswith(f"{address}/rooms/")
    assert page.get_by_label("Host link").input_value().startswith(f"{guest_link}/host/")
    take_screenshot(page, "path-share")

    page.get_by_role("link", name="Room", exact=True).click()
    page.locator("input[type=file]").set_input_files([*event_photos, Path(__file__)])
    expect(page.locator(".upload-summary")).to_have_text(
        "5 photos added · 1 not accepted, see below"
    )
    expect(page.locator("[data-first-photo]")).to_have_count(0)  # no longer waiting
    expect(page.locator(".upload-list")).to_contain_text(
        "test_whole_path.pyThis isn't a photo or a video."
    )
    expect(page.locator(".photo-grid .tile")).to_have_count(5)
    expect(page.locator("#job-status")).to_contain_text(
        re.compile("Finding people|people found"), timeout=ANALYSIS_MS
    )
    expect(page.locator("#job-status")).to_contain_text("2 people found", timeout=ANALYSIS_MS)
    covers = page.locator(".people-strip .person")
    expect(covers.first).to_contain_text("3 photos")
    expect(covers.nth(1)).to_contain_text("2 photos")
    expect(covers).to_have_count(2)
    take_screenshot(page, "path-room")

    covers.first.click()
    name_person(page, "Barack")
    expect(page.locator(".toast")).to_contain_text("Name saved.")
    expect(page).to_have_title("Barack · Garden party")
    expect(page.get_by_role("heading", level=1)).to_have_text("Barack")
    take_screenshot(page, "path-album")
    file_name, album = save_zip(page, "Download (zip)", tmp_path)
    page.get_by_text("More", exact=True).click()
    _, exact = save_zip(page, "Exact originals", tmp_path)
    originals = {photo.name: photo.read_bytes() for photo in event_photos}
    assert file_name == "Garden party - Barack.zip"
    assert sorted(album) == ["obama.jpg", "obama2.jpg", "together.jpg"]
    assert all(len(album[name]) <= len(originals[name]) for name in album)  # what identifies is cut
    assert exact == {name: originals[name] for name in album}

    page.locator(".tile").first.click()
    page.wait_for_url("**/photos/*")  # loaded, with the script that listens to keys
    first = page.url
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: url != first)
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(first)
    page.goto(guest_link)
    page.locator(".people-strip .person").nth(1).click()  # who is on one photo with Barack
    page.get_by_role("link", name="Photo with Barack").click()
    expect(page.locator(".faces a")).to_have_count(2)
    take_screenshot(page, "path-photo")
    page.locator(".face-strip").get_by_role("link", name="Barack", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Barack")


def test_a_guest_on_a_phone_swipes_through_an_album(
    open_page: Callable[..., Page],
    address: str,
    event_photos: list[Path],
    take_screenshot: Callable[..., None],
) -> None:
    host = open_page()
    host.goto(f"{address}/rooms")
    host.get_by_label("Title").fill("Garden party")
    host.get_by_text("Password and end date").click()
    host.get_by_label("Room password").fill("fireworks")
    host.get_by_role("button", name="Create the room").click()
    guest_link = host.get_by_label("Guest link").input_value()

    page = open_page(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        has_touch=True,
        is_mobile=True,
        color_scheme="dark",
    )
    page.goto(guest_link)
    page.get_by_label("Room password").fill("wrong")
    page.get_by_role("button", name="Join the room").click()
    expect(page.locator("#password-problem")).to_have_text("That password isn't right.")
    expect(page.get_by_label("Room password")).to_be_focused()
    page.get_by_label("Room password").fill("fireworks")
    page.get_by_label("Your name").fill("Gustav")
    page.get_by_role("button", name="Join the room").click()
    page.locator("input[type=file]").set_input_files(event_photos[:3])
    expect(page.locator(".upload-summary")).to_have_text("3 photos added")
    expect(page.locator(".people-strip .face").first).to_be_visible(timeout=ANALYSIS_MS)
    expect(page.locator(".photo-grid .tile")).to_have_count(3)
    take_screenshot(page, "path-phone-room")
    assert page.evaluate("document.documentElement.scrollWidth") == 390

    page.locator(".tile").first.click()
    page.wait_for_url("**/photos/*")
    first = page.url
    swipe = """([from, to]) => {
        const frame = document.querySelector(".photo-frame");
        frame.setPointerCapture = () => {}; // no real finger
        const send = (type, x) => frame.dispatchEvent(new PointerEvent(type, {
            pointerId: 1, clientX: x, clientY: 300, bubbles: true, pointerType: "touch",
        }));
        send("pointerdown", from);
        send("pointermove", to);
        send("pointerup", to);
    }"""
    page.evaluate(swipe, [300, 100])
    page.wait_for_url(lambda url: url != first)
    expect(page.locator(".photo-facts")).to_contain_text("by Gustav")
    page.evaluate(swipe, [100, 300])
    page.wait_for_url(first)


def test_a_lost_connection_a_drop_and_a_room_that_goes(
    open_page: Callable[..., Page], address: str, event_photos: list[Path]
) -> None:
    page = open_page()
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill("Shaky party")
    page.get_by_role("button", name="Create the room").click()
    page.get_by_role("link", name="Room", exact=True).click()
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and len(lost) < 2:
            lost.append(route.request.url)
            route.fulfill(status=502, body="<h1>Bad gateway</h1>")
        else:
            route.continue_()

    page.route("**/photos", lose)
    page.locator("input[type=file]").set_input_files(event_photos[:3])
    expect(page.locator(".upload-summary")).to_have_text("3 photos added", timeout=30_000)
    assert len(lost) == 2

    drop = """() => {
        const data = new DataTransfer();
        data.items.add(new File(["no picture"], "dropped.jpg", {type: "image/jpeg"}));
        const heading = document.getElementById("main");
        return ["dragover", "drop"].map((type) => !heading.dispatchEvent(
            new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true})));
    }"""
    assert page.evaluate(drop) == [True, True]  # the browser does not open the file
    expect(page.locator(".upload-list")).to_contain_text("dropped.jpg")

    page.evaluate("htmx.ajax('GET', location.pathname + '/photos/999', '#job-status')")
    expect(page.locator("#alerts")).to_contain_text("doesn't exist")
    page.evaluate(
        "htmx.ajax('POST', location.pathname + '/jobs', {target: '#job-status', swap: 'outerHTML'})"
    )
    expect(page.locator("#alerts")).to_be_empty()

    answer = page.request.post(
        f"{page.url}/delete", form={"title": "Shaky party"}, headers={"Origin": address}
    )
    assert answer.ok
    page.evaluate("htmx.trigger(document.body, 'photo-added')")
    # The status and, half a second later, the grid are announced.
    expect(page.locator("#alerts")).to_have_text(
        re.compile("This room is no longer open|There's no room with this code")
    )
    expect(page.locator("#job-status")).not_to_have_attribute("hx-get", re.compile("."))


def test_without_javascript(
    open_page: Callable[..., Page], address: str, event_photos: list[Path], tmp_path: Path
) -> None:
    page = open_page(java_script_enabled=False)

    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill("Quiet party")
    page.get_by_role("button", name="Create the room").click()
    guest_link = page.get_by_label("Guest link").input_value()
    page.get_by_role("link", name="Room", exact=True).click()
    page.locator("input[type=file]").set_input_files(event_photos)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".messages")).to_contain_text("5 photos uploaded.")
    # The progress page reloads itself while the search is running; the room never does.
    page.get_by_role("link", name="Follow the progress").click()
    expect(page.locator("#job-status")).to_contain_text("2 people found", timeout=ANALYSIS_MS)
    page.get_by_role("link", name="Back to the room").click()
    page.goto(f"{guest_link}/guests")
    page.get_by_role("button", name="Search again").click()
    page.wait_for_url(f"{guest_link}/guests")
    page.goto(f"{guest_link}/jobs/current")
    expect(page.locator("#job-status")).to_contain_text("2 people found", timeout=ANALYSIS_MS)
    page.get_by_role("link", name="Back to the room").click()

    page.locator(".people-strip .person").first.click()
    name_person(page, "Barack")
    expect(page.get_by_role("heading", level=1)).to_have_text("Barack")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download (zip)").click()
    download.value.save_as(tmp_path / "album.zip")
    with zipfile.ZipFile(tmp_path / "album.zip") as album:
        assert sorted(album.namelist()) == ["obama.jpg", "obama2.jpg", "together.jpg"]

    page.locator(".tile").first.click()
    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete photo").click()
    expect(page.locator(".messages")).to_contain_text("1 photo deleted.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Barack")
    expect(page.locator(".tile")).to_have_count(2)
    page.get_by_role("link", name="Manage").click()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Delete this room").click()
    page.get_by_label("Type the room's title to delete it").fill("Quiet party")
    page.get_by_role("button", name="Delete the room").click()
    page.get_by_text("Delete now").click()
    page.get_by_role("button", name="Delete everything").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("“Quiet party” is gone for good")
    answer = page.goto(guest_link)
    assert answer is not None
    assert answer.status == 404
