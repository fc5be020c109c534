"""GET /rooms/<code>/people/unsorted."""

from __future__ import annotations

from tests.conftest import Cast
from tests.helpers import tags_of
from tests.web.conftest import Party


def test_it_shows_the_faces_that_belong_to_nobody(cast: Cast, party: Party) -> None:
    page = cast.guest.get(f"{cast.url}/people/unsorted").text

    (picture,) = tags_of(page, "img")
    assert tags_of(page, "a", href=picture["src"].removesuffix(".jpg"))
    assert cast.guest.get(picture["src"], buffered=True).content_type == "image/jpeg"
    assert "1 face</span>" in page


def test_it_says_when_every_face_has_an_album(cast: Cast) -> None:
    answer = cast.guest.get(f"{cast.url}/people/unsorted")

    assert answer.status_code == 200
    assert "Every face has an album." in answer.text


def test_a_stranger_finds_nothing(cast: Cast, party: Party) -> None:
    assert cast.stranger.get(f"{cast.url}/people/unsorted").status_code == 303
