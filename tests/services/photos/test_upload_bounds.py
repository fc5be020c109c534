"""photoshare.services.photos.uploads: limits of guests and rooms, and sweeping."""

from __future__ import annotations

import io
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from photoshare.config import MB, Settings, load_settings
from photoshare.db import db, utc_now
from photoshare.errors import (
    DiskFullError,
    InvalidInputError,
    RejectedPhotoError,
    RoomFullError,
)
from photoshare.models import Guest, Upload
from photoshare.pictures.rendering import RenderedPhoto
from photoshare.services import kept_files
from photoshare.services.photos import adding, uploads
from photoshare.services.photos.adding import AddedPhoto
from photoshare.services.photos.uploads import UNFINISHED_OF_GUEST, UnfinishedUpload
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Access
from photoshare.services.work import leftovers
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo
from tests.services.photos.test_uploads import (
    CONTENT,
    SHA256,
    begin,
    facts,
    files_of,
    new_access,
    send,
    upload_ids,
)

pytestmark = pytest.mark.usefixtures("app_ctx")


@pytest.fixture
def access() -> Access:
    return new_access()


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_that_no_file_has_is_refused(site: Site, access: Access, size: int) -> None:
    with pytest.raises(InvalidInputError):
        begin(site, access, facts(size_bytes=size))


@pytest.mark.parametrize("fingerprint", ["", "x" * 1201])
def test_a_fingerprint_that_is_none_is_refused(
    site: Site, access: Access, fingerprint: str
) -> None:
    with pytest.raises(InvalidInputError):
        begin(site, access, facts(fingerprint=fingerprint))


def test_a_file_over_the_limit_is_refused_before_it_is_sent(site: Site, access: Access) -> None:
    begin(site, access, facts(size_bytes=60 * MB))

    with pytest.raises(RejectedPhotoError, match="larger than 60 MB"):
        begin(site, access, facts(size_bytes=60 * MB + 1, fingerprint="b"))


def test_a_guest_keeps_a_few_unfinished_uploads_and_no_more(site: Site, access: Access) -> None:
    first = begin(site, access, facts(fingerprint="0"))
    send(site, access, first.upload_id, 0, CONTENT[:100])
    other = begin(site, new_access(access.room), facts())

    for number in range(1, UNFINISHED_OF_GUEST + 1):
        begin(site, access, facts(fingerprint=str(number)))

    ids = upload_ids()
    assert len(ids) == UNFINISHED_OF_GUEST + 1
    assert other.upload_id in ids
    assert first.upload_id not in ids
    assert files_of(site) == []


def test_bytes_that_came_count_against_the_room_and_promises_do_not(
    site: Site, access: Access
) -> None:
    settings = load_settings({"max_room_gb": 1, "max_photo_mb": 400}, environ={})
    for fingerprint in "abcd":
        begin(site, access, facts(size_bytes=400 * MB, fingerprint=fingerprint), settings)
    for upload_id in upload_ids()[:2]:
        piece = site.storage.piece_file(access.room.id, upload_id)
        piece.parent.mkdir(parents=True, exist_ok=True)
        with piece.open("wb") as file:
            file.truncate(400 * MB)  # sparse

    with pytest.raises(RoomFullError, match="1 GB"):
        begin(site, access, facts(size_bytes=400 * MB, fingerprint="e"), settings)

    begin(site, new_access(), facts(size_bytes=400 * MB), settings)  # of another room


