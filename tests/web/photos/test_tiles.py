"""GET /rooms/<code>/photos/<id>/<digest>/tiles/<factor>/<column>-<row>.webp."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from photoshare.config import Settings
from photoshare.errors import NotFoundError
from photoshare.models import Photo, db, utc_now
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.services.photos import deleting
from photoshare.services.pictures import close_ups, tile_files
from photoshare.services.pictures.covered import CoveredCopy
from photoshare.services.visibility.covering import Cover
from photoshare.web.site import Site
from tests.conftest import Cast
from tests.fakes import RED, draw_photo

WIDTH, HEIGHT = 2800, 1400


@pytest.fixture
def tiles_url(cast: Cast, add_photo: Callable[..., int]) -> str:
    """The address below which the tiles of a photo are that is larger than its pictures."""
    content = draw_photo(RED, width=WIDTH, height=HEIGHT)
    photo_id = add_photo(cast.room_id, content)
    digest = hashlib.sha256(content).hexdigest()[:16]
    return f"{cast.url}/photos/{photo_id}/{digest}/tiles"


def get(client: FlaskClient, url: str) -> TestResponse:
    return client.get(url, buffered=True)


def files_of(cast: Cast, site: Site) -> list[str]:
    """Name everything that was made from the photos, without their hashes."""
    folder = site.storage.room_folder(cast.room_id)
    made = [*folder.glob("derived/*"), *folder.glob("tiles/*")]
    return sorted(f"{path.parent.name}-{path.name.partition('-')[2]}" for path in made)


def test_a_guest_sees_every_pixel_of_the_original(cast: Cast, tiles_url: str) -> None:
    for place, size in (("0-0", (1024, 1024)), ("2-1", (WIDTH - 2048, HEIGHT - 1024))):
        answer = get(cast.guest, f"{tiles_url}/1/{place}.webp")

        assert (answer.status_code, answer.content_type) == (200, "image/webp")
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        with Image.open(io.BytesIO(answer.data)) as tile:
            assert (tile.format, tile.size) == ("WEBP", size)


def test_tiles_are_cut_once_for_everybody(
    cast: Cast, tiles_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(cast.guest, f"{tiles_url}/1/0-0.webp")
    monkeypatch.delattr(DecoderPool, "cut_tiles")

    assert get(cast.host, f"{tiles_url}/1/1-1.webp").status_code == 200


@pytest.mark.parametrize("place", ["1/3-0", "1/0-2", "2/0-0", "0/0-0", "3/0-0", "1/0-9999999999"])
def test_a_tile_outside_of_the_photo_is_not_found(cast: Cast, tiles_url: str, place: str) -> None:
    assert get(cast.guest, f"{tiles_url}/{place}.webp").status_code == 404


def test_a_wrong_digest_is_not_found(cast: Cast, tiles_url: str) -> None:
    before, _, digest = tiles_url.removesuffix("/tiles").rpartition("/")

    assert get(cast.guest, f"{before}/{digest[::-1]}/tiles/1/0-0.webp").status_code == 404


def test_a_stranger_gets_no_tile(cast: Cast, tiles_url: str) -> None:
    get(cast.guest, f"{tiles_url}/1/0-0.webp")

    assert get(cast.stranger, f"{tiles_url}/1/0-0.webp").status_code == 404


@pytest.mark.usefixtures("app_ctx")
def test_tiles_are_deleted_with_their_photo(cast: Cast, site: Site, tiles_url: str) -> None:
    get(cast.guest, f"{tiles_url}/1/0-0.webp")
    assert "tiles-1.zip" in files_of(cast, site)

    cast.host.post(f"{tiles_url.rpartition('/')[0].rpartition('/')[0]}/delete")
    deleting.delete_for_good(site.storage, deleting.is_over(utc_now()))

    assert files_of(cast, site) == []
    assert get(cast.guest, f"{tiles_url}/1/0-0.webp").status_code == 404


def test_a_photo_that_is_deleted_while_it_is_cut_leaves_nothing(
    cast: Cast, site: Site, tiles_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_tiles = site.decoders.cut_tiles

    def delete_meanwhile(path: Path, factor: int, settings: Settings) -> bytes:
        content = cut_tiles(path, factor, settings)
        site.storage.delete_photo(cast.room_id, path.name)
        return content

    monkeypatch.setattr(site.decoders, "cut_tiles", delete_meanwhile)

    assert get(cast.guest, f"{tiles_url}/1/0-0.webp").status_code == 404
    assert files_of(cast, site) == []


def test_tiles_unused_for_longest_go_when_all_are_too_many(
    cast: Cast,
    site: Site,
    add_photo: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    urls, files = [], []
    for seed in range(3):
        content = draw_photo(RED, width=WIDTH, height=HEIGHT, seed=seed)
        sha256, photo_id = hashlib.sha256(content).hexdigest(), add_photo(cast.room_id, content)
        urls.append(f"{cast.url}/photos/{photo_id}/{sha256[:16]}/tiles/1/0-0.webp")
        files.append(tile_files.tile_file(site.storage, cast.room_id, sha256, 1))
    for hour, (url, file) in enumerate(zip(urls[:2], files[:2], strict=True)):
        get(cast.guest, url)
        os.utime(file, (hour, hour))
    get(cast.guest, urls[0])  # used again
    monkeypatch.setattr(tile_files, "MOST_BYTES", int(2.5 * files[0].stat().st_size))

    get(cast.guest, urls[2])

    assert [file.is_file() for file in files] == [True, False, True]
    assert get(cast.guest, urls[1]).status_code == 200, "cut again"
    monkeypatch.setattr(tile_files, "MOST_BYTES", 0)
    assert get(cast.guest, urls[0]).status_code == 200
    get(cast.guest, urls[2])
    assert [file.is_file() for file in files].count(True) == 1, "the one used last stays"


def test_tiles_that_are_dropped_before_they_are_read_can_be_asked_for_again(
    cast: Cast, tiles_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drop(path: Path) -> None:
        path.unlink()
        raise FileNotFoundError

    with monkeypatch.context() as patch:
        patch.setattr("photoshare.services.pictures.close_ups.os.utime", drop)
        answer = get(cast.guest, f"{tiles_url}/1/0-0.webp")

    assert answer.status_code == 503
    assert get(cast.guest, f"{tiles_url}/1/0-0.webp").status_code == 200


def test_nobody_waits_while_another_photo_is_cut(cast: Cast, site: Site, tiles_url: str) -> None:
    with site.cutting:
        answer = get(cast.guest, f"{tiles_url}/1/0-0.webp")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert get(cast.guest, f"{tiles_url}/1/0-0.webp").status_code == 200


def test_a_disk_that_is_nearly_full_keeps_its_space(
    cast: Cast, site: Site, tiles_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.storage, "min_free_mb", 1 << 40)

    assert get(cast.guest, f"{tiles_url}/1/0-0.webp").status_code == 507
    assert not any(name.startswith("tiles") for name in files_of(cast, site))


def test_a_lost_original_is_not_found(cast: Cast, site: Site, tiles_url: str) -> None:
    for path in (site.storage.room_folder(cast.room_id) / "originals").iterdir():
        path.unlink()

    assert get(cast.guest, f"{tiles_url}/1/0-0.webp").status_code == 404


def test_the_covered_copy_of_a_very_large_photo_is_cut_as_far_as_it_goes(
    app: Flask,
    cast: Cast,
    site: Site,
    add_photo: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """It has half of the sides, so the tiles of the photo's own pixels are not there."""
    photo_id = add_photo(cast.room_id, draw_photo(RED, width=5200, height=2600))
    Image.new("RGB", (2600, 1300), "blue").save(tmp_path / "copy.jpg")
    copy = CoveredCopy(tmp_path / "copy.jpg", 0, 0)
    monkeypatch.setattr(close_ups, "get_copy", lambda *_: copy)

    def tile(factor: int, column: int, row: int) -> bytes:
        return close_ups.get_tile(
            *(db.session.get_one(Photo, photo_id), factor, column, row),
            storage=site.storage,
            settings=site.settings,
            decoders=site.decoders,
            cutting=site.cutting,
            cover=Cover(((20, 80, 80, 20),)),
        )

    with app.app_context():
        with Image.open(io.BytesIO(tile(2, 2, 1))) as last:
            assert last.size == (2600 - 2048, 1300 - 1024)
            red, _, blue = last.convert("RGB").getpixel((9, 9))  # type: ignore[misc]
            assert red < 20 < 230 < blue
        with pytest.raises(NotFoundError):
            tile(1, 0, 0)
        with pytest.raises(NotFoundError):
            tile(2, 3, 0)
