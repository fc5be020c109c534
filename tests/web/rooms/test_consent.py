"""Whoever joins reads before whether faces are searched, and finds what is stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import update

from photoshare.db import db
from photoshare.models import Room
from photoshare.services.rooms.hashing import hash_secret
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import flat, make_own_link, tags_of

LOOKS = "PhotoShare looks for faces in this room's photos"
SENTENCES = {
    "everybody": f"{LOOKS}, so that everybody finds theirs.",
    "self": f"{LOOKS}; only you see your own album.",
    "nobody": "No faces are searched in this room.",
}


def decide(app: Flask, **values: object) -> None:
    with app.app_context():
        db.session.execute(update(Room).values(values | {"title": "Party"}))
        db.session.commit()


@pytest.mark.parametrize("faces_for", SENTENCES)
def test_every_way_in_says_whether_faces_are_searched(
    app: Flask, cast: Cast, faces_for: str
) -> None:
    own_link = make_own_link(cast.guest, cast.url)
    decide(app, faces_for=faces_for)

    for address in (cast.url, f"{cast.url}/host/{cast.host_secret}", own_link):
        page = cast.stranger.get(address).text
        said = [sentence for sentence in SENTENCES.values() if sentence in page]
        assert said == [SENTENCES[faces_for]], address
        assert tags_of(page, "a", href="/what-is-stored")


def test_of_a_drop_box_it_says_that_only_the_host_sees_who_is_in_its_photos(
    app: Flask, cast: Cast
) -> None:
    decide(app, audience="host")

    assert f"{LOOKS}; only the host sees who is in them." in cast.stranger.get(cast.url).text


def test_a_room_with_a_password_says_it_and_still_not_its_title(
    make_room: Callable[..., NewRoom], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photoshare.services.rooms.rooms.hash_password", hash_secret)  # fast
    code = make_room("Secret feast", password="open sesame").room.code

    page = cast.stranger.get(f"/rooms/{code}").text

    assert SENTENCES["everybody"] in page
    assert "Secret feast" not in page


@pytest.mark.parametrize(
    ("values", "promise"),
    [
        ({}, "Add your photos and find an album with every photo of you."),
        ({"audience": "self"}, "Add your photos and find an album with every photo of you."),
        ({"adds_until": date(2020, 1, 1)}, "Find an album with every photo of you."),
        ({"faces_for": "nobody"}, "Add your photos and look at everyone's."),
        (
            {"faces_for": "nobody", "adds_until": date(2020, 1, 1)},
            "Look at everyone's photos.",
        ),
        ({"audience": "host"}, "Add your photos; only you and the host see them."),
        ({"audience": "later"}, "Add your photos now; everybody sees all of them later."),
        (
            {"audience": "self", "faces_for": "nobody"},
            "Add your photos; you see yours, and what the host shows to all.",
        ),
    ],
)
def test_the_invitation_promises_only_what_the_room_keeps(
    app: Flask, cast: Cast, values: dict[str, object], promise: str
) -> None:
    decide(app, **values)

    page = flat(cast.stranger.get(cast.url).text.replace("&#39;", "'"))

    assert f"<p>{promise}</p>" in page
    previews = [tag["content"] for tag in tags_of(page, "meta", property="og:description")]
    assert previews == [promise]


def test_whoever_creates_a_room_reads_it_as_well(cast: Cast) -> None:
    page = cast.stranger.get("/rooms").text

    assert "PhotoShare will look for faces in the photos" in page
    assert tags_of(page, "a", href="/what-is-stored")
