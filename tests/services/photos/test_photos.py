"""photoshare.services.photos: take one in whole or not at all, list them, delete one."""

from __future__ import annotations

import errno
import hashlib
import io
import os
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from PIL import ExifTags, Image
from sqlalchemy import event, func, select, text

from photoshare.config import MB
from photoshare.db import db
from photoshare.errors import DiskFullError, NotAllowedError, NotFoundError, RejectedPhotoError
from photoshare.models import PHOTO_WAITING, Guest, Photo, Room
from photoshare.services.photos import adding, listing
from photoshare.services.photos.adding import AddedPhoto
from photoshare.services.photos.albums import open_album
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Access
from photoshare.web.site import Site
from tests import postgresql
from tests.fakes import RED, draw_photo
from tests.helpers import delete_for_good, host_access, insert_person, insert_photos, row_counts

pytestmark = pytest.mark.usefixtures("app_ctx")


def take(site: Site, room_id: int, content: bytes, name: str = "photo.jpg") -> AddedPhoto:
    return adding.add_photo(
        room_id,
        io.BytesIO(content),
        name,
        guest_id=None,
        storage=site.storage,
        settings=site.settings,
        decoders=site.decoders,
    )


def files_of(site: Site) -> list[str]:
    folder = site.storage.data / "rooms"
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def photo_count() -> int:
    return db.session.scalar(select(func.count(Photo.id))) or 0


def test_a_photo_is_kept_bit_for_bit_with_its_smaller_pictures(site: Site, room_id: int) -> None:
    content = draw_photo(RED)
    sha256 = hashlib.sha256(content).hexdigest()

    added = take(site, room_id, content, "Lea.jpg")

    photo = listing.get_photo(host_access(room_id), added.photo_id)
    assert not added.is_duplicate
    assert (photo.sha256, photo.size_bytes, photo.file_name) == (sha256, len(content), "Lea.jpg")
    assert (photo.image_format, photo.width, photo.height) == ("JPEG", 100, 100)
    assert (photo.state, photo.attempts) == (PHOTO_WAITING, 0)
    assert site.storage.original(room_id, sha256).read_bytes() == content
    assert files_of(site) == [
        f"{room_id}/derived/{sha256}-320.webp",
        f"{room_id}/derived/{sha256}-640.webp",
        f"{room_id}/originals/{sha256}",
    ]


