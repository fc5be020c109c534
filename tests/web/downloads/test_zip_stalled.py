"""Downloads without a reader, through the real server: they may be evicted and then resume."""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from PIL import Image

from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.live import LiveServer, serving


@pytest.fixture
def live(app: Flask) -> Iterator[LiveServer]:
    with serving(app) as server:
        yield server


def large_photo() -> bytes:
    """Draw a photo of 30 MB: more than the system buffers of an unread answer."""
    buffer = io.BytesIO()
    Image.new("RGB", (5000, 2000), RED).save(buffer, "BMP")
    return buffer.getvalue()


def test_a_stalled_download_that_had_to_go_goes_on_where_it_stopped(
    site: Site, cast: Cast, live: LiveServer, add_photo: Callable[..., int]
) -> None:
    add_photo(cast.room_id, large_photo(), "large.bmp")
    small = add_photo(cast.room_id, draw_photo(RED), "small.jpg")
    url = f"{cast.url}/photos.zip"
    whole = live.ask(cast.guest, url)
    connection = live.connection()
    cookie = cast.guest.get_cookie("photoshare")
    assert cookie is not None
    connection.request("GET", url, headers={"Cookie": f"photoshare={cookie.value}"})
    stalled = connection.getresponse()
    begun = stalled.read(1000)

    for key in list(site.zips._zips):
        site.zips.forget(key)  # as if evicted by other zips
    assert live.ask(cast.guest, f"{url}?photos={small}").status == 200
    with pytest.raises(http.client.IncompleteRead) as cut:
        stalled.read()
    connection.close()

    begun += cut.value.partial
    assert len(begun) < len(whole.content)
    rest = live.ask(cast.guest, url, Range=f"bytes={len(begun)}-", If_Range=stalled.headers["ETag"])
    assert rest.status == 206
    assert begun + rest.content == whole.content
