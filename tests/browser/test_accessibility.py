"""Every page passes axe-core, in both schemes, on phone, tablet and desktop.

A new page is one line in `PAGES`. TEST_SCREENSHOTS=1 saves pictures in artefacts/pages/.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, FilePayload, Page, StorageState, expect

from tests.browser.conftest import ALL_FOUND, ANALYSIS_MS, save_screenshot
from tests.fakes import GREEN, draw_photo

pytestmark = pytest.mark.browser

SIZES = {390: 844, 768: 1024, 1280: 860}  # width and height in pixels
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Name, who looks at it, address below the room (or from the root, with a slash before), language.
PAGES = [
    ("start", "stranger", "/", "en"),
    ("start-german", "stranger", "/", "de"),
    ("start-with-rooms", "guest", "/", "en"),
    ("choose-room", "stranger", "/share-target", "en"),
    ("not-found", "stranger", "/nowhere", "en"),
    ("invitation", "stranger", "", "en"),
    ("host-link", "stranger", "host/{secret}", "en"),
    ("room", "guest", "", "en"),
    ("room-host", "host", "", "en"),
    ("me", "guest", "me", "en"),
    ("me-german", "guest", "me", "de"),
    ("share", "guest", "share", "en"),
    ("create-room", "stranger", "/rooms", "en"),
    ("manage", "host", "share", "en"),
    ("manage-guests", "host", "guests", "en"),
    ("manage-guest", "host", "guests/2", "en"),
    ("manage-guest-german", "host", "guests/2", "de"),
    ("new-guest-link", "host", "guest-link", "en"),
    ("co-hosts", "host", "hosts", "en"),
    ("host-link-german", "host", "hosts/1", "de"),
    ("manage-settings", "host", "settings", "en"),
    ("clocks", "host", "clocks", "en"),
    ("who-sees-what", "host", "visibility", "en"),
    ("who-sees-what-german", "host", "visibility", "de"),
    ("who-sees-what-arabic", "host", "visibility", "ar"),
    ("what-is-stored", "stranger", "/what-is-stored", "en"),
    ("what-is-stored-arabic", "stranger", "/what-is-stored", "ar"),
    ("tokens", "host", "tokens", "en"),
    ("tokens-arabic", "host", "tokens", "ar"),
    ("activity", "host", "activity", "en"),
    ("waiting", "host", "waiting", "en"),
    ("waiting-german", "host", "waiting", "de"),
    ("waiting-arabic", "host", "waiting", "ar"),
    ("waiting-photo", "host", "waiting/1", "en"),
    ("waiting-own", "guest", "waiting", "en"),
    ("manage-guests-german", "host", "guests", "de"),
    ("manage-settings-arabic", "host", "settings", "ar"),
    ("no-cookie", "stranger", "?entered=1", "en"),
    ("poster", "host", "poster", "en"),
    ("wall", "guest", "wall", "en"),
    ("delete-room", "host", "delete", "en"),
    ("delete-album", "host", "people/1/delete", "en"),
    ("bin", "host", "bin", "en"),
    ("bin-german", "host", "bin", "de"),
    ("bin-arabic", "host", "bin", "ar"),
    ("photos", "guest", "photos", "en"),
    ("photo", "guest", "photos/1", "en"),
    ("photo-host", "host", "photos/1", "en"),
    ("photo-german", "guest", "photos/1", "de"),
    ("people", "guest", "people", "en"),
    ("album", "host", "people/1", "en"),
    ("album-guest", "guest", "people/1", "en"),
    ("faces", "host", "people/1/faces", "en"),
    ("faces-guest", "guest", "people/1/faces", "en"),
    ("unsorted", "guest", "people/unsorted", "en"),
    ("unsorted-host", "host", "people/unsorted", "en"),
    ("face", "host", "faces/1", "en"),
    ("move-faces", "host", "faces/move?faces=1", "en"),
    ("merge", "host", "people/1/merge", "en"),
    ("same-person", "host", "people/same", "en"),
    ("name-people", "host", "people/names", "en"),
    ("found-people", "guest", "people?find=nobody", "en"),
    ("hidden-people", "host", "people/hidden", "en"),
    ("corrections", "host", "corrections", "en"),
    ("several-people", "guest", "people/several?people=1,2&match=any", "en"),
    ("people-host", "host", "people", "en"),
    ("search", "guest", "jobs/current", "en"),
    ("start-arabic", "stranger", "/", "ar"),
    ("invitation-arabic", "stranger", "", "ar"),
    ("host-link-arabic", "stranger", "host/{secret}", "ar"),
    ("room-arabic", "guest", "", "ar"),
    ("me-arabic", "guest", "me", "ar"),
    ("manage-arabic", "host", "share", "ar"),
    ("poster-arabic", "host", "poster", "ar"),
    ("wall-arabic", "guest", "wall", "ar"),
    ("delete-room-arabic", "host", "delete", "ar"),
    ("photos-arabic", "guest", "photos", "ar"),
    ("photo-arabic", "guest", "photos/1", "ar"),
    ("room-chinese", "guest", "", "zh-CN"),
    ("room-hindi", "guest", "", "hi"),
    ("manage-french", "host", "share", "fr"),
]


@dataclass
class Room:
    """A room with photos, and the browser state of its people."""

    url: str
    secret: str
    people: dict[str, StorageState | None]


@pytest.fixture(scope="module")
def room(browser: Browser, address: str, event_photos: list[Path]) -> Room:
    host = browser.new_page()
    host.goto(f"{address}/rooms")
    host.get_by_label("Title").fill("Garden party")
    host.get_by_role("button", name="Create the room").click()
    url = host.get_by_label("Guest link").input_value()
    secret = host.get_by_label("Host link").input_value().rpartition("/")[2]
    guest = browser.new_page()
    guest.goto(url)
    guest.get_by_label("Your name").fill("Gustav")
    guest.get_by_role("button", name="Join the room").click()
    guest.locator("input[type=file]").set_input_files(event_photos)
    expect(guest.locator("#job-status")).to_contain_text(ALL_FOUND, timeout=ANALYSIS_MS)
    settings: dict[str, str | float | bool] = {"title": "Garden party", "has_hearts": "1"}
    settings["is_moderated"] = "1"
    host.request.post(f"{url}/settings", form=settings)
    waiting = FilePayload(name="waiting.jpg", mimeType="image/jpeg", buffer=draw_photo(GREEN))
    guest.locator("input[type=file]").set_input_files(waiting)
    expect(guest.locator("#waiting-note")).to_contain_text("waiting for the host")
    people = {
        "host": host.context.storage_state(),
        "guest": guest.context.storage_state(),
        "stranger": None,
    }
    host.context.close()
    guest.context.close()
    return Room(url, secret, people)


@pytest.fixture
def address_of(room: Room, address: str) -> Callable[[str], str]:
    """Give the address of a path from the table."""

    def find(path: str) -> str:
        place = address + path if path.startswith("/") else f"{room.url}/{path}".rstrip("/")
        return place.format(secret=room.secret)

    return find


@pytest.fixture
def look_at(
    room: Room, address_of: Callable[[str], str], open_page: Callable[..., Page]
) -> Callable[[str, str, str, str], Page]:
    """Open a page from the table in one person's browser."""

    def look(who: str, path: str, language: str, scheme: str) -> Page:
        page = open_page(
            storage_state=room.people[who],
            color_scheme=scheme,
            reduced_motion="reduce",  # else a colour may be on its way to that of the next scheme
            locale=language,
            viewport={"width": 390, "height": 844},
        )
        page.goto(address_of(path))
        return page

    return look