def test_the_smaller_pictures_have_their_sizes(site: Site, room_id: int) -> None:
    content = draw_photo(RED, width=3000, height=1500)

    take(site, room_id, content)

    sha256 = hashlib.sha256(content).hexdigest()
    for side in (320, 640):
        with Image.open(site.storage.derivative(room_id, sha256, f"{side}.webp")) as picture:
            assert (picture.format, picture.size) == ("WEBP", (side, side // 2))


def test_width_and_height_are_those_of_the_upright_picture(site: Site, room_id: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200)).save(buffer, "JPEG", exif=exif)

    photo = listing.get_photo(host_access(room_id), take(site, room_id, buffer.getvalue()).photo_id)

    assert (photo.width, photo.height) == (200, 300)
    with Image.open(site.storage.derivative(room_id, photo.sha256, "320.webp")) as thumb:
        assert thumb.size == (200, 300)


def test_the_same_bytes_are_taken_once(site: Site, room_id: int) -> None:
    first = take(site, room_id, draw_photo(RED), "a.jpg")

    second = take(site, room_id, draw_photo(RED), "b.jpg")

    assert second == AddedPhoto(first.photo_id, is_duplicate=True)
    assert photo_count() == 1
    assert len(files_of(site)) == 3


def test_another_room_keeps_a_copy_of_its_own(site: Site, room_id: int) -> None:
    take(site, room_id, draw_photo(RED))

    other = take(site, rooms.create_room("Other").room.id, draw_photo(RED))

    assert not other.is_duplicate
    assert len(files_of(site)) == 6


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_a_truncated_file_is_refused_and_leaves_nothing(
    site: Site, room_id: int, image_format: str
) -> None:
    content = draw_photo(RED, width=1000, height=1000, image_format=image_format)

    with pytest.raises(RejectedPhotoError):
        take(site, room_id, content[: len(content) // 2])

    assert (photo_count(), files_of(site)) == (0, [])


@pytest.mark.parametrize("content", [b"", b"no picture", b"<html></html>"])
def test_what_is_no_picture_is_refused_and_leaves_nothing(
    site: Site, room_id: int, content: bytes
) -> None:
    with pytest.raises(RejectedPhotoError):
        take(site, room_id, content)

    assert (photo_count(), files_of(site)) == (0, [])


def test_a_file_with_too_many_bytes_is_refused(app: Flask, site: Site, room_id: int) -> None:
    content = draw_photo(RED) + bytes(site.settings.max_photo_mb * MB)

    with pytest.raises(RejectedPhotoError, match="larger than 60 MB"):
        take(site, room_id, content)

    assert files_of(site) == []


def test_a_picture_with_too_many_pixels_is_refused(site: Site, room_id: int) -> None:
    buffer = io.BytesIO()
    Image.new("1", (10_001, 10_000)).save(buffer, "PNG")

    with pytest.raises(RejectedPhotoError, match="megapixels"):
        take(site, room_id, buffer.getvalue())

    assert files_of(site) == []


def test_a_disk_that_is_full_on_arrival_leaves_nothing(
    site: Site, room_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr("photoshare.storage.local.os.fsync", no_space)

    with pytest.raises(DiskFullError):
        take(site, room_id, draw_photo(RED))

    assert (photo_count(), files_of(site)) == (0, [])


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Lea.jpg", "Lea.jpg"),
        ("folder/Lea.jpg", "folder/Lea.jpg"),
        ("a\x00b\nc.jpg", "abc.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("क्\u200dष.jpg", "क्\u200dष.jpg"),  # joiners are part of the writing
        ("می\u200cروم.jpg", "می\u200cروم.jpg"),
        ("Zoe\u0308.jpg", "Zoe\u0308.jpg"),  # as the disk of an import spells it
        ("  ", "photo"),
        ("", "photo"),
        ("x" * 1200 + ".jpg", "x" * 996 + ".jpg"),
    ],
)
def test_a_file_name_is_made_fit_to_be_shown(name: str, cleaned: str) -> None:
    assert adding.clean_file_name(name) == cleaned


def test_a_photo_keeps_when_it_was_taken_and_its_placeholder(site: Site, room_id: int) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:07:04 18:30:05"
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), RED).save(buffer, "JPEG", exif=exif)

    with_time = listing.get_photo(
        host_access(room_id), take(site, room_id, buffer.getvalue()).photo_id
    )
    without = listing.get_photo(host_access(room_id), take(site, room_id, draw_photo(RED)).photo_id)

    assert (with_time.captured_at, without.captured_at) == (datetime(2026, 7, 4, 18, 30, 5), None)
    assert with_time.placeholder is not None
    assert with_time.placeholder[8:12] == b"WEBP"
    assert len(with_time.placeholder) <= 400


@pytest.mark.durable
def test_safe_is_said_after_everything_is_on_the_disk(
    site: Site, room_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order that makes a photo survive a power cut: bytes, name, folder, row."""
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        steps.append(f"sync {path.relative_to(site.storage.data)}")
        fsync(descriptor)

    def noted_replace(source: Path, target: Path) -> None:
        steps.append(f"name {target.relative_to(site.storage.data)}")
        replace(source, target)

    monkeypatch.setattr("photoshare.storage.local.os.fsync", noted_fsync)
    monkeypatch.setattr("photoshare.storage.local.os.replace", noted_replace)
    event.listen(db.engine, "commit", lambda _connection: steps.append("row"))

    sha256 = hashlib.sha256(draw_photo(RED)).hexdigest()
    take(site, room_id, draw_photo(RED))

    room = f"rooms/{room_id}"
    received = next(step for step in steps if step.startswith(f"sync {room}/incoming/"))
    order = [
        received,
        f"name {room}/originals/{sha256}",
        f"sync {room}/originals",
        "row",
    ]
    assert [step for step in steps if step in order] == order
    assert {f"sync {room}", "sync rooms", "sync ."} <= set(steps[: steps.index("row")])
    thumb = f"{room}/derived/{sha256}-320.webp"
    written = next(i for i, step in enumerate(steps) if step.startswith(f"sync {room}/derived/."))
    named, kept = steps.index(f"name {thumb}"), steps.index(f"sync {room}/derived", written)
    assert written < named < kept < steps.index("row")
    if not postgresql.IS_CHOSEN:  # which the tests let forget what it is told
        assert db.session.scalar(text("PRAGMA synchronous")) == 2  # SQLite syncs with each commit


def test_a_photo_of_another_room_is_not_found(app: Flask, room_id: int) -> None:
    (photo_id,) = insert_photos(app, rooms.create_room("Other").room.id, 1)

    with pytest.raises(NotFoundError):
        listing.get_photo(host_access(room_id), photo_id)


def access_of(room_id: int, *, is_host: bool = False) -> Access:
    room = db.session.get_one(Room, room_id)
    guest = Guest(room_id=room_id, name="", is_host=is_host)
    db.session.add(guest)
    db.session.commit()
    return Access(room, guest)


def test_a_deleted_photo_takes_its_files_faces_and_people_along(
    app: Flask, site: Site, room_id: int
) -> None:
    photo_id = take(site, room_id, draw_photo(RED)).photo_id
    (other_id,) = insert_photos(app, room_id, 1)
    insert_person(app, room_id, [photo_id], "Only here")
    stays = insert_person(app, room_id, [photo_id, other_id])

    delete_for_good(access_of(room_id, is_host=True), photo_id, site.storage)

    counts = row_counts(app)
    assert (counts["photo"], counts["face"], counts["person"]) == (1, 1, 1)
    assert db.session.get(Photo, photo_id) is None
    assert listing.count_photos(open_album(host_access(room_id), person_id=stays)) == 1
    assert files_of(site) == []


def test_a_guest_cannot_delete_the_photo_of_another(app: Flask, site: Site, room_id: int) -> None:
    photo_id = take(site, room_id, draw_photo(RED)).photo_id

    with pytest.raises(NotAllowedError):
        delete_for_good(access_of(room_id), photo_id, site.storage)

    assert photo_count() == 1
    assert len(files_of(site)) == 3


def test_no_name_of_a_client_becomes_a_path(site: Site, room_id: int, tmp_path: Path) -> None:
    with site.storage.locked():  # makes the file of the lock
        before = {path for path in tmp_path.rglob("*") if "rooms" not in path.parts}

    take(site, room_id, draw_photo(RED), "../../../evil.jpg")

    assert {path for path in tmp_path.rglob("*") if "rooms" not in path.parts} == before
    assert all("evil" not in name for name in files_of(site))


def test_a_disk_that_fills_up_between_the_files_of_a_photo_leaves_nothing(
    site: Site, room_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def no_space_for_the_original(source: Path, target: Path) -> None:
        if "originals" in Path(target).parts:
            raise OSError(errno.ENOSPC, "no space")
        replace(source, target)

    monkeypatch.setattr("photoshare.storage.local.os.replace", no_space_for_the_original)

    with pytest.raises(DiskFullError):
        take(site, room_id, draw_photo(RED))

    assert (photo_count(), files_of(site)) == (0, [])


def test_a_disk_that_fills_up_between_the_smaller_pictures_leaves_nothing(
    site: Site, room_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_derived = site.storage.write_derived

    def no_space_for_thumb(target: Path, content: bytes) -> None:
        if "320" in target.name:
            raise DiskFullError("The server's disk is full. Please tell the host.")
        write_derived(target, content)

    monkeypatch.setattr(site.storage, "write_derived", no_space_for_thumb)

    with pytest.raises(DiskFullError):
        take(site, room_id, draw_photo(RED))

    assert (photo_count(), files_of(site)) == (0, [])
