"""The bin of a room: what was deleted, restored or gone for good, and for whom."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from photoshare.models import utc_now
from photoshare.services.photos import delete_for_good, deleting
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import BLUE, GREEN, RED, draw_photo
from tests.helpers import row_counts, tags_of
from tests.web.conftest import Party


def upload_and_delete(client: FlaskClient, cast: Cast, *colours: tuple[int, int, int]) -> None:
    """Add a photo as this browser, and delete it."""
    files = {"photos": (io.BytesIO(draw_photo(*colours)), "mine.jpg")}
    client.post(f"{cast.url}/photos", data=files)
    tiles = tags_of(client.get(f"{cast.url}/photos").text, "a", **{"class": "tile"})
    client.post(f"{tiles[0]['href']}/delete")


def forms_in_bin(client: FlaskClient, cast: Cast, ending: str) -> list[str]:
    client.get(f"{cast.url}/bin")  # shows what was said of the deletion, with its own Undo
    page = client.get(f"{cast.url}/bin").text
    return [form["action"] for form in tags_of(page, "form") if form["action"].endswith(ending)]


def pictures_in_bin(client: FlaskClient, cast: Cast) -> list[str]:
    page = client.get(f"{cast.url}/bin").text
    return [one["src"] for one in tags_of(page, "img") if "/deletions/" in one["src"]]


def test_hosts_see_everything_and_guests_what_they_deleted(cast: Cast) -> None:
    upload_and_delete(cast.guest, cast, RED)
    upload_and_delete(cast.host, cast, BLUE)

    assert len(forms_in_bin(cast.host, cast, "/undo")) == 2
    assert len(forms_in_bin(cast.guest, cast, "/undo")) == 1
    assert "Deleted by Gustav" in cast.host.get(f"{cast.url}/bin").text


def test_a_picture_in_the_bin_is_for_whoever_may_restore_it_and_stays_nowhere(cast: Cast) -> None:
    upload_and_delete(cast.guest, cast, RED)
    upload_and_delete(cast.host, cast, BLUE)
    of_host, of_guest = pictures_in_bin(cast.host, cast)

    answer = cast.guest.get(of_guest, buffered=True)

    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert answer.headers["Cache-Control"] == "no-store"
    assert cast.host.get(of_guest, buffered=True).status_code == 200
    assert cast.guest.get(of_host).status_code == 404
    assert cast.stranger.get(of_guest).status_code == 404


def test_restoring_leads_back_to_the_bin(app: Flask, cast: Cast) -> None:
    upload_and_delete(cast.guest, cast, RED)
    (undo,) = forms_in_bin(cast.guest, cast, "/undo")

    answer = cast.guest.post(undo, headers={"Referer": f"http://localhost{cast.url}/bin"})

    assert answer.location == f"{cast.url}/bin"
    assert row_counts(app)["photo"] == 1
    assert "The bin is empty." in cast.guest.get(f"{cast.url}/bin").text


def test_now_deletes_one_for_good(app: Flask, site: Site, cast: Cast) -> None:
    upload_and_delete(cast.guest, cast, RED)
    upload_and_delete(cast.guest, cast, BLUE)
    kept, gone = (one.split("/")[-1][:16] for one in pictures_in_bin(cast.guest, cast)[::-1])

    cast.guest.post(forms_in_bin(cast.guest, cast, "/now")[0])

    assert len(forms_in_bin(cast.guest, cast, "/now")) == 1
    names = [path.name for path in (site.storage.data / "rooms").rglob("*")]
    assert not any(name.startswith(gone) for name in names)
    assert any(name.startswith(kept) for name in names)


def test_a_guest_cannot_end_what_another_deleted(cast: Cast) -> None:
    upload_and_delete(cast.host, cast, RED)
    (now,) = forms_in_bin(cast.host, cast, "/now")

    assert cast.guest.post(now).status_code == 404
    cast.guest.post(f"{cast.url}/bin/empty")
    assert len(forms_in_bin(cast.host, cast, "/now")) == 1


def test_emptying_takes_what_the_browser_sees(app: Flask, cast: Cast) -> None:
    upload_and_delete(cast.guest, cast, RED)
    upload_and_delete(cast.host, cast, BLUE)

    cast.guest.post(f"{cast.url}/bin/empty")
    left = row_counts(app)["deletion"]
    page = cast.host.post(f"{cast.url}/bin/empty", follow_redirects=True).text

    assert left == 1
    assert "1 photo deleted for good." in page
    assert row_counts(app)["deletion"] == 0


def test_it_stays_for_seven_days(app: Flask, site: Site, cast: Cast) -> None:
    upload_and_delete(cast.guest, cast, GREEN)
    week = site.settings.bin_time
    almost = utc_now() + week - timedelta(minutes=1)

    with app.app_context():
        assert week == timedelta(days=7)
        assert delete_for_good(site.storage, deleting.is_over(almost - week)) == 0
        over = utc_now() + week + timedelta(minutes=1)
        assert delete_for_good(site.storage, deleting.is_over(over - week)) == 1


def test_the_album_of_a_person_comes_back_with_name_cover_and_who_it_is(
    app: Flask, cast: Cast, party: Party
) -> None:
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": "Lea"})
    cast.guest.post(f"{cast.url}/me/person", data={"person": party.red})
    before = cast.guest.get(f"{cast.url}/people/{party.red}").text
    page = cast.host.get(f"{cast.url}/people/{party.red}/delete").text
    assert "Delete Lea&#39;s album?" in page or "Delete Lea's album?" in page
    assert "deletes 3 photos from the room" in page
    assert "Other people are in 1 photo of the album, too." in page

    cast.host.post(f"{cast.url}/people/{party.red}/delete")
    assert row_counts(app)["photo"] == 2
    assert cast.guest.get(f"{cast.url}/people/{party.red}").status_code == 404
    bin_page = cast.host.get(f"{cast.url}/bin").text
    assert "Lea&#39;s album" in bin_page or "Lea's album" in bin_page
    cast.host.post(forms_in_bin(cast.host, cast, "/undo")[0])

    after = cast.guest.get(f"{cast.url}/people/{party.red}").text
    assert tags_of(after, "img") == tags_of(before, "img")
    assert "Lea" in after
    assert f"/people/{party.red}" in cast.guest.get(f"{cast.url}/me").text


def test_on_a_full_disk_photos_are_gone_and_the_page_says_so(
    app: Flask, site: Site, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_and_delete(cast.host, cast, RED)
    files = {"photos": (io.BytesIO(draw_photo(BLUE)), "mine.jpg")}
    cast.guest.post(f"{cast.url}/photos", data=files)
    (tile,) = tags_of(cast.guest.get(f"{cast.url}/photos").text, "a", **{"class": "tile"})
    monkeypatch.setattr(site.storage, "has_free_space", lambda: False)

    page = cast.guest.post(f"{tile['href']}/delete", follow_redirects=True).text

    assert "1 photo deleted for good: the server" in page
    assert row_counts(app)["deletion"] == 1, "that of another stays"
