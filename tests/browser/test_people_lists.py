"""A room of many people on a phone: names one after another, and a search as one types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from photoshare import create_app
from photoshare.db import db, upgrade_schema
from photoshare.services.rooms import entering, rooms, sessions
from tests.helpers import insert_person, insert_photos
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = pytest.mark.browser

NAMELESS = 18
NAMED = ("Zoë Müller", "Hanna", "Anna Lang", "王小明", "أحمد")
GUESTS = ("Łucja Żak", *(f"Guest {number}" for number in range(8)))
PHONE = {"width": 390, "height": 844}
HTMX_LISTENS = "'htmx-internal-data' in document.querySelector('#naming form')"


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """Serve a room without the files of its photos; the server, the room and the host's link."""
    data: Path = tmp_path_factory.mktemp("people")
    app = create_app({"data": data})
    with app.app_context():
        upgrade_schema()
        new = rooms.create_room("Many people")
        room_id, code, secret = new.room.id, new.room.code, new.host_secret
    photos = insert_photos(app, room_id, NAMELESS + len(NAMED))
    for number, name in enumerate((*NAMED, *(None,) * NAMELESS)):
        insert_person(app, room_id, photos[number:], name)
    with app.app_context():
        room = entering.find_room(code)
        for name in GUESTS:
            guest = entering.join_room(room, password="", name=name)
            sessions.open_session(guest, "phone")
        db.session.remove()
        db.engine.dispose()
    port = free_port()
    with server(data, port) as process:
        wait_until_it_serves(process, port)
        address = f"http://127.0.0.1:{port}"
        yield address, f"{address}/rooms/{code}", secret


@pytest.fixture
def address(party: tuple[str, str, str]) -> str:
    return party[0]


@pytest.fixture
def host(party: tuple[str, str, str], open_page: Callable[..., Page]) -> Page:
    """The people page in the host's browser."""
    address, room, secret = party
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    link = f"{room}/host/{secret}"
    assert page.request.post(link, form={"name": "Mia"}, headers={"Origin": address}).ok
    page.goto(f"{room}/people")
    return page


def test_people_are_found_as_one_types_and_again_after_going_back(host: Page) -> None:
    cards = host.locator("#people-grid [data-person]")
    expect(cards).to_have_count(NAMELESS + len(NAMED))

    host.get_by_role("searchbox", name="Find someone").first.press_sequentially("muller ZOE")
    expect(cards).to_have_count(1)
    expect(cards).to_contain_text("Zoë Müller")
    expect(host.locator("#people-count")).to_have_text("1 person")
    cards.tap()
    host.wait_for_url("**/people/*")
    expect(host.get_by_role("heading", level=1)).to_have_text("Zoë Müller")
    host.go_back()
    host.wait_for_url("**/people?find=*")

    expect(cards).to_have_count(1)
    expect(host.get_by_role("searchbox", name="Find someone").first).to_have_value("muller ZOE")


def test_ticks_stay_while_others_are_looked_for(host: Page) -> None:
    host.get_by_text("Select people").tap()
    choices = host.locator("#choices")
    find = host.get_by_role("group").get_by_role("searchbox")
    find.fill("anna l")
    expect(choices.locator("li")).to_have_count(1)
    choices.get_by_text("Anna Lang").tap()
    expect(host.locator("[data-chosen]")).to_have_text("1 selected")

    find.fill("小明")

    expect(choices.locator("li")).to_have_count(2)
    expect(choices.get_by_role("checkbox", name="Anna Lang")).to_be_checked()
    expect(host.locator("[data-chosen]")).to_have_text("1 selected")


def test_an_album_and_what_can_be_done_take_a_third_of_the_screen(host: Page) -> None:
    host.locator("#people-grid [data-person]").last.tap()
    host.wait_for_url("**/people/*")
    expect(host.get_by_role("heading", level=1)).to_have_text("Who's this?")

    box = host.locator(".person-head").bounding_box()

    assert box
    assert box["y"] + box["height"] <= PHONE["height"] / 3


def test_eighteen_people_take_eighteen_names_and_keys(host: Page) -> None:
    host.get_by_role("link", name="Name people").tap()
    host.wait_for_url("**/people/names")
    keys = 0

    for number in range(NAMELESS):
        expect(host.get_by_role("combobox", name="Name")).to_be_focused()
        while not host.evaluate(
            HTMX_LISTENS
        ):  # before that, Enter loads the page as without scripts
            host.wait_for_timeout(20)
        host.keyboard.type(f"Guest {number}")
        host.keyboard.press("Enter")
        keys += 1
        if number < NAMELESS - 1:
            expect(host.locator("#naming-told")).to_contain_text(f"Guest {number}")

    expect(host.get_by_role("heading", level=1)).to_have_text("Everyone here has a name.")
    assert keys == NAMELESS


def test_guests_are_found_as_one_types(host: Page, party: tuple[str, str, str]) -> None:
    host.goto(f"{party[1]}/guests")
    rows = host.locator("#guest-list .guest-row")
    expect(rows).not_to_have_count(1)

    host.get_by_role("searchbox", name="Find someone").press_sequentially("lucja")

    expect(rows).to_have_count(1)
    rows.tap()
    host.wait_for_url("**/guests/*")
    expect(host.get_by_role("heading", level=1)).to_have_text("Łucja Żak")
