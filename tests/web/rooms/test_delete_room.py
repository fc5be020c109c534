"""GET and POST /rooms/<code>/delete, and the room in the bin."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import (
    PHOTO_ANALYSED,
    PHOTO_WAITING,
    AlsoAdded,
    ApiToken,
    Face,
    FormerCode,
    Guest,
    Heart,
    Photo,
    Upload,
)
from photoshare.services.corrections import verbs
from photoshare.services.photos import delete_photos
from photoshare.services.rooms.entering import Author
from photoshare.services.rooms.rooms import NewRoom
from photoshare.services.work.job_table import has_queued_jobs
from photoshare.services.work.photo_queue import claim_photo
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import host_access, insert_waiting, make_own_link, row_counts, tags_of
from tests.web.conftest import Party


def into_bin(cast: Cast) -> None:
    answer = cast.host.post(f"{cast.url}/delete", data={"title": " party "})
    assert (answer.status_code, answer.location) == (303, f"{cast.url}/deleted")


def delete_for_good(cast: Cast) -> TestResponse:
    into_bin(cast)
    return cast.host.post(f"{cast.url}/deleted/now")


def test_the_host_is_asked_first(app: Flask, cast: Cast, party: Party) -> None:
    before = row_counts(app)

    page = cast.host.get(f"{cast.url}/delete").text

    assert "5 photos and all people, faces and guests" in page
    assert "stays in the bin for 7 days" in page
    assert tags_of(page, "a", href=f"{cast.url}/photos.zip")
    assert tags_of(page, "form", action=f"{cast.url}/delete")[0]["method"] == "post"
    assert row_counts(app) == before


def test_all_rows_and_files_of_the_room_go(
    app: Flask, site: Site, cast: Cast, party: Party
) -> None:
    make_own_link(cast.guest, cast.url)
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
        db.session.add(
            ApiToken(
                room_id=cast.room_id,
                guest_id=guest_id,
                name="Backup",
                token_hash="0",
                may_read=True,
                may_add=False,
            )
        )
        db.session.add(FormerCode(code="acdef-hjkm-nprtw", room_id=cast.room_id))
        db.session.add(Heart(photo_id=party.photos["b.jpg"], guest_id=guest_id or 0))
        db.session.add(AlsoAdded(photo_id=party.photos["b.jpg"], guest_id=guest_id or 0))
        db.session.commit()
        delete_photos(host_access(cast.room_id), [party.photos["e.jpg"]], site.storage)
    insert_waiting(app, cast.room_id, guest_id or 0, 1)
    assert 0 not in row_counts(app).values()

    answer = delete_for_good(cast)

    assert answer.status_code == 200
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

    delete_for_good(cast)

    left = {table: count for table, count in row_counts(app).items() if count}
    assert left == {"room": 1, "host_link": 1, "photo": 1, "log_entry": 1}
    assert len([path for path in site.storage.room_folder(other.id).rglob("*") if path.is_file()])


def test_the_report_says_how_much_was_deleted_and_whose_it_was_not(
    site: Site, cast: Cast, party: Party
) -> None:
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": "Lea"})

    page = delete_for_good(cast).text

    (link,) = (one for one in tags_of(page, "a") if "download" in one.attributes)
    head, _, content = link["href"].partition(",")
    assert head == "data:application/json;base64"
    text = base64.b64decode(content).decode()
    (file,) = (site.storage.data / "reports").iterdir()
    assert (file.name, file.read_text(encoding="utf-8")) == (link["download"], text)
    assert file.stat().st_mode & 0o077 == 0
    report = json.loads(text)
    assert report["bytes"] == sum(map(len, party.contents.values()))
    expected = {"title": "Party", "code": cast.code, "photos": 5, "people": 2, "guests": 2}
    assert {name: report[name] for name in expected} == expected
    assert report["faces"] == 6
    assert not any(name in text for name in ("Lea", "Hanna", "Gustav"))


@pytest.mark.parametrize("title", ["", "Part", "Party!"])
def test_without_its_title_nothing_is_deleted(app: Flask, cast: Cast, title: str) -> None:
    before = row_counts(app)

    answer = cast.host.post(f"{cast.url}/delete", data={"title": title})

    assert answer.status_code == 422
    assert "That isn&#39;t the room&#39;s title." in answer.text
    assert row_counts(app) == before
    assert cast.guest.get(cast.url).status_code == 200


def test_nobody_finds_the_room_afterwards(cast: Cast) -> None:
    delete_for_good(cast)

    for client in (cast.host, cast.guest, cast.stranger):
        assert client.get(cast.url).status_code == 404


def test_a_host_finds_the_room_in_the_bin_and_restores_it_with_everything(
    app: Flask, cast: Cast, party: Party
) -> None:
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": "Lea"})
    before = row_counts(app)
    into_bin(cast)
    assert "in the bin" in cast.host.get("/").text
    assert "Party" not in cast.guest.get("/").text

    page = cast.host.get(f"{cast.url}/photos", follow_redirects=True).text
    (form,) = tags_of(page, "form", action=f"{cast.url}/deleted/restore")
    cast.host.post(form["action"])

    said = {"log_entry": before["log_entry"] + 2}  # deleted, and restored
    assert row_counts(app) == before | said
    assert "Lea" in cast.guest.get(f"{cast.url}/people/{party.red}").text
    picture = f"{cast.url}/photos/{party.photos['a.jpg']}/{party.digests['a.jpg']}-320.webp"
    assert cast.guest.get(picture, buffered=True).status_code == 200


def test_the_host_link_opens_the_bin_for_a_new_browser(app: Flask, cast: Cast) -> None:
    into_bin(cast)
    other = app.test_client()

    page = other.post(f"{cast.url}/host/{cast.host_secret}", follow_redirects=True).text

    assert "“Party” is in the bin" in page
    assert other.post(f"{cast.url}/deleted/restore").location == cast.url


def test_to_guests_it_is_a_room_that_has_ended(cast: Cast) -> None:
    into_bin(cast)

    assert "“Party” has ended" in cast.guest.get(f"{cast.url}/photos").text
    assert "Party" not in cast.stranger.get(cast.url).text
    assert cast.stranger.post("/join", data={"room_code": cast.code}).location == cast.url


def test_on_a_full_disk_it_is_gone_at_once_and_the_question_says_so(
    app: Flask, cast: Cast, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.storage, "has_free_space", lambda: False)
    assert "disk is full" in cast.host.get(f"{cast.url}/delete").text

    page = cast.host.post(f"{cast.url}/delete", data={"title": "Party"}).text

    assert "“Party” is gone for good" in page
    assert row_counts(app)["room"] == 0


def test_no_job_works_on_a_room_in_the_bin(
    app: Flask, site: Site, cast: Cast, add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> None:
    photo_id = add_photo(cast.room_id, draw_photo(RED))
    with app.app_context():
        site.jobs.search_photos(cast.room_id)
        site.jobs.group_again(cast.room_id)
    into_bin(cast)

    run_jobs()
    with app.app_context():
        state = db.session.get_one(Photo, photo_id).state
        has_queued = has_queued_jobs()
        claimed = claim_photo(cast.room_id)
    cast.host.post(f"{cast.url}/deleted/restore")
    run_jobs()

    assert (state, has_queued, claimed) == (PHOTO_WAITING, False, None)
    with app.app_context():
        assert db.session.get_one(Photo, photo_id).state == PHOTO_ANALYSED


def test_a_guest_cannot_delete_it(app: Flask, cast: Cast) -> None:
    assert cast.guest.get(f"{cast.url}/delete").status_code == 403
    assert cast.guest.post(f"{cast.url}/delete").status_code == 403

    assert row_counts(app)["room"] == 1


def test_a_stranger_finds_nothing(app: Flask, cast: Cast) -> None:
    assert cast.stranger.get(f"{cast.url}/delete").status_code == 404
    assert cast.stranger.post(f"{cast.url}/delete").status_code == 404

    assert row_counts(app)["room"] == 1
