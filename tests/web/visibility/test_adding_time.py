"""After the last day for photos, guests look and download only; hosts still add."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import HX, tags_of
from tests.web.uploading import upload_ways

TODAY = datetime.now(UTC).date()
OPEN, OVER = TODAY + timedelta(days=3), TODAY - timedelta(days=2)
REFUSAL = "The time for adding photos to this room is over."


def open_until(cast: Cast, last: object) -> None:
    fields = {"adds_until": str(last)}
    assert cast.host.post(f"{cast.url}/visibility", data=fields).status_code == 303


def test_every_way_of_adding_is_refused_in_one_sentence(cast: Cast) -> None:
    facts = {"file_name": "c.jpg", "size": "9"}
    assert cast.guest.post(f"{cast.url}/uploads", data=facts).status_code == 201
    open_until(cast, OVER)

    refused = upload_ways(cast.guest, cast)

    assert refused == dict.fromkeys(refused, 403)
    assert REFUSAL in cast.guest.post(f"{cast.url}/photos", headers=HX).text


def test_a_token_may_not_add_either(cast: Cast) -> None:
    page = cast.host.post(f"{cast.url}/tokens", data={"name": "Booth", "add": "1"}).text
    token = tags_of(page, "input", id="token")[0]["value"]
    open_until(cast, OVER)

    answer = cast.stranger.post(
        "/api/v1/photos",
        data={"photo": (io.BytesIO(draw_photo(RED)), "a.jpg")},
        headers={"Authorization": f"Bearer {token}"},
    )

    assert answer.status_code == 403
    assert REFUSAL in answer.text


def test_photos_from_the_gallery_have_no_such_room_to_go_to(cast: Cast) -> None:
    assert cast.guest.get("/share-target").location.startswith(cast.url)
    open_until(cast, OVER)

    assert cast.url not in cast.guest.get("/share-target").text
    assert cast.host.get("/share-target").location.startswith(cast.url)


def test_guests_read_until_when_and_see_no_picker_after_it(cast: Cast) -> None:
    open_until(cast, OPEN)
    while_open = cast.guest.get(cast.url).text
    open_until(cast, OVER)
    afterwards = {path: cast.guest.get(cast.url + path).text for path in ("", "/photos", "/me")}

    assert "You can add photos until" in while_open
    assert str(OPEN.year) in while_open
    assert tags_of(while_open, "section", id="upload")
    assert "Photos could be added until" in afterwards[""]
    for page in afterwards.values():
        assert not [tag for tag in tags_of(page) if "data-add" in tag.attributes]
        assert not tags_of(page, "section", id="upload")
    assert cast.guest.get(f"{cast.url}/photos").status_code == 200


def test_hosts_still_add_and_read_that_guests_cannot(cast: Cast) -> None:
    open_until(cast, OVER)

    ways = upload_ways(cast.host, cast)

    assert 403 not in ways.values()
    home = cast.host.get(cast.url).text
    assert "Guests could add photos until" in home
    assert tags_of(home, "section", id="upload")


@pytest.mark.parametrize("last", [OPEN, ""])
def test_while_it_is_open_everybody_adds(cast: Cast, last: object) -> None:
    open_until(cast, last)

    assert 403 not in upload_ways(cast.guest, cast).values()