def violations(page: Page, *, only_colours: bool = False) -> list[str]:
    """List the rules that a page violates, each with the violating elements."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if only_colours:
        options["runOnly"] = {"type": "tag", "values": ["cat.color"]}
    found = page.evaluate("options => axe.run(options).then(found => found.violations)", options)
    return [
        f"{rule['id']}: {rule['help']}: " + "; ".join(node["html"][:160] for node in rule["nodes"])
        for rule in found
    ]


@pytest.mark.parametrize(("who", "language"), dict.fromkeys((who, how) for _, who, _, how in PAGES))
def test_pages_are_accessible_and_fit_every_screen(
    look_at: Callable[[str, str, str, str], Page],
    address_of: Callable[[str], str],
    who: str,
    language: str,
) -> None:
    """One browser shows all of a person's pages, as theirs does.

    A scheme only changes colours, so the dark one is only checked for these.
    """
    page = look_at(who, "/", language, "light")
    found = {}
    for name, viewer, path, spoken in PAGES:
        if (viewer, spoken) != (who, language):
            continue
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(address_of(path))
        for width, height in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                save_screenshot(page, f"pages/{name}-{width}-{scheme}")
                problems = violations(page, only_colours=scheme == "dark")
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    problems.append("wider than the screen")
                if problems:
                    found[name, width, scheme] = problems

    assert found == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_outlines_of_faces_and_an_open_question_are_accessible(
    look_at: Callable[[str, str, str, str], Page], scheme: str
) -> None:
    photo = look_at("guest", "photos/1", "en", scheme)
    photo.get_by_role("button", name="Faces").click()
    expect(photo.get_by_role("button", name="Faces")).to_have_attribute("aria-pressed", "true")
    me = look_at("guest", "me", "en", scheme)
    me.get_by_text("Leave this room").click()
    expect(me.get_by_role("button", name="Leave")).to_be_visible()

    assert violations(photo) == []
    assert violations(me) == []


def test_axe_core_finds_what_is_wrong(look_at: Callable[[str, str, str, str], Page]) -> None:
    page = look_at("stranger", "/rooms", "en", "light")
    page.evaluate("""() => {
        const input = document.querySelector("main label input");
        input.removeAttribute("placeholder");
        input.closest("label").replaceWith(input);
        document.querySelector("main p").style.color = "rgb(255, 240, 220)";
    }""")

    assert {rule.partition(":")[0] for rule in violations(page)} == {"color-contrast", "label"}
