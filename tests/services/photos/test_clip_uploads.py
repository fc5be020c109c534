"""photos.uploads: videos have limits of their own, by their names first, then by their bytes."""

from __future__ import annotations

import io
import struct

import pytest

from photoshare.config import MB, load_settings
from photoshare.errors import RejectedPhotoError
from photoshare.models import Photo, db
from photoshare.services.photos import adding
from photoshare.services.pictures import find_picture
from photoshare.services.rooms.entering import Access
from photoshare.web.site import Site
from tests.clips.drawing import draw_clip
from tests.fakes import RED, draw_photo
from tests.services.photos.test_uploads import begin, facts, files_of, new_access, send

pytestmark = pytest.mark.usefixtures("app_ctx")

CLIP = draw_clip(RED)
LARGE = CLIP + struct.pack(">I4s", 1_500_000, b"free") + bytes(1_499_992)


@pytest.fixture
def access() -> Access:
    return new_access()


def add(site: Site, access: Access, content: bytes, name: str, **limits: int) -> Photo:
    added = adding.add_photo(
        access.room.id,
        io.BytesIO(content),
        name,
        guest_id=access.guest.id,
        storage=site.storage,
        settings=load_settings(limits, environ={}),
        decoders=site.decoders,
    )
    return db.session.get_one(Photo, added.photo_id)


def test_the_name_tells_the_limit_before_a_byte_is_sent(site: Site, access: Access) -> None:
    begin(site, access, facts(file_name="a.MOV", size_bytes=2000 * MB))

    with pytest.raises(RejectedPhotoError, match="larger than 2,000 MB"):
        begin(site, access, facts(file_name="b.mp4", size_bytes=2001 * MB, fingerprint="b"))
    with pytest.raises(RejectedPhotoError, match="larger than 60 MB"):
        begin(site, access, facts(file_name="c.heic", size_bytes=61 * MB, fingerprint="c"))


def test_a_large_video_comes_in_pieces(site: Site, access: Access) -> None:
    upload = begin(site, access, facts(LARGE, file_name="a.mp4"))
    half = len(LARGE) // 2
    send(site, access, upload.upload_id, 0, LARGE[:half])

    send(site, access, upload.upload_id, half, LARGE[half:])

    photo = db.session.query(Photo).one()
    assert (photo.image_format, photo.size_bytes) == ("MP4", len(LARGE))
    assert site.storage.original(access.room.id, photo.sha256).read_bytes() == LARGE


def test_a_video_may_be_larger_than_a_photo(site: Site, access: Access) -> None:
    assert add(site, access, LARGE, "a.mp4", max_photo_mb=1).duration_ms == 2000


def test_a_photo_with_a_videos_name_may_not(site: Site, access: Access) -> None:
    photo = draw_photo(RED) + bytes(1_500_000)

    with pytest.raises(RejectedPhotoError, match="larger than 1 MB"):
        add(site, access, photo, "a.mp4", max_photo_mb=1)

    assert files_of(site) == []


def test_a_long_video_is_refused(site: Site, access: Access) -> None:
    slow = draw_clip(RED, seconds=70, rate=1)

    with pytest.raises(RejectedPhotoError, match="longer than 1 minutes"):
        add(site, access, slow, "a.mp4", max_clip_minutes=1)


def test_pictures_of_a_video_come_back_without_its_poster(site: Site, access: Access) -> None:
    photo = add(site, access, CLIP, "a.mp4")
    for path in site.storage.original(access.room.id, photo.sha256).parent.parent.rglob("*.jpg"):
        path.unlink()

    path = find_picture(photo, 1280, "webp", site.storage, site.renders)

    assert path.stat().st_size > 0
