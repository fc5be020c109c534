"""The host takes the room home: prepares a zip, downloads it, resumes it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask

from photoshare.services.photos import deleting
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.helpers import delete_for_good, host_access, tags_of
from tests.live import serving
from tests.web.conftest import Party


def prepared(cast: Cast, run_jobs: Callable[[], None], **form: str) -> str:
    """Prepare a zip as the page does; return its address."""
    page = f"{cast.url}/take-home"
    answer = cast.host.post(page, data={"by": "day", "has_encodings": "1"} | form)
    assert (answer.status_code, answer.location) == (303, page)
    assert "every 2s" in cast.host.get(page).text
    run_jobs()
    (link,) = [tag for tag in tags_of(cast.host.get(page).text, "a") if ".zip" in tag["href"]]
    return link["href"]


def test_a_prepared_zip_has_the_originals_and_resumes_through_the_server(
    app: Flask, cast: Cast, party: Party, run_jobs: Callable[[], None]
) -> None:
    url = prepared(cast, run_jobs)

    with serving(app) as server:
        whole = server.ask(cast.host, url)
        middle = len(whole.content) // 3
        rest = server.ask(
            cast.host, url, Range=f"bytes={middle}-", If_Range=str(whole.headers["ETag"])
        )

    assert (whole.status, rest.status) == (200, 206)
    assert int(whole.headers["Content-Length"]) == len(whole.content)
    assert rest.content == whole.content[middle:]
    with zipfile.ZipFile(io.BytesIO(whole.content)) as packed:
        assert packed.testzip() is None
        photos = {name.rpartition("/")[2]: packed.read(name) for name in packed.namelist()}
    assert {name: photos[name] for name in party.contents} == party.contents


def test_the_page_says_how_large_the_zip_gets(cast: Cast, party: Party) -> None:
    page = cast.host.get(f"{cast.url}/take-home").text

    assert [tag["value"] for tag in tags_of(page, "input", name="by")] == ["day", "person"]
    assert len(re.findall(r"· [\d.]+ [kM]B", page)) == 2


@pytest.mark.usefixtures("party")
def test_the_same_room_gives_the_same_zip(cast: Cast, run_jobs: Callable[[], None]) -> None:
    assert prepared(cast, run_jobs) == prepared(cast, run_jobs)


@pytest.mark.usefixtures("party")
def test_a_wish_that_changes_meanwhile_is_fulfilled(
    cast: Cast, run_jobs: Callable[[], None]
) -> None:
    cast.host.post(f"{cast.url}/take-home", data={"by": "day"})

    url = prepared(cast, run_jobs, by="person")

    with zipfile.ZipFile(io.BytesIO(cast.host.get(url).data)) as packed:
        assert "photos/Nobody/e.jpg" in packed.namelist()


@pytest.mark.usefixtures("party")
def test_folders_have_names_in_the_language_of_the_host(
    cast: Cast, run_jobs: Callable[[], None]
) -> None:
    cast.host.post("/language", data={"language": "de"})

    url = prepared(cast, run_jobs, by="person")

    with zipfile.ZipFile(io.BytesIO(cast.host.get(url).data)) as packed:
        assert "photos/Niemand/e.jpg" in packed.namelist()


@pytest.mark.usefixtures("party")
def test_a_way_of_sorting_that_does_not_exist_is_refused(cast: Cast) -> None:
    answer = cast.host.post(f"{cast.url}/take-home", data={"by": "../x"})

    assert answer.status_code == 422


def test_what_is_gone_for_good_is_in_no_prepared_zip(
    app: Flask, site: Site, cast: Cast, party: Party, run_jobs: Callable[[], None]
) -> None:
    url = prepared(cast, run_jobs)

    with app.app_context():
        delete_for_good(host_access(cast.room_id), party.photos["a.jpg"], site.storage)

    assert cast.host.get(url).status_code == 404
    assert not list((site.storage.data / "rooms").rglob("*-texts"))


def test_a_photo_that_was_just_deleted_is_in_no_prepared_zip(
    app: Flask, site: Site, cast: Cast, party: Party, run_jobs: Callable[[], None]
) -> None:
    url = prepared(cast, run_jobs)

    with app.app_context():
        deleting.delete_photos(host_access(cast.room_id), [party.photos["a.jpg"]], site.storage)

    assert cast.host.get(url).status_code == 404


@pytest.mark.parametrize("stamp", ["0" * 64, "..", "x"])
def test_a_stamp_of_nothing_is_not_found(cast: Cast, stamp: str) -> None:
    assert cast.host.get(f"{cast.url}/take-home/{stamp}.zip").status_code == 404
