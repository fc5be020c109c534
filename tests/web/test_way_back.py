"""Every way back leads to a page of this site: by Referer, by the field `next`, from an error."""

from __future__ import annotations

import pytest
from flask import Flask

from photoshare.web.answers.way_back import own_path
from tests.conftest import Cast
from tests.helpers import tags_of

STRANGE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "http://localhost//evil.example",
    "http://localhost/\\evil.example",
    "http://localhost\\@evil.example",
    "http://localhost:81/",
    "javascript:alert(1)",
    "data://localhost/x",
    "//[",
    "http://[::1",
    "evil",
    "?x=1",
    "",
]


@pytest.mark.parametrize("address", STRANGE)
def test_nothing_that_may_lead_elsewhere_is_an_own_path(app: Flask, address: str) -> None:
    with app.test_request_context():
        assert own_path(address) is None


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/", "/"),
        ("/rooms/a?page=1", "/rooms/a?page=1"),
        ("http://localhost/rooms/a?page=1#x", "/rooms/a?page=1"),
        ("https://localhost/rooms/a", "/rooms/a"),
        ("/rooms/a?next=https://evil.example", "/rooms/a?next=https://evil.example"),
    ],
)
def test_an_address_of_this_site_is_one_without_its_host(
    app: Flask, address: str, path: str
) -> None:
    with app.test_request_context():
        assert own_path(address) == path


def test_no_line_of_a_header_can_be_smuggled_in(app: Flask) -> None:
    with app.test_request_context():
        assert own_path("/x\x85Set-Cookie: a=b") is None


@pytest.mark.parametrize("address", STRANGE)
def test_the_language_form_leads_to_the_start_page_then(app: Flask, address: str) -> None:
    answer = app.test_client().post("/language", data={"language": "de", "next": address})

    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.parametrize("address", STRANGE)
def test_an_error_page_offers_no_way_back_then(cast: Cast, address: str) -> None:
    url = f"{cast.url}/photos"

    answer = cast.host.post(url, headers={"Referer": address})

    assert answer.status_code == 422
    assert tags_of(answer.text, "a") == tags_of(cast.host.post(url).text, "a")
