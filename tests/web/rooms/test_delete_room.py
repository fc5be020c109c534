"""GET and POST /rooms/<code>/delete."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from photoshare.db import db
from photoshare.models import Face, FormerCode, Guest, Heart, Upload
from photoshare.services.corrections import verbs
from photoshare.services.photos import delete_photos
from photoshare.services.rooms.entering import Author
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import host_access, insert_waiting, row_counts, tags_of
from tests.web.conftest import Party


def test_the_host_is_asked_first(app: Flask, cast: Cast, party: Party) -> None:
    before = row_counts(app)

    page = cast.host.get(f"{cast.url}/delete").text

    assert "5 photos and all people, faces and guests" in page
    assert tags_of(page, "form", action=f"{cast.url}/delete")[0]["method"] == "post"
    assert row_counts(app) == before


def test_all_rows_and_files_of_the_room_go(
    app: Flask, site: Site, cast: Cast, party: Party
) -> None:
    with app.app_context():
        author = Author(cast.room_id)
        red, blue = (
            db.session.scalars(select(Face.id).where(Face.person_id == person)).first() or 0
            for person in (party.red, party.blue)
        )
        verbs.mark_different(author, [red], [blue])
        guest_id = db.session.scalars(select(Guest.id)).first()
        db.session.add(
            Upload(
                room_id=cast.room_id,
                guest_id=guest_id,
                fingerprint="half",
                file_name="half.jpg",
                size_bytes=9,
            )
        )
        db.session.add(FormerCode(code="acdef-hjkm-nprtw", room_id=cast.room_id))
        db.session.add(Heart(photo_id=party.photos["b.jpg"], guest_id=guest_id or 0))
        db.session.commit()
        delete_photos(host_access(cast.room_id), [party.photos["e.jpg"]], site.storage)
    insert_waiting(app, cast.room_id, guest_id or 0, 1)
    assert 0 not in row_counts(app).values()

    answer = cast.host.post(f"{cast.url}/delete")

    assert (answer.status_code, answer.location) == (303, "/")
    assert set(row_counts(app).values()) == {0}
    assert list((site.storage.data / "rooms").rglob("*")) == []


def test_another_room_stays(
    app: Flask,
    site: Site,
    cast: Cast,
    party: Party,
    make_room: Callable[..., NewRoom],
    add_photo: Callable[..., int],
) -> None:
    other = make_room("Other").room
    add_photo(other.id, draw_photo(RED))

    cast.host.post(f"{cast.url}/delete")

    left = {table: count for table, count in row_counts(app).items() if count}
    assert left == {"room": 1, "host_link": 1, "photo": 1, "log_entry": 1}
    assert len([path for path in site.storage.room_folder(other.id).rglob("*") if path.is_file()])


def test_the_host_is_told_what_was_deleted(cast: Cast) -> None:
    cast.host.post(f"{cast.url}/delete")

    assert "The room “Party” and everything in it have been deleted." in cast.host.get("/").text


def test_nobody_finds_the_room_afterwards(cast: Cast) -> None:
    cast.host.post(f"{cast.url}/delete")

    for client in (cast.host, cast.guest, cast.stranger):
        assert client.get(cast.url).status_code == 404


def test_a_guest_cannot_delete_it(app: Flask, cast: Cast) -> None:
    assert cast.guest.get(f"{cast.url}/delete").status_code == 403
    assert cast.guest.post(f"{cast.url}/delete").status_code == 403

    assert row_counts(app)["room"] == 1


def test_a_stranger_finds_nothing(app: Flask, cast: Cast) -> None:
    assert cast.stranger.get(f"{cast.url}/delete").status_code == 404
    assert cast.stranger.post(f"{cast.url}/delete").status_code == 404

    assert row_counts(app)["room"] == 1
