"""Videos in a room: added as photos are, shown by a poster, played, saved, and left in zips."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable

import av
import pytest
from flask import Flask
from PIL import Image

from photoshare.models import Photo, db
from photoshare.pictures.formats import Kind
from photoshare.web.site import Site
from tests.clips.drawing import draw_clip
from tests.conftest import Cast
from tests.fakes import BLUE, RED, draw_photo
from tests.helpers import HX, tags_of
from tests.live import serving

PLACE = "+47.5000+008.7000/"
CLIP = draw_clip(
    RED, BLUE, seconds=3, metadata={"location": PLACE, "creation_time": "2026-06-20T12:40:00Z"}
)
DIGEST = hashlib.sha256(CLIP).hexdigest()[:16]


@pytest.fixture
def clip(cast: Cast, add_photo: Callable[..., int], run_jobs: Callable[[], None]) -> str:
    """Add a clip to the room; return its address up to the digest."""
    photo_id = add_photo(cast.room_id, CLIP, "VID_7.mp4")
    run_jobs()
    return f"{cast.url}/photos/{photo_id}/{DIGEST}"


def test_a_video_is_added_by_the_form(app: Flask, cast: Cast) -> None:
    answer = cast.guest.post(
        f"{cast.url}/photos", data={"photos": (io.BytesIO(CLIP), "VID_7.MP4")}, headers=HX
    )

    assert answer.status_code == 201
    with app.app_context():
        photo = db.session.query(Photo).one()
        assert (photo.image_format, photo.video_codec) == ("MP4", "h264")
        assert (photo.width, photo.height, photo.duration_ms) == (160, 120, 3000)
        assert photo.placeholder
        assert photo.clean_bytes == len(CLIP)


def test_the_page_plays_it_and_the_grid_tells_its_length(cast: Cast, clip: str) -> None:
    page = cast.guest.get(clip.rpartition("/")[0]).text
    grid = cast.guest.get(f"{cast.url}/photos").text

    (video,) = tags_of(page, "video")
    assert video["src"] == f"{clip}/clip"
    assert {"controls", "playsinline"} <= set(video.attributes)
    assert 'class="tile-length"' in grid
    assert "0:03" in grid
    assert "Video " in grid


@pytest.mark.parametrize("side", [320, 640, 1280, 2000])
def test_its_pictures_are_of_its_poster(cast: Cast, clip: str, side: int) -> None:
    answer = cast.guest.get(f"{clip}-{side}.jpg", buffered=True)

    with Image.open(io.BytesIO(answer.data)) as picture:
        assert picture.size == (160, 120)
        assert max(picture.getpixel((80, 60))) > 180  # type: ignore[arg-type]


def test_there_are_no_tiles_of_a_video(cast: Cast, clip: str) -> None:
    assert cast.guest.get(f"{clip}/tiles/1/0-0.webp").status_code == 404
    assert 'data-factors=""' in cast.guest.get(clip.rpartition("/")[0]).text


def test_a_guest_plays_and_saves_it_without_its_place(cast: Cast, clip: str) -> None:
    played = cast.guest.get(f"{clip}/clip", buffered=True)
    saved = cast.guest.get(f"{clip}/download", buffered=True)
    exact = cast.host.get(f"{clip}/original", buffered=True)

    assert played.mimetype == saved.mimetype == "video/mp4"
    assert played.data == saved.data
    assert "Content-Disposition" not in played.headers
    assert "VID_7.mp4" in saved.headers["Content-Disposition"]
    assert PLACE.encode() not in saved.data
    assert len(saved.data) == len(CLIP)
    assert exact.data == CLIP
    with av.open(io.BytesIO(saved.data), "r") as opened:
        assert sum(1 for _ in opened.decode(video=0)) == 30


def test_the_player_asks_for_parts_through_the_real_server(
    app: Flask, cast: Cast, clip: str
) -> None:
    whole = cast.guest.get(f"{clip}/clip", buffered=True).data
    with serving(app) as server:
        first = server.ask(cast.guest, f"{clip}/clip", Range="bytes=0-99")
        last = server.ask(cast.guest, f"{clip}/clip", Range="bytes=-50")
        etag = first.headers["ETag"]
        same = server.ask(cast.guest, f"{clip}/clip", Range="bytes=100-", If_Range=etag)
        other = server.ask(cast.guest, f"{clip}/clip", Range="bytes=100-", If_Range='"other"')
        beyond = server.ask(cast.guest, f"{clip}/clip", Range=f"bytes={len(whole)}-")

    assert (first.status, first.content) == (206, whole[:100])
    assert first.headers["Content-Range"] == f"bytes 0-99/{len(whole)}"
    assert first.headers["Accept-Ranges"] == "bytes"
    assert (last.status, last.content) == (206, whole[-50:])
    assert (same.status, same.content) == (206, whole[100:])
    assert (other.status, other.content) == (200, whole)
    assert beyond.status == 416


def test_a_zip_holds_it_with_known_bytes(
    cast: Cast, clip: str, add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> None:
    add_photo(cast.room_id, draw_photo(RED), "a.jpg")
    run_jobs()

    answer = cast.guest.get(f"{cast.url}/photos.zip", buffered=True)

    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.testzip() is None
        assert sorted(packed.namelist()) == ["VID_7.mp4", "a.jpg"]
        assert packed.read("VID_7.mp4") == cast.guest.get(f"{clip}/download", buffered=True).data


def test_only_videos_are_played(cast: Cast, add_photo: Callable[..., int]) -> None:
    content = draw_photo(RED)
    photo_id = add_photo(cast.room_id, content)
    digest = hashlib.sha256(content).hexdigest()[:16]

    answer = cast.guest.get(f"{cast.url}/photos/{photo_id}/{digest}/clip")

    assert answer.status_code == 404


def test_the_wall_plays_a_preview(cast: Cast, clip: str) -> None:
    (entry,) = cast.guest.get(f"{cast.url}/wall/photos").get_json()

    assert entry["clip"] == f"{clip}/clip"


def test_pages_may_play_what_is_here(cast: Cast) -> None:
    policy = cast.guest.get(f"{cast.url}/photos").headers["Content-Security-Policy"]

    assert "media-src 'self'" in policy


def test_a_cut_video_is_refused_in_words(cast: Cast) -> None:
    data = {"photos": (io.BytesIO(CLIP[:-100]), "VID_8.mp4")}

    answer = cast.guest.post(f"{cast.url}/photos", data=data, headers=HX)

    assert answer.status_code == 422
    assert "This video is incomplete" in answer.text


def test_the_form_tells_the_script_both_limits(cast: Cast, site: Site) -> None:
    page = cast.guest.get(cast.url).text

    (accepted,) = re.findall("data-accepted='([^']*)'", page)
    kinds = {one["kind"]: one for one in json.loads(accepted)["kinds"]}
    assert kinds[Kind.PICTURE]["most_mb"] == site.settings.max_photo_mb
    assert kinds[Kind.CLIP]["most_mb"] == site.settings.max_clip_mb
    assert {".mp4", ".mov", ".webm", ".3gp"} <= set(kinds[Kind.CLIP]["endings"])
