"""GET and POST /rooms/<code>/photos/<id>/delete."""

from __future__ import annotations

import io
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient

from photoshare.models import utc_now
from photoshare.services.people import people
from photoshare.services.photos import deleting
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import row_counts, tags_of
from tests.web.conftest import Party


def delete_url(cast: Cast, photo_id: int) -> str:
    return f"{cast.url}/photos/{photo_id}/delete"


def upload(client: FlaskClient, cast: Cast) -> int:
    """Upload a photo as this browser; return its id."""
    client.post(f"{cast.url}/photos", data={"photos": (io.BytesIO(draw_photo(RED)), "mine.jpg")})
    tiles = tags_of(client.get(f"{cast.url}/photos").text, "a", **{"class": "tile"})
    return int(tiles[0]["href"].rpartition("/")[2])


def test_everybody_is_asked_first(app: Flask, cast: Cast, party: Party) -> None:
    url = delete_url(cast, party.photos["a.jpg"])
    before = row_counts(app)

    page = cast.host.get(url).text

    assert tags_of(page, "form", action=url)[0]["method"] == "post"
    assert row_counts(app) == before


def test_the_host_deletes_any_photo(cast: Cast) -> None:
    photo_id = upload(cast.guest, cast)

    answer = cast.host.post(delete_url(cast, photo_id))

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/photos")
    assert "1 photo deleted." in cast.host.get(cast.url).text
    assert cast.host.get(f"{cast.url}/photos/{photo_id}").status_code == 404


def test_a_guest_deletes_a_photo_of_their_own(app: Flask, cast: Cast) -> None:
    photo_id = upload(cast.guest, cast)

    assert cast.guest.post(delete_url(cast, photo_id)).status_code == 303
    assert row_counts(app)["photo"] == 0


def test_a_guest_cannot_delete_the_photo_of_another(app: Flask, cast: Cast) -> None:
    photo_id = upload(cast.host, cast)

    answer = cast.guest.post(delete_url(cast, photo_id))

    assert answer.status_code == 403
    assert "Only the host or the guest who uploaded a photo can delete it." in answer.text
    assert row_counts(app)["photo"] == 1


def test_a_guest_is_not_even_asked_about_the_photo_of_another(cast: Cast) -> None:
    photo_id = upload(cast.host, cast)

    assert cast.guest.get(delete_url(cast, photo_id)).status_code == 403
    assert cast.host.get(delete_url(cast, photo_id)).status_code == 200


def test_it_leads_back_to_several_people(cast: Cast, party: Party) -> None:
    photo, query = party.photos["a.jpg"], f"?people={party.red},{party.blue}&match=all"
    url = f"{cast.url}/photos/{photo}{query}"
    (ask,) = [tag for tag in tags_of(cast.host.get(url).text, "a") if "/delete" in tag["href"]]
    page = cast.host.get(ask["href"]).text
    (form,) = tags_of(page, "form")

    seen_in = parse_qs(urlsplit(form["action"]).query)
    assert seen_in == {"people": [f"{party.red},{party.blue}"], "match": ["all"]}
    lands = urlsplit(cast.host.post(form["action"]).location)
    assert (lands.path, parse_qs(lands.query)) == (f"{cast.url}/people/several", seen_in)


def test_it_leads_back_to_the_album_while_that_is_there(cast: Cast, party: Party) -> None:
    query = f"?person={party.blue}"
    first = f"{cast.url}/photos/{party.photos['a.jpg']}"
    assert tags_of(cast.host.get(first + query).text, "a", href=f"{first}/delete{query}")
    (form,) = tags_of(cast.host.get(f"{first}/delete{query}").text, "form")

    assert cast.host.post(form["action"]).location == f"{cast.url}/people/{party.blue}"
    last = delete_url(cast, party.photos["c.jpg"]) + query
    assert cast.host.post(last).location == f"{cast.url}/photos"


def test_its_faces_and_files_go(app: Flask, site: Site, cast: Cast, party: Party) -> None:
    digest = party.digests["a.jpg"]
    assert len(files_with(site, digest)) == 5  # original, two sizes, two faces

    cast.host.post(delete_url(cast, party.photos["a.jpg"]))
    assert row_counts(app)["face"] == 4
    with app.app_context():
        deleting.delete_for_good(site.storage, deleting.is_over(utc_now()))

    assert files_with(site, digest) == []
    assert (row_counts(app)["deletion"], row_counts(app)["deleted_photo"]) == (0, 0)


def files_with(site: Site, digest: str) -> list[str]:
    return [path.name for path in (site.storage.data / "rooms").rglob(f"{digest}*")]


def test_people_who_are_in_no_photo_any_more_go_named_or_not(
    app: Flask, cast: Cast, party: Party
) -> None:
    cast.host.post(f"{cast.url}/people/{party.blue}/name", data={"name": "Lea"})
    cast.host.post(delete_url(cast, party.photos["a.jpg"]))
    assert row_counts(app)["person"] == 2  # Lea is still in c.jpg

    cast.host.post(delete_url(cast, party.photos["c.jpg"]))

    with app.app_context():
        assert [card.id for card in people.list_people(cast.room_id)] == [party.red]
    assert row_counts(app)["person"] == 1
    assert cast.host.get(f"{cast.url}/people/{party.blue}").status_code == 404


def test_a_photo_that_waits_for_its_analysis_can_be_deleted(
    app: Flask, cast: Cast, run_jobs: Callable[[], None]
) -> None:
    photo_id = upload(cast.guest, cast)

    cast.guest.post(delete_url(cast, photo_id))
    run_jobs()

    assert (row_counts(app)["photo"], row_counts(app)["face"]) == (0, 0)


def test_deleting_twice_is_not_found(cast: Cast) -> None:
    photo_id = upload(cast.guest, cast)
    cast.guest.post(delete_url(cast, photo_id))

    assert cast.guest.post(delete_url(cast, photo_id)).status_code == 404


def test_a_photo_of_another_room_is_not_found(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom], add_photo: Callable[..., int]
) -> None:
    photo_id = add_photo(make_room("Other").room.id, draw_photo(RED))

    assert cast.host.get(delete_url(cast, photo_id)).status_code == 404
    assert cast.host.post(delete_url(cast, photo_id)).status_code == 404
    assert row_counts(app)["photo"] == 1


def test_a_stranger_finds_nothing(app: Flask, cast: Cast) -> None:
    photo_id = upload(cast.guest, cast)

    assert cast.stranger.get(delete_url(cast, photo_id)).status_code == 404
    assert cast.stranger.post(delete_url(cast, photo_id)).status_code == 404
    assert row_counts(app)["photo"] == 1


def test_a_deleted_photo_can_be_uploaded_again(app: Flask, cast: Cast) -> None:
    photo_id = upload(cast.guest, cast)
    cast.guest.post(delete_url(cast, photo_id))

    assert upload(cast.guest, cast) > photo_id
