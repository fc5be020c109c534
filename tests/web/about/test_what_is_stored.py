"""GET /what-is-stored: open to everybody, in every language, with or without a room."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from photoshare import create_app
from photoshare.web.site import Site
from photoshare.web.views.about import what_is_stored
from tests.conftest import Cast
from tests.helpers import tags_of


def test_it_is_open_to_everybody(cast: Cast) -> None:
    for client in (cast.stranger, cast.guest, cast.host):
        answer = client.get("/what-is-stored")
        assert answer.status_code == 200
        assert "A selfie by which you look for yourself is not kept" in answer.text
        assert "On this server only, in no cloud." in answer.text


@pytest.mark.parametrize("path", ["/", "/rooms"])
def test_pages_outside_a_room_lead_there(cast: Cast, path: str) -> None:
    assert tags_of(cast.stranger.get(path).text, "a", href="/what-is-stored")


def test_the_own_page_of_a_guest_leads_there(cast: Cast) -> None:
    assert tags_of(cast.guest.get(f"{cast.url}/me").text, "a", href="/what-is-stored")


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (7, "What is deleted stays in a bin for 7 days, and is then gone for good."),
        (0, "What is deleted can be brought back for some minutes, and is then gone for good."),
    ],
)
def test_it_tells_how_long_the_bin_of_this_server_keeps_things(
    tmp_path: Path, days: int, sentence: str
) -> None:
    app = create_app({"data": tmp_path, "bin_days": days})

    assert sentence in app.test_client().get("/what-is-stored").text


def test_it_claims_one_machine_only_where_that_is_so(
    cast: Cast, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = replace(site, settings=replace(site.settings, storage="s3://bucket"))
    monkeypatch.setattr(what_is_stored, "current_site", lambda: elsewhere)

    page = cast.stranger.get("/what-is-stored").text

    assert "On the machines of whoever runs this server." in page
    assert "On this server only" not in page
