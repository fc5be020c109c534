"""photos.uploads: files in pieces arrive whole, once, and never fill the disk."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from sqlalchemy import select

from photoshare.config import MB, Settings
from photoshare.db import db
from photoshare.errors import (
    NotFoundError,
    RejectedPhotoError,
    WrongOffsetError,
)
from photoshare.models import Photo, Room, Upload
from photoshare.services.photos import adding, uploads
from photoshare.services.photos.adding import AddedPhoto
from photoshare.services.photos.uploads import FileFacts, UnfinishedUpload
from photoshare.services.rooms import entering, rooms
from photoshare.services.rooms.entering import Access
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo

pytestmark = pytest.mark.usefixtures("app_ctx")

CONTENT = draw_photo(RED, width=900, height=900)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def new_access(room: Room | None = None) -> Access:
    room = room or rooms.create_room("Party").room
    return Access(room, entering.join_room(room, password="", name=""))


@pytest.fixture
def access() -> Access:
    return new_access()


def facts(content: bytes = CONTENT, **values: object) -> FileFacts:
    known = {"file_name": "a.jpg", "size_bytes": len(content), "fingerprint": "a"}
    return FileFacts(**known | values)  # type: ignore[arg-type]


def begin(
    site: Site, access: Access, given: FileFacts, settings: Settings | None = None
) -> UnfinishedUpload:
    return uploads.begin_upload(
        access, given, storage=site.storage, settings=settings or site.settings
    )


def send(
    site: Site, access: Access, upload_id: int, offset: int, piece: bytes
) -> UnfinishedUpload | AddedPhoto:
    return uploads.add_piece(
        access,
        upload_id,
        offset,
        io.BytesIO(piece),
        storage=site.storage,
        settings=site.settings,
        decoders=site.decoders,
    )


def files_of(site: Site) -> list[Path]:
    return [path for path in (site.storage.data / "rooms").rglob("*") if path.is_file()]


def upload_ids() -> list[int]:
    return list(db.session.scalars(select(Upload.id)))


def test_pieces_become_a_photo_bit_for_bit(site: Site, access: Access) -> None:
    upload = begin(site, access, facts(sha256=SHA256))
    third = len(CONTENT) // 3

    first = send(site, access, upload.upload_id, 0, CONTENT[:third])
    second = send(site, access, upload.upload_id, third, CONTENT[third : 2 * third])
    last = send(site, access, upload.upload_id, 2 * third, CONTENT[2 * third :])

    assert (first, second) == (
        UnfinishedUpload(upload.upload_id, third),
        UnfinishedUpload(upload.upload_id, 2 * third),
    )
    assert isinstance(last, AddedPhoto)
    photo = db.session.get_one(Photo, last.photo_id)
    assert (photo.file_name, photo.guest_id) == ("a.jpg", access.guest.id)
    assert site.storage.original(access.room.id, SHA256).read_bytes() == CONTENT
    assert (upload_ids(), len(files_of(site))) == ([], 3)


def test_an_upload_is_found_again_where_it_stopped(site: Site, access: Access) -> None:
    assert uploads.find_upload(access, "a", site.storage) is None
    upload = begin(site, access, facts())
    assert uploads.find_upload(access, "a", site.storage) == upload

    send(site, access, upload.upload_id, 0, CONTENT[:100])

    assert uploads.find_upload(access, "a", site.storage) == UnfinishedUpload(upload.upload_id, 100)


def test_another_guest_neither_finds_nor_continues_an_upload(site: Site, access: Access) -> None:
    upload = begin(site, access, facts())
    other = new_access(access.room)

    assert uploads.find_upload(other, "a", site.storage) is None
    with pytest.raises(NotFoundError):
        send(site, other, upload.upload_id, 0, CONTENT)

    assert files_of(site) == []


@pytest.mark.parametrize("offset", [0, 99, 101, 10**12])
def test_a_piece_that_does_not_follow_is_refused_with_the_offset(
    site: Site, access: Access, offset: int
) -> None:
    upload = begin(site, access, facts())
    send(site, access, upload.upload_id, 0, CONTENT[:100])

    with pytest.raises(WrongOffsetError) as caught:
        send(site, access, upload.upload_id, offset, CONTENT[:100])

    assert caught.value.offset == 100
    path = site.storage.piece_file(access.room.id, upload.upload_id)
    assert path.read_bytes() == CONTENT[:100]


def test_replayed_pieces_write_nothing(site: Site, access: Access) -> None:
    upload = begin(site, access, facts())
    send(site, access, upload.upload_id, 0, CONTENT[:100])

    for _ in range(20):
        with pytest.raises(WrongOffsetError):
            send(site, access, upload.upload_id, 0, CONTENT[:100])

    assert [path.stat().st_size for path in files_of(site)] == [100]


def test_more_than_was_said_is_refused_and_leaves_nothing(site: Site, access: Access) -> None:
    upload = begin(site, access, facts())

    with pytest.raises(RejectedPhotoError, match="longer"):
        send(site, access, upload.upload_id, 0, CONTENT + b"x")

    assert (upload_ids(), files_of(site)) == ([], [])


def test_an_endless_piece_is_cut_off(site: Site, access: Access) -> None:
    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size: int = -1) -> bytes:
            self.taken += size
            return bytes(size)

    endless = Endless()
    upload = begin(site, access, facts())

    with pytest.raises(RejectedPhotoError):
        uploads.add_piece(
            access,
            upload.upload_id,
            0,
            endless,  # type: ignore[arg-type]
            storage=site.storage,
            settings=site.settings,
            decoders=site.decoders,
        )

    assert endless.taken <= 2 * MB
    assert files_of(site) == []


def test_a_complete_file_is_finished_by_an_empty_piece(site: Site, access: Access) -> None:
    """The server died between the last piece and the photo."""
    upload = begin(site, access, facts())
    path = site.storage.piece_file(access.room.id, upload.upload_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)

    added = send(site, access, upload.upload_id, len(CONTENT), b"")

    assert isinstance(added, AddedPhoto)
    assert upload_ids() == []


def test_a_file_that_changed_on_the_way_is_refused(site: Site, access: Access) -> None:
    upload = begin(site, access, facts(sha256="f" * 64))

    with pytest.raises(RejectedPhotoError, match="changed on the way"):
        send(site, access, upload.upload_id, 0, CONTENT)

    assert (upload_ids(), files_of(site)) == ([], [])


def test_what_is_no_photo_is_refused_and_leaves_nothing(site: Site, access: Access) -> None:
    upload = begin(site, access, facts(b"no photo"))

    with pytest.raises(RejectedPhotoError, match="can't be read as a photo"):
        send(site, access, upload.upload_id, 0, b"no photo")

    assert (upload_ids(), files_of(site)) == ([], [])


def test_a_photo_that_came_another_way_meanwhile_is_one_photo(site: Site, access: Access) -> None:
    upload = begin(site, access, facts())
    adding.add_photo(
        access.room.id,
        io.BytesIO(CONTENT),
        "b.jpg",
        guest_id=None,
        storage=site.storage,
        settings=site.settings,
        decoders=site.decoders,
    )

    added = send(site, access, upload.upload_id, 0, CONTENT)

    assert isinstance(added, AddedPhoto)
    assert added.is_duplicate
    assert (upload_ids(), len(files_of(site))) == ([], 3)


def test_one_request_at_a_time_writes_to_an_upload(site: Site, access: Access) -> None:
    upload = begin(site, access, facts())

    with site.storage.alone_with_upload(upload.upload_id), pytest.raises(WrongOffsetError):
        send(site, access, upload.upload_id, 0, CONTENT)

    assert isinstance(send(site, access, upload.upload_id, 0, CONTENT), AddedPhoto)


def test_known_hashes_are_those_of_the_room_only(site: Site, access: Access) -> None:
    other = new_access()
    for where, seed in ((access, 1), (other, 2)):
        adding.add_photo(
            where.room.id,
            io.BytesIO(draw_photo(RED, seed=seed)),
            "a.jpg",
            guest_id=None,
            storage=site.storage,
            settings=site.settings,
            decoders=site.decoders,
        )
    mine, theirs = (hashlib.sha256(draw_photo(RED, seed=seed)).hexdigest() for seed in (1, 2))

    assert adding.find_known(access.room.id, [mine, theirs, "f" * 64]) == [mine]
    assert adding.find_known(access.room.id, []) == []


def test_a_photo_that_was_given_up_gets_another_chance_by_being_asked_for(
    site: Site, access: Access
) -> None:
    upload = begin(site, access, facts())
    added = send(site, access, upload.upload_id, 0, CONTENT)
    assert isinstance(added, AddedPhoto)
    photo = db.session.get_one(Photo, added.photo_id)
    photo.state, photo.attempts = "failed", 3
    db.session.commit()

    adding.find_known(access.room.id, [SHA256])

    db.session.refresh(photo)
    assert (photo.state, photo.attempts) == ("waiting", 0)
