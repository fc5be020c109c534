"""Links made on the server's own machine are of use to phones, or the page says what is missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from photoshare.services import addresses
from photoshare.services.addresses import Listening
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.helpers import tags_of

AT_HOME = "http://127.0.0.1:8123"
NOT_YET = "Phones can't open these links yet"


@pytest.fixture
def listen_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the server listen somewhere, on a machine in two networks."""
    monkeypatch.setattr(addresses, "_outgoing", lambda: iter(["192.168.1.20"]))
    monkeypatch.setattr(addresses, "_of_interfaces", lambda: iter(["10.0.0.8"]))

    def listen(host: str) -> None:
        addresses.remember_listening(site.settings.data, Listening(host, 8123))

    return listen


def share_page(client: FlaskClient, cast: Cast, **options: object) -> str:
    return client.get(f"{cast.url}/share", **{"base_url": AT_HOME} | options).text


def guest_link(page: str) -> str:
    return tags_of(page, "input", id="guest-link")[0]["value"]


@pytest.fixture
def at_home(cast: Cast) -> Cast:
    """The cast's host with a cookie for the address of the machine itself."""
    cast.host.post(f"{cast.url}/host/{cast.host_secret}", base_url=AT_HOME)
    return cast


def test_links_have_the_address_in_the_network(
    at_home: Cast, listen_on: Callable[[str], None]
) -> None:
    listen_on("0.0.0.0")

    page = share_page(at_home.host, at_home)

    assert guest_link(page) == f"http://192.168.1.20:8123{at_home.url}"
    assert "same Wi-Fi" in page
    assert NOT_YET not in page


def test_another_address_can_be_chosen_and_is_remembered(
    at_home: Cast, listen_on: Callable[[str], None]
) -> None:
    listen_on("0.0.0.0")

    answer = at_home.host.post(
        f"{at_home.url}/address", data={"address": "10.0.0.8"}, base_url=AT_HOME
    )

    assert answer.status_code == 303
    assert guest_link(share_page(at_home.host, at_home)) == f"http://10.0.0.8:8123{at_home.url}"


def test_no_other_address_is_taken(at_home: Cast, listen_on: Callable[[str], None]) -> None:
    listen_on("0.0.0.0")

    answer = at_home.host.post(
        f"{at_home.url}/address", data={"address": "evil.example"}, base_url=AT_HOME
    )

    assert answer.status_code == 422
    assert guest_link(share_page(at_home.host, at_home)).startswith("http://192.168.1.20:8123")


def test_who_does_not_sit_at_the_machine_chooses_nothing(
    at_home: Cast, listen_on: Callable[[str], None]
) -> None:
    listen_on("0.0.0.0")
    elsewhere = {"environ_overrides": {"REMOTE_ADDR": "10.0.0.9"}}

    page = share_page(at_home.host, at_home, **elsewhere)
    answer = at_home.host.post(
        f"{at_home.url}/address", data={"address": "10.0.0.8"}, base_url=AT_HOME, **elsewhere
    )

    assert guest_link(page) == AT_HOME + at_home.url
    assert answer.status_code == 422


def test_a_server_for_this_machine_only_says_how_to_let_phones_in(
    at_home: Cast, listen_on: Callable[[str], None]
) -> None:
    listen_on("127.0.0.1")

    page = share_page(at_home.host, at_home)

    assert NOT_YET in page
    assert "--host 0.0.0.0" in page
    assert guest_link(page) == AT_HOME + at_home.url


def test_who_came_by_an_address_that_works_for_phones_keeps_it(
    cast: Cast, listen_on: Callable[[str], None]
) -> None:
    listen_on("0.0.0.0")
    url = "http://10.0.0.8:8123"
    cast.host.post(f"{cast.url}/host/{cast.host_secret}", base_url=url)

    page = share_page(cast.host, cast, base_url=url)

    assert guest_link(page) == url + cast.url
    assert NOT_YET not in page
    assert "same Wi-Fi" not in page
