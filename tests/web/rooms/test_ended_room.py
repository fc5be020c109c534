"""An ended room says whose it was, and what its host may still do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from tests.conftest import Cast
from tests.helpers import HX, set_password, set_title_and_end, tags_of

LONG_AGO = datetime.now(UTC).date() - timedelta(days=2)
PAGES = ["", "/photos", "/people/1", "/photos/9999", "/me", "/wall", "/share"]


@pytest.fixture
def ended(app: Flask, cast: Cast) -> Cast:
    with app.app_context():
        set_title_and_end(cast.room_id, "Party", LONG_AGO)
    return cast


@pytest.mark.parametrize("path", PAGES)
def test_a_guest_reads_whose_room_it_was_on_every_page(ended: Cast, path: str) -> None:
    answer = ended.guest.get(ended.url + path)

    assert answer.status_code == 404
    assert "“Party” has ended" in answer.text
    assert "It was Hanna's room. Ask Hanna for your photos." in answer.text
    assert "Open your host link" in answer.text


def test_a_stranger_reads_no_name(ended: Cast) -> None:
    page = ended.stranger.get(ended.url).text

    assert "“Party” has ended" in page
    assert "Hanna" not in page


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_reads_no_title_where_there_is_a_password(
    app: Flask, ended: Cast, path: str
) -> None:
    with app.app_context():
        set_password(ended.room_id, "open sesame")

    page = ended.stranger.get(ended.url + path).text

    assert "This room has ended" in page
    assert "Party" not in page


def test_a_part_of_an_open_page_gets_a_sentence_only(ended: Cast) -> None:
    answer = ended.guest.get(f"{ended.url}/people", headers=HX)

    assert answer.status_code == 404
    assert "Only its host can still open it." in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize("path", ["", "/share", "/guests", "/settings"])
def test_the_host_reads_what_is_still_possible_and_can_open_it_again(
    ended: Cast, path: str
) -> None:
    page = ended.host.get(ended.url + path).text

    assert "This room ended on" in page
    assert "Guests can no longer open it." in page
    assert tags_of(page, "a", href=f"{ended.url}/settings")
    ended.host.post(f"{ended.url}/settings", data={"title": "Party", "ends_on": ""})
    assert "This room ended on" not in ended.host.get(ended.url + path).text
    assert ended.guest.get(ended.url).status_code == 200
