"""The page that tells hosts what happened in their room."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from flask import Flask

from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import guest_of, insert_person, moderate, tags_of
from tests.web.conftest import Party


def sentences(cast: Cast) -> list[str]:
    """Read the page, the oldest first."""
    page = cast.host.get(f"{cast.url}/activity").text
    entries = re.findall(r"<li>\s*<div>\s*<p>(.*?)</p>", page, re.DOTALL)
    return [" ".join(entry.split()) for entry in entries][::-1]


def test_a_party_as_its_host_reads_it(
    app: Flask, cast: Cast, party: Party, run_jobs: Callable[[], None]
) -> None:
    guest_id = guest_of(app, cast.guest, cast.room_id)
    moderate(app, cast.room_id)
    photo = (io.BytesIO(draw_photo(RED, seed=9)), "guest.jpg")
    cast.guest.post(f"{cast.url}/photos", data={"photos": photo})
    cast.host.post(f"{cast.url}/waiting/all")
    run_jobs()
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": "Rita"})
    cast.host.post(f"{cast.url}/people/{party.blue}/name", data={"name": "Bert"})
    cast.host.post(f"{cast.url}/photos/{party.photos['e.jpg']}/delete")
    cast.host.post(f"{cast.url}/deletions/1/undo")
    cast.guest.get(f"{cast.url}/photos.zip", buffered=True)
    cast.host.post(f"{cast.url}/settings", data={"title": "Feast", "is_moderated": "1"})
    cast.host.post(f"{cast.url}/guests/{guest_id}/uploads", data={"is_stopped": "1"})
    cast.host.post(f"{cast.url}/guests/{guest_id}/uploads")
    cast.host.post(f"{cast.url}/hosts", data={"name": "Clara"})
    cast.host.post(f"{cast.url}/hosts/2/renew")
    cast.host.post(f"{cast.url}/hosts/2/remove")
    cast.host.post(f"{cast.url}/hosts/1/renew")
    cast.host.post(f"{cast.url}/guests/{guest_id}/remove")

    assert sentences(cast) == [
        "Hanna came in by a host link",
        "Gustav joined",
        "The server added 5 photos",
        "Gustav sent 1 photo to the host",
        "Hanna said yes to 1 photo",
        "Hanna corrected names or faces",
        "Hanna deleted 1 photo",
        "Hanna brought back 1 photo",
        "Gustav downloaded all photos",
        "Hanna changed the settings: Title · Guests can give photos hearts",
        "Hanna stopped the uploads of Gustav",
        "Hanna let Gustav add photos again",
        "Hanna made Clara a co-host",
        "Hanna made a new host link for Clara",
        "Hanna removed the host link of Clara",
        "Hanna made a new host link",
        "Hanna removed Gustav from the room",
    ]
    page = cast.host.get(f"{cast.url}/activity").text
    assert tags_of(page, "a", href=f"{cast.url}/corrections")


def test_a_new_guest_link_is_noted(cast: Cast) -> None:
    cast.host.post(f"{cast.url}/guest-link")

    page = cast.host.get(f"{cast.url}/activity", follow_redirects=True).text

    assert "Hanna made a new guest link" in page


def test_refused_and_withdrawn_photos_are_noted(app: Flask, cast: Cast) -> None:
    moderate(app, cast.room_id)
    photos = [(io.BytesIO(draw_photo(RED, seed=n)), f"{n}.jpg") for n in range(3)]
    cast.guest.post(f"{cast.url}/photos", data={"photos": photos})

    cast.guest.post(f"{cast.url}/waiting/1/withdraw")
    for number in (2, 3):
        cast.host.post(f"{cast.url}/waiting/{number}", data={"answer": "no"})

    assert sentences(cast)[2:] == [
        "Gustav sent 3 photos to the host",
        "Gustav took back 1 photo",
        "Hanna refused 2 photos",
    ]


def test_a_zip_of_a_person_is_nobodys_business(app: Flask, cast: Cast, party: Party) -> None:
    cast.guest.get(f"{cast.url}/people/{party.red}/photos.zip", buffered=True)
    cast.guest.get(f"{cast.url}/photos.zip?photos={party.photos['a.jpg']}", buffered=True)

    assert not any("downloaded" in sentence for sentence in sentences(cast))


def test_a_download_that_resumes_is_noted_once(cast: Cast, party: Party) -> None:
    for _ in range(2):
        headers = {"Range": "bytes=100-"}
        cast.guest.get(f"{cast.url}/photos.zip", headers=headers, buffered=True)
    assert not any("downloaded" in sentence for sentence in sentences(cast))

    cast.guest.get(f"{cast.url}/photos.zip", buffered=True)

    assert sum("downloaded" in sentence for sentence in sentences(cast)) == 1


def test_names_are_shown_as_text(app: Flask, cast: Cast) -> None:
    insert_person(app, cast.room_id, [])
    cast.stranger.post(f"{cast.url}/join", data={"name": "<b>Zoe</b>"})

    assert "&lt;b&gt;Zoe&lt;/b&gt; joined" in sentences(cast)
