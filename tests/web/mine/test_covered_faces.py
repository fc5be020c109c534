"""No address sends another guest the face of someone who asked not to be shown.

The addresses come from the app, so that a new one is tried, too: every picture, download and zip.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from photoshare.db import db
from photoshare.models import Person, Room
from photoshare.services.downloads import zips
from photoshare.web.site import Site
from tests.fakes import RED
from tests.helpers import guest_of, make_own_link, tags_of
from tests.web.mine.conftest import Hideout, draw_marked, shows_mark

FOR_HOSTS = {"photos.original"}  # guests don't get exact originals here
SEEN = {  # where the face is seen by who may see it: else the walk would prove nothing
    *("photos.picture", "photos.tile", "photos.download", "people.face_picture"),
    *("albums.room_zip", "albums.person_zip"),
}
OF_SCRIPTS = {"api.original", "api.room_zip", "api.person_zip"}
OF_SHARED = {"shared_album.picture", "shared_album.download", "shared_album.album_zip"}

# Addresses with other values: pages, files that are no photo, and what only hosts or senders see.
NO_PHOTO = {
    *("static", "vendor.static", "phone_app.icon", "owner.show", "owner.confirm_delete"),
    *("rooms.host_link", "rooms.qr_code", "own_links.ask"),
}
ELSEWHERE = {
    "bin.picture",  # in a test of its own
    *(
        "moderation.picture",
        "moderation.clip",
        "moderation.show",
    ),  # no faces are searched before the host's yes
    "take_home.download",  # for hosts
}


def values_of(hideout: Hideout, person_id: int) -> dict[str, object]:
    return {
        "room_code": hideout.cast.code,
        "photo_id": hideout.photos["large.jpg"],
        "digest": hideout.digests["large.jpg"],
        "person_id": person_id,
        **{"face_id": hideout.blue_face, "ending": "jpg", "side": 1280},
        **{"factor": 1, "column": 0, "row": 0, "guest_id": 1, "link_id": 1},
    }


def addresses(app: Flask, values: dict[str, object]) -> dict[str, str]:
    """Return every address that only reads, and for which there are values."""
    adapter = app.url_map.bind("localhost")
    return {
        rule.endpoint: adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments})
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.arguments <= values.keys()
    }


def pictures_in(answer: TestResponse) -> Iterable[bytes]:
    """Yield the pictures of an answer: itself, or those of a zip."""
    if answer.status_code != 200:
        return
    if answer.mimetype == "application/zip":
        with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
            yield from (packed.read(name) for name in packed.namelist() if name.endswith(".jpg"))
    elif answer.mimetype in ("image/jpeg", "image/webp"):
        yield answer.data


def where_seen(
    client: FlaskClient, urls: dict[str, str], headers: dict[str, str] | None = None
) -> set[str]:
    """Return the endpoints that send the face."""
    seen = set()
    for endpoint, url in urls.items():
        answer = client.get(url, headers=headers, buffered=True)
        if any(shows_mark(picture) for picture in pictures_in(answer)):
            seen.add(endpoint)
    return seen


def test_others_are_never_sent_the_face(
    app: Flask, covered: Hideout, run_jobs: Callable[[], None]
) -> None:
    run_jobs()
    of_blue = addresses(app, values_of(covered, covered.blue))
    red_face = of_blue | addresses(app, values_of(covered, covered.red))

    assert where_seen(covered.other, of_blue) == set()
    assert where_seen(covered.other, red_face) == set()
    assert where_seen(covered.cast.stranger, of_blue) == set()


def test_the_host_and_they_themselves_see_it(
    app: Flask, covered: Hideout, run_jobs: Callable[[], None]
) -> None:
    run_jobs()
    urls = addresses(app, values_of(covered, covered.blue))
    seen = SEEN - {"people.face_picture"}  # that of blue

    assert where_seen(covered.cast.guest, urls) == seen
    assert where_seen(covered.cast.host, urls) == seen | FOR_HOSTS


@pytest.mark.parametrize("side", [320, 640, 1280, 2000])
@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_every_size_is_covered_at_old_addresses_too(
    app: Flask, covered: Hideout, side: int, ending: str
) -> None:
    photo, digest = covered.photos["large.jpg"], covered.digests["large.jpg"]
    url = f"{covered.url}/photos/{photo}/{digest}-{side}.{ending}"
    assert shows_mark(covered.cast.host.get(url, buffered=True).data)

    for query in ("", "?c=0", "?c=1", "?c=99", "?c=1-all"):
        answer = covered.other.get(url + query, buffered=True)
        assert answer.status_code == 200
        assert not shows_mark(answer.data), query


def test_originals_with_metadata_are_covered_copies_without(
    app: Flask, covered: Hideout, run_jobs: Callable[[], None]
) -> None:
    with app.app_context():
        db.session.execute(update(Room).values(keeps_metadata=True))
        db.session.commit()
    run_jobs()

    urls = addresses(app, values_of(covered, covered.blue))

    assert where_seen(covered.other, urls) == set()
    assert "photos.original" in where_seen(covered.cast.guest, urls)
    answer = covered.other.get(urls["photos.original"], buffered=True)
    assert answer.status_code == 200
    assert b"Exif" not in answer.data


def test_scripts_get_what_guests_get(
    app: Flask, covered: Hideout, run_jobs: Callable[[], None]
) -> None:
    run_jobs()
    page = covered.cast.host.post(f"{covered.url}/tokens", data={"name": "frame", "read": "1"})
    (field,) = tags_of(page.text, "input", id="token")
    headers = {"Authorization": f"Bearer {field['value']}"}
    urls = addresses(app, values_of(covered, covered.blue))

    assert where_seen(app.test_client(), urls, headers) == set()

    with app.app_context():
        db.session.execute(update(Person).values(has_asked=False))
        db.session.commit()
    assert where_seen(app.test_client(), urls, headers) == OF_SCRIPTS


def test_a_shared_album_covers_them_for_everybody(
    app: Flask, covered: Hideout, run_jobs: Callable[[], None]
) -> None:
    run_jobs()
    album = make_own_link(covered.other, covered.url, "album")
    values = values_of(covered, covered.blue) | {"album_secret": album.rpartition("/")[2]}
    urls = {name: url for name, url in addresses(app, values).items() if "shared" in name}

    for client in (covered.cast.stranger, covered.cast.host, covered.cast.guest):
        assert where_seen(client, urls) == set()

    with app.app_context():
        db.session.execute(update(Person).values(has_asked=False))
        db.session.commit()
    assert where_seen(covered.cast.stranger, urls) == OF_SHARED


def test_the_wall_covers_them_whoever_has_opened_it(covered: Hideout) -> None:
    for client in (covered.cast.host, covered.cast.guest, covered.other):
        entries = client.get(f"{covered.url}/wall/photos").get_json()
        sources = [entry[name] for entry in entries for name in ("src", "backdrop")]
        shown = tags_of(client.get(f"{covered.url}/wall").text, "img")
        sources += [one["src"] for one in shown if "/photos/" in one["src"]]

        assert len(sources) == 8
        assert not any(shows_mark(client.get(source, buffered=True).data) for source in sources)


def test_pages_of_others_have_no_tiny_copy_and_marked_addresses(covered: Hideout) -> None:
    page = covered.other.get(f"{covered.url}/photos").text

    assert "data:image/webp" not in page
    sources = [one["src"] for one in tags_of(page, "img") if "/photos/" in one["src"]]
    assert sources
    assert all("?c=" in source for source in sources)
    assert "data:image/webp" in covered.cast.host.get(f"{covered.url}/photos").text


def test_a_browser_keeps_a_picture_only_at_its_present_address(covered: Hideout) -> None:
    page = covered.other.get(f"{covered.url}/photos").text
    present = next(one["src"] for one in tags_of(page, "img") if "/photos/" in one["src"])
    path = present.partition("?")[0]

    kept, old = covered.other.get(present, buffered=True), covered.other.get(path, buffered=True)

    assert "immutable" in kept.headers["Cache-Control"]
    assert old.headers["Cache-Control"] == "no-store"
    covered.cast.guest.post(f"{covered.url}/me/show")
    assert covered.other.get(present, buffered=True).headers["Cache-Control"] == "no-store"


def test_a_photo_that_was_never_searched_is_blurred_for_others(
    app: Flask,
    covered: Hideout,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> None:
    photo_id = add_photo(covered.cast.room_id, draw_marked(RED, seed=9, scale=10), "new.jpg")
    entry = covered.cast.host.get(f"{covered.url}/photos/{photo_id}").text
    source = next(one["src"] for one in tags_of(entry, "img") if "/photos/" in one["src"])
    download = source.rpartition("-")[0] + "/download"
    assert shows_mark(covered.cast.host.get(source, buffered=True).data)

    blurred, refused = (
        covered.other.get(source, buffered=True),
        covered.other.get(download, buffered=True),
    )

    assert blurred.status_code == 200
    assert blurred.headers["Cache-Control"] == "no-store"
    assert not shows_mark(blurred.data)
    assert refused.status_code == 503
    assert covered.other.get(f"{covered.url}/photos.zip", buffered=True).status_code == 503
    run_jobs()
    assert not shows_mark(covered.other.get(source, buffered=True).data)


def test_the_zip_of_another_guest_waits_for_the_copies_and_resumes(
    covered: Hideout, run_jobs: Callable[[], None]
) -> None:
    url = f"{covered.url}/photos.zip"
    assert covered.other.get(url, buffered=True).status_code == 503
    run_jobs()

    whole = covered.other.get(url, buffered=True)
    half = len(whole.data) // 2
    rest = covered.other.get(url, buffered=True, headers={"Range": f"bytes={half}-"})

    assert whole.status_code == 200
    assert zipfile.ZipFile(io.BytesIO(whole.data)).testzip() is None
    assert rest.data == whole.data[half:]
    other_zip = covered.cast.guest.get(url, buffered=True)
    assert other_zip.data != whole.data
    assert other_zip.headers["ETag"] != whole.headers["ETag"]


def test_nothing_is_covered_unless_the_host_lets_it(app: Flask, hideout: Hideout) -> None:
    hideout.hide()

    urls = addresses(app, values_of(hideout, hideout.blue))

    assert "photos.picture" in where_seen(hideout.other, urls)
    assert "?c=" not in hideout.other.get(f"{hideout.url}/photos").text


def test_a_deleted_photo_is_blurred_in_the_bin_of_another_guest(
    app: Flask, covered: Hideout, add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> None:
    guest_id = guest_of(app, covered.other, covered.cast.room_id)
    content = draw_marked(RED, seed=11, scale=10)
    photo_id = add_photo(covered.cast.room_id, content, "own.jpg", guest_id=guest_id)
    run_jobs()
    assert covered.other.post(f"{covered.url}/photos/{photo_id}/delete").status_code == 303

    page = covered.other.get(f"{covered.url}/bin").text
    (source,) = [one["src"] for one in tags_of(page, "img") if "/deletions/" in one["src"]]

    answer = covered.other.get(source, buffered=True)
    assert answer.status_code == 200
    assert not shows_mark(answer.data)
    assert shows_mark(covered.cast.host.get(source, buffered=True).data)


def test_a_face_that_comes_to_them_is_covered_and_addresses_change(
    app: Flask, covered: Hideout
) -> None:
    with app.app_context():
        before = db.session.get_one(Room, covered.cast.room_id).covering

    covered.cast.host.post(
        f"{covered.url}/faces/move",
        data={"faces": covered.blue_face, "into": covered.red, "is_sure": "1"},
    )

    with app.app_context():
        assert db.session.get_one(Room, covered.cast.room_id).covering > before


def test_covered_copies_go_with_the_cover_and_with_the_photo(
    app: Flask, site: Site, covered: Hideout, run_jobs: Callable[[], None]
) -> None:
    def copies() -> list[str]:
        return sorted(path.name for path in site.storage.data.rglob("*covered-*"))

    run_jobs()
    where_seen(covered.other, addresses(app, values_of(covered, covered.blue)))
    made = copies()
    assert {name.rpartition(".")[2] for name in made} == {"jpg", "txt", "zip"}
    site.jobs.sweep()
    assert copies() == made

    large = covered.photos["large.jpg"]
    covered.cast.host.post(f"{covered.url}/photos/{large}/delete")
    covered.cast.host.post(f"{covered.url}/bin/empty")
    assert copies()
    assert not any(name.startswith(covered.digests["large.jpg"]) for name in copies())
    covered.cast.guest.post(f"{covered.url}/me/show")

    assert copies() == []


def test_every_address_is_tried_or_known_to_send_no_photo(app: Flask, covered: Hideout) -> None:
    """Whoever adds a route with other values adds them to `values_of`, or says why not here."""
    known = values_of(covered, covered.blue).keys() | {"album_secret"}
    untried = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments <= known
    }

    assert untried == NO_PHOTO | ELSEWHERE


@pytest.mark.parametrize("moment", ["zip_state", "_photo_ids"])
def test_a_search_that_ends_while_a_zip_is_made_uncovers_nobody(
    covered: Hideout,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    """Each query sees the room as it is by then: nobody may slip through between two of them."""
    run_jobs()
    content, usual = draw_marked(RED, seed=9, scale=4), getattr(zips, moment)

    def come_in() -> None:
        add_photo(covered.cast.room_id, content, "new.jpg")

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(zips, moment, usual)
        run_jobs() if moment == "zip_state" else come_in()
        return usual(*arguments)

    if moment == "zip_state":
        come_in()
    monkeypatch.setattr(zips, moment, meanwhile)
    answer = covered.other.get(f"{covered.url}/photos.zip", buffered=True)

    assert not any(shows_mark(picture) for picture in pictures_in(answer))
    run_jobs()
    covered.other.get(f"{covered.url}/photos.zip", buffered=True)  # its covered copy is made
    run_jobs()
    answer = covered.other.get(f"{covered.url}/photos.zip", buffered=True)
    assert [shows_mark(picture) for picture in pictures_in(answer)] == [False] * 4
