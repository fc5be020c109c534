"""versions: what is shown as one is shown once, and only to those who see its front."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.errors import NotAllowedError, NotFoundError
from photoshare.models import Audience, Behind, Photo, Room, Stands
from photoshare.services.people.people import list_people
from photoshare.services.photos import deleting, listing, open_album, restoring, wall
from photoshare.services.photos.albums import with_behind
from photoshare.services.photos.filters import list_filters
from photoshare.services.photos.hearts import count_favourites, give_heart
from photoshare.services.rooms.entering import Access
from photoshare.services.versions import clean_up, stacks
from photoshare.services.work.progress import progress_for
from photoshare.web.site import Site
from tests.drawn_scenes import TAKEN, as_jpeg, draw_scene, messenger_copy
from tests.helpers import guest_access, insert_person, insert_photos
from tests.services.versions.conftest import become, fronts, shown

pytestmark = pytest.mark.usefixtures("app_ctx")

Pair = Callable[[int], bool]


def stack_up(photo_ids: list[int], kind: Behind = Behind.VERSION) -> None:
    """Let photos stand behind the first of them."""
    behind = update(Photo).where(Photo.id.in_(photo_ids[1:]))
    db.session.execute(behind.values(front_id=photo_ids[0], behind_as=kind.value))
    db.session.commit()


def name_all(photo_ids: list[int]) -> None:
    for number, photo_id in enumerate(photo_ids):
        row = {"file_name": f"{number}.jpg", "width": 900 - number, "size_bytes": 10}
        db.session.execute(update(Photo).where(Photo.id == photo_id).values(**row))
    db.session.commit()


@pytest.fixture
def host(room_id: int) -> Access:
    access = guest_access(room_id, "Hanna")
    access.guest.is_host = True
    db.session.commit()
    return access


@pytest.fixture
def photos(app: Flask, room_id: int, host: Access) -> list[int]:
    """Six photos of the host; the second and third stand behind the first."""
    ids = insert_photos(app, room_id, 6, guest_id=host.guest.id, captured_by="camera")
    name_all(ids)
    stack_up(ids[:3])
    return ids


def test_what_stands_behind_another_is_in_no_list_and_no_count(
    room_id: int, host: Access, photos: list[int]
) -> None:
    assert shown(host) == ["0.jpg", "3.jpg", "4.jpg", "5.jpg"]
    assert [one.file_name for one in wall.list_newer(host)] == shown(host)
    assert progress_for(host).photo_count == 4
    (uploader,) = list_filters(host, open_album(host)).uploaders
    assert uploader.photo_count == 4
    position = listing.find_position(open_album(host), db.session.get_one(Photo, photos[3]))
    assert position.count == 4
    assert listing.get_photo(host, photos[1]).file_name == "1.jpg"


def test_an_album_has_a_version_with_its_person(
    app: Flask, room_id: int, host: Access, photos: list[int]
) -> None:
    on_all = insert_person(app, room_id, photos[:4], "Ada")
    on_some = insert_person(app, room_id, photos[1:2], "Ben")

    assert shown(host, person_id=on_all) == ["0.jpg", "3.jpg"]
    assert shown(host, person_id=on_some) == ["1.jpg"]
    assert {card.id: card.photo_count for card in list_people(room_id)} == {on_all: 2, on_some: 1}


def test_a_lost_front_hides_nothing(room_id: int, host: Access, photos: list[int]) -> None:
    db.session.execute(update(Photo).where(Photo.id == photos[0]).values(is_lost=True))
    db.session.commit()

    assert shown(host) == [f"{number}.jpg" for number in range(6)]
    assert progress_for(host).photo_count == 6


def test_a_heart_on_a_version_behind_counts_where_its_front_has_none(
    room_id: int, host: Access, photos: list[int]
) -> None:
    give_heart(host, photos[1], is_given=True)
    assert shown(host, is_favourite=True) == ["1.jpg"]
    assert count_favourites(room_id) == 1

    give_heart(host, photos[0], is_given=True)
    assert shown(host, is_favourite=True) == ["0.jpg"]
    assert count_favourites(room_id) == 1


@pytest.mark.parametrize("audience", list(Audience))
def test_a_front_that_a_guest_does_not_see_leaves_no_trace(
    room_id: int, host: Access, photos: list[int], audience: Audience
) -> None:
    guest = guest_access(room_id)
    own = update(Photo).where(Photo.id == photos[1])
    db.session.execute(own.values(guest_id=guest.guest.id))
    db.session.execute(update(Room).where(Room.id == room_id).values(audience=audience))
    db.session.commit()
    db.session.refresh(guest.room)
    photo = db.session.get_one(Photo, photos[1])
    versions = stacks.list_versions(guest, photo)

    if audience == Audience.EVERYBODY:
        assert shown(guest) == ["0.jpg", "3.jpg", "4.jpg", "5.jpg"]
        assert [one.file_name for one in versions] == ["0.jpg", "1.jpg", "2.jpg"]
        return
    assert shown(guest) == ["1.jpg"]
    assert progress_for(guest).photo_count == 1
    assert versions == []
    assert stacks.front_of(photo, versions) is None
    assert stacks.find_behind(guest, [photos[1]]) == {}
    assert stacks.list_company(guest, [photos[1]]) == []
    assert not listing.has_behind(open_album(guest))
    assert listing.count_photos(with_behind(open_album(guest))) == 1
    with pytest.raises(NotFoundError):
        stacks.put_in_front(guest, photos[1])


def test_with_everything_behind_an_album_has_movies_without_its_person(
    app: Flask, room_id: int, host: Access, photos: list[int]
) -> None:
    stack_up(photos[3:5], Behind.MOVIE)
    person = insert_person(app, room_id, [photos[3]], "Ada")
    album = open_album(host, person_id=person)

    assert listing.has_behind(album)
    assert [one.file_name for one in listing.list_all(album)] == ["3.jpg"]
    assert [one.file_name for one in listing.list_all(with_behind(album))] == ["3.jpg", "4.jpg"]
    chosen = with_behind(open_album(host, photo_ids=[photos[0]]))
    names = [one.file_name for one in listing.list_all(chosen)]
    assert names == ["0.jpg", "1.jpg", "2.jpg"]


def test_the_next_best_comes_to_the_front_and_steps_back_again(
    room_id: int, host: Access, photos: list[int], site: Site
) -> None:
    done = deleting.delete_photos(host, [photos[0]], site.storage)
    assert fronts(room_id)["2.jpg"] == "1.jpg"
    assert shown(host) == ["1.jpg", "3.jpg", "4.jpg", "5.jpg"]

    restoring.restore_photos(host, done.deletion_id or 0, site.storage)
    found = fronts(room_id)
    assert {found["1.jpg"], found["2.jpg"]} == {"0.jpg"}
    assert found["0.jpg"] is None


def test_all_versions_come_back_as_they_were(
    room_id: int, host: Access, photos: list[int], site: Site
) -> None:
    before = fronts(room_id)
    company = stacks.list_company(host, [photos[1]])
    assert company == [photos[0], photos[2]]
    done = deleting.delete_photos(host, [photos[1], *company], site.storage)
    assert shown(host) == ["3.jpg", "4.jpg", "5.jpg"]

    restoring.restore_photos(host, done.deletion_id or 0, site.storage)
    assert fronts(room_id) == before
    unpaired = select(Photo.id).where(Photo.room_id == room_id, Photo.paired_by.is_(None))
    assert set(photos[:3]) <= set(db.session.scalars(unpaired))


def test_two_deletions_come_back_in_any_order(
    room_id: int, host: Access, photos: list[int], site: Site
) -> None:
    ids = [
        deleting.delete_photos(host, [photo_id], site.storage).deletion_id or 0
        for photo_id in photos[:2]
    ]
    for deletion_id in ids:
        restoring.restore_photos(host, deletion_id, site.storage)
    assert len(fronts(room_id)) == 6  # the job puts the first one back into its place


def test_a_persons_album_is_deleted_with_all_versions(
    app: Flask, room_id: int, host: Access, photos: list[int], site: Site
) -> None:
    person = insert_person(app, room_id, photos[:1], "Ada")
    deleting.delete_album(host, person, site.storage)

    assert shown(host) == ["3.jpg", "4.jpg", "5.jpg"]


def test_whoever_is_set_apart_stays_so_and_may_come_back(
    room_id: int, host: Access, add_photo: Callable[..., int], pair: Pair
) -> None:
    scene = draw_scene(1)
    add_photo(room_id, as_jpeg(scene, taken=TAKEN), "original.jpg")
    copy = add_photo(room_id, messenger_copy(scene), "copy.jpg")
    add_photo(room_id, messenger_copy(scene, side=640), "small.jpg")
    pair(room_id)

    stacks.set_apart(host, copy, is_apart=True)
    db.session.execute(update(Photo).values(paired_by=None))
    db.session.commit()
    pair(room_id)
    behind = {"small.jpg": "original.jpg", "original.jpg": None}
    assert fronts(room_id) == behind | {"copy.jpg": None}

    stacks.set_apart(host, copy, is_apart=False)
    pair(room_id)
    assert fronts(room_id) == behind | {"copy.jpg": "original.jpg"}


def test_a_front_that_is_set_apart_leaves_the_others_together(
    room_id: int, host: Access, photos: list[int]
) -> None:
    stacks.set_apart(host, photos[0], is_apart=True)

    found = fronts(room_id)
    assert [found[f"{number}.jpg"] for number in range(3)] == [None, None, "1.jpg"]


def test_a_chosen_front_stays_in_front_of_a_better_one(
    room_id: int, host: Access, add_photo: Callable[..., int], pair: Pair
) -> None:
    scene = draw_scene(1)
    small = add_photo(room_id, messenger_copy(scene, side=640), "small.jpg")
    add_photo(room_id, messenger_copy(scene), "copy.jpg")
    pair(room_id)
    stacks.put_in_front(host, small)
    add_photo(room_id, as_jpeg(scene, taken=TAKEN), "original.jpg")
    pair(room_id)

    behind = dict.fromkeys(("copy.jpg", "original.jpg"), "small.jpg")
    assert fronts(room_id) == {"small.jpg": None} | behind
    assert db.session.get_one(Photo, small).stands == Stands.IN_FRONT


def test_a_guest_chooses_for_their_own_photos_only(room_id: int, photos: list[int]) -> None:
    guest = guest_access(room_id)
    with pytest.raises(NotAllowedError):
        stacks.set_apart(guest, photos[1], is_apart=True)
    with pytest.raises(NotAllowedError):
        stacks.put_in_front(guest, photos[1])
    own = update(Photo).where(Photo.id == photos[1])
    db.session.execute(own.values(guest_id=guest.guest.id))
    db.session.commit()

    stacks.put_in_front(guest, photos[1])
    assert fronts(room_id)["0.jpg"] == "1.jpg"
    stacks.set_apart(guest, photos[1], is_apart=True)
    assert fronts(room_id)["0.jpg"] is None


def test_a_host_sees_all_versions_and_keeps_some(
    room_id: int, host: Access, photos: list[int]
) -> None:
    stack_up(photos[3:5], Behind.MOVIE)
    page = clean_up.list_stacks(host, 1)

    assert [photo.file_name for photo in page.items[0].photos] == ["0.jpg", "1.jpg", "2.jpg"]
    assert page.count == 1
    assert clean_up.count_versions(room_id) == 2
    assert clean_up.find_left_over(host, photos[:3], [photos[0]]) == photos[1:3]
    assert clean_up.find_left_over(host, photos[:3], [photos[2]]) == photos[:2]
    assert clean_up.find_left_over(host, photos[:3], []) == []
    assert clean_up.find_left_over(host, [photos[5]], [photos[5]]) == []
    with pytest.raises(NotAllowedError):
        clean_up.list_stacks(guest_access(room_id), 1)
    with pytest.raises(NotAllowedError):
        clean_up.find_left_over(guest_access(room_id), [photos[0]], [photos[0]])


def test_what_a_host_cleans_up_is_what_they_were_shown(
    room_id: int, host: Access, photos: list[int]
) -> None:
    """Meanwhile someone put another version in front, and one more came."""
    on_page = [photo.id for photo in clean_up.list_stacks(host, 1).items[0].photos]
    stacks.put_in_front(host, photos[1])
    become(photos[5], front_id=photos[1], behind_as=Behind.VERSION.value)

    assert clean_up.find_left_over(host, on_page, [photos[0]]) == [photos[1], photos[2]]
    assert clean_up.find_left_over(host, [], [photos[0]]) == []
