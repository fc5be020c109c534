"""GET /rooms/<code>/share and /rooms/<code>/guests."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from photoshare import create_app
from photoshare.db import db, upgrade_schema
from photoshare.models import Guest
from tests.conftest import Cast
from tests.helpers import Tag, counted_queries, insert_photos, tags_of


def share_page(client: FlaskClient, cast: Cast) -> str:
    answer = client.get(f"{cast.url}/share")
    assert answer.status_code == 200
    return answer.text


def guests_page(client: FlaskClient, cast: Cast) -> str:
    answer = client.get(f"{cast.url}/guests")
    assert answer.status_code == 200
    return answer.text


def link_fields(page: str) -> dict[str, Tag]:
    fields = tags_of(page, "input")
    return {tag["id"]: tag for tag in fields if "readonly" in tag.attributes}


def test_a_guest_sees_the_guest_link_only(cast: Cast) -> None:
    page = share_page(cast.guest, cast)

    links = {name: tag["value"] for name, tag in link_fields(page).items()}
    assert links == {"guest-link": f"http://localhost{cast.url}"}
    assert len(tags_of(page, "img")) == 1
    assert cast.host_secret not in page
    assert not tags_of(page, "a", href=f"{cast.url}/settings")


def test_the_host_sees_both_links(cast: Cast) -> None:
    page = share_page(cast.host, cast)

    assert {name: tag["value"] for name, tag in link_fields(page).items()} == {
        "guest-link": f"http://localhost{cast.url}",
        "host-link": f"http://localhost{cast.url}/host/{cast.host_secret}",
    }
    assert tags_of(page, "a", href=f"{cast.url}/settings")


def test_every_link_has_a_qr_code_of_its_own(cast: Cast) -> None:
    pictures = tags_of(share_page(cast.host, cast), "img")

    assert [tag["alt"] for tag in pictures] == [
        "QR code of the guest link",
        "QR code of the host link",
    ]
    assert all(tag["src"].startswith("data:image/svg+xml") for tag in pictures)
    assert pictures[0]["src"] != pictures[1]["src"]


def test_every_link_can_be_copied(cast: Cast) -> None:
    page = share_page(cast.host, cast)

    buttons = tags_of(page, "button", type="button")
    targets = [tag["data-copy"] for tag in buttons if "data-copy" in tag.attributes]

    assert targets == list(link_fields(page))


def test_the_room_code_is_shown_to_be_read_aloud(cast: Cast) -> None:
    assert f'<strong class="code" dir="ltr">{cast.code}</strong>' in share_page(cast.guest, cast)


def test_a_host_who_came_by_the_link_sees_the_host_link_again(cast: Cast) -> None:
    cast.stranger.post(f"{cast.url}/host/{cast.host_secret}")

    assert cast.host_secret in share_page(cast.stranger, cast)


def test_the_links_show_the_address_that_the_browser_used(cast: Cast) -> None:
    page = cast.guest.get(f"{cast.url}/share", base_url="http://localhost:8123").text

    assert link_fields(page)["guest-link"]["value"] == f"http://localhost:8123{cast.url}"


def test_the_links_show_the_public_address_where_it_is_set(tmp_path: Path) -> None:
    app = create_app({"data": tmp_path / "d", "public_url": "http://photos.example.org/party"})
    with app.app_context():
        upgrade_schema()
    client = app.test_client()
    answer = client.post("/rooms", data={"title": "Party"})

    links = link_fields(client.get(answer.location, follow_redirects=True).text)

    code = answer.location.split("/")[2]
    assert links["guest-link"]["value"] == f"http://photos.example.org/party/rooms/{code}"
    with app.app_context():
        db.engine.dispose()


def test_a_stranger_does_not_see_the_page(app: Flask, cast: Cast) -> None:
    answer = cast.stranger.get(f"{cast.url}/share")

    assert answer.status_code == 404
    assert cast.host_secret not in answer.text


def test_the_host_sees_who_added_how_much(app: Flask, cast: Cast) -> None:
    with app.app_context():
        host, guest = (
            db.session.scalars(select(Guest.id).where(Guest.name == name)).one()
            for name in ("Hanna", "Gustav")
        )
    insert_photos(app, cast.room_id, 1, guest_id=host, size_bytes=3_000_000)
    insert_photos(app, cast.room_id, 2, seed="g", guest_id=guest, size_bytes=2_500_000)
    insert_photos(app, cast.room_id, 1, seed="i")

    page = " ".join(re.sub("<[^>]*>", " ", guests_page(cast.host, cast)).split())

    assert "Gustav 2 photos · 5.0 MB Computer · last seen" in page
    assert "Hanna host 1 photo · 3.0 MB Computer · last seen" in page
    assert "Command line 1 photo · 1 kB" in page
    assert "2 guests" in page
    assert cast.guest.get(f"{cast.url}/guests").status_code == 403


def test_the_number_of_queries_does_not_grow_with_the_photos(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, 1)
    with counted_queries(app) as before:
        guests_page(cast.host, cast)
    insert_photos(app, cast.room_id, 50, seed="more")

    with counted_queries(app) as after:
        guests_page(cast.host, cast)

    assert len(before) == len(after) > 0


def test_the_host_takes_all_photos_home_and_searches_again_from_the_guests_page(
    app: Flask, cast: Cast
) -> None:
    assert "Download all" not in guests_page(cast.host, cast)
    insert_photos(app, cast.room_id, 1)

    page = guests_page(cast.host, cast)

    assert tags_of(page, "a", href=f"{cast.url}/photos.zip")
    assert tags_of(page, "a", href=f"{cast.url}/photos.zip?exact=1")
    assert tags_of(page, "form", action=f"{cast.url}/jobs")
    assert "0 faces in 1 photo, 0 people found." in page
