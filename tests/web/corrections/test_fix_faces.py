"""Fixing the faces of a photo: every correction leads back to that photo, still in this mode."""

from __future__ import annotations

from html import unescape
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Cast
from tests.helpers import face_on, faces_of, insert_face, tags_of, undo_addresses
from tests.web.conftest import Doubt


def fixing(cast: Cast, photo_id: int, **album: object) -> str:
    """Return the address of a photo whose faces are being fixed, as seen in an album."""
    return f"{cast.url}/photos/{photo_id}?{urlencode({'fix': 1, **album})}"


def open_face(client: FlaskClient, photo_url: str, face_id: int) -> str:
    """Open a face from the strip of a photo; return its page."""
    strip = tags_of(client.get(photo_url).text, "a", **{"class": "person"})
    (href,) = (tag["href"] for tag in strip if urlsplit(tag["href"]).path.endswith(f"/{face_id}"))
    return client.get(unescape(href)).text


def fields_of(page: str) -> dict[str, str]:
    hidden = tags_of(page, "input", type="hidden")
    return {tag["name"]: tag["value"] for tag in hidden if tag["name"] in ("faces", "next")}


@pytest.mark.parametrize("kind", ["reject", "remove", "cover"])
def test_a_correction_of_a_face_leads_back_to_the_photo(
    app: Flask, cast: Cast, doubt: Doubt, kind: str
) -> None:
    photo_url = fixing(cast, doubt.photos[0], person=doubt.lea)
    face = face_on(app, doubt.photos[0], doubt.lea)
    path = {
        "reject": f"/people/{doubt.lea}/reject",
        "remove": "/faces/remove",
        "cover": f"/faces/{face}/cover",
    }[kind]
    page = open_face(cast.host, photo_url, face)

    done = cast.host.post(cast.url + path, data=fields_of(page))

    assert tags_of(page, "a", href=photo_url), "the link to the photo"
    assert done.location == photo_url
    (undo,) = undo_addresses(cast.host.get(done.location).text)
    undone = cast.host.post(undo, headers={"Referer": f"http://localhost{photo_url}"})
    assert undone.location == photo_url


def test_choosing_someone_else_leads_back_to_the_photo(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    photo_url = fixing(cast, doubt.photos[5])
    fields = fields_of(open_face(cast.host, photo_url, doubt.stray))

    chooser = cast.host.get(f"{cast.url}/faces/move", query_string=fields).text
    done = cast.host.post(f"{cast.url}/faces/move", data=fields_of(chooser) | {"into": doubt.lea})

    assert tags_of(chooser, "a", href=photo_url), "Cancel"
    assert all("next=" in tag["href"] for tag in tags_of(chooser, "a") if "beside=" in tag["href"])
    assert done.location == photo_url


def test_a_question_in_between_leads_back_as_well(app: Flask, cast: Cast, doubt: Doubt) -> None:
    photo_url = fixing(cast, doubt.photos[0])
    other = insert_face(app, cast.room_id, doubt.photos[0])
    data = fields_of(open_face(cast.host, photo_url, other)) | {"into": doubt.lea}

    question = cast.host.post(f"{cast.url}/faces/move", data=data)
    done = cast.host.post(
        f"{cast.url}/faces/move", data=fields_of(question.text) | data | {"is_sure": 1}
    )

    assert question.status_code == 422
    assert fields_of(question.text)["next"] == photo_url
    assert done.location == photo_url


def test_the_photo_stays_in_this_mode_where_its_album_is_gone(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    photo_url = fixing(cast, doubt.photos[0], person=doubt.lea)
    data = {"faces": faces_of(app, doubt.lea), "into": doubt.twin, "next": photo_url}

    done = cast.host.post(f"{cast.url}/faces/move", data=data)

    assert done.location == fixing(cast, doubt.photos[0])


@pytest.mark.parametrize(
    "strange", ["https://evil.example/", "//evil.example", "/rooms/x/photos/1"]
)
def test_no_other_site_or_room_is_led_to(cast: Cast, doubt: Doubt, strange: str) -> None:
    data = {"faces": doubt.stray, "into": doubt.lea, "next": strange}

    done = cast.host.post(f"{cast.url}/faces/move", data=data)
    page = cast.host.get(f"{cast.url}/faces/{doubt.stray}", query_string={"next": strange}).text

    assert done.location == f"{cast.url}/people/{doubt.lea}"
    assert not [tag for tag in tags_of(page, "a") if tag["href"] == strange]
