"""The same photo of two guests who don't see each other's: it is each one's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO

import pytest
from sqlalchemy import select, update

from photoshare.errors import NotAllowedError, NotFoundError
from photoshare.models import AlsoAdded, Audience, Heart, Photo, Room, WaitingPhoto, db
from photoshare.services.downloads.zip_shelf import ZipShelf
from photoshare.services.downloads.zips import ZipNote, make_zip
from photoshare.services.moderation.deciding import add_waiting
from photoshare.services.photos import adding, deleting, listing
from photoshare.services.photos.adding import AddedPhoto
from photoshare.services.photos.albums import open_album
from photoshare.services.photos.filters import list_filters
from photoshare.services.photos.hearts import give_heart
from photoshare.services.photos.restoring import list_bin, restore_photos
from photoshare.services.rooms import guests
from photoshare.services.rooms.entering import Access
from photoshare.services.visibility import also_added
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo
from tests.helpers import guest_access, host_access

CONTENT, OTHER = draw_photo(RED), draw_photo(seed=2)

pytestmark = pytest.mark.usefixtures("app_ctx")


@dataclass
class DropBox:
    """A room in which guests see only what they added."""

    site: Site
    host: Access
    ada: Access
    bob: Access

    def add(self, access: Access, content: bytes = CONTENT, name: str = "a.jpg") -> AddedPhoto:
        return adding.add_photo(
            access.room.id,
            BytesIO(content),
            name,
            guest_id=access.guest.id,
            storage=self.site.storage,
            settings=self.site.settings,
            decoders=self.site.decoders,
        )

    def delete(self, access: Access, *photo_ids: int) -> int:
        done = deleting.delete_photos(access, photo_ids, self.site.storage)
        assert done.count == len(photo_ids)
        assert done.deletion_id is not None
        return done.deletion_id

    def choose(self, audience: Audience) -> None:
        room = update(Room).where(Room.id == self.host.room.id)
        db.session.execute(room.values(audience=audience))
        db.session.commit()


@pytest.fixture
def box(site: Site, room_id: int) -> DropBox:
    host = host_access(room_id)
    ada, bob = guest_access(room_id, "Ada"), guest_access(room_id, "Bob")
    made = DropBox(site, host, ada, bob)
    made.choose(Audience.HOST)
    return made


@pytest.fixture
def shared(box: DropBox) -> int:
    """A photo that Ada added, and then Bob."""
    photo_id = box.add(box.ada, name="of-ada.jpg").photo_id
    box.add(box.bob, name="of-bob.jpg")
    return photo_id


def seen(access: Access) -> list[int]:
    db.session.expire_all()
    return [photo.id for photo in listing.list_all(open_album(access))]


def test_the_same_photo_of_another_guest_is_new_to_whoever_adds_it(box: DropBox) -> None:
    first, second = box.add(box.ada), box.add(box.bob)

    assert first == AddedPhoto(first.photo_id, is_duplicate=False)
    assert second == replace(first, is_also_theirs=True)
    assert seen(box.ada) == seen(box.bob) == seen(box.host) == [first.photo_id]
    assert box.add(box.bob) == box.add(box.ada) == replace(first, is_duplicate=True)


@pytest.mark.parametrize("audience", [Audience.SELF, Audience.HOST, Audience.LATER])
def test_nobody_learns_by_its_hash_whether_another_added_a_photo(
    box: DropBox, audience: Audience
) -> None:
    box.choose(audience)
    photo_id = box.add(box.ada).photo_id
    hashes, room_id = [db.session.get_one(Photo, photo_id).sha256], box.host.room.id

    before = adding.find_known(room_id, hashes, box.bob.guest.id)
    box.add(box.bob)

    assert before == []
    assert adding.find_known(room_id, hashes, box.bob.guest.id) == hashes
    assert adding.find_known(room_id, hashes, box.ada.guest.id) == hashes
    assert adding.find_known(room_id, hashes) == hashes


def test_where_all_is_seen_the_same_photo_was_here_already(box: DropBox) -> None:
    box.choose(Audience.EVERYBODY)
    first = box.add(box.ada)

    assert box.add(box.bob) == replace(first, is_duplicate=True)
    assert db.session.scalars(select(AlsoAdded)).all() == []


def test_it_looks_like_the_own_one_of_each(box: DropBox, shared: int) -> None:
    box.add(box.ada, OTHER)
    give_heart(box.ada, shared, is_given=True)

    mine = listing.get_photo(box.bob, shared, all_of_it=True)

    assert mine.guest is box.bob.guest
    assert (mine.guest_id, mine.file_name, mine.heart_count) == (
        box.bob.guest.id,
        "photo.jpg",
        0,
    )
    assert deleting.may_delete(box.bob, mine)
    filters = list_filters(box.bob, open_album(box.bob))
    assert [(one.name, one.photo_count) for one in filters.uploaders] == [("Bob", 1)]
    db.session.expire_all()
    theirs = listing.get_photo(box.host, shared)
    assert (theirs.guest_id, theirs.file_name, theirs.heart_count) == (
        box.ada.guest.id,
        "of-ada.jpg",
        1,
    )


@pytest.mark.usefixtures("app_ctx", "shared")
def test_each_gets_a_zip_with_the_names_they_may_see(box: DropBox) -> None:
    shelf, room_id = ZipShelf(), box.host.room.id
    of_ada, of_bob = box.ada.guest.id, box.bob.guest.id

    def names(guest_id: int | None) -> set[str]:
        access = also_added.access_of(room_id, guest_id) or host_access(room_id)
        made = make_zip(
            open_album(access),
            box.site.storage,
            shelf,
            exact=False,
            tell_missing=lambda _names, _count: ZipNote("lost.txt", ""),
        )
        assert made is not None
        source, content = shelf.open(made.key), b""
        while len(content) < made.layout.size_bytes:
            content += source.read_at(len(content), made.layout.size_bytes)
        source.close()
        return {name for name in ("of-ada.jpg", "photo.jpg") if name.encode() in content}

    assert [names(of_ada), names(of_bob), names(None)] == [
        {"of-ada.jpg"},
        {"photo.jpg"},
        {"of-ada.jpg"},
    ]


def test_who_added_it_as_well_deletes_it_for_themselves_only(box: DropBox, shared: int) -> None:
    deletion_id = box.delete(box.bob, shared)

    assert (seen(box.ada), seen(box.bob), seen(box.host)) == ([shared], [], [shared])
    assert [entry.photo_count for entry in list_bin(box.bob, 1).items] == [1]
    assert restore_photos(box.bob, deletion_id, box.site.storage) == 1
    assert seen(box.bob) == [shared]


def test_who_was_first_leaves_it_to_the_others(box: DropBox, shared: int) -> None:
    db.session.add(Heart(photo_id=shared, guest_id=box.ada.guest.id))
    db.session.commit()

    deletion_id = box.delete(box.ada, shared)

    assert (seen(box.ada), seen(box.bob), seen(box.host)) == ([], [shared], [shared])
    heirs = db.session.get_one(Photo, shared, populate_existing=True)
    assert (heirs.guest_id, heirs.file_name, heirs.heart_count) == (
        box.bob.guest.id,
        "photo.jpg",
        0,
    )
    assert db.session.scalars(select(AlsoAdded)).all() == []
    assert restore_photos(box.ada, deletion_id, box.site.storage) == 1
    assert seen(box.ada) == seen(box.bob) == [shared]
    assert listing.get_photo(box.bob, shared).guest_id == box.bob.guest.id


def test_of_several_some_are_left_and_some_go(box: DropBox, shared: int) -> None:
    alone = box.add(box.ada, OTHER).photo_id

    deletion_id = box.delete(box.ada, shared, alone)

    assert (seen(box.ada), seen(box.host)) == ([], [shared])
    assert restore_photos(box.ada, deletion_id, box.site.storage) == 2
    assert set(seen(box.ada)) == set(seen(box.host)) == {shared, alone}


def test_a_deletion_is_undone_no_more_once_nobody_has_the_photo(box: DropBox, shared: int) -> None:
    deletion_id = box.delete(box.ada, shared)
    box.delete(box.bob, shared)

    assert seen(box.host) == []
    assert restore_photos(box.ada, deletion_id, box.site.storage) == 0


def test_what_comes_back_from_the_bin_is_shared_with_who_added_it_meanwhile(box: DropBox) -> None:
    deletion_id = box.delete(box.ada, box.add(box.ada).photo_id)
    photo_id = box.add(box.bob).photo_id

    assert restore_photos(box.ada, deletion_id, box.site.storage) == 1
    assert seen(box.ada) == seen(box.bob) == seen(box.host) == [photo_id]


def test_what_the_host_deletes_is_gone_for_all_and_comes_back_to_all(
    box: DropBox, shared: int
) -> None:
    deletion_id = box.delete(box.host, shared)

    assert seen(box.ada) == seen(box.bob) == seen(box.host) == []
    restore_photos(box.host, deletion_id, box.site.storage)
    assert seen(box.ada) == seen(box.bob) == seen(box.host) == [shared]


def test_photos_of_a_guest_who_is_removed_are_left_to_others(box: DropBox, shared: int) -> None:
    box.add(box.ada, OTHER)
    guests.remove_guest(box.host, box.ada.guest, box.site.storage)

    deleting.delete_photos_of(box.host, box.ada.guest.id, box.site.storage)

    assert seen(box.bob) == seen(box.host) == [shared]
    assert db.session.get_one(Photo, shared).guest_id == box.bob.guest.id


def test_what_someone_added_as_well_stays_when_they_leave(box: DropBox, shared: int) -> None:
    guests.leave_room(box.bob, box.site.storage)

    box.delete(box.ada, shared)

    assert seen(box.host) == [shared]


def test_the_host_sees_what_each_guest_added(box: DropBox, shared: int) -> None:
    box.add(box.ada, OTHER)
    counts = {card.name: card.photo_count for card in guests.list_guests(box.host.room.id)}

    album = open_album(box.host, guest_id=box.bob.guest.id)

    assert [photo.id for photo in listing.list_all(album)] == [shared]
    assert (counts["Ada"], counts["Bob"]) == (2, 1)


def test_a_guest_deletes_nothing_that_they_do_not_see(box: DropBox) -> None:
    photo_id = box.add(box.ada).photo_id

    with pytest.raises(NotFoundError):
        deleting.delete_photos(box.bob, [photo_id], box.site.storage)
    box.choose(Audience.EVERYBODY)
    with pytest.raises(NotAllowedError):
        deleting.delete_photos(box.bob, [photo_id], box.site.storage)


def test_it_waits_for_the_hosts_yes_like_a_new_one(box: DropBox) -> None:
    photo_id = box.add(box.ada).photo_id
    room = update(Room).where(Room.id == box.host.room.id)
    db.session.execute(room.values(is_moderated=True))
    db.session.commit()

    added = box.add(box.bob)

    assert (added.is_duplicate, added.is_waiting) == (False, True)
    assert seen(box.bob) == []
    add_waiting(box.host, box.site.storage)
    assert seen(box.bob) == [photo_id]
    assert db.session.scalars(select(WaitingPhoto)).all() == []


def test_of_two_that_wait_a_yes_adds_the_photo_for_both(box: DropBox) -> None:
    room = update(Room).where(Room.id == box.host.room.id)
    db.session.execute(room.values(is_moderated=True))
    db.session.commit()
    box.add(box.ada)
    box.add(box.bob)

    add_waiting(box.host, box.site.storage)

    assert seen(box.ada) == seen(box.bob) == seen(box.host) != []


def test_a_lost_original_comes_back_with_it(box: DropBox) -> None:
    photo = db.session.get_one(Photo, box.add(box.ada).photo_id)
    path = box.site.storage.original(photo.room_id, photo.sha256)
    path.unlink()

    box.add(box.bob)

    assert path.read_bytes() == CONTENT
