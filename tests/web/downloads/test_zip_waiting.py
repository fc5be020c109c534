"""What a guest sees if a zip cannot contain every photo: not yet, or never again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import Job, Photo
from photoshare.services.downloads import checksums
from photoshare.services.work.job_table import JobKind
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.helpers import HX, tags_of
from tests.web.conftest import Party


@pytest.fixture
def unmeasured(app: Flask, cast: Cast, party: Party) -> list[str]:
    """Remove the checksums of two of five photos; return the addresses of zips with one."""
    ids = [party.photos["a.jpg"], party.photos["b.jpg"]]
    with app.app_context():
        db.session.execute(update(Photo).where(Photo.id.in_(ids)).values(crc32=None))
        db.session.commit()
    return [f"{cast.url}/photos.zip", f"{cast.url}/people/{party.red}/album.zip"]


def lose(app: Flask, site: Site, photo_id: int) -> None:
    """Remove a photo's original, as a broken disk does, and let the server notice it."""
    with app.app_context():
        photo = db.session.get_one(Photo, photo_id)
        site.storage.original(photo.room_id, photo.sha256).unlink()
    site.jobs.sweep()


def test_a_zip_that_is_not_ready_is_a_page_that_asks_again(
    cast: Cast, unmeasured: list[str], run_jobs: Callable[[], None]
) -> None:
    for url in unmeasured:
        answer = cast.guest.get(url)

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "Getting your download ready" in answer.text
        (bar,) = tags_of(answer.text, "progress")
        assert int(bar["max"]) - int(bar["value"]) == 2
        (section,) = [tag for tag in tags_of(answer.text, "section") if "hx-get" in tag.attributes]
        asked = cast.guest.get(section["hx-get"], headers=HX)
        assert (asked.status_code, len(tags_of(asked.text, "progress"))) == (200, 1)

    run_jobs()

    for url in unmeasured:
        asked = cast.guest.get(url, headers=HX)
        (link,) = tags_of(asked.text, "a")
        assert tags_of(asked.text, "progress") == []
        answer = cast.guest.get(link["href"], buffered=True)
        assert (answer.status_code, answer.mimetype) == (200, "application/zip")


def test_a_request_measures_nothing_and_asks_for_the_job(
    app: Flask, cast: Cast, unmeasured: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksums, "_measure", lambda *_: pytest.fail("measured in a request"))

    for url in unmeasured:
        assert cast.guest.get(url).status_code == 503

    with app.app_context():
        kinds = db.session.scalars(select(Job.kind).where(Job.state == "queued")).all()
    assert JobKind.PREPARE_DOWNLOADS in kinds


def test_albums_whose_photos_are_measured_do_not_wait_for_others(
    cast: Cast, party: Party, unmeasured: list[str]
) -> None:
    photo_id = party.photos["c.jpg"]

    answer = cast.guest.get(f"{cast.url}/photos.zip?photos={photo_id}", buffered=True)

    assert answer.status_code == 200


def test_the_zip_and_the_pages_before_it_tell_what_is_lost(
    app: Flask, site: Site, cast: Cast, party: Party
) -> None:
    pages = [
        f"{cast.url}/people/{party.red}",
        f"{cast.url}/people/several?people={party.red},{party.blue}",
        cast.url,
        f"{cast.url}/me",
    ]
    cast.guest.post(f"{cast.url}/me/person", data={"person": party.red})
    warning = "1 photo was lost on the server; the zip lists it."
    assert not any(warning in cast.guest.get(page).text for page in pages)

    lose(app, site, party.photos["b.jpg"])

    for page in pages:
        assert warning in cast.guest.get(page).text, page
    for path, names in (
        ("/photos.zip", ["a.jpg", "c.jpg", "d.jpg", "e.jpg"]),
        (f"/people/{party.red}/album.zip", ["a.jpg", "d.jpg"]),
    ):
        whole = cast.guest.get(cast.url + path, buffered=True)
        part = cast.guest.get(cast.url + path, headers={"Range": "bytes=-700"}, buffered=True)
        assert (part.status_code, part.data) == (206, whole.data[-700:])
        assert whole.content_length == len(whole.data)
        with zipfile.ZipFile(io.BytesIO(whole.data)) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == [*names, "Missing photos.txt"]
            text = archive.read("Missing photos.txt").decode()
        assert "1 photo is missing from this zip" in text
        assert "\r\nb.jpg\r\n" in text
    assert warning not in cast.guest.get(f"{cast.url}/people/{party.blue}").text


def test_the_text_is_in_the_guests_language(
    app: Flask, site: Site, cast: Cast, party: Party
) -> None:
    lose(app, site, party.photos["b.jpg"])

    answer = cast.guest.get(
        f"{cast.url}/photos.zip", headers={"Accept-Language": "de"}, buffered=True
    )

    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.namelist()[-1] == "Fehlende Fotos.txt"


def test_the_host_is_told_which_photos_are_lost(
    app: Flask, site: Site, cast: Cast, party: Party
) -> None:
    assert "Lost photos" not in cast.host.get(f"{cast.url}/guests").text

    lose(app, site, party.photos["b.jpg"])

    page = cast.host.get(f"{cast.url}/guests").text
    assert "Lost photos" in page
    assert tags_of(page, "a", href=f"{cast.url}/photos/{party.photos['b.jpg']}")
    assert cast.guest.get(f"{cast.url}/guests").status_code == 403