def test_promises_without_a_byte_keep_nobody_out(
    site: Site, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 50 * MB

    monkeypatch.setattr("photoshare.storage.local.shutil.disk_usage", lambda _folder: Usage)
    for fingerprint in "abc":
        begin(site, access, facts(size_bytes=45 * MB, fingerprint=fingerprint))

    begin(site, new_access(access.room), facts(size_bytes=45 * MB))
    with pytest.raises(DiskFullError):
        begin(site, access, facts(size_bytes=55 * MB, fingerprint="d"))


def test_the_disk_is_looked_at_with_every_piece(
    site: Site, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(site, access, facts())
    send(site, access, upload.upload_id, 0, CONTENT[:100])

    class Usage:
        free = -1

    monkeypatch.setattr("photoshare.storage.local.shutil.disk_usage", lambda _folder: Usage)

    with pytest.raises(DiskFullError):
        send(site, access, upload.upload_id, 100, CONTENT[100:])
    assert uploads.find_upload(access, "a", site.storage) == UnfinishedUpload(upload.upload_id, 100)


def test_a_room_with_as_many_photos_as_it_may_have_takes_no_more(
    site: Site, access: Access
) -> None:
    settings = load_settings({"max_room_photos": 1}, environ={})

    def add(seed: int) -> AddedPhoto:
        return adding.add_photo(
            access.room.id,
            io.BytesIO(draw_photo(RED, seed=seed)),
            "a.jpg",
            guest_id=None,
            storage=site.storage,
            settings=settings,
            decoders=site.decoders,
        )

    add(1)
    assert add(1).is_duplicate
    with pytest.raises(RoomFullError, match="it has 1 photos"):
        add(2)
    with pytest.raises(RoomFullError):
        begin(site, access, facts(), settings)
    assert len(files_of(site)) == 3


def test_unfinished_uploads_are_swept_after_a_day(site: Site, access: Access) -> None:
    old, young = (begin(site, access, facts(fingerprint=name)) for name in "ab")
    for upload in (old, young):
        send(site, access, upload.upload_id, 0, CONTENT[:100])
    stray = site.storage.piece_file(access.room.id, 999)
    stray.write_bytes(b"of a room's deleted guest")
    for path in files_of(site):
        os.utime(path, (1000, 1000))
    db.session.execute(
        update(Upload)
        .where(Upload.id == old.upload_id)
        .values(created_at=utc_now() - timedelta(hours=25))
    )
    db.session.commit()

    removed = uploads.sweep_uploads(site.storage, older_than=time.time() - 3600)

    assert removed == 2
    assert upload_ids() == [young.upload_id]
    assert [path.name for path in files_of(site)] == [str(young.upload_id)]


def test_the_hourly_sweep_leaves_uploads_that_may_go_on(site: Site, access: Access) -> None:
    upload = begin(site, access, facts())
    send(site, access, upload.upload_id, 0, CONTENT[:100])
    os.utime(site.storage.piece_file(access.room.id, upload.upload_id), (1000, 1000))

    site.jobs.sweep()

    assert uploads.find_upload(access, "a", site.storage) == UnfinishedUpload(upload.upload_id, 100)


def test_a_photo_that_is_finished_between_the_sweeps_look_and_its_hand_stays(
    site: Site, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All bytes are an hour old: an empty piece finishes the upload, as after a kill."""
    upload = begin(site, access, facts())
    piece = site.storage.piece_file(access.room.id, upload.upload_id)
    piece.parent.mkdir(parents=True)
    piece.write_bytes(CONTENT)
    os.utime(piece, (1000, 1000))
    finished: list[object] = []
    look = kept_files.kept_hashes

    def look_and_let_it_be_finished() -> dict[int, set[str]]:
        known = look()
        finished.append(send(site, access, upload.upload_id, len(CONTENT), b""))
        return known

    monkeypatch.setattr(leftovers, "kept_hashes", look_and_let_it_be_finished)

    site.jobs.sweep()

    assert [type(outcome) for outcome in finished] == [AddedPhoto]
    assert site.storage.original(access.room.id, SHA256).read_bytes() == CONTENT


def test_an_upload_in_hand_is_not_swept_from_under_it(
    site: Site, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day old, with its last piece just received: it is decoded during the sweep."""
    upload = begin(site, access, facts())
    piece = site.storage.piece_file(access.room.id, upload.upload_id)
    render = site.decoders.render

    def sweep_meanwhile(path: Path, settings: Settings) -> RenderedPhoto:
        os.utime(piece, (1000, 1000))
        db.session.execute(update(Upload).values(created_at=utc_now() - timedelta(hours=25)))
        db.session.commit()
        site.jobs.sweep()
        return render(path, settings)

    monkeypatch.setattr(site.decoders, "render", sweep_meanwhile)

    outcome = send(site, access, upload.upload_id, 0, CONTENT)

    assert isinstance(outcome, AddedPhoto)
    assert site.storage.original(access.room.id, SHA256).read_bytes() == CONTENT


def test_a_deleted_room_takes_its_uploads_along(site: Site, access: Access) -> None:
    upload = begin(site, access, facts())
    send(site, access, upload.upload_id, 0, CONTENT[:100])

    rooms.delete_room(access.room.id, site.storage)

    assert (upload_ids(), files_of(site)) == ([], [])


def test_a_guest_who_is_gone_leaves_no_upload(site: Site, access: Access) -> None:
    begin(site, access, facts())

    db.session.delete(db.session.get_one(Guest, access.guest.id))
    db.session.commit()

    assert upload_ids() == []
