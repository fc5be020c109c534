"""GET /rooms/<code>/photos.zip: its size, ranges, and "not modified"."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.web.conftest import Party
from tests.web.downloads.test_zip import get_zip, opened


def test_nobody_but_the_browser_keeps_the_zip_and_it_asks_every_time(
    cast: Cast, party: Party
) -> None:
    answer = get_zip(cast.guest, f"{cast.url}/photos.zip")

    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_the_same_photos_give_the_same_bytes_and_the_same_etag(cast: Cast, party: Party) -> None:
    first, second = (get_zip(cast.guest, f"{cast.url}/photos.zip") for _ in range(2))

    assert first.data == second.data
    assert first.headers["ETag"] == second.headers["ETag"]
    assert first.headers["ETag"].startswith('"')  # strong
    assert first.headers["Accept-Ranges"] == "bytes"


def test_a_zip_that_the_browser_has_is_not_sent_again(cast: Cast, party: Party) -> None:
    etag = get_zip(cast.guest, f"{cast.url}/photos.zip").headers["ETag"]

    answer = cast.guest.get(f"{cast.url}/photos.zip", headers={"If-None-Match": etag})

    assert (answer.status_code, answer.data) == (304, b"")


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=0-9", slice(0, 10)),
        ("bytes=1000-", slice(1000, None)),
        ("bytes=-50", slice(-50, None)),
        ("bytes=40-999999999", slice(40, None)),
        ("bytes=-999999999", slice(0, None)),
    ],
)
def test_a_broken_download_goes_on(cast: Cast, party: Party, wanted: str, part: slice) -> None:
    url = f"{cast.url}/photos.zip"
    whole = get_zip(cast.guest, url)
    condition = {"Range": wanted, "If-Range": whole.headers["ETag"]}

    answer = cast.guest.get(url, headers=condition, buffered=True)

    assert (answer.status_code, answer.data) == (206, whole.data[part])
    start = len(whole.data) - len(whole.data[part]) if part.stop is None else part.start
    stop = start + len(answer.data) - 1
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop}/{len(whole.data)}"
    assert answer.headers["ETag"] == whole.headers["ETag"]
    assert answer.content_length == len(answer.data)


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=10-", "If-Range": '"another"'},
        {"Range": "bytes=10-", "If-Range": "Tue, 24 Nov 2026 12:00:00 GMT"},
        {"Range": "bytes=0-1,5-9"},
        {"Range": "photos=0-1"},
        {"Range": "bytes=9-1"},
        {"Range": "nonsense"},
    ],
    ids=str,
)
def test_a_part_of_something_else_is_answered_with_everything(
    cast: Cast, party: Party, headers: dict[str, str]
) -> None:
    whole = get_zip(cast.guest, f"{cast.url}/photos.zip")

    answer = cast.guest.get(f"{cast.url}/photos.zip", headers=headers, buffered=True)

    assert (answer.status_code, answer.data) == (200, whole.data)


def test_after_a_change_a_broken_download_starts_again(
    cast: Cast, party: Party, add_photo: Callable[..., int]
) -> None:
    url = f"{cast.url}/photos.zip"
    condition = {"Range": "bytes=10-", "If-Range": get_zip(cast.guest, url).headers["ETag"]}
    add_photo(cast.room_id, draw_photo(RED, seed=77), "new.jpg")

    answer = cast.guest.get(url, headers=condition, buffered=True)

    assert answer.status_code == 200
    with opened(answer) as archive:
        assert "new.jpg" in archive.namelist()


def test_a_part_beyond_the_end_is_refused_with_the_size(cast: Cast, party: Party) -> None:
    size = len(get_zip(cast.guest, f"{cast.url}/photos.zip").data)

    answer = cast.guest.get(f"{cast.url}/photos.zip", headers={"Range": f"bytes={size}-"})

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize("wanted", ["bytes=-0", "bytes=-000", "Bytes = -0 "])
def test_the_last_no_bytes_are_refused(cast: Cast, party: Party, wanted: str) -> None:
    whole = get_zip(cast.guest, f"{cast.url}/photos.zip")

    answer = cast.guest.get(f"{cast.url}/photos.zip", headers={"Range": wanted})

    assert (answer.status_code, answer.data) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(whole.data)}"
    assert "Content-Disposition" not in answer.headers


def test_the_size_can_be_asked_for_alone(cast: Cast, party: Party) -> None:
    whole = get_zip(cast.guest, f"{cast.url}/photos.zip")

    answer = cast.guest.head(f"{cast.url}/photos.zip")

    assert (answer.status_code, answer.data) == (200, b"")
    for name in ("Content-Length", "ETag", "Accept-Ranges", "Content-Type", "Content-Disposition"):
        assert answer.headers[name] == whole.headers[name]
