"""RAW files: sent, shown and downloaded like any photo, under their own names."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse

from photoshare.pictures.decoding import decode_upright
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import HX
from tests.raws import OWNER, RAW_KINDS, SERIAL, draw_raw

SECRETS = (SERIAL.encode(), OWNER.encode(), b"47.4988N")
CLEANED = ("DNG",)  # for guests; of others they get a JPEG


def get(client: FlaskClient, url: str) -> TestResponse:
    return client.get(url, buffered=True)


def saved_as(answer: TestResponse) -> str:
    return parse_options_header(answer.headers["Content-Disposition"])[1]["filename"]


@pytest.mark.parametrize("kind", RAW_KINDS)
def test_a_raw_file_is_shown_upright_and_kept_bit_for_bit(
    cast: Cast, put: Callable[[bytes, str], str], kind: str
) -> None:
    content = draw_raw(kind, orientation=6, is_secret=True)
    url = put(content, f"_DSC0815.{kind}")

    for side in (640, 1280):
        shown = get(cast.guest, f"{url}-{side}.webp")
        with Image.open(io.BytesIO(shown.data)) as picture:
            assert picture.size == (side * 3 // 4, side)
    exact = get(cast.host, f"{url}/original")
    assert exact.data == content
    assert saved_as(exact) == f"_DSC0815.{kind}"


@pytest.mark.parametrize("kind", RAW_KINDS)
def test_a_guest_gets_a_raw_file_without_secrets(
    cast: Cast, put: Callable[[bytes, str], str], kind: str
) -> None:
    content = draw_raw(kind, orientation=6, is_secret=True)
    url = put(content, f"Cake.{kind.lower()}")

    assert all(secret in content for secret in SECRETS)

    answer = get(cast.guest, f"{url}/download")

    assert (answer.status_code, answer.content_length) == (200, len(answer.data))
    assert [secret for secret in SECRETS if secret in answer.data] == []
    if kind in CLEANED:
        assert saved_as(answer) == "Cake.dng"
        assert answer.mimetype == "image/x-adobe-dng"
    else:
        assert saved_as(answer) == f"Cake.{kind.lower()}.jpg"
        copy = decode_upright(io.BytesIO(answer.data), at_least_px=1600)
        original = decode_upright(io.BytesIO(content), at_least_px=1600)
        assert (copy.image_format, copy.taken) == ("JPEG", original.taken)
        assert copy.image.tobytes() == original.image.tobytes()


def test_a_raw_file_without_a_picture_is_refused_in_words(cast: Cast) -> None:
    small = draw_raw("DNG", size=(640, 480))
    files = {"photos": [(io.BytesIO(small), "a.dng"), (io.BytesIO(draw_photo(RED)), "b.jpg")]}

    answer = cast.guest.post(f"{cast.url}/photos", data=files, headers=HX)

    assert "This RAW file has no picture in it that is large enough" in answer.text
    assert "b.jpg</span>: uploaded." in " ".join(answer.text.split())
